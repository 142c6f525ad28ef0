//! Asked for, verified, ended: what may follow what?
//!
//! Rows: R4.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::*;
use crate::ids::MemberId;
use crate::sealed::Sealed;

fn now() -> DateTime<Utc> {
    "2026-11-24T03:00:00Z".parse().unwrap()
}

fn ask() -> PartnerAccountCommand {
    PartnerAccountCommand::RequestLink {
        member_id: MemberId(Uuid::from_u128(1)),
        partner_id: "agl".parse().unwrap(),
        link_number: 1,
        account_type: "utility".to_owned(),
        account_number: Sealed::from_ciphertext(vec![1]),
        account_masked: "••••7890".to_owned(),
        account_tag: "tag".to_owned(),
        security_code: None,
        scope: None,
    }
}

fn given(commands: Vec<PartnerAccountCommand>) -> PartnerAccount {
    let mut account = PartnerAccount::default();
    for command in commands {
        let events = account.decide(command, now()).unwrap();
        events.iter().for_each(|event| account.evolve(event));
    }
    account
}

type Names = Result<Vec<&'static str>, PartnerAccountError>;

fn when(account: &PartnerAccount, command: PartnerAccountCommand) -> Names {
    Ok(account.decide(command, now())?.iter().map(PartnerAccountEvent::name).collect())
}

fn why() -> String {
    "tested".to_owned()
}

#[test]
fn only_what_was_asked_for_can_be_verified() {
    use PartnerAccountCommand as C;
    assert_eq!(when(&given(vec![]), C::Verify), Err(PartnerAccountError::NotRequested));
    assert_eq!(when(&given(vec![]), ask()), Ok(vec!["AccountLinkRequested"]));
    assert_eq!(when(&given(vec![ask()]), ask()), Ok(vec![]), "the same again is nothing new");
    assert_eq!(when(&given(vec![ask()]), C::Link), Ok(vec!["AccountLinked"]));
    assert_eq!(when(&given(vec![ask()]), C::Verify), Ok(vec!["AccountVerified"]));
    assert_eq!(when(&given(vec![ask(), C::Verify]), C::Verify), Ok(vec![]));
    assert!(when(&given(vec![ask(), C::Verify]), C::Link).is_err());
}

#[test]
fn a_refused_account_stays_refused_and_an_unlinked_one_unlinked() {
    use PartnerAccountCommand as C;
    let refused = given(vec![ask(), C::Refuse { why: why() }]);
    assert_eq!(refused.status(), VerificationStatus::Refused);
    assert_eq!(when(&refused, C::Refuse { why: why() }), Ok(vec![]));
    assert!(when(&refused, C::Verify).is_err());
    let ended = given(vec![ask(), C::Verify, C::Unlink { why: why() }]);
    assert_eq!(when(&ended, C::Unlink { why: why() }), Ok(vec![]));
    assert!(when(&ended, C::Verify).is_err());
    assert!(when(&ended, C::Refuse { why: why() }).is_err());
}

#[test]
fn a_lost_link_is_agreed_to_once_more() {
    use PartnerAccountCommand as C;
    let lost = given(vec![ask(), C::Verify, C::NeedRelink { why: why() }]);
    assert_eq!(lost.status(), VerificationStatus::RelinkNeeded);
    assert_eq!(when(&lost, C::NeedRelink { why: why() }), Ok(vec![]));
    assert_eq!(when(&lost, C::Verify), Ok(vec!["AccountVerified"]));
    assert!(when(&given(vec![ask()]), C::NeedRelink { why: why() }).is_err());
}

#[test]
fn bills_and_payments_are_kept_once() {
    use PartnerAccountCommand as C;
    let (amount, currency) = ("80.00".parse().unwrap(), "AUD".parse().unwrap());
    let bill = C::RecordBill {
        bill_id: "B1".to_owned(),
        amount,
        currency,
        due_on: "2026-12-01".parse().unwrap(),
        at: now(),
    };
    let payment = C::RecordPayment { payment_id: "P1".to_owned(), amount, currency, at: now() };
    let low = C::RecordLowBalance { balance: amount, threshold: amount, currency, at: now() };
    for (command, name) in [(bill, "BillGenerated"), (payment, "PaymentReceived")] {
        assert_eq!(when(&given(vec![ask()]), command.clone()), Ok(vec![name]));
        assert_eq!(when(&given(vec![ask(), command.clone()]), command.clone()), Ok(vec![]));
        assert!(when(&given(vec![ask(), C::Unlink { why: why() }]), command).is_err());
    }
    assert_eq!(when(&given(vec![ask()]), low), Ok(vec!["LowBalanceReported"]));
}
