//! For programs: one object, its fields in the order of the report.
//!
//! *Why not by way of a value*: whether that keeps the order of fields depends on how the library
//! was built.
//!
//! Rows: A3.

use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};

use super::super::model::{Cell, Report, Section, instant};

pub(super) fn written(report: &Report) -> serde_json::Result<Vec<u8>> {
    let mut bytes = serde_json::to_vec_pretty(&Whole(report))?;
    bytes.push(b'\n');
    Ok(bytes)
}

struct Whole<'a>(&'a Report);
struct Basis<'a>(&'a Report);
struct Sections<'a>(&'a [Section]);
struct Rows<'a>(&'a Section);
struct Row<'a>(&'a Section, &'a [Cell]);

impl Serialize for Whole<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let report = self.0;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("report", report.kind.as_str())?;
        map.serialize_entry("period", &report.span.to_string())?;
        map.serialize_entry("first_day", &report.span.first().to_string())?;
        map.serialize_entry("last_day", &report.span.last().to_string())?;
        map.serialize_entry("view", report.view_name())?;
        map.serialize_entry("rests_on", &Basis(report))?;
        map.serialize_entry("sections", &Sections(&report.sections))?;
        map.end()
    }
}

impl Serialize for Basis<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let basis = &self.0.rests_on;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("position", &basis.position.0)?;
        map.serialize_entry("recorded_at", &basis.recorded_at.map(instant))?;
        map.serialize_entry("policy_versions", &basis.policy_versions)?;
        map.serialize_entry("digest", &basis.digest)?;
        map.end()
    }
}

impl Serialize for Sections<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for section in self.0 {
            map.serialize_entry(section.name, &Rows(section))?;
        }
        map.end()
    }
}

impl Serialize for Rows<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut rows = serializer.serialize_seq(Some(self.0.rows.len()))?;
        for row in &self.0.rows {
            rows.serialize_element(&Row(self.0, row))?;
        }
        rows.end()
    }
}

impl Serialize for Row<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.1.len()))?;
        for (column, cell) in self.0.columns.iter().zip(self.1) {
            match cell {
                Cell::Empty => map.serialize_entry(column, &())?,
                Cell::Count(count) => map.serialize_entry(column, count)?,
                Cell::Text(_) | Cell::Amount(_) | Cell::Day(_) | Cell::Time(_) => {
                    map.serialize_entry(column, &cell.written())?;
                }
            }
        }
        map.end()
    }
}
