//! Is somebody who would like to hear from a support service taken down, and once?
//!
//! The person does not exist: the address is one that is reserved for examples.
//!
//! Rows: P7, P5, C1.

use serde::Deserialize;
use uuid::Uuid;

use crate::conformance::check::Promise;
use crate::conformance::run::Run;

const TAKEN: Promise = Promise {
    id: "referral_taken",
    title: "A referral is taken",
    expected: "201 with referral_id",
};
const IN_TIME_TAKEN: Promise = Promise {
    id: "referral_in_time",
    title: "A referral is answered in time",
    expected: "an answer within 2 s",
};
const AGAIN: Promise = Promise {
    id: "referral_again",
    title: "The same referral under the same key is taken once",
    expected: "200 with the same referral_id",
};
const OTHER_BODY: Promise = Promise {
    id: "key_with_another_referral",
    title: "A key that comes with another referral is refused",
    expected: "409 idempotency_key_reused",
};
const NOT_READABLE: Promise = Promise {
    id: "referral_not_readable",
    title: "A referral that cannot be read is refused",
    expected: "400 invalid_request",
};
const THERE: Promise = Promise {
    id: "is_there",
    title: "Whether anybody is there is answered",
    expected: "404 not_found",
};

#[derive(PartialEq, Eq, Deserialize)]
struct Taken {
    referral_id: String,
}

/// Refers somebody who does not exist.
pub async fn are_taken(run: &mut Run<'_>) {
    let key = Uuid::new_v4().to_string();
    let body = br#"{"email":"conformance@example.org","name":null}"#;
    let timed = run.caller.post("/referrals", Some(&key), body).await;
    let first = timed.body::<Taken>().filter(|_| timed.status() == 201);
    let seen = if first.is_some() { Ok(timed.seen()) } else { Err(timed.seen()) };
    run.list.add(&TAKEN, None, seen);
    run.list.add(&IN_TIME_TAKEN, None, timed.in_time());

    if first.is_some() {
        let timed = run.caller.post("/referrals", Some(&key), body).await;
        let again = timed.body::<Taken>().filter(|_| timed.status() == 200);
        let seen = if again == first { Ok(timed.seen()) } else { Err(timed.seen()) };
        run.list.add(&AGAIN, None, seen);
        let other = br#"{"email":"another@example.org","name":null}"#;
        let timed = run.caller.post("/referrals", Some(&key), other).await;
        run.list.add(&OTHER_BODY, None, timed.is_refusal(409, "idempotency_key_reused"));
    } else {
        run.list.leave_out(&[&AGAIN, &OTHER_BODY], None, "the referral was not taken");
    }
    let key = Uuid::new_v4().to_string();
    let timed = run.caller.post("/referrals", Some(&key), b"{\"email\":").await;
    run.list.add(&NOT_READABLE, None, timed.is_refusal(400, "invalid_request"));
    let path = run.nobodys_reference();
    let timed = run.caller.get(&path).await;
    run.list.add(&THERE, None, timed.is_refusal(404, "not_found"));
}
