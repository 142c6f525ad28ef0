//! POST: put me in touch with this service.
//!
//! In order: can this service be told, does the member agree, is there a way to reach them; then it
//! goes on record, and only then the service is told. Nobody answering is no answer: sent again,
//! the same referral is passed on once more, and the service takes it once.
//!
//! Rows: P5, C1, C4.

use std::time::{Duration, Instant};

use actix_web::web::Data;
use domain::ids::{MemberId, PartnerId, Position, ReferralId};
use domain::member::{ConsentPurpose, Member as MemberRecord, MemberCommand, ReferralState};
use domain::sealed::Sealed;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::access::Member;
use crate::http::address::Id;
use crate::http::consents::agreed;
use crate::http::json::Json;
use crate::http::partners::can_be_asked;
use crate::http::position::Answer;
use crate::http::problem::{Code, Problem};
use crate::http::refusal::done;
use crate::http::state::AppState;
use crate::ledger::Context;
use crate::partners::{Referral, Referred};
use crate::vault::Place;

const PATIENCE: Duration = Duration::from_secs(8);
const TAKEN: &str = "They have your e-mail address and will get in touch with you";

/// Nothing is needed: the service learns the contact that is on record.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Refer {}

/// That the service will get in touch.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct InTouch {
    /// Always true: what was not taken is a problem.
    success: bool,
    partner_id: String,
    /// One sentence for the member.
    message: &'static str,
}

/// Puts the member in touch with a support service.
#[utoipa::path(post, path = "/api/support-services/{id}/referral", tag = "support services",
    request_body = Refer,
    params(("id" = String, Path, description = "The service's id, such as gambling-help")),
    responses((status = 200, description = "The service will get in touch", body = InTouch)))]
pub async fn refer(
    member: Member,
    state: Data<AppState>,
    Id(service): Id<PartnerId>,
    Json(Refer {}): Json<Refer>,
) -> Result<Answer<InTouch>, Problem> {
    let entry = state.catalogue.get(&service).ok_or_else(|| Problem::new(Code::NotFound))?;
    if !entry.can("referrals") {
        let problem = Problem::new(Code::CapabilityNotSupported);
        return Err(problem.fact("partner_id", &service).fact("capability", "referrals"));
    }
    agreed(&state, member.id, ConsentPurpose::Referral, &service).await?;
    can_be_asked(&state, &service).await?;
    let caller = state.calls.get(&service);
    let caller = caller.ok_or_else(|| Problem::new(Code::PartnerUnavailable))?;
    let stream = member.id.to_string();
    let record = state.ledger.load::<MemberRecord>(&stream).await?.state;
    let request = MemberCommand::RequestReferral {
        referral_id: record.next_referral(member.id, &service),
        partner_id: service.clone(),
    };
    let position = execute(&state, member, request).await?;
    let record = state.ledger.load::<MemberRecord>(&stream).await?.state;
    let on_record = record.referral(&service).ok_or_else(|| Problem::new(Code::Busy))?;
    if on_record.state != ReferralState::Requested {
        return answer(&service, on_record.state, position);
    }
    let referral = opened(&state, member.id, &record, on_record.id).await?;
    let said = caller.refer(&referral, Instant::now() + PATIENCE).await;
    let (outcome, stands) = match said {
        Referred::Taken { partner_ref } => {
            let id = on_record.id;
            let taken = MemberCommand::RecordReferralTaken { referral_id: id, partner_ref };
            (taken, ReferralState::Taken)
        }
        Referred::Refused { code } => {
            let refused = MemberCommand::RecordReferralRefused { referral_id: on_record.id, code };
            (refused, ReferralState::Refused)
        }
        Referred::NotSaid { why, .. } => {
            tracing::info!(partner = %service, why, "a referral was not answered");
            return Err(Problem::new(Code::PartnerNotAnswering));
        }
    };
    let position = execute(&state, member, outcome).await?;
    answer(&service, stands, position)
}

async fn execute(
    state: &AppState,
    member: Member,
    command: MemberCommand,
) -> Result<Position, Problem> {
    let context = Context::new(member.actor(), "asked for by the member");
    let stream = member.id.to_string();
    Ok(done(state.ledger.execute::<MemberRecord, _>(&stream, command, &context).await)?.position)
}

fn answer(
    service: &PartnerId,
    stands: ReferralState,
    position: Position,
) -> Result<Answer<InTouch>, Problem> {
    if stands == ReferralState::Refused {
        return Err(Problem::new(Code::ReferralNotTaken).fact("partner_id", service));
    }
    let partner_id = service.to_string();
    Ok(Answer::ok(position, InTouch { success: true, partner_id, message: TAKEN }))
}

/// What the service is told, opened for this call alone.
async fn opened(
    state: &AppState,
    member: MemberId,
    record: &MemberRecord,
    id: ReferralId,
) -> Result<Referral, Problem> {
    let email = record.email().ok_or_else(|| Problem::new(Code::ContactNeeded))?;
    let email = open(state, member, "email", email).await?;
    let name = match record.name() {
        Some(name) => Some(open(state, member, "name", name).await?),
        None => None,
    };
    Ok(Referral { id, email, name })
}

async fn open<T>(
    state: &AppState,
    member: MemberId,
    field: &str,
    sealed: &Sealed<T>,
) -> Result<SecretString, Problem> {
    let id = member.to_string();
    let place =
        Place { stream: "member", stream_id: &id, event: "ContactChanged", field, attempt: 0 };
    Ok(state.vault.open_sealed(member, &place, sealed).await?)
}
