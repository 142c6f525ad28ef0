//! The desk of whoever tests: what was really issued, what goes wrong next, and a till. Answers on
//! this machine only.
//!
//! Rows: P11.

use actix_web::{HttpRequest, HttpResponse, web};
use domain::money::Amount;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use uuid::Uuid;

use super::book::{Line, Notice, Redemption, Voucher};
use super::faults::{Fault, Operation};
use super::state::{Desk, State, book_failed, error};

/// The longest step forward, in seconds: some eleven years.
const LONGEST_STEP_SECONDS: i64 = 4_000 * 86_400;

/// Whether a call comes from this machine.
pub(super) fn is_local(request: &HttpRequest) -> bool {
    request.peer_addr().is_none_or(|peer| peer.ip().is_loopback())
}

fn read<T: DeserializeOwned>(request: &HttpRequest, body: &[u8]) -> Result<T, HttpResponse> {
    if !is_local(request) {
        return Err(error(403, "forbidden", "The control desk answers on this machine only."));
    }
    serde_json::from_slice(body)
        .map_err(|problem| error(400, "invalid_request", &problem.to_string()))
}

/// `GET /control/issued`: the ground truth of what was issued.
pub(super) async fn issued(state: web::Data<State>, request: HttpRequest) -> HttpResponse {
    list(&state, &request, "issued", |voucher| {
        json!({
            "partner": voucher.partner,
            "reference": voucher.reference,
            "idempotency_key": voucher.idempotency_key,
            "partner_ref": voucher.voucher_id,
            "amount": voucher.amount,
            "currency": voucher.currency,
            "state": voucher.state(),
            "issued_at": voucher.issued_at,
        })
    })
}

/// `GET /control/book`: the same, with what is left and what happened at tills.
pub(super) async fn book(state: web::Data<State>, request: HttpRequest) -> HttpResponse {
    list(&state, &request, "vouchers", |voucher| {
        json!({
            "partner": voucher.partner,
            "reference": voucher.reference,
            "partner_ref": voucher.voucher_id,
            "amount": voucher.amount,
            "currency": voucher.currency,
            "remaining": voucher.remaining,
            "state": voucher.state(),
            "redemptions": voucher.redemptions,
        })
    })
}

fn list(
    state: &State,
    request: &HttpRequest,
    name: &str,
    show: impl Fn(&Voucher) -> Value,
) -> HttpResponse {
    if !is_local(request) {
        return error(403, "forbidden", "The control desk answers on this machine only.");
    }
    let shown: Vec<Value> = state.desk().book.vouchers.values().map(show).collect();
    HttpResponse::Ok().json(json!({ name: shown }))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct NewFaults {
    partner: String,
    operation: Operation,
    faults: Vec<Fault>,
}

/// `POST /control/faults`
pub(super) async fn faults(
    state: web::Data<State>,
    request: HttpRequest,
    body: web::Bytes,
) -> HttpResponse {
    match read::<NewFaults>(&request, &body) {
        Err(answered) => answered,
        Ok(new) if !state.partners.contains_key(&new.partner) => {
            error(404, "not_found", "There is no such partner here.")
        }
        Ok(new) => {
            state.desk().faults.add(&new.partner, new.operation, new.faults);
            HttpResponse::Ok().json(json!({ "accepted": true }))
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct AtTill {
    partner: String,
    partner_ref: String,
    amount: Amount,
}

/// `POST /control/redeem`: value is spent at a till, and the partner tells us.
pub(super) async fn redeem(
    state: web::Data<State>,
    request: HttpRequest,
    body: web::Bytes,
) -> HttpResponse {
    let AtTill { partner, partner_ref, amount } = match read(&request, &body) {
        Ok(at_till) => at_till,
        Err(answered) => return answered,
    };
    let mut desk = state.desk();
    let Some(mut voucher) = desk.book.voucher(&partner, &partner_ref).cloned() else {
        return error(404, "not_found", "There is no such voucher.");
    };
    let Ok(remaining) = voucher.remaining.minus(amount) else {
        return error(422, "not_enough", "There is less than that left.");
    };
    if amount.is_zero() {
        return error(422, "amount_not_allowed", "Spend more than nothing.");
    }
    let now = desk.now();
    let redemption_id = format!("{partner_ref}-R{}", voucher.redemptions.len() + 1);
    voucher.remaining = remaining;
    voucher.redemptions.push(Redemption {
        redemption_id: redemption_id.clone(),
        amount,
        at: now,
        is_reversed: false,
    });
    let data = json!({
        "voucher_id": partner_ref,
        "amount": amount,
        "remaining": remaining,
        "redeemed_at": now,
        "redemption_id": redemption_id,
    });
    let notice = notice(&desk, &partner, "voucher.redeemed", &data);
    tell(&state, &mut desk, voucher, notice, json!({ "redemption_id": redemption_id }))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Undone {
    partner: String,
    partner_ref: String,
    redemption_id: String,
}

/// `POST /control/reverse`: a redemption is undone at the till, and the partner tells us.
pub(super) async fn reverse(
    state: web::Data<State>,
    request: HttpRequest,
    body: web::Bytes,
) -> HttpResponse {
    let Undone { partner, partner_ref, redemption_id } = match read(&request, &body) {
        Ok(undone) => undone,
        Err(answered) => return answered,
    };
    let mut desk = state.desk();
    let Some(mut voucher) = desk.book.voucher(&partner, &partner_ref).cloned() else {
        return error(404, "not_found", "There is no such voucher.");
    };
    let undone = voucher.redemptions.iter_mut().find(|r| r.redemption_id == redemption_id);
    let Some(redemption) = undone.filter(|redemption| !redemption.is_reversed) else {
        return error(404, "not_found", "There is no such redemption to undo.");
    };
    redemption.is_reversed = true;
    let amount = redemption.amount;
    voucher.remaining = voucher.remaining.plus(amount).unwrap_or(voucher.amount);
    let data = json!({
        "voucher_id": partner_ref,
        "redemption_id": redemption_id,
        "amount": amount,
        "remaining": voucher.remaining,
    });
    let notice = notice(&desk, &partner, "voucher.redemption_reversed", &data);
    tell(&state, &mut desk, voucher, notice, json!({ "reversed": true }))
}

fn notice(desk: &Desk, partner: &str, kind: &str, data: &Value) -> Notice {
    let body = json!({ "type": kind, "timestamp": desk.now(), "data": data });
    let id = format!("msg_{}", Uuid::new_v4().simple());
    Notice { id, partner: partner.to_owned(), body: body.to_string() }
}

/// Writes what happened together with the webhook that tells of it.
fn tell(
    state: &State,
    desk: &mut Desk,
    voucher: Voucher,
    notice: Notice,
    mut answer: Value,
) -> HttpResponse {
    answer["remaining"] = json!(voucher.remaining);
    answer["notice_id"] = json!(notice.id);
    let mut lines = vec![Line::Voucher(Box::new(voucher))];
    if state.sends_notices {
        lines.push(Line::Notice(notice));
    }
    match desk.book.write(lines) {
        Ok(()) => {
            state.notices.notify_one();
            HttpResponse::Ok().json(answer)
        }
        Err(failure) => book_failed(&failure),
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Forward {
    forward_seconds: i64,
}

/// `POST /control/clock`
pub(super) async fn clock(
    state: web::Data<State>,
    request: HttpRequest,
    body: web::Bytes,
) -> HttpResponse {
    let Forward { forward_seconds } = match read(&request, &body) {
        Ok(forward) => forward,
        Err(answered) => return answered,
    };
    if !(1..=LONGEST_STEP_SECONDS).contains(&forward_seconds) {
        return error(400, "invalid_request", "The clock only goes forward.");
    }
    let mut desk = state.desk();
    let ahead_seconds = desk.book.ahead_seconds + forward_seconds;
    match desk.book.write(vec![Line::Clock { ahead_seconds }]) {
        Ok(()) => HttpResponse::Ok().json(json!({ "now": desk.now() })),
        Err(failure) => book_failed(&failure),
    }
}
