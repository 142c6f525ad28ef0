//! Which partners are there, how do they stand, and what does one of them promise?
//!
//! Read from the partners' files and this environment; where a database is configured, also how far
//! each has come there, and with its keys the credentials that rest in the vault.
//!
//! Rows: P1, P6, P7, P12.

use std::collections::BTreeMap;

use anyhow::{Context as _, bail};
use domain::ids::PartnerId;
use projections::paging::{MAX_LIMIT, Page};
use projections::partners::query::{self, PartnerFilter};
use secrecy::SecretString;
use serde_json::{Value, json};

use super::office::Office;
use crate::config;
use crate::database::{self, Role};
use crate::partners::{Catalogue, CatalogueEntry, settings};

/// Lists all of them.
///
/// # Errors
/// When a partner's file or setting is bad, or a configured database cannot be read.
pub async fn list_all(json: bool) -> anyhow::Result<()> {
    let office = Office::open_if_configured().await?;
    let known = Known::read(office.as_ref()).await;
    if let Some(office) = office {
        office.close().await;
    }
    let known = known?;
    let all: Vec<Value> = known.catalogue.iter().map(|entry| known.line(entry)).collect();
    if json {
        println!("{}", json!({ "partners": all, "total": all.len() }));
    } else {
        list(&all);
    }
    Ok(())
}

/// Shows one, with its checklist where the ledger and its keys are at hand.
///
/// # Errors
/// As [`list_all`]; when there is no such partner.
pub async fn show(id: &PartnerId, json: bool) -> anyhow::Result<()> {
    let office = Office::open_if_configured().await?;
    let whole = described(office.as_ref(), id).await;
    if let Some(office) = office {
        office.close().await;
    }
    let whole = whole?;
    if json {
        println!("{whole}");
    } else {
        println!("{}", serde_json::to_string_pretty(&whole)?);
    }
    Ok(())
}

async fn described(office: Option<&Office>, id: &PartnerId) -> anyhow::Result<Value> {
    let known = Known::read(office).await?;
    let Some(entry) = known.catalogue.get(id) else {
        bail!("there is no partner {id}: `anchor partner list` names them");
    };
    let mut whole = whole(entry, known.line(entry));
    if let Some(office) = office {
        whole["onboarding"] = office.checklist(id).await?;
    }
    Ok(whole)
}

/// What the files, the environment, the vault and the ledger say.
struct Known {
    catalogue: Catalogue,
    configured: Vec<PartnerId>,
    statuses: BTreeMap<String, String>,
}

impl Known {
    async fn read(office: Option<&Office>) -> anyhow::Result<Self> {
        let variable = |name: &str| std::env::var(name).ok();
        let catalogue = config::catalogue(&variable)?;
        let configured = match office {
            Some(office) => office.configured().cloned().collect(),
            None => in_the_environment(&catalogue)?,
        };
        let statuses = statuses(variable("DATABASE_URL")).await?;
        Ok(Self { catalogue, configured, statuses })
    }

    fn line(&self, entry: &CatalogueEntry) -> Value {
        let status = self.statuses.get(entry.id().as_str()).map_or("unknown", String::as_str);
        let details = entry.details();
        json!({
            "id": entry.id(),
            "name": details.name,
            "type": details.partner_type,
            "status": status,
            "configured": self.configured.contains(entry.id()),
            "capabilities": details.capabilities,
        })
    }
}

/// Whose credentials the environment has.
fn in_the_environment(catalogue: &Catalogue) -> anyhow::Result<Vec<PartnerId>> {
    let variable = |name: &str| std::env::var(name).ok();
    let (found, problems) = settings::read(catalogue, &config::public_url(&variable)?, &variable);
    if problems.is_empty() {
        return Ok(found.into_keys().collect());
    }
    Err(config::Problems(problems.iter().map(ToString::to_string).collect()).into())
}

fn list(all: &[Value]) {
    println!("{:<32} {:<10} {:<9} {:<11} can", "partner", "type", "status", "configured");
    for line in all {
        let word = |name: &str| line[name].as_str().unwrap_or_default().to_owned();
        let is_configured = if line["configured"] == true { "yes" } else { "no" };
        let can: Vec<&str> = line["capabilities"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect();
        println!(
            "{:<32} {:<10} {:<9} {is_configured:<11} {}",
            word("id"),
            word("type"),
            word("status"),
            can.join(" ")
        );
    }
    println!("{} partners", all.len());
}

/// Everything that its file says.
fn whole(entry: &CatalogueEntry, mut line: Value) -> Value {
    let details = entry.details();
    line["protocol"] = json!(details.protocol);
    line["products"] = json!(details.products);
    line["funding_model"] = json!(details.funding_model);
    line["time_zone"] = json!(details.time_zone);
    line["account_number"] = json!(entry.account_number());
    line["variables"] = json!(format!("{}_…", entry.prefix()));
    if let Some(contract) = entry.contract() {
        line["contract"] = json!({
            "idempotency_window_hours": contract.idempotency_window_hours,
            "can_look_up_by_reference": contract.can_look_up_by_reference,
            "give_up_after_hours": contract.give_up_after_hours,
            "calls_per_minute": contract.calls_per_minute,
            "calls_at_once": contract.calls_at_once,
            "breaker_opens_after": contract.breaker_opens_after,
        });
    }
    line
}

/// How each partner stands in the ledger; nothing, where no database is configured.
async fn statuses(url: Option<String>) -> anyhow::Result<BTreeMap<String, String>> {
    let Some(url) = url.filter(|url| !url.is_empty()) else { return Ok(BTreeMap::new()) };
    let pool = database::connect(&SecretString::from(url), Role::Read, 1).await?;
    let page = Page::new(Some(MAX_LIMIT), None).context("a page of the largest size")?;
    let (rows, _) = query::list(&pool, &PartnerFilter::default(), &page).await?;
    pool.close().await;
    Ok(rows.into_iter().map(|row| (row.partner_id, row.status)).collect())
}
