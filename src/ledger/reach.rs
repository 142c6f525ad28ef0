//! Which milestones has this member reached that are not recorded? Recorded here, once.
//!
//! The scheduler and `POST /api/rewards/check` both come this way. A milestone that is recorded
//! already is refused by its own stream and costs nothing.
//!
//! Rows: M4, R2.

use domain::ids::{MemberId, MilestoneId, Position, RewardId};
use domain::journey::Journey;
use domain::policy::Policies;
use domain::reward::{Reward, RewardError};

use super::{Context, ExecuteError, Ledger, LoadError};

/// A milestone that this member has reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reached {
    /// Its reward.
    pub reward_id: RewardId,
    /// Which milestone.
    pub milestone: MilestoneId,
    /// Whether this call recorded it.
    pub recorded: bool,
    /// Where it was recorded, when this call did.
    pub position: Position,
}

/// Records what is due; answers every milestone the member has reached, oldest first.
///
/// `known` are the milestones that the read model has for this member, with the journey in which
/// they were reached: a policy that changes from once per member to once per journey must not give
/// a second reward for the same journey.
///
/// # Errors
/// When the log cannot be read or written; what was recorded before stays, and a repeat goes on.
pub async fn reach_due(
    ledger: &Ledger,
    policies: &Policies,
    member: MemberId,
    known: &[(MilestoneId, u32, RewardId)],
    context: &Context,
) -> Result<Vec<Reached>, ReachError> {
    let journey = ledger.load::<Journey>(&member.to_string()).await?.state;
    let mut all = Vec::new();
    for due in policies.due(member, &journey, ledger.now()) {
        let reward_id = due.reward_id();
        let (milestone, number) = (due.reach.milestone.clone(), due.reach.journey_number);
        let given = known.iter().find(|(m, n, _)| *m == milestone && *n == number);
        if let Some((_, _, given)) = given {
            all.push(Reached {
                reward_id: *given,
                milestone,
                recorded: false,
                position: Position::default(),
            });
            continue;
        }
        let command = due.into_command();
        let executed = ledger.execute::<Reward, _>(&reward_id.to_string(), command, context).await;
        let (recorded, position) = match executed {
            Ok(executed) => (true, executed.position),
            Err(ExecuteError::Refused(RewardError::AlreadyReached)) => {
                (false, Position::default())
            }
            Err(error) => return Err(ReachError::NotRecorded(error)),
        };
        all.push(Reached { reward_id, milestone, recorded, position });
    }
    Ok(all)
}

/// Why not everything that is due was recorded.
#[derive(Debug, thiserror::Error)]
pub enum ReachError {
    /// The journey could not be read.
    #[error("the journey could not be read")]
    Journey(#[from] LoadError),
    /// A milestone could not be recorded.
    #[error("a milestone could not be recorded")]
    NotRecorded(#[source] ExecuteError<RewardError>),
}
