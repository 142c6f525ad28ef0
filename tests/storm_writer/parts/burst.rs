//! Which aggregate makes as many events as one asks for? One that exists for storms alone.
//!
//! It writes a member's events, so that every reader and read model of Anchor can read a storm's
//! log too. Each event names the command and the attempt that made it: an attempt that was told of
//! a conflict and is stored all the same is found by its name.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use cqrs_es::Aggregate;
use cqrs_es::event_sink::EventSink;
use domain::aggregate::At;
use domain::member::{ConsentGiven, ConsentPurpose, MemberError, MemberEvent};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// How many events the stream has; nothing else matters in a storm.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Burst {
    events: u64,
}

/// So many events at once.
#[derive(Debug, Clone)]
pub struct Wish {
    /// Whose.
    pub command: Uuid,
    /// How many.
    pub events: usize,
    /// How often it has been decided.
    pub attempts: Arc<AtomicU32>,
}

impl Wish {
    /// A new one.
    pub fn of(events: usize) -> Self {
        Self { command: Uuid::now_v7(), events, attempts: Arc::default() }
    }

    /// How often it has been decided by now.
    pub fn decided(&self) -> u32 {
        self.attempts.load(Ordering::SeqCst)
    }
}

impl Aggregate for Burst {
    const TYPE: &'static str = MemberEvent::STREAM;
    type Command = At<Wish>;
    type Event = MemberEvent;
    type Error = MemberError;
    type Services = ();

    async fn handle(
        &mut self,
        wish: Self::Command,
        (): &Self::Services,
        sink: &EventSink<Self>,
    ) -> Result<(), Self::Error> {
        let Wish { command, events, attempts } = wish.command;
        let attempt = attempts.fetch_add(1, Ordering::SeqCst) + 1;
        for _ in 0..events {
            let given = ConsentGiven {
                purpose: ConsentPurpose::Link,
                partner_id: "agl".parse().unwrap(),
                text_version: format!("{command}/{attempt}"),
                occurred_at: wish.at,
            };
            sink.write(given.into(), self).await;
        }
        Ok(())
    }

    fn apply(&mut self, _: Self::Event) {
        self.events += 1;
    }
}
