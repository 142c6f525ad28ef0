//! How is a partner spoken to, whichever protocol it is? Orders, look-ups by our reference, account
//! checks and questions, each answer classed in one place.
//!
//! Rows: P10, D4, R4, C1.

use std::collections::BTreeMap;
use std::marker::PhantomData;
use std::time::Instant;

use async_trait::async_trait;
use chrono::NaiveDate;
use domain::ids::PartnerId;
use reqwest::StatusCode;
use secrecy::ExposeSecret;
use serde_json::json;

use super::answers::{
    error_of, file_of, outcome_of, referred_of, told, told_of, verdict_of, voided_of,
};
use crate::partners::calls::{Answer, NoAnswer, digest};
use crate::partners::catalogue::CatalogueEntry;
use crate::partners::connection::{Call, Connection};
use crate::partners::outcome::{Accepted, LookUp, Outcome, Voided};
use crate::partners::partner::{
    AccountClaim, Balance, NotTold, Notice, Order, Partner, Prepared, Referral, Referred,
    UnreadableNotice, Verdict, VoucherToVoid,
};
use crate::partners::question::{Told, Topic};

/// Looked up to see whether anybody answers: no order ever has it.
const NO_REFERENCE: &str = "AAAAAAAAAAAAAAAA";

/// What differs from protocol to protocol.
pub(super) trait Dialect: Send + Sync + 'static {
    /// Where orders of a capability go, such as `vouchers`.
    fn place(capability: &str) -> &'static str;

    /// Whether what was ordered at this place can be taken back.
    fn takes_back(place: &str) -> bool;

    /// The bytes of an order: the same for the same order, always.
    fn body(order: &Order) -> Vec<u8>;

    /// The value of a good answer, if it is what was ordered.
    ///
    /// # Errors
    /// A code: something may exist that was not ordered.
    fn accepted(answer: &Answer, order: &Order) -> Result<Accepted, &'static str>;

    /// Reads a webhook's body.
    ///
    /// # Errors
    /// [`UnreadableNotice`], when it is not what the protocol documents.
    fn read_notice(body: &[u8]) -> Result<Notice, UnreadableNotice>;
}

/// An id of a partner's as one piece of an address: whatever it holds, it leads nowhere else. None
/// for dots alone, which lead elsewhere however they are written.
pub(super) fn segment(id: &str) -> Option<String> {
    if matches!(id, "" | "." | "..") {
        return None;
    }
    let mut piece = String::with_capacity(id.len());
    for byte in id.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~') {
            piece.push(char::from(byte));
        } else {
            piece.push('%');
            piece.push_str(&hex::encode_upper([byte]));
        }
    }
    Some(piece)
}

/// A partner that speaks `D`.
pub(super) struct Speaker<D> {
    connection: Connection,
    /// Where each product is ordered.
    places: BTreeMap<String, &'static str>,
    dialect: PhantomData<fn() -> D>,
}

impl<D: Dialect> Speaker<D> {
    pub fn new(entry: &CatalogueEntry, connection: Connection) -> Self {
        let place = |capability: Option<&String>| D::place(capability.map_or("", String::as_str));
        let places = entry
            .products()
            .iter()
            .map(|product| (product.id.clone(), place(product.capability.as_ref())))
            .collect();
        Self { connection, places, dialect: PhantomData }
    }

    fn place(&self, product: &str) -> &'static str {
        self.places.get(product).copied().unwrap_or_else(|| D::place(""))
    }

    async fn ask_about(
        &self,
        account: &AccountClaim,
        topic: Topic,
        deadline: Instant,
    ) -> Result<Answer, NoAnswer> {
        let body = json!({ "account_number": account.number.expose_secret() });
        let path = format!("/accounts/{}", topic.as_str());
        let call = Call::post(&path, body.to_string().into_bytes());
        match &account.grant {
            Some(grant) => self.connection.call_for(&call, grant, deadline).await,
            None => self.connection.call(&call, deadline).await,
        }
    }
}

#[async_trait]
impl<D: Dialect> Partner for Speaker<D> {
    fn id(&self) -> &PartnerId {
        self.connection.id()
    }

    fn prepare(&self, order: &Order) -> Prepared {
        let body = D::body(order);
        let digest = digest(&body);
        Prepared { body, digest }
    }

    async fn issue(&self, order: &Order, deadline: Instant) -> Outcome {
        let path = format!("/{}", self.place(&order.product));
        let call = Call::post(&path, D::body(order)).once_under(order.idempotency_key.to_string());
        let answer = self.connection.call(&call, deadline).await;
        outcome_of(answer, |answer| D::accepted(answer, order))
    }

    async fn look_up(&self, order: &Order, deadline: Instant) -> LookUp {
        let path = format!("/{}/by-reference/{}", self.place(&order.product), order.reference);
        let answer = match self.connection.call(&Call::get(&path), deadline).await {
            Ok(answer) => answer,
            Err(NoAnswer::NotSent(why) | NoAnswer::Lost(why)) => return LookUp::Unknown { why },
        };
        match answer.status {
            StatusCode::OK => match D::accepted(&answer, order) {
                Ok(accepted) => LookUp::Found(accepted),
                Err(why) => LookUp::Unknown { why },
            },
            StatusCode::NOT_FOUND if error_of(&answer).is_some_and(|e| e.code == "not_found") => {
                LookUp::NotFound
            }
            _ => LookUp::Unknown { why: "look_up_failed" },
        }
    }

    async fn verify(&self, account: &AccountClaim, deadline: Instant) -> Verdict {
        let code = account.security_code.as_ref().map(ExposeSecret::expose_secret);
        let number = account.number.expose_secret();
        let body = json!({ "account_number": number, "security_code": code }).to_string();
        let call = Call::post("/accounts/verify", body.into_bytes());
        verdict_of(self.connection.call(&call, deadline).await)
    }

    async fn ask(
        &self,
        account: &AccountClaim,
        topic: Topic,
        deadline: Instant,
    ) -> Result<Told, NotTold> {
        told_of(topic, self.ask_about(account, topic, deadline).await)
    }

    async fn refer(&self, referral: &Referral, deadline: Instant) -> Referred {
        let name = referral.name.as_ref().map(ExposeSecret::expose_secret);
        let body = json!({ "email": referral.email.expose_secret(), "name": name }).to_string();
        let call = Call::post("/referrals", body.into_bytes());
        let call = call.once_under(referral.id.to_string());
        referred_of(self.connection.call(&call, deadline).await)
    }

    async fn voucher_balance(
        &self,
        product: &str,
        voucher_id: &str,
        deadline: Instant,
    ) -> Result<Balance, NotTold> {
        let id = segment(voucher_id).ok_or(NotTold("id_not_in_an_address"))?;
        let path = format!("/{}/{id}/balance", self.place(product));
        told(self.connection.call(&Call::get(&path), deadline).await)
    }

    async fn void(&self, voucher: &VoucherToVoid, deadline: Instant) -> Voided {
        let place = self.place(&voucher.product);
        if !D::takes_back(place) {
            return Voided::Refused { code: "not_offered".to_owned() };
        }
        let Some(id) = segment(&voucher.voucher_id) else {
            return Voided::NotSaid { why: "id_not_in_an_address", retry_after: None };
        };
        let path = format!("/{place}/{id}/void");
        let call = Call::post_empty(&path);
        let call = call.once_under(voucher.idempotency_key.to_string());
        voided_of(self.connection.call(&call, deadline).await, &voucher.voucher_id)
    }

    async fn statement(&self, day: NaiveDate, deadline: Instant) -> Result<Vec<u8>, NotTold> {
        let path = format!("/statements/{day}");
        file_of(self.connection.call(&Call::get(&path).for_a_file(), deadline).await)
    }

    async fn is_there(&self, deadline: Instant) -> bool {
        let path = format!("/{}/by-reference/{NO_REFERENCE}", D::place(""));
        let answer = self.connection.call(&Call::get(&path), deadline).await;
        answer.is_ok_and(|answer| !answer.status.is_server_error())
    }

    fn read_notice(&self, body: &[u8]) -> Result<Notice, UnreadableNotice> {
        D::read_notice(body)
    }
}
