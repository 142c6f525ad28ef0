//! What may be typed after `anchor`, and where does it go?
//!
//! Rows: U5.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use super::finance::{period, report};
use super::read_models::{projection, rebuild, replay};
use super::{clock, demo, doctor, exit, keys, migrate, partner, sandbox, serve, statement, token};

/// Practical help at milestones of recovery, and a ledger of every cent of it.
#[derive(Debug, Parser)]
#[command(name = "anchor", version, propagate_version = true)]
pub struct Arguments {
    /// Answer as JSON, for machines
    #[arg(long, global = true)]
    pub json: bool,
    #[command(subcommand)]
    pub(super) command: Command,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// The whole system on this machine, with nothing to prepare
    #[command(after_help = "Example: anchor demo --once\n\
        Plays the story, checks that the books agree, and ends with one line.")]
    Demo(demo::DemoArguments),
    /// Server and workers against DATABASE_URL
    #[command(after_help = "Example: anchor serve --no-workers")]
    Serve {
        /// Answer requests only; another instance does the work
        #[arg(long, conflicts_with = "workers_only")]
        no_workers: bool,
        /// Do the work only; another instance answers requests
        #[arg(long)]
        workers_only: bool,
    },
    /// Applies the migrations that the database does not have yet
    #[command(after_help = "Example: DATABASE_OWNER_URL=postgres://… anchor migrate")]
    Migrate,
    /// Builds read models anew from the log, beside those that are asked, and swaps them in
    #[command(after_help = "Example: anchor rebuild --all --check\n\
        Compares every read model with the log, row by row; exits 1 on a difference.")]
    Rebuild(rebuild::RebuildArguments),
    /// Read models and totals as they were at a moment, or at a position
    #[command(
        after_help = "Example: anchor replay --as-of 2026-09-30T23:59:59Z --into asof_20260930"
    )]
    Replay(replay::ReplayArguments),
    /// How each read model stands; lets one that stopped go on
    #[command(after_help = "Example: anchor projection retry partner_activity_log")]
    Projection {
        #[command(subcommand)]
        action: projection::ProjectionAction,
    },
    /// Says what is wrong here, and what to do about it
    #[command(after_help = "Example: anchor doctor --json\n\
        Exits 0 when nothing is wrong, 1 when something is.")]
    Doctor,
    /// Acts as every configured partner: OAuth2, vouchers, webhooks, faults on request
    #[command(after_help = "Example: anchor sandbox --port 9090 --book ./book")]
    Sandbox {
        /// Where to listen, on this machine only; any free port when absent
        #[arg(long, default_value_t = 0)]
        port: u16,
        /// Where the partners keep their book
        #[arg(long, default_value = "./.anchor/sandbox")]
        book: PathBuf,
        /// Codes and ids follow from it
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// Who gets the webhooks; ANCHOR_PUBLIC_URL when absent
        #[arg(long)]
        webhooks_to: Option<String>,
    },
    /// A report of a day, a week, a month or a quarter, made from the log
    #[command(after_help = "Example: anchor report monthly --period 2026-11 --format hledger\n\
        Exits 1 when a check in the report does not hold.")]
    Report(report::ReportArguments),
    /// Closes a month for good
    #[command(after_help = "Example: anchor period close 2026-11")]
    Period {
        #[command(subcommand)]
        action: period::PeriodAction,
    },
    /// Lists partners, and takes one from its file to live
    #[command(after_help = "Example: anchor partner list")]
    Partner {
        #[command(subcommand)]
        action: partner::PartnerAction,
    },
    /// Takes partners' statements into the books, from a file or from the partner
    #[command(
        after_help = "Example: anchor statement pull --partner woolworths --date 2026-11-22"
    )]
    Statement {
        #[command(subcommand)]
        action: statement::StatementAction,
    },
    /// Makes and changes the key that wraps every other key
    #[command(after_help = keys::ORDER)]
    Keys {
        #[command(subcommand)]
        action: keys::KeysAction,
    },
    /// Makes a development token, where SUPABASE_JWT_SECRET is set
    #[command(after_help = "Example: anchor token --role finance --ttl 1h")]
    Token(token::TokenArguments),
    /// Shows or moves the clock of a demo or sandbox database
    #[command(after_help = "Example: anchor clock forward 2d --data-dir ./.anchor")]
    Clock {
        #[command(subcommand)]
        action: clock::ClockAction,
        /// The demo's folder; when absent, DATABASE_URL, or the demo in ./.anchor
        #[arg(long, global = true)]
        data_dir: Option<PathBuf>,
    },
}

/// Does what was typed.
pub async fn run(arguments: Arguments) -> ExitCode {
    let json = arguments.json;
    let done = match arguments.command {
        Command::Demo(arguments) => demo::run(arguments, json).await,
        Command::Serve { no_workers, workers_only } => {
            serve::run(!workers_only, !no_workers).await
        }
        Command::Migrate => migrate::run(json).await,
        Command::Rebuild(arguments) => rebuild::run(arguments, json).await,
        Command::Replay(arguments) => replay::run(arguments, json).await,
        Command::Projection { action } => projection::run(action, json).await,
        Command::Doctor => doctor::run(json).await,
        Command::Sandbox { port, book, seed, webhooks_to } => {
            sandbox::run(sandbox::SandboxArguments { port, book, seed, webhooks_to }).await
        }
        Command::Report(arguments) => report::run(arguments, json).await,
        Command::Period { action } => period::run(action, json).await,
        Command::Partner { action } => partner::run(action, json).await,
        Command::Statement { action } => statement::run(action, json).await,
        Command::Keys { action } => keys::run(action, json).await,
        Command::Token(arguments) => token::run(arguments, json),
        Command::Clock { action, data_dir } => clock::run(action, data_dir, json).await,
    };
    exit::code_of(done)
}
