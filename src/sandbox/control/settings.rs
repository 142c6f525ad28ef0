//! What goes wrong next, and what time is it?
//!
//! Rows: P11.

use actix_web::{HttpRequest, HttpResponse, web};
use serde::Deserialize;
use serde_json::json;

use super::{is_local, not_here, read};
use crate::sandbox::book::Line;
use crate::sandbox::clerk;
use crate::sandbox::faults::{Fault, Operation};
use crate::sandbox::state::{State, book_failed, error};

/// The longest step forward, in seconds: some eleven years.
const LONGEST_STEP_SECONDS: i64 = 4_000 * 86_400;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct NewFaults {
    partner: String,
    operation: Operation,
    faults: Vec<Fault>,
}

/// `POST /control/faults`
pub(in crate::sandbox) async fn faults(
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

/// `GET /control/faults`: what is still to come.
pub(in crate::sandbox) async fn left(
    state: web::Data<State>,
    request: HttpRequest,
) -> HttpResponse {
    if !is_local(&request) {
        return not_here();
    }
    let desk = state.desk();
    let left = desk.faults.left().map(|(partner, operation, fault)| {
        json!({ "partner": partner, "operation": operation, "kind": fault.kind,
            "times": fault.times })
    });
    HttpResponse::Ok().json(json!({ "faults": left.collect::<Vec<_>>() }))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Forward {
    forward_seconds: i64,
}

/// `POST /control/clock`: what has become due by then has happened once this is answered.
pub(in crate::sandbox) async fn clock(
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
    let written = {
        let mut desk = state.desk();
        let ahead_seconds = desk.book.ahead_seconds + forward_seconds;
        desk.book.write(vec![Line::Clock { ahead_seconds }])
    };
    match written {
        Ok(()) => {
            clerk::look(&state);
            HttpResponse::Ok().json(json!({ "now": state.desk().now() }))
        }
        Err(failure) => book_failed(&failure),
    }
}
