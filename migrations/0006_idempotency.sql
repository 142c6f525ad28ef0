-- Answers that were given to requests with an Idempotency-Key, so that a repeat is answered the same.
-- The key itself, the subject and the path are kept as one SHA-256 only: a key is whatever a client
-- makes up, and may hold what should not be here.
SET LOCAL ROLE anchor_owner;

CREATE TABLE public.idempotent_requests (
    scope_digest    bytea PRIMARY KEY CHECK (octet_length(scope_digest) = 32),
    body_digest     bytea NOT NULL CHECK (octet_length(body_digest) = 32),
    -- Which run of the request owns the row: a run that was given up on cannot save over its successor.
    run_id          uuid NOT NULL,
    begun_at        timestamptz NOT NULL,
    status          smallint CHECK (status BETWEEN 200 AND 499),
    ledger_position bigint,
    body            text,
    CHECK ((status IS NULL) = (body IS NULL))
);

CREATE INDEX idempotent_requests_begun_at ON public.idempotent_requests (begun_at);

GRANT SELECT, INSERT, UPDATE, DELETE ON public.idempotent_requests TO anchor_app;

RESET ROLE;
