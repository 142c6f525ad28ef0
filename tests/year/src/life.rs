//! What happens to one member's rewards in a year? Decided by the domain, and written down by the
//! partners as well.

use chrono::{DateTime, Days, Duration, NaiveDate, Utc};
use chrono_tz::Australia::Sydney;
use domain::ids::{AccountId, MemberId, RewardId, idempotency_key, void_key};
use domain::journey::{Journey, JourneyCommand};
use domain::money::Amount;
use domain::partner_statement::{MovementKind, amount};
use domain::policy::{DueMilestone, Policies};
use domain::reward::{
    ChosenBecause, RecordVoucher, Reward, RewardCommand, RewardType, SupportCommand, ValueKind,
};
use domain::sealed::Sealed;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, RngExt};
use uuid::Uuid;

use crate::{Happened, Line, Shop, days_of, instant};

/// Seconds from one step of an order to the next.
const STEP: i64 = 2;
/// Tills are open for so many seconds a day.
const TRADE: u32 = 10 * 3_600;
/// Whoever expires soon, does so after so many days.
const SHORT_LIVED_DAYS: u64 = 60;
const LONG_LIVED_DAYS: u64 = 3 * 366;

/// A member's year.
pub struct Life<'a> {
    dice: &'a mut StdRng,
    shops: &'a [Shop],
    member: MemberId,
    journey: Journey,
    days: (NaiveDate, NaiveDate),
    /// What happened.
    pub events: Vec<Happened>,
    /// What partners wrote down.
    pub lines: Vec<Line>,
}

/// A reward on its way.
struct Course {
    id: RewardId,
    state: Reward,
    sequence: i64,
    now: DateTime<Utc>,
}

/// A value that a partner gave.
struct Value<'a> {
    shop: &'a Shop,
    reference: String,
    partner_ref: String,
    cents: i64,
}

fn uuid(dice: &mut StdRng) -> Uuid {
    let mut bytes = [0; 16];
    dice.fill_bytes(&mut bytes);
    uuid::Builder::from_random_bytes(bytes).into_uuid()
}

fn cents(amount: Amount) -> i64 {
    use rust_decimal::prelude::ToPrimitive;
    (amount.decimal() * rust_decimal::Decimal::ONE_HUNDRED).to_i64().expect("a small amount")
}

fn of_cents(cents: i64) -> Amount {
    amount(cents).expect("a small amount")
}

impl<'a> Life<'a> {
    /// Somebody who set out on some day, so that milestones fall into this year.
    ///
    /// # Panics
    /// When the domain refuses a journey.
    pub fn begin(dice: &'a mut StdRng, year: i32, shops: &'a [Shop]) -> Self {
        let days = days_of(year);
        let before = dice.random_range(0..395);
        let started_on = days.1 - Days::new(before);
        let reported = instant(started_on, 0, Sydney);
        let report = JourneyCommand::Report { started_on, time_zone: Sydney, reason_given: false };
        let mut journey = Journey::default();
        for event in journey.decide(report, reported).expect("a journey begins") {
            journey.evolve(&event);
        }
        let member = MemberId(uuid(dice));
        Self { dice, shops, member, journey, days, events: Vec::new(), lines: Vec::new() }
    }

    /// Lives.
    ///
    /// # Panics
    /// When the domain refuses what it should allow.
    pub fn live(&mut self, policies: &Policies) {
        let evening = instant(self.days.1, TRADE, Sydney);
        for due in policies.due(self.member, &self.journey, evening) {
            if due.reach.reached_on >= self.days.0 {
                self.reward(due);
            }
        }
    }

    fn reward(&mut self, due: DueMilestone) {
        let day = due.reach.reached_on;
        let (reward_type, eligible) = (due.reach.reward_type, due.reach.eligible_partners.clone());
        let claim_only = due.reach.claim_only.clone();
        let mut course = Course {
            id: due.reward_id(),
            state: Reward::default(),
            sequence: 0,
            now: instant(day, self.dice.random_range(0..TRADE / 2), Sydney),
        };
        self.does(&mut course, due.into_command());
        let is_choice = reward_type == RewardType::ChoiceReward;
        let shops: Vec<&Shop> = eligible
            .iter()
            .filter(|id| is_choice || !claim_only.contains(id))
            .filter_map(|id| self.shops.iter().find(|shop| shop.id == *id))
            .collect();
        let Some(shop) = shops.choose(self.dice).copied() else { return };
        self.choose(
            &mut course,
            shop,
            is_choice.then_some(()).ok_or(ChosenBecause::FirstAvailable),
        );
        let refused =
            (!is_choice && shops.len() > 1 && self.dice.random_ratio(1, 20)).then(|| {
                let another: Vec<&Shop> =
                    shops.iter().copied().filter(|s| s.id != shop.id).collect();
                *another.choose(self.dice).expect("there are two")
            });
        let value = match refused {
            Some(other) => {
                self.ask(&mut course, shop, 1);
                let code = "product_unavailable".to_owned();
                let no = RewardCommand::RecordRefused {
                    attempt: 1,
                    code,
                    temporary: false,
                    counts_as_try: true,
                };
                self.does(&mut course, no);
                self.choose(&mut course, other, Err(ChosenBecause::AfterRefusal { attempt: 1 }));
                self.issue(&mut course, other, 2)
            }
            None => self.issue(&mut course, shop, 1),
        };
        match value.shop.gives {
            ValueKind::Voucher => self.use_voucher(&mut course, &value),
            ValueKind::Credit => self.use_credit(&mut course, &value),
        }
    }

    /// Decides a command two seconds on, and keeps what follows.
    fn does(&mut self, course: &mut Course, command: RewardCommand) {
        course.now += Duration::seconds(STEP);
        let said = format!("{command:?}");
        let events = course.state.decide(command, course.now);
        for event in events.unwrap_or_else(|refusal| panic!("{refusal}: {said}")) {
            course.state.evolve(&event);
            course.sequence += 1;
            let (reward, sequence) = (course.id, course.sequence);
            self.events.push(Happened { reward, sequence, at: course.now, event });
        }
    }

    /// By the member, or by the process for a reason.
    fn choose(&mut self, course: &mut Course, shop: &Shop, by: Result<(), ChosenBecause>) {
        let is_credit = shop.gives == ValueKind::Credit;
        let account_id = is_credit.then(|| AccountId::of(self.member, &shop.id, 1));
        let (partner_id, kind) = (shop.id.clone(), shop.gives);
        let product = format!("{partner_id}-product");
        let command = match by {
            Ok(()) => RewardCommand::Claim { partner_id, product, kind, account_id },
            Err(reason) => RewardCommand::Choose { partner_id, product, kind, account_id, reason },
        };
        self.does(course, command);
    }

    /// Writes the intent down; the reference that the partner is told.
    fn ask(&mut self, course: &mut Course, shop: &Shop, attempt: u32) -> String {
        let reference = uuid(self.dice).simple().to_string().to_uppercase()[..20].to_owned();
        let request = RewardCommand::RequestIssuance {
            partner_id: shop.id.clone(),
            attempt,
            round: 1,
            funding_model: shop.funding_model,
            idempotency_key: idempotency_key(course.id, &shop.id, 1),
            reference: reference.clone(),
            request_digest: "0".repeat(64),
            deadline: course.now + Duration::seconds(20),
            resolve_at: course.now + Duration::seconds(45),
        };
        self.does(course, request);
        reference
    }

    fn issue(&mut self, course: &mut Course, shop: &'a Shop, attempt: u32) -> Value<'a> {
        let reference = self.ask(course, shop, attempt);
        if self.dice.random_ratio(1, 30) {
            let (why, resolve_at) = ("timed_out".to_owned(), course.now + Duration::seconds(50));
            self.does(course, RewardCommand::RecordUnknown { attempt, why, resolve_at });
        }
        let partner_ref = format!("{}-{}", shop.id, &uuid(self.dice).simple().to_string()[..16]);
        let reached = course.state.reached().expect("it was reached");
        let (amount, currency) = (reached.amount, reached.currency);
        let issued_at = course.now + Duration::seconds(STEP);
        let digest = "1".repeat(64);
        let command = match shop.gives {
            ValueKind::Voucher => {
                let days =
                    if self.dice.random_ratio(1, 4) { SHORT_LIVED_DAYS } else { LONG_LIVED_DAYS };
                let expires_on =
                    issued_at.with_timezone(&shop.time_zone).date_naive() + Days::new(days);
                RewardCommand::RecordVoucher(Box::new(RecordVoucher {
                    attempt,
                    voucher_id: partner_ref.clone(),
                    amount,
                    currency,
                    code: Sealed::from_ciphertext(vec![0; 32]),
                    code_masked: "••••0000".to_owned(),
                    code_tag: partner_ref.clone(),
                    pin: None,
                    barcode: None,
                    expires_on: Some(expires_on),
                    expires_at: Some(instant(expires_on, 0, shop.time_zone)),
                    response_digest: digest,
                    issued_at,
                }))
            }
            ValueKind::Credit => RewardCommand::RecordCredit {
                attempt,
                credit_id: partner_ref.clone(),
                account_id: AccountId::of(self.member, &shop.id, 1),
                account_masked: "••••00".to_owned(),
                amount,
                currency,
                response_digest: digest,
                applied_at: issued_at,
            },
        };
        self.does(course, command);
        let value = Value { shop, reference, partner_ref, cents: cents(amount) };
        self.writes(&value, MovementKind::Issue, (issued_at, value.cents), None);
        value
    }

    /// The partner writes a line.
    fn writes(
        &mut self,
        value: &Value<'_>,
        kind: MovementKind,
        (at, cents): (DateTime<Utc>, i64),
        place: Option<String>,
    ) {
        self.lines.push(Line {
            partner: value.shop.id.clone(),
            kind,
            reference: value.reference.clone(),
            partner_ref: value.partner_ref.clone(),
            at,
            day: at.with_timezone(&value.shop.time_zone).date_naive(),
            cents,
            place,
        });
    }

    /// An instant of trade so many days on; none when the year is over by then.
    fn later(&mut self, course: &mut Course, days: u64, shop: &Shop) -> Option<DateTime<Utc>> {
        let day = course.now.with_timezone(&shop.time_zone).date_naive() + Days::new(days.max(1));
        let at = instant(day, self.dice.random_range(0..TRADE), shop.time_zone);
        (day <= self.days.1).then(|| {
            course.now = at;
            at
        })
    }

    fn use_voucher(&mut self, course: &mut Course, value: &Value<'_>) {
        if self.dice.random_ratio(9, 10) {
            self.does(course, RewardCommand::Reveal);
        }
        let mut left = value.cents;
        // Most spend it at once or in two; some never do.
        for number in 1..=self.dice.random_range(0..=3) {
            let days = self.dice.random_range(1..20);
            if left == 0 || self.later(course, days, value.shop).is_none() {
                break;
            }
            let part = if self.dice.random_ratio(1, 2) { left } else { left / 10 * 5 };
            let spent = part.max(5).min(left);
            let redemption_id = format!("{}-R{number}", value.partner_ref);
            left -= self.spend(course, value, &redemption_id, spent);
        }
        if left > 0 {
            self.end_voucher(course, value, left);
        }
    }

    /// Spends some, and now and then gives it back; how much is spent in the end.
    fn spend(
        &mut self,
        course: &mut Course,
        value: &Value<'_>,
        redemption_id: &str,
        spent: i64,
    ) -> i64 {
        let (voucher_id, amount) = (value.partner_ref.clone(), of_cents(spent));
        let redemption = RewardCommand::RecordRedemption {
            voucher_id: voucher_id.clone(),
            redemption_id: redemption_id.to_owned(),
            amount,
            redeemed_at: course.now + Duration::seconds(STEP),
        };
        self.does(course, redemption);
        let place = Some(redemption_id.to_owned());
        self.writes(value, MovementKind::Redeem, (course.now, -spent), place.clone());
        if !self.dice.random_ratio(1, 15) || self.later(course, 2, value.shop).is_none() {
            return spent;
        }
        let reversal = RewardCommand::ReverseRedemption {
            voucher_id,
            redemption_id: redemption_id.to_owned(),
            amount,
            at: course.now + Duration::seconds(STEP),
        };
        self.does(course, reversal);
        self.writes(value, MovementKind::RedeemReversal, (course.now, spent), place);
        0
    }

    /// What is left is taken back, runs out, or stays.
    fn end_voucher(&mut self, course: &mut Course, value: &Value<'_>, left: i64) {
        let voucher_id = value.partner_ref.clone();
        let is_voided = self.dice.random_ratio(1, 25);
        if is_voided && self.later(course, 3, value.shop).is_some() {
            let attempt = course.state.last_attempt();
            let ask =
                SupportCommand::Void { attempt, idempotency_key: void_key(course.id, attempt) };
            self.does(course, RewardCommand::Support(ask));
            let taken_back = of_cents(left);
            self.does(course, RewardCommand::VoidVoucher { voucher_id, taken_back });
            self.writes(value, MovementKind::Void, (course.now, -left), None);
            return;
        }
        let voucher = course.state.voucher().expect("there is one");
        let Some(over_at) = voucher.expires_at else { return };
        let last = instant(self.days.1, TRADE, value.shop.time_zone);
        if over_at <= last && over_at > course.now {
            course.now = over_at;
            let at = over_at + Duration::seconds(STEP);
            self.does(course, RewardCommand::ExpireVoucher { voucher_id, at, unspent: None });
            self.writes(value, MovementKind::Expire, (at, -left), None);
        }
    }

    /// A credit arrives, or comes back; a few are still on their way at the end of the year.
    fn use_credit(&mut self, course: &mut Course, value: &Value<'_>) {
        let days = self.dice.random_range(1..6);
        if self.later(course, days, value.shop).is_none() {
            return;
        }
        let (credit_id, at) = (value.partner_ref.clone(), course.now + Duration::seconds(STEP));
        if self.dice.random_ratio(1, 30) {
            let why = "account_closed".to_owned();
            self.does(course, RewardCommand::ReturnCredit { credit_id, why, at });
            self.writes(value, MovementKind::Return, (at, -value.cents), None);
        } else {
            let settle = RewardCommand::SettleCredit { credit_id, amount: None, state: None, at };
            self.does(course, settle);
            self.writes(value, MovementKind::Redeem, (at, -value.cents), None);
        }
    }
}
