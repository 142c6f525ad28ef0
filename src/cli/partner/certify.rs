//! Does a partner's API keep its promises, and can anybody check who says so?
//!
//! Nothing is sent before the key that will sign the report is there. Credentials come from the
//! partner's variables, an account for trying from a file: never from arguments, which others on
//! the machine can read. A report of a run that failed is written and signed as well; one that
//! passed is put on the partner's record where the ledger and its keys are at hand.
//!
//! Rows: P7, P10, U5.

use std::fs;
use std::io::{IsTerminal, Read};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, bail};
use clap::Args;
use domain::ids::PartnerId;
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::json;
use url::Url;

use super::office::Office;
use crate::cli::exit::Difference;
use crate::config::{self, Problems};
use crate::conformance::{
    Certificate, Check, Kit, Listener, Patience, Report, SealKey, SignedReport, run as try_all,
};
use crate::partners::settings::{self, PartnerSettings};
use crate::partners::{AccountClaim, CatalogueEntry};

/// For the help text.
pub const EXAMPLE: &str = "Example: anchor partner certify woolworths --listen 127.0.0.1:8099\n\
    Try it on the sandbox: anchor sandbox --port 9090 --webhooks-to http://127.0.0.1:8099\n\
    Webhooks come to /api/webhooks/ID below the address of --listen.\n\
    Exits 0 when every promise was tried and kept, 1 when not; the report says which.\n\
    Check a report that you were given: anchor partner certify --verify FILE --public-key HEX";
/// Larger files hold something else.
const LARGEST_FILE: u64 = 4 * 1024 * 1024;

/// What `anchor partner certify` takes.
#[derive(Debug, Args)]
pub struct CertifyArguments {
    /// Its id, such as woolworths
    #[arg(required_unless_present = "verify")]
    id: Option<PartnerId>,
    /// Where its API is, instead of the address in its variables
    #[arg(long, value_name = "URL", value_parser = settings::api_url)]
    api_url: Option<Url>,
    /// Where its webhooks come in, such as 127.0.0.1:8099
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<SocketAddr>,
    /// How many seconds webhooks are awaited after the last order
    #[arg(long, value_name = "SECONDS", default_value_t = 10)]
    webhook_wait: u32,
    /// A file with an account of the partner's for trying: `account_number` and `security_code`
    #[arg(long, value_name = "FILE")]
    test_data: Option<PathBuf>,
    /// Where the report is written; certificate-ID-DATE.json when absent
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    /// Checks the signature of a report instead, and makes no calls
    #[arg(long, value_name = "FILE", conflicts_with_all = ["id", "listen", "test_data", "report"])]
    verify: Option<PathBuf>,
    /// The public key that a report must have been signed with
    #[arg(long, value_name = "HEX", requires = "verify")]
    public_key: Option<String>,
}

/// Tries a partner, or checks a report.
///
/// # Errors
/// When the environment does not fit, or the partner is not certified, or the report is not
/// genuine.
pub async fn run(arguments: CertifyArguments, json: bool) -> anyhow::Result<()> {
    if let Some(file) = &arguments.verify {
        return verify(file, arguments.public_key.as_deref(), json);
    }
    let office = Office::open_if_configured().await?;
    let certified = certify_with(office.as_ref(), &arguments, json).await;
    if let Some(office) = office {
        office.close().await;
    }
    let (certificate, report, file) = certified?;
    if json {
        let report = serde_json::to_value(&report)?;
        println!("{}", json!({ "certificate": certificate, "report": report, "file": file }));
    } else {
        println!("{report}");
        println!("Signed with key {} in {}", certificate.key_id, file.display());
    }
    if certificate.passed {
        return Ok(());
    }
    Err(Difference(format!("{} is not certified: the report says why", certificate.partner))
        .into())
}

async fn certify_with(
    office: Option<&Office>,
    arguments: &CertifyArguments,
    json: bool,
) -> anyhow::Result<(Certificate, Report, PathBuf)> {
    let kept = office.zip(arguments.id.as_ref()).and_then(|(office, id)| office.settings(id));
    let (certificate, report, file) = certify(arguments, kept, json).await?;
    if let Some(office) = office.filter(|_| certificate.passed) {
        office.certify(&certificate).await?;
    }
    Ok((certificate, report, file))
}

/// Tries a partner and writes the signed report; answers what it came to.
///
/// # Errors
/// When the environment does not fit, or the report cannot be written.
pub async fn certify(
    arguments: &CertifyArguments,
    kept: Option<&PartnerSettings>,
    json: bool,
) -> anyhow::Result<(Certificate, Report, PathBuf)> {
    let variable = |name: &str| std::env::var(name).ok();
    let key = config::seal_key(&variable)?;
    let id = arguments.id.as_ref().context("name a partner")?;
    let catalogue = config::catalogue(&variable)?;
    let Some(entry) = catalogue.get(id).filter(|entry| entry.is_called()) else {
        bail!("there is no partner {id} that is called: `anchor partner list` names them");
    };
    let settings = match kept {
        Some(kept) => PartnerSettings {
            api_url: arguments.api_url.clone().unwrap_or_else(|| kept.api_url.clone()),
            ..kept.clone()
        },
        None => settings_of(entry, arguments.api_url.as_ref(), &variable)?,
    };
    let account = arguments.test_data.as_deref().map(account).transpose()?;
    let listener = arguments.listen.map(|address| {
        Listener::open(address).with_context(|| format!("cannot listen at {address}"))
    });
    let webhooks = Duration::from_secs(arguments.webhook_wait.into());
    let kit = Kit {
        entry,
        settings: &settings,
        account,
        listener: listener.transpose()?,
        patience: Patience { webhooks, ..Patience::default() },
    };
    // Each check as it is made, for whoever waits at a terminal.
    let is_watched = !json && std::io::stderr().is_terminal();
    let show = |check: &Check| {
        if is_watched {
            eprintln!("{check}")
        }
    };
    let report = try_all(kit, &show).await?;
    let (signed, file) = write(&key, &report, arguments.report.as_deref())?;
    Ok((signed.certificate(&report), report, file))
}

/// This partner's settings, though others may be incomplete.
fn settings_of(
    entry: &CatalogueEntry,
    api_url: Option<&Url>,
    variable: &dyn Fn(&str) -> Option<String>,
) -> anyhow::Result<PartnerSettings> {
    let address = format!("{}_API_URL", entry.prefix());
    let variable = |name: &str| match api_url {
        Some(url) if name == address => Some(url.to_string()),
        _ => variable(name),
    };
    let anywhere = Url::parse("http://127.0.0.1/").context("a fixed URL")?;
    settings::of(entry, &anywhere, &variable)
        .map_err(|problems| Problems(problems.iter().map(ToString::to_string).collect()).into())
}

/// An account of the partner's for trying.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TestData {
    account_number: SecretString,
    security_code: Option<SecretString>,
}

fn account(file: &Path) -> anyhow::Result<AccountClaim> {
    let text = String::from_utf8(read(file)?).ok();
    // What was wrong is not shown: it would show the line.
    let data = text.and_then(|text| toml::from_str::<TestData>(&text).ok());
    let Some(TestData { account_number, security_code }) = data else {
        bail!("{}: give account_number and security_code, as TOML", file.display());
    };
    Ok(AccountClaim { number: account_number, security_code, grant: None })
}

fn read(file: &Path) -> anyhow::Result<Vec<u8>> {
    let unreadable = || format!("cannot read {}", file.display());
    let mut bytes = Vec::new();
    let opened = fs::File::open(file).with_context(unreadable)?;
    opened.take(LARGEST_FILE).read_to_end(&mut bytes).with_context(unreadable)?;
    Ok(bytes)
}

fn write(
    key: &SealKey,
    report: &Report,
    file: Option<&Path>,
) -> anyhow::Result<(SignedReport, PathBuf)> {
    let date = report.ended_at.date_naive();
    let usual = || PathBuf::from(format!("certificate-{}-{date}.json", report.partner));
    let file = file.map_or_else(usual, Path::to_path_buf);
    let signed = key.sign(report)?;
    let text = serde_json::to_string_pretty(&signed)? + "\n";
    fs::write(&file, text).with_context(|| format!("cannot write {}", file.display()))?;
    Ok((signed, file))
}

fn verify(file: &Path, public_key: Option<&str>, json: bool) -> anyhow::Result<()> {
    let (signed, report) = SignedReport::open(&read(file)?, public_key)
        .map_err(|not_genuine| Difference(format!("{}: {not_genuine}", file.display())))?;
    let certificate = signed.certificate(&report);
    if json {
        println!("{}", json!({ "certificate": certificate, "public_key": signed.public_key }));
        return Ok(());
    }
    println!("{report}");
    println!("The signature is right. Key {}, public key {}", signed.key_id, signed.public_key);
    if public_key.is_none() {
        println!("Compare it with the one that the operator gave you, or give --public-key.");
    }
    Ok(())
}
