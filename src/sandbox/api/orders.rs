//! A voucher or a credit is ordered: once a key, whatever goes wrong.
//!
//! Rows: P2, P3, P4, P11, D4.

use std::time::Duration;

use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse, web};
use chrono::Months;
use domain::money::{Amount, Currency};
use domain::reward::ValueKind;
use serde::Deserialize;
use serde_json::json;
use sha2::{Digest, Sha256};

use super::values::shown;
use crate::clock::real_now;
use crate::sandbox::book::{Credit, CreditState, Issued, Line, Notice, Voucher};
use crate::sandbox::codes::{Codes, codes};
use crate::sandbox::faults::{Fault, Kind, Operation};
use crate::sandbox::oauth::may_call;
use crate::sandbox::state::{Desk, State, book_failed, error};

const SLOW_MS: u64 = 2_000;
/// How long an answer waits until its webhook has been taken.
const WEBHOOK_FIRST: Duration = Duration::from_secs(2);
/// How long after an order was carried out it is told of: the answer is there by then.
const TOLD_AFTER: Duration = Duration::from_millis(50);

/// An order as it comes in.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    reference: String,
    product: String,
    amount: Amount,
    currency: Currency,
    account_number: Option<String>,
    reason: Option<String>,
    customer_note: Option<String>,
}

/// One order, as it is carried out.
struct Order<'a> {
    partner: &'a str,
    place: &'a str,
    key: &'a str,
    digest: &'a str,
    wanted: Wanted,
}

/// `POST /{partner}/{place}`
pub(in crate::sandbox) async fn order(
    state: web::Data<State>,
    path: web::Path<(String, String)>,
    request: HttpRequest,
    body: Bytes,
) -> HttpResponse {
    let (partner, place) = path.into_inner();
    if !may_call(&state, &partner, &request) {
        return error(401, "unauthorized", "The token is not known here.");
    }
    let key = request.headers().get("Idempotency-Key").and_then(|value| value.to_str().ok());
    let Some(key) = key.map(str::to_owned) else {
        return error(400, "invalid_request", "Send an Idempotency-Key.");
    };
    let Ok(wanted) = serde_json::from_slice::<Wanted>(&body) else {
        return error(400, "invalid_request", "Send the documented fields, and no others.");
    };
    let digest = hex::encode(Sha256::digest(&body));
    let fault = match begin(&state, &partner, &key, &digest) {
        Ok(fault) => fault,
        Err(answered) => return answered,
    };
    let order = Order { partner: &partner, place: &place, key: &key, digest: &digest, wanted };
    let answer = carry_out(&state, order, fault).await;
    state.desk().running.remove(&(partner, key));
    answer
}

/// Answers a repeat, or takes the key for this call and says what is to go wrong with it.
fn begin(
    state: &State,
    partner: &str,
    key: &str,
    digest: &str,
) -> Result<Option<Fault>, HttpResponse> {
    let mut desk = state.desk();
    if let Some(known) = desk.book.by_key(partner, key) {
        if known.request_digest() != digest {
            return Err(error(409, "idempotency_key_reused", "The key came with another body."));
        }
        let mut again = HttpResponse::Ok();
        again.insert_header(("Idempotency-Replayed", "true"));
        return Err(again.json(shown(&known)));
    }
    if !desk.running.insert((partner.to_owned(), key.to_owned())) {
        return Err(error(409, "in_progress", "The first call with this key is still running."));
    }
    Ok(desk.faults.take(partner, Operation::Issue))
}

async fn carry_out(state: &State, order: Order<'_>, fault: Option<Fault>) -> HttpResponse {
    let partner = order.partner.to_owned();
    if let Some(answered) = goes_wrong_before(state, &partner, fault).await {
        return answered;
    }
    let kind = fault.map(|fault| fault.kind);
    let issued = match write(state, order, kind) {
        Ok(issued) => issued,
        Err(answered) => return answered,
    };
    let answer = shown(&issued);
    match kind {
        Some(Kind::TimeoutAfter) => {
            tokio::time::sleep(fault.map_or(Duration::ZERO, Fault::held)).await;
            HttpResponse::Created().json(answer)
        }
        Some(Kind::Drop) => cut_off(),
        Some(Kind::WrongAmount) => {
            let mut answer = answer;
            answer["amount"] = json!("1.00");
            HttpResponse::Created().json(answer)
        }
        Some(Kind::SameCode) => {
            let mut answer = answer;
            let desk = state.desk();
            let mut all = desk.book.vouchers.values();
            let first = all.find(|known| known.partner == partner);
            answer["code"] = json!(first.map(|first| &first.code));
            HttpResponse::Created().json(answer)
        }
        Some(Kind::WebhookFirst) => {
            until_delivered(state, &partner).await;
            HttpResponse::Created().json(answer)
        }
        _ => HttpResponse::Created().json(answer),
    }
}

/// What is answered in place of doing anything, when that was asked for.
pub(super) async fn goes_wrong_before(
    state: &State,
    partner: &str,
    fault: Option<Fault>,
) -> Option<HttpResponse> {
    let fault = fault?;
    match fault.kind {
        Kind::Refuse => {
            Some(error(422, "product_unavailable", "There is none of it at the moment."))
        }
        Kind::RateLimit => Some(error(429, "rate_limited", "Too many calls.")),
        Kind::Error500 => Some(HttpResponse::InternalServerError().body("internal error")),
        Kind::TokenRevoked => {
            state.desk().tokens.retain(|_, (owner, _)| owner != partner);
            Some(error(401, "unauthorized", "The token is not known here any more."))
        }
        Kind::TimeoutBefore => {
            tokio::time::sleep(fault.held()).await;
            Some(error(503, "not_processed", "Nothing was done."))
        }
        Kind::Slow => {
            tokio::time::sleep(fault.delay(SLOW_MS)).await;
            None
        }
        _ => None,
    }
}

/// Waits until the partner's webhooks were taken, though not for ever.
async fn until_delivered(state: &State, partner: &str) {
    let waits = async {
        while state.desk().book.undelivered.values().any(|notice| notice.partner == partner) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(WEBHOOK_FIRST, waits).await.ok();
}

/// An answer that ends in the middle.
pub(super) fn cut_off() -> HttpResponse {
    let pieces: [Result<Bytes, std::io::Error>; 2] =
        [Ok(Bytes::from_static(b"{\"reference\":")), Err(std::io::Error::other("cut off"))];
    HttpResponse::Created()
        .content_type("application/json")
        .streaming(futures::stream::iter(pieces))
}

/// The kind of value that is given at this place for this product.
fn sold(state: &State, order: &Order<'_>) -> Option<ValueKind> {
    let capability = match order.place {
        "vouchers" => "vouchers",
        "gift-cards" => "gift_cards",
        "fuel-vouchers" => "fuel_vouchers",
        "credits" => "bill_credits",
        "top-ups" => "transport_credits",
        _ => return None,
    };
    let entry = &state.partners.get(order.partner)?.entry;
    let found = entry.products().iter().find(|product| product.id == order.wanted.product)?;
    (found.capability.as_deref() == Some(capability)).then_some(found.kind)
}

fn write(state: &State, order: Order<'_>, fault: Option<Kind>) -> Result<Issued, HttpResponse> {
    let Some(kind) = sold(state, &order) else {
        return Err(error(422, "product_unavailable", "This is not sold here."));
    };
    if order.wanted.amount.is_zero() {
        return Err(error(422, "amount_not_allowed", "Order more than nothing."));
    }
    let mut desk = state.desk();
    let codes = codes(state.seed, order.partner, desk.book.issued_by(order.partner));
    let comes_first = state.sends_notices && fault == Some(Kind::WebhookFirst);
    let (issued, lines) = match kind {
        ValueKind::Voucher => {
            let voucher = voucher(&desk, order, codes)?;
            let data = json!({ "reference": voucher.reference, "voucher_id": voucher.voucher_id });
            let mut lines = vec![Line::Voucher(Box::new(voucher.clone()))];
            if comes_first || state.tells_of_issuing {
                let notice = desk.notice(state.seed, &voucher.partner, "voucher.issued", &data);
                let not_before = (!comes_first).then(|| real_now() + TOLD_AFTER);
                lines.push(Line::Notice(Notice { not_before, ..notice }));
            }
            (Issued::Voucher(Box::new(voucher)), lines)
        }
        ValueKind::Credit => {
            let credit = credit(state, &desk, order, codes)?;
            (Issued::Credit(Box::new(credit.clone())), vec![Line::Credit(Box::new(credit))])
        }
    };
    desk.book.write(lines).map_err(|failure| book_failed(&failure))?;
    drop(desk);
    state.notices.notify_one();
    Ok(issued)
}

fn voucher(desk: &Desk, order: Order<'_>, codes: Codes) -> Result<Voucher, HttpResponse> {
    let wanted = order.wanted;
    if wanted.account_number.is_some() || wanted.reason.is_some() {
        return Err(error(400, "invalid_request", "A voucher goes to no account."));
    }
    let now = desk.now();
    let today = now.date_naive();
    Ok(Voucher {
        partner: order.partner.to_owned(),
        voucher_id: codes.voucher_id,
        idempotency_key: order.key.to_owned(),
        request_digest: order.digest.to_owned(),
        reference: wanted.reference,
        product: wanted.product,
        code: codes.code,
        pin: codes.pin,
        barcode: codes.barcode,
        amount: wanted.amount,
        currency: wanted.currency,
        remaining: wanted.amount,
        expires_on: today.checked_add_months(Months::new(36)).unwrap_or(today),
        issued_at: now,
        voided: None,
        redemptions: Vec::new(),
    })
}

fn credit(
    state: &State,
    desk: &Desk,
    order: Order<'_>,
    codes: Codes,
) -> Result<Credit, HttpResponse> {
    let wanted = order.wanted;
    let format = state.partners.get(order.partner).and_then(|p| p.entry.account_number());
    let typed = wanted.account_number.unwrap_or_default();
    let Some(number) = format.and_then(|format| format.read(&typed).ok()) else {
        return Err(error(422, "account_unknown", "There is no such account here."));
    };
    if desk.book.account(order.partner, &number.text).is_some_and(|account| account.is_closed) {
        return Err(error(422, "account_closed", "This account was closed."));
    }
    let is_bill = order.place == "credits";
    if is_bill != (wanted.reason.is_some() && wanted.customer_note.is_some()) {
        return Err(error(400, "invalid_request", "A bill credit has a reason and a note."));
    }
    let now = desk.now();
    Ok(Credit {
        partner: order.partner.to_owned(),
        credit_id: codes.voucher_id,
        idempotency_key: order.key.to_owned(),
        request_digest: order.digest.to_owned(),
        reference: wanted.reference,
        product: wanted.product,
        account_number: number.text,
        amount: wanted.amount,
        currency: wanted.currency,
        state: CreditState::Accepted,
        accepted_at: now,
        moved_at: now,
    })
}
