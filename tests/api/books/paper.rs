//! A statement that a test can change, with totals and digest that fit again afterwards.

use std::collections::BTreeMap;

use chrono::{Days, NaiveDate};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::support::{Answer, TestApp, Who, settings};

/// A statement as lines of fields.
#[derive(Debug, Clone)]
pub struct Paper {
    pub partner: String,
    pub date: NaiveDate,
    pub sequence: u32,
    pub made_at: String,
    pub lines: Vec<Vec<String>>,
}

impl Paper {
    fn read(text: &str) -> Self {
        let mut rows =
            text.lines().map(|line| line.split(',').map(str::to_owned).collect::<Vec<String>>());
        let header = rows.next().unwrap();
        Self {
            partner: header[3].clone(),
            date: header[4].parse().unwrap(),
            sequence: header[5].parse().unwrap(),
            made_at: header[7].clone(),
            lines: rows.filter(|row| row[0] == "D").collect(),
        }
    }

    /// The same of another day, made when that was over.
    pub fn of_day(self, date: NaiveDate) -> Self {
        Self { date, made_at: format!("{}T02:00:00Z", date + Days::new(2)), ..self }
    }

    /// Changes the fields of the first line of a kind.
    pub fn change(&mut self, kind: &str, change: impl FnOnce(&mut Vec<String>)) {
        let line = self.lines.iter_mut().find(|line| line[2] == kind).expect("such a line");
        change(line);
    }

    /// Adds a line of `kind,reference,partner's id,cents`.
    pub fn add(&mut self, line: &str) {
        let given: Vec<&str> = line.split(',').collect();
        let mut fields = self.lines[0].clone();
        for (at, field) in [(2, given[0]), (3, given[1]), (4, given[2]), (7, given[3])] {
            fields[at] = field.to_owned();
        }
        self.lines.push(fields);
    }

    /// The same as JSON.
    pub fn json(&self) -> Value {
        let text = self.text();
        let rows: Vec<Vec<&str>> = text.lines().map(|line| line.split(',').collect()).collect();
        let [_, lines @ .., last] = rows.as_slice() else { panic!("{text}") };
        let cents = |field: &str| field.parse::<i64>().unwrap();
        let lines = lines.iter().map(|line| {
            json!({
                "number": cents(line[1]), "type": line[2], "reference": line[3],
                "partner_ref": line[4], "at": line[5], "business_date": line[6],
                "cents": cents(line[7]), "fee_cents": cents(line[8]), "currency": line[9],
                "place": line[10],
            })
        });
        let [_, count, totals @ .., sum, digest] = last.as_slice() else { panic!("{text}") };
        let totals = totals.iter().map(|total| {
            let parts: Vec<&str> = total.split(':').collect();
            json!({ "type": parts[0], "lines": cents(parts[1]), "cents": cents(parts[2]) })
        });
        let Self { partner, date, sequence, made_at, .. } = self;
        json!({
            "format": "ANCHOR-RECON", "version": 1, "partner_id": partner, "business_date": date,
            "sequence": sequence, "currency": "AUD", "made_at": made_at,
            "lines": lines.collect::<Vec<_>>(),
            "totals": { "lines": cents(count), "by_type": totals.collect::<Vec<_>>(),
                "cents": cents(sum), "digest": digest },
        })
    }

    /// The file.
    pub fn text(&self) -> String {
        let Self { partner, date, sequence, made_at, lines } = self;
        let mut text = format!("H,ANCHOR-RECON,1,{partner},{date},{sequence:04},AUD,{made_at}\n");
        let mut totals: BTreeMap<&str, (u32, i64)> = BTreeMap::new();
        for (number, line) in (1..).zip(lines) {
            let mut line = line.clone();
            line[1] = number.to_string();
            line[6] = date.to_string();
            line[5] = format!("{date}T03:00:{:02}Z", number % 60);
            text += &format!("{}\n", line.join(","));
        }
        for line in lines {
            let total = totals.entry(&line[2]).or_default();
            *total = (total.0 + 1, total.1 + line[7].parse::<i64>().unwrap());
        }
        let digest = digest(&text);
        let sum: i64 = totals.values().map(|(_, cents)| cents).sum();
        let totals: String = totals
            .iter()
            .map(|(kind, (count, cents))| format!("{kind}:{count}:{cents},"))
            .collect();
        text + &format!("T,{},{totals}{sum},SHA256:{digest}\n", lines.len())
    }
}

/// A file's text after its lines of fields were changed; the digest fits again.
pub fn edited(text: &str, edit: impl FnOnce(&mut Vec<Vec<String>>)) -> String {
    let mut rows: Vec<Vec<String>> =
        text.lines().map(|line| line.split(',').map(str::to_owned).collect()).collect();
    edit(&mut rows);
    let mut trailer = rows.pop().unwrap();
    let above: String = rows.iter().map(|row| format!("{}\n", row.join(","))).collect();
    *trailer.last_mut().unwrap() = format!("SHA256:{}", digest(&above));
    format!("{above}{}\n", trailer.join(","))
}

/// SHA-256 in hex.
pub fn digest(text: &str) -> String {
    hex::encode(Sha256::digest(text.as_bytes()))
}

/// The statement that the sandbox gives of a day.
pub async fn fetch(app: &TestApp, partner: &str, day: NaiveDate) -> Paper {
    let [_, (_, id), (_, secret), _] = settings(partner, &app.sandbox_url);
    let base = format!("{}/{partner}", app.sandbox_url);
    let token = app.http.post(format!("{base}/oauth/token")).basic_auth(id, Some(secret));
    let token = token.form(&[("grant_type", "client_credentials")]).send().await.unwrap();
    let token: Value = token.json().await.unwrap();
    let token = token["access_token"].as_str().unwrap();
    let asked = app.http.get(format!("{base}/statements/{day}")).bearer_auth(token);
    let answer = asked.send().await.unwrap().error_for_status().unwrap();
    Paper::read(&answer.text().await.unwrap())
}

/// Brings a file as it is.
pub async fn bring(app: &TestApp, who: &Who, text: &str) -> Answer {
    bring_as(app, who, ("text/csv", text)).await
}

/// The same, as what it is said to be.
pub async fn bring_as(app: &TestApp, who: &Who, (kind, text): (&str, &str)) -> Answer {
    use secrecy::ExposeSecret;
    let asked = app
        .http
        .post(format!("{}/api/reconciliation/statements", app.base))
        .bearer_auth(who.token().expose_secret())
        .header("content-type", kind)
        .body(text.to_owned());
    TestApp::answer(asked.send().await.unwrap()).await
}
