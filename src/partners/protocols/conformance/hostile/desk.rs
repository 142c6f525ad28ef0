//! A socket that answers as no partner should: whatever bytes it was given, and then for ever.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;

use crate::partners::protocols::conformance::partner::read;

/// What is said in answer to a request, and how it goes on.
#[derive(Debug, Clone)]
pub struct Script {
    says: Vec<u8>,
    then: Then,
    waits_for: Await,
}

#[derive(Debug, Clone)]
enum Then {
    Closes,
    Holds,
    Repeats { what: Vec<u8>, every: Duration },
}

#[derive(Debug, Clone, Copy)]
enum Await {
    Nothing,
    Something,
    Request,
    Http2Request,
}

impl Script {
    /// Says this to a request, and hangs up.
    pub fn says(bytes: impl AsRef<[u8]>) -> Self {
        let says = bytes.as_ref().to_vec();
        Self { says, then: Then::Closes, waits_for: Await::Request }
    }

    /// And then says nothing more, for as long as the other side stays.
    pub fn and_holds(self) -> Self {
        Self { then: Then::Holds, ..self }
    }

    /// And then this, a little at a time, for ever.
    pub fn and_drips(self, what: impl AsRef<[u8]>) -> Self {
        let what = what.as_ref().to_vec();
        Self { then: Then::Repeats { what, every: Duration::from_millis(40) }, ..self }
    }

    /// And then this, as fast as it goes, for ever.
    pub fn and_floods(self, what: impl AsRef<[u8]>) -> Self {
        let what = what.as_ref().to_vec();
        Self { then: Then::Repeats { what, every: Duration::ZERO }, ..self }
    }

    /// And then this, a thousand times a second or so, for ever.
    pub fn and_pours(self, what: impl AsRef<[u8]>) -> Self {
        let what = what.as_ref().to_vec();
        Self { then: Then::Repeats { what, every: Duration::from_millis(1) }, ..self }
    }

    /// Without waiting for a request.
    pub fn at_once(self) -> Self {
        Self { waits_for: Await::Nothing, ..self }
    }

    /// Once a request has come in by HTTP/2.
    pub fn once_asked_by_http2(self) -> Self {
        Self { waits_for: Await::Http2Request, ..self }
    }

    /// As soon as anything comes in.
    pub fn once_touched(self) -> Self {
        Self { waits_for: Await::Something, ..self }
    }
}

#[derive(Default)]
struct Counted {
    connections: AtomicUsize,
    open: AtomicUsize,
    requests: AtomicUsize,
    most_sent: AtomicU64,
}

/// The socket.
pub struct HostileDesk {
    address: String,
    counted: Arc<Counted>,
}

impl HostileDesk {
    /// The first connection gets the first script, and so on; all further ones the last.
    pub async fn open(scripts: Vec<Script>) -> Self {
        Self::open_behind(None, scripts).await
    }

    /// The same, after a TLS handshake.
    pub async fn open_with_tls(tls: ServerConfig, script: Script) -> Self {
        Self::open_behind(Some(TlsAcceptor::from(Arc::new(tls))), vec![script]).await
    }

    async fn open_behind(tls: Option<TlsAcceptor>, scripts: Vec<Script>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let counted = Arc::<Counted>::default();
        let desk = Self { address, counted: counted.clone() };
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let which = counted.connections.fetch_add(1, Ordering::SeqCst);
                counted.open.fetch_add(1, Ordering::SeqCst);
                let script = scripts[which.min(scripts.len() - 1)].clone();
                let (tls, counted) = (tls.clone(), counted.clone());
                tokio::spawn(async move {
                    match tls {
                        None => play(socket, script, &counted).await,
                        Some(tls) => {
                            if let Ok(socket) = tls.accept(socket).await {
                                play(socket, script, &counted).await;
                            }
                        }
                    }
                    counted.open.fetch_sub(1, Ordering::SeqCst);
                });
            }
        });
        desk
    }

    /// Where it is, without a scheme.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// How many connections came.
    pub fn connections(&self) -> usize {
        self.counted.connections.load(Ordering::SeqCst)
    }

    /// How many requests came whole.
    pub fn requests(&self) -> usize {
        self.counted.requests.load(Ordering::SeqCst)
    }

    /// The most bytes that one connection took.
    pub fn most_sent(&self) -> u64 {
        self.counted.most_sent.load(Ordering::SeqCst)
    }

    /// Waits until nobody is connected any more; fails when somebody stays.
    pub async fn until_alone(&self, name: &str) {
        for _ in 0..500 {
            if self.counted.open.load(Ordering::SeqCst) == 0 {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("somebody stays connected: {name}");
    }
}

async fn play(mut socket: impl AsyncRead + AsyncWrite + Unpin, script: Script, counted: &Counted) {
    let mut seen = [0_u8; 64 * 1024];
    let came = match script.waits_for {
        Await::Nothing => true,
        Await::Something => socket.read(&mut seen).await.is_ok_and(|length| length > 0),
        Await::Request => read(&mut socket).await.is_some(),
        Await::Http2Request => read_http2(&mut socket).await,
    };
    if !came {
        return;
    }
    if !matches!(script.waits_for, Await::Nothing) {
        counted.requests.fetch_add(1, Ordering::SeqCst);
    }
    let mut sent = 0;
    let mut say = async |socket: &mut _, what: &[u8]| {
        let is_said = put(socket, what).await;
        sent += what.len() as u64;
        counted.most_sent.fetch_max(sent, Ordering::SeqCst);
        is_said
    };
    if !say(&mut socket, &script.says).await {
        return;
    }
    match script.then {
        Then::Closes => drop(socket.shutdown().await),
        Then::Holds => while socket.read(&mut seen).await.is_ok_and(|length| length > 0) {},
        Then::Repeats { what, every } => {
            while say(&mut socket, &what).await {
                if !every.is_zero() {
                    tokio::time::sleep(every).await;
                }
            }
        }
    }
}

async fn put(socket: &mut (impl AsyncWrite + Unpin), what: &[u8]) -> bool {
    socket.write_all(what).await.is_ok() && socket.flush().await.is_ok()
}

/// Reads until the head of a request is there: a frame of kind 1.
async fn read_http2(socket: &mut (impl AsyncRead + Unpin)) -> bool {
    const PREFACE: usize = 24;
    const FRAME_HEAD: usize = 9;
    let mut preface = [0_u8; PREFACE];
    if socket.read_exact(&mut preface).await.is_err() {
        return false;
    }
    loop {
        let mut head = [0_u8; FRAME_HEAD];
        if socket.read_exact(&mut head).await.is_err() {
            return false;
        }
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
        let mut payload = vec![0; usize::try_from(length).unwrap()];
        if socket.read_exact(&mut payload).await.is_err() {
            return false;
        }
        if head[3] == 1 {
            return true;
        }
    }
}
