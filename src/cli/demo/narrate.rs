//! What just happened, in one line a person enjoys reading?
//!
//! Follows the log like any reader: by position, so a restart goes on after the last line told.

use std::collections::HashMap;

use domain::AnchorEvent;
use domain::ids::{PartnerId, Position};
use domain::journey::JourneyEvent;
use domain::member::{ConsentPurpose, MemberEvent};
use domain::partner::PartnerEvent;
use domain::partner_account::PartnerAccountEvent;
use domain::partner_statement::PartnerStatementEvent;
use domain::reward::{AccountAwaited, CreditState, RewardEvent, RewardType};
use projections::{Recorded, event_log};
use sqlx::PgPool;

use super::cast::name_of;
use super::voice::Voice;

const LINES_AT_ONCE: i64 = 500;

/// Tells the log, one line an event.
pub struct Narrator {
    pool: PgPool,
    told: Position,
    partners: HashMap<PartnerId, String>,
    rewards: HashMap<String, &'static str>,
    voice: Voice,
}

impl Narrator {
    /// Begins after `told`; `partners` is what people call them.
    #[must_use]
    pub fn after(pool: PgPool, told: Position, partners: HashMap<PartnerId, String>) -> Self {
        Self { pool, told, partners, rewards: HashMap::new(), voice: Voice::Aloud }
    }

    /// Speaks to whoever listens.
    #[must_use]
    pub fn speaking(self, voice: Voice) -> Self {
        Self { voice, ..self }
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
                    let at = recorded.recorded_at.format("%e %b %H:%M");
                    self.voice.say(format_args!("  {at}  {line}"));
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
            AnchorEvent::Partner(event) => {
                let id: PartnerId = recorded.aggregate_id.parse().ok()?;
                partner(self.partner(&id), event)
            }
            AnchorEvent::PartnerAccount(event) => self.account(event),
            AnchorEvent::Member(event) => {
                let who = recorded.aggregate_id.parse().map_or("A member", name_of);
                member(who, event)
            }
            AnchorEvent::PartnerStatement(event) => self.statement(event),
            AnchorEvent::Period(_) | AnchorEvent::Settlement(_) => None,
        }
    }

    fn statement(&self, event: &PartnerStatementEvent) -> Option<String> {
        match event {
            PartnerStatementEvent::StatementImported(e) => Some(format!(
                "{} says what happened on {}: {} lines",
                self.partner(&e.partner_id),
                e.business_date,
                e.lines
            )),
            PartnerStatementEvent::BreakOpened(e) => Some(format!(
                "…and {} differs from what is written down here: ${}",
                self.partner(&e.partner_id),
                e.facts.amount
            )),
            _ => None,
        }
    }

    /// What people call a partner.
    fn partner<'a>(&'a self, id: &'a PartnerId) -> &'a str {
        self.partners.get(id).map_or(id.as_str(), String::as_str)
    }

    fn reward(&mut self, reward: &str, event: &RewardEvent) -> Option<String> {
        if let RewardEvent::MilestoneReached(e) = event {
            self.rewards.insert(reward.to_owned(), words_for(e.reward_type));
        }
        let what = self.rewards.get(reward).copied().unwrap_or("reward");
        Some(match event {
            RewardEvent::MilestoneReached(e) => {
                let (who, days, amount) = (name_of(e.member_id.0), e.milestone_days, e.amount);
                format!("{who} has reached {days} clean days: a {what} of ${amount}")
            }
            RewardEvent::PartnerChosen(e) => {
                let partner = self.partner(&e.partner_id);
                format!("{}'s {what} will come from {partner}", name_of(e.member_id.0))
            }
            RewardEvent::AccountAwaited(e) => self.account_awaited(what, e),
            RewardEvent::IssuanceRequested(e) => format!(
                "…written down before anything is sent: {} is asked for ${}",
                self.partner(&e.partner_id),
                e.amount
            ),
            RewardEvent::IssuanceRefused(e) => {
                let (partner, why) = (self.partner(&e.partner_id), e.code.replace('_', " "));
                format!("{partner} says no ({why}); nothing was issued there")
            }
            RewardEvent::IssuanceDeferred(e) => {
                let partner = self.partner(&e.partner_id);
                format!("{partner} cannot be reached ({}); the same call goes out again", e.why)
            }
            RewardEvent::IssuanceOutcomeUnknown(e) => format!(
                "{} did not answer ({}). No answer is not a no: nobody else is asked",
                self.partner(&e.partner_id),
                e.why.to_string().replace('_', " ")
            ),
            RewardEvent::IssuanceNotFound(e) => {
                let partner = self.partner(&e.partner_id);
                format!("{partner} knows of nothing yet; the same call goes out again")
            }
            RewardEvent::VoucherIssued(_)
            | RewardEvent::CreditApplied(_)
            | RewardEvent::CreditProgressed(_)
            | RewardEvent::CreditSettled(_)
            | RewardEvent::CreditReturned(_)
            | RewardEvent::VoucherRevealed(_)
            | RewardEvent::VoucherRedeemed(_)
            | RewardEvent::RewardFailed(_) => return self.value(what, event),
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
            | RewardEvent::RewardCancelled(_)
            | RewardEvent::RewardResumed(_)
            | RewardEvent::AttestationBegun(_)
            | RewardEvent::VoidRequested(_)
            | RewardEvent::VoidOutcomeUnknown(_)
            | RewardEvent::VoidRefused(_)
            | RewardEvent::ChoiceReopened(_)
            | RewardEvent::RecallRequested(_)
            | RewardEvent::RecallOutcomeUnknown(_)
            | RewardEvent::LateIssueRecalled(_)
            | RewardEvent::LateIssueLost(_) => format!("a {what}: {}", event.name()),
        })
    }

    fn account_awaited(&self, what: &str, e: &AccountAwaited) -> String {
        let partners: Vec<&str> = e.partners.iter().map(|id| self.partner(id)).collect();
        let partners = partners.join(" or ");
        format!("{}'s {what} waits for an account at {partners}", name_of(e.member_id.0))
    }

    /// What the member has, and what became of it.
    fn value(&self, what: &str, event: &RewardEvent) -> Option<String> {
        Some(match event {
            RewardEvent::VoucherIssued(e) => format!(
                "{} issued {}'s voucher over ${}, code {}",
                self.partner(&e.partner_id),
                name_of(e.member_id.0),
                e.amount,
                e.code_masked
            ),
            RewardEvent::CreditApplied(_)
            | RewardEvent::CreditProgressed(_)
            | RewardEvent::CreditSettled(_)
            | RewardEvent::CreditReturned(_) => return self.credit(event),
            RewardEvent::VoucherRevealed(e) => {
                format!("{} looked at the code; the look is on record", name_of(e.member_id.0))
            }
            RewardEvent::VoucherRedeemed(e) => {
                let (who, partner) = (name_of(e.member_id.0), self.partner(&e.partner_id));
                let (spent, left) = (e.amount, e.remaining);
                format!("{who} spent ${spent} at {partner}, ${left} left; they told us so, signed")
            }
            RewardEvent::RewardFailed(e) => {
                format!("nobody could give {}'s {what}; support knows", name_of(e.member_id.0))
            }
            _ => return None,
        })
    }

    /// How far a credit has come.
    fn credit(&self, event: &RewardEvent) -> Option<String> {
        Some(match event {
            RewardEvent::CreditApplied(e) => {
                format!("{} took the credit of ${}", self.partner(&e.partner_id), e.amount)
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
                    let partner = self.partner(&e.partner_id);
                    format!("it stands on {}'s account at {partner}", name_of(e.member_id.0))
                }
            },
            RewardEvent::CreditSettled(e) => match e.state {
                Some(CreditState::Loaded) => {
                    format!("${} are on {}'s card now", e.amount, name_of(e.member_id.0))
                }
                _ => format!("${} stand on {}'s bill now", e.amount, name_of(e.member_id.0)),
            },
            RewardEvent::CreditReturned(e) => {
                let (partner, why) = (self.partner(&e.partner_id), e.why.replace('_', " "));
                format!(
                    "the credit came back from {partner} ({why}); it waits for another account"
                )
            }
            _ => return None,
        })
    }

    fn account(&self, event: &PartnerAccountEvent) -> Option<String> {
        match event {
            PartnerAccountEvent::AccountVerified(e) => {
                let partner = self.partner(&e.partner_id);
                Some(format!("{partner} confirmed {}'s account", name_of(e.member_id.0)))
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
}

/// What a reward is called in a sentence.
fn words_for(reward_type: RewardType) -> &'static str {
    match reward_type {
        RewardType::GroceryVoucher => "grocery voucher",
        RewardType::UtilityCredit => "bill credit",
        RewardType::TransportCredit => "transport credit",
        RewardType::ChoiceReward => "reward of their own choice",
    }
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

fn partner(name: &str, event: &PartnerEvent) -> Option<String> {
    match event {
        PartnerEvent::PartnerActivated(_) => Some(format!("{name} is active")),
        PartnerEvent::PartnerSuspended(_) => Some(format!("{name} is suspended")),
        PartnerEvent::PartnerRegistered(_)
        | PartnerEvent::PartnerDetailsChanged(_)
        | PartnerEvent::OnboardingStepPassed(_)
        | PartnerEvent::PartnerCertified(_)
        | PartnerEvent::PartnerCredentialsChanged(_)
        | PartnerEvent::PartnerDeactivated(_)
        | PartnerEvent::FloatLowReported(_) => None,
    }
}

fn member(who: &str, event: &MemberEvent) -> Option<String> {
    match event {
        MemberEvent::ContactChanged(_) => {
            Some(format!("{who}'s e-mail address is kept, sealed under a key of {who}'s own"))
        }
        MemberEvent::ConsentGiven(e) => {
            let what = match e.purpose {
                ConsentPurpose::Link => "learn the account number",
                ConsentPurpose::LookUp => "be asked about the account",
                ConsentPurpose::Referral => "learn the e-mail address, to get in touch",
            };
            Some(format!("{who} agrees that {} may {what}", e.partner_id))
        }
        MemberEvent::ReferralTaken(e) => {
            Some(format!("{} gets in touch with {who}", e.partner_id))
        }
        MemberEvent::ConsentWithdrawn(_)
        | MemberEvent::ReferralRequested(_)
        | MemberEvent::ReferralRefused(_)
        | MemberEvent::ErasureRequested(_)
        | MemberEvent::MemberErased(_) => None,
    }
}
