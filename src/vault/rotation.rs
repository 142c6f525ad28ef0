//! How does another key take the place of the one that wraps all others? While everything runs.
//!
//! Only the wrapping of each key changes, never the key itself: what it has sealed stays as it is,
//! and what running instances remember stays right.
//!
//! *Guarantees*: a key is replaced only where its wrapping is still the one that was opened, so one
//! that was destroyed or wrapped anew meanwhile stays so; each batch is one short statement that
//! takes its rows in one order, so that any number may do this at once; what does not open is left
//! as it is and said; a repeat changes nothing.
//!
//! Rows: P9, C2. Cases: C26.

use std::collections::BTreeSet;

use domain::ids::MemberId;
use sqlx::PgPool;
use uuid::Uuid;

use super::cipher;
use super::error::VaultError;
use super::keyring::{Keyring, Known};
use super::{member_keys, program_keys};

/// How many members' keys are wrapped anew in one statement.
const BATCH: i64 = 500;
/// Instances that still wrap with an earlier key make new work meanwhile; so often it is taken up.
const MOST_PASSES: u32 = 3;

/// A key outside the database, by what it wraps inside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// Its id.
    pub id: String,
    /// How many members' keys it wraps; destroyed ones are not there any more.
    pub member_keys: i64,
    /// How many of the program's own keys it wraps.
    pub program_keys: i64,
}

/// The keys that are needed to open what is stored, by the wrapped keys' own words.
///
/// # Errors
/// When the key store cannot be reached.
pub async fn stored(pool: &PgPool) -> Result<Vec<Stored>, VaultError> {
    let rows: Vec<(String, i64, i64)> = sqlx::query_as(
        "SELECT encode(substring(wrapped_key FROM 2 FOR 4), 'hex') AS id,
                count(*) FILTER (WHERE is_members), count(*) FILTER (WHERE NOT is_members)
           FROM (SELECT wrapped_key, true AS is_members FROM member_keys
                  WHERE wrapped_key IS NOT NULL
                 UNION ALL SELECT wrapped_key, false FROM program_keys) k
          GROUP BY 1 ORDER BY 1",
    )
    .fetch_all(pool)
    .await?;
    let stored = |(id, member_keys, program_keys)| Stored { id, member_keys, program_keys };
    Ok(rows.into_iter().map(stored).collect())
}

/// A key, where it is known from, and what it wraps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyStatus {
    /// What it wraps.
    pub wraps: Stored,
    /// Where it is known from.
    pub known: Known,
}

impl KeyStatus {
    /// Whether nothing here needs it.
    #[must_use]
    pub fn is_removable(&self) -> bool {
        self.known == Known::Previous && !self.is_needed()
    }

    /// Whether something stored does not open without it.
    #[must_use]
    pub fn is_needed(&self) -> bool {
        self.wraps.member_keys > 0 || self.wraps.program_keys > 0
    }
}

/// Every key that is given or needed: those that are given first, as they are given.
///
/// # Errors
/// When the key store cannot be reached.
pub async fn status(
    pool: &PgPool,
    keyring: Option<&Keyring>,
) -> Result<Vec<KeyStatus>, VaultError> {
    let mut stored = stored(pool).await?;
    let mut all: Vec<KeyStatus> = Vec::new();
    for id in keyring.into_iter().flat_map(Keyring::ids) {
        if all.iter().any(|status| status.wraps.id == id) {
            continue;
        }
        let known = if all.is_empty() { Known::Present } else { Known::Previous };
        let found = stored.iter().position(|stored| stored.id == id);
        let nothing = Stored { id, member_keys: 0, program_keys: 0 };
        let wraps = found.map_or(nothing, |found| stored.remove(found));
        all.push(KeyStatus { wraps, known });
    }
    let not_given = |wraps| KeyStatus { wraps, known: Known::NotGiven };
    all.extend(stored.into_iter().map(not_given));
    Ok(all)
}

/// What came of wrapping keys anew.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rewrapped {
    /// So many members' keys.
    pub member_keys: u64,
    /// So many of the program's own.
    pub program_keys: u64,
    /// Wrapped by keys that are not given, and left as they are.
    pub missing: BTreeSet<String>,
    /// So many that belong to another row, or were changed, and were left as they are.
    pub not_opened: u64,
    /// So many are still wrapped by an earlier key, whatever the reason.
    pub still_earlier: u64,
}

/// Wraps every key that is not under the present one anew; tells how far it is, in keys.
///
/// # Errors
/// When the key store cannot be reached; what was done stays done, and a repeat does the rest.
pub async fn rewrap(
    pool: &PgPool,
    keyring: &Keyring,
    tell: impl Fn(u64, u64),
) -> Result<Rewrapped, VaultError> {
    let mut done = Rewrapped::default();
    let mut earlier = under_earlier(pool, keyring).await?;
    for _ in 0..MOST_PASSES {
        let before = done.member_keys + done.program_keys;
        let total = before + earlier;
        (done.missing, done.not_opened) = (BTreeSet::new(), 0);
        tell(before, total);
        rewrap_program_keys(pool, keyring, &mut done).await?;
        let mut after = Uuid::nil();
        while let Some(page) = page_of_members(pool, keyring, after).await? {
            after = page.last;
            let fresh = page.wrapped_anew(keyring, &mut done);
            done.member_keys += replace(pool, keyring, &fresh).await?;
            tell(done.member_keys + done.program_keys, total);
        }
        earlier = under_earlier(pool, keyring).await?;
        if earlier == 0 || done.member_keys + done.program_keys == before {
            break;
        }
    }
    done.still_earlier = earlier;
    Ok(done)
}

async fn under_earlier(pool: &PgPool, keyring: &Keyring) -> Result<u64, VaultError> {
    let present = hex::encode(keyring.current().id);
    let stored = stored(pool).await?;
    let earlier = stored.iter().filter(|stored| stored.id != present);
    let keys: i64 = earlier.map(|stored| stored.member_keys + stored.program_keys).sum();
    Ok(keys.unsigned_abs())
}

/// The program's own, of which there are few: one statement each.
async fn rewrap_program_keys(
    pool: &PgPool,
    keyring: &Keyring,
    done: &mut Rewrapped,
) -> Result<(), VaultError> {
    let present = keyring.current().id;
    let rows: Vec<(String, Vec<u8>)> =
        sqlx::query_as("SELECT name, wrapped_key FROM program_keys ORDER BY name")
            .fetch_all(pool)
            .await?;
    for (name, old) in rows {
        if cipher::key_id(&old).is_ok_and(|id| id == present) {
            continue;
        }
        let Some(new) = anew(keyring, &program_keys::place(&name), &old, done) else { continue };
        let replaced = sqlx::query(
            "UPDATE program_keys SET wrapped_key = $3, kek_id = $4
              WHERE name = $1 AND wrapped_key = $2",
        )
        .bind(name)
        .bind(old)
        .bind(new)
        .bind(hex::encode(present))
        .execute(pool)
        .await?;
        done.program_keys += replaced.rows_affected();
    }
    Ok(())
}

/// Members' keys that were under an earlier key when they were read.
pub(super) struct Page {
    pub rows: Vec<(Uuid, Vec<u8>)>,
    pub last: Uuid,
}

/// The next of them after this member; none when there are no more.
pub(super) async fn page_of_members(
    pool: &PgPool,
    keyring: &Keyring,
    after: Uuid,
) -> Result<Option<Page>, VaultError> {
    let rows: Vec<(Uuid, Vec<u8>)> = sqlx::query_as(
        "SELECT member_id, wrapped_key FROM member_keys
          WHERE member_id > $1 AND wrapped_key IS NOT NULL
            AND substring(wrapped_key FROM 2 FOR 4) <> $2
          ORDER BY member_id LIMIT $3",
    )
    .bind(after)
    .bind(keyring.current().id.to_vec())
    .bind(BATCH)
    .fetch_all(pool)
    .await?;
    Ok(rows.last().map(|(last, _)| *last).map(|last| Page { rows, last }))
}

/// Members' keys as they were and as they will be.
#[derive(Default)]
pub(super) struct Fresh {
    members: Vec<Uuid>,
    old: Vec<Vec<u8>>,
    new: Vec<Vec<u8>>,
}

impl Page {
    /// All that open, wrapped by the present key.
    pub fn wrapped_anew(self, keyring: &Keyring, done: &mut Rewrapped) -> Fresh {
        let mut fresh = Fresh::default();
        for (member, old) in self.rows {
            let place = member_keys::place(MemberId(member));
            let Some(new) = anew(keyring, &place, &old, done) else { continue };
            fresh.members.push(member);
            fresh.old.push(old);
            fresh.new.push(new);
        }
        fresh
    }
}

/// Puts the new in the place of the old, where the old still is; answers how often.
pub(super) async fn replace(
    pool: &PgPool,
    keyring: &Keyring,
    fresh: &Fresh,
) -> Result<u64, VaultError> {
    let replaced = sqlx::query(
        "WITH taken AS MATERIALIZED (
            SELECT member_id FROM member_keys WHERE member_id = ANY($1)
             ORDER BY member_id FOR UPDATE)
         UPDATE member_keys m SET wrapped_key = f.new, kek_id = $4
           FROM taken, unnest($1::uuid[], $2::bytea[], $3::bytea[]) AS f(member_id, old, new)
          WHERE m.member_id = taken.member_id AND m.member_id = f.member_id
            AND m.wrapped_key = f.old",
    )
    .bind(&fresh.members)
    .bind(&fresh.old)
    .bind(&fresh.new)
    .bind(hex::encode(keyring.current().id))
    .execute(pool)
    .await?;
    Ok(replaced.rows_affected())
}

/// The same key under the present one; none, and counted, when it does not open.
fn anew(keyring: &Keyring, place: &[u8], wrapped: &[u8], done: &mut Rewrapped) -> Option<Vec<u8>> {
    match member_keys::unwrap(keyring, place, wrapped) {
        Ok(key) => Some(cipher::seal(keyring.current(), place, &key.bytes[..])),
        Err(VaultError::KeyMissing { id }) => {
            done.missing.insert(id);
            None
        }
        Err(_) => {
            done.not_opened += 1;
            None
        }
    }
}
