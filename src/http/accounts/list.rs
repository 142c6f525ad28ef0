//! GET: which accounts have I linked, and how do they stand?
//!
//! Rows: R4, Q2.

use actix_web::web::Data;
use chrono::{DateTime, Utc};
use projections::paging::Page;
use projections::user_partner_accounts::query::AccountRow;
use projections::user_partner_accounts::{NAME, query};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::access::Member;
use crate::http::address::Query;
use crate::http::position::{Answer, AtLeast};
use crate::http::problem::Problem;
use crate::http::state::AppState;

/// Which page is wanted.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct WantedAccounts {
    /// 1 to 200; 50 when absent.
    limit: Option<i64>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// Links, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct AccountList {
    accounts: Vec<AccountBody>,
    /// Where the next page begins, when there is one.
    next_cursor: Option<String>,
}

/// A link.
#[derive(Debug, Serialize, ToSchema)]
pub struct AccountBody {
    /// Its id in addresses.
    id: Uuid,
    /// Where.
    partner_id: String,
    /// utility, transport or retail.
    account_type: String,
    /// What is shown of its number.
    account_masked: String,
    /// pending, verified, refused, relink_needed or unlinked; only verified counts for a credit.
    verification_status: String,
    /// When it was asked for.
    linked_at: DateTime<Utc>,
}

impl From<AccountRow> for AccountBody {
    fn from(row: AccountRow) -> Self {
        Self {
            id: row.id,
            partner_id: row.partner_id,
            account_type: row.account_type,
            account_masked: row.account_masked,
            verification_status: row.verification_status,
            linked_at: row.linked_at,
        }
    }
}

/// The member's links, also those that ended.
#[utoipa::path(get, path = "/api/accounts", tag = "accounts", params(WantedAccounts),
    responses((status = 200, description = "Links, newest first", body = AccountList)))]
pub async fn list(
    member: Member,
    state: Data<AppState>,
    at_least: AtLeast,
    Query(wanted): Query<WantedAccounts>,
) -> Result<Answer<AccountList>, Problem> {
    let page = Page::new(wanted.limit, wanted.cursor)?;
    let position = at_least.wait(&state.shown, &[NAME]).await?;
    let (rows, next_cursor) = query::list(&state.read_pool, member.id, &page).await?;
    let accounts = rows.into_iter().map(AccountBody::from).collect();
    Ok(Answer::ok(position, AccountList { accounts, next_cursor }))
}
