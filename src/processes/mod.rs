//! What does Anchor do by itself? Processes take what the log says is due and turn it into commands
//! and partner calls.
//!
//! A process keeps no state of its own in memory: what is due stands in a todo table that is
//! derived from the log (`reward_todo`, `journey_todo`), timers are in events, and a lease in the
//! same row lets any number of instances share the work. A lease only saves work; what keeps value
//! from moving twice is the reward's own stream (an attempt can be requested once) and the
//! idempotency key at the partner.
//!
//! - [`reach_milestones`]: whose local day brings a milestone (M4)?
//! - [`issue_reward`]: which partner is asked, and what did it say (D1–D4)?
//! - [`recall_late`]: does a partner take back what surfaced late (D4)?
//! - [`expire_vouchers`]: whose voucher's last day is over?
//! - [`verify_accounts`]: is the account theirs, and may it stay linked (R4, C1)?
//! - [`keep_links`]: which member has to agree at a partner once more (P8)?
//! - [`account_holders`]: whose is an outside account?
//! - [`watch_partners`]: is a partner back that was left alone (D5)?
//! - [`notify`]: who has to know of it (U4)?
//! - [`raise_alerts`]: what should people look at (W4)?
//! - [`compare_statements`]: what does a partner's statement say that we do not (A2)?
//! - [`pull_statements`]: what did each partner write down yesterday (A2)?
//! - [`describe_partners`]: what does the catalogue say that the ledger does not know yet (P6)?
//!
//! *Guarantees*: at least once, in any order; every effect is idempotent by key or by stream.

pub mod account_holders;
pub mod compare_statements;
pub mod describe_partners;
pub mod expire_vouchers;
pub mod issue_reward;
pub mod keep_links;
pub mod notify;
pub mod pull_statements;
pub mod raise_alerts;
pub mod reach_milestones;
pub mod recall_late;
pub mod turns;
pub mod verify_accounts;
pub mod watch_partners;
