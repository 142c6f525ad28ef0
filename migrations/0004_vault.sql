-- Keys, secrets and tokens. Every one is wrapped by a key that is not in the database; only
-- anchor_keys sees this schema, and its backups are kept apart from the log's.
SET LOCAL ROLE anchor_owner;
SET LOCAL search_path = keys, public;

CREATE TABLE member_keys (
  member_id    uuid PRIMARY KEY,
  key_id       text NOT NULL,
  wrapped_key  bytea,
  kek_id       text NOT NULL,
  created_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
  destroyed_at timestamptz,
  CHECK ((wrapped_key IS NULL) = (destroyed_at IS NOT NULL))
);

-- Keys of the program itself (references, keyed hashes, the inbox): random, so that changing the key
-- that wraps them changes nothing else.
CREATE TABLE program_keys (
  name        text PRIMARY KEY,
  wrapped_key bytea NOT NULL,
  kek_id      text NOT NULL,
  created_at  timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE TABLE partner_secrets (
  partner_id text NOT NULL,
  name       text NOT NULL,
  sealed     bytea NOT NULL,
  updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (partner_id, name)
);

GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA keys TO anchor_keys;
RESET ROLE;
