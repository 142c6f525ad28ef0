//! GET: what was posted, and what accounts hold, as of any moment.
//!
//! Rows: A1, A4, Q2.

use actix_web::web::Data;
use chrono::{DateTime, NaiveDate, Utc};
use projections::as_of::moment;
use projections::journal;
use projections::journal::query::{self, BalanceRow, PostingRow};
use projections::paging::Page;
use projections::periods;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::moment::as_of;
use crate::access::{Finance, Staff};
use crate::http::address::{Query, in_order};
use crate::http::position::{Answer, AtLeast};
use crate::http::problem::{Code, Problem};
use crate::http::state::AppState;

/// Which postings are wanted.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct JournalWanted {
    /// A time (RFC 3339) or a position of the log; now when absent.
    as_of: Option<String>,
    /// The first business day that counts.
    from: Option<NaiveDate>,
    /// The last business day that counts.
    to: Option<NaiveDate>,
    /// An account with all below it, such as `liabilities:clearing`.
    account: Option<String>,
    /// 1 to 200; 50 when absent.
    limit: Option<i64>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// Postings, in the order of the log, and what accounts hold.
#[derive(Debug, Serialize, ToSchema)]
pub struct JournalBody {
    /// The moment it is of.
    as_of: DateTime<Utc>,
    /// The last position it counts.
    position: i64,
    postings: Vec<PostingBody>,
    /// Of all postings that are asked for, on whichever page.
    balances: Vec<BalanceBody>,
    /// Where the next page begins, when there is one.
    next_cursor: Option<String>,
}

/// One debit and one credit of the same amount.
#[derive(Debug, Serialize, ToSchema)]
pub struct PostingBody {
    /// Its event's place in the log.
    position: i64,
    /// Its place among what the event posts.
    line: i32,
    recorded_at: DateTime<Utc>,
    /// The business day, by the partner's calendar.
    effective_on: NaiveDate,
    /// The month it belongs to, when that had been closed before it came.
    belongs_to: Option<String>,
    /// Of which reward; null for a line of the bank's, or what a statement sets aside.
    reward_id: Option<Uuid>,
    event_type: String,
    partner_id: Option<String>,
    currency: String,
    debit_account: String,
    credit_account: String,
    /// A decimal string, as every amount.
    amount: String,
}

impl From<PostingRow> for PostingBody {
    fn from(row: PostingRow) -> Self {
        Self {
            position: row.position,
            line: row.line,
            recorded_at: row.recorded_at,
            effective_on: row.effective_on,
            belongs_to: row.belongs_to,
            reward_id: row.reward_id,
            event_type: row.event_type,
            partner_id: row.partner_id,
            currency: row.currency,
            debit_account: row.debit_account,
            credit_account: row.credit_account,
            amount: format!("{:.2}", row.amount),
        }
    }
}

/// What an account holds.
#[derive(Debug, Serialize, ToSchema)]
pub struct BalanceBody {
    account: String,
    currency: String,
    debits: String,
    credits: String,
    /// Debits less credits.
    balance: String,
}

impl From<BalanceRow> for BalanceBody {
    fn from(row: BalanceRow) -> Self {
        Self {
            account: row.account,
            currency: row.currency,
            debits: format!("{:.2}", row.debits),
            credits: format!("{:.2}", row.credits),
            balance: format!("{:.2}", row.debits - row.credits),
        }
    }
}

/// The double-entry journal: postings, and what accounts hold.
#[utoipa::path(get, path = "/api/reconciliation/journal", tag = "reconciliation",
    params(JournalWanted),
    responses((status = 200, description = "Postings and balances", body = JournalBody)))]
pub async fn journal(
    _: Staff<Finance>,
    state: Data<AppState>,
    at_least: AtLeast,
    Query(wanted): Query<JournalWanted>,
) -> Result<Answer<JournalBody>, Problem> {
    let as_of = as_of(wanted.as_of.as_deref())?;
    in_order(wanted.from.as_ref(), wanted.to.as_ref())?;
    if wanted.account.as_deref().is_some_and(|account| !is_an_account(account)) {
        return Err(Problem::new(Code::InvalidQuery)
            .detail("`account` is one such as liabilities:clearing:woolworths."));
    }
    let page = Page::new(wanted.limit, wanted.cursor)?;
    let reached = at_least.wait(&state.shown, &[journal::NAME, periods::NAME]).await?;
    let (at, moment) = moment(&state.read_pool, as_of, reached).await?;
    let (from, to) = (wanted.from, wanted.to);
    let wanted = query::Wanted { at, from, to, account: wanted.account };
    let (postings, next_cursor) = query::postings(&state.read_pool, &wanted, &page).await?;
    let balances = query::balances(&state.read_pool, &wanted).await?;
    let body = JournalBody {
        as_of: moment,
        position: at.0,
        postings: postings.into_iter().map(PostingBody::from).collect(),
        balances: balances.into_iter().map(BalanceBody::from).collect(),
        next_cursor,
    };
    Ok(Answer::ok(at, body))
}

fn is_an_account(text: &str) -> bool {
    let is_plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-_:".contains(&b);
    (1..=100).contains(&text.len()) && text.bytes().all(is_plain)
}
