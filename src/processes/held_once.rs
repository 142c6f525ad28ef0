//! Does this belong to one of ours already? An outside account to one member, a voucher and its code
//! to one reward.
//!
//! *Why a table*: two streams cannot see each other, and a read model is always a little late. The
//! primary key decides, whoever races. It says nothing that the log does not say, and can be written
//! anew from it.
//!
//! Rows: R4, R2, D4.

use domain::ids::PartnerId;
use sqlx::PgPool;
use uuid::Uuid;

/// What is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// An outside account, by the tag of its number.
    Account,
    /// A voucher, by the partner's id.
    Voucher,
    /// A voucher's code, by its tag.
    VoucherCode,
    /// A credit, by the partner's id.
    Credit,
}

impl What {
    fn as_str(self) -> &'static str {
        match self {
            Self::Account => "account",
            Self::Voucher => "voucher",
            Self::VoucherCode => "voucher_code",
            Self::Credit => "credit",
        }
    }
}

/// Takes it for `holder`, unless another has it: then who does.
///
/// # Errors
/// When the table cannot be reached.
pub async fn hold(
    pool: &PgPool,
    partner: &PartnerId,
    (what, tag): (What, &str),
    holder: Uuid,
) -> Result<Option<Uuid>, sqlx::Error> {
    sqlx::query(
        "INSERT INTO held_once (partner_id, what, tag, holder) VALUES ($1, $2, $3, $4)
         ON CONFLICT (partner_id, what, tag) DO NOTHING",
    )
    .bind(partner.as_str())
    .bind(what.as_str())
    .bind(tag)
    .bind(holder)
    .execute(pool)
    .await?;
    let holds: Uuid = sqlx::query_scalar(
        "SELECT holder FROM held_once WHERE partner_id = $1 AND what = $2 AND tag = $3",
    )
    .bind(partner.as_str())
    .bind(what.as_str())
    .bind(tag)
    .fetch_one(pool)
    .await?;
    Ok(Some(holds).filter(|holds| *holds != holder))
}

/// Takes it over from one who no longer needs it; answers whether that one still had it.
///
/// # Errors
/// When the table cannot be reached.
pub async fn take_over(
    pool: &PgPool,
    partner: &PartnerId,
    (what, tag): (What, &str),
    (from, to): (Uuid, Uuid),
) -> Result<bool, sqlx::Error> {
    let taken = sqlx::query(
        "UPDATE held_once SET holder = $5, since = clock_timestamp()
          WHERE partner_id = $1 AND what = $2 AND tag = $3 AND holder = $4",
    )
    .bind(partner.as_str())
    .bind(what.as_str())
    .bind(tag)
    .bind(from)
    .bind(to)
    .execute(pool)
    .await?;
    Ok(taken.rows_affected() == 1)
}
