-- Which partner's statement of which day is still to be fetched? Due time and lease are one column.
SET LOCAL ROLE anchor_owner;

CREATE TABLE public.statement_pulls (
  partner_id    text NOT NULL,
  business_date date NOT NULL,
  next_at       timestamptz NOT NULL,
  lease_owner   uuid,
  tries         int NOT NULL DEFAULT 0,
  trouble       text,                  -- why it is not there yet, by a code
  noted_at      timestamptz NOT NULL DEFAULT ledger_now(),
  done_at       timestamptz,
  PRIMARY KEY (partner_id, business_date)
);
CREATE INDEX statement_pulls_due ON public.statement_pulls (next_at) WHERE done_at IS NULL;

GRANT SELECT, INSERT, UPDATE ON public.statement_pulls TO anchor_app;
GRANT SELECT ON public.statement_pulls TO anchor_read;

RESET ROLE;
