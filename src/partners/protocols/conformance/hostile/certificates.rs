//! Who is the partner? Whoever has its certificate, and nobody is told anything before that. And
//! over TLS, what of HTTP/2 that never finishes?
//!
//! Rows: D4, P8, P9, P10.

use futures::future::join_all;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, date_time_ymd};
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

use super::desk::{HostileDesk, Script};
use super::{HASTY, assert_as_expected, ends};
use crate::partners::calls::bounded;
use crate::partners::protocols::conformance::outcomes::said;
use crate::partners::protocols::conformance::partner::{
    Everybody, order_of, response, soon, yes_to,
};

/// Who vouches for names.
struct Authority {
    issuer: Issuer<'static, KeyPair>,
    certificate: CertificateDer<'static>,
}

impl Authority {
    fn new() -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let certificate = params.self_signed(&key).unwrap().der().clone();
        Self { issuer: Issuer::new(params, key), certificate }
    }

    /// A desk's TLS, with a certificate by this authority.
    fn vouches(&self, params: &CertificateParams) -> ServerConfig {
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        tls(certificate.der().clone(), &key)
    }

    /// A client that believes this authority.
    fn believer(&self) -> reqwest::Client {
        let certificate = reqwest::Certificate::from_der(&self.certificate).unwrap();
        bounded(HASTY).tls_certs_merge([certificate]).build().unwrap()
    }
}

fn tls(certificate: CertificateDer<'static>, key: &KeyPair) -> ServerConfig {
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let config = ServerConfig::builder().with_no_client_auth();
    config.with_single_cert(vec![certificate], key).unwrap()
}

fn named(name: &str) -> CertificateParams {
    CertificateParams::new(vec![name.to_owned()]).unwrap()
}

fn valid(from: i32, to: i32) -> CertificateParams {
    let mut params = named("127.0.0.1");
    (params.not_before, params.not_after) = (date_time_ymd(from, 1, 1), date_time_ymd(to, 1, 1));
    params
}

fn self_signed() -> ServerConfig {
    let key = KeyPair::generate().unwrap();
    tls(named("127.0.0.1").self_signed(&key).unwrap().der().clone(), &key)
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_not_the_partners_certificate_is_told_nothing_and_the_order_is_put_off() {
    let everybody = Everybody::open().await;
    let entry = everybody.catalogue.get(&"coles".parse().unwrap()).unwrap();
    everybody.give_token(entry).await;
    let order = order_of(&entry.products()[0]);
    let authority = Authority::new();
    let yes = || Script::says(response("200 OK", &yes_to(&order)));
    let desk = async |tls| HostileDesk::open_with_tls(tls, yes()).await;
    let plain = async |script: Script| HostileDesk::open(vec![script.once_touched()]).await;
    let not_them = "deferred connect_failed 0";
    let desks = vec![
        ("the partner itself", desk(authority.vouches(&named("127.0.0.1"))).await, "accepted V1"),
        ("signed by itself", desk(self_signed()).await, not_them),
        (
            "by an unknown authority",
            desk(Authority::new().vouches(&named("127.0.0.1"))).await,
            not_them,
        ),
        ("of another name", desk(authority.vouches(&named("coles.example"))).await, not_them),
        ("of a neighbour", desk(authority.vouches(&named("127.0.0.2"))).await, not_them),
        ("too old", desk(authority.vouches(&valid(2019, 2020))).await, not_them),
        ("too new", desk(authority.vouches(&valid(2999, 3000))).await, not_them),
        ("no TLS at all", plain(yes()).await, not_them),
        ("a handshake without an answer", plain(Script::says("").and_holds()).await, not_them),
        (
            "a handshake that drips",
            plain(Script::says("\x16\x03\x03").and_drips("\x01")).await,
            not_them,
        ),
        ("a hang-up in the handshake", plain(Script::says("")).await, not_them),
    ];
    let found = join_all(desks.into_iter().map(async |(name, desk, expected)| {
        let base = format!("https://{}", desk.address());
        let partner = everybody.caller_at(&base, entry, authority.believer());
        let outcome = ends(name, partner.issue(&order, soon())).await;
        let found = format!("{} after {}", said(&outcome), desk.connections());
        drop(partner);
        desk.until_alone(name).await;
        // Not again, and not without TLS.
        (found != format!("{expected} after 1")).then_some((name, found))
    }));
    assert_as_expected(&found.await.into_iter().flatten().collect::<Vec<_>>());
    // The program itself believes those that its machine believes, and nobody else.
    let desk = desk(authority.vouches(&named("127.0.0.1"))).await;
    let base = format!("https://{}", desk.address());
    let partner = everybody.caller_at(&base, entry, crate::partners::client().unwrap());
    assert_eq!(said(&partner.issue(&order, soon()).await), not_them);
    assert_eq!(desk.requests(), 0);
    everybody.close().await;
}

/// A frame of HTTP/2 on a stream.
fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let mut frame = length[1..].to_vec();
    frame.extend_from_slice(&[kind, flags]);
    frame.extend_from_slice(&stream.to_be_bytes());
    frame.extend_from_slice(payload);
    frame
}

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RESET: u8 = 3;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const GO_AWAY: u8 = 7;
const CONTINUATION: u8 = 9;
const END_HEADERS: u8 = 4;

const LATE: &[&str] = &["timed_out"];
const LOST: &[&str] = &["connection_lost"];
/// Who sends more than there was leave to send is cut off, before or after the head was read.
const OVER: &[&str] = &["answer_too_large", "answer_cut_off", "connection_lost"];

#[tokio::test(flavor = "multi_thread")]
async fn http2_that_never_finishes_ends_in_time_as_unknown_and_is_not_sent_again() {
    let everybody = Everybody::open().await;
    let entry = everybody.catalogue.get(&"coles".parse().unwrap()).unwrap();
    everybody.give_token(entry).await;
    let order = order_of(&entry.products()[0]);
    let authority = Authority::new();
    let settings = frame(SETTINGS, 0, 0, &[]);
    let after =
        |frame: Vec<u8>| Script::says([settings.clone(), frame].concat()).once_asked_by_http2();
    // ":status: 200", as the table of HPACK has it.
    let good = frame(HEADERS, END_HEADERS, 1, &[0x88]);
    let field = [b"\x00\x01x\x7f\x81\x7f".as_slice(), &[b'y'; 256]].concat();
    let endless = frame(CONTINUATION, 0, 1, &field.repeat(8));
    let refused = frame(RESET, 0, 1, &7_u32.to_be_bytes());
    let gone = frame(GO_AWAY, 0, 0, &[0; 8]);
    let scripts = [
        ("no frame at all", Script::says("").once_asked_by_http2().and_holds(), LATE),
        ("settings alone", after(vec![]).and_holds(), LATE),
        ("pings without end", after(vec![]).and_pours(frame(PING, 0, 0, &[1; 8])), LATE),
        ("settings without end", after(vec![]).and_drips(&settings), LATE),
        (
            "a body without end",
            after(good.clone()).and_floods(frame(DATA, 0, 1, &[32; 16_000])),
            OVER,
        ),
        ("a body that drips", after(good.clone()).and_drips(frame(DATA, 0, 1, b" ")), LATE),
        ("empty frames without end", after(good).and_pours(frame(DATA, 0, 1, b"")), OVER),
        ("a head without end", after(frame(HEADERS, 0, 1, &[0x88])).and_floods(endless), LOST),
        ("a stream that is refused", after(refused).and_holds(), LOST),
        ("a good-bye", after(gone).and_holds(), LOST),
        (
            "no HTTP/2",
            Script::says("HTTP/1.1 200 OK\r\n\r\n").once_asked_by_http2().and_holds(),
            LOST,
        ),
    ];
    let found = join_all(scripts.into_iter().map(async |(name, script, why)| {
        let mut tls = authority.vouches(&named("127.0.0.1"));
        tls.alpn_protocols = vec![b"h2".to_vec()];
        let desk = HostileDesk::open_with_tls(tls, script).await;
        let base = format!("https://{}", desk.address());
        let partner = everybody.caller_at(&base, entry, authority.believer());
        let outcome = ends(name, partner.issue(&order, soon())).await;
        let found = format!("{} after {}", said(&outcome), desk.connections());
        assert!(desk.most_sent() < 64 << 20, "{name}: {} bytes were taken", desk.most_sent());
        drop(partner);
        desk.until_alone(name).await;
        let is_expected = why.iter().any(|why| found == format!("unknown {why} after 1"));
        (!is_expected).then_some((name, found))
    }));
    assert_as_expected(&found.await.into_iter().flatten().collect::<Vec<_>>());
    everybody.close().await;
}
