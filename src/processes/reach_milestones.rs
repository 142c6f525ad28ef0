//! Whose local day brings a milestone? The scheduler, at most a minute behind local midnight.
//!
//! `journey_todo` holds, per member, when to look next: at once after anything happened to the
//! journey, else at the local midnight of the next milestone. After downtime everything that came
//! due meanwhile is simply due. Asking by hand (`POST /api/rewards/check`) goes the same way
//! through [`crate::ledger::reach::reach_due`], and both together give one reward: its stream
//! decides.
//!
//! Rows: M1, M2, M4, R2.

use std::sync::Arc;

use domain::ids::MemberId;
use domain::journey::Journey;
use domain::policy::Policies;
use projections::journey_todo::query::DueJourney;
use projections::{journey_todo, rewards};
use sqlx::PgPool;
use uuid::Uuid;

use crate::clock::Clock;
use crate::config::{JOURNEYS_A_CLAIM, LEASE_SECONDS};
use crate::ledger::reach::reach_due;
use crate::ledger::{Context, Ledger};

/// Finds milestones that are due.
#[derive(Clone)]
pub struct ReachMilestones {
    /// Where rewards are recorded.
    pub ledger: Ledger,
    /// Where the todo table is.
    pub pool: PgPool,
    /// What the milestones are.
    pub policies: Arc<Policies>,
    /// The ledger's time.
    pub clock: Clock,
    /// Which worker this is, in leases.
    pub worker: Uuid,
}

impl ReachMilestones {
    /// Looks at every journey that is due; answers how many were.
    ///
    /// # Errors
    /// When the todo table cannot be read. What goes wrong with one journey is logged, and its
    /// lease runs out.
    pub async fn turn(&self) -> anyhow::Result<usize> {
        let due = journey_todo::query::claim_due(
            &self.pool,
            self.worker,
            LEASE_SECONDS,
            JOURNEYS_A_CLAIM,
        )
        .await?;
        for todo in &due {
            if let Err(error) = self.look_at(todo).await {
                let error = format!("{error:#}");
                tracing::error!(error, "a journey waits");
            }
        }
        Ok(due.len())
    }

    async fn look_at(&self, todo: &DueJourney) -> anyhow::Result<()> {
        let journey = self.ledger.load::<Journey>(&todo.member_id.to_string()).await?.state;
        self.reach(todo.member_id).await?;
        let next = self.policies.next_due_at(&journey, self.clock.now());
        Ok(journey_todo::query::look_again_at(&self.pool, todo, next).await?)
    }

    async fn reach(&self, member: MemberId) -> anyhow::Result<()> {
        let known = rewards::query::reached_by(&self.pool, member).await?;
        let context = Context::new("process:reach_milestones", "a milestone's day has come");
        for reached in reach_due(&self.ledger, &self.policies, member, &known, &context).await? {
            if reached.recorded {
                tracing::info!(reward.id = %reached.reward_id, "a milestone was reached");
            }
        }
        Ok(())
    }
}
