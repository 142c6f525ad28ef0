//! What passes the lines in this step, and is it the place where something goes wrong?
//!
//! Every line asks the stage at each side of every commit and call. The stage counts them, and
//! where the armed fault is met it does the killing and stopping itself, at that very moment: the
//! line holds what it has in its hands until that is done.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use anchor::postgres::PrivateCluster;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::fault::{Fault, Kind, Place, Side, Way};

/// How often what passed in a step.
pub type Passed = BTreeMap<String, (Kind, u32)>;

/// Where a flow is played.
pub struct Stage {
    scene: Mutex<Scene>,
    process: Mutex<Option<Pid>>,
    cluster: Arc<Mutex<Option<PrivateCluster>>>,
}

#[derive(Default)]
struct Scene {
    passed: Passed,
    armed: Option<Fault>,
    has_struck: bool,
}

impl Stage {
    /// One with this database.
    pub fn new(cluster: Arc<Mutex<Option<PrivateCluster>>>) -> Self {
        Self { scene: Mutex::default(), process: Mutex::default(), cluster }
    }

    /// Whom to kill.
    pub fn runs(&self, process: Option<u32>) {
        let id = process.and_then(|id| i32::try_from(id).ok());
        *self.process.lock().unwrap() = id.map(Pid::from_raw);
    }

    /// Kills it without a word.
    pub fn kill(&self) {
        if let Some(process) = *self.process.lock().unwrap() {
            kill(process, Signal::SIGKILL).ok();
        }
    }

    /// A step begins, in which this may go wrong.
    pub fn begin(&self, armed: Option<Fault>) {
        *self.scene.lock().unwrap() = Scene { armed, ..Scene::default() };
    }

    /// Whether it has gone wrong.
    pub fn has_struck(&self) -> bool {
        self.scene.lock().unwrap().has_struck
    }

    /// The step is over; what passed in it. What has not gone wrong by now does not any more.
    pub fn end(&self) -> Passed {
        let mut scene = self.scene.lock().unwrap();
        scene.armed = None;
        std::mem::take(&mut scene.passed)
    }

    /// Something comes along.
    pub fn meet(&self, kind: Kind, what: &str) -> Place {
        let mut scene = self.scene.lock().unwrap();
        let (_, count) = scene.passed.entry(what.to_owned()).or_insert((kind, 0));
        *count += 1;
        Place { what: what.to_owned(), nth: *count }
    }

    /// Whether the line is to be cut here; whoever is to be killed or stopped has been.
    pub async fn strikes(&self, place: &Place, side: Side) -> bool {
        let way = {
            let mut scene = self.scene.lock().unwrap();
            let is_it = |fault: &Fault| fault.place == *place && fault.side == side;
            let Some(fault) = scene.armed.take_if(|fault| is_it(fault)) else { return false };
            scene.has_struck = true;
            fault.way
        };
        match way {
            Way::Cut => {}
            Way::Kill => self.kill(),
            Way::Stop => {
                let cluster = self.cluster.clone();
                let stop = move || {
                    let mut cluster = cluster.lock().unwrap();
                    cluster.as_mut().map(PrivateCluster::crash_and_restart).transpose().unwrap()
                };
                tokio::task::spawn_blocking(stop).await.unwrap();
            }
        }
        true
    }
}
