-- The double-entry journal. A posting is one debit and one credit of the same amount, so debits
-- equal credits in every currency, for every event and at every position, by the shape of the row.
SET LOCAL ROLE anchor_owner;
SET LOCAL search_path = read, public;

CREATE TABLE journal (
  position       bigint NOT NULL,
  line           int NOT NULL,
  recorded_at    timestamptz NOT NULL,
  effective_on   date NOT NULL,
  reward_id      uuid NOT NULL,
  event_type     text NOT NULL,
  partner_id     text,
  currency       text NOT NULL,
  debit_account  text NOT NULL,
  credit_account text NOT NULL,
  amount         numeric(14,2) NOT NULL CHECK (amount > 0),
  PRIMARY KEY (position, line),
  CHECK (debit_account <> credit_account)
);
CREATE INDEX journal_of_partner ON journal (partner_id, effective_on);
CREATE INDEX journal_of_reward ON journal (reward_id);

GRANT SELECT, INSERT, UPDATE, DELETE ON journal TO anchor_app;
GRANT SELECT ON journal TO anchor_read;
RESET ROLE;
