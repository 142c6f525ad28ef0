//! Which migrations does the database lack? Applies them and says so.
//!
//! Rows: U5.

use crate::config;
use crate::database;

/// Applies what is missing.
///
/// # Errors
/// When the database cannot be reached or refuses a migration; a failed one leaves nothing behind.
pub async fn run(json: bool) -> anyhow::Result<()> {
    let url = config::owner_url(&|name| std::env::var(name).ok())?;
    let applied = database::migrate(&url).await?;
    if json {
        println!("{}", serde_json::json!({ "applied": applied }));
    } else if applied.is_empty() {
        println!("The database is up to date.");
    } else {
        applied.iter().for_each(|name| println!("applied {name}"));
    }
    Ok(())
}
