//! Does what is promised in prose exist? Rows have tests, the README's links their files.
//!
//! Rows: P12.

use std::collections::BTreeSet;

use crate::sources::{assert_none, read, sources};

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

/// Failure points and invariants, such as C8 or I6, that a text's `Cases:` lines name.
fn cases_named_in(text: &str) -> BTreeSet<String> {
    let docs = text.lines().filter_map(|line| line.trim_start().strip_prefix("//!"));
    let named = docs.filter_map(|line| line.split_once("Cases: ").map(|(_, cases)| cases));
    let words = named.flat_map(|cases| cases.split(|c: char| !c.is_ascii_alphanumeric()));
    words.filter_map(case_id).collect()
}

fn case_id(word: &str) -> Option<String> {
    let number = word.strip_prefix(['C', 'I'])?;
    let is_case = !number.is_empty() && number.chars().all(|c| c.is_ascii_digit());
    is_case.then(|| word.to_owned())
}

#[test]
fn every_crash_point_and_invariant_names_tests_that_exist_and_name_it() {
    let guide = read("tests/README.md");
    let table = guide.split("## When things go wrong").nth(1).expect("the chapter exists");
    let table = table.split("\n## ").next().unwrap_or_default();
    let sources = sources();
    let (mut listed, mut faults) = (BTreeSet::new(), Vec::new());
    for line in table.lines().filter_map(|line| line.strip_prefix("| ")) {
        let Some(case) = line.split(' ').next().and_then(case_id) else { continue };
        for file in line.rsplit(" | ").next().unwrap_or_default().split('`').skip(1).step_by(2) {
            let named: Vec<&String> = sources
                .iter()
                .filter(|(path, _)| path.starts_with(file))
                .filter(|(_, text)| cases_named_in(text).contains(&case))
                .map(|(path, _)| path)
                .collect();
            if named.is_empty() {
                faults.push(format!("{case}: no test in {file} names it"));
            }
        }
        if !listed.insert(case.clone()) {
            faults.push(format!("{case}: stands there twice"));
        }
    }
    assert!(listed.len() > 30, "the table lists them: {listed:?}");
    let cited = sources.iter().filter(|(path, _)| path.starts_with("tests/"));
    for (path, text) in cited {
        let unknown = cases_named_in(text).difference(&listed).cloned().collect::<Vec<_>>();
        faults.extend(unknown.iter().map(|case| format!("{path}: {case} is not in the table")));
    }
    assert_none(&faults, "tests/README.md maps each case to tests that name it");
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

#[test]
fn the_readme_and_the_whole_check_install_the_same() {
    let check = read(".ci/run");
    let needs = check.lines().filter_map(|line| line.strip_prefix("needs \"")?.split('"').next());
    let packages = needs.collect::<Vec<&str>>().join(" ");
    let command = format!("apt-get install -y --no-install-recommends {packages}\n");
    assert!(read("README.md").contains(&command), "README.md says: {command}");
    let told: Vec<String> = read("tests/check_all.rs").split('"').map(str::to_owned).collect();
    for package in packages.split(' ').filter(|of| !["gcc", "libc6-dev"].contains(of)) {
        assert!(told.iter().any(|word| word == package), "tests/check_all.rs tells of {package}");
    }
}
