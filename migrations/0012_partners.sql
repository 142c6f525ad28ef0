-- Who can give something: one row per partner. Credentials are not here.
SET LOCAL ROLE anchor_owner;
SET LOCAL search_path = read, public;

CREATE TABLE partners (
  id               uuid PRIMARY KEY,
  partner_id       text UNIQUE NOT NULL,
  name             text NOT NULL,
  type             text NOT NULL,
  status           text NOT NULL,
  onboarding_state text NOT NULL,
  config           jsonb NOT NULL,
  capabilities     text[] NOT NULL,
  webhook_url      text,
  oauth_config     jsonb,
  created_at       timestamptz NOT NULL,
  updated_at       timestamptz NOT NULL,
  last_position    bigint NOT NULL
);

GRANT SELECT, INSERT, UPDATE, DELETE ON partners TO anchor_app;
GRANT SELECT ON partners TO anchor_read;
RESET ROLE;
