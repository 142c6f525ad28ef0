//! Who works in one worker? Every projection and every process of the program, one round after the
//! other until a round has found nothing.
//!
//! The rounds take the place of what wakes and waits in the program, so that nothing sleeps.

use std::sync::Arc;
use std::time::Duration;

use anchor::clock::Clock;
use anchor::config::Config;
use anchor::database::{Role, connect};
use anchor::inbox::{self, Inbox};
use anchor::ledger::{EngineLimits, Ledger};
use anchor::partners::{Partner, Partners, Timeouts, client_with};
use anchor::processes::issue_reward::IssueReward;
use anchor::processes::keep_links::KeepLinks;
use anchor::processes::reach_milestones::ReachMilestones;
use anchor::processes::verify_accounts::VerifyAccounts;
use anchor::vault::Vault;
use domain::policy::Policies;
use futures::future::join_all;
use projections::runner::{Progress, Runner};
use sqlx::PgPool;
use uuid::Uuid;

use super::go_between::{Brake, Bug, GoBetween};
use super::halfway::Halfway;
use super::worker::Setting;

/// How long a partner is waited for: real time, which nobody can move.
const PATIENCE: Timeouts =
    Timeouts { connect: Duration::from_secs(2), answer: Duration::from_millis(250) };
/// So few connections that each knows the statements it is asked for: a new one learns them all.
const POOL: u32 = 4;
/// A worker that still finds something after so many rounds is asked again later.
const MOST_ROUNDS: usize = 60;
/// So often a turn may fail in one spell.
const MOST_STUMBLES: usize = 3;

/// What a spell came to.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Did {
    pub rounds: usize,
    pub stumbles: usize,
}

/// All of one worker.
pub struct Crew {
    pool: PgPool,
    clock: Clock,
    runners: Vec<Runner>,
    issue: IssueReward,
    reach: ReachMilestones,
    verify: VerifyAccounts,
    keep: KeepLinks,
    inbox: inbox::Worker,
    partners: Partners,
}

impl Crew {
    /// Brings them together, as the program does when it starts.
    pub async fn assemble(setting: &Setting, brake: &Arc<Brake>) -> Self {
        loop {
            match Self::try_to_assemble(setting, brake).await {
                Ok(crew) => return crew,
                // The line was cut, or the server is not back yet.
                Err(error) => tracing::debug!("a worker starts once more: {error:#}"),
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    async fn try_to_assemble(setting: &Setting, brake: &Arc<Brake>) -> anyhow::Result<Self> {
        let config = Config::read(&|name| setting.variables.get(name).cloned())?;
        let pool = connect(&setting.url, Role::App, POOL).await?;
        let keys = connect(&setting.url, Role::Keys, 2).await?;
        let clock = Clock::follow(pool.clone()).await?;
        let vault = Vault::open(keys, config.keyring.clone()).await?;
        let ledger = Ledger::start(&setting.url, clock.clone(), EngineLimits::default()).await?;
        let bug = setting.bug;
        let between = |inner: Arc<dyn Partner>| -> Arc<dyn Partner> {
            Arc::new(GoBetween { inner, brake: brake.clone(), bug })
        };
        let ways = (client_with(PATIENCE)?, vault.clone());
        let known: Vec<_> = config
            .catalogue
            .iter()
            .map(|entry| (entry.id().clone(), entry.partner_type()))
            .collect();
        let partners = Partners::through(config.catalogue, config.partners, ways, &between)?;
        let inbox = Inbox::new(pool.clone(), vault.clone());
        let worker = Uuid::now_v7();
        let runners = projections::all().into_iter().map(|projection| {
            let apart = (bug == Some(Bug::ProjectsApart)).then(|| setting.url.clone());
            let projection = Arc::new(Halfway { inner: projection, brake: brake.clone(), apart });
            Runner::new(pool.clone(), projection, ledger.head())
        });
        Ok(Self {
            runners: runners.collect(),
            issue: IssueReward {
                ledger: ledger.clone(),
                pool: pool.clone(),
                partners: partners.clone(),
                vault: vault.clone(),
                clock: clock.clone(),
                worker,
            },
            reach: ReachMilestones {
                ledger: ledger.clone(),
                pool: pool.clone(),
                policies: Arc::new(Policies::built_in().knowing(&known)),
                clock: clock.clone(),
                worker,
            },
            verify: VerifyAccounts {
                ledger: ledger.clone(),
                pool: pool.clone(),
                partners: partners.clone(),
                vault: vault.clone(),
                clock: clock.clone(),
                worker,
            },
            keep: KeepLinks { ledger: ledger.clone(), vault },
            inbox: inbox::Worker::new(inbox, ledger, partners.clone(), pool.clone()),
            partners,
            pool,
            clock,
        })
    }

    /// Works until nothing is left to do.
    pub async fn work(&mut self, brake: &Brake) -> Did {
        let mut did = Did::default();
        self.clock.read_again(&self.pool).await.ok();
        while did.rounds < MOST_ROUNDS && did.stumbles < MOST_STUMBLES {
            did.rounds += 1;
            brake.turn_begins();
            let projected = self.project().await;
            let (issued, reached, verified, kept, told, ()) = tokio::join!(
                self.issue.turn(),
                self.reach.turn(),
                self.verify.turn(),
                self.keep.turn(),
                self.inbox.work_once(),
                self.partners.try_again(PATIENCE.answer)
            );
            let turns = [projected, issued, reached, verified, kept, told];
            let mut is_idle = true;
            for turn in turns {
                match turn {
                    Ok(done) => is_idle &= done == 0,
                    Err(error) => {
                        tracing::debug!("a turn failed: {error:#}");
                        did.stumbles += 1;
                        is_idle = false;
                    }
                }
            }
            if is_idle {
                break;
            }
        }
        did
    }

    /// Those that are behind: of the others it is known without asking each.
    async fn project(&mut self) -> anyhow::Result<usize> {
        let level: Vec<String> = sqlx::query_scalar(
            "SELECT name FROM checkpoints WHERE schema = 'read' AND position =
                (SELECT coalesce(max(last_position), 0) FROM ledger_batches)",
        )
        .fetch_all(&self.pool)
        .await?;
        let is_behind = |runner: &&mut Runner| !level.iter().any(|name| name == runner.name());
        let behind = self.runners.iter_mut().filter(is_behind).map(Runner::turn);
        let mut projected = 0;
        for turn in join_all(behind).await {
            if let Progress::Projected(events) = turn? {
                projected += events;
            }
        }
        Ok(projected)
    }
}
