//! How does a client read what it has just written? A position goes out, and comes in again.
//!
//! An answer to a command carries `Ledger-Position: N`, the place of its last event in the log. A
//! query that sends `Ledger-Min-Position: N` is answered once its read models have reached N, or
//! with `not_yet` after two seconds; every query's answer says in `Ledger-Position` what it shows.
//!
//! *Why the position is looked up first*: rows may be newer than the position in the answer, never
//! older.
//!
//! Rows: Q4.

use std::future::{Ready, ready};
use std::time::Duration;

use actix_web::body::BoxBody;
use actix_web::dev::Payload;
use actix_web::http::StatusCode;
use actix_web::http::header::HeaderName;
use actix_web::{FromRequest, HttpRequest, HttpResponse, Responder};
use domain::ids::Position;
use projections::shown::Shown;
use serde::Serialize;

use super::problem::{Code, Problem};

/// Goes out with every answer that has to do with the log.
pub const LEDGER_POSITION: HeaderName = HeaderName::from_static("ledger-position");
/// Comes in with a query that must not show less.
pub const LEDGER_MIN_POSITION: HeaderName = HeaderName::from_static("ledger-min-position");
const PATIENCE: Duration = Duration::from_secs(2);

/// The position a query's answer must have reached; 0 when the client did not ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AtLeast(pub Position);

impl AtLeast {
    /// Whatever is there.
    #[must_use]
    pub fn any() -> Self {
        Self(Position(0))
    }

    /// Waits until these read models are there; answers what they show all of.
    ///
    /// # Errors
    /// `not_yet` when one of them was not there in time.
    pub async fn wait(self, shown: &Shown, read_models: &[&str]) -> Result<Position, Problem> {
        Ok(shown.at_least(self.0, read_models, PATIENCE).await?)
    }
}

impl FromRequest for AtLeast {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let Some(value) = request.headers().get(LEDGER_MIN_POSITION) else {
            return ready(Ok(Self::any()));
        };
        let is_digits = |text: &&str| text.bytes().all(|byte| byte.is_ascii_digit());
        let number = value.to_str().ok().map(str::trim).filter(is_digits);
        ready(match number.and_then(|text| text.parse().ok()) {
            Some(number) => Ok(Self(Position(number))),
            None => Err(Problem::new(Code::InvalidPosition)),
        })
    }
}

/// A JSON answer with its position.
#[derive(Debug)]
pub struct Answer<T> {
    status: StatusCode,
    position: Position,
    body: T,
}

impl<T> Answer<T> {
    /// What was asked for, or what was done, as of this position.
    pub fn ok(position: Position, body: T) -> Self {
        Self { status: StatusCode::OK, position, body }
    }

    /// Taken on, and not finished yet.
    pub fn accepted(position: Position, body: T) -> Self {
        Self { status: StatusCode::ACCEPTED, position, body }
    }
}

impl<T> Answer<T> {
    /// Its status.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// What it says.
    pub fn body(&self) -> &T {
        &self.body
    }
}

impl<T: Serialize> Responder for Answer<T> {
    type Body = BoxBody;

    fn respond_to(self, _: &HttpRequest) -> HttpResponse<BoxBody> {
        HttpResponse::build(self.status)
            .insert_header((LEDGER_POSITION, self.position.0))
            .json(self.body)
    }
}
