//! How do the partners tell us? Signed webhooks, sent again until somebody takes them.
//!
//! Rows: W2, P11.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use reqwest::header::CONTENT_TYPE;
use tokio::sync::watch;
use url::Url;

use super::book::{Line, Notice};
use super::faults::{Fault, Kind, Operation};
use super::state::State;
use crate::clock::real_now;
use crate::partners::settings::WebhookSecret;
use crate::partners::signature::{Unsigned, headers};

const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// How soon it is looked again for what is not due yet.
const UNTIL_DUE: Duration = Duration::from_millis(20);
/// How long a webhook waits to be overtaken.
const OVERTAKEN_MS: u64 = 300;
/// How wrong a wrong clock is.
const SKEW_MS: u64 = 600_000;
/// What nobody agreed on.
const NOBODYS_SECRET: &str = "a-secret-that-was-agreed-on-with-nobody";

/// Sends what is undelivered until `stop` says true.
pub(super) async fn deliver(
    state: Arc<State>,
    target: Url,
    http: reqwest::Client,
    mut stop: watch::Receiver<bool>,
) {
    let mut pause = FIRST_PAUSE;
    while !*stop.borrow_and_update() {
        let mut waiting: VecDeque<(bool, Notice)> =
            due(&state).into_iter().map(|notice| (true, notice)).collect();
        let mut is_refused = false;
        while let Some((may_be_overtaken, notice)) = waiting.pop_front() {
            let fault = state.desk().faults.take(&notice.partner, Operation::Webhook);
            let shuffled = fault.filter(|f| f.kind == Kind::WebhooksShuffled);
            if let Some(fault) = shuffled.filter(|_| may_be_overtaken) {
                tokio::time::sleep(fault.delay(OVERTAKEN_MS)).await;
                let known = waiting.len() + 1;
                let new = due(&state).into_iter().skip(known);
                waiting.extend(new.map(|notice| (true, notice)));
                waiting.push_back((false, notice));
                continue;
            }
            is_refused |= !deliver_one(&state, &target, &http, (&notice, fault)).await;
        }
        if is_refused {
            pause = (pause * 2).min(LONGEST_PAUSE);
            tokio::select! { () = tokio::time::sleep(pause) => {}, _ = stop.changed() => {} }
        } else {
            pause = FIRST_PAUSE;
            let is_later = !state.desk().book.undelivered.is_empty();
            tokio::select! {
                () = state.notices.notified() => {}
                () = tokio::time::sleep(UNTIL_DUE), if is_later => {}
                _ = stop.changed() => {}
            }
        }
    }
}

/// What may be sent now, in the order in which it happened.
fn due(state: &State) -> Vec<Notice> {
    let (desk, now) = (state.desk(), real_now());
    let due = desk.book.undelivered.values().take_while(|notice| notice.is_due(now));
    due.cloned().collect()
}

async fn deliver_one(
    state: &State,
    target: &Url,
    http: &reqwest::Client,
    (notice, fault): (&Notice, Option<Fault>),
) -> bool {
    let copies = if fault.is_some_and(|f| f.kind == Kind::DuplicateWebhook) { 2 } else { 1 };
    let mut is_taken = true;
    for _ in 0..copies {
        is_taken &= send(state, target, http, (notice, fault)).await;
    }
    if is_taken {
        let delivered = vec![Line::Delivered { id: notice.id.clone() }];
        if let Err(failure) = state.desk().book.write(delivered) {
            tracing::error!(%failure, "the sandbox's book could not be written");
        }
    }
    is_taken
}

async fn send(
    state: &State,
    target: &Url,
    http: &reqwest::Client,
    (notice, fault): (&Notice, Option<Fault>),
) -> bool {
    let Some(partner) = state.partners.get(&notice.partner) else { return true };
    let Ok(url) = target.join(&format!("/api/webhooks/{}", notice.partner)) else { return true };
    let skewed = fault.filter(|fault| fault.kind == Kind::ClockSkew);
    let skew = skewed.map_or(0, |fault| fault.delay(SKEW_MS).as_secs()).cast_signed();
    let timestamp = real_now().timestamp() - skew;
    let is_rotated = fault.is_some_and(|fault| fault.kind == Kind::SecretRotated);
    let stranger = WebhookSecret::parse(NOBODYS_SECRET).ok();
    let [first, others @ ..] = partner.signing_secrets.as_slice() else { return true };
    let secret = if is_rotated { others.first().or(stranger.as_ref()) } else { Some(first) };
    let Some(secret) = secret else { return true };
    let unsigned = Unsigned { id: &notice.id, at: timestamp, body: notice.body.as_bytes() };
    let mut request = http.post(url).header(CONTENT_TYPE, "application/json");
    for (name, value) in headers(partner.entry.webhook_scheme(), secret, &unsigned) {
        request = request.header(name, value);
    }
    let sent = request.body(notice.body.clone()).send().await;
    match sent {
        Ok(answer) if answer.status().is_success() => true,
        Ok(answer) => {
            tracing::warn!(status = %answer.status(), notice.id, "a webhook was not taken");
            false
        }
        Err(error) => {
            tracing::debug!(%error, notice.id, "a webhook did not arrive");
            false
        }
    }
}
