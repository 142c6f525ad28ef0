-- When does whose journey want a look? At once after anything happened to it, else at the local
-- midnight of its next milestone.
SET LOCAL ROLE anchor_owner;
SET LOCAL search_path = read, public;

CREATE TABLE journey_todo (
  member_id   uuid PRIMARY KEY,
  sequence    bigint NOT NULL,
  next_at     timestamptz NOT NULL,
  lease_owner uuid
) WITH (fillfactor = 80);
CREATE INDEX journey_todo_due ON journey_todo (next_at);

GRANT SELECT, INSERT, UPDATE, DELETE ON journey_todo TO anchor_app;
GRANT SELECT ON journey_todo TO anchor_read;
RESET ROLE;
