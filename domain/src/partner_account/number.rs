//! Can this be the number of an account there? Its form and its check digit, before anybody is
//! asked.
//!
//! The rule is a property of the partner and stands in its file. Spaces and dashes that people type
//! are taken away first; what remains is compared, sealed and sent.
//!
//! | rule | how the last digit follows from the others |
//! | --- | --- |
//! | `luhn` | every second digit from the right doubled, its digits summed; the sum ends in 0 |
//! | `weighted_by_position` | digit times its place from the left, summed; the sum's last digit |
//! | `none` | the partner publishes none |
//!
//! Rows: R4.

use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};

/// How the last digit follows from the others.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckDigit {
    /// It does not.
    #[default]
    None,
    /// Luhn, as on bank cards (MOD10V01).
    Luhn,
    /// Digit times place, summed, its last digit (MOD10V05).
    WeightedByPosition,
}

/// What an account number looks like at a partner.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NumberFormat {
    /// What members know it as, such as `card number`.
    pub called: String,
    /// What it begins with.
    #[serde(default)]
    pub prefix: String,
    /// How many characters it has at least, the prefix included and dashes not.
    pub at_least: usize,
    /// And at most.
    pub at_most: usize,
    /// Whether letters A to F stand among the digits after the prefix.
    #[serde(default)]
    pub hexadecimal: bool,
    /// How the last digit follows from the others.
    #[serde(default)]
    pub check_digit: CheckDigit,
    /// Whether the rule is confirmed; where it is not, a number that breaks it is taken all the
    /// same, and said so in the log.
    #[serde(default = "confirmed")]
    pub check_digit_is_confirmed: bool,
}

fn confirmed() -> bool {
    true
}

/// A number of the right form.
#[derive(Clone, PartialEq, Eq)]
pub struct WellFormed {
    /// As it is sealed and sent: without what people put between, letters in capitals.
    pub text: String,
    /// It breaks a check-digit rule that is not confirmed.
    pub is_doubtful: bool,
}

/// Why a number cannot be right. Does not repeat it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotANumber {
    /// Look at the card or bill once more.
    #[error("the {called} has {}", form(.length, .prefix))]
    Form {
        /// What members know it as.
        called: String,
        /// How long it is.
        length: RangeInclusive<usize>,
        /// What it begins with; anything, when empty.
        prefix: String,
    },
    /// A digit is wrong, or two have changed places.
    #[error("the {called}'s last digit does not fit the others: a digit may be mistyped")]
    CheckDigit {
        /// What members know it as.
        called: String,
    },
}

fn form(length: &RangeInclusive<usize>, prefix: &str) -> String {
    let lengths = match (length.start(), length.end()) {
        (least, most) if least == most => format!("{least} characters"),
        (least, most) => format!("{least} to {most} characters"),
    };
    if prefix.is_empty() { lengths } else { format!("{lengths} and begins with {prefix}") }
}

impl NumberFormat {
    /// Reads what a member typed.
    ///
    /// # Errors
    /// [`NotANumber`] says what is wrong without repeating the number.
    pub fn read(&self, typed: &str) -> Result<WellFormed, NotANumber> {
        let kept = typed.chars().filter(|c| !c.is_whitespace() && (*c != '-'));
        let text: String = kept.flat_map(char::to_uppercase).collect();
        let prefix: String = self.prefix.chars().filter(|c| *c != '-').collect();
        let length = self.at_least..=self.at_most;
        let is_digit = |c: char| c.is_ascii_digit() || (self.hexadecimal && c.is_ascii_hexdigit());
        let rest = text.strip_prefix(&prefix).filter(|rest| rest.chars().all(is_digit));
        let Some(rest) = rest.filter(|_| length.contains(&text.chars().count())) else {
            let (called, prefix) = (self.called.clone(), self.prefix.clone());
            return Err(NotANumber::Form { called, length, prefix });
        };
        let is_right = self.check_digit.fits(&text);
        if !is_right && self.check_digit_is_confirmed {
            return Err(NotANumber::CheckDigit { called: self.called.clone() });
        }
        let text = format!("{}{rest}", self.prefix);
        Ok(WellFormed { text, is_doubtful: !is_right })
    }

    /// What is wrong with the format itself, if anything is.
    #[must_use]
    pub fn fault(&self) -> Option<&'static str> {
        let prefix = self.prefix.chars().filter(|c| *c != '-').count();
        if self.at_least > self.at_most || self.at_most > 40 || self.at_least < 4 {
            return Some("an account number has 4 to 40 characters, at_least up to at_most");
        }
        if prefix >= self.at_least {
            return Some("an account number is longer than its prefix");
        }
        let is_plain = self.prefix.chars().all(|c| c.is_ascii_digit());
        if self.check_digit != CheckDigit::None && (self.hexadecimal || !is_plain) {
            return Some("a check digit is for numbers of digits alone");
        }
        None
    }
}

impl CheckDigit {
    /// Whether the last digit fits the others.
    #[must_use]
    pub fn fits(self, digits: &str) -> bool {
        let Some((others, last)) = digits.split_at_checked(digits.len().saturating_sub(1)) else {
            return false;
        };
        self.of(others).is_none_or(|expected| last == expected.to_string())
    }

    /// The digit that follows these; none when the rule has none.
    #[must_use]
    pub fn of(self, digits: &str) -> Option<u32> {
        let values: Vec<u32> = digits.chars().filter_map(|c| c.to_digit(10)).collect();
        match self {
            Self::None => None,
            Self::Luhn => {
                let doubled = values.iter().rev().enumerate().map(|(place, digit)| {
                    let weighted = if place % 2 == 0 { digit * 2 } else { *digit };
                    weighted / 10 + weighted % 10
                });
                Some((10 - doubled.sum::<u32>() % 10) % 10)
            }
            Self::WeightedByPosition => {
                let weighted = (1_u32..).zip(&values).map(|(place, digit)| place * digit);
                Some(weighted.sum::<u32>() % 10)
            }
        }
    }
}

/// The last four characters behind dots; of a number too short to hide the rest, none.
#[must_use]
pub fn masked(number: &str) -> String {
    let length = number.chars().count();
    let shown = if length >= 8 { 4 } else { 0 };
    let tail: String = number.chars().skip(length - shown).collect();
    "•".repeat(length - shown) + &tail
}
