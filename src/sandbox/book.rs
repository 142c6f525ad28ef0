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
    pub voided: Option<Voided>,
    #[serde(default)]
    pub redemptions: Vec<Redemption>,
}

/// What a void took off a voucher.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Voided {
    pub amount: Amount,
    pub at: DateTime<Utc>,
}

/// Something that happened at a till.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Redemption {
    pub redemption_id: String,
    pub amount: Amount,
    pub at: DateTime<Utc>,
    #[serde(default)]
    pub reversed_at: Option<DateTime<Utc>>,
}

/// How far a credit has come, in the protocols' words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum CreditState {
    Accepted,
    PostedToAccount,
    AwaitingTap,
    Dormant,
    OnBill,
    Loaded,
    Returned,
    Reversed,
}

/// A credit as the partner keeps it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Credit {
    pub partner: String,
    pub credit_id: String,
    pub idempotency_key: String,
    pub request_digest: String,
    pub reference: String,
    pub product: String,
    pub account_number: String,
    pub amount: Amount,
    pub currency: Currency,
    pub state: CreditState,
    pub accepted_at: DateTime<Utc>,
    /// When it came to its present state.
    pub moved_at: DateTime<Utc>,
}

/// A customer's account or card.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Account {
    pub partner: String,
    pub number: String,
    pub security_code: String,
    #[serde(default)]
    pub is_closed: bool,
}

/// Somebody who would like to hear from a support service.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Referral {
    pub partner: String,
    pub referral_id: String,
    pub idempotency_key: String,
    pub request_digest: String,
    pub email: String,
    pub name: Option<String>,
}

/// What a customer agreed to, and the one refresh token that is good.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Agreement {
    pub id: String,
    pub partner: String,
    pub number: String,
    pub refresh: String,
    #[serde(default)]
    pub has_ended: bool,
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
    Credit(Box<Credit>),
    Account(Account),
    Referral(Referral),
    Agreement(Agreement),
    Notice(Notice),
    Delivered { id: String },
    Clock { ahead_seconds: i64 },
}

/// What came of an order.
#[derive(Debug, Clone)]
pub(super) enum Issued {
    Voucher(Box<Voucher>),
    Credit(Box<Credit>),
}

type Key = (String, String);

/// The book, open.
pub(super) struct Book {
    file: File,
    pub vouchers: BTreeMap<Key, Voucher>,
    pub credits: BTreeMap<Key, Credit>,
    pub accounts: BTreeMap<Key, Account>,
    /// By partner and key.
    pub referrals: BTreeMap<Key, Referral>,
    /// By id.
    pub agreements: BTreeMap<String, Agreement>,
    /// By the order in which they were written.
    pub undelivered: BTreeMap<u64, Notice>,
    pub notices_written: u64,
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
            credits: BTreeMap::new(),
            accounts: BTreeMap::new(),
            referrals: BTreeMap::new(),
            agreements: BTreeMap::new(),
            undelivered: BTreeMap::new(),
            notices_written: 0,
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
            Line::Credit(credit) => {
                let key = (credit.partner.clone(), credit.credit_id.clone());
                self.credits.insert(key, *credit);
            }
            Line::Agreement(agreement) => {
                self.agreements.insert(agreement.id.clone(), agreement);
            }
            Line::Account(account) => {
                let key = (account.partner.clone(), account.number.clone());
                self.accounts.insert(key, account);
            }
            Line::Referral(referral) => {
                let key = (referral.partner.clone(), referral.idempotency_key.clone());
                self.referrals.insert(key, referral);
            }
            Line::Notice(notice) => {
                self.notices_written += 1;
                self.undelivered.insert(self.notices_written, notice);
            }
            Line::Delivered { id } => self.undelivered.retain(|_, notice| notice.id != id),
            Line::Clock { ahead_seconds } => self.ahead_seconds = ahead_seconds,
        }
    }

    /// How many values this partner has issued.
    pub fn issued_by(&self, partner: &str) -> usize {
        let mut keys = self.vouchers.keys().chain(self.credits.keys());
        keys.by_ref().filter(|(issuer, _)| issuer == partner).count()
    }

    /// What was issued under this key.
    pub fn by_key(&self, partner: &str, key: &str) -> Option<Issued> {
        self.find(partner, |its_key, _| its_key == key)
    }

    /// What was issued under our reference.
    pub fn by_reference(&self, partner: &str, reference: &str) -> Option<Issued> {
        self.find(partner, |_, its_reference| its_reference == reference)
    }

    fn find(&self, partner: &str, is_it: impl Fn(&str, &str) -> bool) -> Option<Issued> {
        let voucher = self
            .vouchers
            .values()
            .find(|v| v.partner == partner && is_it(&v.idempotency_key, &v.reference));
        let credit = self
            .credits
            .values()
            .find(|c| c.partner == partner && is_it(&c.idempotency_key, &c.reference));
        voucher
            .map(|voucher| Issued::Voucher(Box::new(voucher.clone())))
            .or_else(|| credit.map(|credit| Issued::Credit(Box::new(credit.clone()))))
    }

    /// A voucher by its own id.
    pub fn voucher(&self, partner: &str, id: &str) -> Option<&Voucher> {
        self.vouchers.get(&(partner.to_owned(), id.to_owned()))
    }

    /// A credit by its own id.
    pub fn credit(&self, partner: &str, id: &str) -> Option<&Credit> {
        self.credits.get(&(partner.to_owned(), id.to_owned()))
    }

    /// An account by its number.
    pub fn account(&self, partner: &str, number: &str) -> Option<&Account> {
        self.accounts.get(&(partner.to_owned(), number.to_owned()))
    }

    /// A referral by its key.
    pub fn referral(&self, partner: &str, key: &str) -> Option<&Referral> {
        self.referrals.get(&(partner.to_owned(), key.to_owned()))
    }

    /// The credits on an account, newest first.
    pub fn credits_on(&self, partner: &str, number: &str) -> Vec<&Credit> {
        let all = self.credits.values();
        let on = all.filter(|c| c.partner == partner && c.account_number == number);
        let mut credits: Vec<&Credit> = on.collect();
        credits.sort_by_key(|credit| std::cmp::Reverse(credit.accepted_at));
        credits
    }
}

impl Voucher {
    /// Its state in the protocol's words.
    pub fn state(&self) -> &'static str {
        if self.voided.is_some() {
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

impl Issued {
    /// The digest of the order it came from.
    pub fn request_digest(&self) -> &str {
        match self {
            Self::Voucher(voucher) => &voucher.request_digest,
            Self::Credit(credit) => &credit.request_digest,
        }
    }
}

impl CreditState {
    /// Whether it stands on the account or card for good.
    pub fn has_arrived(self) -> bool {
        matches!(self, Self::OnBill | Self::Loaded)
    }

    /// Whether it went back.
    pub fn went_back(self) -> bool {
        matches!(self, Self::Returned | Self::Reversed)
    }
}
