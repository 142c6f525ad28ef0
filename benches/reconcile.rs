//! What does a long statement cost? A hundred thousand lines beside the replay of the whole log.
//!
//! `cargo bench --bench reconcile`: on a log of a million events, in one run and in turn.
//! *Replayed*: every event decoded into its type. *Compared*: a statement that is kept and recorded
//! already is read, matched with our movements, and what agrees is recorded, durable, and seen by
//! the read model. All other movements were spoken of by earlier statements. `-- --check` fails
//! when the promise is broken.

#![allow(clippy::unwrap_used, reason = "a benchmark that cannot run has nothing else to do")]

mod support;

use std::process::ExitCode;

use anchor::books::{Books, CameBy, Incoming};
use anchor::clock::Clock;
use anchor::database::{self, Role, connect};
use anchor::ledger::{Context, EngineLimits, Ledger};
use anchor::partners::Catalogue;
use anchor::processes::compare_statements::CompareStatements;
use chrono::{Duration, NaiveDate};
use domain::ids::Position;
use domain::partner_statement::MovementKind;
use projections::event_log::{self, ReadError};
use projections::partner_statements;
use projections::runner::Runner;
use secrecy::{ExposeSecret, SecretString};
use sqlx::PgPool;
use support::{Options, Promises, Server, filled_log, median, ratio, timed};
use tokio::sync::watch;

const LINES: i64 = 100_000;
/// As many as the replay may be slower by.
const PROMISED: f64 = 10.0;

#[tokio::main]
async fn main() -> ExitCode {
    let options = Options::read();
    let server = Server::start().await;
    let mut promises = Promises::default();
    println!(
        "| stored | lines | replayed s | compared s | ratio |\n| --- | --- | --- | --- | --- |"
    );
    for size in &options.sizes {
        let (mut replayed, mut compared) = (Vec::new(), Vec::new());
        let name = format!("log_{size}");
        server.cluster.create_database_if_missing(&name).await.unwrap();
        let office = Office::open(&server.cluster.url(&name), *size).await;
        let lines = LINES.min(size / 6);
        for pass in 0..options.passes {
            eprintln!("{size} events stored, pass {}", pass + 1);
            replayed.push(office.replay().await);
            compared.push(office.compare(pass as u64, lines).await);
        }
        let times = ratio(&compared, &replayed);
        let (replayed, compared) = (median(replayed), median(compared));
        println!("| {size} | {lines} | {replayed:.2} | {compared:.2} | {times:.2} |");
        if lines == LINES {
            promises.at_most(PROMISED, times, &format!("{lines} lines to replay, at {size}"));
        }
        office.close().await;
    }
    server.cluster.stop().await;
    promises.verdict(&options)
}

/// A filled log, and whoever compares statements with it.
struct Office {
    owner: PgPool,
    app: PgPool,
    read: PgPool,
    head: Position,
    ledger: Ledger,
    catalogue: Catalogue,
}

impl Office {
    async fn open(url: &SecretString, size: i64) -> Self {
        database::migrate(url).await.unwrap();
        let owner = PgPool::connect(url.expose_secret()).await.unwrap();
        let head = Position(filled_log::fill(&owner, size).await);
        let app = connect(url, Role::App, 4).await.unwrap();
        let read = connect(url, Role::Read, 4).await.unwrap();
        let clock = Clock::follow(app.clone()).await.unwrap();
        let ledger = Ledger::start(url, clock, EngineLimits::default()).await.unwrap();
        let catalogue = Catalogue::built_in().unwrap();
        let office = Self { owner, app, read, head, ledger, catalogue };
        office.catch_up().await;
        office
    }

    fn runner(&self, head: watch::Receiver<Position>) -> Runner {
        let mut all = projections::all().into_iter();
        let one = all.find(|one| one.name() == partner_statements::NAME).unwrap();
        Runner::new(self.app.clone(), one, head)
    }

    async fn catch_up(&self) {
        let (_sender, head) = watch::channel(self.head);
        self.runner(head).catch_up().await.unwrap();
    }

    async fn replay(&self) -> f64 {
        let nothing = async |_| Ok::<(), ReadError>(());
        let replay = event_log::replay(&self.read, Position(0), self.head, nothing);
        let (seconds, read) = timed(replay).await;
        assert_eq!(read.unwrap(), self.head.0.unsigned_abs());
        seconds
    }

    /// So many movements count on a day of their own, and its statement speaks of them all.
    async fn compare(&self, pass: u64, lines: i64) -> f64 {
        let first: NaiveDate = "2025-01-01".parse().unwrap();
        let day = first + Duration::days(pass.cast_signed());
        let text = self.statement(day, lines).await;
        let books = Books {
            ledger: self.ledger.clone(),
            pool: self.app.clone(),
            catalogue: self.catalogue.clone(),
        };
        let file = Incoming {
            bytes: text.as_bytes(),
            came_by: CameBy::Upload,
            only: None,
            asked_for: None,
        };
        let context = Context::new("process:bench", "it is measured");
        books.import(file, &context).await.unwrap();
        self.catch_up().await;
        let process = CompareStatements {
            ledger: self.ledger.clone(),
            pool: self.app.clone(),
            catalogue: self.catalogue.clone(),
            stop: watch::channel(false).1,
        };
        let (stop, stopping) = watch::channel(false);
        let projecting = tokio::spawn(self.runner(self.ledger.head()).run(stopping));
        let (seconds, compared) = timed(process.turn()).await;
        stop.send(true).unwrap();
        projecting.await.unwrap();
        assert_eq!(compared.unwrap(), 1);
        let matched = "SELECT sum(m.lines)::bigint FROM read.statement_matchings m
                         JOIN read.partner_statements s ON s.id = m.statement_id
                        WHERE s.business_date = $1";
        let matched: i64 =
            sqlx::query_scalar(matched).bind(day).fetch_one(&self.owner).await.unwrap();
        assert_eq!(matched, lines);
        seconds
    }

    async fn statement(&self, day: NaiveDate, lines: i64) -> String {
        let lay = "WITH chosen AS (SELECT position FROM read.statement_movements
                                    WHERE kind <> 'ORDER' ORDER BY position LIMIT $2)
                   UPDATE read.statement_movements m
                      SET business_date = $1,
                          matched_in = CASE WHEN c.position IS NULL THEN gen_random_uuid() END,
                          matched_line = CASE WHEN c.position IS NULL THEN 1 END
                     FROM read.statement_movements all_of_them
                     LEFT JOIN chosen c USING (position)
                    WHERE all_of_them.position = m.position AND m.kind <> 'ORDER'";
        sqlx::query(lay).bind(day).bind(lines).execute(&self.owner).await.unwrap();
        sqlx::raw_sql("VACUUM ANALYZE read.statement_movements")
            .execute(&self.owner)
            .await
            .unwrap();
        let rows: Vec<(String, String, String, i64)> = sqlx::query_as(
            "SELECT m.kind, i.reference, m.partner_ref, m.cents FROM read.statement_movements m
               JOIN read.statement_movements i
                 ON i.partner_id = m.partner_id AND i.partner_ref = m.partner_ref
                AND i.kind = 'ISSUE'
              WHERE m.matched_in IS NULL AND m.kind <> 'ORDER' ORDER BY m.position",
        )
        .fetch_all(&self.owner)
        .await
        .unwrap();
        let at = day.and_hms_opt(3, 0, 0).unwrap().and_utc();
        let lines = rows.into_iter().map(|(kind, reference, partner_ref, cents)| a_year::Line {
            partner: "woolworths".parse().unwrap(),
            kind: MovementKind::read(&kind).unwrap(),
            reference,
            partner_ref,
            at,
            day,
            cents,
            place: None,
        });
        let paper = a_year::Paper {
            partner: "woolworths".parse().unwrap(),
            day,
            currency: "AUD",
            made_at: at + Duration::days(1),
            lines: lines.collect(),
        };
        paper.text()
    }

    async fn close(self) {
        self.ledger.stop().await;
        for pool in [self.owner, self.app, self.read] {
            pool.close().await;
        }
    }
}
