//! What does a member read of a reward? Details of what was given, and one sentence for its status.
//!
//! Plain and warm, never a game, and nobody is blamed.
//!
//! Rows: M5, R5.

use domain::reward::{CreditApplied, RewardStatus, VoucherIssued};
use serde_json::{Value, json};

/// The details of a voucher, its code masked.
pub(super) fn of_voucher(e: &VoucherIssued) -> Value {
    json!({
        "voucherId": e.voucher_id,
        "voucherCode": e.code_masked,
        "expiresAt": e.expires_at,
        "expiresOn": e.expires_on,
        "amount": e.amount,
        "remaining": e.amount,
        "currency": e.currency,
    })
}

/// The details of a credit.
pub(super) fn of_credit(e: &CreditApplied) -> Value {
    json!({
        "creditId": e.credit_id,
        "reference": e.reference,
        "accountMasked": e.account_masked,
        "state": "accepted",
        "appliedAt": e.occurred_at,
    })
}

/// The ciphertexts of a voucher, and what the vault needs to find the right key for them.
pub(super) fn sealed(e: &VoucherIssued) -> Value {
    json!({ "attempt": e.attempt, "code": e.code, "pin": e.pin, "barcode": e.barcode })
}

/// One sentence for the member about a credit that was given; none before that.
pub(super) fn message_of_credit(status: RewardStatus, state: &str) -> Option<&'static str> {
    match (status, state) {
        (RewardStatus::Issued, "awaiting_tap") => {
            Some("Please tap your card at a reader to collect this.")
        }
        (RewardStatus::Issued, "dormant") => {
            Some("This waits for you: tap your card at a reader, and it comes back within a day.")
        }
        (RewardStatus::Issued, _) => {
            Some("This has been sent to your account. It can take a few days to show there.")
        }
        (RewardStatus::Redeemed, _) => Some("This is on your account. We hope it helps."),
        _ => None,
    }
}

/// One sentence for the member.
pub(super) fn message(status: RewardStatus) -> &'static str {
    match status {
        RewardStatus::Pending => "We are arranging this for you.",
        RewardStatus::AwaitingChoice => {
            "Choose where you would like this from, whenever you like."
        }
        RewardStatus::AwaitingAccount => {
            "Link an account with one of these partners, and this will be sent there."
        }
        RewardStatus::AwaitingVerification => "One more step: please confirm that it is you.",
        RewardStatus::OnReview => "Someone from our team is taking a look. Nothing is lost.",
        RewardStatus::Processing => "This is on its way. It can take a little while.",
        RewardStatus::Issued => "This is yours.",
        RewardStatus::PartlyRedeemed => "This is yours; some of it is still left to use.",
        RewardStatus::Redeemed => "You have used this. We hope it helped.",
        RewardStatus::Expired => "The last day to use this has passed.",
        RewardStatus::Failed => "This could not be arranged yet. Our team knows and will help.",
        RewardStatus::Cancelled => {
            "This was taken back. Please ask us if you would like to know why."
        }
    }
}
