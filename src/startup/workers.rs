//! Which projections and processes run, and what wakes each?
//!
//! Rows: P12, D6.

use domain::ids::Position;
use projections::runner::Runner;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use uuid::Uuid;

use super::{Foundation, kept};
use crate::books::Books;
use crate::config::Config;
use crate::inbox::{Inbox, Worker};
use crate::messages::Outbox;
use crate::processes::compare_statements::CompareStatements;
use crate::processes::issue_reward::IssueReward;
use crate::processes::keep_links::KeepLinks;
use crate::processes::notify::Notify;
use crate::processes::pull_statements::PullStatements;
use crate::processes::raise_alerts::RaiseAlerts;
use crate::processes::reach_milestones::ReachMilestones;
use crate::processes::recall_late::RecallLate;
use crate::processes::turns::take_turns;
use crate::processes::verify_accounts::VerifyAccounts;

impl Foundation {
    /// One for each projection, woken by `head`.
    pub(super) fn runners(&self, head: &watch::Receiver<Position>) -> Vec<Runner> {
        let runner = |projection| {
            Runner::new(self.pool.clone(), projection, head.clone())
                .reading_ahead_through(self.read_pool.clone())
        };
        projections::all().into_iter().map(runner).collect()
    }

    pub(super) fn start_workers(
        &self,
        runners: Vec<Runner>,
        inbox: &Inbox,
        stop: &watch::Receiver<bool>,
    ) -> Vec<JoinHandle<()>> {
        let mut tasks = Vec::new();
        let mut rewards_due = self.ledger.head();
        let mut recalls_due = self.ledger.head();
        let mut journeys_due = self.ledger.head();
        let mut accounts_due = self.ledger.head();
        let mut statements_due = self.ledger.head();
        for runner in runners {
            match runner.name() {
                projections::reward_todo::NAME => rewards_due = runner.reached(),
                projections::recall_todo::NAME => recalls_due = runner.reached(),
                projections::account_todo::NAME => accounts_due = runner.reached(),
                projections::journey_todo::NAME => journeys_due = runner.reached(),
                projections::partner_statements::NAME => statements_due = runner.reached(),
                _ => {}
            }
            tasks.push(tokio::spawn(runner.run(stop.clone())));
        }
        tasks.push(self.issue_rewards(rewards_due, stop));
        tasks.push(self.recall_late(recalls_due, stop));
        tasks.push(self.reach_milestones(journeys_due, stop));
        tasks.push(self.keep_links(accounts_due.clone(), stop));
        tasks.push(self.verify_accounts(accounts_due, stop));
        tasks.push(self.compare_statements(statements_due, stop));
        let worker = Worker::new(
            inbox.clone(),
            self.ledger.clone(),
            self.partners.clone(),
            self.pool.clone(),
        );
        tasks.push(tokio::spawn(worker.run(stop.clone())));
        tasks
    }

    pub(super) fn raise_alerts(&self, config: &Config) -> RaiseAlerts {
        RaiseAlerts {
            pool: self.pool.clone(),
            partners: self.partners.clone(),
            kept: kept(&self.vault, config),
            outbox: Outbox::new(self.pool.clone(), &config.messages),
        }
    }

    pub(super) fn notify(&self, config: &Config) -> Notify {
        Notify {
            ledger: self.ledger.clone(),
            pool: self.pool.clone(),
            vault: self.vault.clone(),
            clock: self.clock.clone(),
            settings: config.messages.clone(),
        }
    }

    fn issuer(&self) -> IssueReward {
        IssueReward {
            ledger: self.ledger.clone(),
            pool: self.pool.clone(),
            partners: self.partners.clone(),
            vault: self.vault.clone(),
            clock: self.clock.clone(),
            worker: Uuid::now_v7(),
        }
    }

    fn issue_rewards(
        &self,
        wake: watch::Receiver<Position>,
        stop: &watch::Receiver<bool>,
    ) -> JoinHandle<()> {
        let (process, stop) = (self.issuer(), stop.clone());
        tokio::spawn(async move {
            take_turns("issue_reward", || process.turn(), wake, stop).await;
        })
    }

    fn recall_late(
        &self,
        wake: watch::Receiver<Position>,
        stop: &watch::Receiver<bool>,
    ) -> JoinHandle<()> {
        let (process, stop) = (RecallLate::from(self.issuer()), stop.clone());
        tokio::spawn(async move {
            take_turns("recall_late", || process.turn(), wake, stop).await;
        })
    }

    fn compare_statements(
        &self,
        wake: watch::Receiver<Position>,
        stop: &watch::Receiver<bool>,
    ) -> JoinHandle<()> {
        let process = CompareStatements {
            ledger: self.ledger.clone(),
            pool: self.pool.clone(),
            catalogue: self.partners.catalogue().clone(),
            stop: stop.clone(),
        };
        let stop = stop.clone();
        tokio::spawn(async move {
            take_turns("compare_statements", || process.turn(), wake, stop).await;
        })
    }

    pub(super) fn pull_statements(&self) -> PullStatements {
        PullStatements {
            books: Books {
                ledger: self.ledger.clone(),
                pool: self.pool.clone(),
                catalogue: self.partners.catalogue().clone(),
            },
            partners: self.partners.clone(),
            clock: self.clock.clone(),
            worker: Uuid::now_v7(),
        }
    }

    fn verify_accounts(
        &self,
        wake: watch::Receiver<Position>,
        stop: &watch::Receiver<bool>,
    ) -> JoinHandle<()> {
        let process = VerifyAccounts {
            ledger: self.ledger.clone(),
            pool: self.pool.clone(),
            partners: self.partners.clone(),
            vault: self.vault.clone(),
            clock: self.clock.clone(),
            worker: Uuid::now_v7(),
        };
        let stop = stop.clone();
        tokio::spawn(async move {
            take_turns("verify_accounts", || process.turn(), wake, stop).await;
        })
    }

    fn keep_links(
        &self,
        wake: watch::Receiver<Position>,
        stop: &watch::Receiver<bool>,
    ) -> JoinHandle<()> {
        let process = KeepLinks { ledger: self.ledger.clone(), vault: self.vault.clone() };
        let stop = stop.clone();
        tokio::spawn(async move {
            take_turns("keep_links", || process.turn(), wake, stop).await;
        })
    }

    fn reach_milestones(
        &self,
        wake: watch::Receiver<Position>,
        stop: &watch::Receiver<bool>,
    ) -> JoinHandle<()> {
        let process = ReachMilestones {
            ledger: self.ledger.clone(),
            pool: self.pool.clone(),
            policies: self.policies.clone(),
            clock: self.clock.clone(),
            worker: Uuid::now_v7(),
        };
        let stop = stop.clone();
        tokio::spawn(async move {
            take_turns("reach_milestones", || process.turn(), wake, stop).await;
        })
    }
}
