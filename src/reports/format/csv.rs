//! For tables: every table with its name in the first column and its header above it.
//!
//! Rows: A3, A7.

use super::super::model::{Cell, Report};

pub(super) fn written(report: &Report) -> String {
    let mut text = String::new();
    line(&mut text, ["section", "field", "value"].map(str::to_owned));
    for (field, value) in report.about() {
        line(&mut text, ["report".to_owned(), field.to_owned(), value]);
    }
    for section in &report.sections {
        text.push_str("\r\n");
        let columns = section.columns.iter().map(|column| (*column).to_owned());
        line(&mut text, std::iter::once("section".to_owned()).chain(columns));
        for row in &section.rows {
            let cells = row.iter().map(Cell::written);
            line(&mut text, std::iter::once(section.name.to_owned()).chain(cells));
        }
    }
    text
}

/// A line as RFC 4180 has it.
fn line(text: &mut String, cells: impl IntoIterator<Item = String>) {
    let cells: Vec<String> = cells.into_iter().map(quoted).collect();
    text.push_str(&cells.join(","));
    text.push_str("\r\n");
}

fn quoted(cell: String) -> String {
    if cell.contains([',', '"', '\r', '\n']) {
        format!("\"{}\"", cell.replace('"', "\"\""))
    } else {
        cell
    }
}
