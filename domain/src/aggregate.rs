//! How do pure rules become a cqrs-es aggregate? By an adapter of a few lines.
//!
//! Every aggregate has `decide(&self, command, at) -> Result<Vec<Event>, Error>` and
//! `evolve(&mut self, &Event)`; both are pure. The adapter decides, then hands each event to the
//! framework, which evolves the state by it. There are no services: nothing that a retry would do
//! twice can happen in here.

use chrono::{DateTime, Utc};

/// A command and the instant at which it is decided, by the ledger's clock.
#[derive(Debug, Clone)]
pub struct At<C> {
    /// When.
    pub at: DateTime<Utc>,
    /// What is wished.
    pub command: C,
}

/// Implements cqrs-es's `Aggregate` over `decide` and `evolve`.
macro_rules! aggregate {
    ($state:ident: $command:ident -> $event:ident | $error:ident) => {
        impl cqrs_es::Aggregate for $state {
            const TYPE: &'static str = $event::STREAM;
            type Command = crate::aggregate::At<$command>;
            type Event = $event;
            type Error = $error;
            type Services = ();

            async fn handle(
                &mut self,
                wish: Self::Command,
                (): &Self::Services,
                sink: &cqrs_es::event_sink::EventSink<Self>,
            ) -> Result<(), Self::Error> {
                for event in self.decide(wish.command, wish.at)? {
                    sink.write(event, self).await;
                }
                Ok(())
            }

            fn apply(&mut self, event: Self::Event) {
                self.evolve(&event);
            }
        }
    };
}
pub(crate) use aggregate;
