-- Histories from snapshots: diffgen_snapshots, diffgen_backfill; and their end: diffgen_prune
SET client_min_messages = warning;	-- progress tells times
CREATE EXTENSION IF NOT EXISTS diffgen;
\set VERBOSITY default
\set SHOW_CONTEXT never
CREATE SCHEMA chg_fill;
SET search_path = chg_fill, public;

-- the aggregate
SELECT n, c.changed_at, c.operation, c.patch, c.paths, c.added, c.removed, c.old_hash IS NOT NULL AS o, c.new_hash IS NOT NULL AS n
FROM (SELECT diffgen_snapshots(doc, at, '{}' ORDER BY at) AS changes
	FROM (VALUES ('2020-01-01'::timestamptz, NULL::jsonb), ('2020-01-02', '{"a": 1}'), ('2020-01-03', '{"a": 1.0}'),
		('2020-01-05', NULL), ('2020-01-06', NULL), ('2020-01-04', '{"a": 2}'), ('2020-01-07', '[]')) AS v (at, doc)) s,
	unnest(changes) WITH ORDINALITY AS c (changed_at, operation, diff, patch, paths, added, removed, old_hash, new_hash, n);
SELECT c.operation, c.diff FROM (SELECT diffgen_snapshots(doc, now(), '{"context": 0}' ORDER BY n) AS changes
	FROM (VALUES (1, E'a\nb\n'), (2, E'a\nb\n'), (3, E'a\nc\n'), (4, NULL)) AS v (n, doc)) s, unnest(changes) AS c;
SELECT c.patch FROM (SELECT diffgen_snapshots(doc, now(), '{"ignore": ["$.i"], "redact": ["$.s"]}' ORDER BY n) AS changes
	FROM (VALUES (1, '{"s": "x", "i": 1}'::jsonb), (2, '{"s": "x", "i": 2}'), (3, '{"s": "y", "i": 3}')) AS v (n, doc)) s, unnest(changes) AS c;
SELECT diffgen_snapshots(doc, now(), '{}') IS NULL AS none FROM (SELECT NULL::jsonb AS doc WHERE false) s;
SELECT cardinality(diffgen_snapshots(NULL::jsonb, now(), '{}')) AS empty;
SELECT diffgen_snapshots('{}'::jsonb, NULL, '{}');
SELECT diffgen_snapshots('{}'::jsonb, now(), '[]');
SELECT diffgen_snapshots('{}'::jsonb, now(), o) FROM (VALUES ('{}'::jsonb), ('{"redact": ["$.a"]}')) AS v (o);
-- in a window, where each row has the history so far
SELECT n, (SELECT array_agg(operation || ' ' || added) FROM unnest(c)) AS changes
FROM (SELECT n, diffgen_snapshots(jsonb_build_object('a', n, 'list', repeat('x', 1000 * n)), now(), '{}') OVER (ORDER BY n) AS c FROM generate_series(1, 4) n) w;
SELECT bool_and(c = (SELECT diffgen_snapshots(jsonb_build_object('a', i), 'epoch', '{}' ORDER BY i) FROM generate_series(greatest(n - 3, 1), n) i)) AS moving_frame
FROM (SELECT n, diffgen_snapshots(jsonb_build_object('a', n), 'epoch', '{}') OVER (ORDER BY n ROWS 3 PRECEDING) AS c FROM generate_series(1, 100) n) w;
SELECT diffgen_snapshots(doc, now(), '{"nonsense": 1}') FROM (VALUES ('{}'::jsonb), ('[]')) AS v (doc);
-- the same as of diffgen_entry, over many documents
CREATE TABLE series AS SELECT k, n, jsonb_build_object('k', k, 'n', n / 3, 'list', (SELECT jsonb_agg(i * n / 5) FROM generate_series(1, 1 + n % 7) i),
	'long', repeat('x' || n / 4, 500)) AS doc FROM generate_series(1, 5) k, generate_series(1, 40) n;
SELECT count(*) AS changes, bool_and(c.patch = e.patch AND c.diff = e.diff AND c.paths = e.paths AND c.added = e.added AND c.removed = e.removed
	AND c.old_hash = diffgen_hash(b.doc) AND c.new_hash = diffgen_hash(a.doc)) AS same
FROM (SELECT k, diffgen_snapshots(doc, 'epoch'::timestamptz + n * interval '1 s', '{}' ORDER BY n) AS changes FROM series GROUP BY k) s, unnest(s.changes) c,
	LATERAL (SELECT extract(epoch FROM c.changed_at)::int AS n) t, series a, series b,
	LATERAL diffgen_entry(b.doc, a.doc, '{"invertible": true}') e
WHERE c.operation = 'update' AND a.k = s.k AND a.n = t.n AND b.k = s.k AND b.n = t.n - 1;

-- Backfill.  Keys 1 to 4 are there; 5 was deleted before tracking began, 6 came
-- after it, 2 was changed without a snapshot, 7 came again after its snapshots.
CREATE TABLE conf (area text, id int, doc jsonb, note text, PRIMARY KEY (area, id));
CREATE TABLE old (n serial, taken timestamptz, place text, num int, doc jsonb, note text);
INSERT INTO old (taken, place, num, doc, note)
	SELECT (date_trunc('month', now() AT TIME ZONE 'UTC') - interval '3 months' + g * interval '8 hours') AT TIME ZONE 'UTC', 'x', 1 + g % 7,
		CASE WHEN g % 19 = 0 THEN NULL ELSE jsonb_build_object('v', g / 15, 'list', jsonb_build_array(g / 40, g / 60)) END, 'note ' || g / 30
	FROM generate_series(1, 210) g ORDER BY g;
INSERT INTO conf SELECT DISTINCT ON (place, num) place, num, doc, note FROM old WHERE num < 5 ORDER BY place, num, n DESC;
UPDATE conf SET doc = doc || '{"unseen": true}' WHERE id = 2;
SELECT diffgen_track('conf');
UPDATE conf SET doc = doc || '{"later": 1}' WHERE id IN (1, 2);
INSERT INTO conf VALUES ('x', 7, '{"again": 1}', 'again'), ('y', 1, '{"no": "snapshots"}', NULL);
DELETE FROM conf WHERE id = 3;

CALL diffgen_backfill('old', 'conf', '{place,num}', 'doc', 'n', 'taken', batch => 50);
CALL diffgen_backfill('old', 'conf', '{place,num}', 'note', 'n', 'taken', batch => 1);
SELECT area, id, document, bool_and(change_id < 0) FILTER (WHERE application = 'diffgen_backfill') AS before,
	string_agg(left(operation, 1), '' ORDER BY change_id) AS operations
FROM conf_changelog WHERE area IS NOT NULL GROUP BY 1, 2, 3 ORDER BY 1, 2, 3;
-- every snapshot can be read back from the changelog
SELECT num, count(*), count(*) FILTER (WHERE diffgen_at('conf', 'doc', taken, place, num) IS NOT DISTINCT FROM doc) AS doc,
	count(*) FILTER (WHERE diffgen_at_text('conf', 'note', taken, place, num) IS NOT DISTINCT FROM note) AS note
FROM old GROUP BY 1 ORDER BY 1;
SELECT bool_and(old_hash IS NOT DISTINCT FROM previous) AS unbroken
FROM (SELECT operation, old_hash, lag(new_hash) OVER (PARTITION BY area, id, document ORDER BY change_id) AS previous
	FROM conf_changelog WHERE area IS NOT NULL) AS l;
SELECT source, document, done, total, finished IS NOT NULL AS finished, remaining FROM diffgen_backfills WHERE target = 'conf'::regclass;
SELECT count(*) FROM conf_changelog_default WHERE document IS NOT NULL;
-- what was taken in is not taken in again
SELECT count(*) AS entries FROM conf_changelog WHERE area IS NOT NULL \gset
CALL diffgen_backfill('old', 'conf', '{place,num}', 'doc', 'n', 'taken');
SELECT count(*) = :entries AS same FROM conf_changelog WHERE area IS NOT NULL;

-- stopped half-way: the next call goes on
DELETE FROM conf_changelog WHERE change_id < 0 OR operation = 'backfill';
CREATE FUNCTION stop() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF new.id = 4 THEN RAISE EXCEPTION 'stopped'; END IF; RETURN new; END $$;
CREATE TRIGGER stop BEFORE INSERT ON conf_changelog FOR EACH ROW EXECUTE FUNCTION stop();
CALL diffgen_backfill('old', 'conf', '{place,num}', 'doc', 'n', 'taken', batch => 40, pause => '1 ms');
SELECT done, total, finished FROM diffgen_backfills WHERE target = 'conf'::regclass;
SELECT array_agg(DISTINCT id ORDER BY id) FROM conf_changelog WHERE change_id < 0;
DROP TRIGGER stop ON conf_changelog;
CALL diffgen_backfill('old', 'conf', '{place,num}', 'doc', 'n', 'taken', batch => 1000);
SELECT done, total, finished IS NOT NULL AS finished FROM diffgen_backfills WHERE target = 'conf'::regclass;
SELECT count(*), count(*) FILTER (WHERE diffgen_at('conf', 'doc', taken, place, num) IS NOT DISTINCT FROM doc) AS doc FROM old;

-- the same entries, whatever the batch
CREATE VIEW entries AS SELECT area, id, row_number() OVER (PARTITION BY area, id ORDER BY change_id) AS n, changed_at, operation, diff, patch, paths, added, removed, old_hash, new_hash, context
	FROM conf_changelog WHERE document = 'doc' AND change_id < 0;
CREATE TABLE as_before AS TABLE entries;
DELETE FROM conf_changelog WHERE change_id < 0 OR operation = 'backfill';
CALL diffgen_backfill('old', 'conf', '{place,num}', 'doc', 'n', 'taken', batch => 3);
SELECT count(*) AS entries, (SELECT count(*) FROM (TABLE entries EXCEPT TABLE as_before) d) AS other, (SELECT count(*) FROM (TABLE as_before EXCEPT TABLE entries) d) AS missing FROM entries;
-- stopped within a row: what is there is whole in itself, also after a change in between, and the rest is added
DELETE FROM conf_changelog WHERE change_id < 0 OR operation = 'backfill';
CREATE OR REPLACE FUNCTION stop() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF new.id = 4 AND new.context IS NULL AND new.changed_at > now() - interval '70 days' THEN RAISE EXCEPTION 'stopped'; END IF; RETURN new; END $$;
CREATE TRIGGER stop BEFORE INSERT ON conf_changelog FOR EACH ROW WHEN (new.change_id < 0) EXECUTE FUNCTION stop();
CALL diffgen_backfill('old', 'conf', '{place,num}', 'doc', 'n', 'taken', batch => 2);
SELECT done % 30 <> 0 AS within, context->'last_key' AS key, context->'parts' @? '$[*].place' AS place FROM diffgen_backfills, conf_changelog WHERE target = 'conf'::regclass AND operation = 'backfill';
SELECT count(*) > 0 AS some, bool_and(diffgen_at('conf', 'doc', taken, place, num) IS NOT DISTINCT FROM doc) AS as_they_were
FROM old WHERE num = 4 AND taken <= (SELECT max(changed_at) FROM conf_changelog WHERE id = 4 AND change_id < 0 AND context IS NULL);
UPDATE conf SET doc = doc || '{"meanwhile": true}' WHERE id IN (1, 4);
SELECT id, diffgen_at('conf', 'doc', 'infinity', 'x', id) = doc AS live FROM conf WHERE area = 'x' ORDER BY id;
DROP TRIGGER stop ON conf_changelog;
CALL diffgen_backfill('old', 'conf', '{place,num}', 'doc', 'n', 'taken', batch => 7);
SELECT done, total, finished IS NOT NULL AS finished FROM diffgen_backfills WHERE target = 'conf'::regclass;
SELECT count(*), count(*) FILTER (WHERE diffgen_at('conf', 'doc', taken, place, num) IS NOT DISTINCT FROM doc) AS doc FROM old;
SELECT id, count(*) FILTER (WHERE context IS NOT NULL) AS links, bool_and(old_hash IS NOT DISTINCT FROM previous) AS unbroken
FROM (SELECT *, lag(new_hash) OVER (PARTITION BY area, id ORDER BY change_id) AS previous FROM conf_changelog WHERE document = 'doc') l
WHERE change_id < 0 GROUP BY 1 ORDER BY 1;
-- snapshots with the same place, in rows of more than a batch
CREATE TABLE twins (n int, taken timestamptz, place text, num int, doc jsonb);
INSERT INTO twins SELECT g / 5, date_trunc('month', now() AT TIME ZONE 'UTC') AT TIME ZONE 'UTC' + g / 5 * interval '1 s', 'z', 1 + g % 2, jsonb_build_object('g', g * 7 % 11) FROM generate_series(1, 60) g;
CALL diffgen_backfill('twins', 'conf', '{place,num}', 'doc', 'n', 'taken', batch => 4);
SELECT done, total, finished IS NOT NULL AS finished FROM diffgen_backfills WHERE source LIKE '%twins';
SELECT count(*) AS snapshots, count(*) FILTER (WHERE diffgen_at('conf', 'doc', taken, 'z', num) = (SELECT max(t.doc::text)::jsonb FROM twins t WHERE t.num = twins.num AND t.n = twins.n AND t.doc = (SELECT o.doc FROM twins o WHERE o.num = twins.num AND o.n = twins.n ORDER BY o.doc DESC LIMIT 1))) AS last_of_place FROM twins;
-- rows that another call has taken in, and one of them has more than a batch
INSERT INTO twins SELECT 99, now(), 'z', 3, '{}';
CREATE TABLE more AS TABLE twins;
SET default_transaction_isolation = 'serializable';	-- which is of no use here
CALL diffgen_backfill('more', 'conf', '{place,num}', 'doc', 'n', 'taken', batch => 4);
RESET default_transaction_isolation;
SELECT id, string_agg(left(operation, 1), '' ORDER BY change_id) AS operations FROM conf_changelog WHERE area = 'z' AND id > 2 GROUP BY 1;
SELECT done, total, finished IS NOT NULL AS finished FROM diffgen_backfills WHERE source LIKE '%more';
DELETE FROM conf_changelog WHERE area = 'z';

-- the largest batch there is
CALL diffgen_backfill('twins', 'conf', '{place,num}', 'doc', 'n', 'taken', batch => 2147483647);
SELECT count(*) > 0 AS some FROM conf_changelog WHERE area = 'z' AND change_id < 0;
DELETE FROM conf_changelog WHERE area = 'z';

-- names and functions of others in the search path
CREATE SCHEMA chg_evil;
CREATE FUNCTION chg_evil.spring(bigint, bigint) RETURNS bigint LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''trapped''; END';
CREATE OPERATOR chg_evil.+ (FUNCTION = chg_evil.spring, LEFTARG = bigint, RIGHTARG = bigint);
CREATE FUNCTION chg_evil.clock_timestamp() RETURNS timestamptz LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''trapped''; END';
CREATE FUNCTION chg_evil.format(text, VARIADIC text[]) RETURNS text LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''trapped''; END';
SET search_path = chg_evil, pg_catalog, chg_fill, public;
DELETE FROM conf_changelog WHERE change_id < 0 OR operation = 'backfill';
CALL diffgen_backfill('old', 'conf', '{place,num}', 'doc', 'n', 'taken', batch => 20);
SELECT count(*) FROM conf_changelog WHERE change_id < 0;
CALL diffgen_prune('conf_changelog', interval '100 years');
SET search_path = chg_fill, public;
DROP SCHEMA chg_evil CASCADE;

-- errors
CALL diffgen_backfill('old', 'conf', '{place}', 'doc', 'n', 'taken');
CALL diffgen_backfill('old', 'conf', '{place,num}', 'nothing', 'n', 'taken');
CALL diffgen_backfill('old', 'conf', '{place,num}', 'doc', 'n', 'nothing');
CALL diffgen_backfill('old', 'conf', '{place,other}', 'doc', 'n', 'taken');
ALTER TABLE old ADD j json;
CALL diffgen_backfill('old', 'conf', '{place,num}', 'doc', 'j', 'taken');
CREATE VIEW odd_times AS SELECT n, CASE n WHEN 3 THEN NULL ELSE taken END AS taken, CASE n WHEN 4 THEN '-infinity' ELSE taken END AS endless, place, num, doc FROM old;
CALL diffgen_backfill('odd_times', 'conf', '{place,num}', 'doc', 'n', 'taken');
CALL diffgen_backfill('odd_times', 'conf', '{place,num}', 'doc', 'n', 'endless');
CALL diffgen_backfill('old', 'conf', '{place,num}', 'doc', 'n', 'taken', 0);
CALL diffgen_backfill('old', 'conf', '{place,num}', NULL, 'n', 'taken');
CALL diffgen_backfill('old', 'old', '{place,num}', 'doc', 'n', 'taken');
BEGIN;
CALL diffgen_backfill('old', 'conf', '{place,num}', 'note', 'n', 'taken');
ROLLBACK;

-- keys of other types and collations, and places with a length
CREATE TABLE daily (id date PRIMARY KEY, doc jsonb);
CREATE TABLE rounded (id numeric(6, 1) PRIMARY KEY, doc jsonb);
CREATE TABLE whole (id int PRIMARY KEY, doc varchar(12));
CREATE COLLATION by_words (provider = icu, locale = 'und');
CREATE TABLE sorted (id text COLLATE by_words PRIMARY KEY, doc jsonb);
SELECT diffgen_track('daily'), diffgen_track('rounded'), diffgen_track('whole', '{doc}'), diffgen_track('sorted');
CREATE TABLE odd_keys AS SELECT k AS id, n, '2026-01-01'::timestamptz + k * interval '1 day' + (n = 1) :: int * interval '5 h' AS moment, k * 1.05 AS fraction, k::text AS number,
	CASE k WHEN 1 THEN 'B' ELSE 'a' END AS letter, ('p' || n)::char(3) AS place, jsonb_build_object('n', n) AS doc, '2026-01-01'::timestamptz + n * interval '1 s' AS at
	FROM generate_series(1, 2) k, generate_series(1, 3) n;
CALL diffgen_backfill('odd_keys', 'daily', '{moment}', 'doc', 'n', 'at', 2);
CALL diffgen_backfill('odd_keys', 'rounded', '{fraction}', 'doc', 'n', 'at', 2);
CALL diffgen_backfill('odd_keys', 'whole', '{fraction}', 'doc', 'n', 'at', 2);
CALL diffgen_backfill('odd_keys', 'whole', '{number}', 'doc', 'place', 'at', 2);
CALL diffgen_backfill('odd_keys', 'sorted', '{letter}', 'doc', 'place', 'at', 1);
CALL diffgen_backfill('odd_keys', 'sorted', '{letter}', 'doc', 'place', 'at', 2);
UPDATE odd_keys SET moment = date_trunc('day', moment), fraction = round(fraction, 1);
CALL diffgen_backfill('odd_keys', 'daily', '{moment}', 'doc', 'n', 'at', 2);
CALL diffgen_backfill('odd_keys', 'rounded', '{fraction}', 'doc', 'n', 'at', 2);
SELECT id::text, operation, patch->-1->'value' AS value FROM (TABLE daily_changelog ORDER BY change_id) l WHERE id IS NOT NULL
UNION ALL SELECT id::text, operation, patch->-1->'value' FROM (TABLE rounded_changelog ORDER BY change_id) l WHERE id IS NOT NULL
UNION ALL SELECT id::text, operation, NULL FROM (TABLE whole_changelog ORDER BY change_id) l WHERE id IS NOT NULL
UNION ALL SELECT id, operation, patch->-1->'value' FROM (TABLE sorted_changelog ORDER BY change_id) l WHERE id IS NOT NULL;
-- an undo does not cut off what is too long
INSERT INTO whole VALUES (9, E'aaaa\nb\nc\n');
UPDATE whole SET doc = E'a\nb\nc\n';
UPDATE whole SET doc = E'a\nb\nccccccc\n';
SELECT diffgen_undo('whole_changelog', min(change_id)) FROM whole_changelog WHERE id = 9 AND operation = 'update';

-- what goes on has to be what was begun
CREATE FUNCTION not_two() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF new.id = 2 THEN RAISE EXCEPTION 'stopped'; END IF; RETURN new; END $$;
CREATE TRIGGER not_two BEFORE INSERT ON whole_changelog FOR EACH ROW EXECUTE FUNCTION not_two();
DELETE FROM whole_changelog WHERE change_id < 0 OR operation = 'backfill';
CALL diffgen_backfill('odd_keys', 'whole', '{number}', 'doc', 'place', 'at', 3);
DROP TRIGGER not_two ON whole_changelog;
CALL diffgen_backfill('odd_keys', 'whole', '{id}', 'doc', 'n', 'at', 3);
SELECT change_id AS note FROM whole_changelog WHERE operation = 'backfill' \gset
BEGIN;
UPDATE whole_changelog SET context = context - 'parts' WHERE change_id = :note;
COMMIT;
CALL diffgen_backfill('odd_keys', 'whole', '{number}', 'doc', 'place', 'at', 3);
UPDATE whole_changelog SET context = context || '{"parts": [], "done": "many"}' WHERE change_id = :note;
SELECT count(*) FROM diffgen_backfills WHERE target = 'whole'::regclass;
UPDATE whole_changelog SET context = context || '{"done": 3, "finished": "now"}' WHERE change_id = :note;
CALL diffgen_backfill('odd_keys', 'whole', '{id}', 'doc', 'n', 'at', 3);
SELECT id, count(*) FROM whole_changelog WHERE change_id < 0 GROUP BY id ORDER BY id;
SELECT done, total, finished > started AS finished FROM diffgen_backfills WHERE target = 'whole'::regclass;
CREATE TEMP TABLE passing AS TABLE odd_keys;
CALL diffgen_backfill('passing', 'whole', '{id}', 'doc', 'n', 'at');
-- its settings end with it
DO $$ BEGIN CALL diffgen_backfill('odd_keys', 'whole', '{id}', 'doc', 'n', 'at'); PERFORM FROM odd_keys; END $$;

-- the form that runs in parallel: a table of the keys, and its rows' histories
SET min_parallel_table_scan_size = 0;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
CREATE TABLE keys AS SELECT DISTINCT k FROM series;
ALTER TABLE keys SET (parallel_workers = 2);
CREATE INDEX ON series (k, n);
CREATE FUNCTION history_of(key int) RETURNS diffgen_change[] LANGUAGE sql STABLE PARALLEL SAFE COST 100000 AS $$
	SELECT public.diffgen_snapshots(s.doc, 'epoch'::timestamptz + s.n * interval '1 s', '{}' ORDER BY s.n) FROM chg_fill.series s WHERE s.k = key
$$;
EXPLAIN (COSTS OFF) CREATE TABLE histories AS SELECT k, history_of(k) AS changes FROM keys;
CREATE TABLE histories AS SELECT k, history_of(k) AS changes FROM keys;
-- or a table of snapshots that is partitioned by the key
CREATE TABLE parts (LIKE series) PARTITION BY HASH (k);
CREATE TABLE parts_0 PARTITION OF parts FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE parts_1 PARTITION OF parts FOR VALUES WITH (MODULUS 2, REMAINDER 1);
INSERT INTO parts SELECT * FROM series;
SET enable_partitionwise_aggregate = on;
CREATE FUNCTION plan_of(query text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
	line text;
BEGIN
	-- from 16 on, the keys of a sort include the aggregate's
	FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || query LOOP
		RETURN NEXT regexp_replace(line, '(Sort Key: \S+k), .*', '\1');
	END LOOP;
END
$$;
SELECT plan_of($$SELECT k, diffgen_snapshots(doc, 'epoch'::timestamptz + n * interval '1 s', '{}' ORDER BY n) FROM parts GROUP BY k$$);
RESET enable_partitionwise_aggregate;
RESET min_parallel_table_scan_size;
RESET parallel_setup_cost;
RESET parallel_tuple_cost;
SELECT count(*), sum(c.added) AS added, sum(c.removed) AS removed FROM histories h, unnest(h.changes) c;
SELECT count(*), sum(added) AS added, sum(removed) AS removed
FROM (SELECT diffgen_snapshots(doc, 'epoch'::timestamptz + n * interval '1 s', '{}' ORDER BY n) AS changes FROM series GROUP BY k) s, unnest(s.changes) c;

-- pruning
SELECT count(*) FROM diffgen_changelog_partitions('conf_changelog') WHERE to_time <= now();
UPDATE conf SET doc = doc || '{"last": 1}' WHERE id IN (1, 2);
INSERT INTO conf_changelog (changed_at, operation) VALUES ('1999-12-31', 'track');	-- in the default partition
SELECT now() - min(to_time) - interval '1 day' AS keep FROM diffgen_changelog_partitions('conf_changelog') \gset
CALL diffgen_prune('conf_changelog', :'keep');
SELECT count(*) FROM diffgen_changelog_partitions('conf_changelog') WHERE to_time <= now();
SELECT (context->>'before')::timestamptz = (SELECT min(from_time) FROM diffgen_changelog_partitions('conf_changelog')) AS cut FROM conf_changelog WHERE operation = 'prune';
-- later than that all is as it was, earlier is an error
SELECT count(*) > 100 AS many, bool_and(diffgen_at('conf', 'doc', taken, place, num) IS NOT DISTINCT FROM doc) AS doc
FROM old WHERE taken >= (SELECT (context->>'before')::timestamptz FROM conf_changelog WHERE operation = 'prune');
DO $$ BEGIN PERFORM diffgen_at('conf', 'doc', min(taken), 'x', 1) FROM old; EXCEPTION WHEN object_not_in_prerequisite_state THEN RAISE WARNING '%', regexp_replace(sqlerrm, ' at .*', ' at ...'); END $$;
DO $$ BEGIN PERFORM diffgen_at('conf', 'doc', min(taken), 'x', 5) FROM old; EXCEPTION WHEN object_not_in_prerequisite_state THEN RAISE WARNING '%', regexp_replace(sqlerrm, ' at .*', ' at ...'); END $$;
DO $$ BEGIN PERFORM diffgen_at('conf', 'doc', min(taken), 'x', 99) FROM old; EXCEPTION WHEN object_not_in_prerequisite_state THEN RAISE WARNING '%', regexp_replace(sqlerrm, ' at .*', ' at ...'); END $$;
SELECT operation, context->'documents' AS documents FROM conf_changelog WHERE operation = 'track';
CALL diffgen_prune('conf_changelog', NULL);
CALL diffgen_prune('conf_changelog', '-1 day');
CALL diffgen_prune('old', '1 day');

-- domains are tracked as what they are made of
CREATE DOMAIN chg_fill.words AS text;
CREATE DOMAIN chg_fill.few_words AS words CHECK (length(value) < 100);
CREATE DOMAIN chg_fill.settings AS jsonb;
CREATE TABLE chg_fill.of_domains (id int PRIMARY KEY, doc settings, note few_words, n numeric);
SELECT diffgen_track('chg_fill.of_domains');
SELECT columns FROM diffgen_tracked WHERE target = 'chg_fill.of_domains'::regclass;
INSERT INTO of_domains VALUES (1, '{"a": 4}', 'note 4');
UPDATE of_domains SET doc = '{"a": 5}', note = 'note 5';
CREATE TABLE chg_fill.old_domains AS SELECT 1 AS id, i, jsonb_build_object('a', i)::settings AS doc, ('note ' || i)::few_words AS note, now() - interval '1 day' * (9 - i) AS at
FROM generate_series(1, 4) i;
CALL diffgen_backfill('old_domains', 'of_domains', '{id}', 'doc', 'i', 'at');
CALL diffgen_backfill('old_domains', 'of_domains', '{id}', 'note', 'i', 'at');
SELECT o.i, diffgen_at('of_domains', 'doc', o.at, 1) = o.doc AS doc, diffgen_at_text('of_domains', 'note', o.at, 1) = o.note AS note FROM old_domains o ORDER BY o.i;
SELECT diffgen_undo('of_domains_changelog', change_id) FROM of_domains_changelog WHERE operation = 'update' AND change_id > 0 ORDER BY change_id;
SELECT * FROM of_domains;

DROP SCHEMA chg_fill CASCADE;
