//! What if the line is cut after so many bytes? A line that counts what the server says.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use secrecy::{ExposeSecret, SecretString};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// A line to the server for one program, over however many connections.
pub struct CountedLine {
    /// Its address.
    pub url: SecretString,
    /// How many bytes the server has said over it.
    pub said: Arc<AtomicU64>,
    reached: watch::Receiver<bool>,
}

impl CountedLine {
    /// Passes everything on until the server has said `limit` bytes; then `cuts` every connection
    /// in the middle of whatever it was, or only tells.
    pub async fn to(url: &SecretString, limit: u64, cuts: bool) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let mut through: url::Url = url.expose_secret().parse().unwrap();
        let server = SocketAddr::from(([127, 0, 0, 1], through.port().unwrap()));
        through.set_port(Some(port)).unwrap();
        let said = Arc::new(AtomicU64::new(0));
        let (tell, reached) = watch::channel(false);
        let line = Self {
            url: SecretString::from(through.to_string()),
            said: said.clone(),
            reached: reached.clone(),
        };
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                if cuts && *tell.borrow() {
                    continue;
                }
                let server = TcpStream::connect(server).await.unwrap();
                let (said, tell, reached) = (said.clone(), tell.clone(), reached.clone());
                tokio::spawn(async move {
                    pass(client, server, (limit, &said, &tell), reached, cuts).await;
                });
            }
        });
        line
    }

    /// Waits until the limit is reached.
    pub async fn is_reached(&self) {
        self.reached.clone().wait_for(|reached| *reached).await.unwrap();
    }
}

async fn pass(
    client: TcpStream,
    server: TcpStream,
    (limit, said, tell): (u64, &AtomicU64, &watch::Sender<bool>),
    mut reached: watch::Receiver<bool>,
    cuts: bool,
) {
    let ((mut from_client, mut to_client), (mut from_server, mut to_server)) =
        (client.into_split(), server.into_split());
    let up = async { tokio::io::copy(&mut from_client, &mut to_server).await.ok() };
    let down = async {
        let mut bytes = vec![0; 4 * 1024];
        while let Ok(read @ 1..) = from_server.read(&mut bytes).await {
            let before = said.fetch_add(read as u64, Ordering::SeqCst);
            let is_over = before + read as u64 >= limit;
            let rest = usize::try_from(limit.saturating_sub(before)).unwrap();
            let passed = if is_over && cuts { rest.min(read) } else { read };
            to_client.write_all(&bytes[..passed]).await.ok();
            if is_over {
                tell.send_replace(true);
            }
        }
    };
    let is_cut = async {
        reached.wait_for(|reached| *reached).await.ok();
        if !cuts {
            std::future::pending::<()>().await;
        }
    };
    tokio::select! { _ = up => {}, () = down => {}, () = is_cut => {} }
}
