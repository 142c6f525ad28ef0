//! What is wrong at this moment? One question for each kind of alert.
//!
//! Every question answers with a subject, what is wrong and what to do; nothing in an answer is a
//! secret or says who somebody is. What a question no longer finds is mended.
//!
//! Rows: W4, W6, D1, D3, D4, Q3, A2.

use std::collections::BTreeMap;

use projections::{
    partner_activity_log, partner_statements, reward_history, runner, settlements, support_rewards,
};
use sqlx::PgPool;

use crate::alerts::{Found, store};
use crate::books::pulls;
use crate::inbox::{park, security};

/// So many bad signatures from one address are no mistake any more …
const REPEATED: i64 = 5;
/// … within so many minutes.
const WITHIN_MINUTES: i64 = 60;
/// An order whose outcome is unknown for so long is for people to know of, in hours of the ledger.
const UNKNOWN_HOURS: i64 = 1;
/// A partner that has not said for so long whether it took a voucher back, in hours of the ledger.
const VOID_HOURS: i64 = 24;
/// A partner's word that a float is low counts for so long, in days of the ledger.
const FLOAT_DAYS: i64 = 2;
/// Less of a float than was issued from it in so many days does not last as long again.
const FLOAT_LASTS_DAYS: i32 = 14;

/// A statement that is in the books and not compared for so long, in hours of the ledger.
const COMPARED_HOURS: i64 = 1;
/// A statement that has not come for so long after its day, in hours of the ledger.
const STATEMENT_HOURS: i64 = 24;

/// One kind of thing that goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Watch {
    /// Nobody gave a reward.
    RewardFailed,
    /// Nobody knows whether an order was carried out.
    OutcomeUnknown,
    /// A partner gave what it had given before.
    GivenTwice,
    /// A value turned up after its attempt had been settled.
    LateIssue,
    /// A partner does not say whether it took a voucher back.
    VoidUnsettled,
    /// Webhooks could not be applied.
    WebhooksParked,
    /// Somebody knocks with a wrong key.
    BadSignatures,
    /// A read model stands still.
    ProjectionHalted,
    /// Our money with a partner runs low.
    FloatLow,
    /// A partner's statement has faults, or does not come.
    StatementMissing,
}

impl Watch {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::RewardFailed,
        Self::OutcomeUnknown,
        Self::GivenTwice,
        Self::LateIssue,
        Self::VoidUnsettled,
        Self::WebhooksParked,
        Self::BadSignatures,
        Self::ProjectionHalted,
        Self::FloatLow,
        Self::StatementMissing,
    ];

    /// The kind of its alerts.
    pub fn kind(self) -> &'static str {
        match self {
            Self::RewardFailed => "reward_failed",
            Self::OutcomeUnknown => "outcome_unknown",
            Self::GivenTwice => "given_twice",
            Self::LateIssue => "late_issue",
            Self::VoidUnsettled => "void_unsettled",
            Self::WebhooksParked => "webhooks_parked",
            Self::BadSignatures => "bad_signatures",
            Self::ProjectionHalted => "projection_halted",
            Self::FloatLow => "float_low",
            Self::StatementMissing => "statement_missing",
        }
    }

    /// What there is of it now.
    ///
    /// # Errors
    /// When it cannot be found out: nothing of that kind is mended then.
    pub async fn look(self, pool: &PgPool) -> Result<Vec<Found>, sqlx::Error> {
        match self {
            Self::RewardFailed => rewards_failed(pool).await,
            Self::OutcomeUnknown => outcomes_unknown(pool).await,
            Self::GivenTwice => given_twice(pool).await,
            Self::LateIssue => late_issues(pool).await,
            Self::VoidUnsettled => voids_unsettled(pool).await,
            Self::WebhooksParked => webhooks_parked(pool).await,
            Self::BadSignatures => bad_signatures(pool).await,
            Self::ProjectionHalted => projections_halted(pool).await,
            Self::FloatLow => floats_low(pool).await,
            Self::StatementMissing => statements_missing(pool).await,
        }
    }
}

async fn rewards_failed(pool: &PgPool) -> Result<Vec<Found>, sqlx::Error> {
    let rows = support_rewards::query::failed(pool).await?;
    let told = rows.iter().map(|row| Found {
        kind: Watch::RewardFailed.kind(),
        subject: row.reward_id.to_string(),
        summary: format!(
            "Nobody gave {} {} of reward {}",
            row.amount, row.currency, row.reward_id
        ),
        to_do: "Look at its history; retry it, send it to another partner, or cancel it.",
    });
    Ok(told.collect())
}

async fn outcomes_unknown(pool: &PgPool) -> Result<Vec<Found>, sqlx::Error> {
    let rows = support_rewards::query::unknown_for(pool, UNKNOWN_HOURS).await?;
    let told = rows.iter().map(|row| Found {
        kind: Watch::OutcomeUnknown.kind(),
        subject: row.reward_id.to_string(),
        summary: format!("Nobody knows whether reward {} was ordered in the end", row.reward_id),
        to_do: "Ask the partner; two people settle what it says. Nobody else is asked meanwhile.",
    });
    Ok(told.collect())
}

async fn given_twice(pool: &PgPool) -> Result<Vec<Found>, sqlx::Error> {
    let rows = support_rewards::query::given_twice(pool).await?;
    let told = rows.iter().map(|row| Found {
        kind: Watch::GivenTwice.kind(),
        subject: row.reward_id.to_string(),
        summary: format!(
            "{} gave for reward {} what it had given before; it was not taken",
            row.partner_id.as_deref().unwrap_or("A partner"),
            row.reward_id
        ),
        to_do: "Tell the partner; nobody else is asked until it gives another one, or none.",
    });
    Ok(told.collect())
}

/// What its partner takes back is mended; what is lost is closed by a person who acknowledges it.
async fn late_issues(pool: &PgPool) -> Result<Vec<Found>, sqlx::Error> {
    let looked_after = store::looked_after(pool, Watch::LateIssue.kind()).await?;
    let all = reward_history::query::late_issues(pool).await?;
    let told = all.iter().map(|late| Found {
        kind: Watch::LateIssue.kind(),
        subject: format!("{}@{}", late.reward_id, late.position),
        summary: format!(
            "{} gave a value for reward {} after that had been settled; {}",
            late.partner_id.as_deref().unwrap_or("A partner"),
            late.reward_id,
            if late.is_lost {
                "what it did not take back stays booked as a loss"
            } else {
                "it is booked as a loss, and the partner is asked to take it back"
            }
        ),
        to_do: "Look at what the partner said; claim what is lost, and say here that you saw it.",
    });
    Ok(told.filter(|found| !looked_after.contains(&found.subject)).collect())
}

async fn voids_unsettled(pool: &PgPool) -> Result<Vec<Found>, sqlx::Error> {
    let rows = support_rewards::query::voids_asked_for(pool, VOID_HOURS).await?;
    let told = rows.iter().map(|row| Found {
        kind: Watch::VoidUnsettled.kind(),
        subject: row.reward_id.to_string(),
        summary: format!("Reward {}: the partner does not say what it took back", row.reward_id),
        to_do: "Ask the partner what is left on the voucher, and compare its statement.",
    });
    Ok(told.collect())
}

async fn webhooks_parked(pool: &PgPool) -> Result<Vec<Found>, sqlx::Error> {
    let all = park::parked_of_each(pool).await?;
    let told = all.into_iter().map(|(partner, count)| Found {
        kind: Watch::WebhooksParked.kind(),
        summary: format!("{count} webhooks of {partner} were set aside"),
        subject: partner,
        to_do: "Read why each was; mend the cause, then retry or dismiss it.",
    });
    Ok(told.collect())
}

/// One alert for each partner, however many knock at its door: an outsider decides how many those
/// are, and must not decide how many letters people get.
async fn bad_signatures(pool: &PgPool) -> Result<Vec<Found>, sqlx::Error> {
    let mut by_address: BTreeMap<(String, String), i64> = BTreeMap::new();
    for bad in security::bad_signatures(pool, WITHIN_MINUTES).await? {
        let at = (bad.partner_id.unwrap_or_default(), bad.address.unwrap_or_default());
        *by_address.entry(at).or_default() += bad.count;
    }
    let mut by_partner: BTreeMap<String, (i64, usize)> = BTreeMap::new();
    for ((partner, _), count) in by_address.into_iter().filter(|(_, count)| *count >= REPEATED) {
        let (all, addresses) = by_partner.entry(partner).or_default();
        (*all, *addresses) = (*all + count, *addresses + 1);
    }
    let told = by_partner.into_iter().map(|(partner, (count, addresses))| Found {
        kind: Watch::BadSignatures.kind(),
        summary: format!(
            "{count} notices for {partner} with a bad signature within an hour, from {addresses} \
             addresses"
        ),
        subject: partner,
        to_do: "Ask the partner whether its secret changed; if not, see the security events.",
    });
    Ok(told.collect())
}

async fn projections_halted(pool: &PgPool) -> Result<Vec<Found>, sqlx::Error> {
    let all = runner::status(pool).await?;
    let halted = all.into_iter().filter(|status| status.is_asked() && status.state == "halted");
    let told = halted.map(|status| Found {
        kind: Watch::ProjectionHalted.kind(),
        summary: format!("The read model {} stands still", status.name),
        subject: status.name,
        to_do: "Mend what `anchor doctor` names, then `anchor projection resume`.",
    });
    Ok(told.collect())
}

/// By the partner's own word, or by the ledger alone: as soon as our bank has had a line with a
/// prepaid partner, when less is left than was issued there in the last [`FLOAT_LASTS_DAYS`] days.
/// Once for each partner, whoever says so.
async fn floats_low(pool: &PgPool) -> Result<Vec<Found>, sqlx::Error> {
    let mut low: BTreeMap<String, String> = BTreeMap::new();
    for float in settlements::query::floats_low(pool, FLOAT_LASTS_DAYS).await? {
        let (left, issued, currency) = (float.left, float.issued, float.currency);
        let partner = float.partner_id;
        let said = format!(
            "The float with {partner} runs low: {left:.2} {currency} is left, and {issued:.2} was \
             issued in {FLOAT_LASTS_DAYS} days"
        );
        low.entry(partner).or_insert(said);
    }
    for partner in partner_activity_log::query::float_low(pool, FLOAT_DAYS).await? {
        low.entry(partner.clone()).or_insert(format!("The float with {partner} runs low"));
    }
    let told = low.into_iter().map(|(subject, summary)| Found {
        kind: Watch::FloatLow.kind(),
        subject,
        summary,
        to_do: "Top it up before orders are refused.",
    });
    Ok(told.collect())
}

async fn statements_missing(pool: &PgPool) -> Result<Vec<Found>, sqlx::Error> {
    let all = pulls::in_trouble(pool, STATEMENT_HOURS).await?;
    let told = all.into_iter().map(|(day, trouble)| Found {
        kind: Watch::StatementMissing.kind(),
        subject: format!("{}@{}", day.partner_id, day.business_date),
        summary: format!(
            "The statement of {} for {} is not in the books: {trouble}",
            day.partner_id, day.business_date
        ),
        to_do: "Ask the partner for a whole one; what came is kept with its faults, by line.",
    });
    let waiting = partner_statements::query::not_compared(pool, COMPARED_HOURS).await?;
    let waiting = waiting.into_iter().map(|(partner, day)| Found {
        kind: Watch::StatementMissing.kind(),
        subject: format!("{partner}@{day}"),
        summary: format!("The statement of {partner} for {day} is not compared with the ledger"),
        to_do: "Look for `a statement was not compared` in the log; mend what it names.",
    });
    Ok(told.chain(waiting).collect())
}
