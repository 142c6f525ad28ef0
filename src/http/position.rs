//! How does a client read what it has just written? A position goes out, and comes in again.
//!
//! An answer to a command carries `Ledger-Position: N`, the place of its last event in the log. A
//! query that sends `Ledger-Min-Position: N` is answered once its read model has reached N, or with
//! `not_yet` after two seconds; every query's answer says in `Ledger-Position` what it shows.
//!
//! *Why the checkpoint is read first*: rows may be newer than the position in the answer, never
//! older.
//!
//! Rows: Q4.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::http::header::HeaderName;
use actix_web::{FromRequest, HttpRequest};
use domain::ids::Position;

use super::problem::{Code, Problem};

/// Goes out with every answer that has to do with the log.
pub const LEDGER_POSITION: HeaderName = HeaderName::from_static("ledger-position");
/// Comes in with a query that must not show less.
pub const LEDGER_MIN_POSITION: HeaderName = HeaderName::from_static("ledger-min-position");

/// The position a query's answer must have reached; 0 when the client did not ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AtLeast(pub Position);

impl FromRequest for AtLeast {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let Some(value) = request.headers().get(LEDGER_MIN_POSITION) else {
            return ready(Ok(Self(Position(0))));
        };
        let is_digits = |text: &&str| text.bytes().all(|byte| byte.is_ascii_digit());
        let number = value.to_str().ok().map(str::trim).filter(is_digits);
        ready(match number.and_then(|text| text.parse().ok()) {
            Some(number) => Ok(Self(Position(number))),
            None => Err(Problem::new(Code::InvalidPosition)),
        })
    }
}
