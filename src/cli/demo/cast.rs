//! Who is in the story, and where do they stand?

use chrono_tz::Tz;
use uuid::{Uuid, uuid};

/// A member of the demo.
#[derive(Debug, Clone, Copy)]
pub struct Person {
    /// The `sub` of their token.
    pub id: Uuid,
    /// What the story calls them; nothing of it reaches a partner.
    pub name: &'static str,
    /// Clean days on the day the story begins.
    pub days: i64,
    /// Where they live.
    pub time_zone: Tz,
    /// One line about them.
    pub about: &'static str,
}

/// Turns 30 days during the story.
pub const MIA: Person = Person {
    id: uuid!("0193a000-0000-7000-8000-000000000001"),
    name: "Mia",
    days: 29,
    time_zone: Tz::Australia__Sydney,
    about: "day 29 today; tomorrow her first month is complete",
};

/// Waits for an account.
pub const SAM: Person = Person {
    id: uuid!("0193a000-0000-7000-8000-000000000002"),
    name: "Sam",
    days: 95,
    time_zone: Tz::Australia__Melbourne,
    about: "day 95; his bill credit waits until he links an energy account",
};

/// Has a choice to claim.
pub const PRIYA: Person = Person {
    id: uuid!("0193a000-0000-7000-8000-000000000003"),
    name: "Priya",
    days: 365,
    time_zone: Tz::Australia__Brisbane,
    about: "a whole year; what she gets is her own choice",
};

/// Whose partner issues and then does not answer.
pub const JACK: Person = Person {
    id: uuid!("0193a000-0000-7000-8000-000000000004"),
    name: "Jack",
    days: 31,
    time_zone: Tz::Australia__Perth,
    about: "day 31; his shop will issue a voucher and forget to answer",
};

/// Started again.
pub const RUTH: Person = Person {
    id: uuid!("0193a000-0000-7000-8000-000000000005"),
    name: "Ruth",
    days: 40,
    time_zone: Tz::Australia__Adelaide,
    about: "forty days, then a new start last week; what she was given stays hers",
};

/// Everybody, in order of appearance.
pub const CAST: [Person; 5] = [MIA, SAM, PRIYA, JACK, RUTH];

/// How many days ago Ruth started again.
pub const RUTHS_NEW_START_DAYS: i64 = 6;

/// What the story calls a member.
#[must_use]
pub fn name_of(member: Uuid) -> &'static str {
    CAST.iter().find(|person| person.id == member).map_or("A member", |person| person.name)
}
