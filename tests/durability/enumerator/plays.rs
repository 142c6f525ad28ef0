//! How is a flow played with its faults? One fault at most in each step; after each step everything
//! comes to rest and is held against the invariants.

use std::collections::BTreeMap;

use secrecy::ExposeSecret;

use super::asking::until;
use super::fault::Fault;
use super::flow::{Step, Walk};
use super::house::House;
use super::stage::Passed;
use crate::invariants::{self, Evidence, Taken, views};

/// A flow, and what is to go wrong in it.
#[derive(Debug, Default, Clone)]
pub struct Play {
    /// Its steps, in order.
    pub steps: Vec<(Step, Option<Fault>)>,
}

/// What a play came to.
#[derive(Debug, Default)]
pub struct Played {
    /// What passed in which step.
    pub passed: BTreeMap<Step, Passed>,
    /// Which faults struck.
    pub struck: Vec<(Step, Fault)>,
    /// Which were never met.
    pub missed: Vec<(Step, Fault)>,
    /// Which invariants were broken, after which fault.
    pub broken: Vec<String>,
}

impl Play {
    /// Plays it with somebody new. What is broken ends it: the rest says nothing any more.
    pub async fn at(&self, house: &House) -> Played {
        let mut played = Played::default();
        let mut walk = Walk::begin(house);
        for (step, fault) in &self.steps {
            let head = house.head().await;
            house.stage.begin(fault.clone());
            let mut broken = walk.take(*step).await.err().map(|what| vec![what]);
            let rested = house.until_at_rest().await;
            if broken.is_none() {
                broken = rested.err().map(|what| vec![what]);
            }
            let has_struck = house.stage.has_struck();
            played.passed.insert(*step, house.stage.end());
            if let Some(fault) = fault {
                let list = if has_struck { &mut played.struck } else { &mut played.missed };
                list.push((*step, fault.clone()));
            }
            let broken = match broken {
                Some(broken) => broken,
                None => house.broken(&walk, head).await,
            };
            if !broken.is_empty() {
                let fault = fault.as_ref().map_or("nothing".to_owned(), Fault::to_string);
                let tell = |what| format!("after {fault} in {step:?}: {what}");
                played.broken = broken.into_iter().map(tell).collect();
                return played;
            }
        }
        house.remember(walk.secrets);
        played
    }
}

/// What is still to do, but for what waits for a person or for its day.
const LEFT: &str = "
    SELECT format('projection %s at %s', name, position) FROM checkpoints
     WHERE schema = 'read'
       AND position < (SELECT coalesce(max(last_position), 0) FROM ledger_batches)
    UNION ALL
    SELECT format('reward %s: %s at %s', reward_id, step, next_at) FROM read.reward_todo
     WHERE step IN ('issue', 'resolve') AND next_at < 'infinity'
        OR step IN ('choose', 'expire') AND next_at < ledger_now() + interval '5 minutes'
    UNION ALL
    SELECT format('recall of %s at %s', reward_id, next_at) FROM read.recall_todo
     WHERE next_at < 'infinity'
    UNION ALL
    SELECT format('account %s: %s at %s', account_id, step, next_at) FROM read.account_todo
     WHERE step IN ('verify', 'unlink') AND next_at < 'infinity'
    UNION ALL
    SELECT format('journey %s at %s', member_id, next_at) FROM read.journey_todo
     WHERE next_at <= ledger_now() OR lease_owner IS NOT NULL
    UNION ALL
    SELECT format('webhook %s of %s: %s', kind, partner_id, reason) FROM inbox WHERE state = 'new'
    UNION ALL
    SELECT format('message %s', kind) FROM messages
     WHERE state = 'waiting' AND next_at <= ledger_now()";

impl House {
    /// Where the log ends.
    pub async fn head(&self) -> i64 {
        let sql = "SELECT coalesce(max(last_position), 0) FROM ledger_batches";
        let head = async || sqlx::query_scalar(sql).fetch_one(&self.owner).await;
        self.behind_the_scenes(head).await.unwrap_or(0)
    }

    /// Waits until nothing is left to do, and the partners have nothing left to tell.
    pub async fn until_at_rest(&self) -> Result<(), String> {
        let mut left = Vec::new();
        let at_rest = async || {
            let found: Result<Vec<String>, _> =
                sqlx::query_scalar(LEFT).fetch_all(&self.owner).await;
            let Ok(found) = found else { return false };
            left = found;
            left.extend(self.untold().await);
            left.is_empty()
        };
        let waited = self.until("everything is at rest", at_rest).await;
        waited.map_err(|vain| format!("{vain}: {left:?}"))?;
        let is_ready =
            async || self.http.get(format!("{}/health/ready", self.base)).send().await.is_ok();
        until("it is ready", is_ready).await
    }

    /// Webhooks that a partner knows and Anchor has not taken.
    async fn untold(&self) -> Option<String> {
        let known = self.taken().len();
        let waiting = self.books("book").await["undelivered"].as_array().map_or(0, Vec::len);
        (waiting > 0).then(|| format!("{waiting} webhooks are on their way, {known} came"))
    }

    /// Every webhook that was taken, by Anchor's own word.
    pub fn taken(&self) -> Vec<Taken> {
        let taken =
            self.webhooks.answered().into_iter().filter(|a| (200..300).contains(&a.status));
        taken
            .filter_map(|answered| {
                let path = answered.asked.split(' ').nth(1)?.to_owned();
                let partner = path.rsplit('/').next()?.to_owned();
                Some(Taken { partner, id: answered.webhook_id? })
            })
            .collect()
    }

    /// What is broken now.
    async fn broken(&self, walk: &Walk<'_>, head_before: i64) -> Vec<String> {
        let (book, taken) = (self.books("book").await, self.taken());
        let evidence = Evidence {
            pool: &self.owner,
            book: &book,
            acknowledged: &walk.acknowledged,
            taken: &taken,
            head_before,
        };
        let asked = self.behind_the_scenes(async || invariants::broken(&evidence).await).await;
        asked.unwrap_or_else(|vain| vec![vain])
    }

    /// What is broken of all that was played here so far, in what takes longer to find out: what
    /// is wrong once in a read model, a dump or a log stays so.
    pub async fn broken_for_good(&self) -> Vec<String> {
        let is_secret = |name: &str| name.contains("SECRET") || name == "ENCRYPTION_KEY";
        let known = self.variables.iter().filter(|(name, _)| is_secret(name));
        let mut secrets: Vec<_> =
            known.map(|(name, value)| (name.clone(), value.clone())).collect();
        secrets.extend(self.remembered());
        let (url, said) = (self.direct.expose_secret(), self.said());
        let mut broken = views::read_models_are_what_a_rebuild_comes_to(&self.owner).await;
        let found = views::no_secret_is_in_a_dump_or_in_what_was_said(url, &said, &secrets).await;
        broken.extend(found);
        broken
    }
}
