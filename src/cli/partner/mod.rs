//! How does an operator take a partner from its file to live, and off again?
//!
//! - [`told`]: all of them; one of them with its checklist
//! - [`lifecycle`]: registered, attested, live, suspended, given up
//! - [`credentials`]: how it is reached, kept in the vault
//! - [`certify`]: tried from outside, with a signed report
//! - [`office`]: what all of that needs: the ledger and the vault
//!
//! Rows: P1, P6, P7, P9, P12, U5.

pub mod certify;
mod credentials;
mod lifecycle;
pub(super) mod office;
mod told;

use std::path::PathBuf;

use chrono::NaiveDate;
use clap::Subcommand;
use domain::ids::PartnerId;
use domain::partner::Step;

/// What can be asked about partners, and done with them.
#[derive(Debug, Subcommand)]
pub enum PartnerAction {
    /// All of them, one line each
    #[command(after_help = "Example: anchor partner list --json")]
    List,
    /// One of them: products, limits, account numbers, and how far its onboarding is
    #[command(after_help = "Example: anchor partner show agl")]
    Show {
        /// Its id, such as woolworths
        id: PartnerId,
    },
    /// Puts a partner of the catalogue on record, or what its file says now
    #[command(after_help = "Example: anchor partner register pharmacy-first")]
    Register {
        /// Its id: the name of its file
        id: PartnerId,
    },
    /// Keeps a partner's credentials in the vault, read from a file or standard input
    #[command(after_help = "Example: anchor partner credentials agl --file agl.env\n\
        One NAME=value in each line: API_URL, CLIENT_ID, CLIENT_SECRET, WEBHOOK_SECRET and, if it\n\
        differs, REDIRECT_URI. What the environment says of a partner counts before what is kept\n\
        here. Servers take it up when they start, a changed WEBHOOK_SECRET within seconds: give\n\
        the old and the new one, separated by a space, until the partner signs with the new.")]
    Credentials {
        /// Its id, such as woolworths
        id: PartnerId,
        /// Where they stand; standard input when absent
        #[arg(long, conflicts_with = "forget")]
        file: Option<PathBuf>,
        /// Takes back what is kept
        #[arg(long)]
        forget: bool,
    },
    /// Records what a person attests: an agreement, a contract, a contact, a security report
    #[command(after_help = "Example: anchor partner attest agl data_sharing_agreement \\\n  \
        --by \"Kim Lee\" --on 2026-11-20 --document DSA-2026-4\n\
        Steps: data_sharing_agreement, contract_and_funding, support_contact,\n\
        security_attestation")]
    Attest {
        /// Its id, such as woolworths
        id: PartnerId,
        /// What is attested
        step: Step,
        /// Who attests it; kept sealed
        #[arg(long)]
        by: String,
        /// The day they did
        #[arg(long)]
        on: NaiveDate,
        /// Where the document is to be found
        #[arg(long)]
        document: String,
    },
    /// Tries it from outside, and writes a signed report of it
    #[command(after_help = certify::EXAMPLE)]
    Certify(Box<certify::CertifyArguments>),
    /// Lets value be issued through it: after onboarding, or again after it was suspended
    #[command(
        after_help = "Example: anchor partner activate agl --reason \"onboarding is complete\""
    )]
    Activate(Turn),
    /// Nothing is issued through it for now
    #[command(
        after_help = "Example: anchor partner suspend agl --reason \"two vouchers, one code\""
    )]
    Suspend(Turn),
    /// Nothing is issued through it any more
    #[command(
        after_help = "Example: anchor partner deactivate agl --reason \"the contract ended\""
    )]
    Deactivate(Turn),
}

/// A turn in a partner's life.
#[derive(Debug, clap::Args)]
pub struct Turn {
    /// Its id, such as woolworths
    id: PartnerId,
    /// Why: it stands in the activity log
    #[arg(long, value_parser = clap::builder::NonEmptyStringValueParser::new())]
    reason: String,
}

/// Answers it, or does it.
///
/// # Errors
/// When the environment is not sound, there is no such partner, the ledger cannot be reached, or a
/// rule refuses.
pub async fn run(action: PartnerAction, json: bool) -> anyhow::Result<()> {
    match action {
        PartnerAction::List => told::list_all(json).await,
        PartnerAction::Show { id } => told::show(&id, json).await,
        PartnerAction::Credentials { id, file, forget } => {
            credentials::run(&id, file, forget, json).await
        }
        PartnerAction::Register { id } => lifecycle::register(&id, json).await,
        PartnerAction::Attest { id, step, by, on, document } => {
            let attested = lifecycle::Attested { step, by, on, document };
            lifecycle::attest(&id, attested, json).await
        }
        PartnerAction::Certify(arguments) => certify::run(*arguments, json).await,
        PartnerAction::Activate(turn) => lifecycle::activate(&turn, json).await,
        PartnerAction::Suspend(turn) => lifecycle::suspend(&turn, json).await,
        PartnerAction::Deactivate(turn) => lifecycle::deactivate(&turn, json).await,
    }
}
