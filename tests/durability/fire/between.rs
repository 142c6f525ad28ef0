//! What stands between us and a partner, and lets a call through when it is told to? A line that
//! holds back the first call of a kind, and writes down the keys of all orders.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt, copy};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, watch};

/// The line, whole so far.
pub struct Between {
    pub port: u16,
    known: Arc<Known>,
    partner: watch::Sender<Option<SocketAddr>>,
}

#[derive(Default)]
struct Known {
    /// How the call begins that is held back, once.
    holds: String,
    has_held: AtomicBool,
    held: Notify,
    release: Notify,
    /// `Idempotency-Key` and body of every order that went through.
    orders: Mutex<Vec<(String, String)>>,
}

impl Between {
    /// A line that will hold back the first call that begins like this.
    pub async fn holding(beginning: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let known = Arc::new(Known { holds: beginning.to_owned(), ..Known::default() });
        let (partner, to) = watch::channel(None);
        let all = known.clone();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(pass(client, to.clone(), all.clone()));
            }
        });
        Self { port, known, partner }
    }

    /// Where the partner is.
    pub fn leads_to(&self, partner: &str) {
        let address = partner.strip_prefix("http://").unwrap().parse().unwrap();
        self.partner.send_replace(Some(address));
    }

    /// Waits until the call is held back.
    pub async fn until_held(&self) {
        self.known.held.notified().await;
    }

    /// Lets it through.
    pub fn release(&self) {
        self.known.release.notify_one();
    }

    /// Every order that went through: its key and its body.
    pub fn orders(&self) -> Vec<(String, String)> {
        self.known.orders.lock().unwrap().clone()
    }
}

/// Passes everything on, a request at a time; both are small enough to be read at once.
async fn pass(client: TcpStream, to: watch::Receiver<Option<SocketAddr>>, known: Arc<Known>) {
    let mut to = to;
    let partner = to.wait_for(Option::is_some).await.unwrap().unwrap();
    let Ok(partner) = TcpStream::connect(partner).await else { return };
    let ((mut from_client, mut to_client), (mut from_partner, mut to_partner)) =
        (client.into_split(), partner.into_split());
    tokio::spawn(async move {
        copy(&mut from_partner, &mut to_client).await.ok();
    });
    let mut bytes = vec![0; 64 * 1024];
    while let Ok(read @ 1..) = from_client.read(&mut bytes).await {
        let said = String::from_utf8_lossy(&bytes[..read]).into_owned();
        if said.starts_with(&known.holds) && !known.has_held.swap(true, Ordering::SeqCst) {
            known.held.notify_one();
            known.release.notified().await;
        }
        if said.starts_with("POST /woolworths/vouchers ") {
            known.orders.lock().unwrap().push(key_and_body(&said));
        }
        if to_partner.write_all(&bytes[..read]).await.is_err() {
            return;
        }
    }
}

fn key_and_body(request: &str) -> (String, String) {
    let (head, body) = request.split_once("\r\n\r\n").unwrap();
    let is_key = |line: &&str| line.to_lowercase().starts_with("idempotency-key:");
    let key = head.lines().find(is_key).and_then(|line| line.split_once(": "));
    (key.map_or("", |(_, key)| key).to_owned(), body.to_owned())
}
