//! What do the lines of our bank say? A table with a header, as spreadsheets and banks write it.
//!
//! ```text
//! booked_on,partner,direction,amount,currency,bank_reference
//! 2026-11-20,aldi,paid,500.00,AUD,NAB-20261120-0001
//! ```
//!
//! Columns are found by name, in any order; others are not looked at. Fields may stand in double
//! quotes; a line ends in a line feed, also the last one, so that a file that was cut is seen.
//! All that is wrong is named at once.
//!
//! Rows: A2.

use std::collections::HashSet;

use chrono::NaiveDate;
use domain::ids::PartnerId;
use domain::money::{Amount, Currency};
use domain::settlement::{Direction, is_bank_reference};

use super::fault::{Fault, FaultCode as Code};
use super::fields;
use super::read::{LARGEST, MOST_FAULTS};

const COLUMNS: [&str; 6] =
    ["booked_on", "partner", "direction", "amount", "currency", "bank_reference"];
/// Each line is an append of its own: more are brought in parts.
const MOST_LINES: usize = 10_000;

/// A line of the bank's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BankLine {
    /// Where it stands in the file, from 1; the header is the first.
    pub line: usize,
    /// On which day the bank booked it.
    pub booked_on: NaiveDate,
    /// With whom.
    pub partner: PartnerId,
    /// Which way.
    pub direction: Direction,
    /// How much; above zero.
    pub amount: Amount,
    /// Of what.
    pub currency: Currency,
    /// The bank's own id of it.
    pub bank_reference: String,
}

/// What could be read of a file, and what is wrong with the rest of it.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct BankFile {
    /// Lines that are whole.
    pub lines: Vec<BankLine>,
    /// Every fault, by line. With one of them nothing of the file counts.
    pub faults: Vec<Fault>,
}

/// Reads a bank's lines, and all that is wrong with them.
#[must_use]
pub fn parse_bank(bytes: &[u8]) -> BankFile {
    let mut file = BankFile::default();
    if let Err(faults) = file.read(bytes) {
        file.faults.extend(faults);
    }
    file
}

impl BankFile {
    /// What is wrong with the file as a whole is answered; what is with a line is noted.
    fn read(&mut self, bytes: &[u8]) -> Result<(), Vec<Fault>> {
        let text = text(bytes).map_err(|fault| vec![fault])?;
        let mut rows = (1..).zip(text.lines());
        let header = rows.next().map_or("", |(_, header)| header);
        let of_header = |codes: Vec<Code>| {
            codes.into_iter().map(|code| Fault { line: 1, code }).collect::<Vec<_>>()
        };
        let columns = columns(header).map_err(of_header)?;
        let mut references = HashSet::new();
        for (line, row) in rows.filter(|(_, row)| !row.trim().is_empty()) {
            let fault = |code| Fault { line, code };
            if self.lines.len() == MOST_LINES {
                return Err(vec![fault(Code::TooManyLines)]);
            }
            if self.faults.len() >= MOST_FAULTS {
                return Err(vec![Fault { line: 0, code: Code::TooManyFaults }]);
            }
            match read_line(line, row, &columns) {
                Ok(read) => {
                    if !references.insert(read.bank_reference.clone()) {
                        self.faults.push(fault(Code::BankReferenceRepeated));
                    }
                    self.lines.push(read);
                }
                Err(codes) => self.faults.extend(codes.into_iter().map(fault)),
            }
        }
        Ok(())
    }
}

fn text(bytes: &[u8]) -> Result<&str, Fault> {
    let fault = |code| Fault { line: 0, code };
    if bytes.len() > LARGEST {
        return Err(fault(Code::TooLarge));
    }
    let text = std::str::from_utf8(bytes).map_err(|_| fault(Code::NotText))?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if text.trim().is_empty() {
        return Err(fault(Code::Empty));
    }
    if !text.ends_with('\n') {
        let line = text.lines().count();
        return Err(Fault { line, code: Code::CutOff });
    }
    Ok(text)
}

/// A header with more columns than this is not one of a bank's file.
const MOST_COLUMNS: usize = 100;

/// How many fields a line has, and where each column stands.
struct Columns {
    count: usize,
    places: [usize; COLUMNS.len()],
}

fn columns(header: &str) -> Result<Columns, Vec<Code>> {
    let names = split(header).ok_or_else(|| vec![Code::QuoteOpen])?;
    let names: Vec<String> = names.iter().map(|name| name.trim().to_lowercase()).collect();
    let mut codes = Vec::new();
    if names.len() > MOST_COLUMNS {
        codes.push(Code::FieldCount);
    }
    let places = COLUMNS.map(|wanted| {
        let mut found = names.iter().enumerate().filter(|(_, name)| *name == wanted);
        let place = found.next().map(|(place, _)| place);
        if place.is_none() && !codes.contains(&Code::ColumnMissing) {
            codes.push(Code::ColumnMissing);
        }
        if found.next().is_some() && !codes.contains(&Code::ColumnRepeated) {
            codes.push(Code::ColumnRepeated);
        }
        place.unwrap_or_default()
    });
    if codes.is_empty() { Ok(Columns { count: names.len(), places }) } else { Err(codes) }
}

fn read_line(line: usize, row: &str, columns: &Columns) -> Result<BankLine, Vec<Code>> {
    let row = split(row).ok_or_else(|| vec![Code::QuoteOpen])?;
    if row.len() != columns.count {
        return Err(vec![Code::FieldCount]);
    }
    let mut codes = Vec::new();
    let [booked_on, partner, direction, amount, currency, reference] =
        columns.places.map(|place| row[place].trim());
    let booked_on = fields::date(booked_on);
    let partner = partner.parse::<PartnerId>().ok();
    let direction = Direction::ALL.into_iter().find(|known| known.as_str() == direction);
    let amount = amount.parse::<Amount>().ok().filter(|amount| !amount.is_zero());
    let currency = currency.parse::<Currency>().ok();
    let reference = is_bank_reference(reference).then_some(reference);
    for (is_there, code) in [
        (booked_on.is_some(), Code::DateUnreadable),
        (partner.is_some(), Code::PartnerUnknown),
        (direction.is_some(), Code::DirectionUnknown),
        (amount.is_some(), Code::AmountOdd),
        (currency.is_some(), Code::CurrencyUnknown),
        (reference.is_some(), Code::BankReferenceOdd),
    ] {
        if !is_there {
            codes.push(code);
        }
    }
    let (Some(booked_on), Some(partner), Some(direction), Some(amount)) =
        (booked_on, partner, direction, amount)
    else {
        return Err(codes);
    };
    let (Some(currency), Some(reference)) = (currency, reference) else { return Err(codes) };
    let bank_reference = reference.to_owned();
    Ok(BankLine { line, booked_on, partner, direction, amount, currency, bank_reference })
}

/// The fields of a line; none when a quote does not end. Inside quotes, two are one.
fn split(row: &str) -> Option<Vec<String>> {
    let mut fields = vec![String::new()];
    let mut is_quoted = false;
    let mut letters = row.chars().peekable();
    while let Some(letter) = letters.next() {
        let count = fields.len();
        let field = fields.last_mut()?;
        match letter {
            '"' if is_quoted && letters.peek() == Some(&'"') => {
                letters.next();
                field.push('"');
            }
            '"' if is_quoted => is_quoted = false,
            '"' if field.is_empty() => is_quoted = true,
            // Nobody's line has so many: what is beyond is not looked at, and the count is wrong.
            ',' if !is_quoted && count > MOST_COLUMNS => return Some(fields),
            ',' if !is_quoted => fields.push(String::new()),
            other => field.push(other),
        }
    }
    (!is_quoted).then_some(fields)
}
