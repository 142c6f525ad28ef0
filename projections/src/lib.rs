//! What can be asked of Anchor. Reads the log, writes and queries read models.
//!
//! | read model | the question it answers |
//! | --- | --- |
//! | [`journeys`] | where does a member's journey stand? |
//! | [`rewards`] | what has a member been given? |
//! | [`reward_history`] | what happened to a reward, and who did it? |
//! | [`support_rewards`] | which rewards wait, for what, and since when? |
//! | [`partners`] | who can give something? |
//! | [`user_partner_accounts`] | which accounts has a member linked? |
//! | [`partner_activity_log`] | what happened, in order, for people? |
//! | [`journal`] | where is every cent? |
//! | [`reconciliation`] | what was issued, spent and is still out, by partner? |
//! | [`partner_statements`] | what do partners' statements say, beside what we recorded? |
//! | [`periods`] | which months are closed, and under which seal? |
//! | [`settlements`] | what does our bank say, and what is left of our floats? |
//! | [`reward_todo`], [`recall_todo`], [`journey_todo`], [`account_todo`] | what is due? |
//!
//! The log is read by [`event_log`] alone, in order and without a hole; [`runner`] turns batches
//! into rows, with the [`checkpoint`] in the same transaction. [`rebuild`] does it all anew beside
//! what is asked, and [`mod@replay`] up to a moment that was.

use std::sync::Arc;

pub mod account_todo;
pub mod as_of;
pub mod checkpoint;
pub mod event_log;
pub mod journal;
pub mod journey_todo;
pub mod journeys;
mod open_details;
pub mod paging;
pub mod partner_activity_log;
pub mod partner_statements;
pub mod partners;
pub mod periods;
pub mod projection;
pub mod rebuild;
pub mod recall_todo;
pub mod reconciliation;
pub mod replay;
pub mod reward_history;
pub mod reward_todo;
pub mod rewards;
mod rows;
pub mod runner;
pub mod settlements;
pub mod shown;
pub mod support_rewards;
mod todo;
pub mod user_partner_accounts;

pub use projection::{Poison, Projection, ProjectionError, Recorded, RecordedContext};

/// Every projection, once.
#[must_use]
pub fn all() -> Vec<Arc<dyn Projection>> {
    vec![
        Arc::new(journey_todo::JourneyTodo),
        Arc::new(reward_todo::RewardTodo),
        Arc::new(recall_todo::RecallTodo),
        Arc::new(account_todo::AccountTodo),
        Arc::new(journeys::Journeys),
        Arc::new(rewards::Rewards),
        Arc::new(reward_history::RewardHistory),
        Arc::new(support_rewards::SupportRewards),
        Arc::new(partners::Partners),
        Arc::new(user_partner_accounts::UserPartnerAccounts),
        Arc::new(partner_activity_log::PartnerActivityLog),
        Arc::new(journal::Journal),
        Arc::new(reconciliation::Reconciliation),
        Arc::new(partner_statements::PartnerStatements),
        Arc::new(periods::Periods),
        Arc::new(settlements::Settlements),
    ]
}
