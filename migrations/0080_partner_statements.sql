-- What partners' statements say beside what we recorded: our movements and whether a line speaks of
-- each, the statements, and what differs.
SET LOCAL ROLE anchor_owner;
SET LOCAL search_path = read, public;

CREATE TABLE statement_movements (
  position        bigint PRIMARY KEY,   -- the event of ours
  partner_id      text NOT NULL,
  reward_id       uuid NOT NULL,
  kind            text NOT NULL,        -- as in a file; ORDER for what was asked for
  attempt         int,
  reference       text,                 -- of an order and of what was issued
  partner_ref     text NOT NULL,
  use_id          text,
  business_date   date NOT NULL,        -- in the partner's own zone
  cents           bigint NOT NULL,
  currency        text NOT NULL,
  matched_in      uuid,                 -- the statement that speaks of it
  matched_line    int,
  overdue_in      uuid,                 -- the statement by which it should have been spoken of
  CHECK ((matched_in IS NULL) = (matched_line IS NULL))
);
CREATE INDEX statement_movements_open ON statement_movements (partner_id, business_date)
  WHERE matched_in IS NULL AND kind <> 'ORDER';
CREATE INDEX statement_movements_of_value ON statement_movements (partner_id, partner_ref);
CREATE INDEX statement_movements_of_order ON statement_movements (partner_id, reference)
  WHERE reference IS NOT NULL;
CREATE INDEX statement_movements_of_attempt ON statement_movements (reward_id, attempt)
  WHERE kind = 'ORDER';
CREATE INDEX statement_movements_matched ON statement_movements (matched_in, matched_line)
  WHERE matched_in IS NOT NULL;

-- The zone in which a partner's days begin.
CREATE TABLE statement_zones (
  partner_id text PRIMARY KEY,
  time_zone  text NOT NULL
);

CREATE TABLE partner_statements (
  id             uuid PRIMARY KEY,
  partner_id     text NOT NULL,
  business_date  date NOT NULL,
  sequence       int NOT NULL,
  currency       text NOT NULL,
  made_at        timestamptz NOT NULL,
  lines          int NOT NULL,
  totals         jsonb NOT NULL,
  sha256         text NOT NULL,
  status         text NOT NULL,         -- imported, matched, superseded
  superseded_by  uuid,
  superseded_at_position bigint,
  imported_at    timestamptz NOT NULL,
  imported_at_position bigint NOT NULL,
  last_position  bigint NOT NULL
);
CREATE INDEX partner_statements_latest ON partner_statements (imported_at DESC, id DESC);
CREATE INDEX partner_statements_of_partner
  ON partner_statements (partner_id, business_date DESC, sequence DESC);
CREATE INDEX partner_statements_todo ON partner_statements (business_date) WHERE status = 'imported';

-- Since when how many of a statement's lines agree, and by how much an agreed tolerance let them be
-- off: theirs less ours.
CREATE TABLE statement_matchings (
  statement_id uuid NOT NULL,
  position     bigint NOT NULL,
  lines        int NOT NULL,
  off_by_cents bigint NOT NULL,
  PRIMARY KEY (statement_id, position)
);

CREATE TABLE statement_breaks (
  id             uuid PRIMARY KEY,
  statement_id   uuid NOT NULL,
  number         int NOT NULL,
  partner_id     text NOT NULL,
  business_date  date NOT NULL,
  kind           text NOT NULL,
  line           int,
  position       bigint,
  movement       text NOT NULL,
  reference      text NOT NULL,
  partner_ref    text NOT NULL,
  use_id         text,
  counts_on      date NOT NULL,
  stated         numeric(14,2),
  recorded       numeric(14,2),
  amount         numeric(14,2) NOT NULL,
  currency       text NOT NULL,
  state          text NOT NULL,         -- open, resolved, forced
  outcome        text,
  opened_at      timestamptz NOT NULL,
  opened_at_position bigint NOT NULL,
  ended_at       timestamptz,
  ended_at_position bigint,
  last_position  bigint NOT NULL,
  UNIQUE (statement_id, number)
);
CREATE INDEX statement_breaks_open ON statement_breaks (opened_at, id) WHERE state = 'open';
CREATE INDEX statement_breaks_at ON statement_breaks (position) WHERE position IS NOT NULL;

-- Since when somebody looks into a break, who wants or wanted to force it, and what was written;
-- null where it stays as it was.
CREATE TABLE statement_break_notes (
  statement_id uuid NOT NULL,
  number       int NOT NULL,
  position     bigint NOT NULL,
  owner        uuid,
  first_person uuid,
  first_person_until timestamptz,       -- until when a second person may say the same
  second_person uuid,
  note         text,
  PRIMARY KEY (statement_id, number, position)
);

GRANT SELECT, INSERT, UPDATE, DELETE
  ON statement_movements, statement_zones, partner_statements, statement_matchings,
     statement_breaks, statement_break_notes TO anchor_app;
GRANT SELECT ON statement_movements, statement_zones, partner_statements, statement_matchings,
                statement_breaks, statement_break_notes TO anchor_read;

-- Every file that ever came, whole, also those that were refused: what a statement rests on.
CREATE TABLE public.statement_files (
  id           uuid PRIMARY KEY,
  partner_id   text NOT NULL,
  sha256       text NOT NULL,
  content      bytea NOT NULL,
  came_by      text NOT NULL,           -- uploaded or pulled
  brought_by   text NOT NULL,           -- who
  statement_id uuid,                    -- none when it was refused
  faults       jsonb,
  came_at      timestamptz NOT NULL DEFAULT ledger_now(),
  UNIQUE (partner_id, sha256),
  CHECK ((statement_id IS NULL) = (faults IS NOT NULL))
);
CREATE INDEX statement_files_of_statement ON public.statement_files (statement_id);
GRANT SELECT, INSERT ON public.statement_files TO anchor_app;
GRANT SELECT ON public.statement_files TO anchor_read;

RESET ROLE;
