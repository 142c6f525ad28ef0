//! What was issued is looked up by our reference, asked for its balance and history, and taken
//! back.
//!
//! Rows: P2, P4, P11, D4.

use std::time::Duration;

use actix_web::{HttpRequest, HttpResponse, web};
use domain::money::Amount;
use serde_json::{Value, json};

use super::orders::{cut_off, goes_wrong_before};
use crate::sandbox::book::{Issued, Line, Voided, Voucher};
use crate::sandbox::faults::{Fault, Kind, Operation};
use crate::sandbox::oauth::may_call;
use crate::sandbox::state::{Desk, State, book_failed, error};

/// What was issued, as the protocols show it.
pub(super) fn shown(issued: &Issued) -> Value {
    match issued {
        Issued::Voucher(voucher) => json!({
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
        }),
        Issued::Credit(credit) => json!({
            "credit_id": credit.credit_id,
            "reference": credit.reference,
            "product": credit.product,
            "amount": credit.amount,
            "currency": credit.currency,
            "state": credit.state,
            "accepted_at": credit.accepted_at,
        }),
    }
}

/// `GET /{partner}/{place}/by-reference/{reference}`
pub(in crate::sandbox) async fn by_reference(
    state: web::Data<State>,
    path: web::Path<(String, String, String)>,
    request: HttpRequest,
) -> HttpResponse {
    let (partner, _, reference) = path.into_inner();
    let fault = state.desk().faults.take(&partner, Operation::LookUp);
    if fault.is_some_and(|fault| fault.kind == Kind::Error500) {
        return HttpResponse::InternalServerError().body("internal error");
    }
    if !may_call(&state, &partner, &request) {
        return error(401, "unauthorized", "The token is not known here.");
    }
    match state.desk().book.by_reference(&partner, &reference) {
        Some(issued) => HttpResponse::Ok().json(shown(&issued)),
        None => error(404, "not_found", "There is nothing of that reference."),
    }
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

/// `GET /{partner}/{place}/{id}/balance`
pub(in crate::sandbox) async fn balance(
    state: web::Data<State>,
    path: web::Path<(String, String, String)>,
    request: HttpRequest,
) -> HttpResponse {
    let (partner, _, id) = path.into_inner();
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

/// `GET /{partner}/{place}/{id}/transactions`
pub(in crate::sandbox) async fn transactions(
    state: web::Data<State>,
    path: web::Path<(String, String, String)>,
    request: HttpRequest,
) -> HttpResponse {
    let (partner, _, id) = path.into_inner();
    let pick = |desk: &Desk| desk.book.voucher(&partner, &id).cloned();
    match found(&state, &partner, &request, pick) {
        Ok(voucher) => {
            let transactions: Vec<Value> = voucher
                .redemptions
                .iter()
                .map(|redemption| {
                    let is_undone = redemption.reversed_at.is_some();
                    json!({
                        "redemption_id": redemption.redemption_id,
                        "kind": if is_undone { "reverse" } else { "redeem" },
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

/// `POST /{partner}/{place}/{id}/void`
pub(in crate::sandbox) async fn void(
    state: web::Data<State>,
    path: web::Path<(String, String, String)>,
    request: HttpRequest,
) -> HttpResponse {
    let (partner, _, id) = path.into_inner();
    let pick = |desk: &Desk| desk.book.voucher(&partner, &id).cloned();
    let mut voucher = match found(&state, &partner, &request, pick) {
        Ok(voucher) => voucher,
        Err(answered) => return answered,
    };
    let fault = state.desk().faults.take(&partner, Operation::Void);
    if let Some(answered) = goes_wrong_before(&state, &partner, fault).await {
        return answered;
    }
    let kind = fault.map(|fault| fault.kind);
    let answer = {
        let mut desk = state.desk();
        let amount = voucher.remaining;
        let at = desk.now();
        let taken = voucher.voided.get_or_insert(Voided { amount, at }).amount;
        voucher.remaining = Amount::ZERO;
        if let Err(failure) = desk.book.write(vec![Line::Voucher(Box::new(voucher))]) {
            return book_failed(&failure);
        }
        json!({ "voucher_id": id, "voided": taken, "state": "voided" })
    };
    match kind {
        Some(Kind::TimeoutAfter) => {
            tokio::time::sleep(fault.map_or(Duration::ZERO, Fault::held)).await;
            HttpResponse::Ok().json(answer)
        }
        Some(Kind::Drop) => cut_off(),
        _ => HttpResponse::Ok().json(answer),
    }
}
