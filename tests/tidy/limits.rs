//! Is everything short, introduced, finished and well named?
//!
//! Rows: M5.

use std::collections::BTreeMap;

use crate::sources::{assert_none, read, sources};

const MAX_LINES_A_FILE: usize = 400;
const MAX_LINES_A_FUNCTION: usize = 70;
const MAX_COLUMNS: usize = 100;
const MAX_PARAMETERS: usize = 5;
const MAX_FILES_A_FOLDER: usize = 12;
const MAX_LINES_OF_MAIN: usize = 60;

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
fn nothing_is_left_half_done() {
    let marks = ["todo!(", "unimplemented!(", "dbg!(", "FIXME", "XXX", "#[ignore"];
    let mut faults = Vec::new();
    for (path, text) in sources() {
        let listed_here = path.starts_with("tests/tidy");
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
    texts.retain(|path, _| !path.starts_with("tests/tidy"));
    for (path, text) in texts {
        for line in text.lines() {
            let line = line.to_lowercase();
            let said = banned.iter().find(|word| {
                line.split(|c: char| !c.is_alphabetic() && c != ' ').any(|part| {
                    part.split(' ').any(|single| single == **word)
                        || word.contains(' ') && part.contains(**word)
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
