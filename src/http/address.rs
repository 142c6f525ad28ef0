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
            let told = known(&message).or_else(|| missing(&message));
            let detail = told.unwrap_or_else(|| which::<T>(request.query_string()));
            Problem::new(Code::InvalidQuery).detail(detail)
        }))
    }
}

/// The parameters there are, when another one was sent.
fn known(message: &str) -> Option<String> {
    let expected =
        message.rsplit_once("expected one of ").or_else(|| message.rsplit_once("expected "));
    let (_, known) = expected.filter(|_| message.contains("unknown field"))?;
    Some(format!("There are these parameters: {known}."))
}

/// The parameter that has to be there, when it is not.
fn missing(message: &str) -> Option<String> {
    let (_, name) = message.split_once("missing field ")?;
    Some(format!("{name} has to be there; its description says what it holds."))
}

/// Which of the known parameters cannot be read: each is tried alone.
fn which<T: DeserializeOwned>(query: &str) -> String {
    let mut pairs = query.split('&').filter(|pair| !pair.is_empty());
    let wrong = pairs.find(|pair| web::Query::<T>::from_query(pair).is_err());
    match wrong.and_then(|pair| pair.split('=').next()) {
        Some(name) if name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_') => {
            format!("`{name}` does not hold what it should; its description says what that is.")
        }
        Some(_) => "A parameter does not hold what it should.".to_owned(),
        None => "Each parameter may come once.".to_owned(),
    }
}

/// Both ends of a span of time, the first not after the last.
///
/// # Errors
/// `invalid_query`, rather than an answer in which there can be nothing.
pub fn in_order<T: PartialOrd>(from: Option<&T>, to: Option<&T>) -> Result<(), Problem> {
    match (from, to) {
        (Some(from), Some(to)) if from > to => {
            Err(Problem::new(Code::InvalidQuery).detail("`from` lies after `to`."))
        }
        _ => Ok(()),
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
