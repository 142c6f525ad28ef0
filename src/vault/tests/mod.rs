//! Is what is sealed readable here and nowhere else, by its owner's key and by no other?
//!
//! [`rotation`]: and also while the key that wraps all others is changed.
//!
//! Rows: P9, C2, C4. Cases: C26. Threats: T12, T13.

mod rotation;

use domain::ids::{AccountId, MemberId, PartnerId, RewardId};
use domain::sealed::Sealed;
use secrecy::{ExposeSecret, SecretString};
use sqlx::PgPool;
use test_database::TestDatabase;
use uuid::Uuid;

use super::*;
use crate::database::{Role, connect};

const CODE: &str = "ABCD-EFGH-2345";

struct Code;

fn key(byte: &str) -> SecretString {
    SecretString::from(byte.repeat(32))
}

fn ring(current: &str, previous: &[&str]) -> Keyring {
    let previous: Vec<SecretString> = previous.iter().map(|byte| key(byte)).collect();
    Keyring::parse(&key(current), &previous).unwrap()
}

async fn keys(database: &TestDatabase) -> PgPool {
    connect(&database.url, Role::Keys, 4).await.unwrap()
}

fn place<'a>(stream_id: &'a str) -> Place<'a> {
    Place { stream: "reward", stream_id, event: "VoucherIssued", field: "code", attempt: 1 }
}

fn woolworths() -> PartnerId {
    "woolworths".parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_sealed_opens_in_its_place_and_nowhere_else() {
    let database = TestDatabase::create().await;
    let vault = Vault::open(keys(&database).await, ring("5a", &[])).await.unwrap();
    let (member, other) = (MemberId(Uuid::now_v7()), MemberId(Uuid::now_v7()));
    let clear = SecretString::from(CODE);
    let sealed: Sealed<Code> = vault.seal(member, &place("r1"), &clear).await.unwrap();
    let _: Sealed<Code> = vault.seal(other, &place("r1"), &clear).await.unwrap();
    let opened = vault.open_sealed(member, &place("r1"), &sealed).await.unwrap();
    assert_eq!(opened.expose_secret(), CODE);

    let elsewhere = [
        place("r2"),
        Place { stream: "member", ..place("r1") },
        Place { event: "LateIssueFound", ..place("r1") },
        Place { field: "pin", ..place("r1") },
        Place { attempt: 2, ..place("r1") },
    ];
    for place in elsewhere {
        let opened = vault.open_sealed(member, &place, &sealed).await;
        assert!(matches!(opened, Err(VaultError::DoesNotOpen)), "{place:?}");
    }
    let theirs = vault.open_sealed(other, &place("r1"), &sealed).await;
    assert!(matches!(theirs, Err(VaultError::DoesNotOpen | VaultError::KeyMissing { .. })));
    for bit in 0..sealed.ciphertext().len() * 8 {
        let mut bytes = sealed.ciphertext().to_vec();
        bytes[bit / 8] ^= 1 << (bit % 8);
        let changed = Sealed::<Code>::from_ciphertext(bytes);
        assert!(vault.open_sealed(member, &place("r1"), &changed).await.is_err(), "bit {bit}");
    }
    for length in 0..sealed.ciphertext().len() {
        let cut = Sealed::<Code>::from_ciphertext(sealed.ciphertext()[..length].to_vec());
        assert!(vault.open_sealed(member, &place("r1"), &cut).await.is_err(), "{length} bytes");
    }
    database.drop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_sealed_twice_looks_different_and_holds_nothing_readable() {
    let database = TestDatabase::create().await;
    let vault = Vault::open(keys(&database).await, ring("5a", &[])).await.unwrap();
    let member = MemberId(Uuid::now_v7());
    let clear = SecretString::from(CODE);
    let one: Sealed<Code> = vault.seal(member, &place("r1"), &clear).await.unwrap();
    let two: Sealed<Code> = vault.seal(member, &place("r1"), &clear).await.unwrap();
    assert_ne!(one.ciphertext(), two.ciphertext());
    let has_code = one.ciphertext().windows(4).any(|window| window == b"ABCD");
    assert!(!has_code);
    assert!(!format!("{one:?} {vault:?} {:?}", ring("5a", &[])).contains("5a5a"));
    database.drop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_earlier_key_still_opens_and_a_missing_one_is_named() {
    let database = TestDatabase::create().await;
    let member = MemberId(Uuid::now_v7());
    let before = Vault::open(keys(&database).await, ring("11", &[])).await.unwrap();
    let clear = SecretString::from(CODE);
    let sealed: Sealed<Code> = before.seal(member, &place("r1"), &clear).await.unwrap();
    let reference = before.reference(RewardId(Uuid::nil()), &woolworths(), 1);

    let rotated = Vault::open(keys(&database).await, ring("22", &["11"])).await.unwrap();
    let opened = rotated.open_sealed(member, &place("r1"), &sealed).await.unwrap();
    assert_eq!(opened.expose_secret(), CODE);
    assert_eq!(rotated.reference(RewardId(Uuid::nil()), &woolworths(), 1), reference);

    let wrong = Vault::open(keys(&database).await, ring("33", &[])).await;
    let Err(VaultError::KeyMissing { id }) = wrong else { panic!("{wrong:?}") };
    assert_eq!(id.len(), 8, "named by its id, which is no part of the key");
    assert!(!"11".repeat(32).contains(&id));
    database.drop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn references_and_tags_tell_the_same_from_another_and_nothing_else() {
    let database = TestDatabase::create().await;
    let vault = Vault::open(keys(&database).await, ring("5a", &[])).await.unwrap();
    let (reward, coles) = (RewardId(Uuid::now_v7()), "coles".parse().unwrap());
    let reference = vault.reference(reward, &woolworths(), 1);
    assert_eq!(reference.len(), 16);
    assert_eq!(reference, vault.reference(reward, &woolworths(), 1));
    for other in [
        vault.reference(reward, &woolworths(), 2),
        vault.reference(reward, &coles, 1),
        vault.reference(RewardId(Uuid::now_v7()), &woolworths(), 1),
    ] {
        assert_ne!(reference, other);
    }
    let clear = SecretString::from(CODE);
    let tag = vault.partner_tag(&woolworths(), "code", &clear);
    assert_eq!(tag, vault.partner_tag(&woolworths(), "code", &clear));
    assert_ne!(tag, vault.partner_tag(&coles, "code", &clear));
    assert_ne!(tag, vault.partner_tag(&woolworths(), "pin", &clear));
    let (member, other) = (MemberId(Uuid::now_v7()), MemberId(Uuid::now_v7()));
    let theirs = vault.member_tag(member, "contact", &clear).await.unwrap();
    assert_ne!(theirs, vault.member_tag(other, "contact", &clear).await.unwrap());
    database.drop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_partners_bodies_open_for_that_partner_and_place() {
    let database = TestDatabase::create().await;
    let vault = Vault::open(keys(&database).await, ring("5a", &[])).await.unwrap();
    let sealed = vault.seal_for_partner(&woolworths(), "inbox/1", b"body");
    assert_eq!(vault.open_for_partner(&woolworths(), "inbox/1", &sealed).unwrap(), b"body");
    assert!(vault.open_for_partner(&woolworths(), "inbox/2", &sealed).is_err());
    assert!(vault.open_for_partner(&"coles".parse().unwrap(), "inbox/1", &sealed).is_err());
    database.drop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn many_at_once_make_one_key_for_a_member() {
    let database = TestDatabase::create().await;
    let vault = Vault::open(keys(&database).await, ring("5a", &[])).await.unwrap();
    let member = MemberId(Uuid::now_v7());
    let clear = SecretString::from(CODE);
    let tags = (0..32).map(|_| vault.member_tag(member, "contact", &clear));
    let tags = futures::future::join_all(tags).await;
    assert!(tags.iter().all(|tag| tag.as_ref().unwrap() == tags[0].as_ref().unwrap()));
    database.drop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_partners_secret_moved_to_another_row_or_column_refuses_to_open() {
    let database = TestDatabase::create().await;
    let pool = keys(&database).await;
    let vault = Vault::open(pool.clone(), ring("5a", &[])).await.unwrap();
    let coles: PartnerId = "coles".parse().unwrap();
    let rows = [(&woolworths(), "token"), (&woolworths(), "other"), (&coles, "token")];
    for (partner, name) in rows {
        let secret = SecretString::from(format!("{partner} {name}"));
        vault.put_partner_secret(partner, name, &secret).await.unwrap();
    }
    for (partner, name) in rows {
        let found = vault.partner_secret(partner, name).await.unwrap().unwrap();
        assert_eq!(found.expose_secret(), format!("{partner} {name}"));
    }
    sqlx::query(
        "UPDATE partner_secrets SET sealed = (SELECT sealed FROM partner_secrets
          WHERE partner_id = 'woolworths' AND name = 'token')",
    )
    .execute(&pool)
    .await
    .unwrap();
    assert!(vault.partner_secret(&woolworths(), "token").await.unwrap().is_some());
    for (partner, name) in [(&woolworths(), "other"), (&coles, "token")] {
        let moved = vault.partner_secret(partner, name).await;
        assert!(matches!(moved, Err(VaultError::DoesNotOpen)), "{partner} {name}");
    }
    // Nor does it open as something else that is sealed for the same partner.
    let sealed: Vec<u8> = sqlx::query_scalar("SELECT sealed FROM partner_secrets LIMIT 1")
        .fetch_one(&pool)
        .await
        .unwrap();
    let elsewhere = vault.open_for_partner(&woolworths(), "inbox/token", &sealed);
    assert!(matches!(elsewhere, Err(VaultError::DoesNotOpen)));
    database.drop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_members_tokens_moved_to_another_row_refuse_to_open() {
    let database = TestDatabase::create().await;
    let pool = keys(&database).await;
    let vault = Vault::open(pool.clone(), ring("5a", &[])).await.unwrap();
    let (one, other) = (MemberId(Uuid::now_v7()), MemberId(Uuid::now_v7()));
    let (agl, origin): (PartnerId, PartnerId) =
        ("agl".parse().unwrap(), "origin".parse().unwrap());
    let rows = [(one, &agl), (one, &origin), (other, &agl)]
        .map(|(member, partner)| (member, partner, AccountId(Uuid::now_v7())));
    let later = crate::clock::real_now() + chrono::Duration::hours(1);
    for (member, partner, account) in rows {
        let id = GrantId { member, partner: partner.clone(), scope: "read".to_owned() };
        let access = SecretString::from(format!("access of {member} at {partner}"));
        let tokens = MemberTokens { access, refresh: None, renew_at: later, ends_at: later };
        vault.keep_grant(&id, account, &tokens).await.unwrap();
        let kept = vault.grant_of_link(member, partner, account).await;
        assert!(matches!(kept, Ok(Some((_, Grant::Live { .. })))), "{partner}");
    }
    let (member, partner, account) = rows[0];
    sqlx::query(
        "UPDATE member_tokens
            SET sealed = (SELECT sealed FROM member_tokens WHERE account_id = $1)",
    )
    .bind(account.0)
    .execute(&pool)
    .await
    .unwrap();
    assert!(vault.grant_of_link(member, partner, account).await.unwrap().is_some());
    for (member, partner, account) in &rows[1..] {
        // Another member's key is another one, and is missed by its name.
        let moved = vault.grant_of_link(*member, partner, *account).await.err();
        let refused = moved.expect("it does not open");
        let is_key = matches!(refused, VaultError::KeyMissing { .. }) && *member == other;
        assert!(is_key || matches!(refused, VaultError::DoesNotOpen), "{partner}: {refused}");
    }
    // Nor under another link of the same member at the same partner.
    let link = AccountId(Uuid::now_v7());
    sqlx::query("UPDATE member_tokens SET account_id = $1 WHERE account_id = $2")
        .bind(link.0)
        .bind(account.0)
        .execute(&pool)
        .await
        .unwrap();
    let moved = vault.grant_of_link(member, partner, link).await;
    assert!(matches!(moved, Err(VaultError::DoesNotOpen)));
    database.drop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrapped_key_moved_to_another_row_refuses_to_open() {
    let database = TestDatabase::create().await;
    let pool = keys(&database).await;
    let vault = Vault::open(pool.clone(), ring("5a", &[])).await.unwrap();
    let (member, other) = (MemberId(Uuid::now_v7()), MemberId(Uuid::now_v7()));
    let clear = SecretString::from(CODE);
    let sealed: Sealed<Code> = vault.seal(member, &place("r1"), &clear).await.unwrap();
    vault.member_tag(other, "contact", &clear).await.unwrap();
    let swap = "UPDATE member_keys k SET wrapped_key = o.wrapped_key, key_id = o.key_id
                  FROM member_keys o WHERE o.member_id <> k.member_id";
    assert_eq!(sqlx::query(swap).execute(&pool).await.unwrap().rows_affected(), 2);
    // Another instance, which remembers nobody's key.
    let vault = Vault::open(pool.clone(), ring("5a", &[])).await.unwrap();
    let opened = vault.open_sealed(member, &place("r1"), &sealed).await;
    assert!(matches!(opened, Err(VaultError::DoesNotOpen)));
    assert!(vault.member_tag(other, "contact", &clear).await.is_err());

    let swap = "UPDATE program_keys k SET wrapped_key = o.wrapped_key FROM program_keys o
                 WHERE (k.name, o.name) IN (('tag', 'partner'), ('partner', 'tag'))";
    assert_eq!(sqlx::query(swap).execute(&pool).await.unwrap().rows_affected(), 2);
    let swapped = Vault::open(pool.clone(), ring("5a", &[])).await;
    assert!(matches!(swapped, Err(VaultError::DoesNotOpen)), "{swapped:?}");
    database.drop().await;
}

#[test]
fn a_fresh_key_is_a_key_and_never_the_same() {
    let (one, two) = (keyring::generate(), keyring::generate());
    assert!(Keyring::parse(&one, std::slice::from_ref(&two)).is_ok());
    assert_ne!(one.expose_secret(), two.expose_secret());
}

#[test]
fn a_key_is_sixty_four_hexadecimal_characters() {
    for text in ["", "5a", &"zz".repeat(32), &"5a".repeat(33)] {
        let parsed = Keyring::parse(&SecretString::from(text.to_owned()), &[]);
        assert_eq!(parsed.unwrap_err(), KeyringError::NotAKey);
    }
}
