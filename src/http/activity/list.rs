//! GET: the activity log, newest first.
//!
//! Staff see all of it. A partner's people see what concerns their partner, without members and
//! with only those details that the partner knows anyway: what brings somebody to Anchor is not
//! theirs to learn (T17).
//!
//! Rows: Q2, F5.

use actix_web::web::Data;
use chrono::{DateTime, Utc};
use domain::ids::PartnerId;
use projections::paging::Page;
use projections::partner_activity_log::query::{ActivityFilter, ActivityRow};
use projections::partner_activity_log::{NAME, query};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::access::{ActivityReaders, Staff};
use crate::http::address::{Query, in_order};
use crate::http::position::{Answer, AtLeast};
use crate::http::problem::{Code, Problem};
use crate::http::state::AppState;

/// Details that a partner has itself told, or been told by an order.
const KNOWN_TO_PARTNERS: &[&str] = &[
    "amount",
    "currency",
    "remaining",
    "unspent",
    "reference",
    "product",
    "voucher_id",
    "credit_id",
    "redemption_id",
    "expires_on",
    "code",
    "balance",
    "threshold",
];

/// Which activities are wanted.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Wanted {
    /// Of this partner.
    #[param(value_type = Option<String>)]
    partner: Option<PartnerId>,
    /// Of this kind: an event's name, such as `VoucherRedeemed`.
    r#type: Option<String>,
    /// Of this member.
    member: Option<Uuid>,
    /// Not before: a time such as 2026-11-22T09:00:00Z.
    from: Option<DateTime<Utc>>,
    /// Before: a time as well.
    to: Option<DateTime<Utc>>,
    /// 1 to 200; 50 when absent.
    limit: Option<i64>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// Activities, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct ActivityList {
    activities: Vec<Activity>,
    /// Where the next page begins, when there is one.
    next_cursor: Option<String>,
}

/// Something that happened.
#[derive(Debug, Serialize, ToSchema)]
pub struct Activity {
    id: Uuid,
    /// Its place in the log.
    position: i64,
    /// The partner it concerns.
    partner_id: Option<String>,
    /// The event's name.
    activity_type: String,
    /// The member it concerns; not told to partners.
    user_id: Option<Uuid>,
    /// What it says, without anything sealed.
    #[schema(value_type = Object)]
    details: Value,
    /// When it happened.
    timestamp: DateTime<Utc>,
}

/// The activity log, newest first; a partner's people see their own part of it.
#[utoipa::path(get, path = "/api/activity", tag = "activity", params(Wanted),
    responses((status = 200, description = "Activities", body = ActivityList)))]
pub async fn list(
    reader: Staff<ActivityReaders>,
    state: Data<AppState>,
    at_least: AtLeast,
    Query(wanted): Query<Wanted>,
) -> Result<Answer<ActivityList>, Problem> {
    let only = reader.only_partner();
    let partner = match (only, wanted.partner) {
        (Some(own), Some(other)) if *own != other => return Err(Problem::new(Code::NotFound)),
        (Some(own), _) => Some(own.clone()),
        (None, partner) => partner,
    };
    let filter = ActivityFilter {
        partner: partner.map(String::from),
        activity_type: wanted.r#type,
        member: wanted.member.filter(|_| only.is_none()),
        from: wanted.from,
        to: wanted.to,
    };
    in_order(filter.from.as_ref(), filter.to.as_ref())?;
    let page = Page::new(wanted.limit, wanted.cursor)?;
    let position = at_least.wait(&state.shown, &[NAME]).await?;
    let (rows, next_cursor) = query::list(&state.read_pool, &filter, &page).await?;
    let shown = |row| if only.is_some() { Activity::for_partner(row) } else { Activity::of(row) };
    let activities = rows.into_iter().map(shown).collect();
    Ok(Answer::ok(position, ActivityList { activities, next_cursor }))
}

impl Activity {
    fn of(row: ActivityRow) -> Self {
        Self {
            id: row.id,
            position: row.position,
            partner_id: row.partner_id,
            activity_type: row.activity_type,
            user_id: row.user_id,
            details: row.details,
            timestamp: row.timestamp,
        }
    }

    fn for_partner(mut row: ActivityRow) -> Self {
        row.user_id = None;
        if let Value::Object(details) = &mut row.details {
            details.retain(|name, _| KNOWN_TO_PARTNERS.contains(&name.as_str()));
        }
        Self::of(row)
    }
}
