//! Who knocked with a wrong key? Counted and kept, never with a body.
//!
//! Rows: W4.

use sqlx::PgPool;

/// Something that should not have happened at the edge.
#[derive(Debug, Clone, Copy)]
pub struct SecurityEvent<'a> {
    /// A code, such as `signature_wrong`.
    pub kind: &'a str,
    /// Which partner's door.
    pub partner: Option<&'a str>,
    /// From where.
    pub address: Option<&'a str>,
    /// The id it came with, when that has the form of one.
    pub external_id: Option<&'a str>,
}

/// Keeps a security event.
///
/// # Errors
/// When the database cannot be reached.
pub async fn record(pool: &PgPool, event: SecurityEvent<'_>) -> Result<(), sqlx::Error> {
    let short =
        |text: &str| text.chars().filter(char::is_ascii_graphic).take(128).collect::<String>();
    sqlx::query(
        "INSERT INTO security_events (kind, partner_id, address, external_id)
         VALUES ($1, $2, $3, $4)",
    )
    .bind(event.kind)
    .bind(event.partner.map(short))
    .bind(event.address.map(short))
    .bind(event.external_id.map(short))
    .execute(pool)
    .await?;
    Ok(())
}
