//! How is a mechanism taken away? In the test's own database, behind the back of the functions that
//! rely on it, so that nobody has to copy them.

use sqlx::PgPool;

/// Nobody waits for anybody any more: whoever takes the lock takes one that does nothing.
pub async fn the_append_lock(pool: &PgPool) {
    run(
        pool,
        "CREATE SCHEMA instead;
         GRANT USAGE ON SCHEMA instead TO PUBLIC;
         CREATE FUNCTION instead.lock(int, int) RETURNS void LANGUAGE plpgsql AS 'BEGIN END';
         DO $$
         DECLARE locking text;
         BEGIN
           FOR locking IN SELECT pg_get_functiondef(oid) FROM pg_proc
                           WHERE pronamespace = 'public'::regnamespace
                             AND prosrc LIKE '%pg_advisory_xact_lock%' LOOP
             EXECUTE regexp_replace(locking, '(pg_catalog[.])?pg_advisory_xact_lock',
                                    'instead.lock', 'g');
           END LOOP;
           IF NOT FOUND THEN RAISE 'nothing takes the lock'; END IF;
         END $$",
    )
    .await;
}

/// Two batches may claim the same positions: the last defence behind the lock.
pub async fn the_key_of_the_batches(pool: &PgPool) {
    run(pool, "ALTER TABLE ledger_batches DROP CONSTRAINT ledger_batches_pkey").await;
}

/// Two events may claim the same place in their stream: the optimistic check.
pub async fn the_key_of_the_streams(pool: &PgPool) {
    run(pool, "ALTER TABLE events DROP CONSTRAINT events_pkey").await;
}

/// Whoever comes second is passed over without a word, as by `ON CONFLICT DO NOTHING`.
pub async fn the_conflict(pool: &PgPool) {
    run(
        pool,
        "CREATE FUNCTION pass_over() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
         BEGIN
           IF EXISTS (SELECT FROM public.events e
                       WHERE e.aggregate_type = NEW.aggregate_type
                         AND e.aggregate_id = NEW.aggregate_id
                         AND e.sequence = NEW.sequence) THEN
             RETURN NULL;
           END IF;
           RETURN NEW;
         END $$;
         CREATE TRIGGER z_pass_over BEFORE INSERT ON events
           FOR EACH ROW EXECUTE FUNCTION pass_over()",
    )
    .await;
}

/// Positions come from a sequence, as in most stores: taken early, seen late, never given back.
pub async fn the_order_of_commits(pool: &PgPool) {
    the_append_lock(pool).await;
    the_key_of_the_batches(pool).await;
    run(
        pool,
        "CREATE SEQUENCE numbers;
         CREATE FUNCTION number() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
         BEGIN NEW.position := nextval('public.numbers'); RETURN NEW; END $$;
         CREATE TRIGGER z_number BEFORE INSERT ON events
           FOR EACH ROW EXECUTE FUNCTION number()",
    )
    .await;
}

/// Nobody finds a command by its id any more: not the look-up after a lost answer, and not the one
/// after a conflict.
pub async fn the_look_up(pool: &PgPool) {
    run(
        pool,
        "CREATE VIEW read.events AS
           SELECT position, sequence, recorded_at, aggregate_type, aggregate_id, event_type,
                  event_version, payload, '{}'::json AS metadata FROM public.events;
         GRANT SELECT ON read.events TO anchor_app, anchor_owner;
         DO $$
         DECLARE looking regprocedure;
         BEGIN
           FOR looking IN SELECT oid::regprocedure FROM pg_proc
                           WHERE pronamespace = 'public'::regnamespace
                             AND proname = 'ledger_stored' LOOP
             EXECUTE format('ALTER FUNCTION %s SET search_path = read, public, pg_temp', looking);
           END LOOP;
         END $$",
    )
    .await;
}

async fn run(pool: &PgPool, statements: &str) {
    sqlx::raw_sql(statements).execute(pool).await.unwrap();
}
