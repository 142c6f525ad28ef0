//! Whose midnight counts? Days by the member's own calendar, daylight saving included.
//!
//! Rows: M1.

use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;
use proptest::prelude::*;

use crate::clean_days::{clean_days, local_date, start_of_day};

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn date(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

#[test]
fn the_same_instant_is_another_day_in_perth_and_in_sydney() {
    let started = date("2026-11-01");
    let instant = at("2026-11-30T14:30:00Z");
    assert_eq!(clean_days(started, Tz::Australia__Sydney, instant), 30);
    assert_eq!(clean_days(started, Tz::Australia__Perth, instant), 29);
}

#[test]
fn a_day_begins_at_local_midnight_on_both_sides_of_daylight_saving() {
    let sydney = Tz::Australia__Sydney;
    assert_eq!(start_of_day(date("2026-10-04"), sydney), at("2026-10-03T14:00:00Z"));
    assert_eq!(start_of_day(date("2026-10-05"), sydney), at("2026-10-04T13:00:00Z"));
    assert_eq!(start_of_day(date("2026-04-05"), sydney), at("2026-04-04T13:00:00Z"));
    assert_eq!(start_of_day(date("2026-04-06"), sydney), at("2026-04-05T14:00:00Z"));
}

#[test]
fn where_midnight_does_not_exist_the_day_begins_with_the_jump() {
    let sao_paulo = Tz::America__Sao_Paulo;
    assert_eq!(start_of_day(date("2018-11-04"), sao_paulo), at("2018-11-04T03:00:00Z"));
    let beirut = Tz::Asia__Beirut;
    assert_eq!(start_of_day(date("2022-03-27"), beirut), at("2022-03-26T22:00:00Z"));
}

#[test]
fn where_midnight_comes_twice_the_day_begins_the_first_time() {
    let havana = Tz::America__Havana;
    let begins = start_of_day(date("2026-11-01"), havana);
    assert_eq!(begins, at("2026-11-01T04:00:00Z"));
    assert_eq!(local_date(begins, havana), date("2026-11-01"));
}

#[test]
fn half_an_hour_of_daylight_saving_counts_too() {
    let lord_howe = Tz::Australia__Lord_Howe;
    assert_eq!(start_of_day(date("2026-10-05"), lord_howe), at("2026-10-04T13:00:00Z"));
    assert_eq!(start_of_day(date("2026-10-04"), lord_howe), at("2026-10-03T13:30:00Z"));
}

proptest! {
    #[test]
    fn the_first_instant_of_a_day_is_the_first(days in 0_i64..20_000, zone in 0_usize..590) {
        let zone = chrono_tz::TZ_VARIANTS[zone % chrono_tz::TZ_VARIANTS.len()];
        let day = date("1980-01-01") + chrono::Duration::days(days);
        let begins = start_of_day(day, zone);
        let before = begins - chrono::Duration::seconds(1);
        prop_assert!(local_date(begins, zone) >= day);
        prop_assert!(local_date(before, zone) < day, "{zone} {day}");
    }
}
