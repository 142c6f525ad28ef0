//! What does the address say? Ids from the path, filters from the query string.
//!
//! A text that is no id names nothing, and is answered as an id that does not exist: `not_found`.
//! Unknown parameters are refused, so that a misspelt filter never shows everything.
//!
//! Rows: Q2.

use std::future::{Ready, ready};
use std::str::FromStr;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest, web};
use serde::de::DeserializeOwned;

use super::problem::{Code, Problem};

/// The id in the path, `{id}` in its pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Id<T>(pub T);

impl<T: FromStr> FromRequest for Id<T> {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let id = request.match_info().get("id").and_then(|text| text.parse().ok());
        ready(id.map(Id).ok_or_else(|| Problem::new(Code::NotFound)))
    }
}

/// The parameters of the query string.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query<T>(pub T);

impl<T: DeserializeOwned> FromRequest for Query<T> {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        // Postgres has no text with a zero byte in it, and nothing here is called so.
        if request.query_string().contains("%00") {
            return ready(Err(Problem::new(Code::InvalidQuery)));
        }
        let read = web::Query::<T>::from_query(request.query_string());
        ready(read.map(|query| Self(query.into_inner())).map_err(|error| {
            let message = error.to_string();
            let known = message
                .rsplit_once("expected one of ")
                .or_else(|| message.rsplit_once("expected "))
                .filter(|_| message.contains("unknown field"))
                .map(|(_, known)| format!("There are these parameters: {known}."));
            Problem::new(Code::InvalidQuery).detail(
                known.unwrap_or_else(|| "A parameter does not hold what it should.".to_owned()),
            )
        }))
    }
}

/// A filter whose words are known: one of them, or nothing.
///
/// # Errors
/// `invalid_query` that lists the words.
pub fn one_of(
    name: &str,
    given: Option<String>,
    words: &[&str],
) -> Result<Option<String>, Problem> {
    match given {
        Some(word) if !words.contains(&word.as_str()) => Err(Problem::new(Code::InvalidQuery)
            .detail(format!("`{name}` is one of {}.", words.join(", ")))),
        given => Ok(given),
    }
}
