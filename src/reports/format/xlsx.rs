//! For spreadsheets: one sheet for what the report rests on, and one for each table.
//!
//! The file says of itself that it was made when the last event that counts was recorded, so that
//! it is the same file whenever it is made.
//!
//! Rows: A3, A7.

use chrono::NaiveDate;
use rust_xlsxwriter::{DocProperties, ExcelDateTime, Format, Workbook, Worksheet, XlsxError};

use super::super::model::{Cell, Report, Section};

pub(super) fn written(report: &Report) -> Result<Vec<u8>, XlsxError> {
    let mut book = Workbook::new();
    let day = report.rests_on.recorded_at.map_or(report.span.last(), |at| at.date_naive());
    let made = date(day)?;
    book.set_properties(&DocProperties::new().set_creation_datetime(&made));
    basis(book.add_worksheet(), report)?;
    for section in &report.sections {
        table(book.add_worksheet(), section)?;
    }
    book.save_to_buffer()
}

fn basis(sheet: &mut Worksheet, report: &Report) -> Result<(), XlsxError> {
    sheet.set_name("report")?;
    sheet.set_column_width(0, 18)?;
    sheet.set_column_width(1, 68)?;
    for (row, (field, value)) in (0..).zip(report.about()) {
        sheet.write_with_format(row, 0, field, &Format::new().set_bold())?;
        sheet.write(row, 1, value)?;
    }
    Ok(())
}

fn table(sheet: &mut Worksheet, section: &Section) -> Result<(), XlsxError> {
    sheet.set_name(section.name)?;
    sheet.set_freeze_panes(1, 0)?;
    let bold = Format::new().set_bold();
    let two_places = Format::new().set_num_format("#,##0.00");
    let as_day = Format::new().set_num_format("yyyy-mm-dd");
    for (column, name) in (0..).zip(section.columns) {
        sheet.write_with_format(0, column, *name, &bold)?;
        sheet.set_column_width(column, 18)?;
    }
    for (row, cells) in (1..).zip(&section.rows) {
        for (column, cell) in (0..).zip(cells) {
            match cell {
                Cell::Empty => continue,
                Cell::Amount(amount) => {
                    sheet.write_with_format(row, column, *amount, &two_places)?
                }
                Cell::Day(day) => {
                    sheet.write_datetime_with_format(row, column, date(*day)?, &as_day)?
                }
                Cell::Count(count) => sheet.write(row, column, *count)?,
                Cell::Text(_) | Cell::Time(_) => sheet.write(row, column, cell.written())?,
            };
        }
    }
    Ok(())
}

fn date(day: NaiveDate) -> Result<ExcelDateTime, XlsxError> {
    ExcelDateTime::parse_from_str(&day.format("%Y-%m-%d").to_string())
}
