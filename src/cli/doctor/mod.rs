//! What is wrong here? In plain words, each with what to do.
//!
//! One file a group of checks; each answers with what it found, and nothing found is good. Nothing
//! is changed.
//!
//! | group | looks at |
//! | --- | --- |
//! | [`database`] | is it there, does its schema fit, may this role rewrite history? |
//! | [`log`] | is the log dense, and do its batches account for it? |
//! | [`read_models`] | halted, parked, behind, or waiting for a rebuild? |
//! | [`partners`] | set up, reached, let in, active? |
//! | [`rewards`] | which are not issued, and why? |
//! | [`webhooks`] | do they come, and are they signed as agreed? |
//! | [`people`] | what waits for somebody? |
//!
//! Rows: U5, U6.

mod database;
mod log;
mod partners;
mod people;
mod read_models;
mod rewards;
mod webhooks;

use serde::Serialize;
use serde_json::json;
use sqlx::PgPool;

use super::exit::Difference;
use crate::config;

/// Something that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Its name, for programs.
    pub code: &'static str,
    /// What is wrong.
    pub found: String,
    /// What to do about it.
    pub to_do: String,
}

impl Finding {
    fn new(code: &'static str, found: impl Into<String>, to_do: impl Into<String>) -> Self {
        Self { code, found: found.into(), to_do: to_do.into() }
    }
}

/// Looks at everything and says what is wrong.
///
/// # Errors
/// [`Difference`] when something is.
pub async fn run(json: bool) -> anyhow::Result<()> {
    let url = config::database_url(&|name| std::env::var(name).ok())?;
    let findings = match database::look(&url).await {
        Ok((pool, mut findings)) => {
            findings.extend(look_inside(&pool).await);
            findings
        }
        Err(findings) => findings,
    };
    if json {
        println!("{}", json!({ "findings": findings }));
    } else if findings.is_empty() {
        println!("Nothing is wrong here.");
    } else {
        for Finding { found, to_do, .. } in &findings {
            println!("- {found}\n  → {to_do}");
        }
    }
    match findings.len() {
        0 => Ok(()),
        1 => Err(Difference("one thing is wrong".to_owned()).into()),
        many => Err(Difference(format!("{many} things are wrong")).into()),
    }
}

async fn look_inside(pool: &PgPool) -> Vec<Finding> {
    let mut findings = Vec::new();
    let looked = [
        log::look(pool).await,
        read_models::look(pool).await,
        partners::look(pool).await,
        rewards::look(pool).await,
        webhooks::look(pool).await,
        people::look(pool).await,
    ];
    for looked in looked {
        match looked {
            Ok(found) => findings.extend(found),
            Err(error) => findings.push(Finding::new(
                "not_looked_at",
                format!("something could not be looked at: {error}"),
                "see whether the database still answers, then ask again",
            )),
        }
    }
    findings
}
