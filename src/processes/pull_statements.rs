//! What did each partner write down yesterday? Asked for once the partner's own day is over.
//!
//! Also for every day that passed while nobody asked. Every partner that is configured and was ever
//! given an order has a statement a day, also of a day on which nothing happened, and also while it
//! is suspended: what it issued is still being spent.
//!
//! *Guarantees*: with several instances a day is asked for by one of them at a time, and whatever
//! comes twice counts once; a partner that does not answer is asked again later and later, and is
//! waited for beside the others of its turn; a file with faults is kept, told to people, and asked
//! for again.
//!
//! Rows: A2, D6.

use std::time::Duration;

use anyhow::Context as _;
use chrono::{Days, NaiveDate};
use domain::ids::PartnerId;
use sqlx::PgPool;
use tokio::sync::watch;
use uuid::Uuid;

use crate::books::pulls::{self, DueDay};
use crate::books::{Books, NotImported, NotPulled};
use crate::clock::Clock;
use crate::ledger::Context;
use crate::partners::Partners;

const BETWEEN_LOOKS: Duration = Duration::from_secs(1);
const DAYS_A_TURN: i64 = 8;

/// Fetches statements.
#[derive(Clone)]
pub struct PullStatements {
    /// Where they go.
    pub books: Books,
    /// Who is asked.
    pub partners: Partners,
    /// By which a day is over.
    pub clock: Clock,
    /// Who claims.
    pub worker: Uuid,
}

impl PullStatements {
    /// Looks until `stop` says true. Whoever is being asked then is not waited for: the same day is
    /// asked for again once the lease is over, and nothing counts twice.
    pub async fn run(self, mut stop: watch::Receiver<bool>) {
        let stopped = async move {
            // Nobody left who could say so is the end, too.
            stop.wait_for(|is_over| *is_over).await.ok();
        };
        tokio::select! {
            () = self.look_for_ever() => {}
            () = stopped => {}
        }
    }

    async fn look_for_ever(&self) {
        loop {
            match self.turn().await {
                Ok(0) => {}
                Ok(_) => continue,
                Err(error) => {
                    let error = format!("{error:#}");
                    tracing::error!(process = "pull_statements", error, "a turn failed");
                }
            }
            tokio::time::sleep(BETWEEN_LOOKS).await;
        }
    }

    /// Asks for what is due; answers for how many days.
    ///
    /// # Errors
    /// When the database or the ledger cannot be asked; leases run out, and it is due again.
    pub async fn turn(&self) -> anyhow::Result<usize> {
        pulls::note_days(self.pool(), &self.days_that_are_over()).await?;
        let due = pulls::claim(self.pool(), self.worker, DAYS_A_TURN).await?;
        let asked = due.iter().map(|day| self.pull(day));
        for outcome in futures::future::join_all(asked).await {
            outcome?;
        }
        Ok(due.len())
    }

    fn pool(&self) -> &PgPool {
        &self.books.pool
    }

    /// The last day of each partner whose statement can be there.
    fn days_that_are_over(&self) -> Vec<(PartnerId, NaiveDate)> {
        let now = self.clock.now();
        let entries = self.partners.catalogue().iter();
        let giving = entries.filter(|entry| {
            entry.details().funding_model.is_some() && self.partners.is_configured(entry.id())
        });
        let last = giving.filter_map(|entry| {
            let written =
                now - chrono::Duration::hours(entry.statement().ready_after_hours.into());
            let today = written.with_timezone(&entry.details().time_zone).date_naive();
            Some((entry.id().clone(), today.checked_sub_days(Days::new(1))?))
        });
        last.collect()
    }

    async fn pull(&self, day: &DueDay) -> anyhow::Result<()> {
        let partner: PartnerId = day.partner_id.parse().context("a partner's id")?;
        let date = day.business_date;
        let context = Context::new("process:pull_statements", "the partner's day is over");
        let trouble = match self.books.pull(&self.partners, (&partner, date), &context).await {
            Ok(_) => return Ok(pulls::done(self.pool(), day).await?),
            Err(NotPulled::NotTold(why)) => why.0,
            Err(NotPulled::NotConfigured(_)) => "not_configured",
            Err(NotPulled::NotImported(NotImported::Faulty(faults))) => {
                let (first, count) = (faults.first().map(ToString::to_string), faults.len());
                tracing::warn!(%partner, day = %date, count, first, "a statement has faults");
                pulls::FAULTY
            }
            Err(error) => return Err(error.into()),
        };
        Ok(pulls::put_off(self.pool(), day, trouble).await?)
    }
}
