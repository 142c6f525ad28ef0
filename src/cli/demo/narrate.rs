//! What just happened, in one line a person enjoys reading?
//!
//! Follows the log like any reader: by position, so a restart goes on after the last line told.

use std::collections::HashMap;

use domain::AnchorEvent;
use domain::ids::Position;
use domain::journey::JourneyEvent;
use domain::member::MemberEvent;
use domain::partner::PartnerEvent;
use domain::partner_account::PartnerAccountEvent;
use domain::reward::{CreditState, RewardEvent};
use projections::{Recorded, event_log};
use sqlx::PgPool;

use super::cast::name_of;

const LINES_AT_ONCE: i64 = 500;

/// Tells the log, one line an event.
pub struct Narrator {
    pool: PgPool,
    told: Position,
    milestones: HashMap<String, String>,
}

impl Narrator {
    /// Begins after the last event that is there already, or at the very first.
    #[must_use]
    pub fn after(pool: PgPool, told: Position) -> Self {
        Self { pool, told, milestones: HashMap::new() }
    }

    /// Tells what is new.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub async fn tell_new(&mut self) -> anyhow::Result<()> {
        loop {
            let mut connection = self.pool.acquire().await?;
            let batch = event_log::read_after(&mut connection, self.told, LINES_AT_ONCE).await?;
            let Some(last) = batch.last() else { return Ok(()) };
            self.told = last.position;
            for recorded in &batch {
                if let Some(line) = self.line(recorded) {
                    println!("  {}  {line}", recorded.recorded_at.format("%e %b %H:%M"));
                }
            }
        }
    }

    fn line(&mut self, recorded: &Recorded) -> Option<String> {
        match &recorded.event {
            AnchorEvent::Journey(event) => {
                let who = recorded.aggregate_id.parse().map_or("A member", name_of);
                Some(journey(who, event))
            }
            AnchorEvent::Reward(event) => self.reward(&recorded.aggregate_id, event),
            AnchorEvent::Partner(event) => partner(&recorded.aggregate_id, event),
            AnchorEvent::PartnerAccount(event) => account(event),
            AnchorEvent::Member(event) => {
                let who = recorded.aggregate_id.parse().map_or("A member", name_of);
                member(who, event)
            }
        }
    }

    fn reward(&mut self, reward: &str, event: &RewardEvent) -> Option<String> {
        if let RewardEvent::MilestoneReached(e) = event {
            self.milestones.insert(reward.to_owned(), e.milestone.to_string());
        }
        let milestone = self.milestones.get(reward).map_or("reward", String::as_str);
        Some(match event {
            RewardEvent::MilestoneReached(e) => format!(
                "{} has reached {milestone}: {} clean days, ${} of help",
                name_of(e.member_id.0),
                e.milestone_days,
                e.amount
            ),
            RewardEvent::PartnerChosen(e) => {
                format!("{}'s {milestone} will come from {}", name_of(e.member_id.0), e.partner_id)
            }
            RewardEvent::AccountAwaited(e) => format!(
                "{}'s {milestone} waits for an account at one of {} partners",
                name_of(e.member_id.0),
                e.partners.len()
            ),
            RewardEvent::IssuanceRequested(e) => format!(
                "…written down before anything is sent: {} is asked for ${}",
                e.partner_id, e.amount
            ),
            RewardEvent::IssuanceRefused(e) => {
                format!("{} says no ({}); nothing was issued there", e.partner_id, e.code)
            }
            RewardEvent::IssuanceDeferred(e) => {
                format!(
                    "{} cannot be reached ({}); the same call goes out again",
                    e.partner_id, e.why
                )
            }
            RewardEvent::IssuanceOutcomeUnknown(e) => format!(
                "{} did not answer ({}). No answer is not a no: nobody else is asked",
                e.partner_id, e.why
            ),
            RewardEvent::IssuanceNotFound(e) => {
                format!("{} knows of nothing yet; the same call goes out again", e.partner_id)
            }
            RewardEvent::VoucherIssued(_)
            | RewardEvent::CreditApplied(_)
            | RewardEvent::CreditProgressed(_)
            | RewardEvent::CreditSettled(_)
            | RewardEvent::CreditReturned(_)
            | RewardEvent::VoucherRevealed(_)
            | RewardEvent::VoucherRedeemed(_)
            | RewardEvent::RewardFailed(_) => return value(milestone, event),
            RewardEvent::IssuanceRepeated(_)
            | RewardEvent::VerificationRequested(_)
            | RewardEvent::VerificationPassed(_)
            | RewardEvent::RewardHeld(_)
            | RewardEvent::RewardReleased(_)
            | RewardEvent::RedemptionReversed(_)
            | RewardEvent::VoucherExpired(_)
            | RewardEvent::ExpiryUndone(_)
            | RewardEvent::VoucherVoided(_)
            | RewardEvent::OutcomeAttested(_)
            | RewardEvent::LateIssueFound(_)
            | RewardEvent::RewardCancelled(_) => format!("{milestone}: {}", event.name()),
        })
    }
}

/// What the member has, and what became of it.
fn value(milestone: &str, event: &RewardEvent) -> Option<String> {
    Some(match event {
        RewardEvent::VoucherIssued(e) => format!(
            "{} issued {}'s voucher over ${}, code {}",
            e.partner_id,
            name_of(e.member_id.0),
            e.amount,
            e.code_masked
        ),
        RewardEvent::CreditApplied(e) => {
            format!("{} took the credit of ${}", e.partner_id, e.amount)
        }
        RewardEvent::CreditProgressed(e) => match e.state {
            CreditState::AwaitingTap => {
                format!("{}'s top-up waits for a tap of the card", name_of(e.member_id.0))
            }
            CreditState::Dormant => {
                format!("{}'s top-up sleeps until the card is shown", name_of(e.member_id.0))
            }
            CreditState::Accepted
            | CreditState::PostedToAccount
            | CreditState::OnBill
            | CreditState::Loaded => {
                format!(
                    "the credit stands on {}'s account at {}",
                    name_of(e.member_id.0),
                    e.partner_id
                )
            }
        },
        RewardEvent::CreditSettled(e) => match e.state {
            Some(CreditState::Loaded) => {
                format!("${} are on {}'s card now", e.amount, name_of(e.member_id.0))
            }
            _ => format!("${} stand on {}'s bill now", e.amount, name_of(e.member_id.0)),
        },
        RewardEvent::CreditReturned(e) => format!(
            "the credit came back from {} ({}); it waits for another account",
            e.partner_id, e.why
        ),
        RewardEvent::VoucherRevealed(e) => {
            format!("{} looked at the code; the look is on record", name_of(e.member_id.0))
        }
        RewardEvent::VoucherRedeemed(e) => format!(
            "{} spent ${} at {}; ${} left. {} told us so, signed",
            name_of(e.member_id.0),
            e.amount,
            e.partner_id,
            e.remaining,
            e.partner_id
        ),
        RewardEvent::RewardFailed(e) => {
            format!("nobody could give {}'s {milestone}; support knows", name_of(e.member_id.0))
        }
        _ => return None,
    })
}

fn journey(who: &str, event: &JourneyEvent) -> String {
    match event {
        JourneyEvent::JourneyStarted(e) => {
            format!("{who} has been on the way since {} ({})", e.started_on, e.time_zone)
        }
        JourneyEvent::JourneyRestarted(e) => format!(
            "{who} started again on {}. What was earned stays; the days count from there",
            e.started_on
        ),
        JourneyEvent::JourneyCorrected(e) => {
            format!("{who}'s start was put right: {}", e.started_on)
        }
        JourneyEvent::TimeZoneChanged(e) => format!("{who} now lives by {}", e.time_zone),
    }
}

fn partner(id: &str, event: &PartnerEvent) -> Option<String> {
    match event {
        PartnerEvent::PartnerActivated(_) => Some(format!("{id} is active")),
        PartnerEvent::PartnerSuspended(_) => Some(format!("{id} is suspended")),
        PartnerEvent::PartnerRegistered(_)
        | PartnerEvent::PartnerDetailsChanged(_)
        | PartnerEvent::OnboardingStepPassed(_)
        | PartnerEvent::PartnerDeactivated(_)
        | PartnerEvent::FloatLowReported(_) => None,
    }
}

fn account(event: &PartnerAccountEvent) -> Option<String> {
    match event {
        PartnerAccountEvent::AccountVerified(e) => {
            Some(format!("{} confirmed {}'s account", e.partner_id, name_of(e.member_id.0)))
        }
        PartnerAccountEvent::AccountLinkRequested(_)
        | PartnerAccountEvent::AccountLinked(_)
        | PartnerAccountEvent::AccountRefused(_)
        | PartnerAccountEvent::RelinkNeeded(_)
        | PartnerAccountEvent::AccountUnlinked(_)
        | PartnerAccountEvent::BillGenerated(_)
        | PartnerAccountEvent::PaymentReceived(_)
        | PartnerAccountEvent::LowBalanceReported(_) => None,
    }
}

fn member(who: &str, event: &MemberEvent) -> Option<String> {
    match event {
        MemberEvent::ContactChanged(_) => {
            Some(format!("{who}'s e-mail address is kept, sealed under a key of {who}'s own"))
        }
        MemberEvent::ConsentGiven(e) => {
            Some(format!("{who} agrees that {} may learn {who}'s account number", e.partner_id))
        }
        MemberEvent::ConsentWithdrawn(_)
        | MemberEvent::ErasureRequested(_)
        | MemberEvent::MemberErased(_) => None,
    }
}
