//! An authorization server that was written by others, for as long as a test holds it.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

/// Where the partner sends members back: an address of the app's, which Anchor serves too.
pub const WAY_BACK: &str = "https://app.anchor.example/linked/agl";

/// The server.
pub struct Provider {
    /// Where it is, and how it calls itself.
    pub issuer: String,
    child: Child,
}

impl Provider {
    /// Starts it for `agl`.
    pub fn start() -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/foreign");
        assert!(
            folder.join("node_modules").is_dir(),
            "`npm ci --prefix tests/foreign` installs the foreign server (npm itself: \
             `apt-get install -y nodejs npm`)"
        );
        let client = json!({
            "client_id": "anchor-agl",
            "client_secret": "agl-client-secret-of-the-tests",
            "redirect_uris": [WAY_BACK],
        });
        let mut child = Command::new("node")
            .arg("provider.mjs")
            .arg(json!({ "seconds": 3_600, "clients": [client] }).to_string())
            .current_dir(&folder)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("`apt-get install -y nodejs npm` installs node");
        let mut said = BufReader::new(child.stdout.take().unwrap()).lines();
        let issuer = said.find_map(|line| {
            let line: Value = serde_json::from_str(&line.ok()?).ok()?;
            Some(line["issuer"].as_str()?.to_owned())
        });
        Self { issuer: issuer.expect("the server says where it is"), child }
    }

    /// The partner's file with this server in the place of its own.
    pub fn partner_file(&self, folder: &Path) {
        let ours = include_str!("../../../src/partners/catalogue/agl.toml");
        let offer = format!(
            "scopes = [\"openid\"]\nbase = \"{}\"\nauthorize = \"/auth\"\ntoken = \"/token\"\n\
             revoke = \"/token/revocation\"\naccount = \"/me\"\naccount_field = \"sub\"\n\
             names_issuer = true",
            self.issuer
        );
        let theirs = ours.replace("scopes = [\"account\"]", &offer);
        assert_ne!(ours, theirs, "the file offers linking");
        std::fs::write(folder.join("agl.toml"), theirs).unwrap();
    }

    /// What it was asked to do: refreshed, refused, revoked.
    pub async fn happened(&self) -> Value {
        self.ask("happened", &[]).await
    }

    /// The next refresh is done, and its answer lost.
    pub async fn lose_next(&self) {
        self.ask("lose", &[]).await;
    }

    /// Agrees there as the holder of this account; answers where the browser is sent back.
    pub async fn agree(&self, url: &str, account: &str) -> url::Url {
        let said = self.ask("agree", &[("url", url), ("login", account)]).await;
        said["back"].as_str().unwrap_or_else(|| panic!("{said}")).parse().unwrap()
    }

    async fn ask(&self, what: &str, query: &[(&str, &str)]) -> Value {
        let url = format!("{}/tests/{what}", self.issuer);
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        http.get(url).query(query).send().await.unwrap().json().await.unwrap()
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
