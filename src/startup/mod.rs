//! What runs in one process, and in which order does it start and stop?
//!
//! Start: database (never migrated here), clock, vault, ledger, partners described, then
//! projections and processes, and last the server: nobody is answered before everything behind is
//! there. Stop: the other way round.
//!
//! *Guarantees*: any number of these processes may share one database.
//!
//! Rows: P12, D6, U6.

mod workers;

use std::collections::BTreeSet;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;

use domain::ids::PartnerId;
use domain::policy::Policies;
use projections::checkpoint;
use projections::runner::Runner;
use projections::shown::Shown;
use sqlx::PgPool;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinHandle;

use crate::access::TokenTrust;
use crate::clock::Clock;
use crate::config::Config;
use crate::database::{self, MigrationState, Role};
use crate::http::AppState;
use crate::http::webhooks::gate::Gate;
use crate::inbox::Inbox;
use crate::ledger::{EngineLimits, Ledger};
use crate::partners::Partners;
use crate::partners::kept::Kept;
use crate::partners::signature::Agreements;
use crate::partners::signature::renew::Renewing;
use crate::processes::describe_partners::describe_partners;
use crate::processes::watch_partners::watch_partners;
use crate::vault::Vault;
use crate::wake::{LOOK, Wake};

const APP_CONNECTIONS: u32 = 24;
const READ_CONNECTIONS: u32 = 24;
const KEY_CONNECTIONS: u32 = 4;
/// Each reads the log on a connection of those above.
const REPORTS_AT_ONCE: usize = 2;

/// Which parts of Anchor this process runs.
#[derive(Debug, Clone, Copy)]
pub struct Parts {
    /// Answer requests.
    pub server: bool,
    /// Project events and run processes.
    pub workers: bool,
}

/// Why nothing is served: the database does not fit this program.
#[derive(Debug, thiserror::Error)]
pub enum NotServed {
    /// Run this program's successor, or restore a database that fits it.
    #[error("the database has been migrated by a newer anchor: run that one")]
    DatabaseAhead,
    /// Run `anchor migrate`.
    #[error("the database's schema is older than this program: run `anchor migrate` first")]
    DatabaseBehind,
    /// Start with the roles that the migrations make.
    #[error("this connection may change events: start with a role that may not")]
    CanRewriteHistory,
}

/// One running Anchor.
pub struct Application {
    /// Where it answers.
    pub address: SocketAddr,
    /// Its write side.
    pub ledger: Ledger,
    /// Its read models' database.
    pub pool: PgPool,
    /// The ledger's time.
    pub clock: Clock,
    stop: watch::Sender<bool>,
    tasks: Vec<JoinHandle<()>>,
}

/// Everything that stands before anything runs.
struct Foundation {
    pool: PgPool,
    read_pool: PgPool,
    clock: Clock,
    vault: Vault,
    ledger: Ledger,
    partners: Partners,
    agreements: Agreements,
    /// Those whose credentials the environment has: no others count for them.
    by_environment: BTreeSet<PartnerId>,
    policies: Arc<Policies>,
}

impl Application {
    /// Starts what `parts` asks for, on `listener`.
    ///
    /// # Errors
    /// When the database cannot be reached or does not fit, or a key is missing. A database that is
    /// behind is no error: it is served as not ready until it has been migrated.
    pub async fn start(
        mut config: Config,
        parts: Parts,
        listener: TcpListener,
    ) -> anyhow::Result<Self> {
        let address = listener.local_addr()?;
        let (stop, stopped) = watch::channel(false);
        let foundation = Foundation::lay(&mut config).await?;
        let mut tasks = Vec::new();
        for projection in projections::all() {
            // Also where nothing is projected: what has not begun is behind, not absent.
            checkpoint::ensure(&foundation.pool, &*projection).await?;
        }
        let inbox = Inbox::new(foundation.pool.clone(), foundation.vault.clone());
        let appended = foundation.ledger.head();
        let wake = Wake::follow(&config.database_url, appended, LOOK, &stopped).await?;
        let mut moved = Vec::new();
        if parts.workers {
            describe_partners(&foundation.ledger, &config.catalogue, &config.partners).await?;
            let runners = foundation.runners(&wake.head());
            moved = runners.iter().map(Runner::reached).collect();
            tasks.extend(foundation.start_workers(runners, &inbox, &stopped));
            if config.pulls_statements {
                tasks.push(tokio::spawn(foundation.pull_statements().run(stopped.clone())));
            }
            let alerts = foundation.raise_alerts(&config);
            tasks.push(tokio::spawn(alerts.run(stopped.clone())));
            let notify = foundation.notify(&config);
            tasks.extend(notify.start(wake.head(), &stopped)?);
        }
        tasks.push(tokio::spawn(watch_partners(foundation.partners.clone(), stopped.clone())));
        tasks.extend(wake.into_tasks());
        if parts.server {
            tasks.push(foundation.renew_agreements(&config, &stopped));
            let shown = Shown::follow(foundation.read_pool.clone(), moved).await?;
            let state = foundation.state(config, inbox, shown)?;
            tasks.push(tokio::spawn(async move {
                if let Err(error) = crate::http::server::serve(listener, state, stopped).await {
                    tracing::error!(%error, "the server ended");
                }
            }));
        }
        let Foundation { ledger, pool, clock, .. } = foundation;
        Ok(Self { address, ledger, pool, clock, stop, tasks })
    }

    /// Stops in order: no new requests or leases, running work finishes, queues are flushed.
    pub async fn stop(self) {
        self.stop.send_replace(true);
        for task in self.tasks {
            if let Err(error) = task.await {
                tracing::error!(%error, "a task did not end well");
            }
        }
        self.ledger.stop().await;
        self.pool.close().await;
    }
}

impl Foundation {
    /// Lays it; partners whose credentials the vault has are configured from then on.
    async fn lay(config: &mut Config) -> anyhow::Result<Self> {
        let pool = database::connect(&config.database_url, Role::App, APP_CONNECTIONS).await?;
        if database::migration_state(&pool).await? == MigrationState::Ahead {
            return Err(NotServed::DatabaseAhead.into());
        }
        if database::may_rewrite_history(&pool).await? {
            return Err(NotServed::CanRewriteHistory.into());
        }
        let read_pool =
            database::connect(&config.read_database_url, Role::Read, READ_CONNECTIONS).await?;
        let keys = database::connect(&config.database_url, Role::Keys, KEY_CONNECTIONS).await?;
        let clock = Clock::follow(pool.clone()).await?;
        let vault = Vault::open(keys, config.keyring.clone()).await?;
        let kept = kept(&vault, config).all().await?.sound()?;
        let by_environment: BTreeSet<PartnerId> = config.partners.keys().cloned().collect();
        for (partner, settings) in kept {
            config.partners.entry(partner).or_insert(settings);
        }
        let agreements = Agreements::new(&config.catalogue, &config.partners);
        let limits = EngineLimits::default();
        let ledger = Ledger::start(&config.database_url, clock.clone(), limits).await?;
        let http = crate::partners::client()?;
        let partners =
            Partners::new(config.catalogue.clone(), config.partners.clone(), http, vault.clone())?;
        let known = config.catalogue.iter();
        let known: Vec<_> =
            known.map(|entry| (entry.id().clone(), entry.partner_type())).collect();
        let policies = Arc::new(Policies::built_in().knowing(&known));
        Ok(Self {
            pool,
            read_pool,
            clock,
            vault,
            ledger,
            partners,
            agreements,
            by_environment,
            policies,
        })
    }

    fn state(&self, config: Config, inbox: Inbox, shown: Shown) -> anyhow::Result<AppState> {
        let trust = TokenTrust::new(&config.supabase_url, config.jwt_secret.clone())?;
        Ok(AppState {
            ledger: self.ledger.clone(),
            pool: self.pool.clone(),
            read_pool: self.read_pool.clone(),
            shown,
            vault: self.vault.clone(),
            inbox,
            policies: self.policies.clone(),
            clock: self.clock.clone(),
            trust,
            catalogue: config.catalogue,
            agreements: self.agreements.clone(),
            gate: Arc::new(Gate::new(config.webhooks_per_second)),
            strangers: Arc::default(),
            reports: Arc::new(Semaphore::new(REPORTS_AT_ONCE)),
            trusted_proxies: config.trusted_proxies,
            partners: config.partners,
            calls: self.partners.clone(),
            step_up_from: config.step_up_from,
            two_person_from: config.two_person_from,
            support_contact: config.support_contact,
        })
    }

    fn renew_agreements(&self, config: &Config, stop: &watch::Receiver<bool>) -> JoinHandle<()> {
        let renewing = Renewing {
            agreements: self.agreements.clone(),
            kept: kept(&self.vault, config),
            partners: config
                .partners
                .keys()
                .filter(|partner| !self.by_environment.contains(*partner))
                .cloned()
                .collect(),
        };
        tokio::spawn(renewing.run(stop.clone()))
    }
}

fn kept(vault: &Vault, config: &Config) -> Kept {
    let Config { catalogue, public_url, .. } = config;
    Kept { vault: vault.clone(), catalogue: catalogue.clone(), public_url: public_url.clone() }
}
