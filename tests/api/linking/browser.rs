//! How does a browser go to the partner and back?

use reqwest::Method;
use reqwest::header::{COOKIE, LOCATION, SET_COOKIE};
use serde_json::{Value, json};
use url::Url;

use crate::support::{Answer, TestApp, Who};

/// A browser on its way: where it was sent, and the cookie it has.
pub struct Journey {
    /// The page where the member agrees.
    pub url: Url,
    /// What the answer set.
    pub cookie: String,
}

/// A client that shows every redirect and follows none.
pub fn client() -> reqwest::Client {
    let none = reqwest::redirect::Policy::none();
    reqwest::Client::builder().no_proxy().redirect(none).build().unwrap()
}

impl TestApp {
    /// Begins to link, for a member who has agreed to that here.
    pub async fn leave_for(&self, member: &Who, partner: &str) -> Journey {
        self.agree(member, "link", partner, true).await;
        let path = format!("/api/partners/{partner}/authorize");
        let begun = self.ask(member, Method::POST, &path, Some(json!({}))).await;
        assert_eq!(begun.status, 200, "{begun:?}");
        let cookie = begun.headers[SET_COOKIE].to_str().unwrap().to_owned();
        assert_eq!(begun.headers["cache-control"], "no-store");
        assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax"), "{cookie}");
        let url = begun.body["authorization_url"].as_str().unwrap();
        let cookie = cookie.split(';').next().unwrap().to_owned();
        Journey { url: url.parse().unwrap(), cookie }
    }

    /// Agrees at the sandbox; answers where the browser is sent back.
    pub async fn agree_there(&self, journey: &Journey, (number, code): (&str, &str)) -> Url {
        let page = client().get(journey.url.clone()).send().await.unwrap();
        assert_eq!(page.status(), 200, "the partner shows a page");
        let form = [("account_number", number), ("security_code", code), ("decision", "agree")];
        let sent = client().post(journey.url.clone()).form(&form).send().await.unwrap();
        assert_eq!(sent.status(), 303, "{}", sent.text().await.unwrap());
        sent.headers()[LOCATION].to_str().unwrap().parse().unwrap()
    }

    /// Comes back with the member's token, as an app does.
    pub async fn come_back(&self, member: &Who, back: &Url) -> Answer {
        let path = format!("{}?{}", back.path(), back.query().unwrap_or_default());
        self.ask(member, Method::GET, &path, None).await
    }

    /// Comes back in a browser, with this cookie.
    pub async fn come_back_in_browser(&self, back: &Url, cookie: &str) -> Answer {
        let request = client().get(back.clone()).header(COOKIE, cookie);
        TestApp::answer(request.send().await.unwrap()).await
    }

    /// The member's account at a partner, as they see it.
    pub async fn account_at(&self, member: &Who, partner: &str) -> Value {
        let listed = self.ask(member, Method::GET, "/api/accounts", None).await;
        let accounts = listed.body["accounts"].as_array().unwrap().clone();
        let at = accounts.iter().find(|account| account["partner_id"] == partner);
        at.cloned().unwrap_or(Value::Null)
    }
}

/// The same address with another value for one parameter, or none.
pub fn with(back: &Url, name: &str, value: Option<&str>) -> Url {
    let mut changed = back.clone();
    let kept: Vec<(String, String)> = back
        .query_pairs()
        .filter(|(known, _)| known != name)
        .map(|(n, v)| (n.into(), v.into()))
        .collect();
    changed.query_pairs_mut().clear().extend_pairs(kept);
    if let Some(value) = value {
        changed.query_pairs_mut().append_pair(name, value);
    }
    changed
}
