//! Which webhooks come, from whom, and when? Taken as Anchor takes them: the signature first, then
//! an answer, and nothing is believed that is not theirs.
//!
//! *Why an answer may be held*: on a network a webhook may be a moment faster than the answer to
//! the order it speaks of, and no partner is to blame for that. So it is answered only once the
//! order has been, or after a second and a half: a partner that answers its order first is never
//! early, and one that waits for its webhook to be taken always is.
//!
//! Rows: P7, W2, W3, W4.

use std::collections::HashSet;
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use actix_web::dev::ServerHandle;
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use chrono::{DateTime, Utc};
use domain::ids::PartnerId;
use serde::Deserialize;
use tokio::task::JoinHandle;

use crate::clock::real_now;
use crate::partners::signature::{Agreed, Headers, SignatureError, claimed_id, verify};
use crate::partners::{Notice, UnreadableNotice};

const LARGEST_BODY: usize = 256 * 1024;
/// More are not kept: nobody sends so many for a few orders.
const MOST_KEPT: usize = 10_000;
/// How long a webhook waits for the answer to the order it speaks of.
const HELD: Duration = Duration::from_millis(1_500);
const BETWEEN_LOOKS: Duration = Duration::from_millis(5);

type ReadNotice = fn(&[u8]) -> Result<Notice, UnreadableNotice>;

/// What of a webhook could be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Read {
    /// All of it.
    Well,
    /// It is theirs, and not as documented.
    Odd,
    /// Nothing: it is not theirs, or not fresh.
    NotTheirs(SignatureError),
}

/// A webhook that came.
#[derive(Debug, Clone)]
pub(super) struct Came {
    pub id: Option<String>,
    pub read: Read,
    /// The order it speaks of.
    pub reference: Option<String>,
    /// When what it tells happened, by the partner's clock.
    pub happened_at: Option<DateTime<Utc>>,
    /// It had been taken before.
    pub is_copy: bool,
    /// The order it speaks of had not been answered.
    pub is_early: bool,
}

/// What is known of orders and webhooks.
#[derive(Clone)]
pub(super) struct Board {
    agreed: Arc<Agreed>,
    read: ReadNotice,
    known: Arc<Mutex<Known>>,
}

#[derive(Default)]
struct Known {
    /// Orders that have not been answered.
    open: HashSet<String>,
    /// Ids of webhooks that were answered with a yes.
    taken: HashSet<String>,
    came: Vec<Came>,
}

impl Board {
    pub fn new(agreed: Agreed, read: ReadNotice) -> Self {
        Self { agreed: Arc::new(agreed), read, known: Arc::default() }
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// An order is on its way.
    pub fn asked(&self, reference: &str) {
        self.known().open.insert(reference.to_owned());
    }

    /// It has been answered.
    pub fn answered(&self, reference: &str) {
        self.known().open.remove(reference);
    }

    /// It will not be answered: nothing could be early, and what is wrong is said already.
    pub fn given_up(&self, reference: &str) {
        let mut known = self.known();
        known.open.remove(reference);
        let its = |one: &&mut Came| one.reference.as_deref() == Some(reference);
        known.came.iter_mut().filter(its).for_each(|one| one.is_early = false);
    }

    /// What came so far, in the order in which it came.
    pub fn came(&self) -> Vec<Came> {
        self.known().came.clone()
    }

    fn is_open(&self, reference: &str) -> bool {
        self.known().open.contains(reference)
    }

    /// Takes a webhook; false when it is not theirs.
    pub async fn take(&self, headers: Headers<'_>, body: &[u8]) -> bool {
        let is_theirs = verify(&self.agreed, headers, body, real_now());
        let notice = is_theirs.as_ref().ok().map(|_| (self.read)(body));
        let read = match (&is_theirs, &notice) {
            (Err(why), _) => Read::NotTheirs(*why),
            (_, Some(Ok(known))) if !matches!(known, Notice::Unknown { .. }) => Read::Well,
            _ => Read::Odd,
        };
        let reference = notice.and_then(Result::ok).and_then(reference_of);
        let id = match &is_theirs {
            Ok(verified) => Some(verified.id()),
            Err(_) => claimed_id(&self.agreed.scheme, headers),
        };
        let id = id.map(str::to_owned);
        let place = {
            let mut known = self.known();
            if known.came.len() >= MOST_KEPT {
                return true;
            }
            let is_copy = id.as_ref().is_some_and(|id| known.taken.contains(id));
            known.came.push(Came {
                id: id.clone(),
                read,
                reference: reference.clone(),
                happened_at: is_theirs.is_ok().then(|| happened_at(body)).flatten(),
                is_copy,
                is_early: false,
            });
            known.came.len() - 1
        };
        if is_theirs.is_err() {
            return false;
        }
        if let Some(reference) = reference {
            let begun = Instant::now();
            while self.is_open(&reference) && begun.elapsed() < HELD {
                tokio::time::sleep(BETWEEN_LOOKS).await;
            }
            let is_early = self.is_open(&reference);
            self.known().came[place].is_early = is_early;
        }
        self.known().taken.extend(id);
        true
    }
}

fn reference_of(notice: Notice) -> Option<String> {
    match notice {
        Notice::VoucherIssued { reference, .. }
        | Notice::CreditApplied { reference, .. }
        | Notice::CreditProgressed { reference, .. }
        | Notice::CreditReturned { reference, .. } => Some(reference),
        Notice::VoucherRedeemed { .. }
        | Notice::RedemptionReversed { .. }
        | Notice::VoucherExpired { .. }
        | Notice::BillGenerated { .. }
        | Notice::PaymentReceived { .. }
        | Notice::FloatLow { .. }
        | Notice::AccountLow { .. }
        | Notice::Unknown { .. } => None,
    }
}

fn happened_at(body: &[u8]) -> Option<DateTime<Utc>> {
    #[derive(Deserialize)]
    struct Envelope {
        timestamp: DateTime<Utc>,
    }
    serde_json::from_slice::<Envelope>(body).ok().map(|envelope| envelope.timestamp)
}

/// An address for webhooks, opened before a partner is told of it.
#[derive(Debug)]
pub struct Listener {
    socket: TcpListener,
    address: SocketAddr,
}

/// The same, answering.
pub(super) struct Listening {
    handle: ServerHandle,
    task: JoinHandle<std::io::Result<()>>,
}

impl Listener {
    /// Opens it; port 0 for any free one.
    ///
    /// # Errors
    /// When the address is taken, or not this machine's.
    pub fn open(address: SocketAddr) -> std::io::Result<Self> {
        let socket = TcpListener::bind(address)?;
        let address = socket.local_addr()?;
        Ok(Self { socket, address })
    }

    /// Where it is. Webhooks come to `/api/webhooks/{partner}` below it.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Answers from now on.
    pub(super) fn listen(self, partner: &PartnerId, board: Board) -> std::io::Result<Listening> {
        let path = format!("/api/webhooks/{partner}");
        let server = HttpServer::new(move || {
            App::new()
                .app_data(web::Data::new(board.clone()))
                .app_data(web::PayloadConfig::new(LARGEST_BODY))
                .route(&path, web::post().to(receive))
        });
        let server = server.workers(1).shutdown_timeout(1).disable_signals();
        let server = server.listen(self.socket)?.run();
        let handle = server.handle();
        Ok(Listening { handle, task: tokio::spawn(server) })
    }
}

impl Listening {
    pub async fn stop(self) {
        self.handle.stop(false).await;
        self.task.await.ok();
    }
}

async fn receive(board: web::Data<Board>, request: HttpRequest, body: web::Bytes) -> HttpResponse {
    let header = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok());
    if board.take(&header, &body).await {
        HttpResponse::Accepted().finish()
    } else {
        HttpResponse::Unauthorized().finish()
    }
}
