//! What is known of a reward, and which rule answers which wish?
//!
//! Rows: R1, R2, D4.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    AttestationBegun, CreditState, FundingModel, LateValue, MilestoneReached, OpenVoid,
    RewardCommand, RewardError, RewardEvent, RewardStatus, SupportAct, ValueKind,
};
use crate::aggregate::aggregate;
use crate::ids::{AccountId, PartnerId};
use crate::money::Amount;
use crate::sealed::{Sealed, VoucherBarcode, VoucherCode, VoucherPin};

/// Where the value is to come from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the fields are those of `PartnerChosen`")]
pub struct Chosen {
    pub partner_id: PartnerId,
    pub product: String,
    pub kind: ValueKind,
    pub account_id: Option<AccountId>,
}

/// How an attempt stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum AttemptState {
    /// Written down; perhaps sent.
    Requested {
        /// From when it is looked into.
        resolve_at: DateTime<Utc>,
    },
    /// Surely not processed.
    Deferred {
        /// When it is sent again.
        retry_at: DateTime<Utc>,
    },
    /// Nobody knows.
    Unknown {
        /// When it is looked into again.
        resolve_at: DateTime<Utc>,
    },
    /// The partner knows of nothing; sent again under the same key.
    NotFound,
    /// A definite no.
    Refused,
    /// Two people settled that nothing was issued.
    AttestedNotIssued,
    /// It gave the value.
    Issued,
}

/// One try to have a partner issue value, under one idempotency key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the fields are those of `IssuanceRequested`")]
pub struct Attempt {
    pub attempt: u32,
    pub round: u32,
    pub partner_id: PartnerId,
    pub product: String,
    pub kind: ValueKind,
    pub funding_model: FundingModel,
    pub idempotency_key: Uuid,
    pub reference: String,
    pub request_digest: String,
    pub amount: Amount,
    /// How often it was put off.
    pub deferrals: u32,
    /// How often its outcome stayed unknown.
    pub looks: u32,
    /// Whether some byte of it may have arrived: a call of it ended without an answer. From then
    /// on only the partner's own word about this key settles it.
    pub may_have_arrived: bool,
    pub requested_at: DateTime<Utc>,
    pub state: AttemptState,
    /// How one person says that it ended.
    pub statement: Option<AttestationBegun>,
    /// The partner's id of what two people said was issued.
    pub attested_issued: Option<String>,
}

impl Attempt {
    /// Whether its outcome is still to come.
    #[must_use]
    pub fn is_open(&self) -> bool {
        match self.state {
            AttemptState::Requested { .. }
            | AttemptState::Deferred { .. }
            | AttemptState::Unknown { .. }
            | AttemptState::NotFound => true,
            AttemptState::Refused | AttemptState::AttestedNotIssued | AttemptState::Issued => {
                false
            }
        }
    }
}

/// What a partner once gave for this reward, whatever became of it since.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct GivenValue {
    pub attempt: u32,
    pub partner_id: PartnerId,
    /// The partner's id of it.
    pub partner_ref: String,
    /// Keyed hash of a voucher's code.
    pub code_tag: Option<String>,
}

/// A definite no that is on record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the fields are those of `IssuanceRefused`")]
pub struct Refusal {
    pub attempt: u32,
    pub partner_id: PartnerId,
    pub temporary: bool,
    pub counts_as_try: bool,
}

/// A voucher that exists.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the fields are those of `VoucherIssued`")]
pub struct IssuedVoucher {
    pub voucher_id: String,
    pub partner_id: PartnerId,
    pub attempt: u32,
    pub funding_model: FundingModel,
    pub amount: Amount,
    /// Face value less what was spent, expired or voided.
    pub remaining: Amount,
    /// What was booked as expired, and as of when.
    pub expired: Option<(Amount, DateTime<Utc>)>,
    /// Whether the partner took it back.
    pub is_voided: bool,
    pub code: Sealed<VoucherCode>,
    pub pin: Option<Sealed<VoucherPin>>,
    pub barcode: Option<Sealed<VoucherBarcode>>,
    pub expires_on: Option<NaiveDate>,
    pub expires_at: Option<DateTime<Utc>>,
    /// Redemptions on record; a reversed one keeps its id and is worth nothing.
    pub redemptions: BTreeMap<String, Redemption>,
}

/// A redemption on record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Redemption {
    /// What was spent.
    pub amount: Amount,
    /// Whether it was undone.
    pub is_reversed: bool,
}

/// A credit that a partner accepted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the fields are those of `CreditApplied`")]
pub struct IssuedCredit {
    pub credit_id: String,
    pub partner_id: PartnerId,
    pub attempt: u32,
    pub account_id: AccountId,
    pub amount: Amount,
    pub funding_model: FundingModel,
    pub state: CreditState,
    /// When it arrived, once it has.
    pub settled_at: Option<DateTime<Utc>>,
}

/// One reward.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Reward {
    pub(super) reached: Option<MilestoneReached>,
    pub(super) status: RewardStatus,
    pub(super) chosen: Option<Chosen>,
    pub(super) attempts: Vec<Attempt>,
    pub(super) refusals: Vec<Refusal>,
    pub(super) voucher: Option<IssuedVoucher>,
    pub(super) credit: Option<IssuedCredit>,
    /// All that was ever given: a repeat of it is nothing new, and nothing of it is given twice.
    pub(super) given: Vec<GivenValue>,
    /// Credits that came back, by the partner's ids, and when.
    pub(super) returned_credits: BTreeMap<String, DateTime<Utc>>,
    /// Accounts from which a credit came back: it would come back again.
    pub(super) returned_from: Vec<AccountId>,
    /// What surfaced for an attempt that had been settled otherwise.
    pub(super) late: Vec<LateValue>,
    /// What a void gave back: less than the face value when some of it had been spent.
    pub(super) given_back: Option<Amount>,
    /// What support did, oldest first.
    pub(super) acts: Vec<SupportAct>,
    /// How many of the refusals no longer count: those before support had it go on.
    pub(super) forgiven: usize,
    /// Since how many acts of support it is held back for a person to look at it.
    pub(super) held_after: Option<usize>,
    /// The void that the partner has not answered.
    pub(super) void: Option<OpenVoid>,
}

impl Reward {
    /// Whether this credit was given for it and came back.
    #[must_use]
    pub fn had_credit(&self, credit_id: &str) -> bool {
        self.returned_credits.contains_key(credit_id)
    }

    /// What follows from a wish.
    ///
    /// # Errors
    /// [`RewardError`] names the rule that refused.
    pub fn decide(
        &self,
        command: RewardCommand,
        at: DateTime<Utc>,
    ) -> Result<Vec<RewardEvent>, RewardError> {
        use RewardCommand as C;
        let (command, reached) = match (command, &self.reached) {
            (C::Reach(reach), None) => return Ok(Self::reach(*reach, at)),
            (C::Reach(_), Some(_)) => return Err(RewardError::AlreadyReached),
            (_, None) => return Err(RewardError::NotReached),
            (command, Some(reached)) => (command, reached),
        };
        match command {
            C::Reach(_)
            | C::Choose { .. }
            | C::Claim { .. }
            | C::AwaitAccount { .. }
            | C::RequestVerification { .. }
            | C::PassVerification
            | C::Hold { .. }
            | C::Release
            | C::ReopenChoice { .. }
            | C::Fail { .. } => self.decide_reaching(reached, command, at),
            C::RequestIssuance { .. }
            | C::RecordRefused { .. }
            | C::RecordDeferred { .. }
            | C::RecordUnknown { .. }
            | C::RecordNotFound { .. }
            | C::RepeatIssuance { .. }
            | C::RecordVoucher(_)
            | C::RecordCredit { .. } => self.decide_issuing(reached, command, at),
            C::ProgressCredit { .. }
            | C::SettleCredit { .. }
            | C::ReturnCredit { .. }
            | C::Reveal
            | C::RecordRedemption { .. }
            | C::ReverseRedemption { .. }
            | C::ExpireVoucher { .. } => self.decide_using(reached, command, at),
            C::VoidVoucher { .. } | C::RecordVoidRefused { .. } | C::RecordVoidUnknown { .. } => {
                self.decide_void(reached, command, at)
            }
            C::Late(word) => self.decide_late(reached, word, at),
            C::Support(wish) => self.decide_support(reached, wish, at),
        }
    }

    /// Where it stands.
    #[must_use]
    pub fn status(&self) -> RewardStatus {
        self.status
    }

    /// The milestone it came from; none while nothing has been recorded.
    #[must_use]
    pub fn reached(&self) -> Option<&MilestoneReached> {
        self.reached.as_ref()
    }

    /// Where the value is to come from.
    #[must_use]
    pub fn chosen(&self) -> Option<&Chosen> {
        self.chosen.as_ref()
    }

    /// The attempt whose outcome is still to come; there is at most one.
    #[must_use]
    pub fn open_attempt(&self) -> Option<&Attempt> {
        self.attempts.last().filter(|attempt| attempt.is_open())
    }

    /// The number of the last attempt; 0 before the first.
    #[must_use]
    pub fn last_attempt(&self) -> u32 {
        self.attempts.last().map_or(0, |attempt| attempt.attempt)
    }

    /// How often this partner was asked anew.
    #[must_use]
    pub fn rounds_at(&self, partner: &PartnerId) -> u32 {
        let rounds = self.attempts.iter().filter(|attempt| &attempt.partner_id == partner);
        rounds.map(|attempt| attempt.round).max().unwrap_or(0)
    }

    /// Every definite no, oldest first.
    #[must_use]
    pub fn refusals(&self) -> &[Refusal] {
        &self.refusals
    }

    /// Those that still count: what was refused before support had it go on does not.
    #[must_use]
    pub fn counting_refusals(&self) -> &[Refusal] {
        self.refusals.get(self.forgiven..).unwrap_or_default()
    }

    /// The voucher it became.
    #[must_use]
    pub fn voucher(&self) -> Option<&IssuedVoucher> {
        self.voucher.as_ref()
    }

    /// The credit it became.
    #[must_use]
    pub fn credit(&self) -> Option<&IssuedCredit> {
        self.credit.as_ref()
    }

    /// Whether a credit to this account came back.
    #[must_use]
    pub fn came_back_from(&self, account: AccountId) -> bool {
        self.returned_from.contains(&account)
    }

    /// What the member is still owed and nobody has issued.
    #[must_use]
    pub fn committed(&self) -> Amount {
        let whole = self.reached.as_ref().map_or(Amount::ZERO, |reached| reached.amount);
        self.given_back.unwrap_or(whole)
    }

    /// Whether the attempt of this reference has given its value.
    #[must_use]
    pub fn has_value_for(&self, reference: &str) -> bool {
        let mut of_it = self.attempts.iter().filter(|attempt| attempt.reference == reference);
        of_it.any(|attempt| attempt.state == AttemptState::Issued)
    }

    /// The attempt of this number.
    #[must_use]
    pub fn attempt(&self, number: u32) -> Option<&Attempt> {
        self.attempts.iter().find(|attempt| attempt.attempt == number)
    }
}

aggregate!(Reward: RewardCommand -> RewardEvent | RewardError);
