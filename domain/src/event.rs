//! Which events exist, and how does a stored row become one again?
//!
//! [`AnchorEvent`] is one enum over all aggregates' events. A stored payload is the event's fields
//! as one flat JSON object with its name in `type`; the row's `event_type` column names it too, so
//! a reader of the log decodes straight into the concrete struct.
//!
//! *Why both*: cqrs-es hands only the payload to serde, so the payload must name itself; replay
//! must not pay serde's buffering for that, so it goes by the column.
//!
//! *Guarantees*: stored events decode for ever (`wire/*.json` has one file per event and version);
//! an unknown name or version is an error, never skipped; unknown fields are ignored.
//!
//! Rows: A4, R1.

use crate::journey::JourneyEvent;
use crate::member::MemberEvent;
use crate::partner::PartnerEvent;
use crate::partner_account::PartnerAccountEvent;
use crate::partner_statement::PartnerStatementEvent;
use crate::period::PeriodEvent;
use crate::reward::RewardEvent;
use crate::settlement::SettlementEvent;

/// Declares the event enum of one aggregate over its event structs: stored names, versions,
/// decoding by name, and when each happened.
macro_rules! events {
    ($(#[$doc:meta])* $enum:ident of $stream:literal { $($name:ident $version:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
        #[serde(tag = "type")]
        #[allow(missing_docs, reason = "each variant is documented at the struct it holds")]
        pub enum $enum { $($name($name),)+ }

        impl $enum {
            /// The `aggregate_type` of these events' streams.
            pub const STREAM: &'static str = $stream;
            /// Stored name and current version of every event of this aggregate.
            pub const STORED: &'static [(&'static str, &'static str)] =
                &[$((stringify!($name), $version),)+];

            /// The stored name.
            #[must_use]
            pub fn name(&self) -> &'static str {
                match self { $(Self::$name(_) => stringify!($name),)+ }
            }

            /// When it happened, by the ledger's clock or the partner's word.
            #[must_use]
            pub fn occurred_at(&self) -> chrono::DateTime<chrono::Utc> {
                match self { $(Self::$name(event) => event.occurred_at,)+ }
            }

            /// Decodes a stored payload by the name and version of its row.
            ///
            /// # Errors
            /// [`crate::event::DecodeError`] names the event that cannot be read.
            pub fn decode(
                name: &str, version: &str, payload: &[u8],
            ) -> Result<Self, crate::event::DecodeError> {
                match (name, version) {
                    $((stringify!($name), $version) => crate::event::fields(payload)
                        .map(Self::$name)
                        .map_err(|source| crate::event::DecodeError::Unreadable {
                            stream: $stream, name: name.to_owned(), source,
                        }),)+
                    _ => Err(crate::event::DecodeError::Unknown {
                        stream: $stream.to_owned(),
                        name: name.to_owned(),
                        version: version.to_owned(),
                    }),
                }
            }
        }

        impl cqrs_es::DomainEvent for $enum {
            fn event_type(&self) -> String {
                self.name().to_owned()
            }
            fn event_version(&self) -> String {
                match self { $(Self::$name(_) => $version.to_owned(),)+ }
            }
        }

        $(impl From<$name> for $enum {
            fn from(event: $name) -> Self { Self::$name(event) }
        })+
    };
}
pub(crate) use events;

/// Reads an event's fields. That the bytes are text is seen once for all of them, which is a good
/// deal quicker than string by string.
pub(crate) fn fields<T: serde::de::DeserializeOwned>(payload: &[u8]) -> serde_json::Result<T> {
    match std::str::from_utf8(payload) {
        Ok(text) => serde_json::from_str(text),
        // Says where it is not.
        Err(_) => serde_json::from_slice(payload),
    }
}

/// Any event of the log.
#[derive(Debug, Clone, PartialEq)]
pub enum AnchorEvent {
    /// Of a member's journey.
    Journey(JourneyEvent),
    /// Of a reward.
    Reward(RewardEvent),
    /// Of a partner.
    Partner(PartnerEvent),
    /// Of a member's account at a partner.
    PartnerAccount(PartnerAccountEvent),
    /// Of a member: contact and consent.
    Member(MemberEvent),
    /// Of a partner's statement.
    PartnerStatement(PartnerStatementEvent),
    /// Of a business period.
    Period(PeriodEvent),
    /// Of a line of our bank's.
    Settlement(SettlementEvent),
}

impl AnchorEvent {
    /// Decodes a row of the log.
    ///
    /// # Errors
    /// [`DecodeError`] for a stream, event or version that this program does not know, and for a
    /// payload that does not fit: a reader halts there and skips nothing.
    pub fn decode(
        aggregate_type: &str,
        event_type: &str,
        event_version: &str,
        payload: &[u8],
    ) -> Result<Self, DecodeError> {
        Ok(match aggregate_type {
            JourneyEvent::STREAM => {
                Self::Journey(JourneyEvent::decode(event_type, event_version, payload)?)
            }
            RewardEvent::STREAM => {
                Self::Reward(RewardEvent::decode(event_type, event_version, payload)?)
            }
            PartnerEvent::STREAM => {
                Self::Partner(PartnerEvent::decode(event_type, event_version, payload)?)
            }
            PartnerAccountEvent::STREAM => Self::PartnerAccount(PartnerAccountEvent::decode(
                event_type,
                event_version,
                payload,
            )?),
            MemberEvent::STREAM => {
                Self::Member(MemberEvent::decode(event_type, event_version, payload)?)
            }
            PartnerStatementEvent::STREAM => Self::PartnerStatement(
                PartnerStatementEvent::decode(event_type, event_version, payload)?,
            ),
            PeriodEvent::STREAM => {
                Self::Period(PeriodEvent::decode(event_type, event_version, payload)?)
            }
            SettlementEvent::STREAM => {
                Self::Settlement(SettlementEvent::decode(event_type, event_version, payload)?)
            }
            _ => {
                return Err(DecodeError::Unknown {
                    stream: aggregate_type.to_owned(),
                    name: event_type.to_owned(),
                    version: event_version.to_owned(),
                });
            }
        })
    }

    /// The kind of the streams it is in, as stored.
    #[must_use]
    pub fn stream(&self) -> &'static str {
        match self {
            Self::Journey(_) => JourneyEvent::STREAM,
            Self::Reward(_) => RewardEvent::STREAM,
            Self::Partner(_) => PartnerEvent::STREAM,
            Self::PartnerAccount(_) => PartnerAccountEvent::STREAM,
            Self::Member(_) => MemberEvent::STREAM,
            Self::PartnerStatement(_) => PartnerStatementEvent::STREAM,
            Self::Period(_) => PeriodEvent::STREAM,
            Self::Settlement(_) => SettlementEvent::STREAM,
        }
    }

    /// The stored name.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Journey(event) => event.name(),
            Self::Reward(event) => event.name(),
            Self::Partner(event) => event.name(),
            Self::PartnerAccount(event) => event.name(),
            Self::Member(event) => event.name(),
            Self::PartnerStatement(event) => event.name(),
            Self::Period(event) => event.name(),
            Self::Settlement(event) => event.name(),
        }
    }

    /// When it happened, by the ledger's clock or the partner's word.
    #[must_use]
    pub fn occurred_at(&self) -> chrono::DateTime<chrono::Utc> {
        match self {
            Self::Journey(event) => event.occurred_at(),
            Self::Reward(event) => event.occurred_at(),
            Self::Partner(event) => event.occurred_at(),
            Self::PartnerAccount(event) => event.occurred_at(),
            Self::Member(event) => event.occurred_at(),
            Self::PartnerStatement(event) => event.occurred_at(),
            Self::Period(event) => event.occurred_at(),
            Self::Settlement(event) => event.occurred_at(),
        }
    }
}

/// A stored row that this program cannot read: a newer program wrote it, or it was changed.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    /// Run the program that wrote it; nothing is skipped.
    #[error("unknown event {stream}/{name} version {version}")]
    Unknown {
        /// The row's aggregate type.
        stream: String,
        /// The row's event type.
        name: String,
        /// The row's event version.
        version: String,
    },
    /// The payload does not fit the event it names.
    #[error("payload of {stream}/{name} does not fit the event")]
    Unreadable {
        /// The aggregate type.
        stream: &'static str,
        /// The event's name.
        name: String,
        /// What serde found.
        #[source]
        source: serde_json::Error,
    },
}
