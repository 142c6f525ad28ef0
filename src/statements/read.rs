//! Is this file a whole statement, and what does it say? Everything that is wrong is named at once.
//!
//! *How a file is read*: lines first, then the header, then each D line for itself, then the
//! trailer against them. A total is compared only when every D line could be read: otherwise it
//! would be wrong because of them, and be named for it.
//!
//! Rows: A2.

use std::collections::{BTreeMap, HashSet};

use chrono::{DateTime, Days, NaiveDate, NaiveTime, TimeDelta, Utc};
use domain::ids::{PartnerId, is_partners_id};
use domain::money::Currency;
use domain::partner_statement::{Movement, MovementKind, amount};
use sha2::{Digest, Sha256};

use super::fault::{Fault, FaultCode as Code};
use super::{fields, json};

/// Larger files are not looked at, in bytes.
pub const LARGEST: usize = 16 * 1024 * 1024;
/// So many faults are named; what is wrong with a file is clear by then.
pub(super) const MOST_FAULTS: usize = 1_000;
/// No line has as many fields: a T line has a total for each type, and four more.
pub(super) const MOST_FIELDS: usize = MovementKind::ALL.len() + 5;
const NAME: &str = "ANCHOR-RECON";
const VERSION: &str = "1";
/// Local days begin and end within so many hours of the day in UTC, all over the world.
const ZONES_REACH_HOURS: i64 = 14;

/// What the first line says: whose and which the statement is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heading {
    /// Whose.
    pub partner: PartnerId,
    /// Of which day, in the partner's own zone.
    pub date: NaiveDate,
    /// Which one of that day: a corrected one has a higher number.
    pub sequence: u32,
    /// The one currency of all its lines.
    pub currency: Currency,
    /// When it was made.
    pub made_at: DateTime<Utc>,
}

/// A day of a partner's books.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartnerStatement {
    /// Whose and which.
    pub heading: Heading,
    /// Its lines.
    pub movements: Vec<Movement>,
    /// The sum of all cents.
    pub sum_cents: i64,
    /// SHA-256 of the whole file, in hex: the same again is the same statement.
    pub sha256: String,
}

/// A file that is no whole statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Faulty {
    /// Whose and which it would be, where its first line could be read.
    pub heading: Option<Heading>,
    /// All that is wrong with it, in the order of its lines.
    pub faults: Vec<Fault>,
}

/// Reads a statement.
///
/// # Errors
/// Every [`Fault`] of the file.
pub fn parse(bytes: &[u8]) -> Result<PartnerStatement, Faulty> {
    let text = text(bytes).map_err(|fault| Faulty { heading: None, faults: vec![fault] })?;
    let mut reader = Reader::default();
    let sum_cents = if json::is_json(text) { reader.read_json(text) } else { reader.read(text) };
    reader.faults.sort_unstable();
    reader.faults.dedup();
    let Reader { heading, faults, movements, .. } = reader;
    match (heading, sum_cents) {
        (Some(heading), Some(sum_cents)) if faults.is_empty() => {
            let sha256 = hex::encode(Sha256::digest(bytes));
            Ok(PartnerStatement { heading, movements, sum_cents, sha256 })
        }
        (heading, _) => Err(Faulty { heading, faults }),
    }
}

/// Whose a file says it is, however little else of it can be read.
#[must_use]
pub fn partner_named(bytes: &[u8]) -> Option<PartnerId> {
    let header = bytes.split(|byte| *byte == b'\n').next();
    let header = header.and_then(|line| std::str::from_utf8(line).ok());
    let in_csv = header.and_then(|line| line.split(',').nth(3)?.parse().ok());
    in_csv.or_else(|| json::partner_named(bytes))
}

fn text(bytes: &[u8]) -> Result<&str, Fault> {
    let fault = |line, code| Fault { line, code };
    if bytes.len() > LARGEST {
        return Err(fault(0, Code::TooLarge));
    }
    if bytes.is_empty() {
        return Err(fault(0, Code::Empty));
    }
    std::str::from_utf8(bytes).map_err(|error| {
        let above = &bytes[..error.valid_up_to()];
        fault(above.iter().filter(|byte| **byte == b'\n').count() + 1, Code::NotText)
    })
}

/// One look at a file.
#[derive(Default)]
pub(super) struct Reader {
    heading: Option<Heading>,
    faults: Vec<Fault>,
    movements: Vec<Movement>,
    seen: HashSet<(MovementKind, String, i64, DateTime<Utc>)>,
    /// How many D lines there are, readable or not.
    pub(super) lines: usize,
}

impl Reader {
    pub(super) fn fault(&mut self, line: usize, code: Code) {
        match self.faults.len() {
            listed if listed < MOST_FAULTS => self.faults.push(Fault { line, code }),
            MOST_FAULTS => self.faults.push(Fault { line: 0, code: Code::TooManyFaults }),
            _ => {}
        }
    }

    /// The value, or a fault.
    pub(super) fn need<T>(&mut self, value: Option<T>, line: usize, code: Code) -> Option<T> {
        if value.is_none() {
            self.fault(line, code);
        }
        value
    }

    fn read(&mut self, text: &str) -> Option<i64> {
        let count = text.lines().count();
        if !text.ends_with('\n') {
            self.fault(count, Code::CutOff);
        }
        let (mut trailer, mut above) = (None, 0);
        for (number, line) in (1..).zip(text.split_inclusive('\n')) {
            let whole = line.strip_suffix('\n').unwrap_or(line);
            if whole.chars().any(char::is_control) {
                self.fault(number, Code::NotPlain);
            }
            if trailer.is_some() {
                self.fault(number, Code::AfterTrailer);
                break;
            }
            let fields: Vec<&str> = whole.split(',').take(MOST_FIELDS).collect();
            if number == 1 && fields[0] != "H" {
                self.fault(1, Code::HeaderMissing);
            }
            match fields[0] {
                "H" if number == 1 => self.header(&fields),
                "H" => self.fault(number, Code::HeaderRepeated),
                "D" => self.movement(number, &fields),
                "T" => trailer = Some((number, fields, &text[..above])),
                _ => self.fault(number, Code::UnknownRecord),
            }
            above += line.len();
        }
        let (number, fields, above) = self.need(trailer, count, Code::TrailerMissing)?;
        self.trailer(number, &fields, above)
    }

    pub(super) fn header(&mut self, fields: &[&str]) {
        let Ok([_, name, version, partner, date, sequence, currency, made_at]) =
            <[&str; 8]>::try_from(fields)
        else {
            return self.fault(1, Code::HeaderFields);
        };
        if name != NAME {
            self.fault(1, Code::HeaderName);
        }
        if version != VERSION {
            self.fault(1, Code::HeaderVersion);
        }
        let is_sequence = sequence.len() == 4 && sequence.bytes().all(|b| b.is_ascii_digit());
        let sequence = sequence.parse().ok().filter(|number| is_sequence && *number > 0);
        let partner = self.need(partner.parse().ok(), 1, Code::HeaderPartner);
        let date = self.need(fields::date(date), 1, Code::HeaderDate);
        let sequence = self.need(sequence, 1, Code::HeaderSequence);
        let currency = self.need(currency.parse().ok(), 1, Code::HeaderCurrency);
        let made_at = self.need(fields::instant(made_at), 1, Code::HeaderMadeAt);
        if let (Some(partner), Some(date), Some(sequence), Some(currency), Some(made_at)) =
            (partner, date, sequence, currency, made_at)
        {
            self.heading = Some(Heading { partner, date, sequence, currency, made_at });
        }
    }

    pub(super) fn movement(&mut self, line: usize, fields: &[&str]) {
        self.lines += 1;
        let Ok([_, number, kind, reference, partner_ref, at, date, cents, fee, currency, place]) =
            <[&str; 11]>::try_from(fields)
        else {
            return self.fault(line, Code::LineFields);
        };
        if fields::count(number) != Some(self.lines) {
            self.fault(line, Code::LineNumber);
        }
        if !is_partners_id(reference) {
            self.fault(line, Code::ReferenceOdd);
        }
        if !is_partners_id(partner_ref) {
            self.fault(line, Code::PartnerRefOdd);
        }
        let kind = self.need(MovementKind::read(kind), line, Code::KindUnknown);
        let at = self.need(fields::instant(at), line, Code::TimeUnreadable);
        let date = self.need(fields::date(date), line, Code::DateUnreadable);
        let in_bounds = |cents: &i64| amount(*cents).is_some();
        let cents = fields::cents(cents).filter(in_bounds);
        let cents = self.need(cents, line, Code::AmountUnreadable);
        let fee = self.need(fields::cents(fee).filter(in_bounds), line, Code::FeeUnreadable);
        let currency: Option<Currency> = currency.parse().ok();
        // Without a readable header the days and the currency have nothing to be compared with.
        let (of_day, of_currency) = match &self.heading {
            Some(heading) => (Some(heading.date), Some(heading.currency)),
            None => (None, currency),
        };
        if currency.is_none() || of_currency != currency {
            self.fault(line, Code::CurrencyDiffers);
        }
        if of_day.zip(date).is_some_and(|(day, date)| day != date) {
            self.fault(line, Code::DateOutside);
        }
        if of_day.zip(at).is_some_and(|(day, at)| !is_somewhere_on(day, at)) {
            self.fault(line, Code::TimeOutside);
        }
        let (Some(kind), Some(at), Some(date), Some(cents), Some(fee), Some(currency)) =
            (kind, at, date, cents, fee, currency)
        else {
            return;
        };
        if !kind.may_be(cents) {
            self.fault(line, Code::WrongSign);
        }
        if !self.seen.insert((kind, partner_ref.to_owned(), cents, at)) {
            self.fault(line, Code::Repeated);
        }
        self.movements.push(Movement {
            line,
            kind,
            reference: reference.to_owned(),
            partner_ref: partner_ref.to_owned(),
            at,
            business_date: date,
            cents,
            fee_cents: fee,
            currency,
            place: (!place.is_empty()).then(|| place.to_owned()),
        });
    }

    /// The sum, if the T line is right about everything above it.
    pub(super) fn trailer(&mut self, line: usize, fields: &[&str], above: &str) -> Option<i64> {
        let [_, lines, totals @ .., sum, digest] = fields else {
            self.fault(line, Code::TrailerFields);
            return None;
        };
        if fields::count(lines) != Some(self.lines) {
            self.fault(line, Code::LineCount);
        }
        match fields::digest(digest) {
            None => self.fault(line, Code::DigestUnreadable),
            Some(digest) if digest[..] != Sha256::digest(above.as_bytes())[..] => {
                self.fault(line, Code::DigestDiffers);
            }
            Some(_) => {}
        }
        self.totals(line, totals);
        let right = self.movements.iter().map(|movement| movement.cents).sum();
        let is_right = fields::cents(sum) == Some(right);
        if !is_right && self.movements.len() == self.lines {
            self.fault(line, Code::SumDiffers);
        }
        let moved = self.movements.iter().map(|m| m.cents.abs() + m.fee_cents.abs()).sum();
        if amount(moved).is_none() {
            self.fault(line, Code::SumTooLarge);
        }
        is_right.then_some(right)
    }

    fn totals(&mut self, line: usize, fields: &[&str]) {
        let mut right: BTreeMap<MovementKind, (usize, i64)> = BTreeMap::new();
        for movement in &self.movements {
            let (count, cents) = right.entry(movement.kind).or_default();
            (*count, *cents) = (*count + 1, *cents + movement.cents);
        }
        let mut told = BTreeMap::new();
        for field in fields {
            match total(field) {
                None => self.fault(line, Code::TotalUnreadable),
                Some((kind, total)) => {
                    if told.insert(kind, total).is_some() {
                        self.fault(line, Code::TotalRepeated);
                    }
                }
            }
        }
        if self.movements.len() != self.lines {
            return;
        }
        if right.keys().any(|kind| !told.contains_key(kind)) {
            self.fault(line, Code::TotalMissing);
        }
        for (kind, (count, cents)) in told {
            let (right_count, right_cents) = right.get(&kind).copied().unwrap_or_default();
            if count != right_count {
                self.fault(line, Code::TotalCount);
            }
            if cents != right_cents {
                self.fault(line, Code::TotalAmount);
            }
        }
    }
}

/// `ISSUE:1:2000`
fn total(field: &str) -> Option<(MovementKind, (usize, i64))> {
    let parts: Vec<&str> = field.split(':').collect();
    let [kind, count, cents] = parts.as_slice() else { return None };
    Some((MovementKind::read(kind)?, (fields::count(count)?, fields::cents(cents)?)))
}

/// Whether it is this day anywhere in the world.
fn is_somewhere_on(date: NaiveDate, at: DateTime<Utc>) -> bool {
    let reach = TimeDelta::hours(ZONES_REACH_HOURS);
    let begins = date.and_time(NaiveTime::MIN).and_utc();
    let ends = begins.checked_add_days(Days::new(1)).unwrap_or(begins);
    begins - reach <= at && at < ends + reach
}
