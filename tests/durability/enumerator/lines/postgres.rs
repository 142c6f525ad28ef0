//! A line to the database that knows every commit which has written something, and can be cut on
//! either side of it.
//!
//! A statement that commits by itself is put into a transaction on the way, so that what it did is
//! known before it is durable; its answer is passed on after that commit, as without the line.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;

use tokio::io::AsyncWriteExt;
use tokio::net::tcp::OwnedWriteHalf;
use tokio::net::{TcpListener, TcpStream};

use super::deed::{self, Deed, Wish};
use super::wire::{Message, Messages, Opening};
use crate::enumerator::fault::{Kind, Side};
use crate::enumerator::stage::Stage;

/// Opens one to `server`; answers the port at which a client reaches it.
pub async fn open(server: SocketAddr, stage: Arc<Stage>) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let stage = stage.clone();
            tokio::spawn(async move {
                // When the server is away the client is told so by the end of its line.
                let Ok(server) = TcpStream::connect(server).await else { return };
                client.set_nodelay(true).ok();
                server.set_nodelay(true).ok();
                Connection::between(client, server, stage).pass().await;
            });
        }
    });
    port
}

struct Connection {
    client: Messages,
    to_client: OwnedWriteHalf,
    server: Messages,
    to_server: OwnedWriteHalf,
    stage: Arc<Stage>,
    statements: HashMap<Vec<u8>, String>,
    /// The server's own word: idle, in a transaction, in one that has failed.
    status: u8,
    deeds: Vec<Deed>,
}

impl Connection {
    fn between(client: TcpStream, server: TcpStream, stage: Arc<Stage>) -> Self {
        let ((from_client, to_client), (from_server, to_server)) =
            (client.into_split(), server.into_split());
        Self {
            client: Messages::of(from_client),
            to_client,
            server: Messages::of(from_server),
            to_server,
            stage,
            statements: HashMap::new(),
            status: b'?',
            deeds: Vec::new(),
        }
    }

    /// Passes everything on until one side ends or the line is cut.
    async fn pass(mut self) -> Option<()> {
        loop {
            match self.client.opening().await? {
                Opening::Seal => self.to_client.write_all(b"N").await.ok()?,
                Opening::Start(bytes) => {
                    self.to_server.write_all(&bytes).await.ok()?;
                    break;
                }
            }
        }
        let mut said = Vec::new();
        loop {
            tokio::select! {
                message = self.client.next() => {
                    let message = message?;
                    // A password, and whatever else belongs to no statement.
                    let is_apart = self.status == b'?' || b"pdcfX".contains(&message.tag);
                    let is_whole = b"SQ".contains(&message.tag);
                    if is_apart {
                        self.to_server.write_all(&message.bytes).await.ok()?;
                        continue;
                    }
                    said.push(message);
                    if is_whole {
                        let said = std::mem::take(&mut said);
                        self.request(&said).await?;
                    }
                }
                message = self.server.next() => {
                    let message = message?;
                    self.note(&message);
                    self.to_client.write_all(&message.bytes).await.ok()?;
                }
            }
        }
    }

    fn note(&mut self, message: &Message) {
        if let (b'Z', Some(status)) = (message.tag, message.body().first()) {
            self.status = *status;
        }
    }

    /// One request and its answer.
    async fn request(&mut self, said: &[Message]) -> Option<()> {
        match (self.wish(said), self.status) {
            (Wish::Write(deed), b'I') => self.alone(said, deed).await,
            (Wish::Commit, b'T') if !self.deeds.is_empty() => self.commit(said).await,
            (Wish::Write(deed), b'T') => {
                let told = self.exchange(said).await?;
                if has_written(&told, &deed) {
                    self.deeds.push(deed);
                }
                self.tell(&told).await
            }
            (Wish::Begin, _) => {
                self.deeds.clear();
                self.plain(said).await
            }
            _ => self.plain(said).await,
        }
    }

    fn wish(&mut self, said: &[Message]) -> Wish {
        let mut wish = Wish::Other;
        for message in said {
            let body = message.body();
            match message.tag {
                b'P' => {
                    let mut parts = body.split(|byte| *byte == 0);
                    let (name, sql) = (parts.next(), parts.next());
                    let (Some(name), Some(sql)) = (name, sql) else { continue };
                    let sql = String::from_utf8_lossy(sql).into_owned();
                    self.statements.insert(name.to_vec(), sql);
                }
                b'Q' => {
                    let sql = String::from_utf8_lossy(&body[..body.len() - 1]);
                    wish = deed::wish(&sql, None);
                }
                b'B' => {
                    let sql = deed::bound(body).and_then(|name| self.statements.get(name));
                    wish = sql.map_or(Wish::Other, |sql| deed::wish(sql, Some(body)));
                }
                _ => {}
            }
        }
        let is_carried_out = said.iter().any(|message| b"EQ".contains(&message.tag));
        if is_carried_out { wish } else { Wish::Other }
    }

    /// Passes on what has nothing to do with a commit, as it comes.
    async fn plain(&mut self, said: &[Message]) -> Option<()> {
        self.send(said).await?;
        loop {
            let message = self.server.next().await?;
            self.note(&message);
            self.to_client.write_all(&message.bytes).await.ok()?;
            if message.tag == b'Z' {
                return Some(());
            }
        }
    }

    /// A transaction that has written something commits.
    async fn commit(&mut self, said: &[Message]) -> Option<()> {
        let deeds = std::mem::take(&mut self.deeds);
        let title = deeds.iter().find(|deed| deed.is_title).or(deeds.first())?;
        // A checkpoint that moves alone has looked, and found nothing that makes rows.
        if deeds.len() == 1 && title.name.starts_with("rows of ") {
            return self.plain(said).await;
        }
        let place = self.stage.meet(Kind::Commit, &title.name);
        if self.stage.strikes(&place, Side::Before).await {
            return None;
        }
        let told = self.exchange(said).await?;
        if self.stage.strikes(&place, Side::After).await {
            return None;
        }
        self.tell(&told).await
    }

    /// A statement that commits by itself.
    async fn alone(&mut self, said: &[Message], deed: Deed) -> Option<()> {
        self.exchange(&[Message::query("BEGIN")]).await?;
        let mut told = self.exchange(said).await?;
        if self.status == b'T' && has_written(&told, &deed) {
            let place = self.stage.meet(Kind::Commit, &deed.name);
            if self.stage.strikes(&place, Side::Before).await {
                return None;
            }
            let ended = self.exchange(&[Message::query("COMMIT")]).await?;
            if self.stage.strikes(&place, Side::After).await {
                return None;
            }
            if ended.iter().any(|message| message.tag == b'E') {
                return self.tell(&ended).await;
            }
        } else {
            let end = if self.status == b'T' { "COMMIT" } else { "ROLLBACK" };
            self.exchange(&[Message::query(end)]).await?;
        }
        for message in told.iter_mut().filter(|message| message.tag == b'Z') {
            message.bytes[5] = self.status;
        }
        self.tell(&told).await
    }

    async fn send(&mut self, said: &[Message]) -> Option<()> {
        let all: Vec<u8> = said.iter().flat_map(|message| message.bytes.clone()).collect();
        self.to_server.write_all(&all).await.ok()
    }

    /// Sends, and holds back the answer.
    async fn exchange(&mut self, said: &[Message]) -> Option<Vec<Message>> {
        self.send(said).await?;
        let mut told = Vec::new();
        loop {
            let message = self.server.next().await?;
            self.note(&message);
            let is_last = message.tag == b'Z';
            told.push(message);
            if is_last {
                return Some(told);
            }
        }
    }

    async fn tell(&mut self, told: &[Message]) -> Option<()> {
        let all: Vec<u8> = told.iter().flat_map(|message| message.bytes.clone()).collect();
        self.to_client.write_all(&all).await.ok()
    }
}

fn has_written(told: &[Message], deed: &Deed) -> bool {
    told.iter().filter_map(Message::completed).any(|(_, rows)| deed.is_call || rows > 0)
}
