//! How does an administrator see an endpoint, and how new is what they see?
//!
//! Rows: Q4, U4.

use std::time::Duration;

use chrono::{DateTime, Utc};
use domain::ids::Position;
use projections::checkpoint::WaitError;
use serde::Serialize;
use tokio::time::{Instant, sleep};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::http::position::AtLeast;
use crate::http::problem::Problem;
use crate::http::state::AppState;
use crate::messages::endpoints::{self, Endpoint};

const PATIENCE: Duration = Duration::from_secs(2);
const BETWEEN_LOOKS: Duration = Duration::from_millis(50);

/// An endpoint.
#[derive(Debug, Serialize, ToSchema)]
pub struct OutgoingWebhook {
    id: Uuid,
    /// Where notices go.
    url: String,
    /// What it is told of.
    kinds: Vec<String>,
    /// `active`, or `gone` once it answered 410: it is told nothing more.
    state: String,
    created_at: DateTime<Utc>,
    /// Who entered it.
    created_by: Uuid,
}

impl From<Endpoint> for OutgoingWebhook {
    fn from(endpoint: Endpoint) -> Self {
        let Endpoint { id, url, kinds, state, created_at, created_by } = endpoint;
        Self { id, url, kinds, state, created_at, created_by }
    }
}

/// Waits until the log has been read so far for other systems; answers how far it has been.
///
/// # Errors
/// `not_yet` when it was not in time.
pub(super) async fn told_at_least(
    state: &AppState,
    AtLeast(wanted): AtLeast,
) -> Result<Position, Problem> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let reached = endpoints::told_up_to(&state.pool).await?;
        if reached >= wanted {
            return Ok(reached);
        }
        if Instant::now() >= deadline {
            return Err(WaitError::NotYet { reached }.into());
        }
        sleep(BETWEEN_LOOKS).await;
    }
}
