//! GET: what does the partner say of my account, right now?
//!
//! In order: is it the member's, is it verified, can this partner be asked that, does the member
//! agree; then the partner is called, and what it says is passed on.
//!
//! Rows: P2, P3, P4, C1.

use std::time::{Duration, Instant};

use actix_web::web::Data;
use domain::ids::{AccountId, PartnerId};
use domain::member::ConsentPurpose;
use domain::partner_account::{PartnerAccount, VerificationStatus};
use projections::user_partner_accounts::{NAME, query};
use secrecy::SecretString;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::access::Member;
use crate::http::address::Id;
use crate::http::consents::agreed;
use crate::http::position::{Answer, AtLeast};
use crate::http::problem::{Code, Problem};
use crate::http::state::AppState;
use crate::partners::AccountClaim;
use crate::partners::oauth::NoAccess;
use crate::partners::question::{Told, Topic};
use crate::vault::Place;

const PATIENCE: Duration = Duration::from_secs(8);

/// What the partner says; which field holds it depends on what was asked.
#[derive(Debug, Serialize, ToSchema)]
pub struct Looked {
    /// Which account.
    account_id: Uuid,
    /// Who says so.
    partner_id: String,
    #[serde(flatten)]
    #[schema(value_type = Object)]
    told: Told,
}

/// What is on an account, or owed, as the partner says.
#[utoipa::path(get, path = "/api/accounts/{id}/balance", tag = "accounts",
    params(("id" = String, Path, description = "The account's id")),
    responses((status = 200, description = "As the partner says", body = Looked)))]
pub async fn balance(
    member: Member,
    state: Data<AppState>,
    at_least: AtLeast,
    Id(account): Id<AccountId>,
) -> Result<Answer<Looked>, Problem> {
    look_up(member, &state, at_least, (account, Topic::Balance)).await
}

/// What was spent of it, as the partner says.
#[utoipa::path(get, path = "/api/accounts/{id}/transactions", tag = "accounts",
    params(("id" = String, Path, description = "The account's id")),
    responses((status = 200, description = "As the partner says", body = Looked)))]
pub async fn transactions(
    member: Member,
    state: Data<AppState>,
    at_least: AtLeast,
    Id(account): Id<AccountId>,
) -> Result<Answer<Looked>, Problem> {
    look_up(member, &state, at_least, (account, Topic::Transactions)).await
}

/// Its bills, as the partner says.
#[utoipa::path(get, path = "/api/accounts/{id}/bills", tag = "accounts",
    params(("id" = String, Path, description = "The account's id")),
    responses((status = 200, description = "As the partner says", body = Looked)))]
pub async fn bills(
    member: Member,
    state: Data<AppState>,
    at_least: AtLeast,
    Id(account): Id<AccountId>,
) -> Result<Answer<Looked>, Problem> {
    look_up(member, &state, at_least, (account, Topic::Bills)).await
}

/// Its credits, as the partner says.
#[utoipa::path(get, path = "/api/accounts/{id}/credits", tag = "accounts",
    params(("id" = String, Path, description = "The account's id")),
    responses((status = 200, description = "As the partner says", body = Looked)))]
pub async fn credits(
    member: Member,
    state: Data<AppState>,
    at_least: AtLeast,
    Id(account): Id<AccountId>,
) -> Result<Answer<Looked>, Problem> {
    look_up(member, &state, at_least, (account, Topic::Credits)).await
}

/// Its trips, as the partner says.
#[utoipa::path(get, path = "/api/accounts/{id}/trips", tag = "accounts",
    params(("id" = String, Path, description = "The account's id")),
    responses((status = 200, description = "As the partner says", body = Looked)))]
pub async fn trips(
    member: Member,
    state: Data<AppState>,
    at_least: AtLeast,
    Id(account): Id<AccountId>,
) -> Result<Answer<Looked>, Problem> {
    look_up(member, &state, at_least, (account, Topic::Trips)).await
}

/// Its top-ups, as the partner says.
#[utoipa::path(get, path = "/api/accounts/{id}/top-ups", tag = "accounts",
    params(("id" = String, Path, description = "The account's id")),
    responses((status = 200, description = "As the partner says", body = Looked)))]
pub async fn top_ups(
    member: Member,
    state: Data<AppState>,
    at_least: AtLeast,
    Id(account): Id<AccountId>,
) -> Result<Answer<Looked>, Problem> {
    look_up(member, &state, at_least, (account, Topic::TopUps)).await
}

async fn look_up(
    member: Member,
    state: &AppState,
    at_least: AtLeast,
    (account, topic): (AccountId, Topic),
) -> Result<Answer<Looked>, Problem> {
    let position = at_least.wait(&state.shown, &[NAME]).await?;
    let row = query::get(&state.read_pool, member.id, account).await?;
    let row = row.ok_or_else(|| Problem::new(Code::NotFound))?;
    let partner: PartnerId = row.partner_id.parse().map_err(|_| Problem::new(Code::NotFound))?;
    if row.verification_status != VerificationStatus::Verified.as_str() {
        let problem = Problem::new(Code::AccountNotVerified);
        return Err(problem.fact("verification_status", row.verification_status));
    }
    let entry = state.catalogue.get(&partner).ok_or_else(|| Problem::new(Code::NotFound))?;
    let capability = topic.capability(entry.partner_type());
    if !entry.can(capability) {
        let problem = Problem::new(Code::CapabilityNotSupported);
        return Err(problem.fact("partner_id", &partner).fact("capability", capability));
    }
    agreed(state, member.id, ConsentPurpose::LookUp, &partner).await?;
    let number = number_of(member, state, account).await?;
    let caller = state.calls.get(&partner);
    let caller = caller.ok_or_else(|| Problem::new(Code::PartnerUnavailable))?;
    let deadline = Instant::now() + PATIENCE;
    let grant = grant_of(state, member, (&partner, account), deadline).await?;
    let claim = AccountClaim { number, security_code: None, grant };
    let told = caller.ask(&claim, topic, deadline).await.map_err(|not_told| {
        tracing::info!(%partner, %not_told, "a look-up was not answered");
        Problem::new(Code::PartnerNotAnswering)
    })?;
    let body = Looked { account_id: account.0, partner_id: partner.to_string(), told };
    Ok(Answer::ok(position, body))
}

/// The member's own token, where they agreed at the partner.
async fn grant_of(
    state: &AppState,
    member: Member,
    (partner, account): (&PartnerId, AccountId),
    deadline: Instant,
) -> Result<Option<SecretString>, Problem> {
    let Some(linking) = state.calls.linking(partner) else { return Ok(None) };
    match linking.access(member.id, account, deadline).await {
        Ok(grant) => Ok(Some(grant)),
        Err(NoAccess::NoGrant) => needs_none(state, account).await,
        Err(NoAccess::Lost) => Err(not_verified(VerificationStatus::RelinkNeeded)),
        Err(NoAccess::NotNow(why)) => {
            tracing::info!(%partner, why, "a member's token was not to be had");
            Err(Problem::new(Code::PartnerNotAnswering))
        }
        Err(NoAccess::Vault(error)) => Err(error.into()),
    }
}

/// Asked with our own token only where the member showed us the account by a code, and it is linked
/// still: the stream says so, whatever a read model shows.
async fn needs_none(
    state: &AppState,
    account: AccountId,
) -> Result<Option<SecretString>, Problem> {
    let link = state.ledger.load::<PartnerAccount>(&account.to_string()).await?.state;
    let by_code = link.requested().is_some_and(|requested| requested.scope.is_none());
    if by_code && link.status() == VerificationStatus::Verified {
        return Ok(None);
    }
    Err(not_verified(match link.status() {
        VerificationStatus::Verified => VerificationStatus::RelinkNeeded,
        other => other,
    }))
}

fn not_verified(status: VerificationStatus) -> Problem {
    Problem::new(Code::AccountNotVerified).fact("verification_status", status)
}

/// The account's number, opened for this call alone.
async fn number_of(
    member: Member,
    state: &AppState,
    account: AccountId,
) -> Result<SecretString, Problem> {
    let sealed = query::sealed_of(&state.read_pool, member.id, account).await?;
    let sealed = sealed.ok_or_else(|| Problem::new(Code::NotFound))?;
    let stream_id = account.to_string();
    let place = Place {
        stream: "partner_account",
        stream_id: &stream_id,
        event: "AccountLinkRequested",
        field: "account_number",
        attempt: 0,
    };
    Ok(state.vault.open_sealed(member.id, &place, &sealed.account_number).await?)
}
