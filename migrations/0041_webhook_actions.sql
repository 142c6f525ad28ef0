-- What the support team did with webhooks that had been set aside: once for each time that one was.
-- Kept longer than the inbox keeps bodies, and never changed.
--
-- A table, and not events of the partner: a partner's stream is read before every order and tells
-- of its own life; a mistake in somebody's webhooks is neither, and there may be thousands.
SET LOCAL ROLE anchor_owner;

CREATE TABLE public.webhook_actions (
  partner_id     text NOT NULL,
  external_id    text NOT NULL,
  parking        int NOT NULL,          -- which time it had been set aside, from 1
  action         text NOT NULL CHECK (action IN ('retry', 'dismiss')),
  person         uuid NOT NULL,
  reason         text NOT NULL,
  kind           text NOT NULL,
  parked_because text,
  attempts       int NOT NULL,
  received_at    timestamptz NOT NULL,
  at             timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (partner_id, external_id, parking)
);
CREATE INDEX webhook_actions_dismissed ON public.webhook_actions (received_at, partner_id, external_id)
  WHERE action = 'dismiss';

GRANT SELECT, INSERT ON public.webhook_actions TO anchor_app;
GRANT SELECT ON public.webhook_actions TO anchor_read;
RESET ROLE;
