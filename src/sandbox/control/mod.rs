//! The desk of whoever tests, on this machine only: what was really issued, what goes wrong next, a
//! till and a reader, and a page that shows the last calls.
//!
//! - [`lists`]: the ground truth
//! - [`till`]: vouchers are spent, cards tapped, credits sent back
//! - [`settings`]: faults and the clock
//! - [`page`]: all of it for people
//!
//! Rows: P11.

pub(super) mod lists;
pub(super) mod page;
pub(super) mod settings;
pub(super) mod till;

use actix_web::{HttpRequest, HttpResponse};
use serde::de::DeserializeOwned;

use super::state::error;

/// Whether a call comes from this machine.
fn is_local(request: &HttpRequest) -> bool {
    request.peer_addr().is_none_or(|peer| peer.ip().is_loopback())
}

fn not_here() -> HttpResponse {
    error(403, "forbidden", "The control desk answers on this machine only.")
}

fn read<T: DeserializeOwned>(request: &HttpRequest, body: &[u8]) -> Result<T, HttpResponse> {
    if !is_local(request) {
        return Err(not_here());
    }
    serde_json::from_slice(body)
        .map_err(|problem| error(400, "invalid_request", &problem.to_string()))
}
