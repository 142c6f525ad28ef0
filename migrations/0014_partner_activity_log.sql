-- Everything that happened, in order, for people: one row per event, nothing sealed in it.
SET LOCAL ROLE anchor_owner;
SET LOCAL search_path = read, public;

CREATE TABLE partner_activity_log (
  id            uuid PRIMARY KEY,
  position      bigint UNIQUE NOT NULL,
  partner_id    text,
  activity_type text NOT NULL,
  details       jsonb NOT NULL,
  user_id       uuid,
  timestamp     timestamptz NOT NULL,
  created_at    timestamptz NOT NULL
);
CREATE INDEX partner_activity_log_partner ON partner_activity_log (partner_id, position DESC);
CREATE INDEX partner_activity_log_user ON partner_activity_log (user_id, position DESC);

GRANT SELECT, INSERT, UPDATE, DELETE ON partner_activity_log TO anchor_app;
GRANT SELECT ON partner_activity_log TO anchor_read;
RESET ROLE;
