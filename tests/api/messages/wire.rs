//! A line to a partner on which it can be seen whether anybody says anything.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// The line.
pub struct Wire {
    /// Where it begins.
    pub url: String,
    to: watch::Sender<Option<String>>,
    said: Arc<AtomicUsize>,
}

impl Wire {
    /// Lays it; nothing gets through until it leads somewhere.
    pub async fn lay() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (to, mut leads) = watch::channel(None::<String>);
        let said = Arc::new(AtomicUsize::new(0));
        let count = said.clone();
        tokio::spawn(async move {
            while let Ok((caller, _)) = listener.accept().await {
                let Ok(there) = leads.wait_for(Option::is_some).await.map(|to| to.clone()) else {
                    return;
                };
                tokio::spawn(pass_on(caller, there.unwrap(), count.clone()));
            }
        });
        Self { url, to, said }
    }

    /// Has it lead to this server.
    pub fn leads_to(&self, url: &str) {
        let address = url.strip_prefix("http://").unwrap().to_owned();
        self.to.send_replace(Some(address));
    }

    /// How many bytes callers have said.
    pub fn said(&self) -> usize {
        self.said.load(Ordering::SeqCst)
    }
}

async fn pass_on(caller: TcpStream, there: String, said: Arc<AtomicUsize>) {
    let (mut from_caller, mut to_caller) = caller.into_split();
    let (mut from_partner, mut to_partner) = TcpStream::connect(there).await.unwrap().into_split();
    let back = tokio::spawn(async move {
        tokio::io::copy(&mut from_partner, &mut to_caller).await.ok();
    });
    let mut bytes = [0; 4096];
    while let Ok(read @ 1..) = from_caller.read(&mut bytes).await {
        said.fetch_add(read, Ordering::SeqCst);
        if to_partner.write_all(&bytes[..read]).await.is_err() {
            break;
        }
    }
    back.abort();
}
