-- Whose is a voucher, a credit, a code? The first reward's that a partner gave it for, for ever. Asked
-- before an answer becomes an event: what one partner gives twice is not taken twice. The rows hold
-- the partner's own id, or a keyed hash of the code, never the code.
SET LOCAL ROLE anchor_owner;

CREATE TABLE given_values (
  partner_id text NOT NULL,
  what       text NOT NULL CHECK (what IN ('voucher_id', 'code', 'credit_id')),
  value      text NOT NULL,
  reward_id  uuid NOT NULL,
  given_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (partner_id, what, value)
);

GRANT SELECT, INSERT ON given_values TO anchor_app;
GRANT SELECT ON given_values TO anchor_read;
RESET ROLE;
