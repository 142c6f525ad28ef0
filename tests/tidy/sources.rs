//! Where are the sources, and what do they say?

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

pub fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

pub fn files_below(folder: &Path, ending: &str, found: &mut Vec<PathBuf>) {
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
pub fn sources() -> BTreeMap<String, String> {
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

pub fn assert_none(faults: &[String], rule: &str) {
    assert!(faults.is_empty(), "{rule}:\n  {}", faults.join("\n  "));
}

pub fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|_| panic!("{path} is missing"))
}
