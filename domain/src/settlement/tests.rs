//! May a line of a bank's be told twice, and may it say something else the second time?
//!
//! Rows: A1, A2.

use super::*;
use crate::ids::SettlementId;
use crate::money::Currency;
use crate::reward::FundingModel;

fn line() -> RecordSettlement {
    RecordSettlement {
        partner_id: "aldi".parse().unwrap(),
        direction: Direction::Paid,
        amount: "500.00".parse().unwrap(),
        currency: Currency::AUD,
        booked_on: "2026-11-20".parse().unwrap(),
        bank_reference: "NAB-20261120-0001".to_owned(),
        funding_model: FundingModel::Prepaid,
    }
}

fn decide(
    settlement: &Settlement,
    wish: RecordSettlement,
) -> Result<Vec<SettlementEvent>, SettlementError> {
    settlement.decide(wish, "2026-11-21T03:00:00Z".parse().unwrap())
}

fn recorded() -> Settlement {
    let mut settlement = Settlement::default();
    let events = decide(&settlement, line()).unwrap();
    assert_eq!(events.len(), 1);
    events.iter().for_each(|event| settlement.evolve(event));
    settlement
}

#[test]
fn the_same_line_again_changes_nothing_however_its_partner_is_paid_for_by_then() {
    let known = recorded();
    assert_eq!(decide(&known, line()), Ok(vec![]));
    let agreed_anew = RecordSettlement { funding_model: FundingModel::PayOnRedemption, ..line() };
    assert_eq!(decide(&known, agreed_anew), Ok(vec![]));
    let kept = known.recorded().map(|kept| kept.funding_model);
    assert_eq!(kept, Some(FundingModel::Prepaid));
}

#[test]
fn the_same_reference_with_any_other_fact_is_refused() {
    let known = recorded();
    for other in [
        RecordSettlement { partner_id: "kmart".parse().unwrap(), ..line() },
        RecordSettlement { direction: Direction::Received, ..line() },
        RecordSettlement { amount: "500.01".parse().unwrap(), ..line() },
        RecordSettlement { currency: "NZD".parse().unwrap(), ..line() },
        RecordSettlement { booked_on: "2026-11-21".parse().unwrap(), ..line() },
    ] {
        assert_eq!(decide(&known, other), Err(SettlementError::OtherFacts));
    }
}

#[test]
fn a_line_has_an_amount_and_a_reference() {
    let nothing = RecordSettlement { amount: "0.00".parse().unwrap(), ..line() };
    assert_eq!(decide(&Settlement::default(), nothing), Err(SettlementError::NoAmount));
    for odd in ["", "two words", "caf\u{e9}"] {
        let odd = RecordSettlement { bank_reference: odd.to_owned(), ..line() };
        assert_eq!(decide(&Settlement::default(), odd), Err(SettlementError::OddReference));
    }
}

#[test]
fn a_stream_is_found_by_the_banks_reference_alone() {
    assert_eq!(SettlementId::of("NAB-1"), SettlementId::of("NAB-1"));
    assert_ne!(SettlementId::of("NAB-1"), SettlementId::of("NAB-2"));
}
