//! Does this e-mail leave now? Only if it is still so, somebody is there, and it is not night.
//!
//! In this order: is what it says still so; is there an address, which is opened only here; is it
//! day where the member lives. Then it leaves, and what the mail server said is written down.
//!
//! Rows: U4, C2, C4, M4.

use chrono::{DateTime, Duration, Utc};
use chrono_tz::Tz;
use domain::ids::{AccountId, MemberId, RewardId};
use domain::journey::Journey;
use domain::member::Member;
use domain::partner_account::{PartnerAccount, VerificationStatus};
use domain::reward::{Reward, RewardStatus};
use domain::sealed::Sealed;
use futures::StreamExt as _;
use lettre::Address;
use rand::RngExt;
use secrecy::{ExposeSecret, SecretString};

use crate::clock::Clock;
use crate::ledger::Ledger;
use crate::messages::email::{Mail, Mailer, Sent};
use crate::messages::outbox::DueMessage;
use crate::messages::quiet_hours::may_leave_at;
use crate::messages::words::{MemberMessage, staff_subject, staff_text};
use crate::messages::{MessageSettings, Outbox};
use crate::vault::{Place, Vault, VaultError};

/// How many one worker takes up at a time.
const A_CLAIM: i64 = 16;
/// How many of them are at the mail server at once: all are over well within the lease.
const AT_ONCE: usize = 4;
const LEASE_SECONDS: i64 = 240;
/// The first wait after a try that failed, doubling up to an hour, in seconds.
const FIRST_WAIT_SECONDS: i64 = 30;
const LONGEST_WAIT_SECONDS: i64 = 3_600;
/// Within about three days; then it is given up.
const MOST_TRIES: i32 = 64;
/// Where a member lives who has told no zone yet.
const NO_ZONE_TOLD: Tz = Tz::Australia__Sydney;

/// Sends what is in the outbox.
#[derive(Clone)]
pub struct Tell {
    /// Where streams are read.
    pub ledger: Ledger,
    /// Opens addresses.
    pub vault: Vault,
    /// The ledger's time.
    pub clock: Clock,
    /// Who is support, and what stands below every message.
    pub settings: MessageSettings,
    /// What is to be said.
    pub outbox: Outbox,
    /// How it leaves; none without a mail server.
    pub mailer: Option<Mailer>,
}

/// What is to be done with a message.
enum Next {
    Send(Mail),
    Wait(DateTime<Utc>),
    Settle(&'static str),
}

impl Tell {
    /// Sends what is due; answers how much that was.
    ///
    /// # Errors
    /// When the outbox cannot be read. What goes wrong with one message is logged, and its lease
    /// runs out.
    pub async fn turn(&self) -> anyhow::Result<usize> {
        let due = self.outbox.claim(LEASE_SECONDS, A_CLAIM).await?;
        let each =
            futures::stream::iter(&due).for_each_concurrent(AT_ONCE, |message| async move {
                if let Err(error) = self.act_on(message).await {
                    let error = format!("{error:#}");
                    tracing::error!(message.id = %message.id, error, "a message waits");
                }
            });
        each.await;
        Ok(due.len())
    }

    async fn act_on(&self, message: &DueMessage) -> anyhow::Result<()> {
        let Some(mailer) = &self.mailer else {
            return Ok(self.outbox.settle(message.id, "no_mail", None).await?);
        };
        let mail = match self.next(message).await? {
            Next::Send(mail) => mail,
            Next::Wait(at) => return Ok(self.outbox.later(message.id, at, None).await?),
            Next::Settle(state) => return Ok(self.outbox.settle(message.id, state, None).await?),
        };
        match mailer.send(&mail).await {
            Sent::Yes => self.outbox.settle(message.id, "sent", None).await?,
            Sent::Refused(reason) => {
                tracing::warn!(message.id = %message.id, reason, "a message was refused");
                self.outbox.settle(message.id, "refused", Some(&reason)).await?;
            }
            Sent::NotNow(reason) => {
                tracing::warn!(message.id = %message.id, reason, "a message did not leave");
                self.put_off(message, &reason).await?;
            }
        }
        Ok(())
    }

    async fn put_off(&self, message: &DueMessage, reason: &str) -> anyhow::Result<()> {
        if message.attempts >= MOST_TRIES {
            return Ok(self.outbox.settle(message.id, "given_up", Some(reason)).await?);
        }
        let at = self.clock.now() + Duration::seconds(wait_seconds(message.attempts));
        Ok(self.outbox.later(message.id, at, Some(reason)).await?)
    }

    async fn next(&self, message: &DueMessage) -> anyhow::Result<Next> {
        let id = message.id;
        if let Some(member) = message.audience.strip_prefix("member:") {
            let (Ok(member), Ok(what)) = (member.parse(), message.kind.parse()) else {
                return Ok(Next::Settle("refused"));
            };
            return self.for_member(MemberId(member), what, message).await;
        }
        let Some(to) = self.settings.staff_of(&message.audience).cloned() else {
            return Ok(Next::Settle("nobody_to_tell"));
        };
        let text = staff_text(&message.kind, &message.facts, &self.settings.public_url);
        Ok(Next::Send(Mail { id, to, subject: staff_subject(id), text }))
    }

    async fn for_member(
        &self,
        member: MemberId,
        what: MemberMessage,
        message: &DueMessage,
    ) -> anyhow::Result<Next> {
        if !self.is_still_so(what, message).await? {
            return Ok(Next::Settle("no_longer_so"));
        }
        let stream = member.to_string();
        let record = self.ledger.load::<Member>(&stream).await?.state;
        let Some(email) = record.email().filter(|_| !record.asked_to_be_forgotten()) else {
            return Ok(Next::Settle("nobody_to_tell"));
        };
        let journey = self.ledger.load::<Journey>(&stream).await?.state;
        let zone = journey.time_zone.unwrap_or(NO_ZONE_TOLD);
        let now = self.clock.now();
        let at = may_leave_at(now, zone);
        if at > now {
            return Ok(Next::Wait(at));
        }
        let Some(email) = self.open(member, "email", email).await? else {
            return Ok(Next::Settle("nobody_to_tell"));
        };
        let name = match record.name() {
            Some(name) => self.open(member, "name", name).await?,
            None => None,
        };
        let Ok(to) = email.expose_secret().parse::<Address>() else {
            return Ok(Next::Settle("refused"));
        };
        let contact = self.settings.support_contact.as_deref();
        let name = name.as_ref().map(ExposeSecret::expose_secret);
        let text = what.text(name, &self.settings.public_url, contact);
        Ok(Next::Send(Mail { id: message.id, to, subject: what.subject().to_owned(), text }))
    }

    /// None, once the member's key is destroyed.
    async fn open<T>(
        &self,
        member: MemberId,
        field: &str,
        sealed: &Sealed<T>,
    ) -> anyhow::Result<Option<SecretString>> {
        let id = member.to_string();
        let place =
            Place { stream: "member", stream_id: &id, event: "ContactChanged", field, attempt: 0 };
        match self.vault.open_sealed(member, &place, sealed).await {
            Ok(clear) => Ok(Some(clear)),
            Err(VaultError::KeyDestroyed) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Much may have happened since: a message that waited for the morning must not be wrong then.
    async fn is_still_so(&self, what: MemberMessage, of: &DueMessage) -> anyhow::Result<bool> {
        let fact = |name: &str| of.facts[name].as_str().and_then(|text| text.parse().ok());
        if what == MemberMessage::RelinkNeeded {
            let Some(account) = fact("account_id").map(AccountId) else { return Ok(false) };
            let link = self.ledger.load::<PartnerAccount>(&account.to_string()).await?.state;
            return Ok(link.status() == VerificationStatus::RelinkNeeded);
        }
        let Some(reward) = fact("reward_id").map(RewardId) else { return Ok(false) };
        let reward = self.ledger.load::<Reward>(&reward.to_string()).await?.state;
        Ok(match what {
            MemberMessage::Delayed => matches!(
                reward.status(),
                RewardStatus::Pending
                    | RewardStatus::OnReview
                    | RewardStatus::Processing
                    | RewardStatus::Failed
            ),
            MemberMessage::Issued => matches!(
                reward.status(),
                RewardStatus::Issued | RewardStatus::PartlyRedeemed | RewardStatus::Redeemed
            ),
            MemberMessage::Expiring => reward.voucher().is_some_and(|voucher| {
                let ends_later = voucher.expires_at.is_some_and(|end| end > self.clock.now());
                // Of one that was replaced nobody needs to hear; the other has its own reminder.
                let of_attempt = of.facts["attempt"].as_u64();
                let is_it = of_attempt.is_none_or(|number| number == u64::from(voucher.attempt));
                ends_later && is_it && !voucher.is_voided && !voucher.remaining.is_zero()
            }),
            MemberMessage::AccountNeeded => reward.status() == RewardStatus::AwaitingAccount,
            MemberMessage::ChoiceNeeded => reward.status() == RewardStatus::AwaitingChoice,
            MemberMessage::RelinkNeeded => false,
        })
    }
}

/// How long to wait after this many tries, with up to half as much more.
fn wait_seconds(attempts: i32) -> i64 {
    let doublings = u32::try_from(attempts.clamp(1, 16) - 1).unwrap_or(0);
    let wait = (FIRST_WAIT_SECONDS << doublings).min(LONGEST_WAIT_SECONDS);
    wait + rand::rng().random_range(0..=wait / 2)
}
