//! Does each place use only what it may?

use std::fs;

use crate::sources::{assert_none, root, sources};

/// Who may not use whom: (the place that is read, what must not be found there, why).
const FORBIDDEN_USES: &[(&str, &[&str], &str)] = &[
    (
        "domain/src",
        &["sqlx", "actix_web", "reqwest", "aes_gcm", "tokio", "std::env", "Utc::now"],
        "the domain is pure: no database, network, clock or environment",
    ),
    (
        "projections/src",
        &["actix_web", "reqwest", "Utc::now"],
        "projections read the log and write rows",
    ),
    (
        "src/ledger",
        &["crate::http", "crate::partners", "projections::", "crate::processes"],
        "the write side knows neither edges nor read models",
    ),
    (
        "src/partners",
        &["crate::ledger", "crate::http", "projections::", "crate::inbox"],
        "a partner is spoken to; it decides nothing",
    ),
    ("src/alerts", &["crate::", "read."], "alerts are a table of their own, and a leaf"),
    (
        "src/messages",
        &["crate::ledger", "crate::http", "crate::partners", "crate::vault", "crate::inbox"],
        "messages are a leaf",
    ),
    ("src/inbox", &["crate::http"], "the inbox is behind the edge"),
    ("src/processes", &["crate::http"], "processes are behind the edge"),
    (
        "src/vault",
        &["crate::ledger", "crate::http", "crate::partners", "crate::inbox", "projections::"],
        "the vault is a leaf",
    ),
    (
        "src/access",
        &["crate::ledger", "crate::http", "crate::partners", "crate::vault"],
        "access is a leaf",
    ),
    (
        "src/http",
        &["reqwest", "::aggregate::", "crate::processes"],
        "the edge extracts, calls once and answers",
    ),
    (
        "src/statements",
        &["crate::", "sqlx", "reqwest", "tokio", "real_now"],
        "a statement is read from its bytes alone",
    ),
    (
        "src/conformance",
        &["crate::ledger", "projections::", "crate::http", "crate::sandbox", "crate::vault"],
        "the kit stands outside, and records nothing",
    ),
    ("src/reports", &["crate::ledger", "crate::http", "crate::partners"], "reports only read"),
    ("src/closing", &["crate::http", "crate::partners"], "a month is closed by the log alone"),
    ("src/books", &["crate::http", "crate::processes"], "files come in by whichever door"),
    ("src/sandbox", &["crate::ledger", "projections::", "crate::vault"], "the sandbox is them"),
];

#[test]
fn each_place_uses_only_what_it_may() {
    let sources = sources();
    let mut faults = Vec::new();
    for (place, forbidden, why) in FORBIDDEN_USES {
        for (path, text) in sources.iter().filter(|(path, _)| path.starts_with(place)) {
            if path.ends_with("tests.rs") || path.contains("/tests/") {
                continue;
            }
            let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
            for (line, word) in code.flat_map(|line| forbidden.iter().map(move |w| (line, w))) {
                if line.contains(*word) {
                    faults.push(format!("{path}: `{word}` ({why}): {}", line.trim()));
                }
            }
        }
    }
    assert_none(&faults, "what may import what");
}

#[test]
fn only_the_ledger_writes_events() {
    let mut faults = Vec::new();
    for (path, text) in sources() {
        let may = path.starts_with("src/ledger")
            || path.starts_with("tests")
            || path.starts_with("benches")
            || path.ends_with("tests.rs");
        if !may && (text.contains("INSERT INTO events") || text.contains("ledger_append")) {
            faults.push(path);
        }
    }
    assert_none(&faults, "only src/ledger appends events");
}

#[test]
fn folders_at_the_top_are_the_agreed_ones() {
    let allowed = [
        "Cargo.toml",
        "Cargo.lock",
        "LICENSE",
        "README.md",
        "src",
        "domain",
        "projections",
        "migrations",
        "tests",
        "benches",
        "target",
    ];
    let faults: Vec<String> = fs::read_dir(root())
        .expect("a readable root")
        .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
        .filter(|name| !name.starts_with('.') && !allowed.contains(&name.as_str()))
        .collect();
    assert_none(&faults, "nothing else at the top");
}
