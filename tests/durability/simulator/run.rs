//! How does a simulated year pass? From one moment at which something is due to the next.
//!
//! At each: what was planned is done, all of it at once; then both workers work, disturbed as
//! planned, until nothing is left to do; then the clock is moved. In the end everything is left
//! alone for a few days, so that whatever can settle has, and the invariants are checked.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use tokio::sync::Mutex;

use super::deeds::under_way::UnderWay;
use super::go_between::Bug;
use super::invariants::{Violation, violations};
use super::plan::{DAY, Extent, Plan, Planned};

use super::worker::{Disturbance, Spell, Worker};
use super::world::{PATIENCE, World};

/// What has been looked at for so many events does not move the clock any more: it is looked at
/// along the way, and people know of it.
const LOOKED_AT: i64 = 30;
/// So long everything is left alone in the end.
const AFTERWARDS: i64 = 5 * DAY;
/// Rounds of spells in one step; who has not finished by then is at it again in the next.
const MOST_SPELLS: usize = 40;
/// When nothing is left to do, whoever waits at the door is waited for so long; then the clock goes
/// on all the same.
const AT_THE_DOOR: Duration = Duration::from_millis(60);
const BETWEEN_LOOKS: Duration = Duration::from_millis(4);

/// What a run did, and what was found.
pub struct Report {
    pub seed: u64,
    pub extent: Extent,
    pub counted: Counted,
    pub violations: Vec<Violation>,
    /// The ledger's time at the end.
    pub at: DateTime<Utc>,
    pub took: Duration,
}

/// What a run did.
#[derive(Debug, Default, Clone)]
pub struct Counted {
    pub steps: u64,
    pub spells: u64,
    pub deeds: u64,
    pub faults: u64,
    pub deaths: u64,
    pub pauses: u64,
    pub cut_lines: u64,
    pub stops: u64,
    pub rewards: i64,
    pub events: i64,
    pub calls: i64,
    pub acknowledged: usize,
}

/// A run that goes on.
struct Run {
    world: Arc<World>,
    workers: [Worker; 2],
    plan: Plan,
    under_way: UnderWay,
    begun: DateTime<Utc>,
    counted: Counted,
    /// From here on nothing is disturbed any more.
    is_over: bool,
}

/// A run wants a small machine for itself: one at a time.
static ALONE: Mutex<()> = Mutex::const_new(());

/// Lives through a plan and says what was found.
pub async fn run(plan: Plan, bug: Option<Bug>) -> Report {
    let _alone = ALONE.lock().await;
    let started = Instant::now();
    let (world, workers) = World::make(plan.seed, bug).await;
    let begun = world.now().await;
    let world = Arc::new(world);
    let mut run = Run {
        under_way: UnderWay::new(world.clone(), plan.members.clone()),
        world,
        workers,
        plan,
        begun,
        counted: Counted::default(),
        is_over: false,
    };
    run.live().await;
    run.calm_down().await;
    let violations = violations(&run.world, &run.under_way.acknowledged).await;
    let count = |sql: &'static str| sqlx::query_scalar::<_, i64>(sql).fetch_one(&run.world.owner);
    run.counted.events = count("SELECT count(*) FROM events").await.unwrap();
    run.counted.rewards = count("SELECT count(*) FROM read.rewards").await.unwrap();
    run.counted.calls = count(
        "SELECT count(*) FROM events WHERE event_type IN ('IssuanceRequested', 'IssuanceRepeated')",
    )
    .await
    .unwrap();
    run.counted.acknowledged = run.under_way.acknowledged.len();
    for line in &run.world.lines {
        let cut = line.cuts.done.load(SeqCst);
        run.counted.cut_lines += cut as u64;
    }
    run.counted.deeds = run.under_way.deeds;
    run.counted.faults = run.under_way.faults;
    let (seed, extent, at) = (run.plan.seed, run.plan.extent, run.world.now().await);
    let report =
        Report { seed, extent, counted: run.counted, violations, at, took: started.elapsed() };
    drop((run.workers, run.under_way));
    if let Some(world) = Arc::into_inner(run.world) {
        world.end().await;
    }
    report
}

impl Run {
    async fn live(&mut self) {
        let end = self.plan.extent.days * DAY;
        let mut deeds = std::mem::take(&mut self.plan.deeds).into_iter().peekable();
        let mut told = 0;
        loop {
            let at = self.seconds().await;
            let mut now = Vec::new();
            while let Some(next) = deeds.next_if(|planned| planned.at <= at) {
                now.push((next, 0));
            }
            now.extend(self.under_way.put_off_until(at));
            self.step(now).await;
            if at / (30 * DAY) > told {
                told = at / (30 * DAY);
                (self.counted.deeds, self.counted.faults) =
                    (self.under_way.deeds, self.under_way.faults);
                println!("seed {}: day {}, {:?}", self.plan.seed, at / DAY, self.counted);
            }
            let planned = deeds.peek().map(|planned| planned.at);
            let postponed = self.under_way.next();
            let timer = self.next_timer().await;
            let next = [planned, postponed, timer].into_iter().flatten().min();
            let Some(next) = next.filter(|next| *next < end) else { break };
            self.forward_to(next).await;
        }
    }

    /// Everything is left alone until nothing more can become of it.
    async fn calm_down(&mut self) {
        self.is_over = true;
        self.under_way.end().await;
        let until = self.seconds().await.max(self.plan.extent.days * DAY) + AFTERWARDS;
        loop {
            self.until_told().await;
            self.step(Vec::new()).await;
            let Some(next) = self.next_timer().await.filter(|next| *next < until) else { break };
            self.forward_to(next).await;
        }
        self.forward_to(until).await;
        self.until_told().await;
        self.step(Vec::new()).await;
    }

    /// Does what is due, while both workers work until nothing is left to do at this moment.
    async fn step(&mut self, deeds: Vec<(Planned, u32)>) {
        self.counted.steps += 1;
        if !self.is_over {
            self.go_wrong();
        }
        self.under_way.begin(deeds).await;
        let (mut spells, mut worked) = (0, Instant::now());
        while spells < MOST_SPELLS {
            let is_anybody_waiting = self.under_way.is_any_open();
            if self.is_anything_due().await {
                self.spells().await;
                (spells, worked) = (spells + 1, Instant::now());
            } else if is_anybody_waiting && worked.elapsed() < AT_THE_DOOR {
                tokio::time::sleep(BETWEEN_LOOKS).await;
            } else {
                break;
            }
        }
    }

    /// What disturbs everybody alike.
    fn go_wrong(&mut self) {
        if let Some((line, answers)) = self.plan.cuts(self.counted.steps) {
            self.world.lines[line].cuts.answers.fetch_add(answers, SeqCst);
        }
        if self.plan.stops(self.counted.steps) {
            self.counted.stops += 1;
            self.world.stop_database_at_once();
        }
    }

    async fn spells(&mut self) {
        let disturbances = [self.disturbance(), self.disturbance()];
        let works = self.plan.who_works(self.counted.spells);
        let [a, b] = &mut self.workers;
        let spell = async |worker: &mut Worker, number: usize| {
            if works[number] { Some(worker.work(disturbances[number]).await) } else { None }
        };
        let spells = tokio::join!(spell(a, 0), spell(b, 1));
        let both_stand = spells == (Some(Spell::Stands), Some(Spell::Stands));
        for (worker, spell) in [spells.0, spells.1].into_iter().enumerate() {
            match spell {
                None | Some(Spell::Done(_)) => {}
                Some(Spell::Died) => self.counted.deaths += 1,
                Some(Spell::Stands) => {
                    let alone = worker == 0 && both_stand;
                    self.wake_later(worker, disturbances[worker], alone).await;
                }
            }
        }
    }

    fn disturbance(&mut self) -> Option<Disturbance> {
        self.counted.spells += 1;
        if self.is_over { None } else { self.plan.disturbance(self.counted.spells) }
    }

    /// Whoever stands still is left so while time passes, and the other one works on unless it
    /// stands still as well.
    async fn wake_later(&mut self, worker: usize, why: Option<Disturbance>, alone: bool) {
        self.counted.pauses += 1;
        let pause = chrono::Duration::seconds(why.map_or(60, Disturbance::seconds));
        self.world.forward(pause).await;
        self.world.end_open_transactions(worker).await;
        let mut spells = Vec::new();
        if !alone {
            spells.push(self.workers[1 - worker].work(None).await);
        }
        spells.push(self.workers[worker].go_on_after(pause.to_std().unwrap()).await);
        let died = spells.iter().filter(|spell| **spell == Spell::Died).count();
        self.counted.deaths += died as u64;
    }

    async fn is_anything_due(&self) -> bool {
        // The inbox's own timers go by the real clock, which nobody can move.
        let due = "SELECT EXISTS (SELECT FROM checkpoints WHERE schema = 'read'
                     AND state = 'live' AND position <
                         (SELECT coalesce(max(last_position), 0) FROM ledger_batches))
              OR EXISTS (SELECT FROM read.reward_todo WHERE next_at <= ledger_now()
                            AND step NOT IN ('done', 'manual'))
              OR EXISTS (SELECT FROM read.account_todo WHERE next_at <= ledger_now())
              OR EXISTS (SELECT FROM read.journey_todo WHERE next_at <= ledger_now())
              OR EXISTS (SELECT FROM inbox WHERE state = 'new' AND next_at <= clock_timestamp())";
        loop {
            match sqlx::query_scalar(due).fetch_one(&self.world.owner).await {
                Ok(is_due) => return is_due,
                // It has just been stopped.
                Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
            }
        }
    }

    /// When something becomes due by itself, rounded up so that more is done together. What waits
    /// for an account is looked at along the way: its account wakes it.
    async fn next_timer(&self) -> Option<i64> {
        let next: Option<DateTime<Utc>> = sqlx::query_scalar(
            "SELECT min(next_at) FROM (
               SELECT min(next_at) AS next_at FROM read.reward_todo t
                WHERE next_at < 'infinity' AND sequence < $1
                  AND step NOT IN ('done', 'manual', 'expire', 'wait_account')
                  AND NOT EXISTS (SELECT FROM read.rewards r
                                   WHERE r.id = t.reward_id AND status = 'awaiting_account')
               UNION ALL SELECT min(next_at) FROM read.account_todo WHERE next_at < 'infinity'
               UNION ALL SELECT min(next_at) FROM read.journey_todo WHERE next_at < 'infinity') t",
        )
        .bind(LOOKED_AT)
        .fetch_one(&self.world.owner)
        .await
        .unwrap();
        let next = (next? - self.begun).num_seconds();
        let together = self.plan.extent.together();
        Some((next / together + 1) * together)
    }

    async fn forward_to(&mut self, at: i64) {
        let by = at - self.seconds().await;
        if by > 0 {
            self.world.forward(chrono::Duration::seconds(by + 1)).await;
        }
        // Hours have passed for the inbox as well.
        sqlx::query("UPDATE inbox SET next_at = clock_timestamp() WHERE state = 'new'")
            .execute(&self.world.owner)
            .await
            .unwrap();
    }

    /// How far the run has come.
    async fn seconds(&self) -> i64 {
        (self.world.now().await - self.begun).num_seconds()
    }

    /// Waits until the partners have told everything they wanted to tell.
    async fn until_told(&self) {
        let begun = Instant::now();
        while begun.elapsed() < PATIENCE && self.world.book.untold() > 0 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { seed, extent, counted, violations, at, took } = self;
        let years = extent.members as i64 * extent.days / 365;
        writeln!(
            f,
            "seed {seed}: {} members for {} days, {years} member-years in {:.0} s, until {at}",
            extent.members,
            extent.days,
            took.as_secs_f64()
        )?;
        writeln!(f, "{counted:?}")?;
        write!(f, "I1 to I10: {} violations", violations.len())?;
        for violation in violations.iter().take(10) {
            write!(f, "\n{violation}")?;
        }
        Ok(())
    }
}
