//! A till and a reader: vouchers are spent and given back, cards tapped, accounts closed; and the
//! partner tells us.
//!
//! Rows: P11.

use actix_web::{HttpRequest, HttpResponse, web};
use domain::money::Amount;
use domain::partner::PartnerType;
use serde::Deserialize;
use serde_json::{Value, json};

use super::read;
use crate::sandbox::book::{Credit, CreditState, Line, Notice, Redemption, Voucher};
use crate::sandbox::clerk::move_to;
use crate::sandbox::state::{Desk, State, book_failed, error};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct AtTill {
    partner: String,
    partner_ref: String,
    amount: Amount,
}

/// `POST /control/redeem`: value is spent at a till. A credit is used whole: it comes on the bill
/// or on the card.
pub(in crate::sandbox) async fn redeem(
    state: web::Data<State>,
    request: HttpRequest,
    body: web::Bytes,
) -> HttpResponse {
    let AtTill { partner, partner_ref, amount } = match read(&request, &body) {
        Ok(at_till) => at_till,
        Err(answered) => return answered,
    };
    let mut desk = state.desk();
    if let Some(credit) = desk.book.credit(&partner, &partner_ref).cloned() {
        return arrive(&state, &mut desk, credit, Some(amount));
    }
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
        reversed_at: None,
    });
    let data = json!({
        "voucher_id": partner_ref,
        "amount": amount,
        "remaining": remaining,
        "redeemed_at": now,
        "redemption_id": redemption_id,
    });
    let notice = desk.notice(state.seed, &partner, "voucher.redeemed", &data);
    tell(&state, &mut desk, voucher, notice, json!({ "redemption_id": redemption_id }))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct OfCredit {
    partner: String,
    partner_ref: String,
}

/// `POST /control/tap`: the card is shown to a reader, and what waits for that is loaded.
pub(in crate::sandbox) async fn tap(
    state: web::Data<State>,
    request: HttpRequest,
    body: web::Bytes,
) -> HttpResponse {
    let OfCredit { partner, partner_ref } = match read(&request, &body) {
        Ok(credit) => credit,
        Err(answered) => return answered,
    };
    let mut desk = state.desk();
    match desk.book.credit(&partner, &partner_ref).cloned() {
        Some(credit) => arrive(&state, &mut desk, credit, None),
        None => error(404, "not_found", "There is no such credit."),
    }
}

fn arrive(state: &State, desk: &mut Desk, credit: Credit, amount: Option<Amount>) -> HttpResponse {
    if amount.is_some_and(|amount| amount != credit.amount) {
        return error(422, "amount_not_allowed", "A credit is used whole.");
    }
    if credit.state.has_arrived() || credit.state.went_back() {
        return error(409, "not_now", "This credit can go no further.");
    }
    let its_type = state.partners.get(&credit.partner).map(|p| p.entry.partner_type());
    let arrived = match its_type {
        Some(PartnerType::Transport) => CreditState::Loaded,
        _ => CreditState::OnBill,
    };
    let answer = json!({ "partner_ref": credit.credit_id, "state": arrived });
    move_to(state, desk, credit, arrived);
    HttpResponse::Ok().json(answer)
}

/// `POST /control/return`: the account is closed, and the credit goes back.
pub(in crate::sandbox) async fn send_back(
    state: web::Data<State>,
    request: HttpRequest,
    body: web::Bytes,
) -> HttpResponse {
    let OfCredit { partner, partner_ref } = match read(&request, &body) {
        Ok(credit) => credit,
        Err(answered) => return answered,
    };
    let mut desk = state.desk();
    let Some(credit) = desk.book.credit(&partner, &partner_ref).cloned() else {
        return error(404, "not_found", "There is no such credit.");
    };
    if credit.state.went_back() {
        return error(409, "not_now", "This credit went back before.");
    }
    if let Some(mut account) = desk.book.account(&partner, &credit.account_number).cloned() {
        account.is_closed = true;
        if let Err(failure) = desk.book.write(vec![Line::Account(account)]) {
            return book_failed(&failure);
        }
    }
    move_to(&state, &mut desk, credit, CreditState::Returned);
    HttpResponse::Ok().json(json!({ "partner_ref": partner_ref, "state": "returned" }))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Told {
    partner: String,
    #[serde(rename = "type")]
    kind: String,
    data: Value,
}

/// `POST /control/tell`: the partner tells us this, signed.
pub(in crate::sandbox) async fn say(
    state: web::Data<State>,
    request: HttpRequest,
    body: web::Bytes,
) -> HttpResponse {
    let Told { partner, kind, data } = match read(&request, &body) {
        Ok(told) => told,
        Err(answered) => return answered,
    };
    if !state.partners.contains_key(&partner) {
        return error(404, "not_found", "There is no such partner here.");
    }
    let mut desk = state.desk();
    let notice = desk.notice(state.seed, &partner, &kind, &data);
    let id = notice.id.clone();
    match desk.book.write(vec![Line::Notice(notice)]) {
        Ok(()) => {
            state.notices.notify_one();
            HttpResponse::Ok().json(json!({ "notice_id": id }))
        }
        Err(failure) => book_failed(&failure),
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Undone {
    partner: String,
    partner_ref: String,
    redemption_id: String,
}

/// `POST /control/reverse`: a redemption is undone at the till, and the partner tells us.
pub(in crate::sandbox) async fn reverse(
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
    let now = desk.now();
    let undone = voucher.redemptions.iter_mut().find(|r| r.redemption_id == redemption_id);
    let Some(redemption) = undone.filter(|redemption| redemption.reversed_at.is_none()) else {
        return error(404, "not_found", "There is no such redemption to undo.");
    };
    redemption.reversed_at = Some(now);
    let amount = redemption.amount;
    voucher.remaining = voucher.remaining.plus(amount).unwrap_or(voucher.amount);
    let data = json!({
        "voucher_id": partner_ref,
        "redemption_id": redemption_id,
        "amount": amount,
        "remaining": voucher.remaining,
    });
    let notice = desk.notice(state.seed, &partner, "voucher.redemption_reversed", &data);
    tell(&state, &mut desk, voucher, notice, json!({ "reversed": true }))
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
