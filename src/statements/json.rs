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
use serde_json::Value;
use serde_json::value::RawValue;

use super::fault::FaultCode as Code;
use super::read::Reader;

/// The document; lines stay as they are until each is looked at, so that many small ones fill no
/// memory.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Document<'a> {
    format: Value,
    version: Value,
    partner_id: Value,
    business_date: Value,
    sequence: Value,
    currency: Value,
    made_at: Value,
    #[serde(borrow)]
    lines: Vec<&'a RawValue>,
    #[serde(borrow)]
    totals: Option<&'a RawValue>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Line {
    number: Value,
    r#type: Value,
    reference: Value,
    partner_ref: Value,
    at: Value,
    business_date: Value,
    cents: Value,
    fee_cents: Value,
    currency: Value,
    place: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Totals {
    lines: Value,
    by_type: Vec<Total>,
    cents: Value,
    digest: Value,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Total {
    r#type: Value,
    lines: Value,
    cents: Value,
}

/// Whether a text means to be JSON.
pub(super) fn is_json(text: &str) -> bool {
    text.trim_start().starts_with('{')
}

/// Whose a document says it is.
pub(super) fn partner_named(bytes: &[u8]) -> Option<PartnerId> {
    let document: Document<'_> = serde_json::from_slice(bytes).ok()?;
    words(&document.partner_id).parse().ok()
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
            let Some(line) = object::<Line>(line) else {
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
        let totals: Totals = self.need(object(totals), last, Code::TrailerFields)?;
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
            words(&self.format),
            figure(&self.version),
            words(&self.partner_id),
            words(&self.business_date),
            format!("{:0>4}", figure(&self.sequence)),
            words(&self.currency),
            words(&self.made_at),
        ]
    }
}

impl Line {
    fn fields(&self) -> [String; 11] {
        [
            "D".to_owned(),
            figure(&self.number),
            words(&self.r#type),
            words(&self.reference),
            words(&self.partner_ref),
            words(&self.at),
            words(&self.business_date),
            figure(&self.cents),
            figure(&self.fee_cents),
            words(&self.currency),
            self.place.clone().unwrap_or_default(),
        ]
    }
}

impl Totals {
    fn fields(&self) -> Vec<String> {
        let by_type = self.by_type.iter().map(|total| {
            let Total { r#type, lines, cents } = total;
            format!("{}:{}:{}", words(r#type), figure(lines), figure(cents))
        });
        let mut fields = vec!["T".to_owned(), figure(&self.lines)];
        fields.extend(by_type);
        fields.extend([figure(&self.cents), words(&self.digest)]);
        fields
    }
}

/// What has names: a list of the same values would be read by their order.
fn object<'a, T: Deserialize<'a>>(value: &'a RawValue) -> Option<T> {
    let is_object = value.get().starts_with('{');
    is_object.then(|| serde_json::from_str(value.get()).ok()).flatten()
}

/// What a string says; nothing where there is none, which no field may say that is looked at.
fn words(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// What a number says, likewise.
fn figure(value: &Value) -> String {
    value.as_number().map(ToString::to_string).unwrap_or_default()
}
