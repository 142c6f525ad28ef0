//! Which webhook, and which time it was set aside? `partner:its-own-id`, and that with `/<number>`.
//!
//! Rows: W6.

use std::fmt;
use std::str::FromStr;

use domain::ids::PartnerId;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::partners::signature::is_id;

/// A webhook's name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebhookId {
    /// From whom.
    pub partner: PartnerId,
    /// Its own id.
    pub external_id: String,
}

impl fmt::Display for WebhookId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.partner, self.external_id)
    }
}

impl FromStr for WebhookId {
    type Err = NoName;
    fn from_str(text: &str) -> Result<Self, NoName> {
        let (partner, external_id) = text.split_once(':').ok_or(NoName)?;
        if !is_id(external_id) {
            return Err(NoName);
        }
        let partner = partner.parse().map_err(|_| NoName)?;
        Ok(Self { partner, external_id: external_id.to_owned() })
    }
}

/// The name of one time that a webhook was set aside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParkingId {
    /// Which webhook.
    pub webhook: WebhookId,
    /// Which time, from 1.
    pub number: i32,
}

impl fmt::Display for ParkingId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.webhook, self.number)
    }
}

impl FromStr for ParkingId {
    type Err = NoName;
    fn from_str(text: &str) -> Result<Self, NoName> {
        let (webhook, number) = text.split_once('/').ok_or(NoName)?;
        let number = number.parse().ok().filter(|number| *number > 0).ok_or(NoName)?;
        Ok(Self { webhook: webhook.parse()?, number })
    }
}

impl Serialize for ParkingId {
    fn serialize<S: Serializer>(&self, writer: S) -> Result<S::Ok, S::Error> {
        writer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ParkingId {
    fn deserialize<D: Deserializer<'de>>(reader: D) -> Result<Self, D::Error> {
        String::deserialize(reader)?.parse().map_err(serde::de::Error::custom)
    }
}

/// Text that names no webhook.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a name, expected an `attempt_id` as it was shown")]
pub struct NoName;
