//! What happens, in which order? Each chapter looks first whether it has happened already, so a
//! demo that was stopped goes on where it was.

use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use serde_json::{Value, json};

use super::cast::{CAST, JACK, MIA, PRIYA, Person, RUTH, RUTHS_NEW_START_DAYS, SAM};
use super::client::{Caller, Client, Till};
use super::narrate::Narrator;
use super::voice::Voice;
use crate::access::Role;
use crate::clock::{self, Clock};

const PATIENCE: Duration = Duration::from_secs(90);
const BETWEEN_LOOKS: Duration = Duration::from_millis(100);

/// Everything a chapter needs.
pub struct Stage {
    /// The server, as app, backend and finance see it.
    pub client: Client,
    /// The partners' control desk.
    pub till: Till,
    /// Tells what happens.
    pub narrator: Narrator,
    /// The ledger's time.
    pub clock: Clock,
    /// To move the clock.
    pub owner: sqlx::PgPool,
    /// Who is listening.
    pub voice: Voice,
}

impl Stage {
    /// Says who is who, or that the story has begun before.
    ///
    /// # Errors
    /// When the server does not answer.
    pub async fn introduce(&self) -> anyhow::Result<()> {
        if self.is_on_the_way(&MIA).await? {
            self.voice.say("\nThis story has begun before and goes on where it was.");
            self.voice.say("--fresh tells it from the beginning.");
            return Ok(());
        }
        self.voice.say("\nThe cast:");
        for person in CAST {
            self.voice.say(format_args!("  {:<6} {}", person.name, person.about));
        }
        Ok(())
    }

    fn heading(&self, who: &str, what: &str) {
        self.voice.say(format_args!("\n{who}: {what}"));
    }

    /// Plays every chapter that has not been played.
    ///
    /// # Errors
    /// When something does not happen in time, or an answer is not what it should be.
    pub async fn play(&mut self) -> anyhow::Result<()> {
        self.chapter_one().await?;
        self.chapter_two().await?;
        self.chapter_three().await?;
        self.chapter_four().await?;
        self.chapter_five().await?;
        self.chapter_six().await?;
        self.chapter_seven().await
    }

    /// Mia turns 30, gets her groceries, and spends them.
    async fn chapter_one(&mut self) -> anyhow::Result<()> {
        if self.has_status(&MIA, "month_1", "redeemed").await? {
            return Ok(());
        }
        self.heading("Mia", MIA.about);
        if !self.is_on_the_way(&MIA).await? {
            self.set_out(&MIA).await?;
            let contact = json!({ "email": "mia@members.example", "name": "Mia" });
            let path = format!("/api/members/{}/contact", MIA.id);
            self.client.put(Caller::staff(Role::Service), &path, contact).await?;
        }
        if self.reward(&MIA, "month_1").await?.is_none() {
            self.forward_one_day().await?;
        }
        let reward = self.wait_for(&MIA, "month_1", "issued").await?;
        let path = format!("/api/rewards/{}/reveal", id_of(&reward)?);
        self.client.post(Caller::member(MIA.id), &path, json!({})).await?;
        self.redeem(&reward, "20.00").await?;
        self.wait_for(&MIA, "month_1", "redeemed").await?;
        self.narrator.tell_new().await
    }

    /// Sam waits for an account; Priya's earlier milestones and Ruth's come from Coles, because
    /// Woolworths has run out.
    async fn chapter_two(&mut self) -> anyhow::Result<()> {
        if self.is_on_the_way(&SAM).await? {
            return Ok(());
        }
        self.heading("Sam, Priya and Ruth", "Woolworths has run out of vouchers for a while");
        self.fault("woolworths", "refuse", 3).await?;
        for person in [&SAM, &PRIYA, &RUTH] {
            self.set_out(person).await?;
        }
        self.wait_for(&SAM, "month_3", "awaiting_account").await?;
        for person in [&SAM, &PRIYA, &RUTH] {
            self.wait_for(person, "month_1", "issued").await?;
        }
        self.narrator.tell_new().await
    }

    /// Ruth starts again.
    async fn chapter_three(&mut self) -> anyhow::Result<()> {
        let progress = self.client.get(Caller::member(RUTH.id), "/api/progress").await?;
        if progress["journey_number"] == json!(2) {
            return Ok(());
        }
        self.heading("Ruth", RUTH.about);
        let on = self.days_ago(&RUTH, RUTHS_NEW_START_DAYS);
        let path = format!("/api/members/{}/journey/restart", RUTH.id);
        self.client.post(Caller::staff(Role::Service), &path, json!({ "on": on })).await?;
        self.wait_for(&RUTH, "month_1", "issued").await?;
        self.narrator.tell_new().await
    }

    /// Jack's shop issues his voucher and does not answer.
    async fn chapter_four(&mut self) -> anyhow::Result<()> {
        if self.has_status(&JACK, "month_1", "issued").await? {
            return Ok(());
        }
        self.heading("Jack", JACK.about);
        if !self.is_on_the_way(&JACK).await? {
            self.fault("woolworths", "refuse", 1).await?;
            self.fault("coles", "timeout_after", 1).await?;
            self.set_out(&JACK).await?;
        }
        self.wait_for(&JACK, "month_1", "issued").await?;
        self.narrator.tell_new().await
    }

    /// Sam links his energy account, and the credit that waited goes there and onto a bill.
    async fn chapter_five(&mut self) -> anyhow::Result<()> {
        if self.has_status(&SAM, "month_3", "redeemed").await? {
            return Ok(());
        }
        self.heading("Sam", "he links his energy account; what waited for it goes on by itself");
        self.link(&SAM, "agl", "1234567890").await?;
        self.wait_for(&SAM, "month_3", "redeemed").await?;
        self.narrator.tell_new().await
    }

    /// Priya links her card: the top-up waits for a tap, then it is on the card.
    async fn chapter_six(&mut self) -> anyhow::Result<()> {
        if self.has_status(&PRIYA, "month_6", "redeemed").await? {
            return Ok(());
        }
        self.heading("Priya", "she links her Opal card, and taps on at the station");
        self.link(&PRIYA, "opal", "3085 2200 1234 5670").await?;
        let reward = self.wait_for(&PRIYA, "month_6", "issued").await?;
        self.wait_for_tap().await?;
        let credit = &reward["distribution_details"]["creditId"];
        let tap = json!({ "partner": "opal", "partner_ref": credit });
        self.till.ask("tap", tap).await?;
        self.wait_for(&PRIYA, "month_6", "redeemed").await?;
        self.narrator.tell_new().await
    }

    /// The member agrees, and shows that the account is theirs.
    async fn link(&self, person: &Person, partner: &str, number: &str) -> anyhow::Result<()> {
        let member = Caller::member(person.id);
        let consent = json!({ "purpose": "link", "partner_id": partner, "granted": true });
        self.client.put(member, "/api/consents", consent).await?;
        let account = json!({ "accountNumber": number, "securityCode": "ABC123" });
        self.client.post(member, &format!("/api/partners/{partner}/link"), account).await?;
        Ok(())
    }

    /// Waits until the top-up waits.
    async fn wait_for_tap(&mut self) -> anyhow::Result<()> {
        let begun = Instant::now();
        loop {
            self.narrator.tell_new().await?;
            let reward = self.reward(&PRIYA, "month_6").await?.unwrap_or_default();
            if reward["distribution_details"]["state"] == "awaiting_tap" {
                return Ok(());
            }
            if begun.elapsed() > PATIENCE {
                bail!("the top-up should wait for a tap by now");
            }
            tokio::time::sleep(BETWEEN_LOOKS).await;
        }
    }

    /// Priya chooses, with a second factor.
    async fn chapter_seven(&mut self) -> anyhow::Result<()> {
        if self.has_status(&PRIYA, "year_1", "issued").await? {
            return Ok(());
        }
        self.heading("Priya", PRIYA.about);
        let reward = self.wait_for(&PRIYA, "year_1", "awaiting_choice").await?;
        let path = format!("/api/rewards/{}/claim", id_of(&reward)?);
        let claim = json!({ "partnerId": "fuel-voucher", "product": "fuel-bp" });
        self.client.post(Caller::member(PRIYA.id), &path, claim).await?;
        self.wait_for(&PRIYA, "year_1", "issued").await?;
        self.narrator.tell_new().await
    }

    /// Reports a member's journey, as the Anchor app's backend does.
    async fn set_out(&mut self, person: &Person) -> anyhow::Result<()> {
        let journey = json!({
            "started_on": self.days_ago(person, person.days),
            "time_zone": person.time_zone.name(),
        });
        let path = format!("/api/members/{}/journey", person.id);
        self.client.put(Caller::staff(Role::Service), &path, journey).await?;
        self.narrator.tell_new().await
    }

    fn days_ago(&self, person: &Person, days: i64) -> String {
        let today = domain::clean_days::local_date(self.clock.now(), person.time_zone);
        (today - chrono::Duration::days(days)).to_string()
    }

    async fn is_on_the_way(&self, person: &Person) -> anyhow::Result<bool> {
        let progress = self.client.get(Caller::member(person.id), "/api/progress").await?;
        Ok(progress["journey_number"].is_number())
    }

    async fn forward_one_day(&mut self) -> anyhow::Result<()> {
        let day = chrono::Duration::days(1);
        self.voice.say("  (the clock goes forward by one day)");
        // The partners first: whoever asks them for a day that is over finds it over.
        self.till.ask("clock", json!({ "forward_seconds": day.num_seconds() })).await?;
        clock::forward(&self.owner, day).await?;
        Ok(())
    }

    async fn fault(&self, partner: &str, kind: &str, times: u32) -> anyhow::Result<()> {
        let faults = json!({
            "partner": partner,
            "operation": "issue",
            "faults": [{ "kind": kind, "times": times }],
        });
        self.till.ask("faults", faults).await?;
        Ok(())
    }

    async fn redeem(&self, reward: &Value, amount: &str) -> anyhow::Result<()> {
        let redemption = json!({
            "partner": reward["partner_used"],
            "partner_ref": reward["distribution_details"]["voucherId"],
            "amount": amount,
        });
        self.till.ask("redeem", redemption).await?;
        Ok(())
    }

    async fn reward(&self, person: &Person, milestone: &str) -> anyhow::Result<Option<Value>> {
        let answer = self.client.get(Caller::member(person.id), "/api/rewards").await?;
        let rewards = answer["rewards"].as_array().context("rewards is a list")?;
        Ok(rewards.iter().find(|reward| reward["milestone_id"] == milestone).cloned())
    }

    async fn has_status(
        &self,
        person: &Person,
        milestone: &str,
        status: &str,
    ) -> anyhow::Result<bool> {
        Ok(self.reward(person, milestone).await?.is_some_and(|reward| reward["status"] == status))
    }

    async fn wait_for(
        &mut self,
        person: &Person,
        milestone: &str,
        status: &str,
    ) -> anyhow::Result<Value> {
        let begun = Instant::now();
        loop {
            self.narrator.tell_new().await?;
            let reward = self.reward(person, milestone).await?;
            if let Some(reward) = reward.as_ref().filter(|reward| reward["status"] == status) {
                return Ok(reward.clone());
            }
            if begun.elapsed() > PATIENCE {
                let found =
                    reward.map_or("nothing".to_owned(), |reward| reward["status"].to_string());
                bail!("{}'s {milestone} should be {status} by now; it is {found}", person.name);
            }
            tokio::time::sleep(BETWEEN_LOOKS).await;
        }
    }
}

fn id_of(reward: &Value) -> anyhow::Result<&str> {
    reward["id"].as_str().context("a reward has an id")
}
