//! POST: retry, cancel, void, reissue. Decided by the ledger, once, and answered with what it came
//! to.
//!
//! A void is asked of the partner by the process that asks partners everything: this waits a few
//! seconds for it and answers 202 `asked` when that was not enough.
//!
//! Rows: R6, D4.

use std::time::{Duration, Instant};

use actix_web::web::Data;
use domain::ids::{RewardId, void_key};
use domain::reward::{Reward, RewardCommand, SupportAction, SupportCommand};
use serde::Deserialize;
use utoipa::ToSchema;

use super::refused::{problem, wrong_attempt};
use super::{AttemptId, Told};
use crate::access::{Staff, SupportTeam};
use crate::http::address::Id;
use crate::http::json::Json;
use crate::http::position::Answer;
use crate::http::problem::{Code, Problem};
use crate::http::refusal::done;
use crate::http::state::AppState;
use crate::http::support::reason::Reason;
use crate::ledger::{Context, ExecuteError, Executed};

const PATIENCE: Duration = Duration::from_secs(5);
const FIRST_LOOK: Duration = Duration::from_millis(40);
const LONGEST_PAUSE: Duration = Duration::from_millis(320);

/// What is to be done, and why.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Wish {
    /// Why, in 1 to 500 characters; kept for ever, so please no names.
    #[schema(value_type = String)]
    reason: Reason,
    /// The attempt that the reward is at, as it was shown; null before the first.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    attempt_id: Option<AttemptId>,
}

/// Somebody of the team, about to act on a reward.
pub(super) struct Acting<'a> {
    pub state: &'a AppState,
    pub id: RewardId,
    actor: String,
    reason: &'a Reason,
}

impl<'a> Acting<'a> {
    /// Whoever was let in acts in their own role: who runs it all is no supporter on record.
    pub fn begin(
        state: &'a AppState,
        staff: &Staff<SupportTeam>,
        id: RewardId,
        reason: &'a Reason,
    ) -> Self {
        Self { state, id, actor: staff.actor(), reason }
    }

    /// The number of the attempt that was named; 0 when none was.
    ///
    /// # Errors
    /// `wrong_attempt` when it is another reward's.
    pub async fn attempt(&self, named: Option<AttemptId>) -> Result<u32, Problem> {
        match named {
            Some(named) if named.reward == self.id => Ok(named.number),
            Some(_) => Err(wrong_attempt(self.id, self.reward().await?.last_attempt())),
            None => Ok(0),
        }
    }

    /// The reward as the ledger has it now.
    ///
    /// # Errors
    /// `not_found` when there is none.
    pub async fn reward(&self) -> Result<Reward, Problem> {
        let reward = self.state.ledger.load::<Reward>(&self.id.to_string()).await?.state;
        match reward.reached() {
            Some(_) => Ok(reward),
            None => Err(Problem::new(Code::NotFound)),
        }
    }

    /// Records it.
    ///
    /// # Errors
    /// The problem that the refusal is.
    pub async fn record(&self, wish: SupportCommand) -> Result<Executed, Problem> {
        let context = Context::new(self.actor.clone(), self.reason.as_str().to_owned())
            .correlated(self.id.to_string());
        let (stream, command) = (self.id.to_string(), RewardCommand::Support(wish));
        match self.state.ledger.execute::<Reward, _>(&stream, command, &context).await {
            Err(ExecuteError::Refused(refusal)) => {
                Err(problem(self.id, &self.reward().await?, refusal))
            }
            executed => done(executed),
        }
    }

    /// Records it, and tells what it came to.
    ///
    /// # Errors
    /// The problem that the refusal is.
    pub async fn carry_out(
        &self,
        (action, attempt): (SupportAction, u32),
        wish: SupportCommand,
    ) -> Result<Answer<Told>, Problem> {
        let executed = self.record(wish).await?;
        let told = self.told(action, attempt).await?;
        Ok(Answer::ok(executed.position, told))
    }

    async fn told(&self, action: SupportAction, attempt: u32) -> Result<Told, Problem> {
        let told = Told::of(self.id, &self.reward().await?, (action, attempt));
        told.ok_or_else(|| Problem::new(Code::Busy))
    }
}

/// Has a reward go on after a no: a new round, with the tries counted anew.
#[utoipa::path(post, path = "/api/support/rewards/{id}/retry", tag = "support",
    request_body = Wish, params(("id" = String, Path, description = "The reward's id")),
    responses((status = 200, description = "It goes on", body = Told)))]
pub async fn retry(
    staff: Staff<SupportTeam>,
    state: Data<AppState>,
    Id(id): Id<RewardId>,
    Json(wish): Json<Wish>,
) -> Result<Answer<Told>, Problem> {
    let acting = Acting::begin(&state, &staff, id, &wish.reason);
    let attempt = acting.attempt(wish.attempt_id).await?;
    acting.carry_out((SupportAction::Retry, attempt), SupportCommand::Retry { attempt }).await
}

/// Takes a reward off the books that was never ordered, or surely not processed.
#[utoipa::path(post, path = "/api/support/rewards/{id}/cancel", tag = "support",
    request_body = Wish, params(("id" = String, Path, description = "The reward's id")),
    responses((status = 200, description = "It is off the books", body = Told)))]
pub async fn cancel(
    staff: Staff<SupportTeam>,
    state: Data<AppState>,
    Id(id): Id<RewardId>,
    Json(wish): Json<Wish>,
) -> Result<Answer<Told>, Problem> {
    let acting = Acting::begin(&state, &staff, id, &wish.reason);
    let attempt = acting.attempt(wish.attempt_id).await?;
    acting.carry_out((SupportAction::Cancel, attempt), SupportCommand::Cancel { attempt }).await
}

/// Gives a reward anew, after a void or a failure; what was spent stays spent.
#[utoipa::path(post, path = "/api/support/rewards/{id}/reissue", tag = "support",
    request_body = Wish, params(("id" = String, Path, description = "The reward's id")),
    responses((status = 200, description = "It is given anew", body = Told)))]
pub async fn reissue(
    staff: Staff<SupportTeam>,
    state: Data<AppState>,
    Id(id): Id<RewardId>,
    Json(wish): Json<Wish>,
) -> Result<Answer<Told>, Problem> {
    let acting = Acting::begin(&state, &staff, id, &wish.reason);
    let attempt = acting.attempt(wish.attempt_id).await?;
    acting.carry_out((SupportAction::Reissue, attempt), SupportCommand::Reissue { attempt }).await
}

/// Has the partner take back what is left on a voucher.
#[utoipa::path(post, path = "/api/support/rewards/{id}/void", tag = "support",
    request_body = Wish, params(("id" = String, Path, description = "The reward's id")),
    responses(
        (status = 200, description = "The partner took it back, or said no", body = Told),
        (status = 202, description = "The partner has not answered yet", body = Told),
    ))]
pub async fn void(
    staff: Staff<SupportTeam>,
    state: Data<AppState>,
    Id(id): Id<RewardId>,
    Json(wish): Json<Wish>,
) -> Result<Answer<Told>, Problem> {
    let acting = Acting::begin(&state, &staff, id, &wish.reason);
    let attempt = acting.attempt(wish.attempt_id).await?;
    let idempotency_key = void_key(id, attempt);
    let asked = acting.record(SupportCommand::Void { attempt, idempotency_key }).await?;
    let begun = Instant::now();
    let mut pause = FIRST_LOOK;
    loop {
        let told = acting.told(SupportAction::Void, attempt).await?;
        if !told.is_asked() {
            return Ok(Answer::ok(asked.position, told));
        }
        if begun.elapsed() >= PATIENCE {
            return Ok(Answer::accepted(asked.position, told));
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}
