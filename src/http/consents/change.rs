//! PUT: I agree, or no longer do.
//!
//! Taking back what links an account unlinks it: here, at once, and by the process that looks after
//! links, should this request die on the way.
//!
//! Rows: C1.

use actix_web::web::Data;
use chrono::{DateTime, Utc};
use domain::ids::PartnerId;
use domain::member::{ConsentPurpose, Member as MemberRecord, MemberCommand};
use serde::Deserialize;
use utoipa::ToSchema;

use super::list::ConsentBody;
use super::texts::TEXT_VERSION;
use crate::access::Member;
use crate::http::json::Json;
use crate::http::partners::end_link;
use crate::http::position::Answer;
use crate::http::problem::{Code, Problem};
use crate::http::refusal::done;
use crate::http::state::AppState;
use crate::ledger::Context;

const LONGEST_VERSION: usize = 40;

/// What the member says.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangeConsent {
    /// link, look_up or referral.
    #[schema(value_type = String)]
    purpose: ConsentPurpose,
    /// With whom.
    #[schema(value_type = String)]
    partner_id: PartnerId,
    /// Whether they agree.
    granted: bool,
    /// Which text they read; the present one when absent.
    text_version: Option<String>,
    /// Taken and not used, so that one of the list can be sent back; it is now that counts.
    at: Option<DateTime<Utc>>,
}

/// Gives or takes back a consent.
#[utoipa::path(put, path = "/api/consents", tag = "consents", request_body = ChangeConsent,
    responses((status = 200, description = "It is on record", body = ConsentBody)))]
pub async fn change(
    member: Member,
    state: Data<AppState>,
    Json(said): Json<ChangeConsent>,
) -> Result<Answer<ConsentBody>, Problem> {
    let ChangeConsent { purpose, partner_id, granted, text_version, at: _not_used } = said;
    let wrong = |field: &str, expected: &str| {
        Problem::new(Code::InvalidField).detail(expected).fact("field", field)
    };
    if state.catalogue.get(&partner_id).is_none() {
        return Err(wrong("partner_id", "Expected the id of a partner."));
    }
    let text_version = text_version.unwrap_or_else(|| TEXT_VERSION.to_owned());
    let is_version = (1..=LONGEST_VERSION).contains(&text_version.len())
        && text_version.bytes().all(|byte| byte.is_ascii_graphic());
    if !is_version {
        return Err(wrong("text_version", "Expected the version of the text that was read."));
    }
    let command = if granted {
        let partner_id = partner_id.clone();
        MemberCommand::GiveConsent { purpose, partner_id, text_version: text_version.clone() }
    } else {
        MemberCommand::WithdrawConsent { purpose, partner_id: partner_id.clone() }
    };
    let context = Context::new(member.actor(), "said by the member");
    let stream = member.id.to_string();
    let executed =
        done(state.ledger.execute::<MemberRecord, _>(&stream, command, &context).await)?;
    let mut position = executed.position;
    if !granted && purpose == ConsentPurpose::Link {
        let ended = end_link(&state, member, &partner_id, "consent_withdrawn").await?;
        position = position.max(ended.unwrap_or(position));
    }
    let record = state.ledger.load::<MemberRecord>(&stream).await?.state;
    let is_it = |consent: &&domain::member::Consent| {
        consent.purpose == purpose && consent.partner_id == partner_id
    };
    let body = record.consents().find(is_it).map_or_else(
        // Nothing was ever agreed to, and nothing is now.
        || ConsentBody {
            purpose,
            partner_id: partner_id.to_string(),
            granted: false,
            text_version,
            at: state.clock.now(),
        },
        ConsentBody::from,
    );
    Ok(Answer::ok(position, body))
}
