//! What does an event make people be told? Read in order, written down once.
//!
//! | event | the member | support | other systems |
//! | --- | --- | --- | --- |
//! | put off, unknown, held, failed | it takes longer (once) | when it failed | `reward.failed` |
//! | voucher issued, credit applied | it is there; 30 days before it ends | | `reward.issued` |
//! | an account is awaited, a credit came back | an account is needed | | |
//! | a partner wants a new agreement | they are asked | | |
//!
//! That it takes longer is told ten minutes later, if it still does: most of what is put off is
//! there after a minute, and two messages about it would be one too many.
//!
//! Rows: U4, R1, D3.

#![deny(clippy::wildcard_enum_match_arm)]

use chrono::{DateTime, Duration, Utc};
use domain::AnchorEvent;
use domain::ids::{MemberId, Position};
use domain::partner_account::PartnerAccountEvent;
use domain::reward::{RewardEvent, RewardType};
use projections::{Recorded, event_log};
use serde_json::{Value, json};
use sqlx::PgPool;
use tokio::sync::watch;
use uuid::Uuid;

use crate::messages::notice::Notice;
use crate::messages::outbox::{News, ToSay};
use crate::messages::words::MemberMessage;
use crate::messages::{NoticeKind, Outbox, StaffNotice};

/// Events that are read at a time.
const BATCH: i64 = 500;
/// What is over by then was no delay.
const WORTH_TELLING: Duration = Duration::minutes(10);
/// A credit that came back may have found another account by then.
const FINDS_ANOTHER: Duration = Duration::minutes(5);
/// So long before its end a member is reminded.
const BEFORE_THE_END: Duration = Duration::days(30);

/// Reads the log for people.
pub struct ReadLog {
    /// Where the log is.
    pub pool: PgPool,
    /// Where what follows is written.
    pub outbox: Outbox,
    /// Raised when something was written.
    pub moved: watch::Sender<Position>,
}

impl ReadLog {
    /// Reads on; answers how many events that was.
    ///
    /// # Errors
    /// When the log cannot be read, or what follows not be written: read again then.
    pub async fn turn(&self) -> anyhow::Result<usize> {
        let from = self.outbox.position().await?;
        let events = {
            let mut connection = self.pool.acquire().await?;
            event_log::read_after(&mut connection, Position(from), BATCH).await?
        };
        let Some(to) = events.last().map(|event| event.position) else { return Ok(0) };
        let mut news = News::default();
        for event in &events {
            self.add(event, &mut news);
        }
        self.outbox.take((from, to.0), &news).await?;
        self.moved.send_replace(to);
        Ok(events.len())
    }

    fn add(&self, recorded: &Recorded, news: &mut News) {
        match &recorded.event {
            AnchorEvent::Reward(event) => {
                let Ok(reward) = recorded.aggregate_id.parse() else { return };
                let of = OfReward { reward, recorded };
                news.to_say.extend(of.for_member(event));
                news.notices.extend(of.for_systems(event));
                if let RewardEvent::RewardFailed(failed) = event {
                    let staff = self.outbox.for_staff(
                        StaffNotice {
                            kind: "reward_failed",
                            subject: &recorded.aggregate_id,
                            summary: &format!(
                                "A reward could not be given by any partner ({}). It stays \
                                 promised, and goes on when somebody decides how.",
                                failed.why
                            ),
                            cause: &format!("position:{}", recorded.position),
                        },
                        failed.occurred_at,
                    );
                    news.to_say.extend(staff.to_say);
                    news.notices.extend(staff.notices);
                }
            }
            AnchorEvent::PartnerAccount(event) => {
                if let PartnerAccountEvent::RelinkNeeded(e) = event {
                    let cause = format!("position:{}", recorded.position);
                    let facts = json!({ "account_id": recorded.aggregate_id });
                    let relink = (MemberMessage::RelinkNeeded, cause, facts);
                    news.to_say.push(to_member(e.member_id, relink, recorded.recorded_at));
                }
            }
            AnchorEvent::Journey(_)
            | AnchorEvent::Partner(_)
            | AnchorEvent::Member(_)
            | AnchorEvent::PartnerStatement(_)
            | AnchorEvent::Period(_)
            | AnchorEvent::Settlement(_) => {}
        }
    }
}

fn to_member(
    member: MemberId,
    (message, cause, facts): (MemberMessage, String, Value),
    at: DateTime<Utc>,
) -> ToSay {
    let (audience, kind) = (format!("member:{member}"), message.as_str().to_owned());
    ToSay { audience, kind, cause, facts, at }
}

/// An event of a reward.
struct OfReward<'a> {
    reward: Uuid,
    recorded: &'a Recorded,
}

impl OfReward<'_> {
    fn for_member(&self, event: &RewardEvent) -> Vec<ToSay> {
        let now = self.recorded.recorded_at;
        let here = format!("position:{}", self.recorded.position);
        let once = format!("reward:{}", self.reward);
        let delayed = |member| {
            vec![self.say(member, MemberMessage::Delayed, (once.clone(), now + WORTH_TELLING))]
        };
        match event {
            RewardEvent::IssuanceDeferred(e) => delayed(e.member_id),
            RewardEvent::IssuanceOutcomeUnknown(e) => delayed(e.member_id),
            RewardEvent::RewardHeld(e) => delayed(e.member_id),
            RewardEvent::RewardFailed(e) => delayed(e.member_id),
            RewardEvent::ChoiceReopened(e) => {
                vec![self.say(e.member_id, MemberMessage::ChoiceNeeded, (here, now))]
            }
            RewardEvent::IssuanceRefused(e) if e.reward_type == RewardType::ChoiceReward => {
                let at = now + WORTH_TELLING;
                vec![self.say(e.member_id, MemberMessage::ChoiceNeeded, (here, at))]
            }
            RewardEvent::AccountAwaited(e) => {
                vec![self.say(e.member_id, MemberMessage::AccountNeeded, (here, now))]
            }
            RewardEvent::CreditReturned(e) => {
                let at = now + FINDS_ANOTHER;
                vec![self.say(e.member_id, MemberMessage::AccountNeeded, (here, at))]
            }
            RewardEvent::CreditApplied(e) => {
                vec![self.say(e.member_id, MemberMessage::Issued, (here, now))]
            }
            RewardEvent::VoucherIssued(e) => {
                let issued = self.say(e.member_id, MemberMessage::Issued, (here.clone(), now));
                let expiring = e.expires_at.filter(|end| *end > now).map(|end| {
                    let at = remind_at(now, end);
                    let facts = json!({ "reward_id": self.reward, "attempt": e.attempt });
                    to_member(e.member_id, (MemberMessage::Expiring, here, facts), at)
                });
                std::iter::once(issued).chain(expiring).collect()
            }
            RewardEvent::MilestoneReached(_)
            | RewardEvent::PartnerChosen(_)
            | RewardEvent::VerificationRequested(_)
            | RewardEvent::VerificationPassed(_)
            | RewardEvent::RewardReleased(_)
            | RewardEvent::IssuanceRequested(_)
            | RewardEvent::IssuanceRefused(_)
            | RewardEvent::IssuanceNotFound(_)
            | RewardEvent::IssuanceRepeated(_)
            | RewardEvent::CreditProgressed(_)
            | RewardEvent::CreditSettled(_)
            | RewardEvent::VoucherRevealed(_)
            | RewardEvent::VoucherRedeemed(_)
            | RewardEvent::RedemptionReversed(_)
            | RewardEvent::VoucherExpired(_)
            | RewardEvent::ExpiryUndone(_)
            | RewardEvent::VoucherVoided(_)
            | RewardEvent::RewardResumed(_)
            | RewardEvent::AttestationBegun(_)
            | RewardEvent::VoidRequested(_)
            | RewardEvent::VoidOutcomeUnknown(_)
            | RewardEvent::VoidRefused(_)
            | RewardEvent::OutcomeAttested(_)
            | RewardEvent::LateIssueFound(_)
            | RewardEvent::RecallRequested(_)
            | RewardEvent::RecallOutcomeUnknown(_)
            | RewardEvent::LateIssueRecalled(_)
            | RewardEvent::LateIssueLost(_)
            | RewardEvent::RewardCancelled(_) => Vec::new(),
        }
    }

    fn say(
        &self,
        member: MemberId,
        message: MemberMessage,
        (cause, at): (String, DateTime<Utc>),
    ) -> ToSay {
        let facts = json!({ "reward_id": self.reward });
        to_member(member, (message, cause, facts), at)
    }

    fn for_systems(&self, event: &RewardEvent) -> Option<Notice> {
        let (kind, status) = match event {
            RewardEvent::MilestoneReached(_) => (NoticeKind::RewardReached, "pending"),
            RewardEvent::VoucherIssued(_) | RewardEvent::CreditApplied(_) => {
                (NoticeKind::RewardIssued, "issued")
            }
            RewardEvent::CreditSettled(_) => (NoticeKind::RewardRedeemed, "redeemed"),
            RewardEvent::VoucherRedeemed(e) if e.remaining.is_zero() => {
                (NoticeKind::RewardRedeemed, "redeemed")
            }
            // Spent stays spent when its last day is over, and nobody has lost anything.
            RewardEvent::VoucherExpired(e) if e.unspent.is_zero() => return None,
            RewardEvent::VoucherExpired(_) => (NoticeKind::RewardExpired, "expired"),
            RewardEvent::RewardFailed(_) => (NoticeKind::RewardFailed, "failed"),
            RewardEvent::RewardCancelled(_) => (NoticeKind::RewardCancelled, "cancelled"),
            RewardEvent::PartnerChosen(_)
            | RewardEvent::AccountAwaited(_)
            | RewardEvent::VerificationRequested(_)
            | RewardEvent::VerificationPassed(_)
            | RewardEvent::RewardHeld(_)
            | RewardEvent::RewardReleased(_)
            | RewardEvent::IssuanceRequested(_)
            | RewardEvent::IssuanceRefused(_)
            | RewardEvent::IssuanceDeferred(_)
            | RewardEvent::IssuanceOutcomeUnknown(_)
            | RewardEvent::IssuanceNotFound(_)
            | RewardEvent::IssuanceRepeated(_)
            | RewardEvent::CreditProgressed(_)
            | RewardEvent::CreditReturned(_)
            | RewardEvent::VoucherRevealed(_)
            | RewardEvent::VoucherRedeemed(_)
            | RewardEvent::RedemptionReversed(_)
            | RewardEvent::ExpiryUndone(_)
            | RewardEvent::VoucherVoided(_)
            | RewardEvent::RewardResumed(_)
            | RewardEvent::AttestationBegun(_)
            | RewardEvent::VoidRequested(_)
            | RewardEvent::VoidOutcomeUnknown(_)
            | RewardEvent::VoidRefused(_)
            | RewardEvent::OutcomeAttested(_)
            | RewardEvent::LateIssueFound(_)
            | RewardEvent::ChoiceReopened(_)
            | RewardEvent::RecallRequested(_)
            | RewardEvent::RecallOutcomeUnknown(_)
            | RewardEvent::LateIssueRecalled(_)
            | RewardEvent::LateIssueLost(_) => return None,
        };
        let position = self.recorded.position.0;
        Some(Notice::of_reward(kind, (self.reward, status), position, event.occurred_at()))
    }
}

/// 30 days before the end; half-way there, when all of it is less than twice that.
fn remind_at(issued: DateTime<Utc>, end: DateTime<Utc>) -> DateTime<Utc> {
    (end - BEFORE_THE_END).max(issued + (end - issued) / 2)
}
