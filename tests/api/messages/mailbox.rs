//! A mail server that was written by others, and what it took, for as long as a test holds it.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};

/// Whom it refuses for good.
pub const REFUSED: &str = "nobody-here@members.example";

/// A message as it came.
#[derive(Debug, Clone)]
pub struct Letter {
    /// To whom the envelope says.
    pub to: String,
    /// All of it.
    pub raw: String,
}

impl Letter {
    /// A header's value.
    pub fn header(&self, name: &str) -> &str {
        let head = self.raw.split("\r\n\r\n").next().unwrap();
        let start = format!("{}:", name.to_lowercase());
        let line = head.lines().find(|line| line.to_lowercase().starts_with(&start));
        line.unwrap_or_else(|| panic!("no {name} in {head}"))[start.len()..].trim()
    }

    /// What the lock screen shows.
    pub fn subject(&self) -> &str {
        self.header("subject")
    }

    /// Its text, with the lines joined that the way there has broken.
    pub fn text(&self) -> String {
        let body = self.raw.split_once("\r\n\r\n").unwrap().1;
        body.replace("=\r\n", "")
    }
}

/// The server.
pub struct Mailbox {
    /// Where it is.
    pub port: u16,
    child: Child,
    letters: Arc<Mutex<Vec<Letter>>>,
    line: Mutex<(ChildStdin, Receiver<()>)>,
}

impl Mailbox {
    /// Starts it on any port.
    pub fn open() -> Self {
        Self::open_at(0, None)
    }

    /// A port where nobody is yet.
    pub fn free_port() -> u16 {
        TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
    }

    /// Starts it on this port, for whoever signs in so, where it asks.
    pub fn open_at(port: u16, login: Option<(&str, &str)>) -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/foreign");
        assert!(
            folder.join("node_modules/smtp-server").is_dir(),
            "`npm ci --prefix tests/foreign` installs the mail server"
        );
        let told = json!({
            "port": port, "refuse": [REFUSED], "login": login.map(|(user, word)| [user, word]),
        });
        let mut child = Command::new("node")
            .arg("mail.mjs")
            .arg(told.to_string())
            .current_dir(&folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("`apt-get install -y nodejs npm` installs node");
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let first: Value = serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap();
        let port = u16::try_from(first["port"].as_u64().unwrap()).unwrap();
        let letters = Arc::new(Mutex::new(Vec::new()));
        let taken = letters.clone();
        let (came_back, back) = channel();
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                let said: Value = serde_json::from_str(&line).unwrap();
                if said["back"] == true {
                    came_back.send(()).ok();
                }
                let Some(raw) = said["raw"].as_str() else { continue };
                let to = said["to"][0].as_str().unwrap().to_owned();
                taken.lock().unwrap().push(Letter { to, raw: raw.to_owned() });
            }
        });
        let line = Mutex::new((child.stdin.take().unwrap(), back));
        Self { port, child, letters, line }
    }

    /// What `SMTP_URL` says then.
    pub fn url(&self) -> String {
        format!("smtp://127.0.0.1:{}", self.port)
    }

    /// Everything it took, up to now.
    pub fn letters(&self) -> Vec<Letter> {
        let mut line = self.line.lock().unwrap();
        line.0.write_all(b"\n").unwrap();
        line.1.recv_timeout(Duration::from_secs(20)).expect("the mail server is there");
        self.letters.lock().unwrap().clone()
    }

    /// What it took for this address.
    pub fn letters_to(&self, address: &str) -> Vec<Letter> {
        self.letters().into_iter().filter(|letter| letter.to == address).collect()
    }

    /// The subjects of what it took for this address.
    pub fn subjects_to(&self, address: &str) -> Vec<String> {
        self.letters_to(address).iter().map(|letter| letter.subject().to_owned()).collect()
    }
}

impl Drop for Mailbox {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
