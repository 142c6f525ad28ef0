//! Which notice becomes which command?
//!
//! A notice never creates value: an "issued" is evidence and nothing else, and of an attempt that
//! was settled otherwise it is a loss that was found. What a rule refuses is parked with the rule's
//! own sentence. What may only be early waits for its cause, or is parked and tried again whenever
//! something else about the same voucher or credit was applied: the order in which notices come
//! makes no difference to where they end.
//!
//! Rows: W1, W5, W6, D4.

use chrono::{DateTime, Utc};
use domain::ids::{PartnerId, RewardId};
use domain::money::{Amount, Currency};
use domain::partner::{Partner, PartnerCommand};
use domain::partner_account::{PartnerAccount, PartnerAccountCommand};
use domain::reward::{
    Attempt, AttemptState, CreditState, LateCommand, Reward, RewardCommand, RewardError,
};
use projections::{reward_history, rewards, user_partner_accounts as accounts};
use secrecy::SecretString;
use sqlx::PgPool;

use crate::ledger::{Context, ExecuteError, Ledger, ValueName};
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
            Notice::VoucherIssued { reference: of, voucher_id } => {
                self.evidence(&of, voucher_id).await
            }
            Notice::CreditApplied { credit_id, reference, amount, state, applied_at, .. } => {
                let credit = (credit_id, amount);
                self.credit_applied(&reference, credit, (state, applied_at)).await
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

    /// A credit of ours has arrived, or one of an attempt that was settled otherwise.
    async fn credit_applied(
        &self,
        reference: &str,
        (credit_id, amount): (String, Amount),
        (state, at): (Option<CreditState>, DateTime<Utc>),
    ) -> anyhow::Result<Applied> {
        if let Some(late) = self.late_credit(reference, &credit_id, amount).await? {
            return Ok(late);
        }
        let (credit, amount) = (credit_id.clone(), Some(amount));
        let command = RewardCommand::SettleCredit { credit_id, amount, state, at };
        self.to_credit(&credit, command).await
    }

    /// A voucher that we have on record, or one of an attempt that was settled otherwise. One that
    /// stays unknown is for people: nothing is made of it here.
    async fn evidence(&self, reference: &str, voucher_id: String) -> anyhow::Result<Applied> {
        let found = rewards::query::find_by_voucher(self.pool, self.partner, &voucher_id).await?;
        if found.is_some() {
            return Ok(Applied::Done);
        }
        let found = reward_history::query::attempt_of(self.pool, self.partner, reference).await?;
        let Some(of) = found else { return Ok(Applied::NotYet("no_such_voucher_ordered_yet")) };
        self.surfaced(of, (ValueName::VoucherId, voucher_id)).await
    }

    /// A credit of an attempt that was settled otherwise; none for every other one.
    async fn late_credit(
        &self,
        reference: &str,
        credit_id: &str,
        amount: Amount,
    ) -> anyhow::Result<Option<Applied>> {
        if self.reward_of_credit(credit_id).await?.is_some() {
            return Ok(None);
        }
        let found = reward_history::query::attempt_of(self.pool, self.partner, reference).await?;
        let Some((reward, number)) = found else { return Ok(None) };
        let state = self.ledger.load::<Reward>(&reward.to_string()).await?.state;
        // Ours to answer first; and what is on record is only not shown yet.
        let Some(attempt) = state.attempt(number).filter(|attempt| !attempt.is_open()) else {
            return Ok(None);
        };
        if state.credit().is_some_and(|credit| credit.credit_id == credit_id) {
            return Ok(None);
        }
        if attempt.amount != amount {
            return Ok(Some(Applied::Parked("late_and_not_what_was_ordered".to_owned())));
        }
        let credit = (ValueName::CreditId, credit_id.to_owned());
        Ok(Some(self.surfaced((reward, number), credit).await?))
    }

    /// Value of an attempt of ours, by the partner's word: found late, unless it is on record.
    async fn surfaced(
        &self,
        (reward, attempt): (RewardId, u32),
        (name, partner_ref): (ValueName, String),
    ) -> anyhow::Result<Applied> {
        let stream = reward.to_string();
        let state = self.ledger.load::<Reward>(&stream).await?.state;
        if state.attempt(attempt).is_some_and(Attempt::is_open) {
            return Ok(Applied::NotYet("no_such_voucher_ordered_yet"));
        }
        // Beside what the answer gave: for people, and nothing is made of it here.
        let is_answered =
            state.attempt(attempt).is_some_and(|of| of.state == AttemptState::Issued);
        let given_for = self.ledger.given_for(self.partner, (name, &partner_ref)).await?;
        if is_answered && given_for != Some(reward) {
            return Ok(Applied::Parked("another_voucher_than_was_answered".to_owned()));
        }
        let named = [(name, partner_ref.as_str())];
        if !self.ledger.belongs_to(reward, self.partner, &named).await? {
            return Ok(Applied::Parked("given_for_another_reward".to_owned()));
        }
        let found = RewardCommand::Late(LateCommand::Find { attempt, partner_ref });
        self.to_reward(Some(reward), found).await
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
        let found = self.reward_of_credit(credit).await?;
        self.to_reward(found, command).await
    }

    async fn reward_of_credit(&self, credit: &str) -> anyhow::Result<Option<RewardId>> {
        match rewards::query::find_by_credit(self.pool, self.partner, credit).await? {
            Some(reward) => Ok(Some(reward)),
            None => self.was_given(credit).await,
        }
    }

    /// The reward whose credit came back before this word of it arrived.
    async fn was_given(&self, credit: &str) -> anyhow::Result<Option<RewardId>> {
        let named = (ValueName::CreditId, credit);
        let Some(given) = self.ledger.given_for(self.partner, named).await? else {
            return Ok(None);
        };
        // Given, and perhaps not on record yet: then the partner's word was quicker than ours.
        let reward = self.ledger.load::<Reward>(&given.to_string()).await?.state;
        Ok(Some(given).filter(|_| reward.had_credit(credit)))
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
