-- Where each member's journey stands.
SET LOCAL ROLE anchor_owner;
SET LOCAL search_path = read, public;

CREATE TABLE journeys (
  member_id      uuid PRIMARY KEY,
  started_on     date NOT NULL,
  time_zone      text NOT NULL,
  journey_number int NOT NULL,
  reported_on    date NOT NULL,
  created_at     timestamptz NOT NULL,
  updated_at     timestamptz NOT NULL,
  last_position  bigint NOT NULL
);

GRANT SELECT, INSERT, UPDATE, DELETE ON journeys TO anchor_app;
GRANT SELECT ON journeys TO anchor_read;
RESET ROLE;
