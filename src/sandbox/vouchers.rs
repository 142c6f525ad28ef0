//! The shops' API: order, look up, balance, transactions, void.
//!
//! Rows: P2, P11, D4.

use std::time::Duration;

use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse, web};
use chrono::Months;
use domain::money::{Amount, Currency};
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::book::{Line, Voucher};
use super::codes::codes;
use super::faults::{Fault, Kind, Operation};
use super::oauth::may_call;
use super::state::{Desk, State, book_failed, error};

/// How long a call is held that is never answered: longer than anybody waits.
const HELD: Duration = Duration::from_secs(60);
const SLOW_MS: u64 = 2_000;

/// An order as it comes in.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    reference: String,
    product: String,
    amount: Amount,
    currency: Currency,
}

/// `POST /{partner}/vouchers`
pub(super) async fn issue(
    state: web::Data<State>,
    partner: web::Path<String>,
    request: HttpRequest,
    body: Bytes,
) -> HttpResponse {
    let partner = partner.into_inner();
    if !may_call(&state, &partner, &request) {
        return error(401, "unauthorized", "The token is not known here.");
    }
    let key = request.headers().get("Idempotency-Key").and_then(|value| value.to_str().ok());
    let Some(key) = key.map(str::to_owned) else {
        return error(400, "invalid_request", "Send an Idempotency-Key.");
    };
    let Ok(wanted) = serde_json::from_slice::<Wanted>(&body) else {
        return error(400, "invalid_request", "Send reference, product, amount and currency.");
    };
    let digest = hex::encode(Sha256::digest(&body));
    let fault = match begin(&state, &partner, &key, &digest) {
        Ok(fault) => fault,
        Err(answered) => return answered,
    };
    let answer = carry_out(&state, &partner, (&key, &digest), wanted, fault).await;
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
        if known.request_digest != digest {
            return Err(error(409, "idempotency_key_reused", "The key came with another body."));
        }
        let mut again = HttpResponse::Ok();
        again.insert_header(("Idempotency-Replayed", "true"));
        return Err(again.json(shown(known)));
    }
    if !desk.running.insert((partner.to_owned(), key.to_owned())) {
        return Err(error(409, "in_progress", "The first call with this key is still running."));
    }
    Ok(desk.faults.take(partner, Operation::Issue))
}

async fn carry_out(
    state: &State,
    partner: &str,
    (key, digest): (&str, &str),
    wanted: Wanted,
    fault: Option<Fault>,
) -> HttpResponse {
    let delay = |fault: &Fault| Duration::from_millis(fault.delay_ms.unwrap_or(SLOW_MS));
    match fault.map(|fault| (fault.kind, fault)) {
        Some((Kind::Refuse, _)) => {
            return error(422, "product_unavailable", "There is none of it at the moment.");
        }
        Some((Kind::RateLimit, _)) => return error(429, "rate_limited", "Too many calls."),
        Some((Kind::Error500, _)) => {
            return HttpResponse::InternalServerError().body("internal error");
        }
        Some((Kind::TimeoutBefore, _)) => {
            tokio::time::sleep(HELD).await;
            return error(503, "not_processed", "Nothing was done.");
        }
        Some((Kind::Slow, fault)) => tokio::time::sleep(delay(&fault)).await,
        _ => {}
    }
    let voucher = match write_voucher(state, partner, (key, digest), wanted) {
        Ok(voucher) => voucher,
        Err(answered) => return answered,
    };
    match fault.map(|fault| fault.kind) {
        Some(Kind::TimeoutAfter) => {
            tokio::time::sleep(HELD).await;
            HttpResponse::Created().json(shown(&voucher))
        }
        Some(Kind::Drop) => cut_off(),
        Some(Kind::WrongAmount) => {
            let mut answer = shown(&voucher);
            answer["amount"] = json!("1.00");
            HttpResponse::Created().json(answer)
        }
        Some(Kind::SameCode) => {
            let mut answer = shown(&voucher);
            let desk = state.desk();
            let mut all = desk.book.vouchers.values();
            let first = all.find(|known| known.partner == partner);
            answer["code"] = json!(first.map(|first| &first.code));
            HttpResponse::Created().json(answer)
        }
        _ => HttpResponse::Created().json(shown(&voucher)),
    }
}

/// An answer that ends in the middle.
fn cut_off() -> HttpResponse {
    let pieces: [Result<Bytes, std::io::Error>; 2] =
        [Ok(Bytes::from_static(b"{\"voucher_id\":")), Err(std::io::Error::other("cut off"))];
    HttpResponse::Created()
        .content_type("application/json")
        .streaming(futures::stream::iter(pieces))
}

fn write_voucher(
    state: &State,
    partner: &str,
    (key, digest): (&str, &str),
    wanted: Wanted,
) -> Result<Voucher, HttpResponse> {
    let known = state.partners.get(partner);
    if !known.is_some_and(|known| known.products.contains(&wanted.product)) {
        return Err(error(422, "product_unavailable", "This is not sold here."));
    }
    if wanted.amount.is_zero() {
        return Err(error(422, "amount_not_allowed", "Order more than nothing."));
    }
    let mut desk = state.desk();
    let codes = codes(state.seed, partner, desk.book.issued_by(partner));
    let now = desk.now();
    let today = now.date_naive();
    let voucher = Voucher {
        partner: partner.to_owned(),
        voucher_id: codes.voucher_id,
        idempotency_key: key.to_owned(),
        request_digest: digest.to_owned(),
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
        is_voided: false,
        redemptions: Vec::new(),
    };
    let lines = vec![Line::Voucher(Box::new(voucher.clone()))];
    desk.book.write(lines).map_err(|failure| book_failed(&failure))?;
    Ok(voucher)
}

fn shown(voucher: &Voucher) -> Value {
    json!({
        "voucher_id": voucher.voucher_id,
        "reference": voucher.reference,
        "product": voucher.product,
        "code": voucher.code,
        "pin": voucher.pin,
        "barcode": voucher.barcode,
        "amount": voucher.amount,
        "currency": voucher.currency,
        "remaining": voucher.remaining,
        "expires_on": voucher.expires_on,
        "issued_at": voucher.issued_at,
        "state": voucher.state(),
    })
}

/// Finds a voucher for a call that may see it.
fn found(
    state: &State,
    partner: &str,
    request: &HttpRequest,
    pick: impl Fn(&Desk) -> Option<Voucher>,
) -> Result<Voucher, HttpResponse> {
    if !may_call(state, partner, request) {
        return Err(error(401, "unauthorized", "The token is not known here."));
    }
    let desk = state.desk();
    pick(&desk).ok_or_else(|| error(404, "not_found", "There is no such voucher."))
}

/// `GET /{partner}/vouchers/by-reference/{reference}`
pub(super) async fn by_reference(
    state: web::Data<State>,
    path: web::Path<(String, String)>,
    request: HttpRequest,
) -> HttpResponse {
    let (partner, reference) = path.into_inner();
    let fault = state.desk().faults.take(&partner, Operation::LookUp);
    if fault.is_some_and(|fault| fault.kind == Kind::Error500) {
        return HttpResponse::InternalServerError().body("internal error");
    }
    let pick = |desk: &Desk| desk.book.by_reference(&partner, &reference).cloned();
    match found(&state, &partner, &request, pick) {
        Ok(voucher) => HttpResponse::Ok().json(shown(&voucher)),
        Err(answered) => answered,
    }
}

/// `GET /{partner}/vouchers/{id}/balance`
pub(super) async fn balance(
    state: web::Data<State>,
    path: web::Path<(String, String)>,
    request: HttpRequest,
) -> HttpResponse {
    let (partner, id) = path.into_inner();
    let pick = |desk: &Desk| desk.book.voucher(&partner, &id).cloned();
    match found(&state, &partner, &request, pick) {
        Ok(voucher) => HttpResponse::Ok().json(json!({
            "voucher_id": voucher.voucher_id,
            "remaining": voucher.remaining,
            "currency": voucher.currency,
            "state": voucher.state(),
            "as_of": state.desk().now(),
        })),
        Err(answered) => answered,
    }
}

/// `GET /{partner}/vouchers/{id}/transactions`
pub(super) async fn transactions(
    state: web::Data<State>,
    path: web::Path<(String, String)>,
    request: HttpRequest,
) -> HttpResponse {
    let (partner, id) = path.into_inner();
    let pick = |desk: &Desk| desk.book.voucher(&partner, &id).cloned();
    match found(&state, &partner, &request, pick) {
        Ok(voucher) => {
            let transactions: Vec<Value> = voucher
                .redemptions
                .iter()
                .map(|redemption| {
                    let kind = if redemption.is_reversed { "reverse" } else { "redeem" };
                    json!({
                        "redemption_id": redemption.redemption_id,
                        "kind": kind,
                        "amount": redemption.amount,
                        "at": redemption.at,
                    })
                })
                .collect();
            HttpResponse::Ok().json(json!({ "transactions": transactions }))
        }
        Err(answered) => answered,
    }
}

/// `POST /{partner}/vouchers/{id}/void`
pub(super) async fn void(
    state: web::Data<State>,
    path: web::Path<(String, String)>,
    request: HttpRequest,
) -> HttpResponse {
    let (partner, id) = path.into_inner();
    let pick = |desk: &Desk| desk.book.voucher(&partner, &id).cloned();
    let mut voucher = match found(&state, &partner, &request, pick) {
        Ok(voucher) => voucher,
        Err(answered) => return answered,
    };
    let taken = if voucher.is_voided { Amount::ZERO } else { voucher.remaining };
    voucher.is_voided = true;
    voucher.remaining = Amount::ZERO;
    let written = state.desk().book.write(vec![Line::Voucher(Box::new(voucher))]);
    match written {
        Ok(()) => HttpResponse::Ok()
            .json(json!({ "voucher_id": id, "voided": taken, "state": "voided" })),
        Err(failure) => book_failed(&failure),
    }
}
