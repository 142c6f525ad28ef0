//! What happened to this request, and how long did it take? One span, one line, one measurement.
//!
//! *Guarantees*: logs and measurements name the route's pattern, never the path or the query string
//! a client sent, so that no id of a member and no secret in an address gets there. Every request
//! ends within [`LIMIT`].
//!
//! Rows: U6, C4.

use std::time::{Duration, Instant};

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::error::InternalError;
use actix_web::http::header::{CACHE_CONTROL, HeaderMap, HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::{Error, ResponseError, web};
use tracing::Instrument;
use uuid::Uuid;

use super::metrics::Metrics;
use super::request_id::with_request_id;
use crate::http::problem::{Code, Problem};

/// Longer than this no request takes, slow bodies included.
pub const LIMIT: Duration = Duration::from_secs(30);

/// Headers of every answer; an answer may say something else about caching.
const ALWAYS: &[(&str, &str)] = &[
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
    ("x-frame-options", "DENY"),
    (
        "content-security-policy",
        "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
         object-src 'none'; base-uri 'none'; frame-ancestors 'none'",
    ),
];

/// Stands around every request.
///
/// # Errors
/// `timed_out` when the answer did not come in time.
pub async fn observe<B: MessageBody + 'static>(
    metrics: web::Data<Metrics>,
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    let (id, started) = (Uuid::new_v4(), Instant::now());
    let method = known_method(request.method().as_str());
    let span = tracing::info_span!("request", request.id = %id, http.method = method);
    let answer = async {
        let answered = tokio::time::timeout(LIMIT, next.call(request)).await;
        let mut answer = answered.map_err(|_| timed_out())??;
        dress(answer.headers_mut(), id);
        Ok::<_, Error>(answer)
    };
    let answer = with_request_id(id, answer).instrument(span.clone()).await;
    let (route, status) = match &answer {
        Ok(answer) => (answer.request().match_pattern(), answer.status().as_u16()),
        Err(error) => (None, error.as_response_error().status_code().as_u16()),
    };
    let route = route.unwrap_or_else(|| "unmatched".to_owned());
    let elapsed = started.elapsed();
    metrics.answered(method, &route, status, elapsed);
    let elapsed_ms = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX);
    span.in_scope(|| tracing::info!(http.route = route, status, elapsed_ms, "answered a request"));
    answer
}

fn timed_out() -> Error {
    let problem = Problem::new(Code::TimedOut);
    let response = problem.error_response();
    InternalError::from_response(problem, response).into()
}

fn dress(headers: &mut HeaderMap, id: Uuid) {
    let id = HeaderValue::from_str(&id.to_string()).expect("a uuid is plain text");
    headers.insert(HeaderName::from_static("x-request-id"), id);
    for (name, value) in ALWAYS {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    if !headers.contains_key(CACHE_CONTROL) {
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
}

/// Methods anybody can make up, so only those that exist become a label.
fn known_method(method: &str) -> &'static str {
    ["GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH"]
        .into_iter()
        .find(|known| *known == method)
        .unwrap_or("OTHER")
}
