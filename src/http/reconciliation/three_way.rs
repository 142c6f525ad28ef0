//! GET: do the ledger, partners' statements and our bank say the same, as of any moment?
//!
//! Rows: A1, A2, A4, Q2.

use actix_web::web::Data;
use chrono::{DateTime, NaiveDate, Utc};
use domain::ids::PartnerId;
use domain::reward::FundingModel;
use projections::as_of::moment;
use projections::settlements::sides::{funding, sides};
use projections::settlements::three_way::{Compared, Sides, Values, compare};
use projections::{journal, partner_activity_log, partner_statements, settlements};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::moment::as_of;
use crate::access::{Finance, Staff};
use crate::http::address::Query;
use crate::http::position::{Answer, AtLeast};
use crate::http::problem::{Code, Problem};
use crate::http::state::AppState;

const READ_MODELS: [&str; 4] =
    [journal::NAME, partner_statements::NAME, partner_activity_log::NAME, settlements::NAME];

/// Of which moment, and of whom.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ThreeWayWanted {
    /// A time (RFC 3339) or a position of the log; now when absent.
    as_of: Option<String>,
    /// Of this partner; of all when absent.
    #[param(value_type = Option<String>)]
    partner: Option<PartnerId>,
}

/// How the ledger, statements and our bank compare.
#[derive(Debug, Serialize, ToSchema)]
pub struct ThreeWayBody {
    /// The moment it is of.
    as_of: DateTime<Utc>,
    /// The last position it counts.
    position: i64,
    /// By partner and currency.
    partners: Vec<ComparedBody>,
}

/// How the three compare at one partner; amounts are decimal strings.
#[derive(Debug, Serialize, ToSchema)]
pub struct ComparedBody {
    partner_id: String,
    currency: String,
    /// Who pays for what the partner gives: it decides what is compared.
    funding_model: &'static str,
    /// What the ledger moved.
    ledger: ValuesBody,
    /// Of it, on days that no statement is of.
    not_yet_stated: ValuesBody,
    /// What statements in the books say; null when there is none.
    statements: Option<StatedBody>,
    /// What our bank says; null when it never had a line.
    bank: Option<BankBody>,
    /// What the ledger's float holds; null where there is none, or nobody knows.
    float: Option<String>,
    /// What the partner last said was left of the float; null when it never said.
    reported_float: Option<ReportedBody>,
    /// Owed and not yet paid; null where it does not apply, or nobody knows.
    unpaid: Option<String>,
    /// What is set aside, debits less credits.
    suspense: String,
    differences: Vec<DifferenceBody>,
    /// What cannot be answered, and why.
    unanswered: Vec<UnansweredBody>,
}

/// What one side says of value.
#[derive(Debug, Serialize, ToSchema)]
pub struct ValuesBody {
    issued: String,
    /// Taken back, and credits that went back.
    voided: String,
    /// Spent, less what was reversed.
    redeemed: String,
    /// Paid into the float.
    topped_up: String,
}

/// What statements say.
#[derive(Debug, Serialize, ToSchema)]
pub struct StatedBody {
    /// Of how many days there is one.
    days: usize,
    /// The last of them.
    through: NaiveDate,
    #[serde(flatten)]
    values: ValuesBody,
}

/// What our bank says.
#[derive(Debug, Serialize, ToSchema)]
pub struct BankBody {
    paid: String,
    received: String,
}

/// What a partner said was left.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReportedBody {
    balance: String,
    at: DateTime<Utc>,
    /// What the ledger's float held then.
    float_then: String,
}

/// One thing that differs.
#[derive(Debug, Serialize, ToSchema)]
pub struct DifferenceBody {
    /// top_up_not_stated, top_up_not_paid, issued_differs, voided_differs, float_differs,
    /// redeemed_differs, overpaid or bank_line_unexpected.
    kind: &'static str,
    /// Theirs less ours.
    amount: String,
}

/// One thing that cannot be answered.
#[derive(Debug, Serialize, ToSchema)]
pub struct UnansweredBody {
    /// statements, bank, float, reported_float or unpaid.
    figure: &'static str,
    /// no_statement, no_bank_line or never_reported.
    reason: &'static str,
}

fn money(amount: Decimal) -> String {
    format!("{amount:.2}")
}

impl From<Values> for ValuesBody {
    fn from(values: Values) -> Self {
        Self {
            issued: money(values.issued),
            voided: money(values.voided),
            redeemed: money(values.redeemed),
            topped_up: money(values.topped_up),
        }
    }
}

fn unregistered() -> sqlx::Error {
    sqlx::Error::Decode("value at a partner that nobody registered".into())
}

fn body(of: (String, String), model: FundingModel, sides: &Sides) -> ComparedBody {
    let compared: Compared = compare(model, sides);
    let through = sides.stated.iter().map(|(day, _)| *day).max();
    let days = sides.stated.len();
    let stated = compared.statements.zip(through);
    let difference = |kind, amount| DifferenceBody { kind, amount: money(amount) };
    ComparedBody {
        partner_id: of.0,
        currency: of.1,
        funding_model: model.as_str(),
        ledger: compared.ledger.into(),
        not_yet_stated: compared.not_yet_stated.into(),
        statements: stated.map(|(values, through)| StatedBody {
            days,
            through,
            values: values.into(),
        }),
        bank: compared
            .bank
            .map(|(paid, received)| BankBody { paid: money(paid), received: money(received) }),
        float: compared.float.map(money),
        reported_float: sides.reported.map(|reported| ReportedBody {
            balance: money(reported.balance),
            at: reported.at,
            float_then: money(reported.float_then),
        }),
        unpaid: compared.unpaid.map(money),
        suspense: money(sides.suspense),
        differences: compared.differences.iter().map(|d| difference(d.kind, d.amount)).collect(),
        unanswered: compared
            .unanswered
            .iter()
            .map(|(figure, reason)| UnansweredBody { figure, reason })
            .collect(),
    }
}

/// What the ledger, partners' statements and our bank say, and what differs, by name.
#[utoipa::path(get, path = "/api/reconciliation/three-way", tag = "reconciliation",
    params(ThreeWayWanted),
    responses((status = 200, description = "How the three compare", body = ThreeWayBody)))]
pub async fn three_way(
    _: Staff<Finance>,
    state: Data<AppState>,
    at_least: AtLeast,
    Query(wanted): Query<ThreeWayWanted>,
) -> Result<Answer<ThreeWayBody>, Problem> {
    let as_of = as_of(wanted.as_of.as_deref())?;
    let reached = at_least.wait(&state.shown, &READ_MODELS).await?;
    let (position, as_of) = moment(&state.read_pool, as_of, reached).await?;
    let funding = funding(&state.read_pool, (position, wanted.partner.as_ref())).await?;
    if wanted.partner.is_some() && funding.is_empty() {
        return Err(Problem::new(Code::NotFound));
    }
    let mut all = sides(&state.read_pool, (position, wanted.partner.as_ref())).await?;
    if let Some(partner) = wanted.partner.filter(|_| all.is_empty()) {
        // Of whom nobody has said anything: that is an answer too.
        let currency = domain::money::Currency::AUD.to_string();
        all.insert((partner.to_string(), currency), Sides::default());
    }
    let compared = all.into_iter().map(|(of, sides)| {
        // Value moves only at partners that are registered, and registering says who pays.
        let model = funding.get(&of.0).ok_or_else(unregistered)?;
        Ok(body(of, *model, &sides))
    });
    let partners = compared.collect::<Result<_, Problem>>()?;
    Ok(Answer::ok(position, ThreeWayBody { as_of, position: position.0, partners }))
}
