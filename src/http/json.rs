//! What did the client send? One JSON object of the wanted shape, or a problem that says where not.
//!
//! An empty body is `{}`. Input types carry `deny_unknown_fields`: an amount or a status that a
//! client adds is refused, not ignored (T7). Refusals name the field and the place, and what is
//! expected; they never repeat what was sent.
//!
//! Rows: Q2.

use std::fmt;

use actix_web::dev::Payload;
use actix_web::http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use actix_web::{FromRequest, HttpRequest, web};
use chrono::NaiveDate;
use futures::StreamExt;
use futures::future::LocalBoxFuture;
use serde::Deserializer;
use serde::de::{DeserializeOwned, IgnoredAny, Unexpected, Visitor};

use super::problem::{Code, Problem};

/// The most bytes a JSON body may have.
pub const MAX_BODY_BYTES: usize = 64 * 1024;

/// A body read as a `T`.
#[derive(Debug)]
pub struct Json<T>(pub T);

impl<T: DeserializeOwned + 'static> FromRequest for Json<T> {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, payload) = (request.clone(), payload.take());
        Box::pin(async move {
            let body = read(&request, payload, MAX_BODY_BYTES).await?;
            if !body.is_empty() && !is_json(&request) {
                return Err(Problem::new(Code::UnsupportedMediaType));
            }
            parse(&body).map(Json)
        })
    }
}

/// All bytes of a body, up to `limit`.
///
/// # Errors
/// `too_large`, also when only the announced length is; `malformed_json` when the body breaks off.
pub async fn read(
    request: &HttpRequest,
    mut payload: Payload,
    limit: usize,
) -> Result<web::Bytes, Problem> {
    let too_large = || {
        Problem::new(Code::TooLarge)
            .detail(format!("The body may have at most {limit} bytes."))
            .fact("limit_bytes", limit)
    };
    let announced = request.headers().get(CONTENT_LENGTH).and_then(|value| value.to_str().ok());
    if announced.and_then(|text| text.parse::<u64>().ok()).is_some_and(|n| n > limit as u64) {
        return Err(too_large());
    }
    let mut body = web::BytesMut::new();
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|_| {
            Problem::new(Code::MalformedJson).detail("The body ended before it was complete.")
        })?;
        if body.len() + chunk.len() > limit {
            return Err(too_large());
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body.freeze())
}

/// A request that does not say what it sends is taken at its word by those who read JSON.
fn is_json(request: &HttpRequest) -> bool {
    let Some(kind) = request.headers().get(CONTENT_TYPE) else { return true };
    let kind = kind.to_str().unwrap_or_default().split(';').next().unwrap_or_default().trim();
    kind.eq_ignore_ascii_case("application/json")
}

/// Reads a body.
///
/// # Errors
/// `malformed_json` with line and column, or `invalid_field` with the field's path.
pub fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    let body = if body.iter().all(u8::is_ascii_whitespace) { b"{}" } else { body };
    // serde would take an array for an object, field by field.
    if body.trim_ascii_start().first() != Some(&b'{') {
        serde_json::from_slice::<IgnoredAny>(body).map_err(|error| refusal(&error, "."))?;
        let problem = Problem::new(Code::InvalidField).fact("field", ".");
        return Err(problem.detail("Expected one JSON object."));
    }
    let mut reader = serde_json::Deserializer::from_slice(body);
    match serde_path_to_error::deserialize(&mut reader) {
        Ok(value) => {
            reader.end().map_err(|error| refusal(&error, "."))?;
            Ok(value)
        }
        Err(error) => {
            // What is no JSON at all is told so first, whichever comes first in the text.
            serde_json::from_slice::<IgnoredAny>(body).map_err(|error| refusal(&error, "."))?;
            Err(refusal(error.inner(), &error.path().to_string()))
        }
    }
}

fn refusal(error: &serde_json::Error, path: &str) -> Problem {
    if error.is_data() {
        let (field, detail) = expectation(&error.to_string(), path);
        return Problem::new(Code::InvalidField).detail(detail).fact("field", field);
    }
    Problem::new(Code::MalformedJson)
        .detail(format!(
            "Reading stopped at line {}, column {}: this is not JSON.",
            error.line(),
            error.column()
        ))
        .fact("line", error.line())
        .fact("column", error.column())
}

/// The field and what is expected there, out of serde's words. Only what our own types say is
/// passed on: the words before "expected" may repeat the value.
fn expectation(message: &str, path: &str) -> (String, String) {
    let message = message.rsplit_once(" at line ").map_or(message, |(words, _)| words);
    let named = message.split('`').nth(1).unwrap_or_default();
    if message.starts_with("missing field") {
        return (inside(path, named), "This field is needed.".to_owned());
    }
    if message.starts_with("duplicate field") {
        return (inside(path, named), "This field may come once.".to_owned());
    }
    let ours = ["unknown field", "unknown variant", "invalid type", "invalid value", "not a "];
    let expected = message
        .rsplit_once("expected ")
        .filter(|_| ours.iter().any(|opening| message.starts_with(opening)))
        .map(|(_, expected)| expected.trim_start_matches("one of "));
    let detail = match expected {
        Some(fields) if message.starts_with("unknown field") => {
            format!("There is no such field here; there are: {fields}.")
        }
        None if message.ends_with("there are no fields") => {
            "No field is taken here: send {} or nothing.".to_owned()
        }
        Some(expected) => format!("Expected {expected}."),
        None => "The value does not fit this field.".to_owned(),
    };
    (nameable(path), detail)
}

/// A day in a body, for `deserialize_with`: says what a day looks like when it is none.
///
/// # Errors
/// What is expected.
pub fn day<'de, D: Deserializer<'de>>(reader: D) -> Result<NaiveDate, D::Error> {
    struct Day;

    impl Visitor<'_> for Day {
        type Value = NaiveDate;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a day that exists, such as 2026-11-22")
        }

        fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<NaiveDate, E> {
            text.parse().map_err(|_| E::invalid_value(Unexpected::Other("text"), &self))
        }
    }

    reader.deserialize_str(Day)
}

fn inside(path: &str, name: &str) -> String {
    match path {
        "." | "?" | "" => name.to_owned(),
        path if path == name || path.ends_with(&format!(".{name}")) => nameable(path),
        path => format!("{}.{name}", nameable(path)),
    }
}

/// A path that names a key the client made up is shown only when it looks like a name.
fn nameable(path: &str) -> String {
    let is_name = path.len() <= 60
        && path.bytes().all(|b| b.is_ascii_alphanumeric() || b"_.[]-".contains(&b));
    if is_name && !path.is_empty() { path.to_owned() } else { ".".to_owned() }
}
