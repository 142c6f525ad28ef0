//! How does an e-mail leave, and what did the mail server say? Sent, refused for good, or not now.
//!
//! *Guarantees*: nothing is said to a server that is not on this machine before the connection is
//! sealed; every step has its time-out; what a server answers may repeat an address, so only its
//! number is kept.
//!
//! Rows: U4, C4.

use std::time::Duration;

use lettre::address::Envelope;
use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Mailbox, Message};
use lettre::transport::smtp::PoolConfig;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Tls, TlsParameters};
use lettre::{Address, AsyncSmtpTransport, AsyncTransport, Tokio1Executor};
use secrecy::ExposeSecret;
use uuid::Uuid;

use super::settings::{Sealing, SmtpServer};

/// How long one step of the conversation may take.
const STEP: Duration = Duration::from_secs(10);
/// And all of it.
const WHOLE: Duration = Duration::from_secs(30);
const CONNECTIONS: u32 = 4;
/// What a server answers when it is us that it does not take, whoever the message is for.
const ABOUT_US: std::ops::RangeInclusive<u16> = 530..=538;
/// And when it takes no mail at all.
const TAKES_NO_MAIL: u16 = 521;

/// A message, ready to leave.
pub struct Mail {
    /// The same for every try.
    pub id: Uuid,
    /// To whom.
    pub to: Address,
    /// What the lock screen shows.
    pub subject: String,
    /// The text.
    pub text: String,
}

/// What became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sent {
    /// The server has it.
    Yes,
    /// It never will: with the server's number, or why there is no such message.
    Refused(String),
    /// Not now.
    NotNow(String),
}

/// Sends e-mail.
#[derive(Clone)]
pub struct Mailer {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
}

impl Mailer {
    /// Through this server, from this sender. Nothing is connected yet.
    ///
    /// # Errors
    /// When TLS cannot be set up for that name.
    pub fn new(
        server: &SmtpServer,
        from: Mailbox,
    ) -> Result<Self, lettre::transport::smtp::Error> {
        let tls = match server.sealing {
            Sealing::FromTheStart => Tls::Wrapper(TlsParameters::new(server.host.clone())?),
            Sealing::Required => Tls::Required(TlsParameters::new(server.host.clone())?),
            Sealing::OnThisMachine => Tls::None,
        };
        let pool = PoolConfig::new().max_size(CONNECTIONS);
        let builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&server.host)
            .port(server.port)
            .tls(tls)
            .timeout(Some(STEP))
            .pool_config(pool);
        let builder = match &server.login {
            Some((user, password)) => {
                let password = password.expose_secret().to_owned();
                builder.credentials(Credentials::new(user.clone(), password))
            }
            None => builder,
        };
        Ok(Self { transport: builder.build(), from })
    }

    /// Sends it, within half a minute.
    pub async fn send(&self, mail: &Mail) -> Sent {
        let Ok((envelope, bytes)) = self.written(mail) else {
            return Sent::Refused("not_a_message".to_owned());
        };
        let sending = self.transport.send_raw(&envelope, &bytes);
        match tokio::time::timeout(WHOLE, sending).await {
            Err(_) => Sent::NotNow("timed_out".to_owned()),
            Ok(Ok(_)) => Sent::Yes,
            Ok(Err(error)) => said(&error),
        }
    }

    fn written(&self, mail: &Mail) -> Result<(Envelope, Vec<u8>), lettre::error::Error> {
        let automatic = HeaderName::new_from_ascii_str("Auto-Submitted");
        let message = Message::builder()
            .message_id(Some(format!("<{}@{}>", mail.id, self.from.email.domain())))
            .from(self.from.clone())
            .to(Mailbox::new(None, mail.to.clone()))
            .subject(mail.subject.clone())
            .raw_header(HeaderValue::new(automatic, "auto-generated".to_owned()))
            .header(ContentType::TEXT_PLAIN)
            .body(mail.text.clone())?;
        Ok((message.envelope().clone(), message.formatted()))
    }
}

fn said(error: &lettre::transport::smtp::Error) -> Sent {
    let number = error.status().map(u16::from);
    match number {
        Some(number) if error.is_permanent() => {
            let is_about_them = number != TAKES_NO_MAIL && !ABOUT_US.contains(&number);
            let reason = format!("smtp_{number}");
            if is_about_them { Sent::Refused(reason) } else { Sent::NotNow(reason) }
        }
        Some(number) => Sent::NotNow(format!("smtp_{number}")),
        None if error.is_timeout() => Sent::NotNow("timed_out".to_owned()),
        None => Sent::NotNow("not_reached".to_owned()),
    }
}
