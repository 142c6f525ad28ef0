//! Which notice becomes which command?
//!
//! A notice never creates value: an "issued" is evidence and nothing else. What a rule refuses is
//! parked with the rule's own sentence. What may only be early waits for its cause, or is parked
//! and tried again whenever something else about the same voucher or credit was applied: the order
//! in which notices come makes no difference to where they end.
//!
//! Rows: W1, W5, W6.

use domain::ids::{PartnerId, RewardId};
use domain::money::Currency;
use domain::partner::{Partner, PartnerCommand};
use domain::partner_account::{PartnerAccount, PartnerAccountCommand};
use domain::reward::{Reward, RewardCommand, RewardError};
use projections::{rewards, user_partner_accounts as accounts};
use secrecy::SecretString;
use sqlx::PgPool;
use uuid::Uuid;

use crate::ledger::{Context, ExecuteError, Ledger};
use crate::partners::Notice;
use crate::vault::Vault;

/// What a reversal waits for that came before what it reverses.
pub(super) const AWAITS_REDEMPTION: &str = "redemption_not_yet_known";

/// What became of a notice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Applied {
    /// Its effect is in the ledger.
    Done,
    /// Its cause is not there yet.
    NotYet(&'static str),
    /// It cannot be applied to what is known so far, and may fit once more is; why.
    Early(String),
    /// It cannot be applied; why.
    Parked(String),
}

/// What applying needs.
pub struct Applying<'a> {
    /// Where commands go.
    pub ledger: &'a Ledger,
    /// Where rewards are looked up.
    pub pool: &'a PgPool,
    /// What finds an account by its number.
    pub vault: &'a Vault,
    /// Who told us.
    pub partner: &'a PartnerId,
    /// Who, why, and as part of what.
    pub context: &'a Context,
}

impl Applying<'_> {
    /// Applies a notice.
    ///
    /// # Errors
    /// When the ledger or the read model cannot be reached: it is tried again.
    pub async fn apply(&self, notice: Notice) -> anyhow::Result<Applied> {
        match notice {
            Notice::VoucherRedeemed { voucher_id, redemption_id, amount, redeemed_at, .. } => {
                let voucher = voucher_id.clone();
                let command = RewardCommand::RecordRedemption {
                    voucher_id,
                    redemption_id,
                    amount,
                    redeemed_at,
                };
                self.to_voucher(&voucher, command).await
            }
            Notice::RedemptionReversed { voucher_id, redemption_id, amount, at, .. } => {
                let voucher = voucher_id.clone();
                let command =
                    RewardCommand::ReverseRedemption { voucher_id, redemption_id, amount, at };
                self.to_voucher(&voucher, command).await
            }
            Notice::VoucherExpired { voucher_id, expired_at, unspent } => {
                let voucher = voucher_id.clone();
                let (at, unspent) = (expired_at, Some(unspent));
                let command = RewardCommand::ExpireVoucher { voucher_id, at, unspent };
                self.to_voucher(&voucher, command).await
            }
            Notice::VoucherIssued { reference, voucher_id } => {
                self.evidence(&reference, &voucher_id).await
            }
            Notice::CreditApplied { credit_id, amount, state, applied_at: at, .. } => {
                let credit = credit_id.clone();
                let amount = Some(amount);
                let command = RewardCommand::SettleCredit { credit_id, amount, state, at };
                self.to_credit(&credit, command).await
            }
            Notice::CreditProgressed { credit_id, state, at, .. } => {
                let credit = credit_id.clone();
                let command = RewardCommand::ProgressCredit { credit_id, state, at };
                self.to_credit(&credit, command).await
            }
            Notice::CreditReturned { credit_id, why, returned_at: at, .. } => {
                let credit = credit_id.clone();
                let command = RewardCommand::ReturnCredit { credit_id, why, at };
                self.to_credit(&credit, command).await
            }
            Notice::FloatLow { balance, threshold, at } => {
                let currency = Currency::AUD;
                let command = PartnerCommand::ReportFloatLow { balance, threshold, currency, at };
                self.to_partner(command).await
            }
            Notice::BillGenerated { account, bill_id, amount, due_on, at } => {
                let currency = Currency::AUD;
                let command =
                    PartnerAccountCommand::RecordBill { bill_id, amount, currency, due_on, at };
                self.to_account(account, command).await
            }
            Notice::PaymentReceived { account, payment_id, amount, at } => {
                let currency = Currency::AUD;
                let command =
                    PartnerAccountCommand::RecordPayment { payment_id, amount, currency, at };
                self.to_account(account, command).await
            }
            Notice::AccountLow { account, balance, threshold, at } => {
                let currency = Currency::AUD;
                let command =
                    PartnerAccountCommand::RecordLowBalance { balance, threshold, currency, at };
                self.to_account(account, command).await
            }
            Notice::Unknown { .. } => Ok(Applied::Parked("unknown_kind".into())),
        }
    }

    /// A voucher that we have on record. One that stays unknown is for people, and one beside what
    /// the answer gave at once: nothing is made of it here.
    async fn evidence(&self, reference: &str, voucher_id: &str) -> anyhow::Result<Applied> {
        let found = rewards::query::find_by_voucher(self.pool, self.partner, voucher_id).await?;
        if found.is_some() {
            return Ok(Applied::Done);
        }
        let not_yet = Applied::NotYet("no_such_voucher_ordered_yet");
        let Some(ordered) = self.given("reference", reference).await? else { return Ok(not_yet) };
        let reward = self.ledger.load::<Reward>(&ordered.to_string()).await?.state;
        Ok(if !reward.has_value_for(reference) {
            not_yet
        } else if self.given("voucher_id", voucher_id).await? == Some(ordered) {
            Applied::Done
        } else {
            Applied::Parked("another_voucher_than_was_answered".to_owned())
        })
    }

    /// The reward that this partner gave a value for.
    async fn given(&self, what: &str, value: &str) -> anyhow::Result<Option<Uuid>> {
        let given = sqlx::query_scalar(
            "SELECT reward_id FROM given_values
              WHERE partner_id = $1 AND what = $2 AND value = $3",
        );
        let given = given.bind(self.partner.as_str()).bind(what).bind(value);
        Ok(given.fetch_optional(self.pool).await?)
    }

    async fn to_partner(&self, command: PartnerCommand) -> anyhow::Result<Applied> {
        let stream = self.partner.as_str();
        match self.ledger.execute::<Partner, _>(stream, command, self.context).await {
            Ok(_) | Err(ExecuteError::Duplicate { .. }) => Ok(Applied::Done),
            Err(ExecuteError::Refused(refusal)) => Ok(Applied::Parked(refusal.to_string())),
            Err(error) => Err(error.into()),
        }
    }

    async fn to_credit(&self, credit: &str, command: RewardCommand) -> anyhow::Result<Applied> {
        let found = rewards::query::find_by_credit(self.pool, self.partner, credit).await?;
        let found = match found {
            Some(reward) => Some(reward),
            None => self.was_given(credit).await?,
        };
        self.to_reward(found, command).await
    }

    /// The reward whose credit came back before this word of it arrived.
    async fn was_given(&self, credit: &str) -> anyhow::Result<Option<RewardId>> {
        let Some(given) = self.given("credit_id", credit).await? else { return Ok(None) };
        // Given, and perhaps not on record yet: then the partner's word was quicker than ours.
        let reward = self.ledger.load::<Reward>(&given.to_string()).await?.state;
        Ok(Some(RewardId(given)).filter(|_| reward.had_credit(credit)))
    }

    /// The account is found by a keyed hash of its number: what is not linked is not ours to know.
    async fn to_account(
        &self,
        number: String,
        command: PartnerAccountCommand,
    ) -> anyhow::Result<Applied> {
        let number = SecretString::from(number);
        let tag = self.vault.partner_tag(self.partner, "account_number", &number);
        let found = accounts::query::linked_with_tag(self.pool, self.partner, &tag).await?;
        let Some(account) = found else {
            let is_over = accounts::query::was_linked_with_tag(self.pool, self.partner, &tag);
            return Ok(if is_over.await? {
                Applied::Parked("account_no_longer_linked".to_owned())
            } else {
                Applied::NotYet("no_account_of_that_number_yet")
            });
        };
        let stream = account.to_string();
        match self.ledger.execute::<PartnerAccount, _>(&stream, command, self.context).await {
            Ok(_) | Err(ExecuteError::Duplicate { .. }) => Ok(Applied::Done),
            Err(ExecuteError::Refused(refusal)) => Ok(Applied::Parked(refusal.to_string())),
            Err(error) => Err(error.into()),
        }
    }

    async fn to_voucher(
        &self,
        voucher_id: &str,
        command: RewardCommand,
    ) -> anyhow::Result<Applied> {
        let found = rewards::query::find_by_voucher(self.pool, self.partner, voucher_id).await?;
        self.to_reward(found, command).await
    }

    async fn to_reward(
        &self,
        reward: Option<RewardId>,
        command: RewardCommand,
    ) -> anyhow::Result<Applied> {
        let Some(reward) = reward else { return Ok(Applied::NotYet("nothing_of_that_id_yet")) };
        let stream = reward.to_string();
        match self.ledger.execute::<Reward, _>(&stream, command, self.context).await {
            Ok(_) | Err(ExecuteError::Duplicate { .. }) => Ok(Applied::Done),
            // Whether it is taken back or over is for its partner to say, and is being asked.
            Err(ExecuteError::Refused(RewardError::VoidOpen)) => {
                Ok(Applied::NotYet("the_voucher_is_being_taken_back"))
            }
            Err(ExecuteError::Refused(RewardError::NoSuchRedemption { .. })) => {
                Ok(Applied::NotYet(AWAITS_REDEMPTION))
            }
            Err(ExecuteError::Refused(
                refusal @ (RewardError::Overspent { .. } | RewardError::NotWhatWasOrdered { .. }),
            )) => Ok(Applied::Early(refusal.to_string())),
            Err(ExecuteError::Refused(refusal)) => Ok(Applied::Parked(refusal.to_string())),
            Err(error) => Err(error.into()),
        }
    }
}
