//! What was really issued, and what became of it? The ground truth, as the partners have it.
//!
//! Rows: P11, R2.

use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::{Value, json};

use super::{is_local, not_here};
use crate::sandbox::state::State;

/// `GET /control/issued`: vouchers and credits.
pub(in crate::sandbox) async fn issued(
    state: web::Data<State>,
    request: HttpRequest,
) -> HttpResponse {
    if !is_local(&request) {
        return not_here();
    }
    let desk = state.desk();
    let vouchers = desk.book.vouchers.values().map(|voucher| {
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
    });
    let credits = desk.book.credits.values().map(|credit| {
        json!({
            "partner": credit.partner,
            "reference": credit.reference,
            "idempotency_key": credit.idempotency_key,
            "partner_ref": credit.credit_id,
            "amount": credit.amount,
            "currency": credit.currency,
            "state": credit.state,
            "issued_at": credit.accepted_at,
        })
    });
    let issued: Vec<Value> = vouchers.chain(credits).collect();
    HttpResponse::Ok().json(json!({ "issued": issued }))
}

/// `GET /control/book`: the same, with what is left, what happened at tills, and
/// which webhooks nobody has taken yet.
pub(in crate::sandbox) async fn book(
    state: web::Data<State>,
    request: HttpRequest,
) -> HttpResponse {
    if !is_local(&request) {
        return not_here();
    }
    let desk = state.desk();
    let vouchers = desk.book.vouchers.values().map(|voucher| {
        json!({
            "partner": voucher.partner,
            "reference": voucher.reference,
            "partner_ref": voucher.voucher_id,
            "product": voucher.product,
            "amount": voucher.amount,
            "currency": voucher.currency,
            "remaining": voucher.remaining,
            "state": voucher.state(),
            "redemptions": voucher.redemptions,
        })
    });
    let credits = desk.book.credits.values().map(|credit| {
        json!({
            "partner": credit.partner,
            "reference": credit.reference,
            "partner_ref": credit.credit_id,
            "product": credit.product,
            "account": credit.account_number,
            "amount": credit.amount,
            "currency": credit.currency,
            "state": credit.state,
        })
    });
    let referrals = desk.book.referrals.values().map(|referral| {
        json!({
            "partner": referral.partner,
            "referral_id": referral.referral_id,
            "email": referral.email,
            "name": referral.name,
        })
    });
    let agreements = desk.book.agreements.values().map(|agreement| {
        json!({
            "partner": agreement.partner,
            "account": agreement.number,
            "has_ended": agreement.has_ended,
        })
    });
    let undelivered: Vec<&String> =
        desk.book.undelivered.values().map(|notice| &notice.id).collect();
    let (vouchers, credits): (Vec<Value>, Vec<Value>) = (vouchers.collect(), credits.collect());
    let (referrals, agreements): (Vec<Value>, Vec<Value>) =
        (referrals.collect(), agreements.collect());
    HttpResponse::Ok().json(json!({
        "vouchers": vouchers,
        "credits": credits,
        "referrals": referrals,
        "agreements": agreements,
        "undelivered": undelivered,
    }))
}
