//! Which attempt of which reward? `<the reward's id>/<number>`, the same for ever.
//!
//! A reward that never had an attempt is named by `null`.
//!
//! Rows: R6.

use std::fmt;
use std::str::FromStr;

use domain::ids::RewardId;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// An attempt's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AttemptId {
    /// Of which reward.
    pub reward: RewardId,
    /// From 1.
    pub number: u32,
}

impl AttemptId {
    /// The name of an attempt; none before the first.
    #[must_use]
    pub fn of(reward: RewardId, number: u32) -> Option<Self> {
        (number > 0).then_some(Self { reward, number })
    }
}

impl fmt::Display for AttemptId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.reward, self.number)
    }
}

impl FromStr for AttemptId {
    type Err = NoAttempt;
    fn from_str(text: &str) -> Result<Self, NoAttempt> {
        let (reward, number) = text.split_once('/').ok_or(NoAttempt)?;
        let is_number = !number.starts_with('0') && number.bytes().all(|b| b.is_ascii_digit());
        let number = number.parse().ok().filter(|_| is_number).ok_or(NoAttempt)?;
        Ok(Self { reward: reward.parse().map_err(|_| NoAttempt)?, number })
    }
}

impl Serialize for AttemptId {
    fn serialize<S: Serializer>(&self, writer: S) -> Result<S::Ok, S::Error> {
        writer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for AttemptId {
    fn deserialize<D: Deserializer<'de>>(reader: D) -> Result<Self, D::Error> {
        String::deserialize(reader)?.parse().map_err(serde::de::Error::custom)
    }
}

/// Text that names no attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a name, expected an `attempt_id` as it was shown, or null before the first attempt")]
pub struct NoAttempt;
