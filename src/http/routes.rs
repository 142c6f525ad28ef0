//! Which addresses are there? Every one, a line each.
//!
//! A line names the method, the address and the handler. Whom it serves is read off the handler's
//! first parameter ([`ServesWhom`]): one that does not say so does not compile. Everything that is
//! not a GET stands behind [`once`], but for webhooks: those carry an id of their own under their
//! signature, and nothing may be asked of the database before that is good.
//!
//! Rows: Q2, F1, F5.

use std::collections::BTreeMap;

use actix_web::dev::Handler;
use actix_web::http::Method;
use actix_web::http::header::{ALLOW, HeaderValue};
use actix_web::middleware::from_fn;
use actix_web::web::{self, ServiceConfig};
use actix_web::{FromRequest, Responder, ResponseError, Route};

use super::idempotency::once;
use super::operations::{health, metrics};
use super::problem::{Code, Problem};
use super::{
    accounts, activity, consents, members, openapi, partners, progress, reconciliation, rewards,
};
use super::{outgoing_webhooks, support, support_services, webhooks};
use crate::access::WhoMay;
use crate::access::roles::ServesWhom;

/// One line of the table.
pub struct Line {
    /// The method.
    pub method: Method,
    /// The address, with `{id}` for an id.
    pub path: &'static str,
    /// Who may.
    pub who: WhoMay,
    route: Route,
}

/// The table.
#[must_use]
pub fn all() -> Vec<Line> {
    vec![
        get("/api/partners", partners::list),
        get("/api/partners/{id}", partners::show),
        post("/api/partners/{id}/link", partners::link),
        delete("/api/partners/{id}/link", partners::unlink),
        post("/api/partners/{id}/authorize", partners::authorize),
        get("/api/oauth/{id}/callback", partners::callback),
        get("/api/accounts", accounts::list),
        get("/api/accounts/{id}/balance", accounts::balance),
        get("/api/accounts/{id}/transactions", accounts::transactions),
        get("/api/accounts/{id}/bills", accounts::bills),
        get("/api/accounts/{id}/credits", accounts::credits),
        get("/api/accounts/{id}/trips", accounts::trips),
        get("/api/accounts/{id}/top-ups", accounts::top_ups),
        get("/api/consents", consents::list),
        put("/api/consents", consents::change),
        get("/api/rewards", rewards::list),
        post("/api/rewards/check", rewards::check),
        get("/api/rewards/{id}", rewards::show),
        post("/api/rewards/{id}/claim", rewards::claim),
        post("/api/rewards/{id}/reveal", rewards::reveal),
        get("/api/progress", progress::show),
        put("/api/members/{id}/journey", members::report_journey),
        post("/api/members/{id}/journey/restart", members::restart_journey),
        put("/api/members/{id}/contact", members::report_contact),
        get("/api/activity", activity::list),
        get("/api/support/rewards", support::rewards::list),
        get("/api/support/rewards/{id}", support::rewards::show),
        post("/api/support/rewards/{id}/retry", support::rewards::retry),
        post("/api/support/rewards/{id}/redirect", support::rewards::redirect),
        post("/api/support/rewards/{id}/cancel", support::rewards::cancel),
        post("/api/support/rewards/{id}/void", support::rewards::void),
        post("/api/support/rewards/{id}/reissue", support::rewards::reissue),
        post("/api/support/rewards/{id}/resolve", support::rewards::resolve),
        get("/api/support/webhooks", support::webhooks::list),
        post("/api/support/webhooks/{id}/retry", support::webhooks::retry),
        post("/api/support/webhooks/{id}/dismiss", support::webhooks::dismiss),
        get("/api/reconciliation/summary", reconciliation::summary),
        get("/api/reconciliation/journal", reconciliation::journal),
        get("/api/reconciliation/reports/{kind}", reconciliation::show_report),
        get("/api/reconciliation/periods", reconciliation::list_periods),
        post("/api/reconciliation/periods", reconciliation::close_period),
        get("/api/reconciliation/statements", reconciliation::list_statements),
        once_by_itself("/api/reconciliation/statements", reconciliation::import_statement),
        get("/api/reconciliation/bank", reconciliation::list_bank_lines),
        once_by_itself("/api/reconciliation/bank", reconciliation::take_bank_lines),
        get("/api/reconciliation/three-way", reconciliation::three_way),
        get("/api/reconciliation/breaks", reconciliation::list_breaks),
        post("/api/reconciliation/breaks/{id}/resolve", reconciliation::resolve_break),
        post("/api/reconciliation/breaks/{id}/assign", reconciliation::assign_break),
        post("/api/reconciliation/breaks/{id}/explain", reconciliation::explain_break),
        get("/api/outgoing-webhooks", outgoing_webhooks::list),
        post("/api/outgoing-webhooks", outgoing_webhooks::enter),
        delete("/api/outgoing-webhooks/{id}", outgoing_webhooks::remove),
        post("/api/outgoing-webhooks/{id}/rotate", outgoing_webhooks::rotate),
        get("/api/outgoing-webhooks/{id}/deliveries", outgoing_webhooks::deliveries),
        post("/api/outgoing-webhooks/deliveries/{id}/resend", outgoing_webhooks::resend),
        get("/api/support-services", support_services::list),
        get("/api/support/alerts", support::list_alerts),
        post("/api/support/alerts/{id}/acknowledge", support::acknowledge_alert),
        get("/api/support/security-events", support::list_security_events),
        post("/api/support-services/{id}/referral", support_services::refer),
        post("/api/webhooks/{partner}", webhooks::receive),
        get("/api/openapi.json", openapi::show),
        get("/health/live", health::live),
        get("/health/ready", health::ready),
        get("/metrics", metrics::show),
    ]
}

fn line<F, Args>(method: Method, path: &'static str, handler: F) -> Line
where
    F: Handler<Args>,
    Args: FromRequest + ServesWhom + 'static,
    F::Output: Responder + 'static,
{
    let is_once_anyway = method == Method::GET || matches!(Args::WHO, WhoMay::BySignature);
    let route = web::method(method.clone()).to(handler);
    let route = if is_once_anyway { route } else { route.wrap(from_fn(once)) };
    Line { method, path, who: Args::WHO, route }
}

/// A POST whose body says what it is: a repeat changes nothing, with a key or without.
fn once_by_itself<F, Args>(path: &'static str, handler: F) -> Line
where
    F: Handler<Args>,
    Args: FromRequest + ServesWhom + 'static,
    F::Output: Responder + 'static,
{
    let route = web::method(Method::POST).to(handler);
    Line { method: Method::POST, path, who: Args::WHO, route }
}

fn get<F, Args>(path: &'static str, handler: F) -> Line
where
    F: Handler<Args>,
    Args: FromRequest + ServesWhom + 'static,
    F::Output: Responder + 'static,
{
    line(Method::GET, path, handler)
}

fn post<F, Args>(path: &'static str, handler: F) -> Line
where
    F: Handler<Args>,
    Args: FromRequest + ServesWhom + 'static,
    F::Output: Responder + 'static,
{
    line(Method::POST, path, handler)
}

fn put<F, Args>(path: &'static str, handler: F) -> Line
where
    F: Handler<Args>,
    Args: FromRequest + ServesWhom + 'static,
    F::Output: Responder + 'static,
{
    line(Method::PUT, path, handler)
}

fn delete<F, Args>(path: &'static str, handler: F) -> Line
where
    F: Handler<Args>,
    Args: FromRequest + ServesWhom + 'static,
    F::Output: Responder + 'static,
{
    line(Method::DELETE, path, handler)
}

/// Registers the table with a server.
pub fn configure(config: &mut ServiceConfig) {
    let mut by_path: BTreeMap<&str, Vec<Line>> = BTreeMap::new();
    for line in all() {
        by_path.entry(line.path).or_default().push(line);
    }
    // A literal address comes before the pattern that would match it too.
    let mut by_path: Vec<_> = by_path.into_iter().collect();
    by_path.sort_by_key(|(path, _)| (path.matches('{').count(), *path));
    for (path, lines) in by_path {
        let allowed: Vec<&str> = lines.iter().map(|line| line.method.as_str()).collect();
        let allowed = HeaderValue::from_str(&allowed.join(", ")).expect("methods are plain text");
        let other = move || {
            let problem = Problem::new(Code::MethodNotAllowed).header(ALLOW, allowed.clone());
            async move { problem.error_response() }
        };
        let resource = web::resource(path).default_service(web::to(other));
        let resource = lines.into_iter().fold(resource, |all, line| all.route(line.route));
        config.service(resource);
    }
    config.default_service(web::to(|| async { Problem::new(Code::NotFound).error_response() }));
}
