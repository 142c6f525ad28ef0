-- What partners told us, durable before it is answered. Bodies are sealed; digest, id and kind are
-- not. The same (partner, id) is taken once, for ever.
SET LOCAL ROLE anchor_owner;

CREATE TABLE inbox (
  partner_id  text NOT NULL,
  external_id text NOT NULL,
  received_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  sent_at     timestamptz NOT NULL,
  kind        text NOT NULL,
  body_digest text NOT NULL,
  sealed_body bytea,
  state       text NOT NULL DEFAULT 'new' CHECK (state IN ('new', 'done', 'parked')),
  attempts    int NOT NULL DEFAULT 0,
  next_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
  reason      text,
  PRIMARY KEY (partner_id, external_id)
);
CREATE INDEX inbox_due ON inbox (next_at) WHERE state = 'new';
CREATE INDEX inbox_parked ON inbox (received_at) WHERE state = 'parked';
GRANT SELECT, INSERT, UPDATE ON inbox TO anchor_app;
GRANT SELECT ON inbox TO anchor_read;

-- Who knocked with a wrong key. Never holds a body.
CREATE TABLE security_events (
  id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at          timestamptz NOT NULL DEFAULT clock_timestamp(),
  kind        text NOT NULL,
  partner_id  text,
  address     text,
  external_id text
);
CREATE INDEX security_events_at ON security_events (at DESC);
GRANT SELECT, INSERT ON security_events TO anchor_app;
GRANT SELECT ON security_events TO anchor_read;

RESET ROLE;
