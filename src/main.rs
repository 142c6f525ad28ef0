//! The `anchor` program: reads what was typed, does it, and says how it went by its exit code.

use std::process::ExitCode;

use anchor::cli::arguments::{Arguments, run};
use clap::Parser;

#[tokio::main]
async fn main() -> ExitCode {
    dotenvy::dotenv().ok();
    anchor::install_tls();
    run(Arguments::parse()).await
}
