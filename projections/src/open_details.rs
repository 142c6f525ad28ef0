//! What of an event may people read? Everything but what is sealed, and what only machines need.
//!
//! Rows: C4.

use domain::AnchorEvent;
use domain::reward::RewardEvent;
use serde_json::Value;

/// Fields that stay in the log alone: ciphertext, keyed hashes and keys.
const KEPT_BACK: &[&str] = &[
    "type",
    "code",
    "pin",
    "barcode",
    "code_tag",
    "account_number",
    "account_tag",
    "security_code",
    "email",
    "name",
    "contact_tag",
    "attested_by",
    "note",
    "matched",
    "idempotency_key",
    "request_digest",
    "response_digest",
    "member_id",
    "occurred_at",
];

/// The event's fields, without what is kept back.
pub(crate) fn open_details(event: &AnchorEvent) -> Value {
    let fields = match event {
        AnchorEvent::Journey(event) => serde_json::to_value(event),
        AnchorEvent::Reward(event) => serde_json::to_value(event),
        AnchorEvent::Partner(event) => serde_json::to_value(event),
        AnchorEvent::PartnerAccount(event) => serde_json::to_value(event),
        AnchorEvent::Member(event) => serde_json::to_value(event),
        AnchorEvent::PartnerStatement(event) => serde_json::to_value(event),
        AnchorEvent::Period(event) => serde_json::to_value(event),
        AnchorEvent::Settlement(event) => serde_json::to_value(event),
    };
    let Ok(Value::Object(mut fields)) = fields else { return Value::Null };
    // A partner's name is public, and so is the code of a refusal.
    let open = match event {
        AnchorEvent::Partner(_) => "name",
        AnchorEvent::Reward(RewardEvent::IssuanceRefused(_) | RewardEvent::VoidRefused(_)) => {
            "code"
        }
        _ => "",
    };
    fields.retain(|name, _| !KEPT_BACK.contains(&name.as_str()) || name == open);
    Value::Object(fields)
}
