//! Can the key that wraps all others be changed while everything is used, and nothing be lost?
//!
//! Rows: P9, C2. Cases: C26.

use uuid::Uuid;

use super::super::keyring::Known;
use super::super::program_keys::PROGRAM_KEYS;
use super::super::rotation::{self, KeyStatus, Rewrapped};
use super::*;

/// The program's own keys, as they are counted.
const OWN: i64 = PROGRAM_KEYS.cast_signed();

/// Members with a field sealed, under whichever key is present.
async fn members(vault: &Vault, count: usize) -> Vec<(MemberId, Sealed<Code>)> {
    let mut members = Vec::new();
    for _ in 0..count {
        let member = MemberId(Uuid::now_v7());
        let clear = SecretString::from(CODE);
        members.push((member, vault.seal(member, &place("r1"), &clear).await.unwrap()));
    }
    members
}

async fn rewrap(pool: &PgPool, keyring: &Keyring) -> Rewrapped {
    rotation::rewrap(pool, keyring, |_, _| ()).await.unwrap()
}

/// Each key's source, what it wraps, and whether it is removable.
async fn status(pool: &PgPool, keyring: &Keyring) -> Vec<(Known, i64, i64, bool)> {
    let all = rotation::status(pool, Some(keyring)).await.unwrap();
    let row = |key: &KeyStatus| {
        (key.known, key.wraps.member_keys, key.wraps.program_keys, key.is_removable())
    };
    all.iter().map(row).collect()
}

async fn destroy(pool: &PgPool, member: MemberId) {
    let destroy = "UPDATE member_keys SET wrapped_key = NULL, destroyed_at = clock_timestamp()
                    WHERE member_id = $1";
    sqlx::query(destroy).bind(member.0).execute(pool).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn every_key_comes_under_the_present_one_and_a_repeat_changes_nothing() {
    let database = TestDatabase::create().await;
    let pool = keys(&database).await;
    let before = Vault::open(pool.clone(), ring("11", &[])).await.unwrap();
    // More than one batch.
    let sealed = members(&before, 3).await;
    sqlx::query(
        "INSERT INTO member_keys (member_id, key_id, wrapped_key, kek_id)
         SELECT gen_random_uuid(), 'copied', wrapped_key, kek_id
           FROM member_keys, generate_series(1, 400)",
    )
    .execute(&pool)
    .await
    .unwrap();
    let gone = sealed[2].0;
    destroy(&pool, gone).await;

    let both = ring("22", &["11"]);
    assert_eq!(
        status(&pool, &both).await,
        [(Known::Present, 0, 0, false), (Known::Previous, 1202, OWN, false)]
    );
    let done = rewrap(&pool, &both).await;
    // The copies belong to other rows: they are said, and left as they are.
    assert_eq!((done.member_keys, done.program_keys), (2, PROGRAM_KEYS));
    assert_eq!((done.not_opened, done.still_earlier), (1200, 1200));
    sqlx::query("DELETE FROM member_keys WHERE key_id = 'copied'").execute(&pool).await.unwrap();
    let again = rewrap(&pool, &both).await;
    assert_eq!(again, Rewrapped::default());
    assert_eq!(
        status(&pool, &both).await,
        [(Known::Present, 2, OWN, false), (Known::Previous, 0, 0, true)]
    );

    let after = Vault::open(pool.clone(), ring("22", &[])).await.unwrap();
    for (member, sealed) in &sealed[..2] {
        let opened = after.open_sealed(*member, &place("r1"), sealed).await.unwrap();
        assert_eq!(opened.expose_secret(), CODE);
    }
    let destroyed = after.open_sealed(gone, &place("r1"), &sealed[2].1).await;
    assert!(matches!(destroyed, Err(VaultError::KeyDestroyed)));
    let reference = |vault: &Vault| vault.reference(RewardId(Uuid::nil()), &woolworths(), 1);
    assert_eq!(reference(&after), reference(&before), "the program's keys are the same keys");
    database.drop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn many_members_go_batch_by_batch_and_it_is_told_how_far() {
    const MANY: usize = 1_203;
    let database = TestDatabase::create().await;
    let pool = keys(&database).await;
    let before = Vault::open(pool.clone(), ring("11", &[])).await.unwrap();
    let sealed = members(&before, MANY).await;
    let told = std::sync::Mutex::new(Vec::new());
    let both = ring("22", &["11"]);
    let done = rotation::rewrap(&pool, &both, |done, of| told.lock().unwrap().push((done, of)));
    let done = done.await.unwrap();
    assert_eq!((done.member_keys, done.still_earlier), (MANY as u64, 0));
    let total = MANY as u64 + PROGRAM_KEYS;
    let expected = [0, 500 + PROGRAM_KEYS, 1_000 + PROGRAM_KEYS, total].map(|done| (done, total));
    assert_eq!(*told.lock().unwrap(), expected);
    let after = Vault::open(pool.clone(), ring("22", &[])).await.unwrap();
    let (member, sealed) = &sealed[700];
    assert!(after.open_sealed(*member, &place("r1"), sealed).await.is_ok());
    database.drop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_destroyed_or_wrapped_anew_meanwhile_stays_so() {
    let database = TestDatabase::create().await;
    let pool = keys(&database).await;
    let before = Vault::open(pool.clone(), ring("11", &[])).await.unwrap();
    let sealed = members(&before, 3).await;
    let (destroyed, taken) = (sealed[0].0, sealed[1].0);
    let both = ring("22", &["11"]);

    let read = rotation::page_of_members(&pool, &both, Uuid::nil()).await.unwrap().unwrap();
    assert_eq!(read.rows.len(), 3);
    let fresh = read.wrapped_anew(&both, &mut Rewrapped::default());
    destroy(&pool, destroyed).await;
    // Somebody else changes to a third key at the same time, and has come this far.
    let third = ring("33", &["11"]);
    let theirs = rotation::page_of_members(&pool, &third, Uuid::nil()).await.unwrap().unwrap();
    let mut theirs = theirs;
    theirs.rows.retain(|(member, _)| *member == taken.0);
    let theirs = theirs.wrapped_anew(&third, &mut Rewrapped::default());
    assert_eq!(rotation::replace(&pool, &third, &theirs).await.unwrap(), 1);

    assert_eq!(rotation::replace(&pool, &both, &fresh).await.unwrap(), 1, "only the third");
    let all = ring("22", &["11", "33"]);
    assert_eq!(
        status(&pool, &all).await,
        [
            (Known::Present, 1, 0, false),
            (Known::Previous, 0, OWN, false),
            (Known::Previous, 1, 0, false),
        ]
    );
    let after = Vault::open(pool.clone(), all).await.unwrap();
    let gone = after.open_sealed(destroyed, &place("r1"), &sealed[0].1).await;
    assert!(matches!(gone, Err(VaultError::KeyDestroyed)));
    for (member, sealed) in &sealed[1..] {
        assert!(after.open_sealed(*member, &place("r1"), sealed).await.is_ok());
    }
    database.drop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn four_who_change_the_key_at_once_do_it_once_and_nobody_notices() {
    let database = TestDatabase::create().await;
    let pool = keys(&database).await;
    let old = Vault::open(pool.clone(), ring("11", &["22"])).await.unwrap();
    let sealed = members(&old, 40).await;
    let both = ring("22", &["11"]);
    let new = Vault::open(pool.clone(), both.clone()).await.unwrap();
    let rotations = futures::future::join_all((0..4).map(|_| rewrap(&pool, &both)));
    // Members come and are read meanwhile, at instances before and after the change.
    let using = async {
        let mut made = members(&old, 20).await;
        made.extend(members(&new, 20).await);
        for (member, sealed) in sealed.iter().chain(&made) {
            for vault in [&old, &new] {
                assert!(vault.open_sealed(*member, &place("r1"), sealed).await.is_ok());
            }
        }
        made
    };
    let (rotations, made) = tokio::join!(rotations, using);
    assert!(rotations.iter().all(|done| done.missing.is_empty() && done.not_opened == 0));
    rewrap(&pool, &both).await;
    let wraps = status(&pool, &both).await;
    assert_eq!(wraps, [(Known::Present, 80, OWN, false), (Known::Previous, 0, 0, true)]);
    let alone = Vault::open(pool.clone(), ring("22", &[])).await.unwrap();
    for (member, sealed) in sealed.iter().chain(&made) {
        assert!(alone.open_sealed(*member, &place("r1"), sealed).await.is_ok());
    }
    database.drop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_is_not_given_is_named_with_all_that_needs_it() {
    let database = TestDatabase::create().await;
    let pool = keys(&database).await;
    let before = Vault::open(pool.clone(), ring("11", &[])).await.unwrap();
    members(&before, 2).await;
    let stored = rotation::stored(&pool).await.unwrap();
    let lost = stored[0].id.clone();

    let without = ring("22", &[]);
    assert_eq!(
        status(&pool, &without).await,
        [(Known::Present, 0, 0, false), (Known::NotGiven, 2, OWN, false)]
    );
    let done = rewrap(&pool, &without).await;
    assert_eq!((done.member_keys, done.still_earlier), (0, 2 + PROGRAM_KEYS), "left as they are");
    assert_eq!(done.missing.iter().collect::<Vec<_>>(), [&lost]);
    let none = rotation::status(&pool, None).await.unwrap();
    assert_eq!((none.len(), &none[0].wraps.id, none[0].known), (1, &lost, Known::NotGiven));
    assert!(Vault::open(pool.clone(), ring("11", &[])).await.is_ok(), "nothing was harmed");
    database.drop().await;
}
