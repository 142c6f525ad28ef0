-- The zone in which a partner's days begin: a posting's business day is the partner's, wherever
-- that is. One table for each read model that counts by days, since each is rebuilt on its own.
SET LOCAL ROLE anchor_owner;
SET LOCAL search_path = read, public;

CREATE TABLE journal_zones (
  partner_id text PRIMARY KEY,
  time_zone  text NOT NULL
);
CREATE TABLE reconciliation_zones (
  partner_id text PRIMARY KEY,
  time_zone  text NOT NULL
);
-- Postings of an account, in order.
CREATE INDEX journal_of_debit ON journal (debit_account, position, line);
CREATE INDEX journal_of_credit ON journal (credit_account, position, line);

GRANT SELECT, INSERT, UPDATE, DELETE ON journal_zones, reconciliation_zones TO anchor_app;
GRANT SELECT ON journal_zones, reconciliation_zones TO anchor_read;
RESET ROLE;
