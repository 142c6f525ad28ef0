//! Which id, code and PIN does the next voucher have? They follow from the seed, so that a test can
//! be run again with the same ones.

use sha2::{Digest, Sha256};

/// What identifies a voucher, and what is spent of it.
pub(super) struct Codes {
    pub voucher_id: String,
    pub code: String,
    pub pin: String,
    pub barcode: String,
}

const LETTERS: &[u8; 32] = b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789";

/// The codes of a partner's `number`-th voucher.
pub(super) fn codes(seed: u64, partner: &str, number: usize) -> Codes {
    let mut digest = Sha256::new();
    digest.update(seed.to_be_bytes());
    digest.update(partner.as_bytes());
    digest.update((number as u64).to_be_bytes());
    let bytes: [u8; 32] = digest.finalize().into();
    let letter = |byte: &u8| char::from(LETTERS[usize::from(byte % 32)]);
    let digits = |bytes: &[u8]| bytes.iter().map(|byte| char::from(b'0' + byte % 10)).collect();
    let group = |bytes: &[u8]| bytes.iter().map(letter).collect::<String>();
    let prefix: String = partner.chars().filter(char::is_ascii_alphabetic).take(2).collect();
    let check: String = digits(&bytes[12..15]);
    Codes {
        voucher_id: format!("{}{:06}{check}", prefix.to_uppercase(), number + 1),
        code: format!("{}-{}-{}", group(&bytes[0..4]), group(&bytes[4..8]), group(&bytes[8..12])),
        pin: digits(&bytes[28..32]),
        barcode: digits(&bytes[9..28]),
    }
}

/// The id of a partner's webhook, after `number` others.
pub(super) fn notice_id(seed: u64, partner: &str, kind: &str, number: u64) -> String {
    let mut digest = Sha256::new();
    digest.update(seed.to_be_bytes());
    digest.update(partner.as_bytes());
    digest.update(kind.as_bytes());
    digest.update(number.to_be_bytes());
    let bytes: [u8; 32] = digest.finalize().into();
    format!("msg_{}", hex::encode(&bytes[..14]))
}

/// A number below `below` that follows from the seed and a text.
pub(super) fn number(seed: u64, text: &str, below: u64) -> u64 {
    let mut digest = Sha256::new();
    digest.update(seed.to_be_bytes());
    digest.update(text.as_bytes());
    let bytes: [u8; 32] = digest.finalize().into();
    let eight: [u8; 8] = bytes[..8].try_into().expect("eight of thirty-two");
    u64::from_be_bytes(eight) % below.max(1)
}
