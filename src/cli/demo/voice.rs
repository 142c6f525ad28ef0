//! Who is listening? People hear everything; machines, with `--json`, the last word alone.

use std::fmt::Display;
use std::io::Write;

/// How the demo speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Voice {
    /// To people.
    Aloud,
    /// Not at all.
    Silent,
}

impl Voice {
    /// Says a line. Nobody listening any more, as after `| head`, is no reason to stop.
    pub fn say(self, line: impl Display) {
        if self == Self::Aloud {
            print(line);
        }
    }
}

/// Says a line to people and machines alike.
pub fn print(line: impl Display) {
    writeln!(std::io::stdout(), "{line}").ok();
}
