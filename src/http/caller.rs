//! From where does a request come? From whoever connects; from behind them, where they are a proxy
//! of ours.
//!
//! *Guarantees*: what a client writes into `x-forwarded-for` is believed of nobody but the proxies
//! that were named, and of those only the last hop that is not one of them.
//!
//! Threats: T19.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
use std::str::FromStr;

use actix_web::HttpRequest;

const FORWARDED_FOR: &str = "x-forwarded-for";

/// An address as it is counted: one of IPv4, or the 2^64 of IPv6 that one line has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Network(IpAddr);

impl Network {
    /// The one that this address is in.
    #[must_use]
    pub fn of(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(address) => Self(IpAddr::V4(address)),
            IpAddr::V6(address) => {
                let line = address.to_bits() >> 64 << 64;
                Self(IpAddr::V6(Ipv6Addr::from_bits(line)))
            }
        }
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            IpAddr::V4(address) => write!(f, "{address}"),
            IpAddr::V6(address) => write!(f, "{address}/64"),
        }
    }
}

/// Proxies of ours: addresses, or ranges of them such as `10.0.0.0/8`, separated by spaces.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TrustedProxies(Vec<(IpAddr, u32)>);

impl TrustedProxies {
    fn are(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|(range, bits)| is_in(address, *range, *bits))
    }
}

fn is_in(address: IpAddr, range: IpAddr, bits: u32) -> bool {
    match (address, range) {
        (IpAddr::V4(address), IpAddr::V4(range)) => {
            (address.to_bits() ^ range.to_bits()).leading_zeros() >= bits
        }
        (IpAddr::V6(address), IpAddr::V6(range)) => {
            (address.to_bits() ^ range.to_bits()).leading_zeros() >= bits
        }
        (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
    }
}

impl FromStr for TrustedProxies {
    type Err = NoProxies;

    fn from_str(text: &str) -> Result<Self, NoProxies> {
        let range = |word: &str| {
            let (address, bits) = word.split_once('/').unwrap_or((word, ""));
            let address: IpAddr = address.parse().ok()?;
            let most = if address.is_ipv4() { 32 } else { 128 };
            let bits =
                if bits.is_empty() && !word.contains('/') { most } else { bits.parse().ok()? };
            (bits <= most).then_some((address, bits))
        };
        let ranges: Option<Vec<_>> = text.split_whitespace().map(range).collect();
        ranges.map(Self).ok_or(NoProxies)
    }
}

/// Text that names no addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not addresses or ranges separated by spaces")]
pub struct NoProxies;

/// Where this request comes from; none where its connection has no address.
#[must_use]
pub fn network_of(request: &HttpRequest, proxies: &TrustedProxies) -> Option<Network> {
    let peer = request.peer_addr()?.ip();
    let headers: Vec<&str> = request
        .headers()
        .get_all(FORWARDED_FOR)
        .map(|value| value.to_str().unwrap_or_default())
        .collect();
    Some(Network::of(from_behind(peer, &headers, proxies)))
}

fn from_behind(peer: IpAddr, headers: &[&str], proxies: &TrustedProxies) -> IpAddr {
    let mut hops = headers.iter().rev().flat_map(|header| header.rsplit(','));
    let mut last = peer;
    while proxies.are(last)
        && let Some(hop) = hops.next().and_then(|hop| hop.trim().parse().ok())
    {
        last = hop;
    }
    last
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(peer: &str, headers: &[&str], proxies: &str) -> String {
        let from = from_behind(peer.parse().unwrap(), headers, &proxies.parse().unwrap());
        Network::of(from).to_string()
    }

    #[test]
    fn a_client_cannot_choose_where_it_comes_from() {
        for (peer, headers, proxies, expected) in [
            ("203.0.113.9", ["198.51.100.1"].as_slice(), "", "203.0.113.9"),
            ("203.0.113.9", &["198.51.100.1"], "10.0.0.0/8", "203.0.113.9"),
            ("10.0.0.1", &["198.51.100.1"], "10.0.0.0/8", "198.51.100.1"),
            ("10.0.0.1", &["1.2.3.4, 198.51.100.1"], "10.0.0.0/8", "198.51.100.1"),
            ("10.0.0.1", &["1.2.3.4", "198.51.100.1, 10.2.3.4"], "10.0.0.0/8", "198.51.100.1"),
            ("10.0.0.1", &["198.51.100.1, nobody"], "10.0.0.0/8", "10.0.0.1"),
            ("10.0.0.1", &[], "10.0.0.1", "10.0.0.1"),
            ("::ffff:10.0.0.1", &["2001:db8::1:2:3:4"], "10.0.0.1", "2001:db8::/64"),
        ] {
            assert_eq!(seen(peer, headers, proxies), expected, "{peer} {headers:?} {proxies}");
        }
    }

    #[test]
    fn what_names_no_proxies_is_refused() {
        for odd in ["localhost", "10.0.0.0/33", "10.0.0.0/", "10.0.0.1,10.0.0.2", "::1/129"] {
            assert_eq!(odd.parse::<TrustedProxies>(), Err(NoProxies), "{odd}");
        }
    }
}
