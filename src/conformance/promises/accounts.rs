//! Does the partner know whose an account is, and does it tell what its capabilities say?
//!
//! Rows: P7, P2, P3, P4, R4, C1.

use std::time::Duration;

use secrecy::ExposeSecret;
use serde_json::json;

use crate::conformance::check::Promise;
use crate::conformance::run::Run;
use crate::partners::Verdict;
use crate::partners::protocols::{tells, verdict};
use crate::partners::question::Topic;

const RIGHT: Promise = Promise {
    id: "account_verified",
    title: "An account with its code is verified",
    expected: "200 verified, at once or after 202 pending",
};
const WRONG: Promise = Promise {
    id: "account_wrong_code",
    title: "An account with another code is not",
    expected: "422 account_not_accepted",
};
const TOLD: Promise = Promise {
    id: "account_told",
    title: "What can be asked of an account is told",
    expected: "200 with the documented fields",
};
const UNKNOWN: Promise = Promise {
    id: "account_unknown",
    title: "Of an account that there is not, nothing is told",
    expected: "404 account_unknown",
};
/// A partner that will know later is asked so often again.
const TIMES_ASKED: u32 = 10;
const BETWEEN_ASKING: Duration = Duration::from_millis(300);
/// No partner has such a number.
const NOBODYS: &str = "0";
const ANOTHER_CODE: &str = "0000-another-code";

/// Asks about the account for trying, where the partner has accounts at all.
pub async fn tell(run: &mut Run<'_>) {
    if run.entry.account_number().is_none() {
        return;
    }
    let Some(account) = run.account.clone() else {
        let why = "give an account of the partner's for trying, with --test-data";
        return run.list.leave_out(&[&RIGHT, &WRONG, &TOLD, &UNKNOWN], None, why);
    };
    let number = account.number.expose_secret();
    let code = account.security_code.as_ref().map(ExposeSecret::expose_secret);
    let mut is_theirs = false;
    for (promise, code) in [(&RIGHT, code), (&WRONG, Some(ANOTHER_CODE))] {
        let body = json!({ "account_number": number, "security_code": code }).to_string();
        let (said, seen) = said(run, body.as_bytes()).await;
        let is_kept = match &said {
            Some(Verdict::Verified) => promise.id == RIGHT.id,
            Some(Verdict::Refused { code }) => {
                promise.id == WRONG.id && code == "account_not_accepted"
            }
            _ => false,
        };
        is_theirs |= is_kept && promise.id == RIGHT.id;
        run.list.add(promise, None, if is_kept { Ok(seen) } else { Err(seen) });
    }
    if !is_theirs {
        return run.list.leave_out(&[&TOLD, &UNKNOWN], None, "the account was not verified");
    }
    let partner_type = run.entry.partner_type();
    let topics = Topic::ALL.into_iter().filter(|topic| {
        let path = format!("/accounts/{}", topic.as_str());
        run.entry.can(topic.capability(partner_type)) && run.dialect.has_path(&path)
    });
    for topic in topics.collect::<Vec<_>>() {
        let path = format!("/accounts/{}", topic.as_str());
        let body = json!({ "account_number": number }).to_string();
        let timed = run.caller.post(&path, None, body.as_bytes()).await;
        let seen = timed.seen();
        let told = match timed.answer {
            Ok(answer) => tells(topic, answer).map_err(|why| format!("{seen}, {why}")),
            Err(_) => Err(seen.clone()),
        };
        run.list.add(&TOLD, Some(topic.as_str()), told.map(|()| seen));
        let body = json!({ "account_number": NOBODYS }).to_string();
        let timed = run.caller.post(&path, None, body.as_bytes()).await;
        run.list.add(&UNKNOWN, Some(topic.as_str()), timed.is_refusal(404, "account_unknown"));
    }
}

/// What is said of an account once it is known, and how.
async fn said(run: &mut Run<'_>, body: &[u8]) -> (Option<Verdict>, String) {
    for _ in 0..TIMES_ASKED {
        let timed = run.caller.post("/accounts/verify", None, body).await;
        let seen = timed.seen();
        match timed.answer.ok().map(verdict) {
            Some(Verdict::Pending) => tokio::time::sleep(BETWEEN_ASKING).await,
            said => return (said, seen),
        }
    }
    (Some(Verdict::Pending), format!("202 pending, {TIMES_ASKED} times"))
}
