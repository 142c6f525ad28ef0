//! Is every partner there that should be, and may it issue? Its settings, its address, its
//! credentials and its status, in the order in which they are wrong in practice.
//!
//! Every configured partner is asked for a token, all at once and for a few seconds at most: the
//! one question that shows network, certificate, address and credentials together.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use domain::ids::PartnerId;
use projections::partners::query::{self, PartnerRow};
use sqlx::PgPool;
use url::Url;

use super::Finding;
use crate::config;
use crate::database::{self, Role};
use crate::partners::kept::{self, AllKept, Kept, KeptUnsound};
use crate::partners::settings::{self, PartnerSettings};
use crate::partners::{Catalogue, CatalogueEntry, client, oauth};
use crate::vault::Vault;

const PATIENCE: Duration = Duration::from_secs(12);

pub(super) async fn look(pool: &PgPool) -> Result<Vec<Finding>, sqlx::Error> {
    let variable = |name: &str| std::env::var(name).ok();
    let mut findings = Vec::new();
    let catalogue = match config::catalogue(&variable) {
        Ok(catalogue) => catalogue,
        Err(config::Problems(problems)) => {
            let to_do = "mend the line that is named; `anchor partner list` reads the files again";
            let bad = |problem| Finding::new("partner_file_bad", problem, to_do);
            return Ok(problems.into_iter().map(bad).collect());
        }
    };
    let public_url = match config::public_url(&variable) {
        Ok(public_url) => public_url,
        Err(config::Problems(problems)) => {
            let to_do = "set it to the address under which others reach this server";
            let bad = |problem| Finding::new("public_url_bad", problem, to_do);
            return Ok(problems.into_iter().map(bad).collect());
        }
    };
    let (mut configured, problems) = settings::read(&catalogue, &public_url, &variable);
    findings.extend(problems.iter().map(|problem| {
        let to_do = "set it, or unset the partner's other variables; see `.env.example`";
        Finding::new("partner_settings_bad", problem.to_string(), to_do)
    }));
    match kept_in_vault(&catalogue, &public_url).await {
        Ok(AllKept { settings, unsound }) => {
            for (id, settings) in settings {
                configured.entry(id).or_insert(settings);
            }
            findings.extend(unsound.iter().map(kept_unsound));
        }
        Err(error) => findings.push(Finding::new(
            "kept_credentials_not_read",
            format!("the credentials in the vault cannot be used: {error:#}"),
            "give ENCRYPTION_KEY here, or the credentials anew: `anchor partner credentials`",
        )),
    }
    findings.extend(not_reached(&configured).await);
    for id in configured.keys() {
        let row = query::get(pool, id).await?;
        findings.extend(not_active(id, row.as_ref(), &catalogue));
    }
    Ok(findings)
}

/// Those that were given on the command line.
async fn kept_in_vault(catalogue: &Catalogue, public_url: &Url) -> anyhow::Result<AllKept> {
    let variable = |name: &str| std::env::var(name).ok();
    let url = config::database_url(&variable)?;
    let keys = database::connect(&url, Role::Keys, 1).await?;
    if !kept::are_there(&keys).await? {
        return Ok(AllKept::default());
    }
    let vault = Vault::open(keys, config::keyring(&variable)?).await?;
    let (catalogue, public_url) = (catalogue.clone(), public_url.clone());
    Ok(Kept { vault, catalogue, public_url }.all().await?)
}

fn kept_unsound(KeptUnsound { partner, why }: &KeptUnsound) -> Finding {
    Finding::new(
        "kept_credentials_unsound",
        format!("the credentials kept for {partner} cannot be used: {why}"),
        format!(
            "give them anew: `anchor partner credentials {partner}`; no server starts meanwhile"
        ),
    )
}

async fn not_reached(configured: &BTreeMap<PartnerId, PartnerSettings>) -> Vec<Finding> {
    crate::install_tls();
    let Ok(http) = client() else { return Vec::new() };
    let deadline = Instant::now() + PATIENCE;
    let asked = configured.iter().map(|(id, settings)| {
        let http = http.clone();
        async move { (id, settings, oauth::try_credentials(settings, http, deadline).await) }
    });
    let answers = futures::future::join_all(asked).await;
    let wrong = answers.into_iter().filter_map(|(id, settings, answer)| {
        let why = answer.err()?;
        let host = settings.api_url.host_str().unwrap_or_default();
        Some(match why {
            "token_refused" => Finding::new(
                "partner_credentials_refused",
                format!("{id} does not take our credentials"),
                "compare its CLIENT_ID and CLIENT_SECRET with what the partner gave you",
            ),
            "connect_failed" => Finding::new(
                "partner_not_reached",
                format!("nobody answers for {id} at {host}"),
                "check its API_URL, then name resolution, firewall and certificate from here",
            ),
            other => Finding::new(
                "partner_gives_no_token",
                format!("{id} at {host} gives no token: {other}"),
                "check that API_URL is the partner's API, then ask the partner",
            ),
        })
    });
    wrong.collect()
}

fn not_active(id: &PartnerId, row: Option<&PartnerRow>, all: &Catalogue) -> Option<Finding> {
    if !all.get(id).is_some_and(CatalogueEntry::is_called) {
        return None;
    }
    let Some(row) = row else {
        let to_do = "start `anchor serve` with workers, or run `anchor partner register`";
        return Some(Finding::new(
            "partner_not_registered",
            format!("{id} has settings and is not on record"),
            to_do,
        ));
    };
    let status = row.status.as_str();
    let to_do = match status {
        "active" => return None,
        "pending" => "`anchor partner show` lists what its onboarding still needs",
        _ => "read why in its activity log; `anchor partner activate` lets it issue again",
    };
    let found = format!("{id} is {status}: nothing is issued through it");
    Some(Finding::new("partner_not_active", found, to_do))
}
