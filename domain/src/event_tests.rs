//! Do stored events decode for ever? One file per event and version, and each reads as it was
//! written.
//!
//! Rows: A4, R1.

use serde_json::Value;

use crate::AnchorEvent;
use crate::journey::JourneyEvent;
use crate::member::MemberEvent;
use crate::partner::PartnerEvent;
use crate::partner_account::PartnerAccountEvent;
use crate::partner_statement::PartnerStatementEvent;
use crate::period::PeriodEvent;
use crate::reward::RewardEvent;
use crate::settlement::SettlementEvent;

const STREAMS: [(&str, &[(&str, &str)]); 8] = [
    (JourneyEvent::STREAM, JourneyEvent::STORED),
    (RewardEvent::STREAM, RewardEvent::STORED),
    (PartnerEvent::STREAM, PartnerEvent::STORED),
    (PartnerAccountEvent::STREAM, PartnerAccountEvent::STORED),
    (MemberEvent::STREAM, MemberEvent::STORED),
    (PartnerStatementEvent::STREAM, PartnerStatementEvent::STORED),
    (PeriodEvent::STREAM, PeriodEvent::STORED),
    (SettlementEvent::STREAM, SettlementEvent::STORED),
];

fn stored_file(stream: &str, name: &str, version: &str) -> String {
    let major = version.split('.').next().unwrap();
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src");
    let path = format!("{folder}/{stream}/wire/{name}.v{major}.json");
    std::fs::read_to_string(&path).unwrap_or_else(|_| panic!("{path} is missing"))
}

fn encoded(event: &AnchorEvent) -> Value {
    match event {
        AnchorEvent::Journey(event) => serde_json::to_value(event),
        AnchorEvent::Reward(event) => serde_json::to_value(event),
        AnchorEvent::Partner(event) => serde_json::to_value(event),
        AnchorEvent::PartnerAccount(event) => serde_json::to_value(event),
        AnchorEvent::Member(event) => serde_json::to_value(event),
        AnchorEvent::PartnerStatement(event) => serde_json::to_value(event),
        AnchorEvent::Period(event) => serde_json::to_value(event),
        AnchorEvent::Settlement(event) => serde_json::to_value(event),
    }
    .unwrap()
}

#[test]
fn every_stored_event_reads_as_it_was_written() {
    for (stream, stored) in STREAMS {
        for (name, version) in stored {
            let text = stored_file(stream, name, version);
            let event = AnchorEvent::decode(stream, name, version, text.as_bytes())
                .unwrap_or_else(|error| panic!("{stream}/{name}: {error:?}"));
            assert_eq!(event.name(), *name);
            let written: Value = serde_json::from_str(&text).unwrap();
            assert_eq!(encoded(&event), written, "{stream}/{name}");
        }
    }
}

#[test]
fn an_unknown_event_is_an_error_and_never_skipped() {
    for (stream, name, version) in
        [("reward", "Nonsense", "1.0"), ("nonsense", "VoucherIssued", "1.0")]
    {
        assert!(AnchorEvent::decode(stream, name, version, b"{}").is_err());
    }
    assert!(AnchorEvent::decode("reward", "VoucherIssued", "9.0", b"{}").is_err());
    assert!(AnchorEvent::decode("reward", "VoucherIssued", "1.0", b"{}").is_err());
}

#[test]
fn unknown_fields_are_passed_over() {
    let mut written: Value =
        serde_json::from_str(&stored_file("reward", "RewardFailed", "1.0")).unwrap();
    written["added_later"] = "by a newer program".into();
    let bytes = serde_json::to_vec(&written).unwrap();
    assert!(AnchorEvent::decode("reward", "RewardFailed", "1.0", &bytes).is_ok());
}

#[test]
fn nothing_sealed_can_be_printed() {
    let text = stored_file("reward", "VoucherIssued", "1.0");
    let event = AnchorEvent::decode("reward", "VoucherIssued", "1.0", text.as_bytes()).unwrap();
    let printed = format!("{event:?}");
    assert!(printed.contains("Sealed(..)") && !printed.contains("AaGyw9Q"), "{printed}");
}
