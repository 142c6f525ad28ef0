-- How statements and breaks stood at any position: when they changed, and what people wrote then.
SET LOCAL ROLE anchor_owner;
SET LOCAL search_path = read, public;

ALTER TABLE partner_statements ADD COLUMN superseded_at_position bigint;
ALTER TABLE statement_breaks ADD COLUMN opened_at_position bigint NOT NULL DEFAULT 0;
ALTER TABLE statement_breaks ADD COLUMN ended_at_position bigint;

CREATE TABLE statement_matchings (
  statement_id uuid NOT NULL,
  position     bigint NOT NULL,
  lines        int NOT NULL,           -- that agree since then
  PRIMARY KEY (statement_id, position)
);

CREATE TABLE statement_break_notes (
  statement_id uuid NOT NULL,
  number       int NOT NULL,
  position     bigint NOT NULL,
  owner        uuid,                   -- each: null when it stayed as it was
  first_person uuid,
  note         text,
  PRIMARY KEY (statement_id, number, position)
);

GRANT SELECT, INSERT, UPDATE, DELETE ON statement_matchings, statement_break_notes TO anchor_app;
GRANT SELECT ON statement_matchings, statement_break_notes TO anchor_read;
RESET ROLE;
