//! Which variables are read? By name, with a line for whoever sets them.
//!
//! Rows: P12.

/// Every variable that is read, besides each partner's own five, with a line for people.
pub const VARIABLES: &[(&str, &str)] = &[
    (
        "DATABASE_URL",
        "where the ledger lives, postgres://…; several servers: host1:5432,host2:5432",
    ),
    (
        "DATABASE_OWNER_URL",
        "for `anchor migrate`, `rebuild` and `replay`; DATABASE_URL when absent",
    ),
    ("READ_DATABASE_URL", "a replica for queries; DATABASE_URL when absent"),
    ("ENCRYPTION_KEY", "64 hexadecimal characters; `anchor keys generate` makes one"),
    ("ENCRYPTION_KEY_PREVIOUS", "further keys that may open, space separated; see `anchor keys`"),
    ("SUPABASE_URL", "who issues the bearer tokens, https://…"),
    ("SUPABASE_JWT_SECRET", "shared secret of the tokens; when set no key is fetched"),
    ("ANCHOR_LISTEN", "address and port to serve on; 127.0.0.1:8080 when absent"),
    ("ANCHOR_PUBLIC_URL", "how others reach this server; http://<listen> when absent"),
    (
        "ANCHOR_PARTNERS_DIR",
        "a folder of partner files (.toml): more partners, or others in the place of ours",
    ),
    (
        "ANCHOR_TRUSTED_PROXIES",
        "proxies of ours, addresses or ranges such as 10.0.0.0/8, space separated",
    ),
    (
        "ANCHOR_WEBHOOKS_PER_SECOND",
        "how many webhooks this process takes in a second; 0, no limit, when absent",
    ),
    ("ANCHOR_STEP_UP_FROM", "claims of this amount or more need a second factor; 200.00"),
    (
        "ANCHOR_TWO_PERSON_FROM",
        "differences of this amount or more are set aside by two people; 500.00",
    ),
    (
        "ANCHOR_PULL_STATEMENTS",
        "whether partners' daily statements are fetched, or brought by people; true",
    ),
    (
        "ANCHOR_SEAL_KEY",
        "64 hexadecimal characters that sign certificates; `openssl rand -hex 32` makes some",
    ),
    ("ANCHOR_SUPPORT_CONTACT", "how members reach a person, shown where something failed"),
    (
        "ANCHOR_SUPPORT_EMAIL",
        "who is told by e-mail when something needs a person; several, space separated",
    ),
    (
        "ANCHOR_MAIL_FROM",
        "whom e-mail is from; Anchor <no-reply@ the host of ANCHOR_PUBLIC_URL> when absent",
    ),
    (
        "SMTP_URL",
        "smtps://user:password@host or smtp://…, sealed unless on this machine; else no e-mail",
    ),
    ("ANCHOR_LOG_FORMAT", "text or json; text on a terminal"),
    ("RUST_LOG", "what is logged, such as info or anchor=debug"),
];
