//! What is set aside where the books go on with the partner's word, and is it taken back?
//!
//! Rows: A1, A2.

use super::life::{Told, force, import};
use crate::ids::{Position, StatementId};
use crate::money::Currency;
use crate::partner_statement::{
    BreakFacts, BreakKind, MatchedLine, MovementKind, PartnerStatementEvent, StatementCommand,
    Suspended, off_by_cents,
};
use crate::reward::FundingModel;

fn set_aside(funding_model: FundingModel, against_us: &str, in_our_favour: &str) -> Suspended {
    let (against_us, in_our_favour) =
        (against_us.parse().unwrap(), in_our_favour.parse().unwrap());
    Suspended { currency: Currency::AUD, funding_model, against_us, in_our_favour }
}

fn facts(kind: BreakKind, movement: MovementKind, stated: i64, recorded: i64) -> BreakFacts {
    let (stated, recorded) = (Some(stated), Some(recorded));
    BreakFacts {
        movement,
        off_by_cents: off_by_cents(kind, stated, recorded),
        ..super::life::facts(kind, "1.00")
    }
}

/// What forcing this break sets aside.
fn forced(model: FundingModel, facts: BreakFacts) -> Option<Suspended> {
    let mut told = Told::default();
    told.names(import("aa"));
    let found = vec![facts];
    let funding_model = Some(model);
    told.names(StatementCommand::RecordMatching { matched: vec![], found, funding_model });
    let events = told.when(force(uuid::Uuid::from_u128(1))).unwrap();
    let [PartnerStatementEvent::BreakForced(forced)] = &events[..] else { panic!("{events:?}") };
    forced.suspended()
}

#[test]
fn the_partners_word_goes_against_us_where_it_takes_more_of_our_money() {
    use BreakKind::{DuplicateTheirs, Over, Under, Unexpected};
    use FundingModel::{PartnerFunded, PayOnRedemption, Prepaid};
    use MovementKind as K;
    for (model, kind, movement, stated, recorded, against, favour) in [
        (Prepaid, Over, K::Issue, 2_050, 2_000, "0.50", "0.00"),
        (Prepaid, Under, K::Issue, 1_950, 2_000, "0.00", "0.50"),
        (Prepaid, Under, K::Void, -1_900, -2_000, "1.00", "0.00"),
        (Prepaid, Unexpected, K::TopUp, 50_000, 0, "0.00", "500.00"),
        (Prepaid, Unexpected, K::Fee, -150, 0, "1.50", "0.00"),
        (PayOnRedemption, Over, K::Redeem, -1_300, -1_250, "0.50", "0.00"),
        (PayOnRedemption, Under, K::Redeem, -1_200, -1_250, "0.00", "0.50"),
        (PayOnRedemption, Over, K::RedeemReversal, 1_300, 1_250, "0.00", "0.50"),
        (PayOnRedemption, Unexpected, K::Adjust, -700, 0, "7.00", "0.00"),
        (PayOnRedemption, DuplicateTheirs, K::Redeem, -1_250, 0, "12.50", "0.00"),
        (PartnerFunded, Over, K::Redeem, -1_300, -1_250, "0.50", "0.00"),
        (PartnerFunded, Under, K::Expire, -700, -750, "0.00", "0.50"),
    ] {
        let told = forced(model, facts(kind, movement, stated, recorded));
        let wanted = Some(set_aside(model, against, favour));
        assert_eq!(told, wanted, "{model:?} {kind:?} {movement:?}");
    }
}

#[test]
fn a_line_by_which_nobody_owes_anybody_more_or_less_sets_nothing_aside() {
    use FundingModel::{PartnerFunded, PayOnRedemption, Prepaid};
    use MovementKind as K;
    for (model, movement) in [
        (Prepaid, K::Redeem),
        (Prepaid, K::Expire),
        (PayOnRedemption, K::Issue),
        (PayOnRedemption, K::Expire),
        (PayOnRedemption, K::TopUp),
        (PartnerFunded, K::Void),
    ] {
        let told = forced(model, facts(BreakKind::Over, movement, 3_000, 2_000));
        assert_eq!(told, None, "{model:?} {movement:?}");
    }
}

#[test]
fn what_nobody_disputes_the_amount_of_sets_nothing_aside() {
    for kind in [BreakKind::Date, BreakKind::ReferenceDiffers] {
        let facts = facts(kind, MovementKind::Redeem, -1_250, -1_250);
        assert_eq!(forced(FundingModel::PayOnRedemption, facts), None, "{kind:?}");
    }
}

#[test]
fn silence_that_is_forced_and_the_line_that_comes_after_all_meet_in_suspense() {
    let model = FundingModel::PayOnRedemption;
    let silent = forced(model, facts(BreakKind::Overdue, MovementKind::Redeem, 0, -1_250));
    let spoken = forced(model, facts(BreakKind::Unexpected, MovementKind::Redeem, -1_250, 0));
    assert_eq!(silent, Some(set_aside(model, "0.00", "12.50")));
    assert_eq!(spoken, Some(set_aside(model, "12.50", "0.00")));
}

#[test]
fn a_tolerated_cent_is_set_aside_and_a_superseded_statement_takes_all_of_it_back() {
    let model = FundingModel::PayOnRedemption;
    let mut told = Told::default();
    told.names(import("aa"));
    let off = |line, off_by_cents| MatchedLine {
        line,
        position: Position(9),
        off_by_cents,
        movement: Some(MovementKind::Redeem),
    };
    let matched = vec![off(1, -2), off(2, 1), off(3, -1)];
    let found = vec![facts(BreakKind::Over, MovementKind::Redeem, -1_300, -1_250)];
    let funding_model = Some(model);
    let events =
        told.when(StatementCommand::RecordMatching { matched, found, funding_model }).unwrap();
    let PartnerStatementEvent::LinesMatched(matched) = &events[0] else { panic!("{events:?}") };
    assert_eq!(matched.suspended(), Some(set_aside(model, "0.03", "0.01")));
    told.names(force(uuid::Uuid::from_u128(1)));
    let by = StatementId::of(&"woolworths".parse().unwrap(), super::matching::day(22), 2);
    let events = told.when(StatementCommand::Supersede { by }).unwrap();
    let [PartnerStatementEvent::StatementSuperseded(e)] = &events[..] else {
        panic!("{events:?}")
    };
    assert_eq!(e.suspended, [set_aside(model, "0.53", "0.01")]);
}
