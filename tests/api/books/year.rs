//! A year of many members, and the statements of every partner for every day of it: is each planted
//! difference found and named, and nothing else?
//!
//! The members' year is made by the real domain and written into the log; the files are read,
//! imported and compared as any. `ANCHOR_YEAR_MEMBERS=10000 cargo check-all -- a_year_of_members`
//! is a year of ten thousand.
//!
//! Rows: A2.

use std::collections::BTreeMap;

use a_year::{Extent, Happened, Planted, Shop, Year, planted::plant};
use anchor::books::{Books, CameBy, Incoming};
use anchor::clock::Clock;
use anchor::database::{Role, connect};
use anchor::ledger::{Context, EngineLimits, Ledger};
use anchor::partners::Catalogue;
use anchor::processes::compare_statements::CompareStatements;
use anchor::processes::describe_partners::describe_partners;
use cqrs_es::DomainEvent;
use domain::partner_statement::{BreakKind, MovementKind};
use domain::policy::Policies;
use domain::reward::{RewardEvent, ValueKind};
use projections::runner::Runner;
use rust_decimal::Decimal;
use sqlx::PgPool;
use test_database::TestDatabase;
use tokio::sync::watch;

const MEMBERS: usize = 500;
/// So many of each kind are planted for so many members.
const EACH: usize = 4;
const ROWS_AT_ONCE: usize = 5_000;

fn asked(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|given| given.parse().expect("a number"))
}

/// Everybody in the catalogue who moves value.
pub fn shops(catalogue: &Catalogue) -> Vec<Shop> {
    let moving = catalogue.iter().filter(|entry| entry.moves_value());
    moving
        .map(|entry| Shop {
            id: entry.id().clone(),
            gives: entry.products()[0].kind,
            funding_model: entry.details().funding_model.expect("who moves value says who pays"),
            time_zone: entry.details().time_zone,
            overdue_after_days: entry.statement().overdue_after_days,
        })
        .collect()
}

/// The log, and whoever works on it.
pub struct Office {
    database: TestDatabase,
    pool: PgPool,
    ledger: Ledger,
    pub catalogue: Catalogue,
}

impl Office {
    pub async fn open() -> Self {
        let database = TestDatabase::create().await;
        let pool = connect(&database.url, Role::App, 8).await.unwrap();
        let clock = Clock::follow(pool.clone()).await.unwrap();
        let ledger = Ledger::start(&database.url, clock, EngineLimits::default()).await.unwrap();
        let catalogue = Catalogue::built_in().unwrap();
        describe_partners(&ledger, &catalogue, &BTreeMap::new()).await.unwrap();
        Self { database, pool, ledger, catalogue }
    }

    /// A year of so many members.
    pub fn year(&self, members: usize, seed: u64) -> Year {
        let known = self.catalogue.iter();
        let known: Vec<_> =
            known.map(|entry| (entry.id().clone(), entry.partner_type())).collect();
        let policies = Policies::built_in().knowing(&known);
        Year::of(Extent { members, year: 2025, seed }, &shops(&self.catalogue), &policies)
    }

    /// Writes what happened into the log.
    pub async fn write(&self, events: &[Happened]) {
        let owner = PgPool::connect(secrecy::ExposeSecret::expose_secret(&self.database.url));
        let owner = owner.await.unwrap();
        for some in events.chunks(ROWS_AT_ONCE) {
            let (mut streams, mut sequences) = (Vec::new(), Vec::new());
            let (mut names, mut versions, mut payloads) = (Vec::new(), Vec::new(), Vec::new());
            for Happened { reward, sequence, event, .. } in some {
                streams.push(reward.to_string());
                sequences.push(*sequence);
                names.push(event.name());
                versions.push(event.event_version());
                payloads.push(payload(event));
            }
            sqlx::query(
                "INSERT INTO events (aggregate_type, aggregate_id, sequence, event_type,
                                     event_version, payload, metadata)
                 SELECT 'reward', i, s, n, v, p::json,
                        json_build_object('actor', 'process:year', 'reason', 'a year',
                                          'command_id', gen_random_uuid())
                   FROM unnest($1::text[], $2::bigint[], $3::text[], $4::text[], $5::text[])
                        AS u(i, s, n, v, p)",
            )
            .bind(streams)
            .bind(sequences)
            .bind(names)
            .bind(versions)
            .bind(payloads)
            .execute(&owner)
            .await
            .unwrap();
        }
        owner.close().await;
    }

    pub fn runner(&self) -> Runner {
        let mut all = projections::all().into_iter();
        let one = all.find(|one| one.name() == projections::partner_statements::NAME).unwrap();
        Runner::new(self.pool.clone(), one, self.ledger.head())
    }

    /// Imports a file, as finance would bring it.
    pub async fn import(&self, paper: &a_year::Paper) {
        let importer = Books {
            ledger: self.ledger.clone(),
            pool: self.pool.clone(),
            catalogue: self.catalogue.clone(),
        };
        let text = paper.text();
        let file = Incoming {
            bytes: text.as_bytes(),
            came_by: CameBy::Upload,
            only: None,
            asked_for: None,
        };
        let context = Context::new("process:year", "a statement came");
        let imported = importer.import(file, &context).await;
        imported.unwrap_or_else(|error| panic!("{} {}: {error:?}", paper.partner, paper.day));
    }

    /// Whoever compares, until told to stop.
    pub fn comparing(&self, stop: watch::Receiver<bool>) -> CompareStatements {
        CompareStatements {
            ledger: self.ledger.clone(),
            pool: self.pool.clone(),
            catalogue: self.catalogue.clone(),
            stop,
        }
    }

    /// Imports every file and compares it.
    async fn reconcile(&self, books: &a_year::Books) {
        for paper in books.papers.values() {
            self.import(paper).await;
        }
        let (stop, stopping) = watch::channel(false);
        let projecting = tokio::spawn(self.runner().run(stopping));
        let process = self.comparing(stop.subscribe());
        let left = "SELECT $1 - count(*) FROM read.partner_statements WHERE status = 'matched'";
        let all = i64::try_from(books.papers.len()).unwrap();
        while sqlx::query_scalar::<_, i64>(left).bind(all).fetch_one(&self.pool).await.unwrap() > 0
        {
            process.turn().await.unwrap();
        }
        stop.send(true).unwrap();
        projecting.await.unwrap();
    }

    /// What was found, in any state.
    async fn found(&self) -> Vec<Planted> {
        type Row =
            (String, chrono::NaiveDate, String, String, String, Option<Decimal>, Option<Decimal>);
        let rows: Vec<Row> = sqlx::query_as(
            "SELECT partner_id, business_date, kind, movement, partner_ref, stated, recorded
               FROM read.statement_breaks",
        )
        .fetch_all(&self.pool)
        .await
        .unwrap();
        let cents = |amount: Option<Decimal>| {
            amount.map(|amount| i64::try_from(amount * Decimal::ONE_HUNDRED).unwrap())
        };
        rows.into_iter()
            .map(|(partner, day, kind, movement, partner_ref, stated, recorded)| Planted {
                partner: partner.parse().unwrap(),
                day,
                kind: BreakKind::ALL.into_iter().find(|one| one.as_str() == kind).unwrap(),
                movement: MovementKind::read(&movement).unwrap(),
                partner_ref,
                stated: cents(stated),
                recorded: cents(recorded),
            })
            .collect()
    }

    pub async fn close(self) {
        self.ledger.stop().await;
        self.pool.close().await;
        self.database.drop().await;
    }

    async fn count(&self, what: &str) -> i64 {
        sqlx::query_scalar(what).fetch_one(&self.pool).await.unwrap()
    }
}

/// As it is stored.
fn payload(event: &RewardEvent) -> String {
    let mut payload = serde_json::to_value(event).unwrap();
    payload.as_object_mut().unwrap().remove("type");
    payload.to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_year_of_members_comes_to_the_planted_differences_and_to_no_other() {
    let members = asked("ANCHOR_YEAR_MEMBERS").map_or(MEMBERS, |n| usize::try_from(n).unwrap());
    let seed = asked("ANCHOR_SEED").unwrap_or(11);
    println!("ANCHOR_SEED={seed}: {members} members");
    let office = Office::open().await;
    let shops = shops(&office.catalogue);
    assert!(shops.iter().any(|shop| shop.gives == ValueKind::Credit));
    let mut year = office.year(members, seed);
    let each = EACH * members.div_ceil(MEMBERS);
    let lines_before: usize = year.books.papers.values().map(|paper| paper.lines.len()).sum();
    let mut planted = plant(&mut year.books, &shops, (each, seed));
    office.write(&year.events).await;
    office.runner().catch_up().await.unwrap();
    office.reconcile(&year.books).await;

    let mut found = office.found().await;
    planted.sort();
    found.sort();
    let missing: Vec<_> = planted.iter().filter(|one| !found.contains(one)).collect();
    let surplus: Vec<_> = found.iter().filter(|one| !planted.contains(one)).collect();
    println!(
        "{} events, {lines_before} lines, {} files, {} differences planted",
        year.events.len(),
        year.books.papers.len(),
        planted.len()
    );
    assert!(
        missing.is_empty() && surplus.is_empty(),
        "missing {missing:#?}, surplus {surplus:#?}"
    );
    // Too many at once is about a whole statement, and not about a line of a year.
    for kind in BreakKind::ALL.into_iter().filter(|kind| *kind != BreakKind::TooMany) {
        assert!(planted.iter().any(|one| one.kind == kind), "{kind:?} is planted");
    }
    assert_eq!(found.len(), planted.len());

    let ours_left = "SELECT count(*) FROM read.statement_movements m
                      WHERE matched_in IS NULL AND kind <> 'ORDER'
                        AND NOT EXISTS (SELECT FROM read.statement_breaks b
                                         WHERE b.position = m.position)";
    assert_eq!(office.count(ours_left).await, 0, "every other movement is matched");
    let matched = office.count("SELECT sum(lines) FROM read.statement_matchings").await;
    let left_alone = planted.iter().filter(|one| one.recorded.is_some()).count();
    assert_eq!(usize::try_from(matched).unwrap(), lines_before - left_alone);
    office.close().await;
}
