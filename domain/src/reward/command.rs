//! What may be asked of a reward.

use chrono::{DateTime, NaiveDate, Utc};
use uuid::Uuid;

use super::event::{ChosenBecause, CreditState, FundingModel, RewardType, ValueKind};
use super::late::LateCommand;
use super::support::SupportCommand;
use crate::ids::{AccountId, MemberId, MilestoneId, PartnerId, PolicyVersion};
use crate::money::{Amount, Currency};
use crate::partner::ProductRules;
use crate::sealed::{Sealed, VoucherBarcode, VoucherCode, VoucherPin};

/// What a milestone's day brings, copied from the policy in force.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "the fields are those of `MilestoneReached`")]
pub struct ReachMilestone {
    pub member_id: MemberId,
    pub milestone: MilestoneId,
    pub milestone_days: u32,
    pub journey_number: u32,
    pub cycle: u32,
    pub reached_on: NaiveDate,
    pub policy_version: PolicyVersion,
    pub reward_type: RewardType,
    pub amount: Amount,
    pub currency: Currency,
    pub eligible_partners: Vec<PartnerId>,
    pub claim_only: Vec<PartnerId>,
    pub product_rules: ProductRules,
    /// Why a person should look at it first, if one should.
    pub hold: Option<String>,
}

/// A voucher as the partner gave it, its secrets sealed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "the fields are those of `VoucherIssued`")]
pub struct RecordVoucher {
    pub attempt: u32,
    pub voucher_id: String,
    pub amount: Amount,
    pub currency: Currency,
    pub code: Sealed<VoucherCode>,
    pub code_masked: String,
    pub code_tag: String,
    pub pin: Option<Sealed<VoucherPin>>,
    pub barcode: Option<Sealed<VoucherBarcode>>,
    pub expires_on: Option<NaiveDate>,
    pub expires_at: Option<DateTime<Utc>>,
    pub response_digest: String,
    pub issued_at: DateTime<Utc>,
}

/// A wish concerning a reward. Fields are named as in the event that follows from it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "the fields are those of the event that follows")]
pub enum RewardCommand {
    /// Record that the milestone was reached. Once for ever.
    Reach(Box<ReachMilestone>),
    /// Ask this partner (by the process).
    Choose {
        partner_id: PartnerId,
        product: String,
        kind: ValueKind,
        account_id: Option<AccountId>,
        reason: ChosenBecause,
    },
    /// Ask this partner (by the member). The same claim again is nothing new.
    Claim {
        partner_id: PartnerId,
        product: String,
        kind: ValueKind,
        account_id: Option<AccountId>,
    },
    /// Wait until the member has linked an account with one of these.
    AwaitAccount { partners: Vec<PartnerId> },
    /// Ask the member for a second proof before a claim.
    RequestVerification { partner_id: PartnerId, product: String, expires_at: DateTime<Utc> },
    /// The proof came.
    PassVerification,
    /// Let a person look first.
    Hold { why: String },
    /// A person has looked.
    Release,
    /// What the member had chosen cannot be had: they choose again.
    ReopenChoice { why: String },
    /// Write down the intent to ask the chosen partner.
    RequestIssuance {
        /// Whom the bytes are for: another one may have been chosen meanwhile.
        partner_id: PartnerId,
        attempt: u32,
        round: u32,
        funding_model: FundingModel,
        idempotency_key: Uuid,
        reference: String,
        request_digest: String,
        deadline: DateTime<Utc>,
        resolve_at: DateTime<Utc>,
    },
    /// Write down that the open attempt's bytes are about to leave once more.
    RepeatIssuance { attempt: u32, resolve_at: DateTime<Utc> },
    /// A definite no.
    RecordRefused { attempt: u32, code: String, temporary: bool, counts_as_try: bool },
    /// Surely not processed.
    RecordDeferred { attempt: u32, why: String, retry_at: DateTime<Utc> },
    /// Nobody knows.
    RecordUnknown { attempt: u32, why: String, resolve_at: DateTime<Utc> },
    /// Asked by our reference, the partner knows of nothing.
    RecordNotFound { attempt: u32 },
    /// The partner issued a voucher.
    RecordVoucher(Box<RecordVoucher>),
    /// The partner accepted a credit.
    RecordCredit {
        attempt: u32,
        credit_id: String,
        account_id: AccountId,
        account_masked: String,
        amount: Amount,
        currency: Currency,
        response_digest: String,
        applied_at: DateTime<Utc>,
    },
    /// The credit has come further.
    ProgressCredit { credit_id: String, state: CreditState, at: DateTime<Utc> },
    /// The credit has arrived. `amount` is the partner's word, when it said one.
    SettleCredit {
        credit_id: String,
        amount: Option<Amount>,
        state: Option<CreditState>,
        at: DateTime<Utc>,
    },
    /// The credit came back.
    ReturnCredit { credit_id: String, why: String, at: DateTime<Utc> },
    /// The member looks at the code.
    Reveal,
    /// Value was spent at a till.
    RecordRedemption {
        voucher_id: String,
        redemption_id: String,
        amount: Amount,
        redeemed_at: DateTime<Utc>,
    },
    /// A redemption was undone.
    ReverseRedemption {
        voucher_id: String,
        redemption_id: String,
        amount: Amount,
        at: DateTime<Utc>,
    },
    /// The last day is over. `unspent` is the partner's word, when it said one.
    ExpireVoucher { voucher_id: String, at: DateTime<Utc>, unspent: Option<Amount> },
    /// The partner took the rest off the voucher, as it had been asked to.
    VoidVoucher { voucher_id: String, taken_back: Amount },
    /// The partner does not take it back.
    RecordVoidRefused { voucher_id: String, code: String },
    /// The partner did not say.
    RecordVoidUnknown { voucher_id: String, why: String, resolve_at: DateTime<Utc> },
    /// Give up, and tell people.
    Fail { why: String },
    /// What is known of value that surfaced late.
    Late(LateCommand),
    /// What a person of the support team wishes.
    Support(SupportCommand),
}
