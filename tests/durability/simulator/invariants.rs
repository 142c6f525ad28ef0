//! Does everything hold that must hold, whatever went wrong? One function for each invariant.
//!
//! | invariant | what must hold |
//! | --- | --- |
//! | I1 | in the partners' own book, at most one live value for each reward |
//! | I2 | every value in it is on record here, with equal amount, or people are told |
//! | I3 | what was acknowledged is there, and counted once |
//! | I4 | every webhook that was answered is in the inbox |
//! | I5 | the log has no hole and follows time |
//! | I6 | read models are what a rebuild comes to |
//! | I7 | log, read model and the partners' book come to the same sums |
//! | I8 | no code, and no account number, in clear |
//! | I9 | every reward is at rest, or people are told |
//! | I10 | no gap in a stream, no command recorded twice |
//!
//! Rows: D4, D6, R2. Cases: I1, I2, I3, I4, I5, I6, I7, I8, I9, I10.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use anchor::config::Config;
use anchor::database::{Role, connect};
use anchor::messages::Outbox;
use anchor::partners::kept::Kept;
use anchor::partners::{Partners, client};
use anchor::processes::raise_alerts::RaiseAlerts;
use anchor::vault::Vault;
use rust_decimal::Decimal;
use serde_json::Value;
use sqlx::PgPool;
use uuid::Uuid;

use super::deeds::Acknowledged;
use super::history::history;
use super::world::World;

/// Something that does not hold.
#[derive(Debug, Clone)]
pub struct Violation {
    pub invariant: &'static str,
    pub what: String,
    pub history: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}\n{}", self.invariant, self.what, self.history)
    }
}

/// What was found, before its history is looked up.
pub struct Found {
    what: String,
    reward: Option<Uuid>,
}

impl Found {
    fn of(reward: Uuid, what: String) -> Self {
        Self { what, reward: Some(reward) }
    }

    fn plain(what: String) -> Self {
        Self { what, reward: None }
    }
}

/// Everything that does not hold.
pub async fn violations(world: &World, acknowledged: &[Acknowledged]) -> Vec<Violation> {
    let pool = &world.owner;
    look(world).await;
    let values = Values::read(world).await;
    let checked = [
        ("I1", one_live_value_each(&values)),
        ("I2", every_value_is_on_record(pool, &values).await),
        ("I3", what_was_acknowledged_is_there(pool, acknowledged).await),
        ("I4", answered_webhooks_are_kept(world).await),
        ("I5", the_log_is_whole(pool).await),
        ("I6", read_models_are_what_a_rebuild_comes_to(pool).await),
        ("I7", sums_agree(pool, &values).await),
        ("I8", nothing_secret_is_in_clear(world).await),
        ("I9", everything_is_at_rest(pool).await),
        ("I10", nothing_is_recorded_twice(pool).await),
    ];
    let mut violations = Vec::new();
    for (invariant, found) in checked {
        for Found { what, reward } in found {
            let history = match reward {
                Some(reward) => history(pool, reward).await,
                None => String::new(),
            };
            violations.push(Violation { invariant, what, history });
        }
    }
    violations
}

/// People are told what there is to be told.
async fn look(world: &World) {
    let url = &world.config.database_url;
    let pool = connect(url, Role::App, 4).await.unwrap();
    let keys = connect(url, Role::Keys, 2).await.unwrap();
    let vault = Vault::open(keys, world.config.keyring.clone()).await.unwrap();
    let Config { catalogue, partners, public_url, messages, .. } = &world.config;
    let (catalogue, public_url) = (catalogue.clone(), public_url.clone());
    let kept = Kept { vault: vault.clone(), catalogue: catalogue.clone(), public_url };
    let partners = Partners::new(catalogue, partners.clone(), client().unwrap(), vault).unwrap();
    let outbox = Outbox::new(pool.clone(), messages);
    RaiseAlerts { pool, partners, kept, outbox }.turn().await.unwrap();
}

/// A value as a partner has it.
struct InBook {
    partner: String,
    partner_ref: String,
    reference: String,
    amount: Decimal,
    is_live: bool,
    /// Whose reference it is.
    reward: Option<Uuid>,
}

/// All that the partners have in their book.
struct Values(Vec<InBook>);

impl Values {
    async fn read(world: &World) -> Self {
        let ordered: Vec<(String, String)> = sqlx::query_as(
            "SELECT DISTINCT payload->>'reference', aggregate_id FROM events
              WHERE event_type = 'IssuanceRequested'",
        )
        .fetch_all(&world.owner)
        .await
        .unwrap();
        let ordered: BTreeMap<String, String> = ordered.into_iter().collect();
        let book = world.book("issued").await;
        let text = |value: &Value, name: &str| value[name].as_str().unwrap().to_owned();
        let values = book["issued"].as_array().unwrap().iter().map(|value| {
            let reference = text(value, "reference");
            let state = text(value, "state");
            InBook {
                partner: text(value, "partner"),
                partner_ref: text(value, "partner_ref"),
                amount: text(value, "amount").parse().unwrap(),
                is_live: !["voided", "returned", "reversed"].contains(&state.as_str()),
                reward: ordered.get(&reference).and_then(|reward| reward.parse().ok()),
                reference,
            }
        });
        Self(values.collect())
    }
}

fn one_live_value_each(values: &Values) -> Vec<Found> {
    let mut live: BTreeMap<Uuid, Vec<String>> = BTreeMap::new();
    for value in values.0.iter().filter(|value| value.is_live) {
        let name = format!("{} of {}", value.partner_ref, value.partner);
        live.entry(value.reward.unwrap_or_default()).or_default().push(name);
    }
    live.into_iter()
        .filter(|(_, values)| values.len() > 1)
        .map(|(reward, values)| {
            Found::of(reward, format!("reward {reward} has {}", values.join(" and ")))
        })
        .collect()
}

async fn every_value_is_on_record(pool: &PgPool, values: &Values) -> Vec<Found> {
    let ours: Vec<(String, String, String)> = sqlx::query_as(
        "SELECT aggregate_id, coalesce(payload->>'voucher_id', payload->>'credit_id',
                                       payload->>'partner_ref'), payload->>'amount'
           FROM events WHERE event_type IN ('VoucherIssued', 'CreditApplied', 'LateIssueFound')",
    )
    .fetch_all(pool)
    .await
    .unwrap();
    let ours: BTreeSet<(String, String, Decimal)> = ours
        .into_iter()
        .map(|(reward, value, amount)| (reward, value, amount.parse().unwrap_or_default()))
        .collect();
    let told = told_of(pool).await;
    let mut found = Vec::new();
    for value in &values.0 {
        let Some(reward) = value.reward else {
            let what = format!("{} has {} and nobody ordered it", value.partner, value.reference);
            found.push(Found::plain(what));
            continue;
        };
        let on_record = (reward.to_string(), value.partner_ref.clone(), value.amount);
        if !ours.contains(&on_record) && !told.contains(&reward) {
            let what = format!(
                "{} of {} is not on record for reward {reward}",
                value.partner_ref, value.partner
            );
            found.push(Found::of(reward, what));
        }
    }
    found
}

/// The rewards that people have been told of.
async fn told_of(pool: &PgPool) -> BTreeSet<Uuid> {
    let subjects: Vec<String> = sqlx::query_scalar(
        "SELECT split_part(subject, '@', 1) FROM alerts WHERE resolved_at IS NULL",
    )
    .fetch_all(pool)
    .await
    .unwrap();
    subjects.iter().filter_map(|subject| subject.parse().ok()).collect()
}

async fn what_was_acknowledged_is_there(
    pool: &PgPool,
    acknowledged: &[Acknowledged],
) -> Vec<Found> {
    let mut found = Vec::new();
    for Acknowledged { what, stream, position } in acknowledged {
        let is_there: bool = sqlx::query_scalar(
            "SELECT EXISTS (SELECT FROM events WHERE position = $1 AND aggregate_id = $2)",
        )
        .bind(position)
        .bind(stream.to_string())
        .fetch_one(pool)
        .await
        .unwrap();
        if !is_there {
            let what = format!("{what} was acknowledged at {position} and is not there");
            found.push(Found::of(*stream, what));
        }
    }
    found
}

async fn answered_webhooks_are_kept(world: &World) -> Vec<Found> {
    let (notices, delivered) = world.notices();
    let kept: Vec<(String, String)> = sqlx::query_as("SELECT external_id, partner_id FROM inbox")
        .fetch_all(&world.owner)
        .await
        .unwrap();
    let kept: BTreeSet<(String, String)> = kept.into_iter().collect();
    delivered
        .into_iter()
        .filter_map(|id| {
            let partner = notices.get(&id)?.clone();
            let is_kept = kept.contains(&(id.clone(), partner.clone()));
            (!is_kept).then(|| Found::plain(format!("{id} of {partner} was taken and is gone")))
        })
        .collect()
}

async fn the_log_is_whole(pool: &PgPool) -> Vec<Found> {
    rows(
        pool,
        "SELECT format('position %s after %s', position, before) FROM
           (SELECT position, recorded_at, lag(position, 1, 0::bigint) OVER w AS before,
                   lag(recorded_at) OVER w AS earlier
              FROM events WINDOW w AS (ORDER BY position)) e
          WHERE position <> before + 1 OR recorded_at < earlier
         UNION ALL
         SELECT 'batches do not account for every event'
          WHERE (SELECT coalesce(sum(last_position - first_position + 1), 0) FROM ledger_batches)
             <> (SELECT count(*) FROM events)",
    )
    .await
}

async fn read_models_are_what_a_rebuild_comes_to(pool: &PgPool) -> Vec<Found> {
    let halted = "SELECT format('%s stands still: %s', name, error) FROM checkpoints
                   WHERE state <> 'live' AND schema = 'read'";
    let mut found = rows(pool, halted).await;
    let all = projections::all();
    let checked = match projections::rebuild::compare::check(pool, &all, &|_, _| {}).await {
        Ok(checked) => checked,
        Err(error) => {
            found.push(Found::plain(format!("read models cannot be compared: {error}")));
            return found;
        }
    };
    for checked in checked.into_iter().filter(|checked| checked.differing > 0) {
        let first = checked.differences.first();
        let what = format!("{}: {} rows differ, {first:?}", checked.name, checked.differing);
        found.push(Found::plain(what));
    }
    found
}

/// Issued and spent, by partner: as the log says, as finance sees it, as the partners have it.
async fn sums_agree(pool: &PgPool, values: &Values) -> Vec<Found> {
    let sums: Vec<(String, Decimal, Decimal, Decimal, Decimal)> = sqlx::query_as(
        "WITH of_partner AS (
           SELECT aggregate_id, payload->>'partner_id' AS partner_id, event_type,
                  (payload->>'amount')::numeric AS amount
             FROM events WHERE aggregate_type = 'reward'
              AND event_type IN ('VoucherIssued', 'CreditApplied', 'LateIssueFound',
                                 'VoucherRedeemed', 'CreditSettled', 'RedemptionReversed')),
         log AS (
           SELECT partner_id,
                  coalesce(sum(amount) FILTER (WHERE event_type IN
                    ('VoucherIssued', 'CreditApplied', 'LateIssueFound')), 0) AS issued,
                  coalesce(sum(amount) FILTER (WHERE event_type IN
                    ('VoucherRedeemed', 'CreditSettled')), 0)
                  - coalesce(sum(amount) FILTER (WHERE event_type = 'RedemptionReversed'), 0)
                    AS redeemed
             FROM of_partner GROUP BY partner_id),
         seen AS (SELECT partner_id, sum(issued) AS issued, sum(redeemed) AS redeemed
                    FROM read.reconciliation WHERE partner_id <> '' GROUP BY partner_id)
         SELECT partner_id, coalesce(log.issued, 0), coalesce(seen.issued, 0),
                coalesce(log.redeemed, 0), coalesce(seen.redeemed, 0)
           FROM log FULL JOIN seen USING (partner_id)",
    )
    .fetch_all(pool)
    .await
    .unwrap();
    let told = told_of(pool).await;
    let mut found = Vec::new();
    for (partner, issued, seen, redeemed, seen_redeemed) in sums {
        if issued != seen || redeemed != seen_redeemed {
            found.push(Found::plain(format!(
                "{partner}: issued {issued} and redeemed {redeemed} by the log, \
                 {seen} and {seen_redeemed} by the read model"
            )));
        }
        let of_partner = values.0.iter().filter(|value| value.partner == partner);
        let theirs: Decimal = of_partner
            .filter(|value| !value.reward.is_some_and(|reward| told.contains(&reward)))
            .map(|value| value.amount)
            .sum();
        if theirs > issued {
            let what = format!("{partner} gave {theirs}, and {issued} is on record");
            found.push(Found::plain(what));
        }
    }
    found
}

async fn nothing_secret_is_in_clear(world: &World) -> Vec<Found> {
    let book = std::fs::read_to_string(world.folder.path().join("book/book.jsonl"));
    let codes: BTreeSet<String> = book
        .unwrap_or_default()
        .lines()
        .filter_map(|line| {
            let line: Value = serde_json::from_str(line).ok()?;
            let secret = line["code"].as_str().or(line["account_number"].as_str())?;
            Some(format!("%{secret}%"))
        })
        .take(40)
        .collect();
    let codes: Vec<String> = codes.into_iter().collect();
    let shown: Vec<i64> =
        sqlx::query_scalar("SELECT position FROM events WHERE payload::text LIKE ANY($1)")
            .bind(codes)
            .fetch_all(&world.owner)
            .await
            .unwrap();
    shown.iter().map(|at| Found::plain(format!("the event at {at} holds it in clear"))).collect()
}

/// What is under way for ever is nowhere; what failed or is unknown, people know of.
async fn everything_is_at_rest(pool: &PgPool) -> Vec<Found> {
    let waiting: Vec<(Uuid, String, Option<String>)> = sqlx::query_as(
        "SELECT id, status, error_message FROM read.rewards
          WHERE status IN ('pending', 'processing', 'failed', 'on_review')",
    )
    .fetch_all(pool)
    .await
    .unwrap();
    let told = told_of(pool).await;
    let untold = waiting.into_iter().filter(|(reward, ..)| !told.contains(reward));
    untold
        .map(|(reward, status, why)| {
            let why = why.unwrap_or_default();
            Found::of(reward, format!("reward {reward} is {status} and nobody knows: {why}"))
        })
        .collect()
}

async fn nothing_is_recorded_twice(pool: &PgPool) -> Vec<Found> {
    let gaps = "SELECT format('%s %s has a gap', aggregate_type, aggregate_id) FROM events
                 GROUP BY aggregate_type, aggregate_id HAVING max(sequence) <> count(*)";
    let mut found = rows(pool, gaps).await;
    let twice: Vec<(String, String)> = sqlx::query_as(
        "SELECT aggregate_id, metadata->>'command_id' FROM events
          GROUP BY aggregate_id, metadata->>'command_id'
         HAVING count(DISTINCT recorded_at) > 1",
    )
    .fetch_all(pool)
    .await
    .unwrap();
    found.extend(twice.into_iter().map(|(stream, command)| {
        let what = format!("command {command} counts twice in {stream}");
        stream
            .parse()
            .map_or_else(|_| Found::plain(what.clone()), |id| Found::of(id, what.clone()))
    }));
    found
}

async fn rows(pool: &PgPool, sql: &'static str) -> Vec<Found> {
    let rows: Vec<String> = sqlx::query_scalar(sql).fetch_all(pool).await.unwrap();
    rows.into_iter().map(Found::plain).collect()
}
