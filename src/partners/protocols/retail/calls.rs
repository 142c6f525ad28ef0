//! What is asked of a shop, and what does each answer mean?
//!
//! | answer | class |
//! | --- | --- |
//! | 200, 201 with what was ordered | accepted |
//! | 400, 404, 422 with the documented body | refused |
//! | 401 | the token is fetched anew and the same bytes go out once more |
//! | 401 again, 403 with the documented body | not let in |
//! | 429 and 503 with the documented body | deferred: documented as not processed |
//! | everything else | unknown |
//!
//! Rows: P2, D2, D4.

use std::time::Instant;

use async_trait::async_trait;
use domain::ids::PartnerId;
use reqwest::StatusCode;
use reqwest::header::CONTENT_TYPE;
use secrecy::{ExposeSecret, SecretString};

use super::wire::{BalanceIn, ErrorBody, ErrorIn, OrderOut, VoucherIn, read_notice};
use crate::partners::calls::{Answer, NoAnswer, digest, send};
use crate::partners::catalogue::CatalogueEntry;
use crate::partners::oauth::{NoToken, Tokens};
use crate::partners::outcome::{Accepted, LookUp, NewVoucher, Outcome};
use crate::partners::partner::{Balance, Notice, Order, Partner, Prepared, UnreadableNotice};
use crate::partners::settings::PartnerSettings;
use crate::vault::Vault;

/// A shop that speaks the retail protocol.
pub struct Retail {
    id: PartnerId,
    base: String,
    http: reqwest::Client,
    tokens: Tokens,
}

impl Retail {
    /// A caller for this partner.
    #[must_use]
    pub fn new(
        entry: &CatalogueEntry,
        settings: PartnerSettings,
        http: reqwest::Client,
        vault: Vault,
    ) -> Self {
        let base = settings.api_url.as_str().trim_end_matches('/').to_owned();
        let tokens = Tokens::new(entry.id().clone(), settings, http.clone(), vault);
        Self { id: entry.id().clone(), base, http, tokens }
    }

    async fn post_order(
        &self,
        order: &Order,
        token: &SecretString,
        deadline: Instant,
    ) -> Result<Answer, NoAnswer> {
        let request = self
            .http
            .post(format!("{}/vouchers", self.base))
            .bearer_auth(token.expose_secret())
            .header("Idempotency-Key", order.idempotency_key.to_string())
            .header(CONTENT_TYPE, "application/json")
            .body(self.prepare(order).body);
        send(request, deadline).await
    }

    async fn get(&self, path: &str, deadline: Instant) -> Result<Answer, &'static str> {
        let mut token = self.tokens.get(deadline).await.map_err(|NoToken(why)| why)?;
        for is_last in [false, true] {
            let request =
                self.http.get(format!("{}{path}", self.base)).bearer_auth(token.expose_secret());
            let answer = send(request, deadline).await.map_err(|no_answer| match no_answer {
                NoAnswer::NotSent(why) | NoAnswer::Lost(why) => why,
            })?;
            if answer.status != StatusCode::UNAUTHORIZED || is_last {
                return Ok(answer);
            }
            self.tokens.reject(&token).await;
            token = self.tokens.get(deadline).await.map_err(|NoToken(why)| why)?;
        }
        Err("token_refused")
    }
}

#[async_trait]
impl Partner for Retail {
    fn id(&self) -> &PartnerId {
        &self.id
    }

    fn prepare(&self, order: &Order) -> Prepared {
        let body = serde_json::to_vec(&OrderOut::of(order)).expect("four plain fields");
        let digest = digest(&body);
        Prepared { body, digest }
    }

    async fn issue(&self, order: &Order, deadline: Instant) -> Outcome {
        let mut token = match self.tokens.get(deadline).await {
            Ok(token) => token,
            Err(NoToken(why)) => return Outcome::Deferred { why, retry_after: None },
        };
        let mut answer = self.post_order(order, &token, deadline).await;
        if matches!(&answer, Ok(answer) if answer.status == StatusCode::UNAUTHORIZED) {
            self.tokens.reject(&token).await;
            token = match self.tokens.get(deadline).await {
                Ok(token) => token,
                Err(NoToken(why)) => return Outcome::Deferred { why, retry_after: None },
            };
            answer = self.post_order(order, &token, deadline).await;
        }
        match answer {
            Ok(answer) => outcome_of(&answer, order),
            Err(NoAnswer::NotSent(why)) => Outcome::Deferred { why, retry_after: None },
            Err(NoAnswer::Lost(why)) => Outcome::Unknown { why },
        }
    }

    async fn look_up(&self, order: &Order, deadline: Instant) -> LookUp {
        let path = format!("/vouchers/by-reference/{}", order.reference);
        let answer = match self.get(&path, deadline).await {
            Ok(answer) => answer,
            Err(why) => return LookUp::Unknown { why },
        };
        match answer.status {
            StatusCode::OK => match ordered(&answer, order) {
                Ok(voucher) => LookUp::Found(Accepted::Voucher(voucher)),
                Err(why) => LookUp::Unknown { why },
            },
            StatusCode::NOT_FOUND if code_of(&answer).is_some_and(|e| e.code == "not_found") => {
                LookUp::NotFound
            }
            _ => LookUp::Unknown { why: "look_up_failed" },
        }
    }

    async fn balance(&self, voucher_id: &str, deadline: Instant) -> Result<Balance, &'static str> {
        let answer = self.get(&format!("/vouchers/{voucher_id}/balance"), deadline).await?;
        if answer.status != StatusCode::OK {
            return Err("balance_refused");
        }
        let BalanceIn { remaining, currency, as_of } =
            serde_json::from_slice(&answer.body).map_err(|_| "unreadable_answer")?;
        Ok(Balance { remaining, currency, as_of })
    }

    fn read_notice(&self, body: &[u8]) -> Result<Notice, UnreadableNotice> {
        read_notice(body)
    }
}

/// What the answer to an order means.
pub(super) fn outcome_of(answer: &Answer, order: &Order) -> Outcome {
    let documented = code_of(answer);
    match (answer.status.as_u16(), documented) {
        (200 | 201, _) => match ordered(answer, order) {
            Ok(voucher) => Outcome::Accepted(Accepted::Voucher(voucher)),
            Err(why) => Outcome::Unknown { why },
        },
        (401 | 403, Some(ErrorBody { code, .. })) => Outcome::NotLetIn { code },
        (400 | 404 | 422, Some(ErrorBody { code, temporary })) => {
            Outcome::Refused { code, temporary }
        }
        (429, Some(_)) => {
            Outcome::Deferred { why: "rate_limited", retry_after: answer.retry_after }
        }
        (503, Some(error)) if error.code == "not_processed" => {
            Outcome::Deferred { why: "not_processed", retry_after: answer.retry_after }
        }
        (409, Some(_)) => Outcome::Unknown { why: "still_running" },
        (300..=399, _) => Outcome::Unknown { why: "redirected" },
        (400..=499, _) => Outcome::Unknown { why: "undocumented_refusal" },
        _ => Outcome::Unknown { why: "server_error" },
    }
}

fn code_of(answer: &Answer) -> Option<ErrorBody> {
    if !answer.is_json {
        return None;
    }
    serde_json::from_slice::<ErrorIn>(&answer.body).ok().map(|answer| answer.error)
}

/// The voucher of an answer, if it is what was ordered: otherwise something may exist that was not.
fn ordered(answer: &Answer, order: &Order) -> Result<NewVoucher, &'static str> {
    if !answer.is_json {
        return Err("unreadable_answer");
    }
    let got: VoucherIn = serde_json::from_slice(&answer.body).map_err(|_| "unreadable_answer")?;
    if got.amount != order.amount || got.currency != order.currency {
        return Err("amount_differs");
    }
    if got.reference != order.reference || got.product != order.product {
        return Err("reference_differs");
    }
    Ok(NewVoucher {
        voucher_id: got.voucher_id,
        code: got.code,
        pin: got.pin,
        barcode: got.barcode,
        amount: got.amount,
        currency: got.currency,
        expires_on: got.expires_on,
        issued_at: got.issued_at,
        response_digest: answer.digest(),
    })
}
