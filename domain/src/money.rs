//! How much, and of which currency? Decimal amounts that are never floating point.
//!
//! An [`Amount`] is a decimal with exactly two places, written in events as text (`"20.00"`).
//! A [`Money`] is an amount with its [`Currency`]; sums of different currencies do not exist.
//!
//! Rows: A1, R2.

use std::fmt;
use std::str::FromStr;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

/// A decimal with at most two places, zero or more, below one billion.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Amount(Decimal);

impl Amount {
    /// Nothing.
    pub const ZERO: Self = Self(Decimal::ZERO);

    /// An amount from a decimal.
    ///
    /// # Errors
    /// Refuses negative values, more than two places, and a billion or more.
    pub fn new(value: Decimal) -> Result<Self, MoneyError> {
        let value = value.normalize();
        if value.is_sign_negative() && !value.is_zero() {
            return Err(MoneyError::Negative);
        }
        if value.scale() > 2 {
            return Err(MoneyError::TooManyPlaces);
        }
        if value >= Decimal::from(1_000_000_000) {
            return Err(MoneyError::TooLarge);
        }
        Ok(Self(value))
    }

    /// The decimal behind it.
    #[must_use]
    pub fn decimal(self) -> Decimal {
        self.0
    }

    /// Whether nothing is left.
    #[must_use]
    pub fn is_zero(self) -> bool {
        self.0.is_zero()
    }

    /// The sum.
    ///
    /// # Errors
    /// [`MoneyError::TooLarge`] when it passes the bound.
    pub fn plus(self, other: Self) -> Result<Self, MoneyError> {
        Self::new(self.0 + other.0)
    }

    /// What is left after taking `other` away.
    ///
    /// # Errors
    /// [`MoneyError::Negative`] when there is less than `other`.
    pub fn minus(self, other: Self) -> Result<Self, MoneyError> {
        Self::new(self.0 - other.0)
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.2}", self.0)
    }
}

impl FromStr for Amount {
    type Err = MoneyError;
    fn from_str(text: &str) -> Result<Self, MoneyError> {
        let plain = text.bytes().all(|b| b.is_ascii_digit() || b == b'.');
        if !plain {
            return Err(if text.starts_with('-') {
                MoneyError::Negative
            } else {
                MoneyError::NotANumber
            });
        }
        Self::new(Decimal::from_str_exact(text).map_err(|_| MoneyError::NotANumber)?)
    }
}

impl TryFrom<String> for Amount {
    type Error = MoneyError;
    fn try_from(text: String) -> Result<Self, MoneyError> {
        text.parse()
    }
}

impl From<Amount> for String {
    fn from(amount: Amount) -> Self {
        amount.to_string()
    }
}

/// An ISO 4217 code, such as `AUD`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Currency([u8; 3]);

impl Currency {
    /// The Australian dollar.
    pub const AUD: Self = Self(*b"AUD");

    /// The three letters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).expect("three ASCII letters by construction")
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Currency {
    type Err = MoneyError;
    fn from_str(text: &str) -> Result<Self, MoneyError> {
        match text.as_bytes() {
            &[a, b, c] if [a, b, c].iter().all(u8::is_ascii_uppercase) => Ok(Self([a, b, c])),
            _ => Err(MoneyError::NotACurrency),
        }
    }
}

impl TryFrom<String> for Currency {
    type Error = MoneyError;
    fn try_from(text: String) -> Result<Self, MoneyError> {
        text.parse()
    }
}

impl From<Currency> for String {
    fn from(currency: Currency) -> Self {
        currency.as_str().to_owned()
    }
}

/// An amount with its currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Money {
    /// How much.
    pub amount: Amount,
    /// Of what.
    pub currency: Currency,
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.amount, self.currency)
    }
}

/// Why something is not an amount of money.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    /// Give a decimal such as `20.00`.
    #[error("not a decimal number")]
    NotANumber,
    /// Give zero or more.
    #[error("an amount is never negative")]
    Negative,
    /// Give whole cents.
    #[error("an amount has at most two decimal places")]
    TooManyPlaces,
    /// Amounts end below one billion.
    #[error("an amount stays below one billion")]
    TooLarge,
    /// Give three capital letters, such as `AUD`.
    #[error("a currency is three capital letters")]
    NotACurrency,
}
