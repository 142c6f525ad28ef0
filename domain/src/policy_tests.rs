//! Which milestone is due? The built-in policy, restarts, and days that were brought along.
//!
//! Rows: M2, M3, M4.

use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;
use uuid::Uuid;

use crate::ids::MemberId;
use crate::journey::{Journey, JourneyCommand};
use crate::partner::{PartnerType, Product, ProductRules, SafetyTag};
use crate::policy::{Policies, PolicyError};
use crate::reward::{RewardType, ValueKind};

const FILE: &str = include_str!("../policies/2026-01.toml");

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn date(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn member() -> MemberId {
    MemberId(Uuid::from_u128(7))
}

/// A journey after these commands, each at its instant; in Sydney.
fn journey(commands: &[(&str, JourneyCommand)]) -> Journey {
    let mut journey = Journey::default();
    for (when, command) in commands {
        for event in journey.decide(command.clone(), at(when)).unwrap() {
            journey.evolve(&event);
        }
    }
    journey
}

fn report(started_on: &str) -> JourneyCommand {
    let started_on = date(started_on);
    JourneyCommand::Report { started_on, time_zone: Tz::Australia__Sydney, reason_given: false }
}

fn due(journey: &Journey, when: &str) -> Vec<(String, bool)> {
    let due = Policies::built_in().due(member(), journey, at(when));
    due.into_iter()
        .map(|due| (due.reach.milestone.to_string(), due.reach.hold.is_some()))
        .collect()
}

fn names(due: &[(String, bool)]) -> Vec<&str> {
    due.iter().map(|(name, _)| name.as_str()).collect()
}

#[test]
fn the_policy_says_what_was_agreed() {
    let policies = Policies::built_in();
    let policy = policies.policy_on(date("2026-06-01"));
    let said: Vec<(&str, u32, RewardType, String, usize)> = policy
        .milestones
        .iter()
        .map(|m| {
            (m.id.as_str(), m.days, m.reward_type, m.amount.to_string(), m.eligible_partners.len())
        })
        .collect();
    assert_eq!(
        said,
        [
            ("month_1", 30, RewardType::GroceryVoucher, "20.00".to_owned(), 2),
            ("month_3", 90, RewardType::UtilityCredit, "50.00".to_owned(), 3),
            ("month_6", 180, RewardType::TransportCredit, "100.00".to_owned(), 3),
            ("year_1", 365, RewardType::ChoiceReward, "200.00".to_owned(), 13),
        ]
    );
    assert_eq!(policy.milestones[2].claim_only[0].as_str(), "fuel-voucher");
}

#[test]
fn a_milestone_is_due_from_the_midnight_of_its_day() {
    let journey = journey(&[("2026-11-01T02:00:00Z", report("2026-11-01"))]);
    assert!(due(&journey, "2026-11-30T12:59:59Z").is_empty());
    assert_eq!(names(&due(&journey, "2026-11-30T13:00:00Z")), ["month_1"]);
    let next = Policies::built_in().next_due_at(&journey, at("2026-11-10T00:00:00Z"));
    assert_eq!(next, Some(at("2026-11-30T13:00:00Z")));
}

#[test]
fn a_long_journey_brings_all_its_milestones_oldest_first() {
    let journey = journey(&[("2026-11-01T02:00:00Z", report("2025-11-01"))]);
    let due = due(&journey, "2026-11-01T03:00:00Z");
    assert_eq!(names(&due), ["month_1", "month_3", "month_6", "year_1"]);
    assert!(due.iter().all(|(_, is_held)| !is_held), "365 days brought along are within 400");
}

#[test]
fn days_brought_along_beyond_the_limit_are_looked_at_first() {
    let journey = journey(&[("2026-11-01T02:00:00Z", report("2025-01-01"))]);
    assert!(due(&journey, "2026-11-01T03:00:00Z").iter().all(|(_, is_held)| *is_held));
}

#[test]
fn what_was_reached_before_a_restart_was_reported_is_still_due() {
    let journey = journey(&[
        ("2026-10-01T02:00:00Z", report("2026-09-15")),
        ("2026-10-20T02:00:00Z", JourneyCommand::Restart { on: date("2026-10-10") }),
    ]);
    let due = Policies::built_in().due(member(), &journey, at("2026-10-21T00:00:00Z"));
    assert_eq!(due.len(), 1, "month_1 was reached on the 15th, before the restart was reported");
    assert_eq!(due[0].reach.journey_number, 1);
}

#[test]
fn what_was_not_reached_before_a_restart_is_not_due() {
    let journey = journey(&[
        ("2026-10-01T02:00:00Z", report("2026-09-25")),
        ("2026-10-20T02:00:00Z", JourneyCommand::Restart { on: date("2026-10-10") }),
    ]);
    assert!(due(&journey, "2026-10-30T00:00:00Z").is_empty());
}

#[test]
fn once_per_member_gives_the_same_reward_id_in_every_journey() {
    let journey = journey(&[
        ("2026-01-01T02:00:00Z", report("2025-12-01")),
        ("2026-02-01T02:00:00Z", JourneyCommand::Restart { on: date("2026-02-01") }),
    ]);
    let due = Policies::built_in().due(member(), &journey, at("2026-04-01T00:00:00Z"));
    let ids: Vec<_> = due.iter().map(|due| due.reward_id()).collect();
    assert_eq!(ids.len(), 2);
    assert_eq!(ids[0], ids[1]);
}

#[test]
fn once_per_journey_gives_another_reward_after_a_restart() {
    let per_journey = FILE.replace("once_per = \"member\"", "once_per = \"journey\"");
    let policies = Policies::parse(&[("x.toml", &per_journey)]).unwrap();
    let journey = journey(&[
        ("2026-01-01T02:00:00Z", report("2025-12-01")),
        ("2026-02-01T02:00:00Z", JourneyCommand::Restart { on: date("2026-02-01") }),
    ]);
    let due = policies.due(member(), &journey, at("2026-04-01T00:00:00Z"));
    assert_ne!(due[0].reward_id(), due[1].reward_id());
}

#[test]
fn the_version_in_force_on_the_day_counts_and_the_first_covers_what_was_before() {
    let later = FILE
        .replace("2026-01\"", "2026-09\"")
        .replace("in_force_from = 2026-01-01", "in_force_from = 2026-09-01")
        .replace("20.00", "25.00");
    let policies = Policies::parse(&[("b.toml", &later), ("a.toml", FILE)]).unwrap();
    let amount = |day: &str| policies.policy_on(date(day)).milestones[0].amount.to_string();
    assert_eq!(amount("2020-01-01"), "20.00");
    assert_eq!(amount("2026-08-31"), "20.00");
    assert_eq!(amount("2026-09-01"), "25.00");
}

#[test]
fn a_bad_file_is_refused_with_its_line_and_reason() {
    let line = |text: &str| match Policies::parse(&[("bad.toml", text)]) {
        Err(PolicyError::Unreadable { line, .. }) => line,
        other => panic!("{other:?}"),
    };
    assert_eq!(line(&FILE.replace("days = 30", "days = \"thirty\"")), 12);
    assert_eq!(line(&FILE.replace("amount = \"20.00\"", "amount = \"-1\"")), 14);
    let twice = FILE.replace("month_3", "month_1");
    assert!(matches!(Policies::parse(&[("b", &twice)]), Err(PolicyError::Unsound { .. })));
    assert!(matches!(Policies::parse(&[]), Err(PolicyError::None)));
}

#[test]
fn other_partners_of_the_right_type_come_after_those_that_are_named() {
    let known = [
        ("woolworths", PartnerType::Retail),
        ("corner-shop", PartnerType::Retail),
        ("lifeline", PartnerType::Support),
    ];
    let policies =
        Policies::built_in().knowing(&known.map(|(id, its)| (id.parse().unwrap(), its)));
    let milestones = &policies.policy_on(date("2026-06-01")).milestones;
    let eligible = |id: &str| {
        let found = milestones.iter().find(|milestone| milestone.id.as_str() == id).unwrap();
        found.eligible_partners.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    assert_eq!(eligible("month_1"), ["woolworths", "coles"], "only those that are named");
    let choice = eligible("year_1");
    assert_eq!(choice.first().map(String::as_str), Some("woolworths"));
    assert_eq!(choice.last().map(String::as_str), Some("corner-shop"));
    assert_eq!(choice.len(), 14);
}

#[test]
fn what_turns_into_cash_is_not_given() {
    let product = |safety: &[SafetyTag]| Product {
        id: "p".to_owned(),
        name: "P".to_owned(),
        kind: ValueKind::Voucher,
        capability: None,
        safety: safety.to_vec(),
    };
    let policies = Policies::built_in();
    let rules = &policies.policy_on(date("2026-06-01")).milestones[0].products;
    assert!(rules.allow(&product(&[SafetyTag::Resellable])));
    assert!(!rules.allow(&product(&[SafetyTag::Resellable, SafetyTag::CashLike])));
    let strict = ProductRules {
        requires: vec![SafetyTag::ExcludesLiquorAndTobacco],
        ..ProductRules::default()
    };
    assert!(!strict.allow(&product(&[])));
    assert!(strict.allow(&product(&[SafetyTag::ExcludesLiquorAndTobacco])));
    assert!(ProductRules::default().allow(&product(&[SafetyTag::CashLike])));
}
