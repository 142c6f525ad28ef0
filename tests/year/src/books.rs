//! What do the partners' books say, and how does that look as files? One a day for each partner,
//! also where nothing happened.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use chrono::{DateTime, Days, NaiveDate, SecondsFormat, Utc};
use chrono_tz::Tz;
use domain::ids::PartnerId;
use domain::partner_statement::MovementKind;
use sha2::{Digest, Sha256};

use crate::{Shop, days_of, instant};

/// So many days after the year have files as well: what is missing is overdue by then.
const AFTERWARDS: u64 = 12;

/// A line that a partner wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Who.
    pub partner: PartnerId,
    /// Of which type.
    pub kind: MovementKind,
    /// What we call the order.
    pub reference: String,
    /// What the partner calls the value.
    pub partner_ref: String,
    /// When.
    pub at: DateTime<Utc>,
    /// In which of its days.
    pub day: NaiveDate,
    /// Value that was added, or with a minus taken off.
    pub cents: i64,
    /// Its id of a use.
    pub place: Option<String>,
}

/// The file of one day.
#[derive(Debug, Clone)]
pub struct Paper {
    /// Whose.
    pub partner: PartnerId,
    /// Of which day.
    pub day: NaiveDate,
    /// In which currency.
    pub currency: &'static str,
    /// When it was made.
    pub made_at: DateTime<Utc>,
    /// What it lists.
    pub lines: Vec<Line>,
}

/// All files of all partners.
#[derive(Debug, Clone)]
pub struct Books {
    /// By day, then by partner.
    pub papers: BTreeMap<(NaiveDate, PartnerId), Paper>,
}

impl Books {
    /// Sorts lines into days.
    #[must_use]
    pub fn of(lines: Vec<Line>, year: i32, shops: &[Shop]) -> Self {
        let (first, last) = days_of(year);
        let days = first.iter_days().take_while(|day| *day <= last + Days::new(AFTERWARDS));
        let blank = |day: NaiveDate, (partner, zone): (&PartnerId, Tz)| Paper {
            partner: partner.clone(),
            day,
            currency: "AUD",
            made_at: instant(day + Days::new(1), 0, zone),
            lines: Vec::new(),
        };
        let mut papers = BTreeMap::new();
        for day in days {
            for shop in shops {
                papers.insert((day, shop.id.clone()), blank(day, (&shop.id, shop.time_zone)));
            }
        }
        let mut books = Self { papers };
        for line in lines {
            books.day(line.day, &line.partner.clone()).lines.push(line);
        }
        for paper in books.papers.values_mut() {
            paper.lines.sort_by_key(|line| line.at);
        }
        books
    }

    /// A partner's day.
    ///
    /// # Panics
    /// When nothing is written of that day.
    pub fn day(&mut self, day: NaiveDate, partner: &PartnerId) -> &mut Paper {
        self.papers.get_mut(&(day, partner.clone())).expect("a day of that year")
    }
}

impl Paper {
    /// The file.
    #[must_use]
    pub fn text(&self) -> String {
        let stamp = |at: DateTime<Utc>| at.to_rfc3339_opts(SecondsFormat::Secs, true);
        let Self { partner, day, currency, made_at, lines } = self;
        let mut text =
            format!("H,ANCHOR-RECON,1,{partner},{day},0001,{currency},{}\n", stamp(*made_at));
        for (number, line) in (1..).zip(lines) {
            let Line { kind, reference, partner_ref, at, cents, place, .. } = line;
            let (kind, place) = (kind.as_str(), place.as_deref().unwrap_or_default());
            writeln!(
                text,
                "D,{number},{kind},{reference},{partner_ref},{},{day},{cents},0,{currency},{place}",
                stamp(*at)
            )
            .expect("a string takes everything");
        }
        let kinds: BTreeSet<MovementKind> = lines.iter().map(|line| line.kind).collect();
        let totals: String = kinds
            .into_iter()
            .map(|kind| {
                let of_kind = lines.iter().filter(|line| line.kind == kind);
                let cents: i64 = of_kind.clone().map(|line| line.cents).sum();
                format!("{}:{}:{cents},", kind.as_str(), of_kind.count())
            })
            .collect();
        let sum: i64 = lines.iter().map(|line| line.cents).sum();
        let digest = hex::encode(Sha256::digest(text.as_bytes()));
        text + &format!("T,{},{totals}{sum},SHA256:{digest}\n", lines.len())
    }
}
