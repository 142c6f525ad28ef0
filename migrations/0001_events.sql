-- The log: what happened, in commit order, for ever.
--
-- Positions are dense and in commit order because one advisory lock is held from taking them to the
-- commit. They come from a table and not from a sequence: a rolled-back append gives its numbers
-- back, so a missing number is an alarm and never a guess.

-- Roles belong to the whole cluster; several databases may be migrated at once.
DO $$
DECLARE wanted text;
BEGIN
  FOREACH wanted IN ARRAY ARRAY['anchor_owner', 'anchor_app', 'anchor_read', 'anchor_keys'] LOOP
    BEGIN
      IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = wanted) THEN
        EXECUTE format('CREATE ROLE %I NOLOGIN', wanted);
      END IF;
    EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
    END;
    BEGIN
      IF NOT pg_has_role(current_user, wanted, 'MEMBER') THEN
        EXECUTE format('GRANT %I TO %I', wanted, current_user);
      END IF;
    EXCEPTION WHEN unique_violation THEN NULL;
    END;
  END LOOP;
END $$;

CREATE SCHEMA read AUTHORIZATION anchor_owner;
CREATE SCHEMA keys AUTHORIZATION anchor_owner;
GRANT USAGE, CREATE ON SCHEMA public TO anchor_owner;
GRANT USAGE ON SCHEMA public, read TO anchor_app, anchor_read;
GRANT USAGE ON SCHEMA keys TO anchor_keys;
GRANT USAGE ON SCHEMA public TO anchor_keys;
GRANT SELECT ON _sqlx_migrations TO anchor_app, anchor_read;

SET LOCAL ROLE anchor_owner;

-- The ledger's clock: the real one, and in databases made for demos and tests an offset that only
-- ever grows. Everything that is due is due by this clock.
CREATE TABLE ledger_clock (
  only_row     boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  is_simulated boolean NOT NULL DEFAULT false,
  ahead        interval NOT NULL DEFAULT '0' CHECK (ahead >= '0' AND (is_simulated OR ahead = '0'))
);
INSERT INTO ledger_clock DEFAULT VALUES;
GRANT SELECT ON ledger_clock TO anchor_app, anchor_read, anchor_keys;

-- plpgsql and not SQL: its plan is made once a session, where an SQL function's is made at each call.
CREATE FUNCTION ledger_now() RETURNS timestamptz LANGUAGE plpgsql VOLATILE
  SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  RETURN (SELECT clock_timestamp() + ahead FROM ledger_clock);
END $$;

-- One row for each append: the enforced uniqueness of positions, the head in one look, time to
-- position almost for free, and the writing transaction for whoever audits it.
CREATE TABLE ledger_batches (
  first_position bigint PRIMARY KEY,
  last_position  bigint NOT NULL CHECK (last_position >= first_position),
  recorded_at    timestamptz NOT NULL,
  txid           xid8 NOT NULL DEFAULT pg_current_xact_id()
);
CREATE INDEX ledger_batches_recorded_at ON ledger_batches (recorded_at);

-- postgres-es's seven columns, and what it does not have: a place in the whole log, and when.
-- `json` and not `jsonb`: the bytes stay exactly as written, so their hashes stay true. Partitioned
-- from the first day, in four: each is opened at every load and append, and one that has become too
-- large can be split by itself.
CREATE TABLE events (
  position       bigint NOT NULL,
  sequence       bigint NOT NULL CHECK (sequence >= 1),
  recorded_at    timestamptz NOT NULL,
  aggregate_type text COLLATE "C" NOT NULL,
  aggregate_id   text COLLATE "C" NOT NULL,
  event_type     text COLLATE "C" NOT NULL,
  event_version  text COLLATE "C" NOT NULL,
  payload        json NOT NULL,
  metadata       json NOT NULL,
  PRIMARY KEY (aggregate_type, aggregate_id, sequence)
) PARTITION BY HASH (aggregate_id);

CREATE INDEX events_position ON events (position);

-- The lock is taken in one statement and the head read in a later one: inside a volatile function
-- each statement has a snapshot of its own, taken after the lock was got. The primary key decides
-- conflicts; `verify` is for the second go of a call that met one, and drops exactly the losers.
-- Head and clock are read in one statement: what ledger_now() says, without a call of its own.
CREATE FUNCTION ledger_append(
  verify boolean,
  c_type text[], c_id text[], c_first bigint[],
  e_cmd int[], e_type text[], e_id text[], e_seq bigint[],
  e_name text[], e_ver text[], e_payload text[], e_meta text[],
  OUT base bigint, OUT lost int[]
) LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  at timestamptz;
  n  bigint := cardinality(e_cmd);
BEGIN
  PERFORM pg_advisory_xact_lock(4711, 1);
  IF verify THEN
    SELECT array_agg(u.o) INTO lost
      FROM (SELECT unnest(c_type) t, unnest(c_id) i, unnest(c_first) f,
                   generate_series(1, cardinality(c_id)) o OFFSET 0) u
     WHERE u.f - 1 <> coalesce((SELECT e.sequence FROM events e
                                 WHERE e.aggregate_type = u.t AND e.aggregate_id = u.i
                                 ORDER BY e.sequence DESC LIMIT 1), 0);
  END IF;
  SELECT coalesce(b.last_position, 0), greatest(clock_timestamp() + c.ahead, b.recorded_at)
    INTO base, at
    FROM ledger_clock c
    LEFT JOIN LATERAL (SELECT last_position, recorded_at FROM ledger_batches
                        ORDER BY first_position DESC LIMIT 1) b ON true;
  IF lost IS NULL THEN
    INSERT INTO ledger_batches (first_position, last_position, recorded_at)
    VALUES (base + 1, base + n, at);
    INSERT INTO events (position, sequence, recorded_at, aggregate_type, aggregate_id,
                        event_type, event_version, payload, metadata)
    SELECT generate_series(base + 1, base + n), unnest(e_seq), at, unnest(e_type), unnest(e_id),
           unnest(e_name), unnest(e_ver), unnest(e_payload)::json, unnest(e_meta)::json;
  ELSE
    SELECT count(*) INTO n FROM unnest(e_cmd) AS u(c) WHERE u.c <> ALL (lost);
    IF n = 0 THEN RETURN; END IF;
    INSERT INTO ledger_batches (first_position, last_position, recorded_at)
    VALUES (base + 1, base + n, at);
    INSERT INTO events (position, sequence, recorded_at, aggregate_type, aggregate_id,
                        event_type, event_version, payload, metadata)
    SELECT base + row_number() OVER (ORDER BY u.o), u.s, at, u.t, u.i, u.n, u.v, u.p::json, u.m::json
      FROM unnest(e_cmd, e_type, e_id, e_seq, e_name, e_ver, e_payload, e_meta)
           WITH ORDINALITY AS u(c, t, i, s, n, v, p, m, o)
     WHERE u.c <> ALL (lost);
  END IF;
END $$;

CREATE FUNCTION ledger_append_one(
  t text, i text, s bigint, nm text, ver text, p text, m text
) RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  base bigint;
  at   timestamptz;
BEGIN
  PERFORM pg_advisory_xact_lock(4711, 1);
  SELECT coalesce(b.last_position, 0) + 1, greatest(clock_timestamp() + c.ahead, b.recorded_at)
    INTO base, at
    FROM ledger_clock c
    LEFT JOIN LATERAL (SELECT last_position, recorded_at FROM ledger_batches
                        ORDER BY first_position DESC LIMIT 1) b ON true;
  INSERT INTO ledger_batches (first_position, last_position, recorded_at) VALUES (base, base, at);
  INSERT INTO events (position, sequence, recorded_at, aggregate_type, aggregate_id,
                      event_type, event_version, payload, metadata)
  VALUES (base, s, at, t, i, nm, ver, p::json, m::json);
  RETURN base;
END $$;

-- Which of these commands are stored, by their own ids: the last position of each that is. Asked when
-- the answer to an append was lost; `c_count` is the number of its events.
CREATE FUNCTION ledger_stored(
  c_type text[], c_id text[], c_first bigint[], c_count bigint[], c_command text[]
) RETURNS TABLE (ordinal int, last_position bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT u.o::int, e.position + u.n - 1
    FROM unnest(c_type, c_id, c_first, c_count, c_command) WITH ORDINALITY u(t, i, s, n, c, o)
   CROSS JOIN LATERAL (
     SELECT position FROM events e
      WHERE e.aggregate_type = u.t AND e.aggregate_id = u.i AND e.sequence = u.s
        AND e.metadata->>'command_id' = u.c OFFSET 0) e
$$;

-- The stock repository names seven columns and no position: it gets the same guarantee, row by row.
-- The lock needs no rights of its owner and no search path: the ledger's own appends come by here too,
-- holding it already.
CREATE FUNCTION events_lock() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_catalog.pg_advisory_xact_lock(4711, 1);
  RETURN NULL;
END $$;

CREATE FUNCTION events_stamp() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  base bigint;
  at   timestamptz;
BEGIN
  SELECT b.last_position, b.recorded_at INTO base, at
    FROM ledger_batches b ORDER BY b.first_position DESC LIMIT 1;
  NEW.position := coalesce(base, 0) + 1;
  NEW.recorded_at := greatest(ledger_now(), at);
  INSERT INTO ledger_batches (first_position, last_position, recorded_at)
  VALUES (NEW.position, NEW.position, NEW.recorded_at);
  RETURN NEW;
END $$;

CREATE FUNCTION events_immutable() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'the log is append-only: % on % is refused', TG_OP, TG_TABLE_NAME
    USING ERRCODE = 'restrict_violation';
END $$;

DO $$
BEGIN
  FOR n IN 0..3 LOOP
    EXECUTE format('CREATE TABLE events_%s PARTITION OF events
                    FOR VALUES WITH (MODULUS 4, REMAINDER %s)', n, n);
    EXECUTE format('CREATE TRIGGER d_kept BEFORE TRUNCATE ON events_%s
                    FOR EACH STATEMENT EXECUTE FUNCTION events_immutable()', n);
  END LOOP;
END $$;

CREATE TRIGGER a_lock BEFORE INSERT ON events
  FOR EACH STATEMENT EXECUTE FUNCTION events_lock();
CREATE TRIGGER b_stamp BEFORE INSERT ON events
  FOR EACH ROW WHEN (NEW.position IS NULL) EXECUTE FUNCTION events_stamp();
CREATE TRIGGER c_fixed BEFORE UPDATE OR DELETE ON events
  FOR EACH ROW EXECUTE FUNCTION events_immutable();
CREATE TRIGGER d_kept BEFORE TRUNCATE ON events
  FOR EACH STATEMENT EXECUTE FUNCTION events_immutable();
CREATE TRIGGER c_fixed BEFORE UPDATE OR DELETE ON ledger_batches
  FOR EACH ROW EXECUTE FUNCTION events_immutable();
CREATE TRIGGER d_kept BEFORE TRUNCATE ON ledger_batches
  FOR EACH STATEMENT EXECUTE FUNCTION events_immutable();

REVOKE ALL ON FUNCTION ledger_append, ledger_append_one, ledger_stored FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ledger_append, ledger_append_one, ledger_stored TO anchor_app;
GRANT SELECT ON events, ledger_batches TO anchor_app, anchor_read;
GRANT INSERT (aggregate_type, aggregate_id, sequence, event_type, event_version, payload, metadata)
  ON events TO anchor_app;

RESET ROLE;
