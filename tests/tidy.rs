//! Does the house keep its own rules? Limits, docs, imports, names and promises, read from the text.
//!
//! *Why a test and not a habit*: a rule that nothing checks is a wish. Each test below is one rule
//! of the house; its message says what to do.
//!
//! Rows: M5.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

const MAX_LINES_A_FILE: usize = 400;
const MAX_LINES_A_FUNCTION: usize = 70;
const MAX_COLUMNS: usize = 100;
const MAX_PARAMETERS: usize = 5;
const MAX_FILES_A_FOLDER: usize = 12;
const MAX_LINES_OF_MAIN: usize = 60;

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
    ("src/sandbox", &["crate::ledger", "projections::", "crate::vault"], "the sandbox is them"),
];

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn files_below(folder: &Path, ending: &str, found: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.map(|entry| entry.expect("a readable folder").path()) {
        let name = entry.file_name().map(|name| name.to_string_lossy().into_owned());
        if entry.is_dir() && !name.is_some_and(|name| name.starts_with('.') || name == "target") {
            files_below(&entry, ending, found);
        } else if entry.extension().is_some_and(|extension| extension == ending) {
            found.push(entry);
        }
    }
}

/// Every Rust file of the project with its text; the path is relative to the root.
fn sources() -> BTreeMap<String, String> {
    let mut found = Vec::new();
    for folder in ["src", "domain", "projections", "tests", "benches"] {
        files_below(&root().join(folder), "rs", &mut found);
    }
    assert!(found.len() > 50, "the sources were not found: {} files", found.len());
    let relative = |path: &PathBuf| {
        path.strip_prefix(root()).expect("below the root").to_string_lossy().into_owned()
    };
    found
        .iter()
        .map(|path| (relative(path), fs::read_to_string(path).expect("readable source")))
        .collect()
}

fn assert_none(faults: &[String], rule: &str) {
    assert!(faults.is_empty(), "{rule}:\n  {}", faults.join("\n  "));
}

#[test]
fn every_file_says_what_question_it_answers_and_stays_readable() {
    let mut faults = Vec::new();
    for (path, text) in sources() {
        if !text.starts_with("//! ") {
            faults.push(format!("{path}: begin with `//!` and one sentence"));
        }
        let lines = text.lines().count();
        let limit = if path == "src/main.rs" { MAX_LINES_OF_MAIN } else { MAX_LINES_A_FILE };
        if lines > limit {
            faults.push(format!("{path}: {lines} lines; would two names say it better?"));
        }
        for (number, line) in text.lines().enumerate() {
            if line.chars().count() > MAX_COLUMNS && !line.contains("https://") {
                faults.push(format!("{path}:{}: over {MAX_COLUMNS} columns", number + 1));
            }
        }
    }
    assert_none(&faults, "files are short, narrow and introduced");
}

#[test]
fn folders_hold_few_files() {
    let mut counted: BTreeMap<String, usize> = BTreeMap::new();
    for path in sources().keys() {
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        *counted.entry(folder.to_owned()).or_default() += 1;
    }
    let faults: Vec<String> = counted
        .into_iter()
        .filter(|(_, files)| *files > MAX_FILES_A_FOLDER)
        .map(|(folder, files)| format!("{folder}: {files} files"))
        .collect();
    assert_none(&faults, "at most 12 source files a folder");
}

/// The functions of a file: (first line, signature, length in lines). Relies on rustfmt's layout.
fn functions(text: &str) -> Vec<(usize, String, usize)> {
    let lines: Vec<&str> = text.lines().collect();
    let mut found = Vec::new();
    for (start, line) in lines.iter().enumerate() {
        let code = line.trim_start();
        let is_function = ["fn ", "pub fn ", "pub(crate) fn ", "pub(super) fn ", "async fn "]
            .iter()
            .chain(&["pub async fn ", "pub(crate) async fn ", "pub(super) async fn ", "const fn "])
            .any(|opening| code.starts_with(opening));
        if !is_function {
            continue;
        }
        let indent = line.len() - code.len();
        let closing = format!("{}}}", " ".repeat(indent));
        let rest = &lines[start..];
        let body = rest.iter().position(|line| line.ends_with('{') || line.ends_with(';'));
        let Some(body) = body else { continue };
        let signature = rest[..=body].join(" ");
        let length = if signature.ends_with(';') {
            body + 1
        } else {
            rest.iter().position(|line| *line == closing).map_or(body + 1, |end| end + 1)
        };
        found.push((start + 1, signature, length));
    }
    found
}

fn parameters(signature: &str) -> usize {
    let Some(open) = signature.find('(') else { return 0 };
    let (mut depth, mut count, mut current) = (0_i32, 0, String::new());
    for character in signature[open..].chars() {
        match character {
            '(' | '<' | '[' => depth += 1,
            ')' | '>' | ']' => depth -= 1,
            _ => {}
        }
        if (character == ',' && depth == 1) || depth == 0 {
            let is_self = current.trim_start_matches('(').trim().trim_start_matches("&mut ");
            let is_self = matches!(is_self.trim_start_matches('&'), "self" | "mut self");
            count += usize::from(!current.trim_matches(['(', ' ']).is_empty() && !is_self);
            current.clear();
            if depth == 0 {
                return count;
            }
        } else {
            current.push(character);
        }
    }
    count
}

#[test]
fn functions_are_short_and_take_few_parameters() {
    let mut faults = Vec::new();
    for (path, text) in sources() {
        for (line, signature, length) in functions(&text) {
            if length > MAX_LINES_A_FUNCTION {
                faults.push(format!("{path}:{line}: {length} lines"));
            }
            let signature = signature.replace("->", "");
            if parameters(&signature) > MAX_PARAMETERS {
                faults.push(format!("{path}:{line}: {} parameters", parameters(&signature)));
            }
        }
    }
    assert_none(&faults, "at most 70 lines and 5 parameters a function");
}

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
fn nothing_is_left_half_done() {
    let marks = ["todo!(", "unimplemented!(", "dbg!(", "FIXME", "XXX", "#[ignore"];
    let mut faults = Vec::new();
    for (path, text) in sources() {
        let listed_here = path == "tests/tidy.rs";
        faults.extend(
            marks
                .iter()
                .filter(|mark| !listed_here && text.contains(**mark))
                .map(|mark| format!("{path}: {mark}")),
        );
        let without_tests = !path.starts_with("tests")
            && !path.starts_with("benches")
            && !path.ends_with("tests.rs")
            && !path.contains("/tests/");
        if without_tests && text.contains("allow(dead_code)") {
            faults.push(format!("{path}: allow(dead_code)"));
        }
    }
    assert_none(&faults, "finish it or leave it out");
}

#[test]
fn names_say_what_a_thing_is() {
    let banned = ["utils", "helpers", "common", "core", "manager", "service", "handler", "types"];
    let faults: Vec<String> = sources()
        .into_keys()
        .filter(|path| {
            let stem = path.rsplit('/').next().unwrap_or_default().trim_end_matches(".rs");
            banned.contains(&stem) || stem == "data"
        })
        .collect();
    assert_none(&faults, "no file is called utils, helpers, common, core …");
}

#[test]
fn it_is_help_and_not_a_game() {
    let banned = ["points", "streak", "badge", "leaderboard", "confetti", "level up", "jackpot"];
    let mut faults = Vec::new();
    let mut texts = sources();
    texts.insert("README.md".to_owned(), read("README.md"));
    texts.remove("tests/tidy.rs");
    for (path, text) in texts {
        for line in text.lines() {
            let line = line.to_lowercase();
            let said = banned.iter().find(|word| {
                line.split(|c: char| !c.is_alphabetic() && c != ' ').any(|part| {
                    part.split(' ').any(|single| single == **word)
                        || part.contains(" up") && part.contains(**word)
                })
            });
            // "points" as a verb or a place in the code is not the game word.
            let harmless = ["it points", "crash point", "that points", "points to", "points at"];
            if let Some(word) = said
                && !harmless.iter().any(|phrase| line.contains(phrase))
            {
                faults.push(format!("{path}: {word}: {}", line.trim()));
            }
        }
    }
    assert_none(&faults, "M5: not a game, in names or on screens");
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|_| panic!("{path} is missing"))
}

/// Ids such as R2 or W5 that a text's `Rows:` lines name.
fn rows_named_in(text: &str) -> BTreeSet<String> {
    let mut rows = BTreeSet::new();
    let mut listing = false;
    for line in text.lines().filter_map(|line| line.trim_start().strip_prefix("//!")) {
        listing |= line.contains("Rows: ");
        if listing {
            rows.extend(line.split(|c: char| !c.is_ascii_alphanumeric()).filter_map(row_id));
        }
        listing &= !line.trim().is_empty();
    }
    rows
}

fn row_id(word: &str) -> Option<String> {
    let mut characters = word.chars();
    let letter = characters.next().filter(char::is_ascii_uppercase)?;
    let number: String = characters.collect();
    let is_row = "MRPDWFAQCUL".contains(letter)
        && !number.is_empty()
        && number.chars().all(|c| c.is_ascii_digit());
    is_row.then(|| word.to_owned())
}

#[test]
fn every_row_that_the_test_guide_lists_is_named_by_a_test() {
    let guide = read("tests/README.md");
    let listed: BTreeSet<String> = guide
        .lines()
        .filter_map(|line| line.strip_prefix("| "))
        .filter_map(|line| row_id(line.split(' ').next().unwrap_or_default()))
        .collect();
    assert!(listed.len() > 20, "tests/README.md lists the rows in a table: {listed:?}");
    let mut named = BTreeSet::new();
    let mut cited = BTreeSet::new();
    for (path, text) in sources() {
        let rows = rows_named_in(&text);
        if path.starts_with("tests/") || path.ends_with("tests.rs") || path.contains("/tests/") {
            named.extend(rows.clone());
        }
        cited.extend(rows);
    }
    let untested: Vec<String> = listed.difference(&named).cloned().collect();
    assert_none(&untested, "rows of tests/README.md that no test names in its module docs");
    let unknown: Vec<String> = cited.difference(&listed).cloned().collect();
    assert_none(&unknown, "rows that module docs cite and tests/README.md does not list");
}

#[test]
fn the_readme_follows_one_webhook_through_files_and_functions_that_exist() {
    let readme = read("README.md");
    let table = readme.split("## Follow one webhook").nth(1).expect("the chapter exists");
    let mut links = 0;
    for line in table.lines().take_while(|line| !line.starts_with("## ")) {
        let Some(rest) =
            line.strip_prefix("| ").filter(|l| l.starts_with(|c: char| c.is_ascii_digit()))
        else {
            continue;
        };
        links += 1;
        let cells: Vec<&str> = rest.split(" | ").collect();
        let file = cells[1].split(['(', ')']).nth(1).expect("a link to a file");
        let text = read(file);
        for name in cells[2].split('`').skip(1).step_by(2) {
            assert!(text.contains(name), "{file} does not hold `{name}`");
        }
        assert!(cells[2].contains('`'), "link {links} names a function");
    }
    assert_eq!(links, 9, "nine links, in order");
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

#[test]
fn the_example_environment_lists_what_the_program_reads() {
    let example = read(".env.example");
    let mut listed: Vec<(String, String)> = Vec::new();
    let mut comment = "";
    for line in example.lines() {
        if let Some(text) = line.strip_prefix("# ") {
            comment = text;
        } else if let Some((name, _)) = line.split_once('=') {
            listed.push((name.to_owned(), comment.to_owned()));
        }
    }
    for (name, what) in anchor::config::VARIABLES {
        let described = listed.iter().find(|(listed, _)| listed == name);
        let (_, described) = described.unwrap_or_else(|| panic!(".env.example lacks {name}"));
        assert_eq!(described, what, "the line above {name}");
    }
    let own = ["_API_URL", "_CLIENT_ID", "_CLIENT_SECRET", "_REDIRECT_URI", "_WEBHOOK_SECRET"];
    for (name, _) in &listed {
        let known = anchor::config::VARIABLES.iter().any(|(known, _)| known == name)
            || own.iter().any(|ending| name.ends_with(ending));
        assert!(known, "{name} is in .env.example and nothing reads it");
    }
}
