//! What can a partner's engineer try, and what was called last? One page, with nothing fetched from
//! elsewhere.
//!
//! Rows: P11.

use std::fmt::Write;

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;
use actix_web::{HttpRequest, HttpResponse, web};

use super::{is_local, not_here};
use crate::sandbox::state::State;

const HEAD: &str = "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\">\
    <title>Partners' sandbox</title>\
    <style>body{font:16px/1.5 system-ui;margin:2rem;max-width:70rem}\
    td,th{padding:.1rem .8rem;text-align:left}code{font-size:.95em}</style>\
    <h1>Partners' sandbox</h1>\
    <p>Every partner below answers as its published protocol says. Get a token with the client's \
    id and secret, then order. An account that was not seen before takes on the security code it \
    is first shown with.</p>";

/// Method, address below the partner's own, what it does.
const ENDPOINTS: &[(&str, &str, &str, &str)] = &[
    ("", "POST", "/oauth/token", "a token for the client's id and secret"),
    ("retail", "POST", "/vouchers", "order a voucher"),
    ("retail", "POST", "/gift-cards", "order a gift card"),
    ("utility", "POST", "/credits", "order a bill credit"),
    ("transport", "POST", "/top-ups", "order a top-up"),
    ("transport", "POST", "/fuel-vouchers", "order a fuel voucher"),
    ("all but support", "GET", "/{orders}/by-reference/{reference}", "what became of an order"),
    ("retail", "GET", "/vouchers/{id}/balance", "what is left of a voucher"),
    ("retail", "POST", "/vouchers/{id}/void", "take a voucher back"),
    ("all but support", "POST", "/accounts/verify", "does this code go with this account?"),
    ("all but support", "POST", "/accounts/balance", "what is on it, or owed"),
    ("retail", "POST", "/accounts/transactions", "what was spent"),
    ("utility", "POST", "/accounts/bills", "its bills"),
    ("utility", "POST", "/accounts/credits", "its credits"),
    ("transport", "POST", "/accounts/trips", "its trips"),
    ("transport", "POST", "/accounts/top-ups", "its top-ups"),
    ("support", "POST", "/referrals", "somebody would like to hear from you"),
    ("all but support", "GET", "/statements/{date}", "the day's statement"),
];

const CONTROL: &[(&str, &str)] = &[
    ("GET /control/issued", "what was really issued"),
    ("GET /control/book", "the same, with what is left"),
    ("POST /control/faults", "{\"partner\", \"operation\", \"faults\": [{\"kind\", \"times\"}]}"),
    ("POST /control/redeem", "{\"partner\", \"partner_ref\", \"amount\"}"),
    ("POST /control/reverse", "{\"partner\", \"partner_ref\", \"redemption_id\"}"),
    ("POST /control/tap", "{\"partner\", \"partner_ref\"}: a card is shown to a reader"),
    ("POST /control/return", "{\"partner\", \"partner_ref\"}: an account is closed"),
    ("POST /control/tell", "{\"partner\", \"type\", \"data\"}: any webhook, signed"),
    ("POST /control/clock", "{\"forward_seconds\"}"),
];

/// `GET /`
pub(in crate::sandbox) async fn show(
    state: web::Data<State>,
    request: HttpRequest,
) -> HttpResponse {
    if !is_local(&request) {
        return not_here();
    }
    let mut page = HEAD.to_owned();
    // Writing to memory does not fail.
    let _ = page.write_str("<h2>Partners</h2><table><tr><th>partner<th>protocol<th>products");
    for (id, partner) in &state.partners {
        let products: Vec<&str> =
            partner.entry.products().iter().map(|product| product.id.as_str()).collect();
        let protocol = partner.entry.details().protocol;
        let products = products.join(", ");
        let _ = write!(page, "<tr><td><code>/{id}</code><td>{protocol}<td>{products}");
    }
    let _ = page.write_str("</table><h2>What can be asked of them</h2><table>");
    for (protocol, method, path, what) in ENDPOINTS {
        let protocol = if protocol.is_empty() { "all" } else { protocol };
        let path = path.replace('{', "&#123;");
        let _ = write!(page, "<tr><td>{protocol}<td><code>{method} {path}</code><td>{what}");
    }
    let _ = page.write_str("</table><h2>The control desk</h2><table>");
    for (call, body) in CONTROL {
        let _ = write!(page, "<tr><td><code>{call}</code><td><code>{body}</code>");
    }
    let _ = page.write_str("</table><h2>The last calls</h2><table>");
    for call in state.desk().calls.iter().rev() {
        let at = call.at.format("%H:%M:%S");
        let what = call.what.replace('&', "&amp;").replace('<', "&lt;");
        let _ = write!(page, "<tr><td>{at}<td>{}<td><code>{what}</code>", call.status);
    }
    let _ = page.write_str("</table></html>");
    HttpResponse::Ok().content_type("text/html; charset=utf-8").body(page)
}

/// Remembers the partners' calls for the page: method, address and status, never a body.
pub(in crate::sandbox) async fn remember(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, actix_web::Error> {
    let state = request.app_data::<web::Data<State>>().cloned();
    let what = format!("{} {}", request.method(), request.path());
    let is_control = request.path() == "/" || request.path().starts_with("/control");
    let response = next.call(request).await?;
    if let Some(state) = state.filter(|_| !is_control) {
        state.desk().keep_call(what, response.status().as_u16());
    }
    Ok(response)
}
