//! What must hold after every fault, whoever made it? Each invariant is one question to the
//! database, to the partners' books and to what clients and partners were told; it answers with
//! whatever breaks it.
//!
//! | id | question |
//! | --- | --- |
//! | I1 | [`value::at_most_one_live_value_per_reward`] |
//! | I2 | [`value::what_partners_hold_is_issued_here_or_alarmed`] |
//! | I3 | [`told::what_was_acknowledged_is_there`] |
//! | I4 | [`told::notices_that_were_taken_are_kept_once`] |
//! | I5 | [`log::the_log_is_sound_and_no_shorter`] |
//! | I6 | [`views::read_models_are_what_a_rebuild_comes_to`] |
//! | I7 | [`value::sums_balance_per_partner_and_currency`] |
//! | I8 | [`views::no_secret_is_in_a_dump_or_in_what_was_said`] |
//! | I9 | [`told::every_reward_is_final_or_alarmed`] |
//! | I10 | [`log::streams_have_no_gap_and_no_event_is_there_twice`] |
//!
//! Rows: R2, D6, A1, A4, C4.
//! Cases: I1, I2, I3, I4, I5, I6, I7, I8, I9, I10.
pub mod log;
pub mod told;
pub mod value;
pub mod views;

use serde_json::Value;
use sqlx::PgPool;

/// A command that was answered with a yes, once however often it was repeated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acknowledged {
    /// The stream it was about.
    pub stream: String,
    /// The event that it promises.
    pub event: String,
    /// What `Ledger-Position` said.
    pub position: i64,
}

/// A webhook that was answered with a yes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Taken {
    /// From whom it came.
    pub partner: String,
    /// Its id.
    pub id: String,
}

/// What is known from outside, to be held against the database.
pub struct Evidence<'a> {
    /// The database, by its owner.
    pub pool: &'a PgPool,
    /// `GET /control/book` of the sandbox: vouchers and credits as the partners have them.
    pub book: &'a Value,
    /// Everything that clients were promised.
    pub acknowledged: &'a [Acknowledged],
    /// Every webhook that was taken.
    pub taken: &'a [Taken],
    /// Where the log ended before the fault.
    pub head_before: i64,
}

/// What breaks any of those that cost little: all but I6 and I8.
///
/// # Errors
/// When the database cannot be asked.
pub async fn broken(evidence: &Evidence<'_>) -> Result<Vec<String>, sqlx::Error> {
    let mut broken = value::at_most_one_live_value_per_reward(evidence).await?;
    broken.extend(value::what_partners_hold_is_issued_here_or_alarmed(evidence).await?);
    broken.extend(told::what_was_acknowledged_is_there(evidence).await?);
    broken.extend(told::notices_that_were_taken_are_kept_once(evidence).await?);
    broken.extend(log::the_log_is_sound_and_no_shorter(evidence).await?);
    broken.extend(value::sums_balance_per_partner_and_currency(evidence).await?);
    broken.extend(told::every_reward_is_final_or_alarmed(evidence).await?);
    broken.extend(log::streams_have_no_gap_and_no_event_is_there_twice(evidence).await?);
    Ok(broken)
}

/// The answers to a question whose rows say what is broken.
async fn ask(pool: &PgPool, id: &str, sql: &str) -> Result<Vec<String>, sqlx::Error> {
    let rows: Vec<String> = sqlx::query_scalar(sql).fetch_all(pool).await?;
    Ok(rows.into_iter().map(|row| format!("{id}: {row}")).collect())
}
