//! What is going to happen? Everything random follows from one seed, before anything is done.
//!
//! The same seed is the same plan: who sets out when and where, what they do, what goes wrong at
//! which partner, and what disturbs which spell of which worker. How two workers overlap is the
//! machine's own affair.

use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};
use uuid::Uuid;

use super::go_between::AtSend;
use super::worker::Disturbance;

pub const DAY: i64 = 86_400;
const ZONES: [&str; 5] = [
    "Australia/Sydney",
    "Australia/Perth",
    "Australia/Adelaide",
    "Australia/Darwin",
    "Australia/Brisbane",
];
const UTILITIES: [&str; 3] = ["energy-australia", "agl", "origin"];
const CARDS: [&str; 2] = ["opal", "myki"];
const SHOPS: [&str; 5] = ["woolworths", "coles", "aldi", "kmart", "target"];
const FEW: usize = 20;
const MANY: usize = 200;
/// A member sets out within so many days from the beginning.
const FIRST_DAYS: i64 = 28;

/// How much of everything goes wrong.
#[derive(Debug, Clone, Copy)]
pub struct Odds {
    /// How many faults there are for each milestone.
    pub faults: f64,
    /// At whom, when it comes to the first milestone.
    pub at_first: &'static [&'static str],
    /// Which, at which call.
    pub kinds: &'static [(&'static str, &'static str)],
    /// That a spell is disturbed, and how.
    pub disturbed: f64,
    pub disturbances: &'static [Kind],
    /// That lines to the database are cut in a step.
    pub cut: f64,
    /// That the database stops at once in a step.
    pub stop: f64,
}

/// A way to disturb a spell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Die,
    Pause,
    PauseBeforeSend,
    DieBeforeSend,
    DieAfterSend,
    DieHalfway,
}

impl Odds {
    /// Nothing goes wrong.
    pub const CALM: Self = Self {
        faults: 0.0,
        at_first: &["woolworths", "coles"],
        kinds: &[],
        disturbed: 0.0,
        disturbances: &[],
        cut: 0.0,
        stop: 0.0,
    };
    /// Everything does.
    pub const STORM: Self = Self {
        faults: 0.6,
        at_first: &["woolworths", "coles"],
        kinds: &[
            ("issue", "refuse"),
            ("issue", "rate_limit"),
            ("issue", "error_500"),
            ("issue", "slow"),
            ("issue", "timeout_before"),
            ("issue", "timeout_after"),
            ("issue", "drop"),
            ("issue", "wrong_amount"),
            ("issue", "same_code"),
            ("issue", "webhook_first"),
            ("issue", "token_revoked"),
            ("look_up", "error_500"),
            ("verify", "error_500"),
            ("webhook", "duplicate_webhook"),
            ("webhook", "webhooks_shuffled"),
        ],
        disturbed: 0.3,
        disturbances: &[
            Kind::Die,
            Kind::Die,
            Kind::Pause,
            Kind::PauseBeforeSend,
            Kind::DieBeforeSend,
            Kind::DieAfterSend,
            Kind::DieHalfway,
        ],
        cut: 0.1,
        stop: 0.01,
    };
}

/// How much is simulated.
#[derive(Debug, Clone, Copy)]
pub struct Extent {
    pub members: usize,
    pub days: i64,
}

impl Extent {
    /// What is due within so many seconds is done together. When many live at the same time
    /// something is due at any hour, and the clock would hardly move: then it is more.
    pub fn together(self) -> i64 {
        let hours = if self.members < MANY { 2 } else { 6 };
        hours * 3_600
    }

    /// A spell is up to two to the power of so many polls long: the more there are, the more there
    /// is to do in one.
    fn longest_spell(self) -> u32 {
        8 + (self.members / FEW).max(1).ilog2()
    }
}

/// Somebody on the way.
#[derive(Debug, Clone)]
pub struct Member {
    pub id: Uuid,
    pub zone: &'static str,
}

/// Something that somebody does, or that goes wrong.
#[derive(Debug, Clone)]
pub enum Deed {
    SetOut {
        days_ago: i64,
    },
    Restart,
    Check,
    Link {
        partner: &'static str,
        number: String,
    },
    Unlink {
        partner: &'static str,
    },
    Claim {
        partner: &'static str,
    },
    Reveal {
        milestone: &'static str,
    },
    /// So many hundredths of what is left.
    Spend {
        milestone: &'static str,
        share: i64,
    },
    GiveBack {
        milestone: &'static str,
    },
    Tap,
    Fault {
        partner: &'static str,
        operation: &'static str,
        kind: &'static str,
        times: u32,
    },
}

/// A deed, whose it is, and at which second from the beginning.
#[derive(Debug, Clone)]
pub struct Planned {
    pub at: i64,
    pub member: usize,
    pub deed: Deed,
}

/// All of it.
pub struct Plan {
    pub seed: u64,
    pub extent: Extent,
    pub odds: Odds,
    pub members: Vec<Member>,
    /// In the order in which it happens.
    pub deeds: Vec<Planned>,
}

impl Plan {
    /// What follows from a seed.
    pub fn from(seed: u64, extent: Extent, odds: Odds) -> Self {
        let mut dice = StdRng::seed_from_u64(seed);
        let (mut members, mut deeds) = (Vec::new(), Vec::new());
        for member in 0..extent.members {
            let id = uuid::Builder::from_random_bytes(dice.random()).into_uuid();
            members.push(Member { id, zone: ZONES.choose(&mut dice).unwrap() });
            let mut life = Life { dice: &mut dice, member, deeds: &mut deeds, odds };
            life.live();
        }
        deeds.retain(|planned| planned.at < extent.days * DAY);
        deeds.sort_by_key(|planned| planned.at);
        Self { seed, extent, odds, members, deeds }
    }

    /// What disturbs this spell, if anything does.
    pub fn disturbance(&self, spell: u64) -> Option<Disturbance> {
        let mut dice = self.dice_of(1, spell);
        if !dice.random_bool(self.odds.disturbed) {
            return None;
        }
        let seconds = dice.random_range(25..900);
        // Early as often as late: some spells are a few polls long, some hundreds or thousands.
        let polls = 1_u32 << dice.random_range(0..self.extent.longest_spell());
        let polls = dice.random_range(polls..polls * 2);
        Some(match self.odds.disturbances.choose(&mut dice)? {
            Kind::Die => Disturbance::DieAfter(polls),
            Kind::Pause => Disturbance::PauseAfter(polls, seconds),
            Kind::PauseBeforeSend => Disturbance::AtSend(AtSend::Pause, seconds),
            Kind::DieBeforeSend => Disturbance::AtSend(AtSend::DieBefore, 0),
            Kind::DieAfterSend => Disturbance::AtSend(AtSend::DieAfter, 0),
            Kind::DieHalfway => Disturbance::AtSend(AtSend::DieHalfway, 0),
        })
    }

    /// Which of the two works in this spell: both, or one.
    pub fn who_works(&self, spell: u64) -> [bool; 2] {
        match self.dice_of(4, spell).random_range(0..4) {
            0 => [true, false],
            1 => [false, true],
            _ => [true, true],
        }
    }

    /// How many answers of the database are lost in this step, on which line.
    pub fn cuts(&self, step: u64) -> Option<(usize, usize)> {
        let mut dice = self.dice_of(2, step);
        let is_cut = dice.random_bool(self.odds.cut);
        is_cut.then(|| (dice.random_range(0..3), dice.random_range(1..3)))
    }

    /// Whether the database stops at once in this step.
    pub fn stops(&self, step: u64) -> bool {
        self.dice_of(3, step).random_bool(self.odds.stop)
    }

    fn dice_of(&self, what: u64, number: u64) -> StdRng {
        let mixed = (self.seed ^ (what << 56)).wrapping_add(number.wrapping_mul(0x9e37_79b9));
        StdRng::seed_from_u64(mixed)
    }
}

/// One member's year, as it is being planned.
struct Life<'a> {
    dice: &'a mut StdRng,
    member: usize,
    deeds: &'a mut Vec<Planned>,
    odds: Odds,
}

impl Life<'_> {
    fn live(&mut self) {
        let begins = self.dice.random_range(0..FIRST_DAYS);
        let days_ago = if self.chance(0.3) { self.dice.random_range(1..20) } else { 0 };
        self.plan(begins, Deed::SetOut { days_ago });
        let first = begins - days_ago;
        let utility = *UTILITIES.choose(self.dice).unwrap();
        if self.chance(0.9) {
            let day = self.dice.random_range(begins + 1..begins + 120);
            let number = self.number("", 10);
            self.plan(day, Deed::Link { partner: utility, number });
            if self.chance(0.1) {
                let after = self.dice.random_range(day + 1..day + 60);
                self.plan(after, Deed::Unlink { partner: utility });
            }
        }
        let card = *CARDS.choose(self.dice).unwrap();
        if self.chance(0.85) {
            let day = self.dice.random_range(begins + 1..begins + 210);
            let number = match card {
                "opal" => self.number("308522", 16),
                _ => self.number("308425", 15),
            };
            self.plan(day, Deed::Link { partner: card, number });
        }
        if self.chance(0.2) {
            let day = self.dice.random_range(begins + 20..begins + 300);
            self.plan(day, Deed::Restart);
        }
        if self.chance(0.3) {
            let day = self.dice.random_range(begins + 20..begins + 300);
            self.plan(day, Deed::Check);
        }
        self.use_voucher(first + 30, "month_1");
        if self.chance(0.8) {
            let day = self.dice.random_range(first + 181..first + 250);
            self.plan(day, Deed::Tap);
        }
        let day = first + 365 + self.dice.random_range(0..6);
        let partner = SHOPS.choose(self.dice).unwrap();
        self.plan(day, Deed::Claim { partner });
        self.use_voucher(day, "year_1");
        self.go_wrong(first + 30, self.odds.at_first);
        self.go_wrong(first + 90, &[utility]);
        self.go_wrong(first + 180, &[card]);
        self.go_wrong(day, &[partner]);
    }

    fn use_voucher(&mut self, from: i64, milestone: &'static str) {
        for _ in 0..self.dice.random_range(0..3) {
            let day = self.dice.random_range(from + 1..from + 20);
            self.plan(day, Deed::Reveal { milestone });
        }
        for _ in 0..self.dice.random_range(0..3) {
            let day = self.dice.random_range(from + 1..from + 60);
            let share = *[25, 50, 100].choose(self.dice).unwrap();
            self.plan(day, Deed::Spend { milestone, share });
            if self.chance(0.2) {
                self.plan(day + 2, Deed::GiveBack { milestone });
            }
        }
    }

    fn go_wrong(&mut self, day: i64, partners: &[&'static str]) {
        let mut left = self.odds.faults;
        while left > 0.0 && self.chance(left.min(1.0)) {
            left -= 1.0;
            let partner = partners.choose(self.dice).unwrap();
            let (operation, kind) = *self.odds.kinds.choose(self.dice).unwrap();
            let times = if self.chance(0.3) { 2 } else { 1 };
            self.plan(day - 1, Deed::Fault { partner, operation, kind, times });
        }
    }

    /// A day's deeds are done at the same time of day, as it were at once.
    fn plan(&mut self, day: i64, deed: Deed) {
        let at = day.max(0) * DAY + DAY / 2;
        self.deeds.push(Planned { at, member: self.member, deed });
    }

    fn chance(&mut self, of: f64) -> bool {
        self.dice.random_bool(of)
    }

    fn number(&mut self, prefix: &str, digits: usize) -> String {
        let rest = digits - prefix.len();
        let random = self.dice.random_range(0..10_u64.pow(u32::try_from(rest).unwrap()));
        format!("{prefix}{random:0rest$}")
    }
}
