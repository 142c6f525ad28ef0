//! Does everything hold that must hold, whatever went wrong?
//!
//! What [`crate::invariants`] asks is asked there; here is what a year of many members asks in
//! another way: people may have been told, and what is told is counted.
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

use std::collections::BTreeSet;
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
use crate::invariants::{Evidence, Taken, log, told, value, views};

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

    /// What is broken, in words that may name a reward.
    fn read(what: String) -> Self {
        let is_id = |word: &&str| word.len() == 36 && word.parse::<Uuid>().is_ok();
        let mut words = what.split(|c: char| !(c.is_ascii_hexdigit() || c == '-'));
        let reward = words.find(is_id).and_then(|word| word.parse().ok());
        Self { what, reward }
    }
}

/// Everything that does not hold.
pub async fn violations(world: &World, acknowledged: &[Acknowledged]) -> Vec<Violation> {
    let pool = &world.owner;
    look(world).await;
    let (book, taken) = (world.said_by_partners().await, taken(world));
    let evidence =
        Evidence { pool, book: &book, acknowledged: &[], taken: &taken, head_before: 0 };
    let mut views = rows(
        pool,
        "SELECT format('%s stands still: %s', name, error) FROM checkpoints
          WHERE state <> 'live' AND schema = 'read'",
    )
    .await;
    views.extend(read(Ok(views::read_models_are_what_a_rebuild_comes_to(pool).await)));
    let checked = [
        ("I1", read(value::at_most_one_live_value_per_reward(&evidence).await)),
        ("I2", read(value::what_partners_hold_is_issued_here_or_alarmed(&evidence).await)),
        ("I3", what_was_acknowledged_is_there(pool, acknowledged).await),
        ("I4", read(told::notices_that_were_taken_are_kept_once(&evidence).await)),
        ("I5", read(log::the_log_is_sound_and_no_shorter(&evidence).await)),
        ("I6", views),
        ("I7", sums_agree(pool, &book).await),
        ("I8", nothing_secret_is_in_clear(world).await),
        ("I9", everything_is_at_rest(pool).await),
        ("I10", read(log::streams_have_no_gap_and_no_event_is_there_twice(&evidence).await)),
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

fn read(broken: Result<Vec<String>, sqlx::Error>) -> Vec<Found> {
    broken.unwrap().into_iter().map(Found::read).collect()
}

/// Every webhook that the partners know to be taken.
fn taken(world: &World) -> Vec<Taken> {
    let told = world.book.told();
    told.into_iter().map(|(partner, id)| Taken { partner, id }).collect()
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
    let positions: Vec<i64> = acknowledged.iter().map(|yes| yes.position).collect();
    let there: Vec<(i64, String)> =
        sqlx::query_as("SELECT position, aggregate_id FROM events WHERE position = ANY($1)")
            .bind(positions)
            .fetch_all(pool)
            .await
            .unwrap();
    let there: BTreeSet<(i64, String)> = there.into_iter().collect();
    let is_missing =
        |yes: &&Acknowledged| !there.contains(&(yes.position, yes.stream.to_string()));
    acknowledged
        .iter()
        .filter(is_missing)
        .map(|Acknowledged { what, stream, position }| {
            let what = format!("{what} was acknowledged at {position} and is not there");
            Found::of(*stream, what)
        })
        .collect()
}

/// Issued and spent, by partner: as the log says, as finance sees it, as the partners have it.
async fn sums_agree(pool: &PgPool, book: &Value) -> Vec<Found> {
    let sums: Vec<(String, Decimal, Decimal, Decimal, Decimal)> = sqlx::query_as(
        "WITH of_partner AS (
           SELECT payload->>'partner_id' AS partner_id, event_type,
                  (payload->>'amount')::numeric AS amount,
                  coalesce((payload->>'was_settled')::boolean, false) AS was_settled
             FROM events WHERE aggregate_type = 'reward'),
         log AS (
           SELECT partner_id,
                  coalesce(sum(amount) FILTER (WHERE event_type IN
                    ('VoucherIssued', 'CreditApplied', 'LateIssueFound')), 0) AS issued,
                  coalesce(sum(amount) FILTER (WHERE event_type IN
                    ('VoucherRedeemed', 'CreditSettled', 'LateIssueLost')), 0)
                  - coalesce(sum(amount) FILTER (WHERE event_type = 'RedemptionReversed'
                      OR event_type = 'CreditReturned' AND was_settled), 0) AS redeemed
             FROM of_partner WHERE partner_id IS NOT NULL GROUP BY partner_id),
         seen AS (SELECT partner_id, sum(issued) AS issued, sum(redeemed) AS redeemed
                    FROM read.reconciliation WHERE partner_id <> '' GROUP BY partner_id)
         SELECT partner_id, coalesce(log.issued, 0), coalesce(seen.issued, 0),
                coalesce(log.redeemed, 0), coalesce(seen.redeemed, 0)
           FROM log FULL JOIN seen USING (partner_id)",
    )
    .fetch_all(pool)
    .await
    .unwrap();
    let given = value::given_by_partner(pool, book, &told_of(pool).await).await.unwrap();
    let mut found = Vec::new();
    for (partner, issued, seen, redeemed, seen_redeemed) in sums {
        if issued != seen || redeemed != seen_redeemed {
            found.push(Found::plain(format!(
                "{partner}: issued {issued} and redeemed {redeemed} by the log, \
                 {seen} and {seen_redeemed} by the read model"
            )));
        }
        let theirs = given.get(&partner).copied().unwrap_or_default();
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

async fn rows(pool: &PgPool, sql: &'static str) -> Vec<Found> {
    let rows: Vec<String> = sqlx::query_scalar(sql).fetch_all(pool).await.unwrap();
    rows.into_iter().map(Found::plain).collect()
}
