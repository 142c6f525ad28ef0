//! Is a year sound? The domain allows all of it, partners' books come to what was issued and used,
//! and the same seed gives the same year.

use chrono_tz::Australia::Sydney;
use domain::partner_statement::MovementKind;
use domain::policy::Policies;
use domain::reward::{FundingModel, RewardEvent, ValueKind};

use crate::planted::plant;
use crate::{Extent, Shop, Year};

const EXTENT: Extent = Extent { members: 300, year: 2025, seed: 3 };

fn shops() -> Vec<Shop> {
    let shop = |id: &str, gives| Shop {
        id: id.parse().unwrap(),
        gives,
        funding_model: FundingModel::PayOnRedemption,
        time_zone: Sydney,
        overdue_after_days: 3,
    };
    let credits = ["agl", "origin", "opal", "myki"].map(|id| shop(id, ValueKind::Credit));
    let vouchers = ["woolworths", "coles", "aldi"].map(|id| shop(id, ValueKind::Voucher));
    [credits.as_slice(), vouchers.as_slice()].concat()
}

fn year() -> Year {
    Year::of(EXTENT, &shops(), &Policies::built_in())
}

#[test]
fn the_same_seed_gives_the_same_year() {
    let (one, other) = (year(), year());
    assert_eq!(format!("{:?}", one.events), format!("{:?}", other.events));
    let text =
        |year: &Year| year.books.papers.values().map(|paper| paper.text()).collect::<String>();
    assert_eq!(text(&one), text(&other));
}

#[test]
fn what_was_issued_stands_in_the_books_and_everything_happens() {
    let year = year();
    let count = |name: &str| year.events.iter().filter(|h| h.event.name() == name).count();
    let lines = |kind| {
        let papers = year.books.papers.values();
        papers.flat_map(|paper| &paper.lines).filter(|line| line.kind == kind).count()
    };
    assert_eq!(count("VoucherIssued") + count("CreditApplied"), lines(MovementKind::Issue));
    assert_eq!(count("VoucherRedeemed") + count("CreditSettled"), lines(MovementKind::Redeem));
    for (name, _) in RewardEvent::STORED {
        let is_used = ["RedemptionReversed", "VoucherVoided", "VoucherExpired", "CreditReturned"];
        assert!(!is_used.contains(name) || count(name) > 0, "{name} happens");
    }
}

#[test]
fn each_difference_concerns_a_value_of_its_own() {
    let mut year = year();
    let planted = plant(&mut year.books, &shops(), (3, 5));
    let mut values: Vec<_> = planted.iter().map(|one| &one.partner_ref).collect();
    let all = values.len();
    values.sort();
    values.dedup();
    assert_eq!((values.len(), all), (all, all));
    assert!(all >= 8 * 3);
}
