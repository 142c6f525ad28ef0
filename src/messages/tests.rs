//! What does a lock screen show, when is it night, and which servers are spoken to how?
//!
//! Rows: U4, M5, P12.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use url::Url;

use super::quiet_hours::may_leave_at;
use super::settings::{MessageSettings, Sealing, SmtpServer};
use super::words::{MemberMessage, staff_subject};

/// Words that would tell whoever looks at the phone what it is about.
const TELLING: &[&str] = &[
    "gambl",
    "bet",
    "recover",
    "clean",
    "sober",
    "addict",
    "relapse",
    "lapse",
    "milestone",
    "reward",
    "voucher",
    "credit",
    "gift",
    "prize",
    "day",
    "week",
    "month",
    "year",
    "$",
    "aud",
    "woolworths",
    "coles",
    "agl",
    "energy",
    "opal",
    "expire",
    "urgent",
    "congrat",
    "!",
];

#[test]
fn no_subject_tells_what_anchor_is_about() {
    let staff = staff_subject(uuid::Uuid::nil());
    let subjects = MemberMessage::ALL.map(MemberMessage::subject);
    for subject in subjects.into_iter().chain([staff.as_str()]) {
        let said = subject.to_lowercase();
        for word in TELLING {
            assert!(!said.contains(word), "{word}: {subject}");
        }
    }
    for subject in subjects {
        assert!(!subject.contains(|c: char| c.is_ascii_digit()), "no amount: {subject}");
    }
}

#[test]
fn every_text_names_a_way_to_a_person_and_hurries_nobody() {
    let page: Url = "https://anchor.example/".parse().unwrap();
    for message in MemberMessage::ALL {
        let text = message.text(Some("Wren"), &page, Some("1800 000 000"));
        for said in ["Hello Wren,", "1800 000 000", "13 11 14", "https://anchor.example/"] {
            assert!(text.contains(said), "{said}: {text}");
        }
        assert!(text.lines().all(|line| line.chars().count() <= 90), "{text}");
        let text = message.text(None, &page, None).to_lowercase();
        for word in ["gambl", "recover", "milestone", "must", "last chance", "hurry", "!"] {
            assert!(!text.contains(word), "{word}: {text}");
        }
    }
}

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

#[test]
fn what_comes_at_night_waits_for_nine_local_through_every_change_of_clocks() {
    let sydney = Tz::Australia__Sydney;
    let cases = [
        // Inside the day: at once.
        ("2026-07-01T00:00:00Z", sydney, "2026-07-01T00:00:00Z"),
        ("2026-06-30T23:00:00Z", sydney, "2026-06-30T23:00:00Z"),
        ("2026-07-01T09:59:59Z", sydney, "2026-07-01T09:59:59Z"),
        // From eight in the evening: tomorrow at nine.
        ("2026-07-01T10:00:00Z", sydney, "2026-07-01T23:00:00Z"),
        // After midnight: today at nine.
        ("2026-06-30T15:00:00Z", sydney, "2026-06-30T23:00:00Z"),
        ("2026-06-30T22:59:59Z", sydney, "2026-06-30T23:00:00Z"),
        // The night in which the clocks go forward, and the one in which they go back.
        ("2026-10-03T13:00:00Z", sydney, "2026-10-03T22:00:00Z"),
        ("2026-04-04T12:00:00Z", sydney, "2026-04-04T23:00:00Z"),
        // Elsewhere.
        ("2026-07-01T20:00:00Z", Tz::Australia__Perth, "2026-07-02T01:00:00Z"),
        ("2026-07-01T03:15:00Z", Tz::Asia__Kathmandu, "2026-07-01T03:15:00Z"),
    ];
    for (now, zone, then) in cases {
        assert_eq!(may_leave_at(at(now), zone), at(then), "{now} in {zone}");
    }
}

#[test]
fn a_mail_server_is_spoken_to_under_seal_unless_it_is_on_this_machine() {
    let read = |text: &str| {
        let server = SmtpServer::parse(text).unwrap();
        (server.host.clone(), server.port, server.sealing, server.login.is_some())
    };
    let cases = [
        ("smtps://u:p@mail.example", ("mail.example", 465, Sealing::FromTheStart, true)),
        ("smtp://u:p@mail.example", ("mail.example", 587, Sealing::Required, true)),
        ("smtp://mail.example:2525/", ("mail.example", 2525, Sealing::Required, false)),
        ("smtp://127.0.0.1:1025", ("127.0.0.1", 1025, Sealing::OnThisMachine, false)),
        ("smtp://localhost", ("localhost", 25, Sealing::OnThisMachine, false)),
    ];
    for (text, (host, port, sealing, login)) in cases {
        assert_eq!(read(text), (host.to_owned(), port, sealing, login), "{text}");
    }
    for text in [
        "",
        "mail.example",
        "http://mail.example",
        "smtp://",
        "smtp://u@mail.example",
        "smtp://mail.example/path",
        "smtp://mail.example?tls=none",
    ] {
        let problem = SmtpServer::parse(text).unwrap_err();
        assert!(!problem.contains("mail.example"), "{problem}");
    }
    let shown = format!("{:?}", SmtpServer::parse("smtps://user:hunter2@mail.example").unwrap());
    assert!(!shown.contains("hunter2") && !shown.contains("user"), "{shown}");
}

#[test]
fn what_is_wrong_is_named_by_its_variable_and_never_repeated() {
    let public: Url = "https://anchor.example".parse().unwrap();
    let given = |name: &str| match name {
        "SMTP_URL" => Some("smtp://hunter2".to_owned()).map(|url| url + "/?x"),
        "ANCHOR_MAIL_FROM" => Some("hunter2".to_owned()),
        "ANCHOR_SUPPORT_EMAIL" => Some("ana@staff.example hunter2".to_owned()),
        _ => None,
    };
    let (_, problems) = MessageSettings::read(&public, &given);
    assert_eq!(problems.len(), 3, "{problems:?}");
    for (name, problem) in
        ["SMTP_URL", "ANCHOR_MAIL_FROM", "ANCHOR_SUPPORT_EMAIL"].iter().zip(&problems)
    {
        assert!(problem.starts_with(name) && !problem.contains("hunter2"), "{problem}");
    }
    let (settings, problems) = MessageSettings::read(&public, &|_| None);
    assert!(problems.is_empty() && settings.server.is_none() && settings.staff.is_empty());
    assert_eq!(settings.from.to_string(), "Anchor <no-reply@anchor.example>");
    let on_this_machine: Url = "http://127.0.0.1:8080".parse().unwrap();
    let (settings, _) = MessageSettings::read(&on_this_machine, &|_| None);
    assert_eq!(settings.from.to_string(), "Anchor <no-reply@localhost>");
}
