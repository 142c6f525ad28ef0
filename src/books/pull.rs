//! How does a day's statement get from the partner into the books? Asked for by day, taken whole or
//! not at all.
//!
//! *Guarantees*: a day that is in the books is not asked for again; an answer that is no whole
//! statement of that partner and day is kept with its faults, and nothing of it counts.
//!
//! Rows: A2.

use std::time::{Duration, Instant};

use chrono::NaiveDate;
use domain::ids::{PartnerId, StatementId};
use domain::partner_statement::PartnerStatement;

use super::{Books, CameBy, InTheBooks, Incoming, NotImported};
use crate::ledger::{Context, LoadError};
use crate::partners::{NotTold, Partners};

/// How long a partner may take to hand a day's statement over.
const PATIENCE: Duration = Duration::from_secs(90);

/// What came of asking.
#[derive(Debug)]
pub enum Pulled {
    /// It is in the books now, or was already by the same bytes.
    Here(Box<InTheBooks>),
    /// A statement of that day was in the books; nobody was asked.
    WasHere,
}

/// Why a day's statement is not in the books.
#[derive(Debug, thiserror::Error)]
pub enum NotPulled {
    /// Set it up first.
    #[error("{0} is not configured: nobody knows how to ask it")]
    NotConfigured(PartnerId),
    /// Ask again later.
    #[error(transparent)]
    NotTold(#[from] NotTold),
    /// What came is not what was asked for, or could not be recorded.
    #[error(transparent)]
    NotImported(#[from] NotImported),
    /// The log could not be read.
    #[error("the log could not be read")]
    NotLoaded(#[from] LoadError),
}

impl Books {
    /// Fetches a partner's statement of a day.
    ///
    /// # Errors
    /// [`NotPulled`]. A faulty file is kept.
    pub async fn pull(
        &self,
        partners: &Partners,
        (partner, day): (&PartnerId, NaiveDate),
        context: &Context,
    ) -> Result<Pulled, NotPulled> {
        let id = StatementId::of(partner, day, 1);
        if self.ledger.load::<PartnerStatement>(&id.to_string()).await?.state.sha256().is_some() {
            return Ok(Pulled::WasHere);
        }
        let asked = partners.get(partner);
        let asked = asked.ok_or_else(|| NotPulled::NotConfigured(partner.clone()))?;
        let bytes = asked.statement(day, Instant::now() + PATIENCE).await?;
        let file = Incoming {
            bytes: &bytes,
            came_by: CameBy::Pull,
            only: Some(partner),
            asked_for: Some(day),
        };
        Ok(Pulled::Here(Box::new(self.import(file, context).await?)))
    }
}
