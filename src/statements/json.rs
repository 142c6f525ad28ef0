//! How does a statement read that comes as JSON? By name, in any order; names nobody agreed on are
//! passed over. What the fields may say is what they may say in CSV.
//!
//! ```json
//! { "format": "ANCHOR-RECON", "version": 1, "partner_id": "woolworths",
//!   "business_date": "2026-11-22", "sequence": 1, "currency": "AUD",
//!   "made_at": "2026-11-23T01:10:00Z",
//!   "lines": [ { "number": 1, "type": "ISSUE", "reference": "MFRGGZDFMZTWQ2LK",
//!                "partner_ref": "WO000001123", "at": "2026-11-22T03:14:07Z",
//!                "business_date": "2026-11-22", "cents": 2000, "fee_cents": 0,
//!                "currency": "AUD", "place": "STORE-2217" } ],
//!   "totals": { "lines": 1, "by_type": [ { "type": "ISSUE", "lines": 1, "cents": 2000 } ],
//!               "cents": 2000, "digest": "SHA256:…" } }
//! ```
//!
//! *Which line a fault names*: the one that it would be in CSV. What stands first is line 1, the
//! n-th of `lines` is line n + 1, and `totals` are the line below the last of them.
//!
//! *What the digest covers*: the H line and the D lines that the same statement has in CSV. It does
//! not depend on how a program orders or spaces its JSON.
//!
//! Rows: A2.

use domain::ids::PartnerId;
use serde::Deserialize;
use serde_json::Number;
use serde_json::value::RawValue;

use super::fault::FaultCode as Code;
use super::read::{MOST_FIELDS, Reader};

/// A value as it stands: it is looked at when its turn comes, so that a file fills no more memory
/// than its own size calls for, whatever it holds.
type Raw<'a> = Option<&'a RawValue>;

#[derive(Deserialize, Default)]
#[serde(default, bound(deserialize = "'de: 'a"))]
struct Document<'a> {
    format: Raw<'a>,
    version: Raw<'a>,
    partner_id: Raw<'a>,
    business_date: Raw<'a>,
    sequence: Raw<'a>,
    currency: Raw<'a>,
    made_at: Raw<'a>,
    lines: Vec<&'a RawValue>,
    totals: Raw<'a>,
}

#[derive(Deserialize, Default)]
#[serde(default, bound(deserialize = "'de: 'a"))]
struct Line<'a> {
    number: Raw<'a>,
    r#type: Raw<'a>,
    reference: Raw<'a>,
    partner_ref: Raw<'a>,
    at: Raw<'a>,
    business_date: Raw<'a>,
    cents: Raw<'a>,
    fee_cents: Raw<'a>,
    currency: Raw<'a>,
    place: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(default, bound(deserialize = "'de: 'a"))]
struct Totals<'a> {
    lines: Raw<'a>,
    by_type: Vec<&'a RawValue>,
    cents: Raw<'a>,
    digest: Raw<'a>,
}

#[derive(Deserialize, Default)]
#[serde(default, bound(deserialize = "'de: 'a"))]
struct Total<'a> {
    r#type: Raw<'a>,
    lines: Raw<'a>,
    cents: Raw<'a>,
}

/// Whether a text means to be JSON.
pub(super) fn is_json(text: &str) -> bool {
    text.trim_start().starts_with('{')
}

/// Whose a document says it is.
pub(super) fn partner_named(bytes: &[u8]) -> Option<PartnerId> {
    let document: Document<'_> = serde_json::from_slice(bytes).ok()?;
    words(document.partner_id).parse().ok()
}

impl Reader {
    /// Reads a document as the lines that it would be in CSV.
    pub(super) fn read_json(&mut self, text: &str) -> Option<i64> {
        let document: Document<'_> = match serde_json::from_str(text) {
            Ok(document) => document,
            Err(error) => {
                self.fault(error.line(), Code::JsonUnreadable);
                return None;
            }
        };
        let mut above = String::new();
        let head = document.head();
        self.stands(1, &head, &mut above);
        self.header(&head.each_ref().map(String::as_str));
        for (number, line) in (2..).zip(&document.lines) {
            let Some(line) = object::<Line<'_>>(line) else {
                self.lines += 1;
                self.fault(number, Code::LineFields);
                continue;
            };
            let fields = line.fields();
            self.stands(number, &fields, &mut above);
            self.movement(number, &fields.each_ref().map(String::as_str));
        }
        let last = document.lines.len() + 2;
        let totals = self.need(document.totals, last, Code::TrailerMissing)?;
        let totals: Totals<'_> = self.need(object(totals), last, Code::TrailerFields)?;
        let fields = totals.fields();
        let fields: Vec<&str> = fields.iter().map(String::as_str).collect();
        self.trailer(last, &fields, &above)
    }

    /// Adds the line as it stands in CSV, and looks at its characters.
    fn stands(&mut self, number: usize, fields: &[String], above: &mut String) {
        let line = fields.join(",");
        if line.chars().any(char::is_control) {
            self.fault(number, Code::NotPlain);
        }
        above.push_str(&line);
        above.push('\n');
    }
}

impl Document<'_> {
    fn head(&self) -> [String; 8] {
        [
            "H".to_owned(),
            words(self.format),
            figure(self.version),
            words(self.partner_id),
            words(self.business_date),
            format!("{:0>4}", figure(self.sequence)),
            words(self.currency),
            words(self.made_at),
        ]
    }
}

impl Line<'_> {
    fn fields(&self) -> [String; 11] {
        [
            "D".to_owned(),
            figure(self.number),
            words(self.r#type),
            words(self.reference),
            words(self.partner_ref),
            words(self.at),
            words(self.business_date),
            figure(self.cents),
            figure(self.fee_cents),
            words(self.currency),
            self.place.clone().unwrap_or_default(),
        ]
    }
}

impl Totals<'_> {
    fn fields(&self) -> Vec<String> {
        // As many as a line of CSV is looked at for.
        let by_type = self.by_type.iter().take(MOST_FIELDS).map(|total| {
            let Total { r#type, lines, cents } = object(total).unwrap_or_default();
            format!("{}:{}:{}", words(r#type), figure(lines), figure(cents))
        });
        let mut fields = vec!["T".to_owned(), figure(self.lines)];
        fields.extend(by_type);
        fields.extend([figure(self.cents), words(self.digest)]);
        fields
    }
}

/// What has names: a list of the same values would be read by their order.
fn object<'a, T: Deserialize<'a>>(value: &'a RawValue) -> Option<T> {
    let is_object = value.get().starts_with('{');
    is_object.then(|| serde_json::from_str(value.get()).ok()).flatten()
}

/// What a string says; nothing where there is none, which no field may say that is looked at.
fn words(value: Raw<'_>) -> String {
    value.and_then(|value| serde_json::from_str(value.get()).ok()).unwrap_or_default()
}

/// A number as it is written, likewise.
fn figure(value: Raw<'_>) -> String {
    let is_number = |value: &&RawValue| serde_json::from_str::<Number>(value.get()).is_ok();
    value.filter(is_number).map(|value| value.get().to_owned()).unwrap_or_default()
}
