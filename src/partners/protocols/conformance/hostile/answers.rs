//! What does every way to spoil an answer come to, for orders, look-ups, checks and tokens?
//!
//! Rows: D4, D1, D2, P10.

use std::sync::Arc;

use futures::future::join_all;
use serde_json::json;

use super::desk::{HostileDesk, Script};
use super::{HASTY, assert_as_expected, ends};
use crate::partners::calls::client_with;
use crate::partners::outcome::LookUp;
use crate::partners::partner::{AccountClaim, Order, Partner, Verdict};
use crate::partners::protocols::conformance::outcomes::said;
use crate::partners::protocols::conformance::partner::{
    Everybody, order_of, response, soon, yes_to,
};

/// What each kind of call says of it: order, look-up, check of an account, and an order whose token
/// is answered so.
type Said = [&'static str; 4];

struct Spoilt {
    name: &'static str,
    script: Script,
    said: Said,
}

fn lost(name: &'static str, script: Script, why: &'static str) -> Spoilt {
    Spoilt { name, script, said: [why; 4] }
}

fn redirect(status: &str, to: &str) -> Spoilt {
    let head = format!("HTTP/1.1 {status}\r\nlocation: {to}\r\ncontent-length: 0\r\n\r\n");
    let said = ["redirected", "look_up_failed", "verification_failed", "server_error"];
    Spoilt { name: "a redirect", script: Script::says(head), said }
}

fn odd(name: &'static str, script: Script) -> Spoilt {
    let why = "unreadable_answer";
    Spoilt { name, script, said: [why, why, why, "token_unreadable"] }
}

/// A stored block of deflate: what it holds is read only by who unpacks it.
fn gzipped(clear: &[u8]) -> Vec<u8> {
    let crc = clear.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            if crc & 1 == 1 { crc >> 1 ^ 0xEDB8_8320 } else { crc >> 1 }
        })
    });
    let length = u16::try_from(clear.len()).unwrap();
    let mut packed = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255, 1];
    packed.extend_from_slice(&length.to_le_bytes());
    packed.extend_from_slice(&(!length).to_le_bytes());
    packed.extend_from_slice(clear);
    packed.extend_from_slice(&(!crc).to_le_bytes());
    packed.extend_from_slice(&u32::from(length).to_le_bytes());
    packed
}

/// A yes to everything, also to the question for a token, that is packed.
fn packed_yes(order: &Order) -> Vec<u8> {
    let mut yes = yes_to(order);
    yes["state"] = json!("verified");
    yes["access_token"] = json!("t");
    yes["token_type"] = json!("Bearer");
    yes["expires_in"] = json!(3600);
    let packed = gzipped(yes.to_string().as_bytes());
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-encoding: gzip\r\n\
         content-length: {}\r\n\r\n",
        packed.len()
    );
    [head.into_bytes(), packed].concat()
}

/// What answers are: JSON, as far as their heads say.
const JSON: &str = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n";

fn head(fields: &str) -> String {
    format!("{JSON}{fields}\r\n\r\n")
}

fn all(order: &Order, trap: &str) -> Vec<Spoilt> {
    let mut all = redirects(trap);
    all.extend(heads());
    all.extend(bodies());
    all.extend(chunks());
    all.push(odd("a packed yes", Script::says(packed_yes(order))));
    all
}

fn redirects(trap: &str) -> Vec<Spoilt> {
    let (_, port) = trap.split_once(':').unwrap();
    vec![
        redirect("301 There", &format!("http://{trap}/")),
        redirect("302 There", &format!("http://{trap}/oauth/token")),
        redirect("303 There", &format!("//{trap}/")),
        redirect("307 There", &format!("http://localhost:{port}/")),
        redirect("308 There", &format!("http://{trap}/vouchers")),
        redirect("302 There", "file:///etc/passwd"),
    ]
}

fn heads() -> Vec<Spoilt> {
    let field = Script::says(format!("{JSON}x: ")).and_floods("a".repeat(16 * 1024));
    let fields = Script::says(JSON).and_floods("x-field: value\r\n".repeat(256));
    let hints = "HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n".repeat(64);
    let wait = Script::says("").and_drips("HTTP/1.1 100 Continue\r\n\r\n");
    let lengths = head("content-length: 2\r\ncontent-length: 3") + "{} ";
    let status = "HTTP/1.1 200 ";
    vec![
        lost("silence", Script::says("").and_holds(), "timed_out"),
        lost("a status line that drips", Script::says(status).and_drips("y"), "timed_out"),
        lost("a head that drips", Script::says(format!("{JSON}x-")).and_drips("y"), "timed_out"),
        lost("fields that drip", Script::says(JSON).and_drips("x: y\r\n"), "timed_out"),
        lost("fields without end", fields, "connection_lost"),
        lost("a field without end", field, "connection_lost"),
        lost("hints without end", Script::says("").and_pours(hints), "timed_out"),
        lost("continue without end, slowly", wait, "timed_out"),
        lost("two lengths", Script::says(lengths), "connection_lost"),
        lost("no HTTP", Script::says("SSH-2.0-OpenSSH_9.9\r\n"), "connection_lost"),
        lost("half a status line", Script::says("HTTP/1.1 20"), "connection_lost"),
        lost("half a head", Script::says(format!("{JSON}conte")), "connection_lost"),
    ]
}

fn bodies() -> Vec<Spoilt> {
    let announced = |length: &str| head(&format!("content-length: {length}"));
    let endless = Script::says(head("x: y")).and_floods("a".repeat(16 * 1024));
    let less = || Script::says(announced("99") + "{}");
    let vast = Script::says(announced("999999999999999")).and_holds();
    vec![
        lost("a body that drips", Script::says(announced("9999")).and_drips(" "), "timed_out"),
        lost("a body without end", endless, "answer_too_large"),
        lost("less than announced", less(), "answer_cut_off"),
        lost("less than announced, and the line held", less().and_holds(), "timed_out"),
        lost("more announced than there is room for", vast, "answer_too_large"),
    ]
}

fn chunks() -> Vec<Spoilt> {
    let chunked = |then: &str| Script::says(head("transfer-encoding: chunked") + then);
    let chunk = format!("4000\r\n{}\r\n", "a".repeat(16 * 1024));
    let trailers = chunked("0\r\n").and_floods("x-field: value\r\n".repeat(256));
    let vast = chunked("fffffffffffffffff\r\n ").and_holds();
    vec![
        lost("chunks that drip", chunked("").and_drips("1\r\n \r\n"), "timed_out"),
        lost("chunks without end", chunked("").and_floods(chunk), "answer_too_large"),
        lost("a size without end", chunked("").and_pours("0".repeat(64)), "timed_out"),
        lost("a size larger than numbers go", vast, "answer_cut_off"),
        lost("trailers without end", trailers, "answer_cut_off"),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_spoilt_answer_ends_in_time_as_unknown_and_is_never_followed() {
    let everybody = Everybody::open().await;
    let trap = HostileDesk::open(vec![Script::says(response("200 OK", &json!({})))]).await;
    let entry = |id: &str| everybody.catalogue.get(&id.parse().unwrap()).unwrap();
    everybody.give_token(entry("energy-australia")).await;
    let order = order_of(&entry("energy-australia").products()[0]);
    let spoilt = all(&order, trap.address());
    assert!(spoilt.len() > 25, "{}", spoilt.len());
    let faults = join_all(spoilt.into_iter().map(async |Spoilt { name, script, said }| {
        let desk = HostileDesk::open(vec![script]).await;
        let base = format!("http://{}", desk.address());
        let at = |id| everybody.caller_at(&base, entry(id), client_with(HASTY).unwrap());
        let found = ends(name, ask_everything(&order, at("energy-australia"), at("agl"))).await;
        let [order, look_up, check, token] = said;
        let expected = [
            format!("unknown {order}"),
            look_up.into(),
            check.into(),
            format!("deferred {token} 0"),
        ];
        let odd = (found != expected).then(|| (name, format!("{found:?}, not {expected:?}")));
        // One request for each call: nothing is sent again, and nothing but a token was asked for.
        assert_eq!(desk.requests(), 4, "{name}");
        assert!(desk.most_sent() < 16 << 20, "{name}: {} bytes were taken", desk.most_sent());
        desk.until_alone(name).await;
        odd
    }));
    assert_as_expected(&faults.await.into_iter().flatten().collect::<Vec<_>>());
    assert_eq!(trap.connections(), 0, "no redirect was followed");
    everybody.close().await;
}

/// An order, a look-up and a check at a partner whose token is there, and an order at one whose
/// token has to be fetched at the same desk.
async fn ask_everything(
    order: &Order,
    partner: Arc<dyn Partner>,
    without_token: Arc<dyn Partner>,
) -> [String; 4] {
    let looked_up = async {
        match partner.look_up(order, soon()).await {
            LookUp::Found(_) => "found".to_owned(),
            LookUp::NotFound => "nothing".to_owned(),
            LookUp::Unknown { why } => why.to_owned(),
        }
    };
    let claim =
        AccountClaim { number: "12345678903".to_owned().into(), security_code: None, grant: None };
    let checked = async {
        match partner.verify(&claim, soon()).await {
            Verdict::Verified => "verified".to_owned(),
            Verdict::Pending => "pending".to_owned(),
            Verdict::Refused { code } => format!("refused {code}"),
            Verdict::NotSaid { why, .. } => why.to_owned(),
        }
    };
    let ordered = async { said(&partner.issue(order, soon()).await) };
    let without_token = async { said(&without_token.issue(order, soon()).await) };
    tokio::join!(ordered, looked_up, checked, without_token).into()
}
