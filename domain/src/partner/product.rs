//! What can be ordered of a partner, and what should be known of it before somebody in recovery is
//! given it?
//!
//! *Why tags*: value that turns into cash can be gambled. What a product can be turned into is a
//! fact of the partner's file; whether that will do is a rule of the policy, copied into each
//! milestone. So neither knows the other.
//!
//! Rows: M3, P1.

use serde::{Deserialize, Serialize};

use crate::reward::ValueKind;

/// What should be known of a product.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SafetyTag {
    /// It is taken nearly everywhere, or pays out money.
    CashLike,
    /// It can be sold on to somebody else.
    Resellable,
    /// The partner pays what is left in money when asked.
    RefundableToCash,
    /// It buys neither liquor nor tobacco.
    ExcludesLiquorAndTobacco,
}

/// Something a partner can be asked for, by its catalogue id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Product {
    /// The id that orders carry.
    pub id: String,
    /// What a member reads.
    pub name: String,
    /// Voucher or credit.
    pub kind: ValueKind,
    /// The capability through which it is ordered, such as `gift_cards`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub capability: Option<String>,
    /// What should be known of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub safety: Vec<SafetyTag>,
}

/// Which products a milestone may be given as.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProductRules {
    /// A product with one of these is not given.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub refuses: Vec<SafetyTag>,
    /// A product without one of these is not given.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub requires: Vec<SafetyTag>,
}

impl ProductRules {
    /// Whether a product may be given.
    #[must_use]
    pub fn allow(&self, product: &Product) -> bool {
        let has = |tag: &SafetyTag| product.safety.contains(tag);
        !self.refuses.iter().any(has) && self.requires.iter().all(has)
    }

    /// Whether there is no rule.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.refuses.is_empty() && self.requires.is_empty()
    }
}
