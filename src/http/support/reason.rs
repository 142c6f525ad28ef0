//! Why does somebody do this? In their own words, which go into the ledger and nowhere else.
//!
//! What is written here is read by other people of the team. It is never logged: `Debug` does not
//! show it.
//!
//! Rows: R6, C4.

use std::fmt;

use serde::{Deserialize, Deserializer};

const LONGEST: usize = 500;

/// A reason: 1 to 500 characters on one line.
#[derive(Clone, PartialEq, Eq)]
pub struct Reason(String);

impl Reason {
    /// The words.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Reason(..)")
    }
}

impl<'de> Deserialize<'de> for Reason {
    fn deserialize<D: Deserializer<'de>>(reader: D) -> Result<Self, D::Error> {
        let text = String::deserialize(reader)?;
        let length = text.chars().count();
        let is_empty = text.trim().is_empty();
        if is_empty || length > LONGEST || text.chars().any(char::is_control) {
            return Err(serde::de::Error::custom(
                "not a reason, expected 1 to 500 characters on one line",
            ));
        }
        Ok(Self(text))
    }
}
