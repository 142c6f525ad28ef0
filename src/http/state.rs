//! What do handlers have at hand? Everything that was started before the server was.
//!
//! *On the pools*: a connection lives in the runtime of the server thread that opened it and ends
//! with it; pools check a connection before they hand it out, so what outlives the server gets a
//! fresh one.
//!
//! Rows: Q2.

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::ids::PartnerId;
use domain::money::Amount;
use domain::policy::Policies;
use projections::shown::Shown;
use sqlx::PgPool;
use tokio::sync::Semaphore;

use super::caller::TrustedProxies;
use super::webhooks::gate::Gate;
use super::webhooks::strangers::Strangers;
use crate::access::TokenTrust;
use crate::clock::Clock;
use crate::inbox::Inbox;
use crate::ledger::Ledger;
use crate::partners::settings::PartnerSettings;
use crate::partners::signature::Agreements;
use crate::partners::{Catalogue, Partners};
use crate::vault::Vault;

/// What every handler can use. Cheap to clone: each server thread has one.
#[derive(Clone)]
pub struct AppState {
    /// Commands go here.
    pub ledger: Ledger,
    /// The database with the application's rights: saved answers, the inbox.
    pub pool: PgPool,
    /// Read models, for queries only; may be a replica.
    pub read_pool: PgPool,
    /// How far they are.
    pub shown: Shown,
    /// Seals what members tell, opens what is theirs.
    pub vault: Vault,
    /// Keeps what partners tell.
    pub inbox: Inbox,
    /// Which milestone is due.
    pub policies: Arc<Policies>,
    /// The ledger's time and the real one.
    pub clock: Clock,
    /// Tells people apart by their tokens.
    pub trust: TokenTrust,
    /// Every partner that is known.
    pub catalogue: Catalogue,
    /// Those that are configured.
    pub partners: BTreeMap<PartnerId, PartnerSettings>,
    /// How their notices are signed, and with what, as of now.
    pub agreements: Agreements,
    /// How many notices are let in.
    pub gate: Arc<Gate>,
    /// Who comes with wrong signatures again and again.
    pub strangers: Arc<Strangers>,
    /// How many reports are made at once: each reads the log.
    pub reports: Arc<Semaphore>,
    /// Whose word counts about where a request comes from.
    pub trusted_proxies: TrustedProxies,
    /// Calls to those that are configured.
    pub calls: Partners,
    /// From this amount on a claim needs a second factor (F4).
    pub step_up_from: Amount,
    /// From this amount on two people are needed to go on without an answer.
    pub two_person_from: Amount,
    /// How members reach a person, where that is configured.
    pub support_contact: Option<String>,
}
