//! What was really issued and spent? A book of lines on disk, each durable before it is answered.
//!
//! Read again at every start, so that stopping and starting goes on where it was.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::path::Path;

use chrono::{DateTime, NaiveDate, Utc};
use domain::money::{Amount, Currency};
use serde::{Deserialize, Serialize};

/// A voucher as the partner keeps it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Voucher {
    pub partner: String,
    pub voucher_id: String,
    pub idempotency_key: String,
    pub request_digest: String,
    pub reference: String,
    pub product: String,
    pub code: String,
    pub pin: String,
    pub barcode: String,
    pub amount: Amount,
    pub currency: Currency,
    pub remaining: Amount,
    pub expires_on: NaiveDate,
    pub issued_at: DateTime<Utc>,
    #[serde(default)]
    pub is_voided: bool,
    #[serde(default)]
    pub redemptions: Vec<Redemption>,
}

/// Something that happened at a till.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Redemption {
    pub redemption_id: String,
    pub amount: Amount,
    pub at: DateTime<Utc>,
    pub is_reversed: bool,
}

/// A webhook on its way.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Notice {
    pub id: String,
    pub partner: String,
    pub body: String,
}

/// A line of the book.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "line", rename_all = "snake_case")]
pub(super) enum Line {
    Voucher(Box<Voucher>),
    Notice(Notice),
    Delivered { id: String },
    Clock { ahead_seconds: i64 },
}

/// The book, open.
pub(super) struct Book {
    file: File,
    pub vouchers: BTreeMap<(String, String), Voucher>,
    pub undelivered: BTreeMap<String, Notice>,
    pub ahead_seconds: i64,
}

impl Book {
    /// Opens the book in a folder and reads what it holds.
    pub fn open(folder: &Path) -> std::io::Result<Self> {
        std::fs::create_dir_all(folder)?;
        let path = folder.join("book.jsonl");
        let mut file = OpenOptions::new().create(true).append(true).read(true).open(&path)?;
        let mut text = String::new();
        file.read_to_string(&mut text)?;
        // A line that was cut off by a crash was never answered: the book goes on before it.
        let whole = text.rfind('\n').map_or(0, |end| end + 1);
        file.set_len(whole as u64)?;
        let mut book = Self {
            file,
            vouchers: BTreeMap::new(),
            undelivered: BTreeMap::new(),
            ahead_seconds: 0,
        };
        for (number, line) in (1..).zip(text[..whole].lines()) {
            book.apply(serde_json::from_str(line).map_err(|error| {
                let place = format!("{}, line {number}: {error}", path.display());
                std::io::Error::new(ErrorKind::InvalidData, place)
            })?);
        }
        Ok(book)
    }

    /// Writes lines, durably, then counts them.
    pub fn write(&mut self, lines: Vec<Line>) -> std::io::Result<()> {
        let mut text = String::new();
        for line in &lines {
            text += &serde_json::to_string(line)?;
            text.push('\n');
        }
        self.file.write_all(text.as_bytes())?;
        self.file.sync_data()?;
        lines.into_iter().for_each(|line| self.apply(line));
        Ok(())
    }

    fn apply(&mut self, line: Line) {
        match line {
            Line::Voucher(voucher) => {
                let key = (voucher.partner.clone(), voucher.voucher_id.clone());
                self.vouchers.insert(key, *voucher);
            }
            Line::Notice(notice) => {
                self.undelivered.insert(notice.id.clone(), notice);
            }
            Line::Delivered { id } => {
                self.undelivered.remove(&id);
            }
            Line::Clock { ahead_seconds } => self.ahead_seconds = ahead_seconds,
        }
    }

    /// How many vouchers this partner has issued.
    pub fn issued_by(&self, partner: &str) -> usize {
        self.vouchers.keys().filter(|(issuer, _)| issuer == partner).count()
    }

    /// The voucher that was issued under this key.
    pub fn by_key(&self, partner: &str, key: &str) -> Option<&Voucher> {
        let mut all = self.vouchers.values();
        all.find(|voucher| voucher.partner == partner && voucher.idempotency_key == key)
    }

    /// The voucher that was issued under our reference.
    pub fn by_reference(&self, partner: &str, reference: &str) -> Option<&Voucher> {
        let mut all = self.vouchers.values();
        all.find(|voucher| voucher.partner == partner && voucher.reference == reference)
    }

    /// A voucher by its own id.
    pub fn voucher(&self, partner: &str, id: &str) -> Option<&Voucher> {
        self.vouchers.get(&(partner.to_owned(), id.to_owned()))
    }
}

impl Voucher {
    /// Its state in the protocol's words.
    pub fn state(&self) -> &'static str {
        if self.is_voided {
            "voided"
        } else if self.remaining.is_zero() {
            "redeemed"
        } else if self.remaining < self.amount {
            "partly_redeemed"
        } else {
            "active"
        }
    }
}
