//! What is in a log of a million events? Rewards as they come: reached, ordered at a partner,
//! issued, looked at and spent, for members with four of them each, over a year.

use chrono::{DateTime, Duration, Utc};
use domain::ids::{MemberId, MilestoneId, RewardId};
use serde_json::{Value, json};
use sqlx::PgPool;
use uuid::Uuid;

/// What happens to each reward, as stored: name, and an event of its kind with all its fields.
const STORY: [(&str, &str); 6] = [
    ("MilestoneReached", include_str!("../../domain/src/reward/wire/MilestoneReached.v1.json")),
    ("PartnerChosen", include_str!("../../domain/src/reward/wire/PartnerChosen.v1.json")),
    ("IssuanceRequested", include_str!("../../domain/src/reward/wire/IssuanceRequested.v1.json")),
    ("VoucherIssued", include_str!("../../domain/src/reward/wire/VoucherIssued.v1.json")),
    ("VoucherRevealed", include_str!("../../domain/src/reward/wire/VoucherRevealed.v1.json")),
    ("VoucherRedeemed", include_str!("../../domain/src/reward/wire/VoucherRedeemed.v1.json")),
];
const REWARDS_OF_A_MEMBER: u64 = 4;
const REWARDS_AT_ONCE: u64 = 500;
const METADATA: &str = r#"{"command_id":"0193f0aa-0000-7000-8000-000000000000","actor":"bench",
    "correlation":"0193f0aa-0000-7000-8000-000000000000","reason":"it was there before"}"#;

/// The `n`-th member.
pub fn member(n: u64) -> MemberId {
    MemberId(Uuid::from_u64_pair(0x0193_a000_0000_7000, 0x8000_0000_0000_0000 | n))
}

/// How many members a log of so many events has.
pub fn members(events: i64) -> u64 {
    (events.unsigned_abs() / STORY.len() as u64 / REWARDS_OF_A_MEMBER).max(1)
}

/// Appends at least `events` events by the ledger's own function; answers how many.
pub async fn fill(owner: &PgPool, events: i64) -> i64 {
    let story: Vec<(&str, Value)> =
        STORY.iter().map(|(name, event)| (*name, serde_json::from_str(event).unwrap())).collect();
    let begin: DateTime<Utc> = "2026-01-01T00:00:00Z".parse().unwrap();
    let rewards = events.unsigned_abs().div_ceil(STORY.len() as u64);
    for first in (0..rewards).step_by(REWARDS_AT_ONCE as usize) {
        let mut rows = Rows::default();
        // All rewards of a batch go forward together, as members' do.
        for (sequence, (name, event)) in (1_i64..).zip(&story) {
            for reward in first..(first + REWARDS_AT_ONCE).min(rewards) {
                let minutes = reward * 525_600 / rewards;
                let at = begin + Duration::minutes(minutes as i64) + Duration::hours(sequence);
                rows.push(reward, sequence, name, told(event, reward, at));
            }
        }
        rows.append(owner).await;
    }
    sqlx::query("VACUUM ANALYZE").execute(owner).await.unwrap();
    rewards as i64 * story.len() as i64
}

fn told(event: &Value, reward: u64, at: DateTime<Utc>) -> String {
    let mut event = event.clone();
    let fields = event.as_object_mut().unwrap();
    let voucher = format!("WO{reward:09}");
    for (name, value) in [
        ("member_id", json!(member(reward / REWARDS_OF_A_MEMBER))),
        ("voucher_id", json!(voucher)),
        ("reference", json!(format!("OURS{reward:09}"))),
        ("redemption_id", json!(format!("{voucher}-R1"))),
        ("occurred_at", json!(at)),
        ("deadline", json!(at)),
        ("resolve_at", json!(at)),
        ("remaining", json!("0.00")),
        ("because", json!("first_available")),
        ("expires_at", json!(at + Duration::days(1_096))),
    ] {
        if fields.contains_key(name) {
            fields.insert(name.to_owned(), value);
        }
    }
    event.to_string()
}

#[derive(Default)]
struct Rows {
    streams: Vec<String>,
    commands: Vec<i32>,
    ids: Vec<String>,
    sequences: Vec<i64>,
    names: Vec<String>,
    payloads: Vec<String>,
}

impl Rows {
    fn push(&mut self, reward: u64, sequence: i64, name: &str, payload: String) {
        let milestone: MilestoneId =
            format!("month_{}", reward % REWARDS_OF_A_MEMBER).parse().unwrap();
        let id = RewardId::of(member(reward / REWARDS_OF_A_MEMBER), &milestone, 1).to_string();
        if sequence == 1 {
            self.streams.push(id.clone());
        }
        self.commands.push(1);
        self.ids.push(id);
        self.sequences.push(sequence);
        self.names.push(name.to_owned());
        self.payloads.push(payload);
    }

    async fn append(self, owner: &PgPool) {
        let same = |text: &str, times: usize| vec![text.to_owned(); times];
        sqlx::query("SELECT ledger_append(false, $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)")
            .bind(same("reward", self.streams.len()))
            .bind(&self.streams)
            .bind(vec![1_i64; self.streams.len()])
            .bind(&self.commands)
            .bind(same("reward", self.ids.len()))
            .bind(&self.ids)
            .bind(&self.sequences)
            .bind(&self.names)
            .bind(same("1.0", self.ids.len()))
            .bind(&self.payloads)
            .bind(same(METADATA, self.ids.len()))
            .execute(owner)
            .await
            .unwrap();
    }
}
