//! Do our ledger and the partners' own book agree, to the cent?
//!
//! Three witnesses: what finance sees (`GET /api/reconciliation/summary`), what each member sees
//! (`GET /api/rewards`), and what the partners wrote down themselves (the sandbox's book). Any
//! difference is named.
//!
//! Rows: A1, R2.

use std::collections::BTreeMap;

use anyhow::Context as _;
use domain::money::Amount;
use serde_json::{Value, json};

use super::cast::CAST;
use super::client::{Caller, Client, Till};
use crate::access::Role;

/// Issued, redeemed and outstanding at one partner.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Figures {
    issued: Amount,
    redeemed: Amount,
    outstanding: Amount,
}

impl Default for Figures {
    fn default() -> Self {
        Self { issued: Amount::ZERO, redeemed: Amount::ZERO, outstanding: Amount::ZERO }
    }
}

/// What the comparison found.
pub struct Verdict {
    /// One line for people.
    pub summary: String,
    /// Every difference, named; none when the books agree.
    pub differences: Vec<String>,
    /// Figures by partner, ours.
    pub ours: BTreeMap<String, Figures>,
    vouchers: usize,
    credits: usize,
}

/// What a partner gave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Given {
    Voucher,
    Credit,
}

impl Verdict {
    /// The same for a program, with the address of the server that was asked.
    #[must_use]
    pub fn for_machines(&self, base: &str) -> Value {
        let partners = self.ours.iter().map(|(partner, figures)| {
            json!({
                "partner_id": partner,
                "issued": figures.issued.to_string(),
                "redeemed": figures.redeemed.to_string(),
                "outstanding": figures.outstanding.to_string(),
            })
        });
        json!({
            "api": base,
            "agree": self.differences.is_empty(),
            "differences": self.differences,
            "partners": partners.collect::<Vec<_>>(),
            "vouchers": self.vouchers,
            "credits": self.credits,
        })
    }
}

/// Compares the three witnesses.
///
/// # Errors
/// When one of them cannot be asked, or does not answer in figures.
pub async fn compare(client: &Client, till: &Till) -> anyhow::Result<Verdict> {
    let ours = ours(client).await?;
    let (theirs, given) = theirs(till).await?;
    let mut differences = Vec::new();
    for partner in ours.keys().chain(theirs.keys()).collect::<std::collections::BTreeSet<_>>() {
        let (we, they) = (ours.get(partner).copied(), theirs.get(partner).copied());
        let (we, they) = (we.unwrap_or_default(), they.unwrap_or_default());
        if we != they {
            differences.push(format!("{partner}: we say {}, they say {}", line(we), line(they)));
        }
    }
    let held = held_by_members(client).await?;
    for value in given.keys().filter(|value| !held.contains(value)) {
        differences.push(format!("{value} is in a partner's book and with no member"));
    }
    for value in held.iter().filter(|value| !given.contains_key(*value)) {
        differences.push(format!("{value} is with a member and in no partner's book"));
    }
    let total = |pick: fn(&Figures) -> Amount| {
        ours.values().map(pick).try_fold(Amount::ZERO, Amount::plus)
    };
    let count = |kind: Given| given.values().filter(|given| **given == kind).count();
    let (vouchers, credits) = (count(Given::Voucher), count(Given::Credit));
    let summary = format!(
        "issued {}, redeemed {}, outstanding {} AUD; {vouchers} vouchers, {credits} credits, {}",
        total(|f| f.issued)?,
        total(|f| f.redeemed)?,
        total(|f| f.outstanding)?,
        if differences.is_empty() { "the books agree" } else { "THE BOOKS DISAGREE" },
    );
    Ok(Verdict { summary, differences, ours, vouchers, credits })
}

/// Figures as one says them.
#[must_use]
pub fn line(figures: Figures) -> String {
    let Figures { issued, redeemed, outstanding } = figures;
    format!("issued {issued}, redeemed {redeemed}, outstanding {outstanding}")
}

async fn ours(client: &Client) -> anyhow::Result<BTreeMap<String, Figures>> {
    let finance = Caller::staff(Role::Finance);
    let answer = client.get(finance, "/api/reconciliation/summary").await?;
    let rows = answer["partners"].as_array().context("partners is a list")?;
    let mut figures = BTreeMap::new();
    for row in rows {
        let Some(partner) = row["partner_id"].as_str() else { continue };
        let found = Figures {
            issued: amount(&row["issued"])?,
            redeemed: amount(&row["redeemed"])?,
            outstanding: amount(&row["outstanding"])?,
        };
        if found != Figures::default() {
            figures.insert(partner.to_owned(), found);
        }
    }
    Ok(figures)
}

/// Figures by partner, and every voucher and credit that is out, from the partners' own book.
async fn theirs(
    till: &Till,
) -> anyhow::Result<(BTreeMap<String, Figures>, BTreeMap<String, Given>)> {
    let answer = till.look("book").await?;
    let rows = answer["vouchers"].as_array().context("vouchers is a list")?;
    let mut figures: BTreeMap<String, Figures> = BTreeMap::new();
    let mut given = BTreeMap::new();
    for row in rows {
        let partner = row["partner"].as_str().context("a voucher has a partner")?;
        let voucher = row["partner_ref"].as_str().context("a voucher has an id")?;
        let (value, remaining) = (amount(&row["amount"])?, amount(&row["remaining"])?);
        let entry = figures.entry(partner.to_owned()).or_default();
        entry.issued = entry.issued.plus(value)?;
        entry.redeemed = entry.redeemed.plus(value.minus(remaining)?)?;
        entry.outstanding = entry.outstanding.plus(remaining)?;
        given.insert(voucher.to_owned(), Given::Voucher);
    }
    for row in answer["credits"].as_array().context("credits is a list")? {
        let partner = row["partner"].as_str().context("a credit has a partner")?;
        let credit = row["partner_ref"].as_str().context("a credit has an id")?;
        let value = amount(&row["amount"])?;
        let entry = figures.entry(partner.to_owned()).or_default();
        entry.issued = entry.issued.plus(value)?;
        match row["state"].as_str().unwrap_or_default() {
            "on_bill" | "loaded" => entry.redeemed = entry.redeemed.plus(value)?,
            "returned" | "reversed" => continue,
            _ => entry.outstanding = entry.outstanding.plus(value)?,
        }
        given.insert(credit.to_owned(), Given::Credit);
    }
    Ok((figures, given))
}

async fn held_by_members(client: &Client) -> anyhow::Result<Vec<String>> {
    let mut held = Vec::new();
    for person in CAST {
        let answer = client.get(Caller::member(person.id), "/api/rewards").await?;
        let rewards = answer["rewards"].as_array().context("rewards is a list")?;
        held.extend(
            rewards
                .iter()
                .map(|reward| &reward["distribution_details"])
                .filter_map(|given| given["voucherId"].as_str().or(given["creditId"].as_str()))
                .map(str::to_owned),
        );
    }
    Ok(held)
}

fn amount(value: &Value) -> anyhow::Result<Amount> {
    value.as_str().context("an amount is a decimal string")?.parse().context("an amount")
}
