-- What belongs to one of ours alone, at one partner: an outside account, a voucher, its code, a credit.
-- Not a read model: it decides races between streams. It can be written anew from the log.
SET LOCAL ROLE anchor_owner;

CREATE TABLE held_once (
  partner_id text NOT NULL,
  what       text NOT NULL CHECK (what IN ('account', 'voucher', 'voucher_code', 'credit')),
  tag        text NOT NULL,            -- the partner's id, or a keyed hash of a number or code
  holder     uuid NOT NULL,            -- the stream it belongs to
  since      timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (partner_id, what, tag)
);

GRANT SELECT, INSERT, UPDATE ON held_once TO anchor_app;
RESET ROLE;
