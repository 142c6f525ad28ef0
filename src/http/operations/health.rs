//! Is this process alive, and may it be sent requests?
//!
//! Ready means: the database answers, its schema fits, and no read model stands still, has rows of
//! another version than this program's, or lags by more than half a minute. A process that is not ready says why, for people and for programs.
//!
//! Rows: U6, Q3.

use std::time::Duration;

use actix_web::web::{Data, Json};
use projections::runner::{self, ProjectionStatus};
use serde::Serialize;
use utoipa::ToSchema;

use crate::access::Anyone;
use crate::database::{MigrationState, migration_state};
use crate::http::problem::{Code, Problem};
use crate::http::state::AppState;

const PATIENCE: Duration = Duration::from_secs(2);
const LONGEST_LAG_SECONDS: i64 = 30;

/// That it runs.
#[derive(Debug, Serialize, ToSchema)]
pub struct Live {
    /// `live`.
    status: &'static str,
}

/// That it can answer.
#[derive(Debug, Serialize, ToSchema)]
pub struct Ready {
    /// `ready`.
    status: &'static str,
    /// How far each read model is.
    projections: Vec<ProjectionLag>,
}

/// How far a read model is.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProjectionLag {
    /// Its name.
    name: String,
    /// live, halted, needs_rebuild; building, for a copy that is not asked yet.
    state: String,
    /// The last position it has projected.
    position: i64,
    /// Events it has yet to project.
    lag_positions: i64,
    /// For how long the next of them waits, in seconds.
    lag_seconds: i64,
    /// Events set aside.
    parked: i64,
}

/// The process runs; nothing else is looked at.
#[utoipa::path(get, path = "/health/live", tag = "health",
    responses((status = 200, description = "It runs", body = Live)))]
pub async fn live(_: Anyone) -> Json<Live> {
    Json(Live { status: "live" })
}

/// It can answer: database, schema and read models are as they should be.
#[utoipa::path(get, path = "/health/ready", tag = "health",
    responses(
        (status = 200, description = "It can answer", body = Ready),
        (status = 503, description = "unavailable, migration_needed or behind",
            body = crate::http::problem::ProblemShape,
            content_type = "application/problem+json"),
    ))]
pub async fn ready(_: Anyone, state: Data<AppState>) -> Result<Json<Ready>, Problem> {
    let looked = tokio::time::timeout(PATIENCE, look(&state)).await;
    let projections = looked.map_err(|_| Problem::new(Code::Unavailable))??;
    let is_behind = |lag: &ProjectionLag| {
        ["halted", "needs_rebuild"].contains(&lag.state.as_str())
            || (lag.state == "live" && lag.lag_seconds > LONGEST_LAG_SECONDS)
    };
    if projections.iter().any(is_behind) {
        return Err(Problem::new(Code::Behind).fact("projections", projections));
    }
    Ok(Json(Ready { status: "ready", projections }))
}

async fn look(state: &AppState) -> Result<Vec<ProjectionLag>, Problem> {
    let schema = migration_state(&state.pool).await;
    match schema.map_err(|error| Problem::unavailable(&error))? {
        MigrationState::Current | MigrationState::Ahead => {}
        MigrationState::Behind => return Err(Problem::new(Code::MigrationNeeded)),
    }
    let all = runner::status(&state.read_pool).await?;
    Ok(all.into_iter().map(ProjectionLag::from).collect())
}

impl From<ProjectionStatus> for ProjectionLag {
    fn from(status: ProjectionStatus) -> Self {
        Self {
            state: status.word().to_owned(),
            name: status.name,
            position: status.position,
            lag_positions: status.lag_positions,
            lag_seconds: status.lag_seconds,
            parked: status.parked,
        }
    }
}
