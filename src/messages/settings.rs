//! By which server do messages leave, from whom, and who is support? Three variables.
//!
//! Rows: P12, U4.

use std::fmt;

use lettre::Address;
use lettre::message::Mailbox;
use secrecy::SecretString;
use url::{Host, Url};
use uuid::Uuid;

/// The most addresses of support.
const MOST_STAFF: usize = 20;
const SMTP: &str = "SMTP_URL";
const FROM: &str = "ANCHOR_MAIL_FROM";
const STAFF: &str = "ANCHOR_SUPPORT_EMAIL";

/// How the connection to a mail server is kept from being read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sealing {
    /// TLS from the first byte (`smtps://`).
    FromTheStart,
    /// TLS before anything is said (`smtp://`); a server without it is not used.
    Required,
    /// None: the server is on this machine.
    OnThisMachine,
}

/// A mail server.
#[derive(Clone)]
pub struct SmtpServer {
    /// Its name.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the connection is sealed.
    pub sealing: Sealing,
    /// As whom we come, where it asks.
    pub login: Option<(String, SecretString)>,
}

impl fmt::Debug for SmtpServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SmtpServer({}:{}, {:?})", self.host, self.port, self.sealing)
    }
}

impl SmtpServer {
    /// Reads `smtp://` or `smtps://`, with user and password where the server asks for them.
    ///
    /// # Errors
    /// What to give instead; never what was given.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        const EXPECTED: &str = "is smtp://host:port or smtps://host:port, with user:password@ \
                                before the host where the server asks for them";
        let url = Url::parse(text).map_err(|_| EXPECTED)?;
        let is_bare = matches!(url.path(), "" | "/") && url.query().is_none();
        let host = url.host_str().filter(|host| !host.is_empty() && is_bare).ok_or(EXPECTED)?;
        let on_this_machine = is_loopback(host);
        let (sealing, port) = match url.scheme() {
            "smtps" => (Sealing::FromTheStart, 465),
            "smtp" if on_this_machine => (Sealing::OnThisMachine, 25),
            "smtp" => (Sealing::Required, 587),
            _ => return Err(EXPECTED),
        };
        let login = match (decoded(url.username()), url.password().map(decoded)) {
            (user, Some(password)) if !user.is_empty() => Some((user, password.into())),
            (user, None) if user.is_empty() => None,
            _ => return Err("names a user and a password, or neither"),
        };
        Ok(Self { host: host.to_owned(), port: url.port().unwrap_or(port), sealing, login })
    }
}

/// What belongs to messages in the environment.
#[derive(Debug, Clone)]
pub struct MessageSettings {
    /// The mail server; without one, no e-mail.
    pub server: Option<SmtpServer>,
    /// The sender.
    pub from: Mailbox,
    /// Who is told when something needs a person.
    pub staff: Vec<Address>,
    /// Where members and staff find everything.
    pub public_url: Url,
    /// How members reach a person.
    pub support_contact: Option<String>,
}

impl MessageSettings {
    /// Reads what is there; answers every problem as well, by the variable's name.
    pub fn read(
        public_url: &Url,
        variable: &dyn Fn(&str) -> Option<String>,
    ) -> (Self, Vec<String>) {
        let mut problems = Vec::new();
        let given = |name: &str| {
            variable(name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty())
        };
        let server = given(SMTP).and_then(|text| {
            SmtpServer::parse(&text).map_err(|what| problems.push(format!("{SMTP} {what}"))).ok()
        });
        let default_sender = sender(public_url);
        let from = given(FROM).map_or(default_sender.clone(), |text| {
            text.parse().unwrap_or_else(|_| {
                problems
                    .push(format!("{FROM} is not a sender such as Anchor <hello@example.org>"));
                default_sender
            })
        });
        let staff: Vec<String> = given(STAFF)
            .map(|list| list.split_whitespace().map(str::to_owned).collect())
            .unwrap_or_default();
        let addresses: Vec<Address> = staff.iter().filter_map(|text| text.parse().ok()).collect();
        if addresses.len() != staff.len() || staff.len() > MOST_STAFF {
            problems.push(format!("{STAFF} is up to {MOST_STAFF} addresses, space separated"));
        }
        let settings = Self {
            server,
            from,
            staff: addresses,
            public_url: public_url.clone(),
            support_contact: given("ANCHOR_SUPPORT_CONTACT"),
        };
        (settings, problems)
    }

    /// The address of support's that an audience stands for, if it is still one of them.
    #[must_use]
    pub fn staff_of(&self, audience: &str) -> Option<&Address> {
        self.staff.iter().find(|address| staff_audience(address) == audience)
    }
}

/// How rows name one address of support's: a name that follows from it, and not the address.
#[must_use]
pub fn staff_audience(address: &Address) -> String {
    let text = address.to_string().to_lowercase();
    format!("staff:{}", Uuid::new_v5(&Uuid::NAMESPACE_URL, format!("mailto:{text}").as_bytes()))
}

fn sender(public_url: &Url) -> Mailbox {
    let host = match public_url.host() {
        Some(Host::Domain(name)) => name,
        Some(Host::Ipv4(_) | Host::Ipv6(_)) | None => "localhost",
    };
    let address = Address::new("no-reply", host);
    let address = address.or_else(|_| Address::new("no-reply", "localhost"));
    Mailbox::new(Some("Anchor".to_owned()), address.expect("localhost is a domain"))
}

fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost"
        || bare.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// What stands in a URL as `%40` is an `@`; a plus stays one.
fn decoded(text: &str) -> String {
    let pair = format!("x={}", text.replace('+', "%2B"));
    url::form_urlencoded::parse(pair.as_bytes())
        .next()
        .map(|(_, value)| value.into_owned())
        .unwrap_or_default()
}
