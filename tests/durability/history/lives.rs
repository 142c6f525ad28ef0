//! A log with rewards in it: a journey each, a voucher, and some of it spent.
//!
//! Events are the stored ones of the domain's own files, with members and ids of their own, written
//! the way the stock repository writes them.

use domain::journey::JourneyEvent;
use domain::reward::RewardEvent;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::Log;

const WIRE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/domain/src");

/// Events in one life.
pub const EVENTS: i64 = 6;

fn stored(stream: &str, name: &str, changes: &Value) -> String {
    let text = std::fs::read_to_string(format!("{WIRE}/{stream}/wire/{name}.v1.json")).unwrap();
    let mut payload: Value = serde_json::from_str(&text).unwrap();
    for (field, value) in changes.as_object().unwrap() {
        payload[field] = value.clone();
    }
    payload.to_string()
}

fn version(name: &str) -> &'static str {
    let mut stored = RewardEvent::STORED.iter().chain(JourneyEvent::STORED);
    stored.find(|(stored, _)| *stored == name).unwrap().1
}

#[derive(Default)]
struct Rows {
    kinds: Vec<&'static str>,
    ids: Vec<String>,
    sequences: Vec<i64>,
    names: Vec<&'static str>,
    versions: Vec<&'static str>,
    payloads: Vec<String>,
}

impl Rows {
    fn add(&mut self, stream: (&'static str, Uuid), sequence: i64, event: (&'static str, Value)) {
        let ((kind, id), (name, changes)) = (stream, event);
        self.kinds.push(kind);
        self.ids.push(id.to_string());
        self.sequences.push(sequence);
        self.names.push(name);
        self.versions.push(version(name));
        self.payloads.push(stored(kind, name, &changes));
    }

    fn live(&mut self) {
        let (member, reward) = (Uuid::now_v7(), Uuid::now_v7());
        let of = |changes: Value| {
            let mut changes = changes;
            changes["member_id"] = json!(member);
            changes
        };
        let value = json!({ "amount": "20.00", "partner_id": "woolworths" });
        let mut issued = value.clone();
        issued["voucher_id"] = json!(Uuid::now_v7().to_string());
        self.add(("journey", member), 1, ("JourneyStarted", json!({})));
        let steps = [
            ("MilestoneReached", json!({ "claim_only": [] })),
            ("PartnerChosen", json!({ "partner_id": "woolworths" })),
            ("IssuanceRequested", value),
            ("VoucherIssued", issued),
            ("VoucherRedeemed", json!({ "amount": "12.50", "remaining": "7.50" })),
        ];
        for (sequence, (name, changes)) in (1..).zip(steps) {
            self.add(("reward", reward), sequence, (name, of(changes)));
        }
    }
}

/// Writes so many lives into the log.
pub async fn live(log: &Log, lives: usize) {
    let mut rows = Rows::default();
    (0..lives).for_each(|_| rows.live());
    sqlx::query(
        "INSERT INTO events (aggregate_type, aggregate_id, sequence, event_type, event_version,
                             payload, metadata)
         SELECT t, i, s, n, v, p::json, json_build_object('actor', 'process:test', 'reason', 'test',
                                                          'command_id', gen_random_uuid())
           FROM unnest($1::text[], $2::text[], $3::bigint[], $4::text[], $5::text[], $6::text[])
                AS u(t, i, s, n, v, p)",
    )
    .bind(rows.kinds)
    .bind(rows.ids)
    .bind(rows.sequences)
    .bind(rows.names)
    .bind(rows.versions)
    .bind(rows.payloads)
    .execute(&log.pool)
    .await
    .unwrap();
}

/// Projects everything, as the application would.
pub async fn project_all(log: &Log) {
    use anchor::database::{Role, connect};
    let pool = connect(&log.database.url, Role::App, 4).await.unwrap();
    for projection in projections::all() {
        let (_, head) = tokio::sync::watch::channel(domain::ids::Position::default());
        let mut runner = projections::runner::Runner::new(pool.clone(), projection, head);
        runner.catch_up().await.unwrap();
    }
    pool.close().await;
}
