//! Who has to know of what happened? Members, support and other systems, each once per cause.
//!
//! ```text
//! log ─▶ read_log ─▶ messages ─▶ tell ─▶ mail server
//!            └─────▶ outgoing_deliveries ─▶ deliver ─▶ other systems
//! ```
//!
//! - [`read_log`]: what an event makes people be told
//! - [`tell`]: e-mail, once it is true still, wanted, and not at night
//! - [`deliver`]: signed notices
//!
//! *Guarantees*: the rows and the position up to which the log was read are written together; a
//! lease in each row lets any number of instances share the sending. At least once: whoever dies
//! between sending and writing that down sends once more, under the same id. Nothing here calls a
//! partner or appends an event.
//!
//! Rows: U4.

pub mod deliver;
pub mod read_log;
pub mod tell;

use domain::ids::Position;
use sqlx::PgPool;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use self::deliver::Deliver;
use self::read_log::ReadLog;
use self::tell::Tell;
use super::turns::take_turns;
use crate::clock::Clock;
use crate::ledger::Ledger;
use crate::messages::email::Mailer;
use crate::messages::outgoing_webhook::Caller;
use crate::messages::{MessageSettings, Outbox};
use crate::vault::Vault;

/// What telling people needs.
pub struct Notify {
    /// Where streams are read: whether what is to be said is still so.
    pub ledger: Ledger,
    /// Where the log and the work tables are.
    pub pool: PgPool,
    /// Opens addresses when a message leaves, and the secrets that sign.
    pub vault: Vault,
    /// The ledger's time.
    pub clock: Clock,
    /// Mail server, sender, support.
    pub settings: MessageSettings,
}

impl Notify {
    /// Begins, and goes on until `stop` says true; woken whenever the log moves.
    ///
    /// # Errors
    /// When TLS cannot be set up.
    pub fn start(
        self,
        head: watch::Receiver<Position>,
        stop: &watch::Receiver<bool>,
    ) -> anyhow::Result<Vec<JoinHandle<()>>> {
        let Self { ledger, pool, vault, clock, settings } = self;
        let from = settings.from.clone();
        let mailer =
            settings.server.as_ref().map(|server| Mailer::new(server, from)).transpose()?;
        if mailer.is_none() {
            tracing::warn!("SMTP_URL is not set: nobody is told anything by e-mail");
        }
        let outbox = Outbox::new(pool.clone(), &settings);
        let (moved, written) = watch::channel(Position::default());
        let read = ReadLog { pool: pool.clone(), outbox: outbox.clone(), moved };
        let tell =
            Tell { ledger, vault: vault.clone(), clock: clock.clone(), settings, outbox, mailer };
        let deliver = Deliver { pool, vault, clock, caller: Caller::new()? };
        let forgetting = deliver.clone();
        let stops = || stop.clone();
        let (a, b, c, d) = (stops(), stops(), stops(), stops());
        let (for_mail, for_systems) = (written.clone(), written);
        Ok(vec![
            tokio::spawn(async move {
                take_turns("notify", || read.turn(), head, a).await;
            }),
            tokio::spawn(async move {
                take_turns("tell", || tell.turn(), for_mail, b).await;
            }),
            tokio::spawn(async move {
                take_turns("deliver", || deliver.turn(), for_systems, c).await;
            }),
            tokio::spawn(forgetting.forget_old(d)),
        ])
    }
}
