//! Do the programs of others take our exports, and refuse one in which a cent was changed? The real
//! hledger, and beancount from PyPI.
//!
//! Rows: A7.

use std::path::Path;
use std::process::{Command, Output};

use projections::journal::View;

use super::super::format::{Format, print};
use super::super::*;
use super::SEED;
use super::season::Season;

/// What the program that reads this format says of it.
fn asked(format: Format, text: &str) -> Output {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("export");
    std::fs::write(&file, text).unwrap();
    let file = file.to_str().unwrap();
    let bean = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/foreign/.venv/bin/bean-check");
    let (mut command, installed_by) = match format {
        Format::Hledger => {
            let mut hledger = Command::new("hledger");
            hledger.args(["-f", file, "check", "--strict"]);
            (hledger, "apt-get install -y --no-install-recommends hledger")
        }
        _ => {
            let mut check = Command::new(bean);
            check.arg(file);
            (check, "cargo check-all (it installs tests/foreign/requirements.txt)")
        }
    };
    command.env("LC_ALL", "C.UTF-8");
    command.output().unwrap_or_else(|error| panic!("{error}; it is installed by: {installed_by}"))
}

fn exports(format: Format) -> Vec<String> {
    let season = Season::of(SEED, 60);
    let all = season.log.len();
    let kinds = [
        (ReportKind::Daily, "2026-10-15"),
        (ReportKind::Weekly, "2026-W42"),
        (ReportKind::Monthly, "2026-10"),
        (ReportKind::Quarterly, "2026-Q4"),
    ];
    let export = |(kind, period): (ReportKind, &str)| {
        let figures = season.figures(period.parse().unwrap(), all, &[], View::Booked);
        String::from_utf8(print(kind, format, &figures).unwrap().bytes).unwrap()
    };
    kinds.into_iter().map(export).collect()
}

/// The first transaction with both its sides one cent higher: it balances, and says something else.
fn a_cent_more(text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    let has = |line: &str, start: &str| {
        line.trim().split_once("  ").is_some_and(|(_, amount)| amount.trim().starts_with(start))
    };
    let second = lines
        .iter()
        .position(|line| {
            line.trim_start().to_lowercase().starts_with("reward: \"")
                || line.trim_start().starts_with("; reward: ")
        })
        .unwrap()
        + 1;
    let mut changed: Vec<String> = lines.iter().map(|line| (*line).to_owned()).collect();
    for line in &mut changed[second..second + 2] {
        assert!(has(line, "") && line.contains(".00 ") || line.contains('.'), "{line}");
        let (account, amount) = line.trim_start().split_once("  ").unwrap();
        let (number, currency) = amount.trim().split_once(' ').unwrap();
        let number: rust_decimal::Decimal = number.parse().unwrap();
        let cent = rust_decimal::Decimal::new(if number.is_sign_negative() { -1 } else { 1 }, 2);
        *line = format!("    {account}  {:.2} {currency}", number + cent);
    }
    changed.join("\n") + "\n"
}

/// The same with one side alone.
fn one_side_more(text: &str) -> String {
    let both = a_cent_more(text);
    let is_second = |(ours, theirs): &(&str, &str)| ours != theirs;
    let mut seen = 0;
    let lines = both.lines().zip(text.lines()).map(|pair| {
        seen += usize::from(is_second(&pair));
        if is_second(&pair) && seen == 2 { pair.1 } else { pair.0 }
    });
    lines.collect::<Vec<_>>().join("\n") + "\n"
}

#[test]
fn hledger_and_beancount_take_every_export_with_all_its_assertions() {
    for format in [Format::Hledger, Format::Beancount] {
        for text in exports(format) {
            let output = asked(format, &text);
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            assert!(output.status.success(), "{format:?}: {said}\n{}", &text[..900]);
        }
    }
}

#[test]
fn a_changed_amount_is_refused_by_both_on_one_side_or_on_two() {
    for format in [Format::Hledger, Format::Beancount] {
        let text = &exports(format)[2];
        for changed in [a_cent_more(text), one_side_more(text)] {
            assert_ne!(&changed, text);
            assert!(!asked(format, &changed).status.success(), "{format:?} took it");
        }
    }
}
