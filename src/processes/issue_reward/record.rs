//! What did the answer mean, and what is recorded of it? One event for every answer.
//!
//! Voucher secrets are sealed under the member's key before they become part of a command: from
//! there on nobody but the vault can read them.
//!
//! Rows: D1, D3, D4, R5, C4.

use anyhow::Context as _;
use domain::ids::{MemberId, PartnerId};
use domain::reward::{Attempt, LateCommand, RecordVoucher, RewardCommand, RewardError};
use domain::sealed::Sealed;
use secrecy::{ExposeSecret, SecretString};

use super::backoff;
use super::send::InHand;
use super::worker::IssueReward;
use crate::config::{GIVE_UP_HOURS, MAX_DEFERRALS, MAX_DEFERRED_HOURS};
use crate::ledger::ExecuteError;
use crate::partners::catalogue::CatalogueEntry;
use crate::partners::{Accepted, NewCredit, NewVoucher, Outcome};
use crate::vault::Place;

impl IssueReward {
    /// Records what a partner's answer to `attempt` meant.
    ///
    /// # Errors
    /// When the ledger or the vault cannot be reached: the outcome stays open and is asked for.
    pub(super) async fn record(
        &self,
        hand: &InHand,
        attempt: u32,
        partner: &PartnerId,
        outcome: Outcome,
    ) -> anyhow::Result<()> {
        if let Outcome::Accepted(accepted) = &outcome
            && !self.belongs_here(hand, (attempt, partner), accepted).await?
        {
            tracing::error!(reward.id = %hand.id, partner.id = %partner,
                "a partner gave what it had given for another reward");
            let twice = self.unknown(hand, attempt, "given_for_another_reward").await?;
            return match self.execute(hand, twice).await {
                Ok(_) | Err(ExecuteError::Refused(_)) => Ok(()),
                Err(error) => Err(error).context("the outcome could not be recorded"),
            };
        }
        let outcome = match outcome {
            Outcome::Accepted(accepted) if !self.is_awaited(hand, attempt).await? => {
                return self.found_late(hand, attempt, &accepted).await;
            }
            outcome => outcome,
        };
        let command = match outcome {
            Outcome::Accepted(Accepted::Voucher(voucher)) => {
                self.voucher(hand, attempt, partner, voucher).await?
            }
            Outcome::Accepted(Accepted::Credit(credit)) => {
                self.credit(hand, attempt, credit).await?
            }
            Outcome::Refused { code, temporary } => {
                RewardCommand::RecordRefused { attempt, code, temporary, counts_as_try: true }
            }
            Outcome::NotLetIn { code } => self.not_let_in(hand, attempt, code).await?,
            Outcome::Deferred { why, retry_after } => {
                self.deferred(hand, attempt, why, retry_after).await?
            }
            Outcome::Unknown { why } => self.unknown(hand, attempt, why).await?,
        };
        let is_value = matches!(
            command,
            RewardCommand::RecordVoucher(_) | RewardCommand::RecordCredit { .. }
        );
        match self.execute(hand, command).await {
            Ok(_) => Ok(()),
            Err(ExecuteError::Refused(refusal)) if is_value => {
                tracing::error!(reward.id = %hand.id, %refusal, "an answer that does not fit");
                let why = match refusal {
                    RewardError::GivenBefore { .. } => "given_before",
                    _ => "answer_does_not_fit",
                };
                let odd = self.unknown(hand, attempt, why).await?;
                self.execute(hand, odd).await?;
                Ok(())
            }
            Err(ExecuteError::Refused(refusal)) => {
                tracing::info!(reward.id = %hand.id, %refusal, "somebody else was first");
                Ok(())
            }
            Err(error) => Err(error).context("the outcome could not be recorded"),
        }
    }

    async fn is_awaited(&self, hand: &InHand, attempt: u32) -> anyhow::Result<bool> {
        let open = self.open_attempt(hand).await?;
        Ok(open.is_some_and(|open| open.attempt == attempt))
    }

    /// The attempt was settled before its answer came: what is known of it already is nothing new.
    async fn found_late(
        &self,
        hand: &InHand,
        attempt: u32,
        accepted: &Accepted,
    ) -> anyhow::Result<()> {
        let partner_ref = match accepted {
            Accepted::Voucher(voucher) => voucher.voucher_id.clone(),
            Accepted::Credit(credit) => credit.credit_id.clone(),
        };
        let found = RewardCommand::Late(LateCommand::Find { attempt, partner_ref });
        match self.execute(hand, found).await {
            Ok(_) => Ok(()),
            Err(ExecuteError::Refused(refusal)) => {
                tracing::error!(reward.id = %hand.id, attempt, %refusal, "a late answer is odd");
                Ok(())
            }
            Err(error) => Err(error).context("what came late could not be recorded"),
        }
    }

    /// Put off, unless it has been put off too often: then it is a refusal that is no try, provided
    /// that nothing of this attempt can ever have arrived.
    async fn deferred(
        &self,
        hand: &InHand,
        attempt: u32,
        why: &str,
        retry_after: Option<std::time::Duration>,
    ) -> anyhow::Result<RewardCommand> {
        let now = self.clock.now();
        let state = self.open_attempt(hand).await?;
        let Some(open) = state.filter(|open| open.attempt == attempt) else {
            return Ok(self.retry(attempt, why, 1, retry_after));
        };
        let too_often = open.deferrals >= MAX_DEFERRALS
            || now - open.requested_at >= chrono::Duration::hours(MAX_DEFERRED_HOURS);
        if open.may_have_arrived {
            return self.unknown(hand, attempt, why).await;
        }
        if too_often {
            tracing::error!(reward.id = %hand.id, partner.id = %open.partner_id, why,
                "a partner could not be reached for too long; the next one is asked");
            return Ok(RewardCommand::RecordRefused {
                attempt,
                code: "unreachable".to_owned(),
                temporary: true,
                counts_as_try: false,
            });
        }
        Ok(self.retry(attempt, why, open.deferrals + 1, retry_after))
    }

    /// A door that stays shut says nothing about an earlier call that may have come through it: a
    /// partner looks at who calls before it looks at the key.
    async fn not_let_in(
        &self,
        hand: &InHand,
        attempt: u32,
        code: String,
    ) -> anyhow::Result<RewardCommand> {
        let open = self.open_attempt(hand).await?;
        if open.is_some_and(|open| open.attempt == attempt && open.may_have_arrived) {
            return self.unknown(hand, attempt, "not_let_in").await;
        }
        Ok(RewardCommand::RecordRefused { attempt, code, temporary: false, counts_as_try: true })
    }

    fn retry(
        &self,
        attempt: u32,
        why: &str,
        deferrals: u32,
        retry_after: Option<std::time::Duration>,
    ) -> RewardCommand {
        let retry_at = self.clock.now() + backoff::wait(deferrals, retry_after);
        RewardCommand::RecordDeferred { attempt, why: why.to_owned(), retry_at }
    }

    async fn unknown(
        &self,
        hand: &InHand,
        attempt: u32,
        why: &str,
    ) -> anyhow::Result<RewardCommand> {
        let open = self.open_attempt(hand).await?;
        if let Some(open) = open.as_ref().filter(|open| self.is_unknown_for_too_long(open)) {
            tracing::error!(reward.id = %hand.id, partner.id = %open.partner_id, attempt, why,
                "nobody knows whether this was issued: two people have to settle it");
        }
        let looks = open.map_or(0, |open| open.looks);
        let resolve_at = self.clock.now() + backoff::wait(looks + 1, None);
        Ok(RewardCommand::RecordUnknown { attempt, why: why.to_owned(), resolve_at })
    }

    fn is_unknown_for_too_long(&self, open: &Attempt) -> bool {
        let entry = self.partners.catalogue().get(&open.partner_id);
        let contract = entry.and_then(CatalogueEntry::contract);
        let hours = contract.map_or(GIVE_UP_HOURS, |contract| contract.give_up_after_hours.into());
        self.clock.now() - open.requested_at >= chrono::Duration::hours(hours)
    }

    async fn voucher(
        &self,
        hand: &InHand,
        attempt: u32,
        partner: &PartnerId,
        new: NewVoucher,
    ) -> anyhow::Result<RewardCommand> {
        let zone = self.partners.catalogue().get(partner).map(|entry| entry.details().time_zone);
        let expires_at = new
            .expires_on
            .zip(zone)
            .and_then(|(day, zone)| Some(domain::clean_days::start_of_day(day.succ_opt()?, zone)));
        Ok(RewardCommand::RecordVoucher(Box::new(RecordVoucher {
            attempt,
            code_masked: masked(&new.code),
            code_tag: self.vault.partner_tag(partner, "voucher_code", &new.code),
            code: self.seal(hand, attempt, "code", &new.code).await?,
            pin: self.seal_if_any(hand, attempt, "pin", new.pin.as_ref()).await?,
            barcode: self.seal_if_any(hand, attempt, "barcode", new.barcode.as_ref()).await?,
            voucher_id: new.voucher_id,
            amount: new.amount,
            currency: new.currency,
            expires_on: new.expires_on,
            expires_at,
            response_digest: new.response_digest,
            issued_at: new.issued_at,
        })))
    }

    async fn credit(
        &self,
        hand: &InHand,
        attempt: u32,
        new: NewCredit,
    ) -> anyhow::Result<RewardCommand> {
        let chosen = hand.reward.chosen().and_then(|chosen| chosen.account_id);
        let account_id = chosen.context("a credit is ordered for an account")?;
        let account = self
            .account(hand.reached.member_id, account_id)
            .await?
            .context("a credit goes to an account that was linked")?;
        Ok(RewardCommand::RecordCredit {
            attempt,
            credit_id: new.credit_id,
            account_id: account.account_id,
            account_masked: account.account_masked,
            amount: new.amount,
            currency: new.currency,
            response_digest: new.response_digest,
            applied_at: new.applied_at,
        })
    }

    async fn seal<T>(
        &self,
        hand: &InHand,
        attempt: u32,
        field: &str,
        clear: &SecretString,
    ) -> anyhow::Result<Sealed<T>> {
        let stream_id = hand.id.to_string();
        let member: MemberId = hand.reached.member_id;
        let place = Place {
            stream: "reward",
            stream_id: &stream_id,
            event: "VoucherIssued",
            field,
            attempt,
        };
        Ok(self.vault.seal(member, &place, clear).await?)
    }

    async fn seal_if_any<T>(
        &self,
        hand: &InHand,
        attempt: u32,
        field: &str,
        clear: Option<&SecretString>,
    ) -> anyhow::Result<Option<Sealed<T>>> {
        match clear {
            Some(clear) => Ok(Some(self.seal(hand, attempt, field, clear).await?)),
            None => Ok(None),
        }
    }
}

/// The last four characters; of a code too short to hide the rest, none.
pub fn masked(code: &SecretString) -> String {
    let characters: Vec<char> = code.expose_secret().chars().collect();
    let shown = if characters.len() >= 8 { characters.len() - 4 } else { characters.len() };
    let hidden: String = characters[..shown].iter().map(|_| '•').collect();
    hidden + &characters[shown..].iter().collect::<String>()
}
