//! Contact, consent, referrals, and being forgotten: what may follow what?
//!
//! Rows: C1, C2, P5.

use chrono::{DateTime, Duration, Utc};
use uuid::Uuid;

use super::*;
use crate::ids::{MemberId, PartnerId, ReferralId};
use crate::sealed::Sealed;

fn now() -> DateTime<Utc> {
    "2026-11-24T03:00:00Z".parse().unwrap()
}

fn agl() -> PartnerId {
    "agl".parse().unwrap()
}

fn contact(tag: &str) -> MemberCommand {
    MemberCommand::ChangeContact {
        email: Some(Sealed::from_ciphertext(vec![1])),
        name: None,
        locale: Some("en-AU".to_owned()),
        contact_tag: tag.to_owned(),
    }
}

fn consent() -> MemberCommand {
    let text_version = "2026-01".to_owned();
    MemberCommand::GiveConsent { purpose: ConsentPurpose::Link, partner_id: agl(), text_version }
}

fn withdraw() -> MemberCommand {
    MemberCommand::WithdrawConsent { purpose: ConsentPurpose::Link, partner_id: agl() }
}

fn given(commands: Vec<MemberCommand>) -> Member {
    let mut member = Member::default();
    for command in commands {
        let events = member.decide(command, now()).unwrap();
        events.iter().for_each(|event| member.evolve(event));
    }
    member
}

fn when(member: &Member, command: MemberCommand) -> Result<Vec<&'static str>, MemberError> {
    Ok(member.decide(command, now())?.iter().map(MemberEvent::name).collect())
}

#[test]
fn the_same_contact_again_is_nothing_new() {
    assert_eq!(when(&given(vec![]), contact("a")), Ok(vec!["ContactChanged"]));
    let reachable = given(vec![contact("a")]);
    assert!(reachable.has_contact());
    assert_eq!(when(&reachable, contact("a")), Ok(vec![]));
    assert_eq!(when(&reachable, contact("b")), Ok(vec!["ContactChanged"]));
}

#[test]
fn nothing_reported_of_somebody_unknown_is_nothing_new() {
    let none = |tag: &str| {
        let contact_tag = tag.to_owned();
        MemberCommand::ChangeContact { email: None, name: None, locale: None, contact_tag }
    };
    assert_eq!(when(&given(vec![]), none("a")), Ok(vec![]));
    let reachable = given(vec![contact("a")]);
    assert_eq!(when(&reachable, none("b")), Ok(vec!["ContactChanged"]));
    assert!(!given(vec![contact("a"), none("b")]).has_contact());
}

#[test]
fn consent_is_given_for_a_purpose_with_a_partner_and_can_be_withdrawn() {
    let agreed = given(vec![consent()]);
    assert!(agreed.consents_to(ConsentPurpose::Link, &agl()));
    assert!(!agreed.consents_to(ConsentPurpose::LookUp, &agl()));
    assert_eq!(when(&agreed, consent()), Ok(vec![]));
    assert_eq!(when(&agreed, withdraw()), Ok(vec!["ConsentWithdrawn"]));
    assert_eq!(when(&given(vec![]), withdraw()), Ok(vec![]), "nothing was agreed to");
    assert!(!given(vec![consent(), withdraw()]).consents_to(ConsentPurpose::Link, &agl()));
}

#[test]
fn a_referral_needs_agreement_and_an_address_and_is_one_at_a_time() {
    let service: PartnerId = "relationships-australia".parse().unwrap();
    let agreement = MemberCommand::GiveConsent {
        purpose: ConsentPurpose::Referral,
        partner_id: service.clone(),
        text_version: "2026-11".to_owned(),
    };
    let me = MemberId(Uuid::from_u128(1));
    let wish = |number: u32| MemberCommand::RequestReferral {
        referral_id: ReferralId::of(me, &service, number),
        partner_id: service.clone(),
    };
    let taken = |number: u32| MemberCommand::RecordReferralTaken {
        referral_id: ReferralId::of(me, &service, number),
        partner_ref: "R1".to_owned(),
    };
    let refused = MemberCommand::RecordReferralRefused {
        referral_id: ReferralId::of(me, &service, 1),
        code: "closed".to_owned(),
    };
    assert_eq!(when(&given(vec![contact("a")]), wish(1)), Err(MemberError::ReferralNotAgreed));
    assert_eq!(when(&given(vec![agreement.clone()]), wish(1)), Err(MemberError::ContactNeeded));
    let ready = given(vec![contact("a"), agreement.clone()]);
    assert_eq!(when(&ready, wish(1)), Ok(vec!["ReferralRequested"]));
    assert_eq!(when(&ready, taken(1)), Ok(vec![]), "nobody asked");
    let asked = given(vec![contact("a"), agreement.clone(), wish(1)]);
    assert_eq!(when(&asked, wish(1)), Ok(vec![]));
    assert_eq!(when(&asked, wish(2)), Ok(vec![]), "the first is under way");
    assert_eq!(when(&asked, taken(1)), Ok(vec!["ReferralTaken"]));
    assert_eq!(when(&asked, refused.clone()), Ok(vec!["ReferralRefused"]));

    let mut done = given(vec![contact("a"), agreement.clone(), wish(1), taken(1)]);
    assert_eq!(when(&done, taken(1)), Ok(vec![]));
    assert_eq!(when(&done, refused.clone()), Ok(vec![]), "it was taken");
    assert_eq!(done.next_referral(me, &service), ReferralId::of(me, &service, 2));
    assert_eq!(when(&done, wish(2)), Ok(vec![]), "they have just been told");
    let later = now() + Duration::days(7);
    assert_eq!(done.decide(wish(2), later).unwrap().len(), 1, "a week on it is another one");
    let moved = given(vec![contact("a"), agreement.clone(), wish(1), contact("b")]);
    assert_eq!(when(&moved, wish(1)), Ok(vec![]));
    assert_eq!(when(&moved, wish(2)), Ok(vec!["ReferralRequested"]), "to the new address");
    let withdrawn = MemberCommand::WithdrawConsent {
        purpose: ConsentPurpose::Referral,
        partner_id: service.clone(),
    };
    let events = done.decide(withdrawn, now()).unwrap();
    events.iter().for_each(|event| done.evolve(event));
    assert_eq!(done.decide(wish(2), later), Err(MemberError::ReferralNotAgreed));
    let turned_away = given(vec![contact("a"), agreement, wish(1), refused]);
    assert_eq!(when(&turned_away, wish(2)), Ok(vec!["ReferralRequested"]));
}

#[test]
fn who_asked_to_be_forgotten_is_and_stays_so() {
    let erase = |id: &str| MemberCommand::RecordErased { key_id: id.to_owned() };
    let nobody_asked = when(&given(vec![contact("a")]), erase("k"));
    assert_eq!(nobody_asked, Err(MemberError::ErasureNotRequested));
    let asked = given(vec![contact("a"), MemberCommand::RequestErasure]);
    assert_eq!(when(&asked, MemberCommand::RequestErasure), Ok(vec![]));
    for command in [contact("b"), consent(), withdraw()] {
        assert_eq!(when(&asked, command), Err(MemberError::Erased));
    }
    assert_eq!(when(&asked, erase("k")), Ok(vec!["MemberErased"]));
    let erased = given(vec![MemberCommand::RequestErasure, erase("k")]);
    assert_eq!(when(&erased, erase("k")), Ok(vec![]));
}
