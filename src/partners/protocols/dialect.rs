//! How is a protocol written and read by somebody who holds the line themselves? For whoever tries
//! a partner's API from outside.
//!
//! *Why here*: what is tried is what will be sent, and what passes is what will be read. So the
//! orders and the readers are those of the [`Speaker`](super::speaker::Speaker), without its
//! connection.
//!
//! Rows: P7, P10.

use serde_json::Value;

use super::answers::{error_of, told_of, verdict_of};
use super::retail::{self, Retail};
use super::speaker::Dialect as Speaks;
use super::support::{self, Support};
use super::transport::{self, Transport};
use super::utility::{self, Utility};
use crate::partners::calls::Answer;
use crate::partners::outcome::Accepted;
use crate::partners::partner::{Notice, Order, UnreadableNotice, Verdict};
use crate::partners::question::Topic;

/// A protocol's bytes, without a connection.
#[derive(Clone, Copy)]
pub(crate) struct Dialect {
    /// Where orders of a capability go, such as `vouchers`.
    pub place: fn(&str) -> &'static str,
    /// The bytes of an order.
    pub body: fn(&Order) -> Vec<u8>,
    /// The value of a good answer, if it is what was ordered; otherwise a code.
    pub accepted: fn(&Answer, &Order) -> Result<Accepted, &'static str>,
    /// Reads a webhook's body.
    pub read_notice: fn(&[u8]) -> Result<Notice, UnreadableNotice>,
    document: &'static str,
}

/// The protocol of this name; none when nobody speaks it.
pub(crate) fn dialect(protocol: &str) -> Option<Dialect> {
    match protocol {
        "retail" => Some(of::<Retail>(retail::OPENAPI)),
        "utility" => Some(of::<Utility>(utility::OPENAPI)),
        "transport" => Some(of::<Transport>(transport::OPENAPI)),
        "support" => Some(of::<Support>(support::OPENAPI)),
        _ => None,
    }
}

fn of<D: Speaks>(document: &'static str) -> Dialect {
    Dialect {
        place: D::place,
        body: D::body,
        accepted: D::accepted,
        read_notice: D::read_notice,
        document,
    }
}

impl Dialect {
    /// The version of the published document.
    pub fn version(&self) -> String {
        let document: Value = serde_json::from_str(self.document).unwrap_or_default();
        document["info"]["version"].as_str().unwrap_or_default().to_owned()
    }

    /// Whether the published document has this path, such as `/vouchers/{id}/void`.
    pub fn has_path(&self, path: &str) -> bool {
        let document: Value = serde_json::from_str(self.document).unwrap_or_default();
        document["paths"][path].is_object()
    }
}

/// The documented code of an answer's error body, if it has one.
pub(crate) fn error_code(answer: &Answer) -> Option<String> {
    error_of(answer).map(|error| error.code)
}

/// What an answer to "is this account theirs?" says.
pub(crate) fn verdict(answer: Answer) -> Verdict {
    verdict_of(Ok(answer))
}

/// Whether an answer to a question tells what the document promises; otherwise a code.
pub(crate) fn tells(topic: Topic, answer: Answer) -> Result<(), &'static str> {
    told_of(topic, Ok(answer)).map(|_| ()).map_err(|not_told| not_told.0)
}
