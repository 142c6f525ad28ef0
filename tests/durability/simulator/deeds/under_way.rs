//! Which deeds are under way? Many at once; and whoever waits long for an answer holds up nobody.
//!
//! A member who claims while the partner puts everybody off waits at the door for seconds, and
//! meanwhile the year goes on. What cannot be done yet is done on a later day, a few times.

use std::sync::Arc;

use futures::future::join_all;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::{Acknowledged, Done, perform};
use crate::simulator::plan::{DAY, Deed, Member, Planned};
use crate::simulator::world::World;

/// What was not possible is done so often on a later day.
const OTHER_DAYS: u32 = 12;
/// What can be done at once at the door.
const AT_ONCE: usize = 16;

/// A deed that has been done, in which step it was begun, and how often before.
type Ended = (u64, Planned, u32, Done);

/// Deeds, from their beginning to what became of them.
pub struct UnderWay {
    world: Arc<World>,
    members: Arc<Vec<Member>>,
    at_once: Arc<Semaphore>,
    running: JoinSet<Ended>,
    step: u64,
    of_this_step: usize,
    /// What was not possible, with how often it was tried.
    postponed: Vec<(Planned, u32)>,
    /// What was said yes to.
    pub acknowledged: Vec<Acknowledged>,
    pub deeds: u64,
    pub faults: u64,
}

impl UnderWay {
    pub fn new(world: Arc<World>, members: Vec<Member>) -> Self {
        Self {
            world,
            members: Arc::new(members),
            at_once: Arc::new(Semaphore::new(AT_ONCE)),
            running: JoinSet::new(),
            step: 0,
            of_this_step: 0,
            postponed: Vec::new(),
            acknowledged: Vec::new(),
            deeds: 0,
            faults: 0,
        }
    }

    /// What was put off until now.
    pub fn put_off_until(&mut self, at: i64) -> Vec<(Planned, u32)> {
        self.postponed.extract_if(.., |(planned, _)| planned.at <= at).collect()
    }

    /// When the next of what was put off is to be done.
    pub fn next(&self) -> Option<i64> {
        self.postponed.iter().map(|(planned, _)| planned.at).min()
    }

    /// Begins these. What goes wrong at the partners does so before whoever it is meant for comes.
    pub async fn begin(&mut self, deeds: Vec<(Planned, u32)>) {
        self.step += 1;
        let is_fault = |(planned, _): &(Planned, u32)| matches!(planned.deed, Deed::Fault { .. });
        let (faults, others): (Vec<_>, Vec<_>) = deeds.into_iter().partition(is_fault);
        let member = |planned: &Planned| &self.members[planned.member];
        let all = faults.iter().map(|(fault, _)| perform(&self.world, member(fault), &fault.deed));
        join_all(all).await;
        self.faults += faults.len() as u64;
        self.deeds += faults.len() as u64;
        self.of_this_step = others.len();
        for (planned, tries) in others {
            let (world, members) = (self.world.clone(), self.members.clone());
            let (step, at_once) = (self.step, self.at_once.clone());
            self.running.spawn(async move {
                let _place = at_once.acquire_owned().await.expect("it is never closed");
                let done = perform(&world, &members[planned.member], &planned.deed).await;
                (step, planned, tries, done)
            });
        }
    }

    /// Takes note of those that have ended; answers whether one of this step has not.
    pub fn is_any_open(&mut self) -> bool {
        while let Some(ended) = self.running.try_join_next() {
            self.note(ended.expect("a deed is done"));
        }
        self.of_this_step > 0
    }

    /// Waits for all of them.
    pub async fn end(&mut self) {
        while let Some(ended) = self.running.join_next().await {
            self.note(ended.expect("a deed is done"));
        }
    }

    fn note(&mut self, (step, planned, tries, done): Ended) {
        self.of_this_step -= usize::from(step == self.step);
        self.deeds += 1;
        match done {
            Done::Acknowledged(acknowledged) => self.acknowledged.push(acknowledged),
            Done::NotYet if tries < OTHER_DAYS => {
                self.postponed.push((Planned { at: planned.at + DAY, ..planned }, tries + 1));
            }
            Done::Nothing | Done::NotYet => {}
        }
    }
}
