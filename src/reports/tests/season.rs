//! A season of rewards under each way of funding, from a seed, and the partners' own book of it.

use std::collections::BTreeMap;

use chrono::{DateTime, Duration, Utc};
use domain::AnchorEvent;
use domain::clean_days::local_date;
use domain::ids::Position;
use domain::period::{BUSINESS_ZONE, Span};
use domain::reward::RewardEvent;
use projections::Recorded;
use projections::journal::{Calendar, Closure, View};
use rust_decimal::Decimal;
use serde_json::{Value, json};
use uuid::Uuid;

use super::super::{Figures, Gathering};

const DOMAIN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/domain/src");
const FUNDING: [(&str, &str); 3] =
    [("aldi", "prepaid"), ("woolworths", "pay_on_redemption"), ("coles", "partner_funded")];

/// Issued, used, voided, expired, by partner and month.
type Books = BTreeMap<(String, String), [Decimal; 4]>;

/// What happened, and what partners wrote down of it.
pub struct Season {
    pub log: Vec<Recorded>,
    pub books: Books,
}

/// A number that looks like any other.
pub fn mix(seed: u64) -> u64 {
    let mut z = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// An event as it is stored, with some fields changed.
fn event(name: &str, at: DateTime<Utc>, changes: &Value) -> AnchorEvent {
    let (_, version) =
        RewardEvent::STORED.iter().find(|(stored, _)| *stored == name).expect("it is stored");
    let major = version.split('.').next().unwrap_or_default();
    stored(RewardEvent::STREAM, &format!("{name}.v{major}"), at, changes)
}

/// An event of any stream, by its file.
pub fn stored(stream: &str, file: &str, at: DateTime<Utc>, changes: &Value) -> AnchorEvent {
    let text = std::fs::read_to_string(format!("{DOMAIN}/{stream}/wire/{file}.json")).unwrap();
    let mut payload: Value = serde_json::from_str(&text).unwrap();
    for (field, value) in changes.as_object().unwrap() {
        payload[field] = value.clone();
    }
    payload["occurred_at"] = json!(at);
    let (name, version) = file.split_once(".v").unwrap();
    let payload = payload.to_string();
    AnchorEvent::decode(stream, name, &format!("{version}.0"), payload.as_bytes()).unwrap()
}

/// Each week, what our bank says of a partner, and a fee that people let stand.
fn beside_rewards(
    (partner, model): (&str, &str),
    begun: DateTime<Utc>,
) -> Vec<(DateTime<Utc>, Uuid, AnchorEvent)> {
    let mut happened = Vec::new();
    for week in 0..10_i64 {
        let at = begun + Duration::days(7 * week + 3);
        let day = local_date(at, BUSINESS_ZONE);
        let direction = if week % 4 == 3 { "received" } else { "paid" };
        let line = json!({
            "partner_id": partner, "funding_model": model, "booked_on": day,
            "amount": text(10_000 + week), "direction": direction,
            "bank_reference": format!("{partner}-{week}"),
        });
        let fee = json!({
            "partner_id": partner, "funding_model": model, "business_date": day,
            "movement": "FEE", "off_by": text(if week % 3 == 0 { 7 } else { -5 - week }),
        });
        let settled = stored("settlement", "SettlementRecorded.v1", at, &line);
        let forced = stored("partner_statement", "BreakForced.v1", at, &fee);
        happened.push((
            at,
            Uuid::new_v5(&Uuid::NAMESPACE_OID, line.to_string().as_bytes()),
            settled,
        ));
        happened.push((
            at,
            Uuid::new_v5(&Uuid::NAMESPACE_OID, fee.to_string().as_bytes()),
            forced,
        ));
    }
    happened
}

/// One reward's events with their times, as they are made.
struct Life<'a> {
    happened: Vec<(DateTime<Utc>, Uuid, AnchorEvent)>,
    books: &'a mut Books,
    reward: Uuid,
    partner: &'static str,
    common: Value,
}

impl Life<'_> {
    fn add(&mut self, at: DateTime<Utc>, name: &str, more: Value) {
        let mut changes = self.common.clone();
        for (field, value) in more.as_object().unwrap() {
            changes[field] = value.clone();
        }
        self.happened.push((at, self.reward, event(name, at, &changes)));
    }

    /// The partner's own book.
    fn write(&mut self, at: DateTime<Utc>, column: usize, cents: i64) {
        let month = Span::month_of(local_date(at, BUSINESS_ZONE)).to_string();
        let key = (self.partner.to_owned(), month);
        self.books.entry(key).or_default()[column] += Decimal::new(cents, 2);
    }

    fn live(&mut self, begun: DateTime<Utc>, dice: u64) {
        let face = 2_000 + i64::try_from(dice % 7).unwrap() * 505;
        let amount = json!({ "amount": text(face), "attempt": 1 });
        self.add(begun, "MilestoneReached", json!({ "amount": text(face) }));
        let mut at = begun + Duration::minutes(1);
        self.add(at, "IssuanceRequested", amount.clone());
        if dice.is_multiple_of(11) {
            return self.add(at + Duration::minutes(1), "IssuanceRefused", amount);
        }
        if dice.is_multiple_of(13) {
            // Nobody knows yet.
            return;
        }
        at += Duration::seconds(7);
        self.add(at, "VoucherIssued", amount);
        self.write(at, 0, face);
        let mut left = face;
        for use_number in 0..dice % 3 {
            at += Duration::hours(30 + i64::try_from(mix(dice + use_number) % 300).unwrap());
            let spent = (left / 3).max(1);
            left -= spent;
            let changes = json!({
                "amount": text(spent), "remaining": text(left),
                "redemption_id": format!("use-{use_number}"),
            });
            self.add(at, "VoucherRedeemed", changes);
            self.write(at, 1, spent);
        }
        at += Duration::hours(40);
        let ending = match dice % 5 {
            0 => Some(("VoucherVoided", 2)),
            1 => Some(("VoucherExpired", 3)),
            _ => None,
        };
        if let Some((name, column)) = ending {
            self.add(at, name, json!({ "unspent": text(left) }));
            self.write(at, column, left);
        }
    }
}

fn text(cents: i64) -> String {
    format!("{:.2}", Decimal::new(cents, 2))
}

impl Season {
    /// So many rewards, from September to November.
    pub fn of(seed: u64, rewards: u64) -> Self {
        let begun: DateTime<Utc> = "2026-09-01T02:00:00Z".parse().unwrap();
        let mut books = Books::new();
        let mut happened = Vec::new();
        for number in 0..rewards {
            let dice = mix(seed.wrapping_mul(31).wrapping_add(number));
            let (partner, model) = FUNDING[usize::try_from(number % 3).unwrap()];
            let mut life = Life {
                happened: Vec::new(),
                books: &mut books,
                reward: Uuid::from_u64_pair(seed, number),
                partner,
                common: json!({
                    "partner_id": partner, "funding_model": model, "currency": "AUD",
                    "voucher_id": format!("V{number}"),
                }),
            };
            let minutes = i64::try_from(dice % (60 * 24 * 60)).unwrap();
            life.live(begun + Duration::minutes(minutes), dice);
            happened.extend(life.happened);
        }
        for funding in FUNDING {
            happened.extend(beside_rewards(funding, begun));
        }
        happened.sort_by_key(|(at, reward, _)| (*at, *reward));
        let log = (1..).zip(happened);
        let log = log.map(|(position, (at, reward, event))| recorded(position, at, reward, event));
        Self { log: log.collect(), books }
    }

    /// The figures of a period as of a position.
    pub fn figures(&self, span: Span, at: usize, closures: &[Closure], view: View) -> Figures {
        let calendar = Calendar { closures: closures.to_vec(), view };
        let mut gathering = Gathering::new(span, calendar);
        self.log[..at].iter().for_each(|recorded| gathering.enter(recorded).unwrap());
        gathering.finish()
    }

    /// How many events had been recorded before this time.
    pub fn last_before(&self, time: &str) -> usize {
        let time: DateTime<Utc> = time.parse().unwrap();
        self.log.iter().take_while(|recorded| recorded.recorded_at < time).count()
    }

    /// Has somebody spend a cent at a time that is told of later only, and that last.
    pub fn spend_late(&mut self, happened: &str, told: &str) {
        let told: DateTime<Utc> = told.parse().unwrap();
        self.log.truncate(self.log.iter().take_while(|r| r.recorded_at < told).count());
        let issued = self.log.iter().find_map(|recorded| match &recorded.event {
            AnchorEvent::Reward(RewardEvent::VoucherIssued(e)) => Some((recorded, e)),
            _ => None,
        });
        let (of, e) = issued.unwrap();
        let changes = json!({
            "partner_id": e.partner_id, "funding_model": e.funding_model, "amount": "0.01",
            "remaining": "0.00", "voucher_id": e.voucher_id, "redemption_id": "late",
        });
        let event = event("VoucherRedeemed", happened.parse().unwrap(), &changes);
        let reward = of.aggregate_id.parse().unwrap();
        let position = self.log.len() as i64 + 1;
        self.log.push(recorded(position, told, reward, event));
    }
}

pub fn recorded(position: i64, at: DateTime<Utc>, reward: Uuid, event: AnchorEvent) -> Recorded {
    Recorded {
        position: Position(position),
        recorded_at: at,
        aggregate_type: event.stream(),
        aggregate_id: reward.to_string(),
        sequence: position,
        event,
        metadata: "{}".into(),
    }
}
