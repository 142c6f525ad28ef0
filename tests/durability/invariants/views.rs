//! Can everything be derived anew, and does nothing that was kept or said give a secret away?
//!
//! Rows: A4, C4. Cases: C9, I6, I8.

use anchor::postgres::binaries;
use sqlx::PgPool;

/// I6: no row of any read model differs from what the log comes to.
///
/// # Errors
/// When the copies cannot be built: says why.
pub async fn read_models_are_what_a_rebuild_comes_to(pool: &PgPool) -> Vec<String> {
    let all = projections::all();
    let checked = match projections::rebuild::check(pool, &all, &|_, _| {}).await {
        Ok(checked) => checked,
        Err(error) => return vec![format!("I6: could not be compared: {error:?}")],
    };
    let differing = checked.into_iter().filter(|one| one.differing > 0);
    differing.map(|one| format!("I6: {}: {:?}", one.name, one.differences)).collect()
}

/// I8: none of these is in a dump of the database or in what the program printed.
pub async fn no_secret_is_in_a_dump_or_in_what_was_said(
    database: &str,
    said: &str,
    secrets: &[(String, String)],
) -> Vec<String> {
    let dump = tokio::process::Command::new(binaries::find().unwrap().join("pg_dump"));
    let dumped = { dump }.arg(database).output().await.unwrap();
    let dumped = String::from_utf8_lossy(&dumped.stdout).into_owned();
    let mut broken = Vec::new();
    if !dumped.contains("VoucherIssued") {
        broken.push("I8: the dump is none".to_owned());
    }
    for (place, text) in [("a dump", dumped.as_str()), ("what was said", said)] {
        for (what, secret) in secrets {
            if let Some(line) = text.lines().find(|line| holds(line, secret)) {
                broken.push(format!("I8: {what} is in {place}: {line}"));
            }
        }
    }
    broken.extend(short_values(database, secrets).await);
    broken
}

/// So long a secret is in no number by chance.
const SHORT: usize = 6;

/// Short ones, such as a PIN, are what many a position is as well: they count where they stand as a
/// text, and as all that is in a column of text.
async fn short_values(database: &str, secrets: &[(String, String)]) -> Vec<String> {
    let pool = PgPool::connect(database).await.unwrap();
    let columns: Vec<String> = sqlx::query_scalar(
        "SELECT format('SELECT %1$L, %2$I::text FROM %3$I.%4$I WHERE %2$I = ANY($1)',
                       table_schema || '.' || table_name || '.' || column_name, column_name,
                       table_schema, table_name)
           FROM information_schema.columns JOIN information_schema.tables
                USING (table_schema, table_name)
          WHERE table_type = 'BASE TABLE' AND data_type IN ('text', 'character varying')
            AND table_schema NOT IN ('pg_catalog', 'information_schema')",
    )
    .fetch_all(&pool)
    .await
    .unwrap();
    assert!(columns.len() > 10, "there are columns of text");
    let short: Vec<&str> =
        secrets.iter().map(|(_, secret)| secret.as_str()).filter(|s| s.len() <= SHORT).collect();
    let found = columns.join(" UNION ALL ");
    let found: Vec<(String, String)> =
        sqlx::query_as(&found).bind(short).fetch_all(&pool).await.unwrap();
    pool.close().await;
    found.into_iter().map(|(column, value)| format!("I8: {value} is in {column}")).collect()
}

fn holds(line: &str, secret: &str) -> bool {
    if secret.len() > SHORT {
        return line.contains(secret) || line.contains(&hex::encode(secret));
    }
    // What caused an event is the position of another one, as a text.
    let is_position = |at: usize| line[..at].ends_with("\"causation\":");
    ["\"", "'"].iter().any(|edge| {
        let quoted = format!("{edge}{secret}{edge}");
        line.match_indices(&quoted).any(|(at, _)| !is_position(at))
    })
}

#[test]
fn a_pin_is_found_where_it_stands_as_a_text_and_a_position_is_no_pin() {
    assert!(holds(r#"{"pin":"1017"}"#, "1017"));
    assert!(!holds(r#"1017	{"position":1017,"causation":"1017"}"#, "1017"));
    assert!(holds(r#"{"causation":"1017","note":"1017"}"#, "1017"));
    assert!(holds("code 6301234567 it was", "6301234567"));
}
