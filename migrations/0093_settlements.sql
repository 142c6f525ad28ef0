-- What our bank says: its lines with each partner, and by day what went into and out of our floats.
SET LOCAL ROLE anchor_owner;
SET LOCAL search_path = read, public;

CREATE TABLE settlements (
  position       bigint PRIMARY KEY,
  id             uuid NOT NULL UNIQUE,
  partner_id     text NOT NULL,
  direction      text NOT NULL,        -- paid or received
  amount         numeric(14,2) NOT NULL CHECK (amount > 0),
  currency       text NOT NULL,
  booked_on      date NOT NULL,
  bank_reference text NOT NULL UNIQUE,
  funding_model  text NOT NULL,
  recorded_at    timestamptz NOT NULL
);
CREATE INDEX settlements_of_partner ON settlements (partner_id, position DESC);

-- Who pays for what a partner gives, since which position.
CREATE TABLE partner_funding (
  partner_id    text NOT NULL,
  position      bigint NOT NULL,
  funding_model text NOT NULL,
  PRIMARY KEY (partner_id, position)
);

CREATE TABLE float_days (
  partner_id text NOT NULL,
  currency   text NOT NULL,
  day        date NOT NULL,            -- in Sydney, on which it became so
  change     numeric(14,2) NOT NULL,   -- of the float, below zero when less is left
  issued     numeric(14,2) NOT NULL,   -- of it, what was given to members
  PRIMARY KEY (partner_id, currency, day)
);

GRANT SELECT, INSERT, UPDATE, DELETE ON settlements, partner_funding, float_days TO anchor_app;
GRANT SELECT ON settlements, partner_funding, float_days TO anchor_read;
RESET ROLE;
