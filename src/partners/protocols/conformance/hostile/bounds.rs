//! Does nothing grow, and does everything end by the deadline, however many wait?
//!
//! Rows: D4, D1, D5, P8.

use std::time::{Duration, Instant};

use futures::StreamExt;
use futures::future::join_all;
use serde_json::{Value, json};

use super::desk::{HostileDesk, Script};
use super::{HASTY, ends};
use crate::partners::calls::{client, client_with};
use crate::partners::guard::Guarded;
use crate::partners::outcome::Outcome;
use crate::partners::partner::Partner;
use crate::partners::protocols::conformance::outcomes::said;
use crate::partners::protocols::conformance::partner::{
    Everybody, order_of, response, soon, yes_to,
};

const MANY: usize = 200;
const AT_ONCE: usize = 20;
/// Two hundred answers that were kept would be fifty mebibytes; one without end has no bound.
const MOST_GROWN: u64 = 40 << 20;

/// What this process holds in memory, where the system says so.
fn resident_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kibibytes: u64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(kibibytes << 10)
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_answers_without_end_leave_memory_as_it_was() {
    let everybody = Everybody::open().await;
    let entry = everybody.catalogue.get(&"coles".parse().unwrap()).unwrap();
    everybody.give_token(entry).await;
    let order = order_of(&entry.products()[0]);
    let long = "a".repeat(64 * 1024);
    let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n";
    let body =
        HostileDesk::open(vec![Script::says(format!("{head}\r\n")).and_floods(&long)]).await;
    let field = Script::says(format!("{head}x: ")).and_floods(&long);
    let field = HostileDesk::open(vec![field]).await;
    let hints = "HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n".repeat(64);
    let hints = HostileDesk::open(vec![Script::says("").and_pours(hints)]).await;
    let http = client_with(HASTY).unwrap();
    let at = |desk: &HostileDesk| {
        everybody.caller_at(&format!("http://{}", desk.address()), entry, http.clone())
    };
    let partners = [at(&body), at(&field), at(&hints)];
    let issue = |which: usize| {
        // Those that only time ends take longest, and are fewest.
        let which = if which.is_multiple_of(10) { 2 } else { which % 2 };
        let (partner, order) = (&partners[which], &order);
        async move { partner.issue(order, soon()).await }
    };
    // Whatever is set up once is there before it is measured.
    for which in 0..3 {
        ends("an answer without end", issue(which)).await;
    }
    let before = resident_bytes();
    let outcomes = futures::stream::iter(0..MANY).map(issue).buffer_unordered(AT_ONCE);
    let outcomes: Vec<Outcome> = ends("two hundred of them", outcomes.collect()).await;
    let after = resident_bytes();
    assert!(outcomes.iter().all(|outcome| matches!(outcome, Outcome::Unknown { .. })));
    for desk in [&body, &field] {
        desk.until_alone("an answer without end").await;
        assert!(desk.most_sent() < 16 << 20, "{} bytes were taken", desk.most_sent());
    }
    hints.until_alone("hints without end").await;
    if let (Some(before), Some(after)) = (before, after) {
        let grown = after.saturating_sub(before);
        assert!(grown < MOST_GROWN, "{grown} bytes more than before");
    }
    everybody.close().await;
}

fn unauthorized() -> Script {
    Script::says(response("401 No", &json!({ "error": { "code": "token_expired" } })))
}

fn token(value: &Value) -> Script {
    let token = json!({ "access_token": value, "token_type": "Bearer", "expires_in": 3600 });
    Script::says(response("200 OK", &token))
}

#[tokio::test(flavor = "multi_thread")]
async fn token_call_and_both_again_end_by_the_deadline_together() {
    let everybody = Everybody::open().await;
    let silence = || Script::says("").and_holds();
    let ids = ["woolworths", "coles", "aldi", "kmart"];
    let desks = [
        ("the token does not come", vec![silence()], "deferred timed_out 0", 1),
        ("the answer does not come", vec![token(&json!("t")), silence()], "unknown timed_out", 2),
        (
            "the second token does not come",
            vec![token(&json!("t")), unauthorized(), silence()],
            "deferred timed_out 0",
            3,
        ),
        (
            "the second answer does not come",
            vec![token(&json!("t")), unauthorized(), token(&json!("u")), silence()],
            "unknown timed_out",
            4,
        ),
    ];
    join_all(desks.into_iter().zip(ids).map(async |((name, scripts, expected, requests), id)| {
        let entry = everybody.catalogue.get(&id.parse().unwrap()).unwrap();
        let desk = HostileDesk::open(scripts).await;
        let base = format!("http://{}", desk.address());
        // As patient as the program is: the deadline comes first.
        let partner = everybody.caller_at(&base, entry, client().unwrap());
        let order = order_of(&entry.products()[0]);
        let begun = Instant::now();
        let outcome = ends(name, partner.issue(&order, begun + Duration::from_secs(5))).await;
        assert!(begun.elapsed() < Duration::from_secs(7), "{name}: {:?}", begun.elapsed());
        assert_eq!(said(&outcome), expected, "{name}");
        assert_eq!(desk.requests(), requests, "{name}");
        desk.until_alone(name).await;
        let late = partner.issue(&order, Instant::now() + Duration::from_secs(3)).await;
        assert_eq!(said(&late), "deferred deadline_passed 0", "{name}: not begun so late");
        assert_eq!(desk.requests(), requests, "{name}");
    }))
    .await;
    everybody.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn twenty_who_wait_for_a_token_that_does_not_come_ask_once_and_end_together() {
    let everybody = Everybody::open().await;
    let entry = everybody.catalogue.get(&"coles".parse().unwrap()).unwrap();
    let order = order_of(&entry.products()[0]);
    let desk = HostileDesk::open(vec![Script::says("").and_holds()]).await;
    let base = format!("http://{}", desk.address());
    let partner = everybody.caller_at(&base, entry, client_with(HASTY).unwrap());
    let all = (0..20).map(|_| partner.issue(&order, soon()));
    for outcome in ends("waiting for a token", join_all(all)).await {
        assert_eq!(said(&outcome), "deferred timed_out 0");
    }
    assert_eq!(desk.requests(), 1);
    everybody.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_no_header_can_hold_is_none_and_spoils_no_later_call() {
    let everybody = Everybody::open().await;
    let entry = everybody.catalogue.get(&"coles".parse().unwrap()).unwrap();
    let order = order_of(&entry.products()[0]);
    let long = "t".repeat(9_000);
    let bad = ["", "two\r\nlines: x", "two words", "t\u{e4}", long.as_str()];
    let mut scripts: Vec<Script> = bad.iter().map(|value| token(&json!(value))).collect();
    scripts.push(token(&json!("t")));
    scripts.push(Script::says(response("201 Created", &yes_to(&order))));
    let desk = HostileDesk::open(scripts).await;
    let base = format!("http://{}", desk.address());
    let partner = everybody.caller_at(&base, entry, client_with(HASTY).unwrap());
    for value in bad {
        let outcome = partner.issue(&order, soon()).await;
        assert_eq!(said(&outcome), "deferred token_unreadable 0", "{value:?}");
    }
    assert_eq!(said(&partner.issue(&order, soon()).await), "accepted V1");
    everybody.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wait_beyond_all_clocks_is_an_hour_and_stops_nobody_else() {
    let everybody = Everybody::open().await;
    let entry = everybody.catalogue.get(&"coles".parse().unwrap()).unwrap();
    everybody.give_token(entry).await;
    let order = order_of(&entry.products()[0]);
    let error = json!({ "error": { "code": "rate_limited", "message": "", "temporary": true } });
    let error = error.to_string();
    let head = format!(
        "HTTP/1.1 429 Slow\r\ncontent-type: application/json\r\nretry-after: {}\r\n\
         content-length: {}\r\n\r\n{error}",
        u64::MAX,
        error.len()
    );
    let desk = HostileDesk::open(vec![Script::says(head)]).await;
    let base = format!("http://{}", desk.address());
    let partner = everybody.caller_at(&base, entry, client_with(HASTY).unwrap());
    let guarded = Guarded::new(partner, entry.contract());
    let outcome = guarded.issue(&order, soon()).await;
    assert_eq!(said(&outcome), "deferred rate_limited 3600");
    let Outcome::Deferred { why: "rate_limited", retry_after: Some(wait) } =
        guarded.issue(&order, soon()).await
    else {
        panic!("it is left alone");
    };
    assert!(wait <= Duration::from_secs(3_600));
    assert_eq!(desk.requests(), 1);
    everybody.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_to_no_question_is_not_taken_for_the_answer_to_the_next() {
    let everybody = Everybody::open().await;
    let entry = everybody.catalogue.get(&"coles".parse().unwrap()).unwrap();
    everybody.give_token(entry).await;
    let order = order_of(&entry.products()[0]);
    let mut other = order_of(&entry.products()[0]);
    other.reference = "ANOTHERREFERENCE".to_owned();
    let open = |body: &Value| {
        let answer = String::from_utf8(response("201 Created", body)).unwrap();
        answer.replace("connection: close\r\n", "")
    };
    // Before anything was asked: whether it is the order's is not known by who reads it.
    let early = HostileDesk::open(vec![Script::says(open(&yes_to(&order))).at_once()]).await;
    let base = format!("http://{}", early.address());
    let partner = everybody.caller_at(&base, entry, client_with(HASTY).unwrap());
    let outcome = said(&ends("an early answer", partner.issue(&order, soon())).await);
    assert!(outcome == "accepted V1" || outcome.starts_with("unknown"), "{outcome}");

    // Two at once: the second is nobody's, whoever asks next.
    let two = open(&yes_to(&order)).repeat(2);
    let desk = HostileDesk::open(vec![Script::says(two).and_holds()]).await;
    let base = format!("http://{}", desk.address());
    let partner = everybody.caller_at(&base, entry, client_with(HASTY).unwrap());
    assert_eq!(said(&partner.issue(&order, soon()).await), "accepted V1");
    let next = said(&ends("the next", partner.issue(&other, soon())).await);
    assert_eq!(next, "unknown reference_differs", "an order is known by its reference");
    everybody.close().await;
}
