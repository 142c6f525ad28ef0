//! How does each test get a database of its own? A copy of the migrated template, dropped
//! afterwards.
//!
//! `cargo check-all` starts the server, migrates the template once and names the server in
//! `ANCHOR_TEST_POSTGRES`; a copy takes some twenty milliseconds.

use secrecy::{ExposeSecret, SecretString};
use sqlx::{Connection, PgConnection};
use uuid::Uuid;

/// The variable that names the server, as its administrator.
pub const SERVER_VARIABLE: &str = "ANCHOR_TEST_POSTGRES";
/// The migrated database that every test's is a copy of.
pub const TEMPLATE: &str = "anchor_template";

/// One test's own database.
#[derive(Debug)]
pub struct TestDatabase {
    /// Its address, as the server's administrator.
    pub url: SecretString,
    server: SecretString,
    name: String,
}

impl TestDatabase {
    /// A fresh copy of the template.
    ///
    /// # Panics
    /// Without a server: says which command starts one.
    pub async fn create() -> Self {
        let server = std::env::var(SERVER_VARIABLE).unwrap_or_else(|_| {
            panic!("{SERVER_VARIABLE} is not set: run the tests by `cargo check-all`")
        });
        let name = format!("t_{}", Uuid::now_v7().simple());
        let mut connection =
            PgConnection::connect(&server).await.expect("the test server answers");
        let copy = format!("CREATE DATABASE {name} TEMPLATE {TEMPLATE} STRATEGY file_copy");
        sqlx::raw_sql(&copy).execute(&mut connection).await.expect("the template can be copied");
        connection.close().await.expect("the connection closes");
        let (host, _) = server.rsplit_once('/').expect("the server's address names a database");
        Self {
            url: SecretString::from(format!("{host}/{name}")),
            server: SecretString::from(server),
            name,
        }
    }

    /// One that stands at another server, which its test started and migrated.
    #[must_use]
    pub fn at(server: SecretString, name: &str) -> Self {
        let host = server.expose_secret().rsplit_once('/').map_or("", |(host, _)| host);
        let url = SecretString::from(format!("{host}/{name}"));
        Self { url, server, name: name.to_owned() }
    }

    /// Drops it, whoever is still connected.
    ///
    /// # Panics
    /// When the server does not answer.
    pub async fn drop(self) {
        let mut connection = PgConnection::connect(self.server.expose_secret())
            .await
            .expect("the test server answers");
        let drop = format!("DROP DATABASE {} WITH (FORCE)", self.name);
        sqlx::raw_sql(&drop).execute(&mut connection).await.expect("the database can be dropped");
        connection.close().await.expect("the connection closes");
    }
}
