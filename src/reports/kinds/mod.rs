//! What is in each report? One file each; every one ends with what was checked.
//!
//! Rows: A3.

mod daily;
mod monthly;
mod quarterly;
mod weekly;

use super::figures::{Figures, Roll};
use super::model::{Cell, Report, ReportKind, RestsOn, Section};
use super::seal::digest;

/// The report of this kind over these figures.
#[must_use]
pub fn report(kind: ReportKind, figures: &Figures) -> Report {
    let mut sections = match kind {
        ReportKind::Daily => daily::sections(figures),
        ReportKind::Weekly => weekly::sections(figures),
        ReportKind::Monthly => monthly::sections(figures),
        ReportKind::Quarterly => quarterly::sections(figures),
    };
    sections.push(checks(figures));
    let rests_on = RestsOn {
        position: figures.position,
        recorded_at: figures.recorded_at,
        policy_versions: figures.policy_versions.clone(),
        digest: digest(figures),
    };
    Report { kind, span: figures.span, view: figures.view, rests_on, sections }
}

fn checks(figures: &Figures) -> Section {
    let word = |holds: bool| Cell::text(if holds { "holds" } else { "does not hold" });
    let mut rows: Vec<Vec<Cell>> = figures
        .checks
        .iter()
        .map(|check| {
            let broken = check.broken_at.map_or(Cell::Empty, |position| Cell::Count(position.0));
            let holds = word(check.broken_at.is_none());
            vec![Cell::text(check.name), Cell::text(check.rule), holds, broken]
        })
        .collect();
    let ties = figures.rolls().values().all(Roll::ties);
    rows.push(vec![
        Cell::text("roll_forward"),
        Cell::text("opening + issued - used - voided - expired is what accounts close with"),
        word(ties),
        Cell::Empty,
    ]);
    Section { name: "checks", columns: &["check", "rule", "result", "first_position"], rows }
}
