//! How far is long work? A bar on a terminal, a line every tenth elsewhere; always beside the
//! result and never in it.

use std::io::{IsTerminal as _, stderr};
use std::sync::atomic::{AtomicI64, Ordering};

use domain::ids::Position;
use indicatif::{ProgressBar, ProgressStyle};

const EVENTS: &str = "{msg} {wide_bar} {human_pos}/{human_len} events, {per_sec}, {eta} left";
const KEYS: &str = "{msg} {wide_bar} {human_pos}/{human_len} keys, {per_sec}, {eta} left";

/// Tells people how far it is.
pub struct Shown {
    what: &'static str,
    /// What is counted, as it stands before a number.
    unit: &'static str,
    bar: Option<ProgressBar>,
    told_tenths: AtomicI64,
}

impl Shown {
    /// Nothing done yet of `what`, which goes from position to position.
    pub fn of(what: &'static str) -> Self {
        Self::counting(what, "position", EVENTS)
    }

    /// Nothing done yet of `what`, which goes from key to key.
    pub fn of_keys(what: &'static str) -> Self {
        Self::counting(what, "key", KEYS)
    }

    fn counting(what: &'static str, unit: &'static str, template: &str) -> Self {
        let bar = stderr().is_terminal().then(|| {
            let style = ProgressStyle::with_template(template)
                .unwrap_or_else(|_| ProgressStyle::default_bar());
            ProgressBar::new(0).with_style(style).with_message(what)
        });
        Self { what, unit, bar, told_tenths: AtomicI64::new(-1) }
    }

    /// It has come to `reached` of `to`.
    pub fn tell(&self, reached: Position, to: Position) {
        if let Some(bar) = &self.bar {
            bar.set_length(to.0.unsigned_abs());
            bar.set_position(reached.0.unsigned_abs());
            return;
        }
        let tenths = if to.0 > 0 { reached.0 * 10 / to.0 } else { 10 };
        if self.told_tenths.swap(tenths, Ordering::Relaxed) != tenths {
            eprintln!("{}: {} {reached} of {to}", self.what, self.unit);
        }
    }
}

impl Drop for Shown {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
