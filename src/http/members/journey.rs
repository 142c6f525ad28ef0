//! PUT: this is the member's journey. New, the same, or corrected.
//!
//! The same report again records nothing; another start date is a correction, needs a reason, and
//! takes back no reward.
//!
//! Rows: M1, M2, Q4.

use actix_web::web::Data;
use chrono::NaiveDate;
use chrono_tz::Tz;
use domain::ids::MemberId;
use domain::journey::{Journey, JourneyCommand};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::access::Service;
use crate::http::address::Id;
use crate::http::json::{Json, day};
use crate::http::position::Answer;
use crate::http::problem::{Code, Problem};
use crate::http::refusal::done;
use crate::http::state::AppState;
use crate::ledger::{Context, Executed};

const LONGEST_REASON: usize = 200;

/// A journey as it is reported.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct JourneyReport {
    /// The first clean day, as a local date: 2000-01-01 up to the member's today.
    #[serde(deserialize_with = "day")]
    started_on: NaiveDate,
    /// The member's IANA zone, such as `Australia/Perth`.
    time_zone: String,
    /// Why the start date is another one than before; at most 200 characters, no personal data.
    reason: Option<String>,
}

/// The journey as it stands.
#[derive(Debug, Serialize, ToSchema)]
pub struct JourneyBody {
    member_id: Uuid,
    /// 1 for the first journey.
    journey_number: Option<u32>,
    started_on: Option<NaiveDate>,
    time_zone: Option<String>,
    /// Whole local days since.
    clean_days: Option<i64>,
    /// Whether this call recorded anything.
    recorded: bool,
    /// The same as in Ledger-Position.
    position: i64,
}

/// Reports a member's journey.
#[utoipa::path(put, path = "/api/members/{id}/journey", tag = "members",
    request_body = JourneyReport, params(("id" = String, Path, description = "The member's id")),
    responses((status = 200, description = "The journey as it stands", body = JourneyBody)))]
pub async fn report_journey(
    service: Service,
    state: Data<AppState>,
    Id(member): Id<MemberId>,
    Json(report): Json<JourneyReport>,
) -> Result<Answer<JourneyBody>, Problem> {
    let time_zone = zone(&report.time_zone)?;
    let reason = report.reason.as_deref().map(str::trim).filter(|reason| !reason.is_empty());
    let reason = plain(reason.unwrap_or("reported by the app"))?;
    let command = JourneyCommand::Report {
        started_on: report.started_on,
        time_zone,
        reason_given: report.reason.is_some_and(|reason| !reason.trim().is_empty()),
    };
    carry_out(&state, member, command, Context::new(service.actor(), reason)).await
}

fn zone(name: &str) -> Result<Tz, Problem> {
    let expected = "Expected an IANA time zone such as Australia/Sydney.";
    let wrong = || Problem::new(Code::InvalidField).detail(expected).fact("field", "time_zone");
    name.parse().map_err(|_| wrong())
}

/// A reason that can stand in the log: short, on one line.
fn plain(reason: &str) -> Result<String, Problem> {
    let fits = reason.chars().count() <= LONGEST_REASON && !reason.chars().any(char::is_control);
    let wrong = || {
        let expected = format!("Expected at most {LONGEST_REASON} characters on one line.");
        Problem::new(Code::InvalidField).detail(expected).fact("field", "reason")
    };
    fits.then(|| reason.to_owned()).ok_or_else(wrong)
}

/// Has the ledger decide, and answers the journey as it then stands.
///
/// # Errors
/// What the rule refused, or that the ledger cannot be reached.
pub(super) async fn carry_out(
    state: &AppState,
    member: MemberId,
    command: JourneyCommand,
    context: Context,
) -> Result<Answer<JourneyBody>, Problem> {
    let stream = member.to_string();
    let executed = done(state.ledger.execute::<Journey, _>(&stream, command, &context).await)?;
    let journey = state.ledger.load::<Journey>(&stream).await?.state;
    Ok(Answer::ok(executed.position, JourneyBody::of(member, &journey, state, executed)))
}

impl JourneyBody {
    fn of(member: MemberId, journey: &Journey, state: &AppState, executed: Executed) -> Self {
        let present = journey.present();
        Self {
            member_id: member.0,
            journey_number: present.map(|run| run.number),
            started_on: present.map(|run| run.started_on),
            time_zone: journey.time_zone.map(|zone| zone.name().to_owned()),
            clean_days: journey.clean_days(state.clock.now()),
            recorded: executed.recorded > 0,
            position: executed.position.0,
        }
    }
}
