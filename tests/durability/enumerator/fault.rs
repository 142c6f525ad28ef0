//! Where in a flow can something go wrong, on which side of it, and what goes wrong there?

use std::fmt;

/// What passes a line: either side of it can be hit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A transaction that has written something commits.
    Commit,
    /// A request over HTTP: to a partner, from a partner, or from a client.
    Call,
}

/// When it goes wrong, seen from a commit or a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Side {
    /// Nothing of it has been passed on.
    Before,
    /// Of a call: its headers have been passed on, and its body not.
    Amid,
    /// Of a call: all of it has been passed on, and nobody waits for the answer.
    Underway,
    /// It is done, and its answer is lost.
    After,
}

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Way {
    /// The connection is cut.
    Cut,
    /// The process is killed, and started again by whoever looks after it.
    Kill,
    /// The database stops at once, and comes back.
    Stop,
}

impl Way {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Cut, Self::Kill, Self::Stop];
}

impl Kind {
    /// From which sides it can be hit.
    pub fn sides(self) -> &'static [Side] {
        match self {
            Self::Commit => &[Side::Before, Side::After],
            Self::Call => &[Side::Before, Side::Amid, Side::Underway, Side::After],
        }
    }
}

/// One commit or call of a step: what it does, and which of those that do the same.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// What is committed or called.
    pub what: String,
    /// Which time within its step, from 1.
    pub nth: u32,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} #{}", self.what, self.nth)
    }
}

/// One thing that goes wrong, at one place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Where.
    pub place: Place,
    /// On which side.
    pub side: Side,
    /// What.
    pub way: Way,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} {:?} {}", self.way, self.side, self.place)
    }
}
