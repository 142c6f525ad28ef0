//! What does an event say, in plain words? For whoever has a member on the telephone.
//!
//! Rows: R6, M5.

use serde_json::Value;

/// One sentence for one event; `details` are its fields that may be shown.
pub(super) fn words(event: &str, details: &Value) -> String {
    let of = |name: &str| match &details[name] {
        Value::String(text) => text.replace('_', " "),
        Value::Null => "somebody".to_owned(),
        other => other.to_string(),
    };
    let partner = details["partner_id"].as_str().unwrap_or("the partner");
    match event {
        "MilestoneReached" => {
            format!("The member reached {} days: ${}.", of("milestone_days"), of("amount"))
        }
        "PartnerChosen" => format!("It is to come from {partner} ({}).", of("because")),
        "AccountAwaited" => "It waits until the member has linked an account.".to_owned(),
        "VerificationRequested" => "The member is asked for a second proof.".to_owned(),
        "VerificationPassed" => "The second proof came.".to_owned(),
        "RewardHeld" => format!("It is held until a person has looked: {}.", of("why")),
        "RewardReleased" => "A person has looked; it goes on.".to_owned(),
        "IssuanceRequested" => format!("Attempt {}: {partner} is asked.", of("attempt")),
        "IssuanceRepeated" => format!("{partner} is asked once more, under the same key."),
        "IssuanceRefused" => format!("{partner} said no: {}.", of("code")),
        "IssuanceDeferred" => {
            format!("Put off: {}. {partner} is asked again later; nothing was sent.", of("why"))
        }
        "IssuanceOutcomeUnknown" => format!(
            "Nobody knows whether {partner} gave it: {}. It is asked about; nobody else is asked.",
            of("why")
        ),
        "IssuanceNotFound" => format!("{partner} knows of nothing yet."),
        "VoucherIssued" => format!("{partner} gave a voucher over ${}.", of("amount")),
        "CreditApplied" => format!("{partner} took a credit of ${}.", of("amount")),
        "CreditProgressed" => format!("The credit has come further: {}.", of("state")),
        "CreditSettled" => "The credit has arrived.".to_owned(),
        "CreditReturned" => format!("The credit came back: {}.", of("why")),
        "VoucherRevealed" => "The member looked at the code.".to_owned(),
        "VoucherRedeemed" => {
            format!("${} was spent; ${} is left.", of("amount"), of("remaining"))
        }
        "RedemptionReversed" => format!("${} came back at the till.", of("amount")),
        "VoucherExpired" if of("unspent") == "0.00" => {
            "Its last day is over; all of it had been spent.".to_owned()
        }
        "VoucherExpired" => format!("Its last day is over; ${} was not spent.", of("unspent")),
        "ExpiryUndone" => "It was not over yet: earlier spending was told late.".to_owned(),
        "VoidRequested" => format!("{partner} is asked to take the voucher back."),
        "VoidOutcomeUnknown" => {
            format!("{partner} has not said whether it took it back: {}.", of("why"))
        }
        "VoidRefused" => format!("{partner} did not take it back: {}.", of("code")),
        "VoucherVoided" => format!("{partner} took back ${}.", of("unspent")),
        "AttestationBegun" => match details["issued"].as_bool() {
            Some(true) => format!("One person says that {partner} issued it."),
            _ => format!("One person says that {partner} issued nothing."),
        },
        "OutcomeAttested" => match details["issued"].as_bool() {
            Some(true) => format!("Two people say that {partner} issued it."),
            _ => format!("Two people say that {partner} issued nothing."),
        },
        "LateIssueFound" => {
            format!("{partner} gave something for an attempt that was settled: please look.")
        }
        "ChoiceReopened" => {
            format!("{partner} cannot give it ({}): the member chooses again.", of("why"))
        }
        "RewardResumed" => format!("It goes on ({}).", of("resumed_by")),
        "RewardFailed" => format!("Nobody could give it: {}.", of("why")),
        "RewardCancelled" => "It was taken off the books.".to_owned(),
        other => of_late(other, partner, of),
    }
}

/// What became of something that was given for an attempt that was settled.
fn of_late(event: &str, partner: &str, of: impl Fn(&str) -> String) -> String {
    match event {
        "RecallRequested" => format!("{partner} is asked to take that back."),
        "RecallOutcomeUnknown" => {
            format!("{partner} has not said whether it took that back: {}.", of("why"))
        }
        "LateIssueRecalled" => format!("{partner} took back ${} of that.", of("amount")),
        "LateIssueLost" => {
            format!("${} of that does not come back ({}): a loss.", of("amount"), of("why"))
        }
        other => format!("{other}."),
    }
}
