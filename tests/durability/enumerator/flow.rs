//! What is played? A member's whole way with a voucher and a credit, a refusal that falls back, and
//! a voucher that expires: step by step, each ending when everybody has seen its effect.

use anchor::access::Role;
use domain::ids::{AccountId, MemberId, RewardId};
use reqwest::Method;
use serde_json::{Value, json};

use super::asking::Wish;
use super::house::House;
use crate::invariants::Acknowledged;
use crate::whole::Who;

/// One step of a flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// The app reports thirty days: the first voucher is issued.
    SetOut,
    /// The member looks at its code.
    Reveal,
    /// Some of it is spent.
    Redeem,
    /// That is undone at the till.
    Reverse,
    /// The rest is spent in two.
    RedeemTheRest,
    /// The member agrees to linking an account.
    Agree,
    /// And links it; the partner says that it is theirs.
    Link,
    /// Ninety days: the bill credit is applied, and settled by the partner's word.
    Credit,
    /// A year: two credits have no account, and the member may choose.
    Year,
    /// They claim a voucher of their choice.
    Claim,
    /// The first partner refuses, and the next one issues.
    FallBack,
    /// The voucher's last day goes by.
    Expire,
}

/// The flows, each from its beginning.
pub const FLOWS: [&[Step]; 3] = [
    &[
        Step::SetOut,
        Step::Reveal,
        Step::Redeem,
        Step::Reverse,
        Step::RedeemTheRest,
        Step::Agree,
        Step::Link,
        Step::Credit,
        Step::Year,
        Step::Claim,
    ],
    &[Step::FallBack],
    &[Step::SetOut, Step::Expire],
];

/// A member on their way, and what they and others were told of it.
pub struct Walk<'a> {
    house: &'a House,
    member: Who,
    account: String,
    /// What they were promised.
    pub acknowledged: Vec<Acknowledged>,
    /// What must be found nowhere, with what it is.
    pub secrets: Vec<(String, String)>,
}

impl<'a> Walk<'a> {
    /// Somebody new.
    pub fn begin(house: &'a House) -> Self {
        let member = Who::member();
        let account = format!("{:010}", member.sub.as_u128() % 10_000_000_000);
        let secrets = vec![("an account's number".to_owned(), account.clone())];
        Self { house, member, account, acknowledged: Vec::new(), secrets }
    }

    /// Takes a step, and waits for its effect.
    ///
    /// # Errors
    /// What did not come in time, or was refused.
    pub async fn take(&mut self, step: Step) -> Result<(), String> {
        match step {
            Step::SetOut => {
                self.report(30).await?;
                self.until(("month_1", "issued")).await?;
                self.asked_once("month_1").await
            }
            Step::Reveal => self.reveal().await,
            Step::Redeem => {
                self.spend("5.00").await?;
                self.until(("month_1", "partly_redeemed")).await.map(drop)
            }
            Step::Reverse => {
                let (id, undone) = (self.voucher("month_1").await?, json!("woolworths"));
                let redemption = format!("{id}-R1");
                let body =
                    json!({ "partner": undone, "partner_ref": id, "redemption_id": redemption });
                self.house.control("reverse", body).await;
                self.until(("month_1", "issued")).await.map(drop)
            }
            Step::RedeemTheRest => {
                self.spend("12.50").await?;
                self.spend("7.50").await?;
                self.until(("month_1", "redeemed")).await.map(drop)
            }
            Step::Agree => {
                let body = json!({ "purpose": "link", "partner_id": "agl", "granted": true });
                let member = self.member.sub.to_string();
                self.wish(Method::PUT, "/api/consents", body, ("ConsentGiven", member))
                    .await
                    .map(drop)
            }
            Step::Link => self.link().await,
            Step::Credit => {
                self.report(90).await?;
                self.until(("month_3", "redeemed")).await?;
                self.asked_once("month_3").await
            }
            Step::Year => {
                self.report(365).await?;
                self.until(("month_6", "awaiting_account")).await?;
                self.until(("year_1", "awaiting_choice")).await.map(drop)
            }
            Step::Claim => {
                let id = self.reward_id("year_1");
                let path = format!("/api/rewards/{id}/claim");
                let body = json!({ "partnerId": "coles" });
                self.wish(Method::POST, &path, body, ("PartnerChosen", id)).await?;
                self.until(("year_1", "issued")).await?;
                self.asked_once("year_1").await
            }
            Step::FallBack => self.fall_back().await,
            Step::Expire => {
                let three_years = chrono::Duration::days(3 * 366);
                self.house.forward(three_years).await;
                self.until(("month_1", "expired")).await.map(drop)
            }
        }
    }

    async fn fall_back(&mut self) -> Result<(), String> {
        let fault = json!([{ "kind": "refuse", "times": 1 }]);
        let body = json!({ "partner": "woolworths", "operation": "issue", "faults": fault });
        self.house.control("faults", body).await;
        self.report(30).await?;
        let issued = self.until(("month_1", "issued")).await?;
        // A no that died with its worker was never known: the order is repeated then, and the
        // partner may say yes.
        let noes = self.events_of("month_1", "IssuanceRefused").await?;
        let is_lost = noes == 0 && self.house.stage.has_struck();
        let by = if is_lost { "woolworths" } else { "coles" };
        let used = &issued["partner_used"];
        if used == by { Ok(()) } else { Err(format!("I9: {noes} noes, and {used} gave it")) }
    }

    async fn wish(
        &mut self,
        method: Method,
        path: &str,
        body: Value,
        promises: (&str, String),
    ) -> Result<Value, String> {
        let is_report = promises.0.starts_with("Journey");
        let who = if is_report { Who::new(Role::Service) } else { self.member.clone() };
        let wish = Wish { who: &who, method, path: path.to_owned(), body, promises };
        self.house.wish(&wish, &mut self.acknowledged).await
    }

    async fn report(&mut self, days: i64) -> Result<(), String> {
        let started_on = self.house.today().await? - chrono::Duration::days(days);
        let mut body = json!({ "started_on": started_on, "time_zone": "Australia/Sydney" });
        let is_new = days == 30;
        if !is_new {
            body["reason"] = json!("they had brought days along");
        }
        let member = self.member.sub.to_string();
        let path = format!("/api/members/{member}/journey");
        let event = if is_new { "JourneyStarted" } else { "JourneyCorrected" };
        self.wish(Method::PUT, &path, body, (event, member)).await.map(drop)
    }

    async fn until(&self, wanted: (&str, &str)) -> Result<Value, String> {
        self.house.until_reward(&self.member, wanted).await
    }

    /// One intent, whatever happened to it: it was repeated under its key, and nobody else asked.
    async fn asked_once(&self, milestone: &str) -> Result<(), String> {
        let asked = self.events_of(milestone, "IssuanceRequested").await?;
        if asked == 1 { Ok(()) } else { Err(format!("I1: {asked} partners were asked")) }
    }

    async fn events_of(&self, milestone: &str, event: &str) -> Result<i64, String> {
        let count = "SELECT count(*) FROM events WHERE aggregate_id = $1 AND event_type = $2";
        let id = self.reward_id(milestone);
        let count = async || {
            let count = sqlx::query_scalar(count).bind(&id).bind(event);
            count.fetch_one(&self.house.owner).await
        };
        self.house.behind_the_scenes(count).await
    }

    async fn voucher(&self, milestone: &str) -> Result<String, String> {
        let mut reward = None;
        let is_shown = async || {
            reward = self.house.reward(&self.member, milestone).await;
            reward.is_some()
        };
        self.house.until("the reward is shown", is_shown).await?;
        let reward = reward.unwrap_or_default();
        let id = reward["distribution_details"]["voucherId"].as_str();
        id.map(str::to_owned).ok_or_else(|| format!("I2: no voucher in {reward}"))
    }

    async fn spend(&self, amount: &str) -> Result<(), String> {
        let id = self.voucher("month_1").await?;
        let body = json!({ "partner": "woolworths", "partner_ref": id, "amount": amount });
        self.house.control("redeem", body).await;
        Ok(())
    }

    /// Twice: the code is the same, and both looks are on record.
    async fn reveal(&mut self) -> Result<(), String> {
        let id = self.reward_id("month_1");
        let path = format!("/api/rewards/{id}/reveal");
        let promises = ("VoucherRevealed", id);
        let first = self.wish(Method::POST, &path, json!({}), promises.clone()).await?;
        let again = self.wish(Method::POST, &path, json!({}), promises).await?;
        for field in ["code", "pin", "barcode"] {
            let secret = first[field].as_str().unwrap_or_default().to_owned();
            if secret.is_empty() || first[field] != again[field] {
                return Err(format!("I3: the {field} is another one when looked at again"));
            }
            self.secrets.push((format!("a voucher's {field}"), secret));
        }
        Ok(())
    }

    async fn link(&mut self) -> Result<(), String> {
        let member = MemberId(self.member.sub);
        let account = AccountId::of(member, &"agl".parse().unwrap(), 1).to_string();
        let body = json!({ "accountNumber": self.account, "securityCode": "ABC123" });
        let promises = ("AccountLinkRequested", account);
        self.wish(Method::POST, "/api/partners/agl/link", body, promises).await?;
        let who = self.member.clone();
        self.house
            .until("the account is verified", async || {
                let accounts = self.house.look(&who, "/api/accounts").await.unwrap_or_default();
                accounts["accounts"][0]["verification_status"] == "verified"
            })
            .await
    }

    fn reward_id(&self, milestone: &str) -> String {
        RewardId::of(MemberId(self.member.sub), &milestone.parse().unwrap(), 1).to_string()
    }
}
