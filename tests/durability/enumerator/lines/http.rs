//! A line for requests over HTTP, which can be cut before, amid, under way and after each.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::tcp::OwnedReadHalf;
use tokio::net::{TcpListener, TcpStream};

use crate::enumerator::fault::{Kind, Side};
use crate::enumerator::stage::Stage;

/// A request that was answered by the other side, whether or not the asker heard of it.
#[derive(Debug, Clone)]
pub struct Answered {
    /// What was asked, as its first line says.
    pub asked: String,
    /// Its `webhook-id`.
    pub webhook_id: Option<String>,
    /// The status.
    pub status: u16,
}

/// One line.
#[derive(Clone)]
pub struct HttpLine {
    /// Where it is reached.
    pub url: String,
    answered: Arc<Mutex<Vec<Answered>>>,
}

impl HttpLine {
    /// Opens one to `server`; `who` begins the names of what passes it.
    pub async fn open(who: &'static str, server: SocketAddr, stage: Arc<Stage>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let answered: Arc<Mutex<Vec<Answered>>> = Arc::default();
        let passing = Passing { who, server, stage, answered: answered.clone() };
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let passing = passing.clone();
                tokio::spawn(async move { passing.pass(client).await });
            }
        });
        Self { url, answered }
    }

    /// What was answered so far.
    pub fn answered(&self) -> Vec<Answered> {
        self.answered.lock().unwrap().clone()
    }
}

#[derive(Clone)]
struct Passing {
    who: &'static str,
    server: SocketAddr,
    stage: Arc<Stage>,
    answered: Arc<Mutex<Vec<Answered>>>,
}

impl Passing {
    async fn pass(&self, client: TcpStream) -> Option<()> {
        client.set_nodelay(true).ok();
        let (from_client, mut to_client) = client.into_split();
        let mut from_client = BufReader::new(from_client);
        let mut server = None;
        while let Some(request) = Part::read(&mut from_client, true).await {
            let place = self.stage.meet(Kind::Call, &self.name(&request));
            if self.stage.strikes(&place, Side::Before).await {
                return None;
            }
            let (from_server, to_server) = match &mut server {
                Some(open) => open,
                none => {
                    let server = TcpStream::connect(self.server).await.ok()?;
                    server.set_nodelay(true).ok();
                    let (from, to) = server.into_split();
                    none.insert((BufReader::new(from), to))
                }
            };
            to_server.write_all(&request.head).await.ok()?;
            if self.stage.strikes(&place, Side::Amid).await {
                return None;
            }
            to_server.write_all(&request.body).await.ok()?;
            if self.stage.strikes(&place, Side::Underway).await {
                return None;
            }
            let answer = Part::read(from_server, false).await?;
            self.note(&request, &answer);
            if self.stage.strikes(&place, Side::After).await {
                return None;
            }
            to_client.write_all(&answer.head).await.ok()?;
            to_client.write_all(&answer.body).await.ok()?;
        }
        Some(())
    }

    /// Who asks what, without what is different in every run.
    fn name(&self, request: &Part) -> String {
        let path = request.first_line().split(' ').nth(1).unwrap_or_default().to_owned();
        let path = path.split('?').next().unwrap_or_default();
        let is_id = |part: &str| part.len() > 12 && part.chars().any(|c| c.is_ascii_digit());
        let parts = path.split('/').map(|part| if is_id(part) { "…" } else { part });
        let method = request.first_line().split(' ').next().unwrap_or_default().to_owned();
        format!("{} {method} {}", self.who, parts.collect::<Vec<_>>().join("/"))
    }

    fn note(&self, request: &Part, answer: &Part) {
        let status = answer.first_line().split(' ').nth(1).and_then(|word| word.parse().ok());
        self.answered.lock().unwrap().push(Answered {
            asked: request.first_line(),
            webhook_id: request.header("webhook-id"),
            status: status.unwrap_or(0),
        });
    }
}

/// A request or an answer.
struct Part {
    head: Vec<u8>,
    body: Vec<u8>,
}

impl Part {
    /// The next one; none when the other side has gone, also in the middle of it.
    async fn read(from: &mut BufReader<OwnedReadHalf>, is_request: bool) -> Option<Self> {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            if from.read_until(b'\n', &mut head).await.ok()? == 0 {
                return None;
            }
        }
        let mut part = Self { head, body: Vec::new() };
        if part.header("transfer-encoding").is_some_and(|how| how.contains("chunked")) {
            part.read_chunks(from).await?;
        } else if let Some(length) = part.header("content-length") {
            part.body = vec![0; length.parse().ok()?];
            from.read_exact(&mut part.body).await.ok()?;
        } else if !is_request && !["204", "304"].iter().any(|s| part.first_line().contains(s)) {
            from.read_to_end(&mut part.body).await.ok()?;
        }
        Some(part)
    }

    async fn read_chunks(&mut self, from: &mut BufReader<OwnedReadHalf>) -> Option<()> {
        loop {
            let begun = self.body.len();
            if from.read_until(b'\n', &mut self.body).await.ok()? == 0 {
                return None;
            }
            let line = String::from_utf8_lossy(&self.body[begun..]).into_owned();
            let size = usize::from_str_radix(line.trim().split(';').next()?, 16).ok()?;
            let at = self.body.len();
            self.body.resize(at + size + 2, 0);
            from.read_exact(&mut self.body[at..]).await.ok()?;
            if size == 0 {
                return Some(());
            }
        }
    }

    fn first_line(&self) -> String {
        let line = self.head.split(|byte| *byte == b'\r').next().unwrap_or_default();
        String::from_utf8_lossy(line).into_owned()
    }

    fn header(&self, name: &str) -> Option<String> {
        let head = String::from_utf8_lossy(&self.head);
        head.lines().find_map(|line| {
            let (found, value) = line.split_once(':')?;
            found.eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
        })
    }
}
