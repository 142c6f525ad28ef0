//! Does any commit or call of a full flow leave anything behind that should not be, whatever goes
//! wrong there?
//!
//! First every flow is played undisturbed, twice: what passes the lines both times is what can be
//! hit. Then it is played again and again with something going wrong in every step, in several
//! houses at once, until each fault has struck. A fault whose place did not come along (reads of
//! several events share a commit when they meet) is tried again in an Anchor that begins anew.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use futures::future::join_all;

use super::fault::{Fault, Kind, Place, Way};
use super::flow::{FLOWS, Step};
use super::house::House;
use super::plays::{Play, Played};
use super::stage::Passed;

/// Houses at once: most of the time each of them waits.
const HOUSES: usize = 3;
/// After so many faults what takes longer is checked.
const FAULTS_A_CHECK: usize = 25;
/// A place that did not come along so often is not there.
const TRIES: u32 = 5;
/// Ordinarily one of so many places is hit: all of them take longer than anybody waits for.
const SHARE: u64 = 4;

/// Which faults are played.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Choice {
    /// Every way at every side of every place; or one part of them, of so many.
    All {
        /// Which part, from 0.
        part: usize,
        /// Of how many.
        of: usize,
    },
    /// One way at one side of every place, or of one in so many; which, turns with the seed.
    OneEach {
        /// Which.
        seed: u64,
        /// Of how many places one is hit.
        of: u64,
    },
}

/// What an enumeration came to.
#[derive(Debug, Default)]
pub struct Told {
    /// Places, per step.
    pub places: BTreeMap<Step, usize>,
    /// How many faults struck.
    pub struck: BTreeMap<Way, usize>,
    /// Which never did.
    pub never: Vec<String>,
    /// What was broken.
    pub broken: Vec<String>,
    /// How long it took.
    pub took: Duration,
}

type Key = (usize, Step);
type Waiting = BTreeMap<Key, VecDeque<(Fault, u32)>>;

/// Plays all that is chosen.
pub async fn enumerate(choice: Choice) -> Told {
    let begun = Instant::now();
    let mut told = Told::default();
    let house = House::open().await;
    let waiting = match faults(&house, choice, &mut told).await {
        Ok(waiting) => Mutex::new(waiting),
        Err(broken) => return Told { broken, ..told },
    };
    let told = Mutex::new(told);
    let further =
        (1..HOUSES).map(|_| async { play_in(House::open().await, &waiting, &told).await });
    tokio::join!(play_in(house, &waiting, &told), join_all(further));
    let mut told = told.into_inner().unwrap();
    told.took = begun.elapsed();
    told
}

/// Plays every flow undisturbed, and lists what can go wrong in it.
async fn faults(house: &House, choice: Choice, told: &mut Told) -> Result<Waiting, Vec<String>> {
    let mut waiting = Waiting::new();
    let mut counted = 0;
    for (number, flow) in FLOWS.iter().enumerate() {
        let play = Play { steps: flow.iter().map(|step| (*step, None)).collect() };
        let first = play.at(house).await;
        house.start_again().await;
        let second = play.at(house).await;
        if !(first.broken.is_empty() && second.broken.is_empty()) {
            return Err([first.broken, second.broken].concat());
        }
        for step in *flow {
            // The way to the last step of a flow has been gone in another one.
            if number > 0 && *step == Step::SetOut {
                continue;
            }
            let places = in_both(&first.passed[step], &second.passed[step]);
            told.places.insert(*step, places.len());
            let key = (number, *step);
            let chosen = chosen(&places, choice, &mut counted);
            waiting.insert(key, chosen.into_iter().map(|fault| (fault, 0)).collect());
        }
    }
    Ok(waiting)
}

/// What passed both times, and so is sure to pass again.
fn in_both(first: &Passed, second: &Passed) -> Vec<(Kind, Place)> {
    let mut places = Vec::new();
    for (what, (kind, count)) in first {
        let (_, other) = second.get(what).copied().unwrap_or((*kind, 0));
        let each = (1..=other.min(*count)).map(|nth| (*kind, Place { what: what.clone(), nth }));
        places.extend(each);
    }
    places
}

/// Those of a step's faults that are played; how many there are is counted on over the steps.
fn chosen(places: &[(Kind, Place)], choice: Choice, counted: &mut usize) -> Vec<Fault> {
    let each = places.iter().enumerate().map(|(number, (kind, place))| {
        let all = kind
            .sides()
            .iter()
            .flat_map(|side| Way::ALL.map(|way| Fault { place: place.clone(), side: *side, way }));
        let mut all: Vec<Fault> = all.collect();
        match choice {
            Choice::All { part, of } => all.retain(|_| {
                *counted += 1;
                *counted % of == part
            }),
            Choice::OneEach { seed, of }
                if !seed.wrapping_add(number as u64).is_multiple_of(of) =>
            {
                all.clear();
            }
            Choice::OneEach { seed, .. } => {
                // Spread out, so that neighbours are hit in different ways.
                let turn = (seed ^ number as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32;
                all = vec![all[usize::try_from(turn).unwrap_or(0) % all.len()].clone()];
            }
        }
        all
    });
    each.flatten().collect()
}

async fn play_in(mut house: House, waiting: &Mutex<Waiting>, told: &Mutex<Told>) {
    let mut unchecked = Vec::new();
    while let Some((number, play, tries)) = next(waiting) {
        if tries.values().any(|tries| *tries > 0) {
            house.start_again().await;
        }
        let played = play.at(&house).await;
        unchecked.extend(played.struck.iter().map(|(_, fault)| fault.to_string()));
        note(&played, (number, &tries), waiting, &mut told.lock().unwrap());
        let is_broken = !played.broken.is_empty();
        let is_due = is_broken || unchecked.len() >= FAULTS_A_CHECK;
        let is_sound = !is_due || check_for_good(&house, &mut unchecked, told).await;
        if is_broken || !is_sound {
            // What is broken stays so: the next play begins in a sound house.
            house.close().await;
            house = House::open().await;
        }
    }
    check_for_good(&house, &mut unchecked, told).await;
    house.close().await;
}

/// Whether nothing is broken of what takes longer to find out.
async fn check_for_good(house: &House, after: &mut Vec<String>, told: &Mutex<Told>) -> bool {
    let broken = house.broken_for_good().await;
    let after = std::mem::take(after);
    let tell = broken.iter().map(|what| format!("after one of {after:?}: {what}"));
    told.lock().unwrap().broken.extend(tell.inspect(|what| println!("BROKEN {what}")));
    broken.is_empty()
}

type Tries = BTreeMap<Step, u32>;

/// The flow with most left to go wrong, up to its last step with any; one fault in each step.
fn next(waiting: &Mutex<Waiting>) -> Option<(usize, Play, Tries)> {
    let mut waiting = waiting.lock().unwrap();
    let left = |number: usize| {
        let of = waiting.iter().filter(|((flow, _), _)| *flow == number);
        of.map(|(_, faults)| faults.len()).max().unwrap_or(0)
    };
    let number = (0..FLOWS.len()).max_by_key(|number| left(*number)).filter(|n| left(*n) > 0)?;
    let last = FLOWS[number].iter().rposition(|step| {
        waiting.get(&(number, *step)).is_some_and(|faults| !faults.is_empty())
    })?;
    let mut tries = Tries::new();
    let mut steps = Vec::new();
    for step in &FLOWS[number][..=last] {
        let fault = waiting.get_mut(&(number, *step)).and_then(VecDeque::pop_front);
        if let Some((_, before)) = &fault {
            tries.insert(*step, *before);
        }
        steps.push((*step, fault.map(|(fault, _)| fault)));
    }
    Some((number, Play { steps }, tries))
}

fn note(
    played: &Played,
    (number, tries): (usize, &Tries),
    waiting: &Mutex<Waiting>,
    told: &mut Told,
) {
    for (_, fault) in &played.struck {
        *told.struck.entry(fault.way).or_default() += 1;
    }
    let struck: Vec<String> =
        played.struck.iter().map(|(step, fault)| format!("{step:?}: {fault}")).collect();
    println!("{struck:?}");
    for (step, fault) in &played.missed {
        let tries = tries[step] + 1;
        if tries < TRIES {
            let mut waiting = waiting.lock().unwrap();
            waiting.entry((number, *step)).or_default().push_back((fault.clone(), tries));
        } else {
            told.never.push(format!("{step:?}: {fault}"));
        }
    }
    for what in &played.broken {
        println!("BROKEN {what}");
    }
    told.broken.extend(played.broken.iter().cloned());
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_goes_wrong_at_any_commit_or_call_nothing_is_lost_doubled_or_left_waiting() {
    let variable = |name: &str| std::env::var(name).ok();
    let seed = variable("ANCHOR_FAULT_SEED").map_or(1, |seed| seed.parse().unwrap());
    let choice = match (variable("ANCHOR_EVERY_FAULT"), variable("ANCHOR_EVERY_PLACE")) {
        (Some(part), _) => {
            let (part, of) = part.split_once('/').unwrap_or(("1", "1"));
            let of: usize = of.parse().unwrap();
            Choice::All { part: part.parse::<usize>().unwrap() % of, of }
        }
        (None, Some(_)) => Choice::OneEach { seed, of: 1 },
        (None, None) => Choice::OneEach { seed, of: SHARE },
    };
    println!("{choice:?}");
    let told = enumerate(choice).await;
    println!("{told:#?}");
    assert!(told.broken.is_empty(), "{choice:?}: {:#?}", told.broken);
    let struck: usize = told.struck.values().sum();
    assert!(told.never.len() * 10 < struck, "hardly any place stays away: {:#?}", told.never);
}
