//! Who moves credits on? A clerk who looks every moment: what was accepted is posted, what was
//! posted comes on a bill, what waits for a tap too long goes back or to sleep.
//!
//! | partner | after | becomes | told by |
//! | --- | --- | --- | --- |
//! | energy, phone | at once | posted to the account | `credit.progressed` |
//! | energy, phone | a moment | on a bill | `credit.applied`, `bill.generated` |
//! | card | at once | awaiting tap | `credit.progressed` |
//! | card | a tap (`/control/tap`) | loaded | `credit.applied` |
//! | Opal | 60 days without one | reversed | `credit.returned` |
//! | myki | 90 days without one | dormant; a tap still loads it | `credit.progressed` |
//!
//! Rows: P3, P4, P11.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Duration as Span, Utc};
use domain::money::Amount;
use domain::partner::PartnerType;
use serde_json::json;
use tokio::sync::watch;

use super::book::{Credit, CreditState, Line};
use super::state::{Desk, State};

const BETWEEN_LOOKS: Duration = Duration::from_millis(100);
/// How long a posted credit stands before it comes on a bill.
const UNTIL_BILLED_MS: i64 = 1_000;
const UNTIL_REVERSED_DAYS: i64 = 60;
const UNTIL_DORMANT_DAYS: i64 = 90;

/// Moves credits on until `stop` says true.
pub(super) async fn work(state: Arc<State>, mut stop: watch::Receiver<bool>) {
    while !*stop.borrow_and_update() {
        look(&state);
        tokio::select! { () = tokio::time::sleep(BETWEEN_LOOKS) => {}, _ = stop.changed() => {} }
    }
}

/// Moves on what has waited long enough by the partners' clock. Nobody else is at the desk
/// meanwhile, so nothing is moved twice.
pub(super) fn look(state: &State) {
    let mut desk = state.desk();
    let open = desk.book.credits.values().filter(|credit| is_under_way(credit.state));
    let waiting: Vec<Credit> = open.cloned().collect();
    for credit in waiting {
        if let Some(next) = next_state(state, &credit, desk.now()) {
            move_to(state, &mut desk, credit, next);
        }
    }
}

fn is_under_way(state: CreditState) -> bool {
    !state.has_arrived() && !state.went_back()
}

fn next_state(state: &State, credit: &Credit, now: DateTime<Utc>) -> Option<CreditState> {
    let its_type = state.partners.get(&credit.partner)?.entry.partner_type();
    let waited = now - credit.moved_at;
    match (its_type, credit.state) {
        (PartnerType::Utility, CreditState::Accepted) => Some(CreditState::PostedToAccount),
        (PartnerType::Utility, CreditState::PostedToAccount)
            if waited >= Span::milliseconds(UNTIL_BILLED_MS) =>
        {
            Some(CreditState::OnBill)
        }
        (PartnerType::Transport, CreditState::Accepted) => Some(CreditState::AwaitingTap),
        (PartnerType::Transport, CreditState::AwaitingTap) => {
            let sleeps = credit.partner == "myki";
            let days = if sleeps { UNTIL_DORMANT_DAYS } else { UNTIL_REVERSED_DAYS };
            let end = if sleeps { CreditState::Dormant } else { CreditState::Reversed };
            (waited >= Span::days(days)).then_some(end)
        }
        _ => None,
    }
}

/// Moves a credit, and writes the webhooks that tell of it.
pub(super) fn move_to(state: &State, desk: &mut Desk, mut credit: Credit, next: CreditState) {
    let at = desk.now();
    credit.state = next;
    credit.moved_at = at;
    let mut lines = vec![Line::Credit(Box::new(credit.clone()))];
    if state.sends_notices {
        let (kind, data) = told(&credit, at);
        lines.push(Line::Notice(desk.notice(state.seed, &credit.partner, kind, &data)));
        if next == CreditState::OnBill {
            let bill = json!({
                "account": credit.account_number,
                "bill_id": format!("{}-B", credit.credit_id),
                "amount": Amount::ZERO,
                "due_on": at.date_naive() + Span::days(14),
            });
            let notice = desk.notice(state.seed, &credit.partner, "bill.generated", &bill);
            lines.push(Line::Notice(notice));
        }
    }
    if let Err(failure) = desk.book.write(lines) {
        tracing::error!(%failure, "the sandbox's book could not be written");
    }
    state.notices.notify_one();
}

fn told(credit: &Credit, at: DateTime<Utc>) -> (&'static str, serde_json::Value) {
    if credit.state.has_arrived() {
        let data = json!({
            "credit_id": credit.credit_id,
            "reference": credit.reference,
            "account": credit.account_number,
            "amount": credit.amount,
            "applied_at": at,
        });
        return ("credit.applied", data);
    }
    if credit.state.went_back() {
        let why = match credit.state {
            CreditState::Reversed => "tap_window_missed",
            _ => "account_closed",
        };
        let data = json!({
            "credit_id": credit.credit_id,
            "reference": credit.reference,
            "amount": credit.amount,
            "why": why,
            "returned_at": at,
        });
        return ("credit.returned", data);
    }
    let data = json!({
        "credit_id": credit.credit_id,
        "reference": credit.reference,
        "state": credit.state,
        "at": at,
    });
    ("credit.progressed", data)
}
