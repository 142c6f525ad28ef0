//! In which order is everything tried, and what does one try leave for the next?
//!
//! Rows: P7.

use chrono::{DateTime, Utc};
use domain::money::{Amount, Currency};
use domain::partner::Product;
use domain::reward::ValueKind;
use rand::RngExt;
use secrecy::SecretString;
use uuid::Uuid;

use super::caller::{Caller, Patience};
use super::check::{Check, Checklist};
use super::listener::{Board, Listener};
use super::promises::{accounts, notices, orders, referrals, refusals, statement, token};
use super::report::{Report, Steps};
use crate::clock::real_now;
use crate::partners::protocols::{Dialect, dialect};
use crate::partners::settings::PartnerSettings;
use crate::partners::signature::Agreed;
use crate::partners::{AccountClaim, CatalogueEntry, Order};

const LETTERS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
/// What is ordered: little, and not so little that a fault could be the same by chance.
const AMOUNT_CENTS: i64 = 500;

/// What a run needs.
pub struct Kit<'a> {
    /// Who it is, and what it offers.
    pub entry: &'a CatalogueEntry,
    /// Where it is, and how we are known there.
    pub settings: &'a PartnerSettings,
    /// An account of the partner's for trying, where credits are ordered or accounts are asked.
    pub account: Option<AccountClaim>,
    /// Where its webhooks come in.
    pub listener: Option<Listener>,
    /// How long it is waited for.
    pub patience: Patience,
}

/// Why a run could not be made. Says nothing of the partner.
#[derive(Debug, thiserror::Error)]
pub enum KitError {
    /// A partner's file names a protocol that is spoken here.
    #[error("nobody here speaks the protocol of this partner")]
    NoProtocol,
    /// This machine can make no calls.
    #[error("no calls can be made from here")]
    Client(#[from] reqwest::Error),
    /// The listener's address was taken away.
    #[error("webhooks cannot be taken here")]
    Listener(#[from] std::io::Error),
}

/// Value that was ordered, and given.
pub(super) struct Given {
    pub order: Order,
    pub value_id: String,
    pub code: Option<SecretString>,
    pub at: DateTime<Utc>,
    /// What a void took off it.
    pub voided: Option<Amount>,
}

/// A run, and what it knows by now.
pub(super) struct Run<'a> {
    pub entry: &'a CatalogueEntry,
    pub dialect: Dialect,
    pub caller: Caller,
    pub list: Checklist<'a>,
    pub board: Board,
    pub account: Option<AccountClaim>,
    pub given: Vec<Given>,
}

/// Tries everything, and tells of each check as it is made.
///
/// # Errors
/// [`KitError`]; whatever the partner does is in the report.
pub async fn run(kit: Kit<'_>, tell: &(dyn Fn(&Check) + Sync)) -> Result<Report, KitError> {
    let began_at = real_now();
    let Kit { entry, settings, account, listener, patience } = kit;
    let dialect = dialect(&entry.details().protocol).ok_or(KitError::NoProtocol)?;
    let mut list = Checklist::telling(tell);
    list.hide(&settings.client_secret);
    if let Some(AccountClaim { number, security_code, .. }) = &account {
        list.hide(number);
        security_code.iter().for_each(|code| list.hide(code));
    }
    let (scheme, secrets) = (entry.webhook_scheme().clone(), settings.webhook_secrets.clone());
    let board = Board::new(Agreed { scheme, secrets }, dialect.read_notice);
    let caller = Caller::new(settings, patience)?;
    let mut run = Run { entry, dialect, caller, list, board, account, given: Vec::new() };
    let listening = match listener {
        Some(listener) => Some(listener.listen(entry.id(), run.board.clone())?),
        None => None,
    };
    if token::get(&mut run).await {
        token::turns_strangers_away(&mut run).await;
        if entry.moves_value() {
            accounts::tell(&mut run).await;
            for product in entry.products() {
                orders::of(&mut run, product).await;
                refusals::of(&mut run, product).await;
            }
            orders::are_taken_back(&mut run).await;
            let waits = listening.as_ref().map(|_| patience.webhooks);
            notices::came(&mut run, waits).await;
            statement::of_the_day(&mut run).await;
        }
        if entry.can("referrals") {
            referrals::are_taken(&mut run).await;
        }
        token::lasted(&mut run).await;
    }
    if let Some(listening) = listening {
        listening.stop().await;
    }
    let steps = Steps {
        token_obtained: run.list.has_kept(&[&token::GIVEN]),
        value_issued: !run.given.is_empty(),
        webhook_verified: run.list.has_kept(&[&notices::TOLD, &notices::SIGNED]),
        statement_reconciled: run.list.has_kept(statement::ALL),
    };
    Ok(Report::new(entry, settings, dialect.version(), (began_at, real_now()))
        .with(run.list.into_checks(), steps))
}

impl Run<'_> {
    /// An order of this product that no one has made before; none for a credit without an account.
    pub fn order(&self, product: &Product) -> Option<Order> {
        let account = match product.kind {
            ValueKind::Voucher => None,
            ValueKind::Credit => Some(self.account.as_ref()?.number.clone()),
        };
        let amount = rust_decimal::Decimal::new(AMOUNT_CENTS, 2);
        Some(Order {
            idempotency_key: Uuid::new_v4(),
            reference: reference(),
            product: product.id.clone(),
            kind: product.kind,
            amount: Amount::new(amount).unwrap_or(Amount::ZERO),
            currency: Currency::AUD,
            account,
        })
    }

    /// Where this product is ordered.
    pub fn place(&self, product: &Product) -> &'static str {
        (self.dialect.place)(product.capability.as_deref().unwrap_or_default())
    }

    /// Where a reference is looked up that nobody has.
    pub fn nobodys_reference(&self) -> String {
        let product = self.entry.products().first();
        let place = product.map_or_else(|| (self.dialect.place)(""), |first| self.place(first));
        format!("/{place}/by-reference/{}", reference())
    }
}

/// A reference as the document has it: sixteen characters that say nothing.
pub(super) fn reference() -> String {
    let mut rng = rand::rng();
    (0..16).map(|_| char::from(LETTERS[rng.random_range(0..LETTERS.len())])).collect()
}
