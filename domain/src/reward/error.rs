//! Which rule of a reward refused?

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::states::RewardStatus;
use super::support::SupportAction;
use crate::ids::PartnerId;
use crate::money::{Amount, MoneyError};

/// Why a wish was refused. A refusal changes nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RewardError {
    /// Nothing to do: the reward exists, and there is only ever one.
    #[error("this milestone has been recorded already")]
    AlreadyReached,
    /// Check the reward's id.
    #[error("there is no such reward")]
    NotReached,
    /// Read the reward again; it has moved on.
    #[error("not possible while the reward is {status}")]
    NotNow {
        /// Where it stands.
        status: RewardStatus,
    },
    /// Choose one of the reward's eligible partners.
    #[error("{partner_id} is not one of this reward's partners")]
    PartnerNotEligible {
        /// Who was named.
        partner_id: PartnerId,
    },
    /// Nothing to do: it comes from the partner that was chosen first.
    #[error("it already comes from {partner_id}")]
    AlreadyClaimed {
        /// Who was chosen.
        partner_id: PartnerId,
    },
    /// Link and verify an account there first.
    #[error("a credit at {partner_id} needs a verified account there")]
    AccountNeeded {
        /// Where.
        partner_id: PartnerId,
    },
    /// Settle the open attempt first: nobody else is asked meanwhile (D4).
    #[error("attempt {attempt} at {partner_id} is not settled")]
    Unsettled {
        /// Which.
        attempt: u32,
        /// Where.
        partner_id: PartnerId,
    },
    /// Load the reward again: another worker was first.
    #[error("attempt {given} is not the next one, which is {next}")]
    NotTheNextAttempt {
        /// What was asked for.
        given: u32,
        /// What would be next.
        next: u32,
    },
    /// Check the attempt's number.
    #[error("attempt {attempt} is not open")]
    AttemptNotOpen {
        /// Which.
        attempt: u32,
    },
    /// Leave it: somebody else is sending it.
    #[error("attempt {attempt} is under way")]
    UnderWay {
        /// Which.
        attempt: u32,
    },
    /// Find out first how the attempt ended: some byte of it may have arrived.
    #[error("attempt {attempt} may have been processed")]
    MayHaveBeenProcessed {
        /// Which.
        attempt: u32,
    },
    /// Cite a refusal that is on record.
    #[error("no refusal of attempt {attempt} is on record")]
    NoSuchRefusal {
        /// What was cited.
        attempt: u32,
    },
    /// Ask the partner: its answer is not what was ordered.
    #[error("{got} is not the {wanted} that was ordered")]
    NotWhatWasOrdered {
        /// The intent.
        wanted: String,
        /// The answer.
        got: String,
    },
    /// Ask the partner: one value is given once, and this one was.
    #[error("this was given before, for attempt {attempt}")]
    GivenBefore {
        /// Which.
        attempt: u32,
    },
    /// Ask the partner: it says that a credit arrived after it had come back.
    #[error("credit {credit_id} is said to have come back before it arrived")]
    ArrivedAfterReturn {
        /// Which.
        credit_id: String,
    },
    /// Check the voucher's or credit's id.
    #[error("this reward has no such voucher or credit")]
    NoSuchValue,
    /// Look into the partner's statement: one id, two amounts.
    #[error("redemption {redemption_id} is on record over {known}")]
    RedemptionDiffers {
        /// Which.
        redemption_id: String,
        /// What is on record.
        known: Amount,
    },
    /// Wait for the redemption, which may come later.
    #[error("redemption {redemption_id} is not on record")]
    NoSuchRedemption {
        /// Which.
        redemption_id: String,
    },
    /// Look into the partner's statement: more was spent than was there.
    #[error("{amount} is more than the {remaining} that is left")]
    Overspent {
        /// What was reported.
        amount: Amount,
        /// What is left.
        remaining: Amount,
    },
    /// Look into the partner's statement: a redemption takes something.
    #[error("redemption {redemption_id} is over nothing")]
    NothingSpent {
        /// Which.
        redemption_id: String,
    },
    /// Nothing to do: read what the first call came to.
    #[error("{action} of attempt {attempt} was done before")]
    AlreadyDone {
        /// What was done.
        action: SupportAction,
        /// On which attempt.
        attempt: u32,
        /// When.
        at: DateTime<Utc>,
    },
    /// Read the reward again, and name the attempt that it is at.
    #[error("attempt {given} is not the present one, which is {present}")]
    WrongAttempt {
        /// What was named.
        given: u32,
        /// Where the reward is; 0 before the first.
        present: u32,
    },
    /// Choose a partner that has not just been asked.
    #[error("{partner_id} is the one that was asked last")]
    NotAnother {
        /// Who was named.
        partner_id: PartnerId,
    },
    /// Agree on what happened first: a word that stands is agreed to as it is, or lapses.
    #[error("the first person said something else of attempt {attempt}")]
    OutcomeDiffers {
        /// Which.
        attempt: u32,
    },
    /// Wait until the partner has said whether it takes the voucher back.
    #[error("the partner is being asked to take the voucher back")]
    VoidOpen,
    /// Two different people are needed.
    #[error("{person} cannot be both people")]
    SamePerson {
        /// Who.
        person: Uuid,
    },
    /// An amount left its bounds.
    #[error("the amounts do not add up")]
    Money(#[from] MoneyError),
}
