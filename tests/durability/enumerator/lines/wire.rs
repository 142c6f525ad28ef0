//! How does a stream of bytes become the messages of the database's protocol?

use tokio::io::AsyncReadExt;
use tokio::net::tcp::OwnedReadHalf;

const SSL_REQUEST: i32 = 80_877_103;
const GSS_REQUEST: i32 = 80_877_104;

/// One message, as it came.
#[derive(Debug, Clone)]
pub struct Message {
    /// Its first byte.
    pub tag: u8,
    /// All of it.
    pub bytes: Vec<u8>,
}

impl Message {
    /// What follows its length.
    pub fn body(&self) -> &[u8] {
        &self.bytes[5..]
    }

    /// A simple query.
    pub fn query(sql: &str) -> Self {
        let length = i32::try_from(sql.len() + 5).unwrap();
        let mut bytes = vec![b'Q'];
        bytes.extend(length.to_be_bytes());
        bytes.extend(sql.as_bytes());
        bytes.push(0);
        Self { tag: b'Q', bytes }
    }

    /// Of a `CommandComplete`, what was done to how many rows.
    pub fn completed(&self) -> Option<(&str, u64)> {
        if self.tag != b'C' {
            return None;
        }
        let text = std::str::from_utf8(self.body().split_last()?.1).ok()?;
        let (verb, count) = text.rsplit_once(' ')?;
        Some((verb, count.parse().ok()?))
    }
}

/// The first message of a connection, which has no tag.
pub enum Opening {
    /// The client would like the line sealed.
    Seal,
    /// The rest follows.
    Start(Vec<u8>),
}

/// Reads messages; a read that is given up loses nothing.
pub struct Messages {
    from: OwnedReadHalf,
    buffer: Vec<u8>,
}

impl Messages {
    /// Those of this half.
    pub fn of(from: OwnedReadHalf) -> Self {
        Self { from, buffer: Vec::new() }
    }

    /// The next opening; none when the other side has gone.
    pub async fn opening(&mut self) -> Option<Opening> {
        let length = self.until(4).await?.first_chunk().map(|four| i32::from_be_bytes(*four))?;
        let length = usize::try_from(length).ok()?;
        let code = self.until(length.max(8)).await?[4..].first_chunk();
        let code = code.map(|four| i32::from_be_bytes(*four))?;
        let bytes: Vec<u8> = self.buffer.drain(..length).collect();
        let wants_sealing = [SSL_REQUEST, GSS_REQUEST].contains(&code);
        Some(if wants_sealing { Opening::Seal } else { Opening::Start(bytes) })
    }

    /// The next message; none when the other side has gone.
    pub async fn next(&mut self) -> Option<Message> {
        let head = self.until(5).await?;
        let tag = head[0];
        let length = head[1..].first_chunk().map(|four| i32::from_be_bytes(*four))?;
        let whole = usize::try_from(length).ok()? + 1;
        self.until(whole).await?;
        Some(Message { tag, bytes: self.buffer.drain(..whole).collect() })
    }

    async fn until(&mut self, length: usize) -> Option<&[u8]> {
        while self.buffer.len() < length {
            if self.from.read_buf(&mut self.buffer).await.ok()? == 0 {
                return None;
            }
        }
        Some(&self.buffer)
    }
}
