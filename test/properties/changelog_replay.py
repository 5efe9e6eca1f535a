#!/usr/bin/env python3
"""Replays changelogs: do they give every version that ever was committed?

Several sessions at once change rows of tracked tables at random: inserts,
updates, upserts, deletes, MERGE, changes of keys, moves between partitions of
one row or several, changes that are undone, now and then a TRUNCATE, in
transactions of all isolation levels, some rolled back in part or as a whole.
Meanwhile tracking gets other options and the tables other columns.  A trigger
that shares nothing with the changelog keeps every version with the time it was
made.  One of the tables is tracked by statement, and changed many rows at a
time.  Afterwards

- diffgen_at gives every version that was committed, and nothing else: with
  ignored parts as if they were not there, and markers for redacted values;
- what each entry of a row found is what the one before it left;
- the live rows are what the last entries left;
- no transaction that was rolled back has an entry;
- diffgen_blame names, for each scalar and empty container of the live
  documents, the change after which it was what it is, and before which not.

Connects as psql does (PGHOST, PGPORT, ...) and needs the extension installed.
Usage: changelog_replay.py [--changes N] [--sessions N] [--seed N]
"""
import argparse
import random
import subprocess
import sys

SCHEMA = "changelog_replay"

SETUP = """
CREATE EXTENSION IF NOT EXISTS diffgen;
DROP SCHEMA IF EXISTS {0} CASCADE;
CREATE SCHEMA {0};
SET search_path = {0}, public;

CREATE TABLE plain (id int PRIMARY KEY, doc jsonb, note text);
CREATE TABLE veiled (id int PRIMARY KEY, doc jsonb, note text);
CREATE TABLE parts (id int, doc jsonb, note text, area int, PRIMARY KEY (id, area)) PARTITION BY LIST (area);
CREATE TABLE parts_0 PARTITION OF parts FOR VALUES IN (0);
CREATE TABLE parts_1 (note text, area int NOT NULL, id int NOT NULL, doc jsonb);
ALTER TABLE parts ATTACH PARTITION parts_1 FOR VALUES IN (1);
CREATE TABLE bulk (LIKE parts INCLUDING ALL) PARTITION BY LIST (area);
CREATE TABLE bulk_0 PARTITION OF bulk FOR VALUES IN (0);
CREATE TABLE bulk_1 (area int NOT NULL, doc jsonb, id int NOT NULL, note text);
ALTER TABLE bulk ATTACH PARTITION bulk_1 FOR VALUES IN (1);
SELECT diffgen_track('plain');
SELECT diffgen_track('bulk', NULL, '{{"level": "statement"}}');
SELECT diffgen_track('veiled', '{{doc}}', '{{"ignore": ["$.noise", "$.list[*].noise"], "redact": ["$.secret"], "keys": {{"list": [["name"]]}}, "context": 0}}');
SELECT diffgen_track('parts');

-- The versions; area is 0 where the table has none.
CREATE TABLE versions (at timestamptz, tab text, id int, area int, doc jsonb, note text, xid xid8);
CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql SET search_path = {0}, public AS $$
DECLARE
	tab text := regexp_replace(tg_table_name, '_[01]$', '');
	o jsonb := CASE WHEN tg_op <> 'INSERT' THEN to_jsonb(old) END;
	n jsonb := CASE WHEN tg_op <> 'DELETE' THEN to_jsonb(new) END;
BEGIN
	IF o IS NOT NULL AND (n IS NULL OR o->'id' <> n->'id' OR o->'area' <> n->'area') THEN
		INSERT INTO versions VALUES (clock_timestamp(), tab, (o->>'id')::int, coalesce((o->>'area')::int, 0), NULL, NULL, pg_current_xact_id());
	END IF;
	IF n IS NOT NULL THEN
		INSERT INTO versions VALUES (clock_timestamp(), tab, (n->>'id')::int, coalesce((n->>'area')::int, 0),
			CASE jsonb_typeof(n->'doc') WHEN 'null' THEN new.doc ELSE n->'doc' END, n->>'note', pg_current_xact_id());
	END IF;
	RETURN NULL;
END $$;
CREATE FUNCTION keep_statement() RETURNS trigger LANGUAGE plpgsql SET search_path = {0}, public AS $$
BEGIN
	IF tg_op = 'DELETE' THEN
		INSERT INTO versions SELECT clock_timestamp(), 'bulk', id, area, NULL, NULL, pg_current_xact_id() FROM old_rows;
	ELSIF tg_op = 'UPDATE' THEN
		INSERT INTO versions SELECT clock_timestamp(), 'bulk', id, area, NULL, NULL, pg_current_xact_id()
		FROM (SELECT id, area FROM old_rows EXCEPT SELECT id, area FROM new_rows) gone;
	END IF;
	IF tg_op <> 'DELETE' THEN
		INSERT INTO versions SELECT clock_timestamp(), 'bulk', id, area, doc, note, pg_current_xact_id() FROM new_rows;
	END IF;
	RETURN NULL;
END $$;
CREATE FUNCTION keep_truncate() RETURNS trigger LANGUAGE plpgsql SET search_path = {0}, public AS $$
BEGIN
	EXECUTE format('INSERT INTO versions SELECT clock_timestamp(), %L, id, %s, NULL, NULL, pg_current_xact_id() FROM %I',
		regexp_replace(tg_table_name, '_[01]$', ''), CASE WHEN tg_table_name ~ '^(parts|bulk)' THEN 'area' ELSE '0' END, tg_table_name);
	RETURN NULL;
END $$;

-- A random document, which is like the one it replaces.
CREATE FUNCTION something(old jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
	doc jsonb := coalesce(old, '{{"list": [], "deep": {{"a": {{"b": []}}}}, "secret": "s0"}}');
	k int := floor(random() * 14);
	i int := floor(random() * 6);
	v jsonb := to_jsonb(floor(random() * 4));
BEGIN
	IF jsonb_typeof(doc) <> 'object' THEN RETURN CASE WHEN k < 6 THEN '{{"list": [1]}}' ELSE doc END; END IF;
	RETURN CASE k
		WHEN 0 THEN doc || jsonb_build_object('m' || i, v)
		WHEN 1 THEN doc - ('m' || i)
		WHEN 2 THEN doc || jsonb_build_object('noise', random())
		WHEN 3 THEN doc || jsonb_build_object('secret', 's' || floor(random() * 3))
		WHEN 4 THEN CASE WHEN jsonb_typeof(doc->'list') = 'array' THEN jsonb_insert(doc, ARRAY['list', i::text], jsonb_build_object('name', 'e' || i, 'v', v, 'noise', random())) ELSE doc END
		WHEN 5 THEN doc #- ARRAY['list', i::text]
		WHEN 6 THEN CASE WHEN jsonb_typeof(doc #> ARRAY['list', i::text]) = 'object' THEN jsonb_set(doc, ARRAY['list', i::text, 'v'], v) ELSE doc END
		WHEN 7 THEN jsonb_set(doc, '{{list}}', coalesce((SELECT jsonb_agg(e ORDER BY random()) FROM jsonb_array_elements(CASE jsonb_typeof(doc->'list') WHEN 'array' THEN doc->'list' ELSE '[]' END) e), '[]'))
		WHEN 8 THEN jsonb_set(doc, '{{deep,a,b,0}}', v || '[]'::jsonb)
		WHEN 9 THEN doc || jsonb_build_object('long', repeat(md5(i::text), 100 * i))
		WHEN 10 THEN CASE i WHEN 0 THEN NULL WHEN 1 THEN 'null' WHEN 2 THEN '7' ELSE doc || '{{"x": {{"y~/z": [null, true]}}}}' END
		WHEN 11 THEN jsonb_set(doc, ARRAY['deep', 'o' || i % 2], '{{}}' || CASE WHEN i < 3 THEN jsonb_build_object('p' || i, v) ELSE '{{}}' END)
		WHEN 12 THEN doc #- ARRAY['deep', 'a', 'b', '0']
		ELSE doc END;
END $$;
CREATE FUNCTION some_text(old text) RETURNS text LANGUAGE sql AS $$
	SELECT CASE floor(random() * 5)
		WHEN 0 THEN old || floor(random() * 9) || E'\\n'
		WHEN 1 THEN floor(random() * 9) || E'\\n' || coalesce(old, '')
		WHEN 2 THEN replace(old, floor(random() * 9)::text, floor(random() * 9)::text)
		WHEN 3 THEN CASE WHEN random() < 0.2 THEN NULL ELSE '' END
		ELSE old END
$$;

-- A random change of some rows of the table that is tracked by statement.
CREATE FUNCTION change_some(i int, shelf int, keys int) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	CASE floor(random() * 6)
	WHEN 0 THEN
		UPDATE bulk SET doc = something(doc), note = some_text(note) WHERE id BETWEEN i AND i + 5;
	WHEN 1 THEN
		UPDATE bulk SET area = CASE WHEN random() < 0.5 THEN area ELSE 1 - area END, doc = something(doc) WHERE id BETWEEN i AND i + 5;
	WHEN 2 THEN
		UPDATE bulk SET id = (id + floor(random() * 3)::int * keys) % (3 * keys), doc = something(doc) WHERE id % keys BETWEEN i AND i + 3;
	WHEN 3 THEN
		INSERT INTO bulk (id, area, doc) SELECT n, shelf, something(NULL) FROM generate_series(i, i + 4) n
		ON CONFLICT (id, area) DO UPDATE SET doc = something(bulk.doc);
	WHEN 4 THEN
		MERGE INTO bulk USING generate_series(i, i + 4) AS s ON bulk.id = s AND bulk.area = shelf
		WHEN MATCHED AND s % 2 = 0 THEN UPDATE SET doc = something(doc)
		WHEN MATCHED THEN DELETE
		WHEN NOT MATCHED THEN INSERT (id, area, doc, note) VALUES (s, shelf, something(NULL), 'merged');
	ELSE
		DELETE FROM bulk WHERE id BETWEEN i AND i + 2;
	END CASE;
END $$;

-- One random change of one random row, mostly.
CREATE FUNCTION change_something(keys int) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	tab text := (ARRAY['plain', 'veiled', 'parts', 'bulk'])[1 + floor(random() * 4)];
	parted bool := tab IN ('parts', 'bulk');
	i int := floor(random() * keys);
	area int := floor(random() * 2);
	part text := CASE WHEN parted THEN ' AND area = ' || area ELSE '' END;
	k float := random();
	id_of_change bigint;
BEGIN
	IF k < 0.15 THEN
		EXECUTE format('INSERT INTO %I (id, doc, note%s) VALUES ($1, something(NULL), some_text('''')%s) ON CONFLICT DO NOTHING',
			tab, CASE WHEN parted THEN ', area' ELSE '' END, CASE WHEN parted THEN ', ' || area ELSE '' END) USING i;
	ELSIF k < 0.22 AND NOT parted THEN
		EXECUTE format('INSERT INTO %I AS t (id, doc) VALUES ($1, something(NULL)) ON CONFLICT (id) DO UPDATE SET doc = something(t.doc)', tab) USING i;
	ELSIF k < 0.30 THEN
		EXECUTE format('DELETE FROM %I WHERE id = $1%s', tab, part) USING i;
	ELSIF k < 0.34 THEN
		EXECUTE format('UPDATE %I SET id = $2, doc = something(doc) WHERE id = $1%s', tab, part) USING i, floor(random() * keys);
	ELSIF k < 0.38 AND tab = 'parts' THEN
		UPDATE parts SET area = 1 - parts.area, doc = something(doc) WHERE id = i;
	ELSIF k < 0.39 AND tab = 'parts' THEN
		EXECUTE 'UPDATE parts SET area = 1 - area, doc = something(doc) WHERE id BETWEEN $1 AND $1 + 3 AND area = $2' USING i, area;
	ELSIF k < 0.41 AND NOT parted THEN
		EXECUTE format('MERGE INTO %I t USING (SELECT v, random() AS r FROM generate_series($1, $1 + 2) v) s ON t.id = s.v '
			'WHEN MATCHED AND r < 0.3 THEN DELETE WHEN MATCHED THEN UPDATE SET doc = something(doc) '
			'WHEN NOT MATCHED THEN INSERT (id, doc) VALUES (s.v, something(NULL))', tab) USING i;
	ELSIF k < 0.44 AND tab = 'plain' THEN
		SELECT change_id INTO id_of_change FROM plain_changelog WHERE id = i AND operation = 'update' ORDER BY random() LIMIT 1;
		IF id_of_change IS NOT NULL THEN
			PERFORM diffgen_undo('plain_changelog', id_of_change);
		END IF;
	ELSIF k < 0.4403 AND tab <> 'bulk' AND current_setting('transaction_isolation') = 'read committed' THEN
		PERFORM diffgen_track(tab::regclass, columns, options || jsonb_build_object('context', floor(random() * 4)))
		FROM diffgen_tracked WHERE target = tab::regclass;
	ELSIF k < 0.4405 THEN
		EXECUTE format('ALTER TABLE %I ADD COLUMN extra_%s text', tab, i);
	ELSIF k < 0.4407 THEN
		EXECUTE format('ALTER TABLE %I DROP COLUMN extra_%s', tab, i);
	ELSIF k < 0.4412 AND current_setting('transaction_isolation') = 'read committed' THEN
		-- An older snapshot would hide rows from keep_truncate, not from TRUNCATE.
		EXECUTE format('TRUNCATE %I', tab);
	ELSIF k > 0.6 AND tab = 'bulk' THEN
		PERFORM change_some(i, area, keys);
	ELSE
		EXECUTE format('UPDATE %I SET doc = something(doc), note = CASE WHEN random() < 0.3 THEN some_text(note) ELSE note END WHERE id = $1%s',
			CASE WHEN parted AND random() < 0.5 THEN tab || '_' || area ELSE tab END, part) USING i;
	END IF;
END $$;

-- Transactions of one or more changes.  What another session is in the way
-- of is taken back and forgotten.
CREATE PROCEDURE churn(n int, keys int) LANGUAGE plpgsql AS $$
DECLARE
	made int := 0;
BEGIN
	WHILE made < n LOOP
		FOR j IN 1 .. 1 + floor(random() * 4) LOOP
			BEGIN
				SET LOCAL lock_timeout = '500ms';
				SET LOCAL deadlock_timeout = '20ms';
				PERFORM change_something(keys);
				made := made + 1;
				IF random() < 0.1 THEN RAISE division_by_zero; END IF;
			EXCEPTION WHEN division_by_zero OR unique_violation OR serialization_failure OR deadlock_detected OR lock_not_available OR object_in_use
				-- an undo of what was changed again; columns that are, or are not, there
				OR object_not_in_prerequisite_state OR feature_not_supported OR data_exception OR duplicate_column OR undefined_column THEN
			END;
		END LOOP;
		IF random() < 0.1 THEN ROLLBACK; ELSE COMMIT; END IF;
	END LOOP;
END $$;
""".format(SCHEMA) + "\n".join(
    "CREATE TRIGGER z_keep AFTER INSERT OR UPDATE OR DELETE ON {0} FOR EACH ROW EXECUTE FUNCTION keep();".format(t)
    for t in ("plain", "veiled", "parts")) + "\n".join(
    "CREATE TRIGGER z_keep_{1} AFTER {1} ON {0} REFERENCING {2} FOR EACH STATEMENT EXECUTE FUNCTION keep_statement();".format(t, event, rows)
    for t in ("bulk", "bulk_0", "bulk_1") for event, rows in (
        ("INSERT", "NEW TABLE AS new_rows"), ("DELETE", "OLD TABLE AS old_rows"),
        ("UPDATE", "OLD TABLE AS old_rows NEW TABLE AS new_rows"))) + "\n".join(
    "CREATE TRIGGER z_keep_truncate BEFORE TRUNCATE ON {0} FOR EACH STATEMENT EXECUTE FUNCTION keep_truncate();".format(t)
    for t in ("plain", "veiled", "parts_0", "parts_1", "bulk_0", "bulk_1"))

# What the versions of the veiled table look like from outside.
SEEN = """
CREATE FUNCTION seen(doc jsonb) RETURNS text LANGUAGE sql IMMUTABLE AS $$
	SELECT public.diffgen_text(doc, '{"ignore": ["$.noise", "$.list[*].noise"], "redact": ["$.secret"]}')
$$"""

# Paths through arrays can be followed by diffgen_blame alone.
BLAME = """
CREATE TABLE blame AS SELECT id, doc, b.path, b.value, b.change_id FROM plain, diffgen_blame('plain', 'doc', id) b"""
BLAME_CHECK = """
SELECT count(*) FROM blame b WHERE path NOT LIKE '%[%' AND (change_id IS NULL
	OR jsonb_path_query_first(diffgen_at_change('plain', 'doc', change_id, false, id), path::jsonpath) IS DISTINCT FROM value
	OR jsonb_path_query_first(diffgen_at_change('plain', 'doc', change_id, true, id), path::jsonpath) IS NOT DISTINCT FROM value)"""
LEAVES = """
SELECT count(*) FROM (
	(SELECT id, v FROM plain, jsonb_path_query(doc, 'strict $.**') AS v
		WHERE jsonb_typeof(v) NOT IN ('object', 'array') OR v IN ('{}', '[]')
	EXCEPT ALL SELECT id, value FROM blame)
	UNION ALL (SELECT id, value FROM blame WHERE jsonb_path_query_first(doc, path::jsonpath) IS DISTINCT FROM value)) d"""

CHECKS = (
    ("versions", "SELECT count(*) FROM versions"),
    ("entries", "SELECT (SELECT count(*) FROM plain_changelog) + (SELECT count(*) FROM veiled_changelog) + (SELECT count(*) FROM parts_changelog) + (SELECT count(*) FROM bulk_changelog)"),
    ("plain", "SELECT count(*) FROM versions WHERE tab = 'plain' AND diffgen_at('plain', 'doc', at, id) IS DISTINCT FROM doc"),
    ("plain text", "SELECT count(*) FROM versions WHERE tab = 'plain' AND diffgen_at_text('plain', 'note', at, id) IS DISTINCT FROM note"),
    ("parts", "SELECT count(*) FROM versions WHERE tab = 'parts' AND diffgen_at('parts', 'doc', at, id, area) IS DISTINCT FROM doc"),
    ("parts text", "SELECT count(*) FROM versions WHERE tab = 'parts' AND diffgen_at_text('parts', 'note', at, id, area) IS DISTINCT FROM note"),
    ("bulk", "SELECT count(*) FROM versions WHERE tab = 'bulk' AND diffgen_at('bulk', 'doc', at, id, area) IS DISTINCT FROM doc"),
    ("bulk text", "SELECT count(*) FROM versions WHERE tab = 'bulk' AND diffgen_at_text('bulk', 'note', at, id, area) IS DISTINCT FROM note"),
    ("veiled", "SELECT count(*) FROM versions WHERE tab = 'veiled' AND seen(diffgen_at('veiled', 'doc', at, id)) IS DISTINCT FROM seen(doc)"),
) + tuple(("links of " + tab, """
	SELECT count(*) FROM (
		SELECT operation, old_hash, lag(new_hash) OVER (PARTITION BY {1}, document ORDER BY change_id) AS previous
		FROM {0}_changelog WHERE id IS NOT NULL) l
	WHERE CASE operation WHEN 'insert' THEN previous IS NOT NULL ELSE old_hash IS DISTINCT FROM previous END""".format(tab, key))
          for tab, key in (("plain", "id"), ("veiled", "id"), ("parts", "id, area"), ("bulk", "id, area"))
) + tuple(("transactions of " + tab, """
	SELECT count(*) FROM {0}_changelog WHERE id IS NOT NULL AND transaction_id NOT IN (SELECT xid FROM versions)""".format(tab))
          for tab in ("plain", "veiled", "parts", "bulk")
) + (("leaves in blame", LEAVES), ("blame", BLAME_CHECK))


def psql(sql, check=True):
    run = subprocess.run(["psql", "-XqAt", "-v", "ON_ERROR_STOP=1"],
                         input="SET client_min_messages = warning;\nSET search_path = %s, public;\n%s;\n" % (SCHEMA, sql),
                         capture_output=True, text=True)
    if check and run.returncode != 0:
        sys.exit("psql failed: %s" % run.stderr.strip()[:2000])
    return run.stdout.strip()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--changes", type=int, default=40000,
                        help="attempts; about a third are committed changes")
    parser.add_argument("--sessions", type=int, default=4)
    parser.add_argument("--keys", type=int, default=60)
    parser.add_argument("--seed", type=int, default=random.randrange(10 ** 6))
    args = parser.parse_args()
    print("seed %d, %d attempts, %d sessions" % (args.seed, args.changes, args.sessions))

    rng = random.Random(args.seed)

    psql(SETUP)
    psql(SEEN)
    each = args.changes // args.sessions
    sessions = []
    for i in range(args.sessions):
        session = subprocess.Popen(["psql", "-XqAt", "-v", "ON_ERROR_STOP=1"], stdin=subprocess.PIPE,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        session.stdin.write("SET search_path = %s, public;\nSELECT setseed(%f);\n" % (SCHEMA, (args.seed + i) % 1000 / 1000))
        # A transaction can fail as a whole when it commits; then the session goes on.
        session.stdin.write("\\set ON_ERROR_STOP 0\n")
        for _ in range(20):
            session.stdin.write("SET default_transaction_isolation = '%s';\n" % rng.choice(
                ("read committed", "read committed", "repeatable read", "serializable")))
            session.stdin.write("CALL churn(%d, %d);\n" % (max(1, each // 20), args.keys))
        sessions.append(session)
    for session in sessions:
        session.stdin.close()
    for session in sessions:
        errors = session.stderr.read()
        session.stdout.read()
        if session.wait() != 0:
            sys.exit("a session failed: " + errors[:2000])
        for line in errors.splitlines():
            if line.startswith("ERROR") and not any(word in line for word in ("serialize", "deadlock")):
                sys.exit("a session failed: " + errors[:2000])

    psql(BLAME)
    failed = 0
    for name, query in CHECKS:
        found = int(psql(query))
        if name in ("versions", "entries"):
            print("%d %s" % (found, name))
            # others found no row, or were rolled back
            if found < args.changes / 4:
                sys.exit("that is too few for %d attempts" % args.changes)
        elif found != 0:
            failed += 1
            print("%s: %d wrong" % (name, found))
    if failed:
        sys.exit("%d properties do not hold (seed %d)" % (failed, args.seed))
    psql("DROP SCHEMA %s CASCADE" % SCHEMA)
    print("all hold")


if __name__ == "__main__":
    main()
