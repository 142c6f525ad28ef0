//! Who is asked next, what is due, and how long does it wait?
//!
//! Rows: M3, R4, D1, D3, D4.

use chrono::{DateTime, Duration, Utc};
use domain::ids::{AccountId, MemberId, PartnerId};
use domain::partner::{Product, ProductRules, SafetyTag};
use domain::reward::{FundingModel, ReachMilestone, Reward, RewardCommand, RewardType, ValueKind};
use secrecy::SecretString;
use uuid::Uuid;

use super::backoff::{ceiling_seconds, still_waiting, wait};
use super::choose::{Choice, Known, choose};
use super::record::masked;
use super::step::{Step, due_again_at, step};

fn now() -> DateTime<Utc> {
    "2026-11-24T03:00:00Z".parse().unwrap()
}

fn partner(id: &str) -> PartnerId {
    id.parse().unwrap()
}

fn reach(reward_type: RewardType) -> RewardCommand {
    RewardCommand::Reach(Box::new(ReachMilestone {
        member_id: MemberId(Uuid::from_u128(1)),
        milestone: "month_1".parse().unwrap(),
        milestone_days: 30,
        journey_number: 1,
        cycle: 1,
        reached_on: "2026-11-24".parse().unwrap(),
        policy_version: "2026-01".parse().unwrap(),
        reward_type,
        amount: "20.00".parse().unwrap(),
        currency: domain::money::Currency::AUD,
        eligible_partners: vec![partner("woolworths"), partner("coles"), partner("fuel")],
        product_rules: ProductRules::default(),
        claim_only: vec![partner("fuel")],
        hold: None,
    }))
}

/// A reward after these commands.
fn reward(commands: Vec<RewardCommand>) -> Reward {
    let mut reward = Reward::default();
    for command in commands {
        let events = reward.decide(command.clone(), now());
        events
            .unwrap_or_else(|e| panic!("{command:?}: {e}"))
            .iter()
            .for_each(|e| reward.evolve(e));
    }
    reward
}

fn product(id: &str, kind: ValueKind, safety: &[SafetyTag]) -> Product {
    let (id, name) = (id.to_owned(), "Something".to_owned());
    Product { id, name, kind, capability: None, safety: safety.to_vec() }
}

fn offering(kind: ValueKind, partners: &[&str]) -> Known {
    let offers = partners
        .iter()
        .map(|id| (partner(id), vec![product(&format!("{id}-product"), kind, &[])]))
        .collect();
    Known { offers, ..Known::default() }
}

fn chosen(reward: &Reward, known: &Known) -> Result<String, String> {
    match choose(reward.reached().unwrap(), reward, known) {
        Choice::NobodyAvailable => Err("nobody".to_owned()),
        Choice::Command(command) => match *command {
            RewardCommand::Choose { partner_id, .. } => Ok(partner_id.to_string()),
            RewardCommand::AwaitAccount { .. } => Err("an account".to_owned()),
            RewardCommand::Fail { why } => Err(why),
            other => panic!("{other:?}"),
        },
    }
}

fn choice(id: &str) -> RewardCommand {
    RewardCommand::Choose {
        partner_id: partner(id),
        product: format!("{id}-product"),
        kind: ValueKind::Voucher,
        account_id: None,
        reason: domain::reward::ChosenBecause::FirstAvailable,
    }
}

fn request(attempt: u32) -> RewardCommand {
    request_at("woolworths", attempt)
}

fn request_at(id: &str, attempt: u32) -> RewardCommand {
    RewardCommand::RequestIssuance {
        partner_id: partner(id),
        attempt,
        round: 1,
        funding_model: FundingModel::PayOnRedemption,
        idempotency_key: Uuid::from_u128(u128::from(attempt)),
        reference: format!("REF{attempt}"),
        request_digest: "digest".to_owned(),
        deadline: now() + Duration::seconds(20),
        resolve_at: now() + Duration::seconds(90),
    }
}

fn refused(attempt: u32, temporary: bool) -> RewardCommand {
    RewardCommand::RecordRefused { attempt, code: "no".to_owned(), temporary, counts_as_try: true }
}

#[test]
fn the_policys_order_decides_among_those_that_are_there() {
    let fresh = reward(vec![reach(RewardType::GroceryVoucher)]);
    let both = offering(ValueKind::Voucher, &["coles", "woolworths", "fuel"]);
    assert_eq!(chosen(&fresh, &both), Ok("woolworths".into()));
    assert_eq!(chosen(&fresh, &offering(ValueKind::Voucher, &["coles"])), Ok("coles".into()));
    let only_claimed = offering(ValueKind::Voucher, &["fuel"]);
    assert_eq!(chosen(&fresh, &only_claimed), Err("nobody".into()));
    assert_eq!(chosen(&fresh, &offering(ValueKind::Credit, &["coles"])), Err("nobody".into()));
    assert_eq!(chosen(&fresh, &Known::default()), Err("nobody".into()));
}

#[test]
fn who_refused_for_good_is_not_asked_again_and_for_now_only_after_the_others() {
    let both = offering(ValueKind::Voucher, &["woolworths", "coles"]);
    let after = |temporary| {
        reward(vec![
            reach(RewardType::GroceryVoucher),
            choice("woolworths"),
            request(1),
            refused(1, temporary),
        ])
    };
    let only_first = offering(ValueKind::Voucher, &["woolworths"]);
    assert_eq!(chosen(&after(true), &both), Ok("coles".into()));
    assert_eq!(chosen(&after(true), &only_first), Ok("woolworths".into()));
    assert_eq!(chosen(&after(false), &both), Ok("coles".into()));
    assert_eq!(chosen(&after(false), &only_first), Err("nobody".into()));
}

#[test]
fn when_all_have_refused_people_are_asked() {
    let all_refused = reward(vec![
        reach(RewardType::GroceryVoucher),
        choice("woolworths"),
        request(1),
        refused(1, false),
        choice("coles"),
        request_at("coles", 2),
        refused(2, false),
    ]);
    let both = offering(ValueKind::Voucher, &["woolworths", "coles"]);
    assert_eq!(chosen(&all_refused, &both), Err("no_partner_left".into()));
}

#[test]
fn a_credit_goes_where_there_is_an_account_and_else_waits_for_one() {
    let credit = reward(vec![reach(RewardType::UtilityCredit)]);
    let mut known = offering(ValueKind::Credit, &["woolworths", "coles"]);
    assert_eq!(chosen(&credit, &known), Err("an account".into()));
    known.verified_accounts.insert(partner("coles"), AccountId(Uuid::from_u128(7)));
    assert_eq!(chosen(&credit, &known), Ok("coles".into()));
    known.offers.remove(&partner("coles"));
    assert_eq!(
        chosen(&credit, &known),
        Err("nobody".into()),
        "their account is there, they are not"
    );
}

#[test]
fn what_is_due_follows_from_the_stream_and_the_clock() {
    let fresh = vec![reach(RewardType::GroceryVoucher)];
    assert_eq!(step(&reward(fresh.clone()), now()), Step::Choose);
    let mut commands = fresh;
    commands.push(choice("woolworths"));
    assert_eq!(step(&reward(commands.clone()), now()), Step::Request);
    commands.push(request(1));
    let requested = reward(commands.clone());
    assert_eq!(step(&requested, now()), Step::Nothing, "somebody is at it");
    assert_eq!(due_again_at(&requested), Some(now() + Duration::seconds(90)));
    let late = now() + Duration::seconds(90);
    assert!(matches!(step(&requested, late), Step::Resolve(_)), "whoever it was is gone");

    let retry_at = now() + Duration::seconds(5);
    commands.push(RewardCommand::RecordDeferred { attempt: 1, why: "busy".to_owned(), retry_at });
    let deferred = reward(commands);
    assert_eq!(step(&deferred, now()), Step::Nothing);
    assert!(matches!(step(&deferred, retry_at), Step::SendAgain(attempt) if attempt.attempt == 1));
}

#[test]
fn waits_grow_to_an_hour_and_never_undercut_what_the_partner_asked_for() {
    assert_eq!([1, 2, 3, 4].map(ceiling_seconds), [5, 10, 20, 40]);
    assert_eq!([11, 20, u32::MAX].map(ceiling_seconds), [3_600; 3]);
    for times in 1..40 {
        let waited = wait(times, None).num_seconds();
        assert!((1..=ceiling_seconds(times)).contains(&waited), "{times}: {waited}");
    }
    let asked = |seconds| Some(std::time::Duration::from_secs(seconds));
    assert!(wait(1, asked(600)).num_seconds() >= 600);
    assert_eq!(wait(1, asked(86_400)).num_seconds(), 3_600);
}

#[test]
fn the_longer_a_reward_waits_for_an_account_the_more_rarely_it_is_looked_after() {
    let looked_after = [0, 1, 5, 24 * 365].map(|hours| still_waiting(Duration::hours(hours)));
    assert_eq!(looked_after, [1, 1, 5, 24 * 7].map(Duration::hours));
}

#[test]
fn a_masked_code_shows_four_characters_at_most() {
    let shown = |code: &str| masked(&SecretString::from(code.to_owned()));
    assert!(shown("ABCD-EFGH-2345").ends_with("2345"));
    assert!(!shown("ABCD-EFGH-2345").contains("EFGH"));
    for short in ["", "1", "1234", "12345"] {
        let shown = shown(short);
        assert!(short.is_empty() || !shown.contains(short), "{short}: {shown}");
    }
}

#[test]
fn what_the_policy_does_not_allow_is_passed_over() {
    let mut reached = reach(RewardType::GroceryVoucher);
    if let RewardCommand::Reach(reach) = &mut reached {
        reach.product_rules.refuses = vec![SafetyTag::CashLike];
    }
    let fresh = reward(vec![reached]);
    let kind = ValueKind::Voucher;
    let cash = product("anything", kind, &[SafetyTag::CashLike]);
    let mut known = Known::default();
    known.offers.insert(partner("woolworths"), vec![cash.clone()]);
    assert_eq!(chosen(&fresh, &known), Err("nobody".into()));
    known.offers.insert(partner("coles"), vec![cash, product("groceries", kind, &[])]);
    assert_eq!(chosen(&fresh, &known), Ok("coles".into()));
}
