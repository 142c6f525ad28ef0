//! Do the month's figures, the accounts and the partners' own books say the same, to the cent,
//! whoever pays?
//!
//! Everything that can become of a voucher happens at each of two partners, by the sandbox's till
//! and clerk, whose own book is what the figures are held against. Who pays is told by the
//! partner's file, and differs between the two.
//!
//! Rows: A1, A3, A4. Cases: I7.

use std::collections::BTreeMap;

use anchor::access::Role;
use chrono::{Duration, Months};
use domain::period::Span;
use rand::{RngExt, SeedableRng, rngs::StdRng};
use rust_decimal::Decimal;
use serde_json::{Value, json};

use crate::support::{TestApp, Who};
use crate::team::scenes::{Scene, helper};

/// In the order in which they are asked.
type Partners = [(&'static str, &'static str); 2];
const POSITIONS: usize = 100;
const SEED: u64 = 8;
/// So long a voucher of the sandbox is good.
const GOOD_FOR: Months = Months::new(36);

/// What became of value at a partner.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Moved {
    issued: Decimal,
    used: Decimal,
    voided: Decimal,
    left: Decimal,
}

fn decimal(value: &Value) -> Decimal {
    value.as_str().unwrap_or_else(|| panic!("an amount: {value}")).parse().unwrap()
}

/// As the partners have it in their own books.
async fn by_partners(app: &TestApp) -> BTreeMap<String, Moved> {
    let mut all = BTreeMap::<String, Moved>::new();
    for voucher in app.book().await {
        let moved = all.entry(voucher["partner"].as_str().unwrap().to_owned()).or_default();
        let left = decimal(&voucher["remaining"]);
        let stands = voucher["redemptions"].as_array().unwrap().iter();
        let used = stands
            .filter(|redemption| redemption["reversed_at"].is_null())
            .map(|redemption| decimal(&redemption["amount"]))
            .sum::<Decimal>();
        let issued = decimal(&voucher["amount"]);
        moved.issued += issued;
        moved.used += used;
        moved.left += left;
        moved.voided += issued - used - left;
    }
    all
}

/// The partners' files, which say who pays.
fn catalogue(folder: &std::path::Path, partners: Partners) {
    let files = [
        include_str!("../../../src/partners/catalogue/woolworths.toml"),
        include_str!("../../../src/partners/catalogue/coles.toml"),
    ];
    for ((partner, model), file) in partners.into_iter().zip(files) {
        let told = "funding_model = \"pay_on_redemption\"";
        assert!(file.contains(told));
        let file = file.replace(told, &format!("funding_model = \"{model}\""));
        std::fs::write(folder.join(format!("{partner}.toml")), file).unwrap();
    }
}

/// A member with a voucher of this partner: the first one refuses when it is to be the second.
async fn issued_at(app: &TestApp, partner: &str) -> (Scene, Value) {
    if partner != "woolworths" {
        app.fault("woolworths", "refuse", 1).await;
    }
    let member = Who::member();
    app.set_out(&member, 30).await;
    let reward = app.until_reward(&member, "month_1", "issued").await;
    assert_eq!(reward["partner_used"], partner);
    let id = reward["id"].as_str().unwrap().to_owned();
    let scene = Scene { member, id, attempt_id: Value::Null }.now(app).await;
    (scene, reward)
}

/// Everything that can become of a voucher, at one partner, a member each.
async fn a_month_at(app: &TestApp, partner: &str) {
    issued_at(app, partner).await;
    let (scene, reward) = issued_at(app, partner).await;
    app.redeem(&reward, "12.35").await;
    app.redeem(&reward, "4.10").await;
    app.until_reward(&scene.member, "month_1", "partly_redeemed").await;
    let voucher = reward["distribution_details"]["voucherId"].as_str().unwrap();
    let second = format!("{voucher}-R2");
    let of = json!({ "partner": partner, "partner_ref": voucher, "redemption_id": second });
    app.control("reverse", of).await;
    let (scene, reward) = issued_at(app, partner).await;
    app.redeem(&reward, "20.00").await;
    app.until_reward(&scene.member, "month_1", "redeemed").await;
    let (scene, reward) = issued_at(app, partner).await;
    app.redeem(&reward, "0.05").await;
    app.until_reward(&scene.member, "month_1", "partly_redeemed").await;
    let voided = scene.act(app, &helper(), "void", json!({})).await;
    assert_eq!((voided.status, &voided.body["result"]), (200, &json!("voided")), "{voided:?}");
}

async fn monthly(app: &TestApp, month: Span) -> Value {
    let path = format!("/api/reconciliation/reports/monthly?period={month}&format=json");
    let answer = app.get(&Who::new(Role::Finance), &path).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.body["sections"].clone()
}

/// A partner's line of the roll-forward, and what it says of one thing.
fn rolled(sections: &Value, partner: &str, what: &str) -> Decimal {
    let rolls = sections["roll_forward"].as_array().unwrap();
    let row = rolls.iter().find(|row| row["partner_id"] == partner);
    row.map_or(Decimal::ZERO, |row| decimal(&row[what]))
}

/// What an account holds at the end of the month: debits less credits.
fn closing(sections: &Value, account: &str) -> Decimal {
    let accounts = sections["trial_balance"].as_array().unwrap();
    let row = accounts.iter().find(|row| row["account"] == account);
    row.map_or(Decimal::ZERO, |row| decimal(&row["closing"]))
}

/// The roll-forward, the accounts and the partner's own book say the same.
fn ties(sections: &Value, (partner, model): (&str, &str), theirs: Moved) {
    let says = |what: &str| rolled(sections, partner, what);
    let ours = Moved {
        issued: says("issued"),
        used: says("used"),
        voided: says("voided"),
        left: says("closing"),
    };
    assert_eq!(ours, theirs, "{partner}");
    assert_eq!(says("expired"), Decimal::ZERO);
    let holds = |account: &str| closing(sections, &format!("{account}:{partner}"));
    let (value, money) = match model {
        "prepaid" => ("memo:issued", ("assets:float", theirs.voided - theirs.issued)),
        "pay_on_redemption" => ("liabilities:outstanding", ("liabilities:payable", -theirs.used)),
        _ => ("liabilities:outstanding", ("income:contributions", -theirs.used)),
    };
    assert_eq!(holds(value), -theirs.left, "{partner}: {value}");
    assert_eq!(holds(money.0), money.1, "{partner}: {}", money.0);
    assert_eq!(holds("liabilities:clearing"), Decimal::ZERO);
}

/// At this position: debits are credits in each currency, and what accounts hold is what the
/// summary's movements leave over.
async fn balances_at(app: &TestApp, position: i64) {
    let finance = Who::new(Role::Finance);
    let ask = |what: &str| format!("/api/reconciliation/{what}?as_of={position}");
    let journal = app.get(&finance, &format!("{}&limit=1", ask("journal"))).await;
    let summary = app.get(&finance, &ask("summary")).await;
    assert_eq!((journal.status, summary.status), (200, 200), "{journal:?} {summary:?}");
    let mut sums = BTreeMap::<&str, Decimal>::new();
    let mut held = BTreeMap::<&str, Decimal>::new();
    let balances = journal.body["balances"].as_array().unwrap();
    for row in balances {
        *sums.entry(row["currency"].as_str().unwrap()).or_default() +=
            decimal(&row["debits"]) - decimal(&row["credits"]);
        let account = row["account"].as_str().unwrap();
        for above in ["liabilities:outstanding:", "memo:issued:"] {
            if let Some(partner) = account.strip_prefix(above) {
                *held.entry(partner).or_default() -= decimal(&row["balance"]);
            }
        }
    }
    assert!(sums.values().all(Decimal::is_zero), "at {position}: {sums:?}");
    for line in summary.body["partners"].as_array().unwrap() {
        if let Some(partner) = line["partner_id"].as_str() {
            let held = held.remove(partner).unwrap_or_default();
            assert_eq!(held, decimal(&line["outstanding"]), "{partner} at {position}");
        }
    }
    assert!(held.values().all(Decimal::is_zero), "at {position}: {held:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_month_ties_to_its_accounts_and_to_their_own_books_where_partners_or_we_paid_before() {
    a_month_ties([("woolworths", "partner_funded"), ("coles", "prepaid")]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_month_ties_to_its_accounts_and_to_their_own_books_where_partners_pay_or_we_do_after() {
    a_month_ties([("woolworths", "pay_on_redemption"), ("coles", "partner_funded")]).await;
}

async fn a_month_ties(partners: Partners) {
    let folder = tempfile::tempdir().unwrap();
    catalogue(folder.path(), partners);
    let folder = folder.path().display().to_string();
    let app = TestApp::start_with(&[("ANCHOR_PARTNERS_DIR", &folder)]).await;
    let today = app.today().await;
    app.forward(Span::month_of(today).last() - today + Duration::days(5)).await;
    let issued_on = app.today().await;
    let month = Span::month_of(issued_on);
    for (partner, _) in partners {
        a_month_at(&app, partner).await;
    }
    app.until_idle().await;
    let theirs = by_partners(&app).await;
    app.forward(month.last() - issued_on + Duration::days(2)).await;
    app.until_idle().await;
    let sections = monthly(&app, month).await;
    for of in partners {
        let moved = theirs[of.0];
        let all = [moved.issued, moved.used, moved.voided, moved.left];
        assert!(all.iter().all(|amount| *amount > Decimal::ZERO), "{moved:?}");
        ties(&sections, of, moved);
    }

    // What nobody spends expires, three years on; the month opens as the one before closed.
    let over = issued_on + GOOD_FOR + Duration::days(1);
    app.forward(over - app.today().await + Duration::days(31)).await;
    app.until("all that was left has expired", async || {
        let left = "SELECT count(*) FROM events WHERE event_type = 'VoucherExpired'";
        let expired: i64 = sqlx::query_scalar(left).fetch_one(&app.pool).await.unwrap();
        expired == 4
    })
    .await;
    app.until_idle().await;
    let sections = monthly(&app, Span::month_of(over)).await;
    for (partner, model) in partners {
        let (moved, says) = (theirs[partner], |what: &str| rolled(&sections, partner, what));
        assert_eq!((says("opening"), says("expired")), (moved.left, moved.left), "{partner}");
        assert_eq!(says("closing"), Decimal::ZERO, "{partner}");
        let (kept, amount) = match model {
            "prepaid" => continue,
            "pay_on_redemption" => ("income:breakage".to_owned(), moved.left),
            _ => (format!("income:contributions:{partner}"), moved.used + moved.left),
        };
        assert_eq!(closing(&sections, &kept), -amount, "{partner}: {kept}");
    }

    let head = app.head().await;
    let mut random = StdRng::seed_from_u64(SEED);
    for _ in 0..POSITIONS {
        balances_at(&app, random.random_range(1..=head)).await;
    }
    app.finish().await;
}
