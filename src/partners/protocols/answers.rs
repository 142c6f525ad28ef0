//! What does an answer mean? The same in every protocol.
//!
//! | answer to an order | class |
//! | --- | --- |
//! | 200, 201 with what was ordered | accepted |
//! | 400, 404, 422 with the documented body | refused |
//! | 401, 403 with the documented body | not let in |
//! | 429 with the documented body, and 503 `not_processed` | deferred: surely not processed |
//! | everything else | unknown |
//!
//! A 401 has been answered with a new token before it gets here.
//!
//! Rows: D2, D4.

use domain::money::Amount;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::partners::calls::{Answer, NoAnswer};
use crate::partners::outcome::{Accepted, Outcome, Voided};
use crate::partners::partner::{NotTold, Referred, Verdict};
use crate::partners::question::{Told, Topic};
use crate::partners::received;

/// A documented error.
#[derive(Debug, Deserialize)]
pub(super) struct ErrorIn {
    /// What is wrong.
    pub error: ErrorBody,
}

/// What is wrong, by a code.
#[derive(Debug, Deserialize)]
pub(super) struct ErrorBody {
    /// The documented code.
    #[serde(deserialize_with = "received::code")]
    pub code: String,
    /// Whether it may be different later.
    #[serde(default)]
    pub temporary: bool,
}

/// What the answer to an order means; `read` takes the value out of a good one, or says why it is
/// not what was ordered.
pub(super) fn outcome_of(
    answer: Result<Answer, NoAnswer>,
    read: impl FnOnce(&Answer) -> Result<Accepted, &'static str>,
) -> Outcome {
    let answer = match answer {
        Ok(answer) => answer,
        Err(NoAnswer::NotSent(why)) => return Outcome::Deferred { why, retry_after: None },
        Err(NoAnswer::Lost(why)) => return Outcome::Unknown { why },
    };
    let retry_after = answer.retry_after;
    match (answer.status.as_u16(), error_of(&answer)) {
        (200 | 201, _) => match read(&answer) {
            Ok(accepted) => Outcome::Accepted(accepted),
            Err(why) => Outcome::Unknown { why },
        },
        (401 | 403, Some(ErrorBody { code, .. })) => Outcome::NotLetIn { code },
        (400 | 404 | 422, Some(ErrorBody { code, temporary })) => {
            Outcome::Refused { code, temporary }
        }
        (429, Some(_)) => Outcome::Deferred { why: "rate_limited", retry_after },
        (503, Some(error)) if error.code == "not_processed" => {
            Outcome::Deferred { why: "not_processed", retry_after }
        }
        (409, Some(_)) => Outcome::Unknown { why: "still_running" },
        (300..=399, _) => Outcome::Unknown { why: "redirected" },
        (400..=499, _) => Outcome::Unknown { why: "undocumented_refusal" },
        _ => Outcome::Unknown { why: "server_error" },
    }
}

/// What the answer to "is this account theirs?" means. No value moves, so whatever is not clear is
/// simply asked again.
pub(super) fn verdict_of(answer: Result<Answer, NoAnswer>) -> Verdict {
    #[derive(Deserialize)]
    struct Checked {
        state: String,
    }
    let answer = match answer {
        Ok(answer) => answer,
        Err(NoAnswer::NotSent(why) | NoAnswer::Lost(why)) => {
            return Verdict::NotSaid { why, retry_after: None };
        }
    };
    let retry_after = answer.retry_after;
    match (answer.status.as_u16(), error_of(&answer)) {
        (200 | 202, _) => match body::<Checked>(&answer).map(|checked| checked.state) {
            Ok(state) if state == "verified" => Verdict::Verified,
            Ok(state) if state == "pending" => Verdict::Pending,
            Ok(_) | Err(_) => Verdict::NotSaid { why: "unreadable_answer", retry_after },
        },
        (404 | 422, Some(ErrorBody { code, .. })) => Verdict::Refused { code },
        (429, _) => Verdict::NotSaid { why: "rate_limited", retry_after },
        _ => Verdict::NotSaid { why: "verification_failed", retry_after },
    }
}

/// What the answer to a referral means. Whatever is not clear is passed on again: it is taken once.
pub(super) fn referred_of(answer: Result<Answer, NoAnswer>) -> Referred {
    #[derive(Deserialize)]
    struct Taken {
        #[serde(deserialize_with = "received::id")]
        referral_id: String,
    }
    let answer = match answer {
        Ok(answer) => answer,
        Err(NoAnswer::NotSent(why) | NoAnswer::Lost(why)) => {
            return Referred::NotSaid { why, retry_after: None };
        }
    };
    let retry_after = answer.retry_after;
    match (answer.status.as_u16(), error_of(&answer)) {
        (200 | 201, _) => match body::<Taken>(&answer) {
            Ok(Taken { referral_id }) => Referred::Taken { partner_ref: referral_id },
            Err(why) => Referred::NotSaid { why, retry_after },
        },
        (400 | 404 | 422, Some(ErrorBody { code, .. })) => Referred::Refused { code },
        (429, _) => Referred::NotSaid { why: "rate_limited", retry_after },
        (500..=599, _) => Referred::NotSaid { why: "server_error", retry_after },
        _ => Referred::NotSaid { why: "undocumented_answer", retry_after },
    }
}

/// What the answer to "take this voucher back" means. A door that stays shut says nothing of an
/// earlier call that may have come through it, and neither does what is not documented: asked
/// again.
pub(super) fn voided_of(answer: Result<Answer, NoAnswer>, voucher_id: &str) -> Voided {
    #[derive(Deserialize)]
    struct TakenBack {
        #[serde(deserialize_with = "received::id")]
        voucher_id: String,
        voided: Amount,
        state: String,
    }
    let answer = match answer {
        Ok(answer) => answer,
        Err(NoAnswer::NotSent(why) | NoAnswer::Lost(why)) => {
            return Voided::NotSaid { why, retry_after: None };
        }
    };
    let retry_after = answer.retry_after;
    let not_said = |why| Voided::NotSaid { why, retry_after };
    match (answer.status.as_u16(), error_of(&answer)) {
        (200, _) => match body::<TakenBack>(&answer) {
            Ok(said) if said.voucher_id == voucher_id && said.state == "voided" => {
                Voided::TakenBack { amount: said.voided }
            }
            Ok(_) => not_said("another_voucher"),
            Err(why) => not_said(why),
        },
        // "Still running", or "another body under this key": no word of what became of it.
        (409, Some(_)) => not_said("still_running"),
        (400 | 404 | 422, Some(error)) if !error.temporary => Voided::Refused { code: error.code },
        (401 | 403, Some(_)) => not_said("not_let_in"),
        (429, _) => not_said("rate_limited"),
        (503, Some(error)) if error.code == "not_processed" => not_said("not_processed"),
        (400..=499, _) => not_said("undocumented_refusal"),
        _ => not_said("server_error"),
    }
}

/// The body of a look-up's good answer.
pub(super) fn told<T: DeserializeOwned>(answer: Result<Answer, NoAnswer>) -> Result<T, NotTold> {
    let answer = answer.map_err(|no_answer| match no_answer {
        NoAnswer::NotSent(why) | NoAnswer::Lost(why) => NotTold(why),
    })?;
    match answer.status.as_u16() {
        200 => body(&answer).map_err(NotTold),
        429 => Err(NotTold("rate_limited")),
        _ => Err(NotTold("look_up_refused")),
    }
}

/// The file that was asked for.
pub(super) fn file_of(answer: Result<Answer, NoAnswer>) -> Result<Vec<u8>, NotTold> {
    let answer = answer.map_err(|no_answer| match no_answer {
        NoAnswer::NotSent(why) | NoAnswer::Lost(why) => NotTold(why),
    })?;
    match answer.status.as_u16() {
        200 => Ok(answer.body),
        404 => Err(NotTold("not_there")),
        429 => Err(NotTold("rate_limited")),
        500..=599 => Err(NotTold("server_error")),
        _ => Err(NotTold("look_up_refused")),
    }
}

/// What the good answer to a question says.
pub(super) fn told_of(topic: Topic, answer: Result<Answer, NoAnswer>) -> Result<Told, NotTold> {
    Ok(match topic {
        Topic::Balance => Told::Balance(told(answer)?),
        Topic::Transactions => Told::Transactions(told(answer)?),
        Topic::Bills => Told::Bills(told(answer)?),
        Topic::Credits => Told::Credits(told(answer)?),
        Topic::Trips => Told::Trips(told(answer)?),
        Topic::TopUps => Told::TopUps(told(answer)?),
    })
}

/// The documented error of an answer, if it has one.
pub(super) fn error_of(answer: &Answer) -> Option<ErrorBody> {
    body::<ErrorIn>(answer).ok().map(|answer| answer.error)
}

/// A JSON body of this shape.
pub(crate) fn body<T: DeserializeOwned>(answer: &Answer) -> Result<T, &'static str> {
    if !answer.is_json {
        return Err("unreadable_answer");
    }
    serde_json::from_slice(&answer.body).map_err(|_| "unreadable_answer")
}
