//! A line to the server that gets cut, at the moment one chooses.
//!
//! It looks at what passes just closely enough to know an append from a look-up: by the names that
//! the client gives to its prepared statements.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use secrecy::{ExposeSecret, SecretString};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};

/// What a client asks for, as far as that matters here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ask {
    Append,
    LookUp,
    Other,
}

/// How often what is still to go wrong, and how often it did.
#[derive(Debug, Default)]
pub struct Cuts {
    /// Answers to appends that are swallowed, and the line with them.
    pub answers: AtomicUsize,
    /// Appends that are passed on, and the line cut behind them.
    pub behind_appends: AtomicUsize,
    /// Answers to look-ups that are swallowed, and the line with them.
    pub look_ups: AtomicUsize,
    /// So many lines were cut.
    pub done: AtomicUsize,
    /// In so many of them the server had committed.
    pub after_commit: AtomicUsize,
}

impl Cuts {
    fn take(&self, left: &AtomicUsize) -> bool {
        let less = |left: usize| left.checked_sub(1);
        let is_cut = left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, less).is_ok();
        self.done.fetch_add(usize::from(is_cut), Ordering::SeqCst);
        is_cut
    }
}

/// A line to the server.
pub struct Line {
    /// Where a client reaches the server through it.
    pub url: SecretString,
    /// What goes wrong.
    pub cuts: Arc<Cuts>,
}

impl Line {
    /// A new one, whole so far.
    pub async fn to(url: &SecretString) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let mut through: url::Url = url.expose_secret().parse().unwrap();
        let server = SocketAddr::from(([127, 0, 0, 1], through.port().unwrap()));
        through.set_port(Some(port)).unwrap();
        let cuts = Arc::new(Cuts::default());
        let line = Self { url: SecretString::from(through.to_string()), cuts: cuts.clone() };
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                // A server that is down turns everybody away; the line goes on.
                if let Ok(server) = TcpStream::connect(server).await {
                    tokio::spawn(pass(client, server, cuts.clone()));
                }
            }
        });
        line
    }
}

/// Passes everything on, until one side ends or the line is cut.
async fn pass(client: TcpStream, server: TcpStream, cuts: Arc<Cuts>) {
    let ((mut from_client, mut to_client), (mut from_server, mut to_server)) =
        (client.into_split(), server.into_split());
    let mut names = Names::default();
    let mut asked = Ask::Other;
    let (mut up, mut down) = (vec![0; 64 * 1024], vec![0; 64 * 1024]);
    loop {
        let goes_on = tokio::select! {
            said = next(&mut from_client, &mut up) => {
                let Some(said) = said else { return };
                asked = names.recognise(said).unwrap_or(asked);
                forward(&mut to_server, said).await
                    && !(asked == Ask::Append && cuts.take(&cuts.behind_appends))
            }
            answer = next(&mut from_server, &mut down) => {
                let Some(answer) = answer else { return };
                let is_lost = match asked {
                    Ask::Append => cuts.take(&cuts.answers),
                    Ask::LookUp => cuts.take(&cuts.look_ups),
                    Ask::Other => false,
                };
                let is_committed = asked == Ask::Append && holds(answer, b"SELECT 1\0");
                cuts.after_commit.fetch_add(usize::from(is_lost && is_committed), Ordering::SeqCst);
                asked = Ask::Other;
                !is_lost && forward(&mut to_client, answer).await
            }
        };
        if !goes_on {
            return;
        }
    }
}

async fn next<'b>(from: &mut OwnedReadHalf, bytes: &'b mut [u8]) -> Option<&'b [u8]> {
    match from.read(bytes).await {
        Ok(read @ 1..) => Some(&bytes[..read]),
        Ok(0) | Err(_) => None,
    }
}

async fn forward(to: &mut OwnedWriteHalf, bytes: &[u8]) -> bool {
    to.write_all(bytes).await.is_ok()
}

/// What the client calls its statements.
#[derive(Default)]
struct Names(Vec<(Vec<u8>, Ask)>);

impl Names {
    /// What the client asks for, when it says so here: a `Parse` gives a statement its name, a
    /// `Bind` uses it.
    fn recognise(&mut self, said: &[u8]) -> Option<Ask> {
        match said.first()? {
            b'P' => {
                let ask = if holds(said, b"ledger_append") {
                    Ask::Append
                } else if holds(said, b"ledger_stored") || holds(said, b"->>'command_id' = u.c") {
                    Ask::LookUp
                } else {
                    Ask::Other
                };
                let name = said.get(5..)?.split_inclusive(|byte| *byte == 0).next()?;
                self.0.retain(|(known, _)| known != name);
                self.0.push((name.to_vec(), ask));
                Some(Ask::Other)
            }
            // A `Bind` names its portal first, which has no name.
            b'B' => {
                let used = said.get(6..)?;
                let known = self.0.iter().find(|(name, _)| used.starts_with(name));
                Some(known.map_or(Ask::Other, |(_, ask)| *ask))
            }
            _ => None,
        }
    }
}

fn holds(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}
