//! How is a storm raised? Two further processes with a ledger each, and the stock repository in
//! this one, all on the same few streams.
//!
//! [`Storm::begin`] returns once everybody writes. A storm ends by itself when its work is done, or
//! when it is called off; then it has everything that its writers were told.

use std::process::Stdio;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anchor::database::{Role, connect};
use cqrs_es::CqrsFramework;
use cqrs_es::persist::PersistedEventStore;
use futures::future::join_all;
use postgres_es::PostgresEventRepository;
use secrecy::{ExposeSecret, SecretString};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::storm_writer::burst::Wish;
use crate::storm_writer::told::{Answer, Told};
use crate::storm_writer::work::{Orders, Stock, Work, by_stock};
use crate::support::somebody;

/// A storm is called off after so long, done or not: what it is judged by does not depend on that.
const LONGEST: Duration = Duration::from_secs(25);
/// Far beyond what the last commands may take, also where the ledger loses patience with the log:
/// one that takes longer hangs.
const PATIENCE: Duration = Duration::from_secs(120);

/// Who takes part.
#[derive(Debug, Clone, Copy)]
pub struct Force {
    /// Further processes, each with a ledger.
    pub processes: usize,
    /// Whether the stock repository writes too.
    pub has_stock: bool,
    /// Writers in each of them.
    pub writers: usize,
    /// Commands of each writer; until it is called off when there is none.
    pub commands: Option<usize>,
    /// Streams that all of them share.
    pub streams: usize,
}

impl Force {
    /// Two processes and the stock repository, sixteen writers each, on twelve streams.
    pub const FULL: Self =
        Self { processes: 2, has_stock: true, writers: 16, commands: Some(12), streams: 12 };

    /// Only the processes with ledgers.
    pub const LEDGERS: Self = Self { has_stock: false, ..Self::FULL };
}

/// A storm that goes on.
pub struct Storm {
    writers: Vec<Writer>,
    listening: Vec<JoinHandle<()>>,
    stock: Option<JoinHandle<()>>,
    is_over: Arc<AtomicBool>,
    heard: Arc<Heard>,
}

/// A further process.
struct Writer {
    process: Child,
    orders: ChildStdin,
}

/// What was told so far.
struct Heard {
    told: Mutex<Vec<Told>>,
    /// How many commands of each process were acknowledged; the stock repository's are the last.
    acknowledged: Vec<watch::Sender<usize>>,
}

impl Heard {
    fn note(&self, by: usize, told: Told) {
        if let Answer::Stored(_) = told.answer {
            self.acknowledged[by].send_modify(|count| *count += 1);
        }
        self.told.lock().unwrap().push(told);
    }
}

impl Storm {
    /// Raises it.
    pub async fn begin(url: &SecretString, force: Force) -> Self {
        let Force { processes, has_stock, writers, commands, streams } = force;
        let streams = (0..streams).map(|_| somebody()).collect();
        let work = Work { streams, writers, commands };
        let acknowledged = (0..=processes).map(|_| watch::Sender::new(0)).collect();
        let heard = Arc::new(Heard { told: Mutex::default(), acknowledged });
        let starting = (0..processes).map(|_| Writer::start(url, &work));
        let mut storm = Self {
            writers: Vec::new(),
            listening: Vec::new(),
            stock: None,
            is_over: Arc::default(),
            heard: heard.clone(),
        };
        let stock = if has_stock { Some(stock_repository(url, writers).await) } else { None };
        let mut started = join_all(starting).await;
        for (writer, _) in &mut started {
            writer.orders.write_all(b"go\n").await.unwrap();
        }
        for (by, (writer, lines)) in started.into_iter().enumerate() {
            storm.writers.push(writer);
            storm.listening.push(tokio::spawn(listen(by, lines, heard.clone())));
        }
        storm.stock = stock.map(|stock| {
            let is_over = storm.is_over.clone();
            let here = Handle::current();
            // The framework's futures stay on one thread.
            tokio::task::spawn_blocking(move || {
                let told = |told| heard.note(processes, told);
                let execute =
                    async |stream: &str, wish: &Wish| by_stock(&stock, stream, wish).await;
                here.block_on(work.each(&is_over, &told, &execute));
            })
        });
        storm
    }

    /// Raises it, lets it do its work, and gives what was told.
    pub async fn rage(url: &SecretString, force: Force) -> Vec<Told> {
        let mut storm = Self::begin(url, force).await;
        tokio::time::timeout(LONGEST, storm.until_done()).await.ok();
        storm.call_off().await;
        storm.end().await
    }

    async fn until_done(&mut self) {
        for writer in &mut self.writers {
            writer.process.wait().await.unwrap();
        }
        while self.stock.as_ref().is_some_and(|stock| !stock.is_finished()) {
            tokio::task::yield_now().await;
        }
    }

    /// How many commands each process has been told are stored, raised as they are; the stock
    /// repository's come last.
    pub fn acknowledged(&self) -> Vec<watch::Receiver<usize>> {
        self.heard.acknowledged.iter().map(watch::Sender::subscribe).collect()
    }

    /// Has everybody end after the command they are at.
    pub async fn call_off(&mut self) {
        self.is_over.store(true, Ordering::SeqCst);
        for writer in &mut self.writers {
            // One that is done does not listen any more.
            writer.orders.write_all(b"stop\n").await.ok();
        }
    }

    /// Waits for its end.
    pub async fn end(self) -> Vec<Told> {
        let ending = async {
            for listening in self.listening {
                listening.await.unwrap();
            }
            for mut writer in self.writers {
                assert!(writer.process.wait().await.unwrap().success(), "a writer ended badly");
            }
            if let Some(stock) = self.stock {
                stock.await.unwrap();
            }
        };
        tokio::time::timeout(PATIENCE, ending).await.expect("the storm ends");
        std::mem::take(&mut *self.heard.told.lock().unwrap())
    }
}

impl Writer {
    /// Starts a process and waits until it is ready to write.
    async fn start(url: &SecretString, work: &Work) -> (Self, Lines<BufReader<ChildStdout>>) {
        let tests = std::env::current_exe().unwrap();
        let program = tests.parent().unwrap().parent().unwrap().join("examples/storm_writer");
        let mut process = Command::new(program)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("`cargo check-all` builds storm_writer");
        let mut orders = process.stdin.take().unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let url = url.expose_secret().to_owned();
        let line = serde_json::to_string(&Orders { url, work: work.clone() }).unwrap();
        orders.write_all(format!("{line}\n").as_bytes()).await.unwrap();
        assert_eq!(lines.next_line().await.unwrap().as_deref(), Some("ready"));
        (Self { process, orders }, lines)
    }
}

async fn listen(by: usize, mut lines: Lines<BufReader<ChildStdout>>, heard: Arc<Heard>) {
    while let Some(line) = lines.next_line().await.unwrap() {
        heard.note(by, serde_json::from_str(&line).unwrap());
    }
}

async fn stock_repository(url: &SecretString, writers: usize) -> Stock {
    let pool = connect(url, Role::App, u32::try_from(writers).unwrap()).await.unwrap();
    let repository = PostgresEventRepository::new(pool);
    CqrsFramework::new(PersistedEventStore::new_event_store(repository), Vec::new(), ())
}
