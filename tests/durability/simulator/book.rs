//! What have the partners written down? Their own book, read on as it grows: whoever asks a
//! thousand times does not read it a thousand times.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard};

use serde_json::Value;

/// The book, as far as it has been read.
pub struct PartnersBook {
    path: PathBuf,
    pages: Mutex<Pages>,
}

#[derive(Default)]
struct Pages {
    /// So many bytes have been read.
    until: u64,
    /// By partner and the partner's own id.
    vouchers: BTreeMap<(String, String), Value>,
    /// Whose each webhook is.
    notices: BTreeMap<String, String>,
    /// Those that were taken.
    delivered: BTreeSet<String>,
}

impl PartnersBook {
    /// The book that is kept in this folder.
    pub fn kept_in(folder: &Path) -> Self {
        Self { path: folder.join("book.jsonl"), pages: Mutex::default() }
    }

    /// A voucher as it stands now.
    pub fn voucher(&self, partner: &str, id: &str) -> Option<Value> {
        self.read_on().vouchers.get(&(partner.to_owned(), id.to_owned())).cloned()
    }

    /// How many webhooks are still to be sent.
    pub fn untold(&self) -> usize {
        let pages = self.read_on();
        pages.notices.len() - pages.delivered.len()
    }

    /// The webhooks that were taken, each with its partner.
    pub fn told(&self) -> Vec<(String, String)> {
        let pages = self.read_on();
        let of = |id: &String| Some((pages.notices.get(id)?.clone(), id.clone()));
        pages.delivered.iter().filter_map(of).collect()
    }

    fn read_on(&self) -> MutexGuard<'_, Pages> {
        let mut pages = self.pages.lock().unwrap();
        let mut text = Vec::new();
        if let Ok(mut file) = File::open(&self.path) {
            file.seek(SeekFrom::Start(pages.until)).unwrap();
            file.read_to_end(&mut text).unwrap();
        }
        // A line that is being written is read once it is whole.
        let whole = text.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        pages.until += whole as u64;
        for line in text[..whole].split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            pages.add(serde_json::from_slice(line).unwrap());
        }
        pages
    }
}

impl Pages {
    fn add(&mut self, line: Value) {
        let text = |name: &str| line[name].as_str().unwrap_or_default().to_owned();
        match line["line"].as_str() {
            Some("voucher") => {
                self.vouchers.insert((text("partner"), text("voucher_id")), line);
            }
            Some("notice") => {
                self.notices.insert(text("id"), text("partner"));
            }
            Some("delivered") => {
                self.delivered.insert(text("id"));
            }
            _ => {}
        }
    }
}
