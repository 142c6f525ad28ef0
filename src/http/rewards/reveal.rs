//! POST: may I see my voucher's code? Yes, and the look is on record before it is shown.
//!
//! *Guarantees*: an event comes first, so there is no look without one; the answer says `no-store`,
//! and nothing on the way keeps it, neither saved answers nor logs.
//!
//! Rows: R5, C4, P9.

use actix_web::HttpResponse;
use actix_web::http::header::CACHE_CONTROL;
use actix_web::web::Data;
use chrono::{DateTime, NaiveDate, Utc};
use domain::ids::{MemberId, RewardId};
use domain::reward::{IssuedVoucher, Reward, RewardCommand, RewardError};
use domain::sealed::Sealed;
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::own::own;
use crate::access::Member;
use crate::http::address::Id;
use crate::http::json::Json;
use crate::http::position::LEDGER_POSITION;
use crate::http::problem::{Code, Problem};
use crate::http::refusal::done;
use crate::http::state::AppState;
use crate::ledger::{Context, ExecuteError};
use crate::vault::Place;

/// Nothing is needed.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Reveal {}

/// What is shown at the till. Never printed: it has no `Debug`.
#[derive(Serialize, ToSchema)]
pub struct Revealed {
    partner_id: String,
    voucher_id: String,
    /// What is spent.
    code: String,
    /// The PIN, where there is one.
    pin: Option<String>,
    /// What the scanner reads; the code where there is no other.
    barcode: String,
    /// The last local day on which it can be spent.
    expires_on: Option<NaiveDate>,
    /// When that day is over.
    expires_at: Option<DateTime<Utc>>,
    /// What it was worth, a decimal string.
    amount: String,
    /// What is left on it, a decimal string.
    remaining: String,
    currency: String,
}

/// The voucher's code, PIN and barcode, for its owner alone; every look is on record.
#[utoipa::path(post, path = "/api/rewards/{id}/reveal", tag = "rewards", request_body = Reveal,
    params(("id" = String, Path, description = "The reward's id")),
    responses((status = 200, description = "The voucher", body = Revealed)))]
pub async fn reveal(
    member: Member,
    state: Data<AppState>,
    Id(id): Id<RewardId>,
    Json(Reveal {}): Json<Reveal>,
) -> Result<HttpResponse, Problem> {
    let own = own(&state, member.id, id).await?;
    let context = Context::new(member.actor(), "shown to the member");
    let (stream, wish) = (id.to_string(), RewardCommand::Reveal);
    let looked = state.ledger.execute::<Reward, _>(&stream, wish, &context).await;
    if let Err(ExecuteError::Refused(RewardError::NotNow { status })) = looked {
        return Err(Problem::new(Code::NothingToReveal).fact("status", status));
    }
    let position = done(looked)?.position;
    // As it is now: it may have been taken back, or replaced, since it was looked for.
    let reward = state.ledger.load::<Reward>(&id.to_string()).await?.state;
    let voucher = reward.voucher().filter(|voucher| !voucher.is_voided);
    let voucher = voucher.ok_or_else(|| Problem::new(Code::NothingToReveal))?;
    let currency = own.reached.currency.to_string();
    let revealed = open(&state, member.id, id, voucher, currency).await?;
    let mut answer = HttpResponse::Ok();
    answer.insert_header((LEDGER_POSITION, position.0));
    Ok(answer.insert_header((CACHE_CONTROL, "no-store")).json(revealed))
}

async fn open(
    state: &AppState,
    member: MemberId,
    reward: RewardId,
    voucher: &IssuedVoucher,
    currency: String,
) -> Result<Revealed, Problem> {
    let id = reward.to_string();
    let place = |field| Place {
        stream: "reward",
        stream_id: &id,
        event: "VoucherIssued",
        field,
        attempt: voucher.attempt,
    };
    let code = field(state, member, &place("code"), Some(&voucher.code)).await?;
    let code = code.unwrap_or_default();
    let barcode = field(state, member, &place("barcode"), voucher.barcode.as_ref()).await?;
    Ok(Revealed {
        partner_id: voucher.partner_id.to_string(),
        voucher_id: voucher.voucher_id.clone(),
        pin: field(state, member, &place("pin"), voucher.pin.as_ref()).await?,
        barcode: barcode.unwrap_or_else(|| code.clone()),
        code,
        expires_on: voucher.expires_on,
        expires_at: voucher.expires_at,
        amount: voucher.amount.to_string(),
        remaining: voucher.remaining.to_string(),
        currency,
    })
}

async fn field<T>(
    state: &AppState,
    member: MemberId,
    place: &Place<'_>,
    sealed: Option<&Sealed<T>>,
) -> Result<Option<String>, Problem> {
    let Some(sealed) = sealed else { return Ok(None) };
    let clear = state.vault.open_sealed(member, place, sealed).await?;
    Ok(Some(clear.expose_secret().to_owned()))
}
