-- diffgen_track: what is logged, and when
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS diffgen;
RESET client_min_messages;
\set SHOW_CONTEXT never
\set VERBOSITY terse

CREATE SCHEMA chg_track;
SET search_path = chg_track, public;

CREATE TABLE conf (id int PRIMARY KEY, doc jsonb, note text, raw json, n int);
SELECT diffgen_track('conf');
SELECT diffgen_track('conf');	-- again is the same
SELECT target, changelog, columns, documents, options, enabled, writable
FROM diffgen_tracked WHERE target::text LIKE 'conf';
SELECT attname, format_type(atttypid, atttypmod), attnotnull
FROM pg_attribute WHERE attrelid = 'conf_changelog'::regclass AND attnum > 0
ORDER BY attnum;
SELECT count(*), bool_or(is_default),
	min(from_time) = date_trunc('month', now(), 'UTC') AS this_month,
	max(to_time) > now() + interval '3 months' AS three_more
FROM diffgen_changelog_partitions('conf_changelog');

-- A row of the log without what differs from run to run.
CREATE VIEW log AS
	SELECT id, operation AS op, document AS doc, diff, patch, paths,
		added AS a, removed AS r, old_hash IS NOT NULL AS o,
		new_hash IS NOT NULL AS n
	FROM conf_changelog ORDER BY change_id;

INSERT INTO conf VALUES (1, '{"a": 1, "b": {"c": [1, 2, 3]}}', 'one', '{"x":1}');
SELECT * FROM log;
TRUNCATE conf_changelog;

-- nothing to log: other columns, equal values, json written otherwise
UPDATE conf SET n = 1;
UPDATE conf SET doc = '{"a": 1.0, "b": {"c": [1, 2, 3]}}', note = 'o' || 'ne', raw = '{ "x": 1 }';
SELECT count(*) FROM conf_changelog;

-- one row for each document that changed
UPDATE conf SET doc = jsonb_set(doc, '{b,c,1}', '"two"'), raw = '{"x": 2}';
UPDATE conf SET note = E'one\ntwo';
SELECT * FROM log;
SELECT count(DISTINCT changed_at) AS times, count(DISTINCT transaction_id) AS transactions,
	count(*) FROM conf_changelog;
TRUNCATE conf_changelog;

-- NULL documents
UPDATE conf SET doc = NULL, note = NULL;
UPDATE conf SET doc = 'null', note = '';
UPDATE conf SET doc = '[]';
SELECT * FROM log;
TRUNCATE conf_changelog;

-- DELETE keeps the last document, whole
DELETE FROM conf;
SELECT op, doc, diff, patch, r FROM log;
TRUNCATE conf_changelog;

-- the other ways to change a row
INSERT INTO conf VALUES (1, '{"v": 1}'), (2, '{"v": 2}');
INSERT INTO conf VALUES (1, '{"v": 11}'), (3, '{"v": 3}')
	ON CONFLICT (id) DO UPDATE SET doc = excluded.doc;
INSERT INTO conf VALUES (1, '{"v": 12}') ON CONFLICT DO NOTHING;
MERGE INTO conf USING (VALUES (1, '{"v": 13}'::jsonb), (2, NULL), (4, '{"v": 4}')) AS s (id, doc)
	ON conf.id = s.id
	WHEN MATCHED AND s.doc IS NULL THEN DELETE
	WHEN MATCHED THEN UPDATE SET doc = s.doc
	WHEN NOT MATCHED THEN INSERT VALUES (s.id, s.doc);
COPY conf (id, doc) FROM stdin;
5	{"v": 5}
6	{"v": 6}
\.
WITH gone AS (DELETE FROM conf WHERE id = 5 RETURNING doc)
	UPDATE conf SET doc = gone.doc FROM gone WHERE id = 6;
SELECT id, op, patch FROM log WHERE doc = 'doc';
TRUNCATE conf_changelog;

-- several changes of one row in one transaction, and one taken back
BEGIN;
UPDATE conf SET doc = '{"v": 20}' WHERE id = 1;
SAVEPOINT s;
UPDATE conf SET doc = '{"v": 21}' WHERE id = 1;
ROLLBACK TO s;
UPDATE conf SET doc = '{"v": 22}' WHERE id = 1;
COMMIT;
DO $$
BEGIN
	UPDATE conf SET doc = '{"v": 23}' WHERE id = 1;
	RAISE division_by_zero;
EXCEPTION WHEN division_by_zero THEN
END $$;
SELECT id, op, patch FROM log;
SELECT count(DISTINCT transaction_id) FROM conf_changelog;
TRUNCATE conf_changelog;

-- a change of the key ends one history and begins another
UPDATE conf SET id = 101 WHERE id = 1;
UPDATE conf SET id = 102, doc = '{"v": 24}' WHERE id = 101;
SELECT * FROM log WHERE doc = 'doc';
SELECT bool_and(old_hash = new_hash) FROM conf_changelog
WHERE id = 101 AND operation = 'insert' AND document = 'doc';
TRUNCATE conf_changelog;

-- TRUNCATE logs every row
TRUNCATE conf;
SELECT id, op, doc, diff, patch FROM log WHERE o ORDER BY id, doc;
TRUNCATE conf_changelog;

-- a foreign key's action
CREATE TABLE parent (id int PRIMARY KEY);
ALTER TABLE conf ADD FOREIGN KEY (n) REFERENCES parent ON DELETE CASCADE;
INSERT INTO parent VALUES (7);
INSERT INTO conf VALUES (7, '{}', NULL, NULL, 7);
DELETE FROM parent;
SELECT id, op FROM log WHERE doc = 'doc';
TRUNCATE conf_changelog;

-- context, application, role
SET application_name = 'test of changelog';
BEGIN;
SET LOCAL diffgen.context = '{"user": "ann", "request": 17}';
INSERT INTO conf VALUES (1, '{}');
COMMIT;
UPDATE conf SET doc = '{"a": 1}';	-- the setting is an empty string now
\set VERBOSITY default
SET diffgen.context = '{"user": ';
SET diffgen.context = '"\u0000"';
SET diffgen.nothing = 1;
\set VERBOSITY terse
SELECT operation, application, context, changed_by = current_user AS me
FROM conf_changelog WHERE document = 'doc' ORDER BY change_id;
RESET application_name;
TRUNCATE conf, conf_changelog;

-- other columns; then fewer
SELECT diffgen_track('conf', '{doc}');
INSERT INTO conf VALUES (1, '{}', 'x', '{}');
UPDATE conf SET doc = '{"a": 1}', note = 'y';
SELECT op, doc FROM log;
SELECT operation, context FROM conf_changelog WHERE operation = 'track';

-- no longer
SELECT diffgen_untrack('conf');
SELECT diffgen_untrack('conf');
UPDATE conf SET doc = '{"a": 2}';
SELECT op, doc FROM log;
SELECT count(*) FROM diffgen_tracked WHERE target = 'conf'::regclass;
-- and again, with the same changelog
SELECT diffgen_track('conf', '{doc}');
UPDATE conf SET doc = '{"a": 3}';
SELECT op, doc, patch FROM log;

-- the replication role: not by default
SELECT enabled FROM diffgen_tracked WHERE target = 'conf'::regclass;
TRUNCATE conf_changelog;
SET session_replication_role = replica;
UPDATE conf SET doc = '{"a": 4}';
RESET session_replication_role;
SELECT count(*) FROM conf_changelog;
SELECT diffgen_track('conf', '{doc}', '{"replication": "always"}');
SELECT enabled FROM diffgen_tracked WHERE target = 'conf'::regclass;
SET session_replication_role = replica;
UPDATE conf SET doc = '{"a": 5}';
TRUNCATE conf;
RESET session_replication_role;
SELECT op, patch FROM log;
SELECT diffgen_track('conf', '{doc}');
SELECT enabled FROM diffgen_tracked WHERE target = 'conf'::regclass;

-- documents out of line, compressed or not
CREATE TABLE big (id int PRIMARY KEY, n int, doc jsonb, note text);
ALTER TABLE big ALTER doc SET STORAGE EXTERNAL;
SELECT diffgen_track('big');
INSERT INTO big SELECT 1, 1, jsonb_object_agg('key' || i, i), repeat('line' || E'\n', 3000)
	FROM generate_series(1, 2000) i;
UPDATE big SET n = 2;
UPDATE big SET doc = doc || '{}', note = note || '';
UPDATE big SET doc = jsonb_set(doc, '{key77}', '"x"'), note = note || 'end';
SELECT operation, document, patch, added, removed, length(diff) FROM big_changelog ORDER BY change_id;
DELETE FROM big;
SELECT operation, document, patch->0->'value'->'key77' AS value, removed FROM big_changelog
WHERE operation = 'delete' ORDER BY change_id;

-- partitions: through the table, directly, moved, with other column orders
CREATE TABLE part (doc jsonb, area text, id int, PRIMARY KEY (area, id)) PARTITION BY LIST (area);
CREATE TABLE part_a PARTITION OF part FOR VALUES IN ('a');
CREATE TABLE part_b (id int NOT NULL, extra int, area text NOT NULL, doc jsonb, PRIMARY KEY (area, id));
ALTER TABLE part_b DROP COLUMN extra;
ALTER TABLE part ATTACH PARTITION part_b FOR VALUES IN ('b');
SELECT diffgen_track('part');
INSERT INTO part VALUES ('{"v": 1}', 'a', 1), ('{"v": 2}', 'b', 2);
INSERT INTO part_b VALUES (3, 'b', '{"v": 3}');
UPDATE part_b SET doc = '{"v": 33}' WHERE id = 3;
UPDATE part SET area = 'b' WHERE id = 1;
UPDATE part SET area = 'a', doc = '{"v": 222}' WHERE id = 2;
SELECT area, id, operation, patch, old_hash IS NOT NULL AS o, new_hash IS NOT NULL AS n
FROM part_changelog ORDER BY change_id;
-- a moved row's two entries tell of each other
SELECT d.area, i.area, d.old_hash = i.old_hash AS linked
FROM part_changelog d JOIN part_changelog i USING (transaction_id, id)
WHERE d.operation = 'delete' AND i.operation = 'insert' ORDER BY id;
-- a row that a trigger keeps from arriving is a deleted one
CREATE FUNCTION stay_away() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
CREATE TRIGGER stay_away BEFORE INSERT ON part_a FOR EACH ROW EXECUTE FUNCTION stay_away();
TRUNCATE part_changelog;
UPDATE part SET area = 'a' WHERE id = 1;
DROP TRIGGER stay_away ON part_a;
INSERT INTO part VALUES ('{"v": 4}', 'a', 4);
SELECT area, id, operation, patch FROM part_changelog ORDER BY change_id;
TRUNCATE part_changelog;
-- a move that is taken back after the row was deleted and before it arrives leaves nothing, and has no part in what comes next
CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''no''; END';
CREATE TRIGGER z_fail AFTER DELETE ON part_b FOR EACH ROW EXECUTE FUNCTION fail();
BEGIN;
SAVEPOINT s;
UPDATE part SET area = 'a' WHERE id = 3;
ROLLBACK TO s;
INSERT INTO part VALUES ('{"v": 9}', 'a', 9);
COMMIT;
DO $$
BEGIN
	BEGIN
		UPDATE part SET area = 'a' WHERE id = 3;
	EXCEPTION WHEN raise_exception THEN
	END;
	INSERT INTO part VALUES ('{"v": 10}', 'a', 10);
END $$;
DROP TRIGGER z_fail ON part_b;
-- so does one that is taken back after it, and one within a subtransaction arrives
BEGIN;
SAVEPOINT s;
UPDATE part SET area = 'a' WHERE id = 3;
ROLLBACK TO s;
INSERT INTO part VALUES ('{"v": 11}', 'a', 11);
SAVEPOINT s;
UPDATE part SET area = 'a', doc = '{"v": 333}' WHERE id = 3;
RELEASE s;
COMMIT;
SELECT area, id, operation, patch, old_hash IS NOT NULL AS o FROM part_changelog ORDER BY change_id;
DELETE FROM part WHERE id > 8;
UPDATE part SET area = 'b', doc = '{"v": 33}' WHERE id = 3;
TRUNCATE part_changelog;
-- a new partition is tracked at once, but for a direct TRUNCATE
CREATE TABLE part_c PARTITION OF part FOR VALUES IN ('c');
INSERT INTO part_c VALUES ('{"v": 5}', 'c', 5);
TRUNCATE part_b;
TRUNCATE part;
SELECT area, id, operation FROM part_changelog ORDER BY change_id;
INSERT INTO part_c VALUES ('{"v": 6}', 'c', 6);
TRUNCATE part_changelog;
CALL diffgen_maintain('part');
TRUNCATE part_c;
SELECT area, id, operation FROM part_changelog ORDER BY change_id;
SELECT diffgen_track('part_c');
SELECT diffgen_untrack('part_c');
-- a partition that leaves is not tracked any longer
ALTER TABLE part DETACH PARTITION part_c;
INSERT INTO part_c VALUES ('{"v": 7}', 'c', 7);
TRUNCATE part_c;
SELECT count(*) FROM part_changelog WHERE id = 7;
SELECT target FROM diffgen_tracking('part_c');
ALTER TABLE part ATTACH PARTITION part_c FOR VALUES IN ('c');
CALL diffgen_maintain('part');
ALTER TABLE part ATTACH PARTITION part_c FOR VALUES IN ('c');
INSERT INTO part_c VALUES ('{"v": 8}', 'c', 8);
SELECT operation FROM part_changelog WHERE id = 8;
SELECT diffgen_untrack('part');
SELECT count(*) FROM pg_trigger WHERE tgrelid IN ('part'::regclass, 'part_a'::regclass, 'part_b'::regclass);

-- several columns in the key, with names that a changelog has
CREATE TABLE odd ("Operation" text, operation varchar(20), change_id numeric(8,2), "docs ""x""" jsonb,
	PRIMARY KEY (change_id, operation, "Operation"));
SELECT diffgen_track('odd');
INSERT INTO odd VALUES ('u', 'v', 1.5, '{}');
UPDATE odd SET "docs ""x""" = '{"a": 1}';
SELECT key_change_id, key_operation, "Operation", operation, document, patch
FROM odd_changelog WHERE document IS NOT NULL ORDER BY change_id;
SELECT documents, columns, key, changelog_key FROM diffgen_tracking('odd');

-- a name of 63 bytes
CREATE TABLE "näme_that_is_as_long_as_a_name_can_be_and_has_multibyte_letter" (id int PRIMARY KEY, doc jsonb);
SELECT diffgen_track('"näme_that_is_as_long_as_a_name_can_be_and_has_multibyte_letter"');
INSERT INTO "näme_that_is_as_long_as_a_name_can_be_and_has_multibyte_letter" VALUES (1, '{}');
SELECT diffgen_untrack('"näme_that_is_as_long_as_a_name_can_be_and_has_multibyte_letter"');

-- partitions of the changelog: what is in the default one goes where it belongs
INSERT INTO conf VALUES (9, '{}');
UPDATE conf_changelog SET changed_at = changed_at - interval '100 days';
SELECT count(*) FROM conf_changelog_default;
CALL diffgen_maintain('conf');
SELECT count(*) FROM conf_changelog_default;
SELECT count(*) FROM conf_changelog WHERE changed_at < now() - interval '90 days';
CALL diffgen_maintain('conf');

-- what does not count makes no row, and what is secret is not in any
CREATE TABLE objects (uid text PRIMARY KEY, object jsonb);
SELECT diffgen_track('objects', NULL, '{"preset": "kubernetes", "ignore": ["$.seen"], "context": 1}');
INSERT INTO objects VALUES
	('a', '{"kind": "Secret", "metadata": {"name": "s", "resourceVersion": "1"}, "data": {"password": "swordfish"}, "seen": 1}'),
	('b', '{"kind": "Pod", "metadata": {"resourceVersion": "1"}, "spec": {"containers": [{"name": "x", "image": "x:1"}, {"name": "y", "image": "y:1"}]}}');
UPDATE objects SET object = jsonb_set(object, '{metadata,resourceVersion}', '"2"');
UPDATE objects SET object = object || '{"seen": 2}';
UPDATE objects SET object = jsonb_set(object, '{data,password}', '"swordfish2"') WHERE uid = 'a';
UPDATE objects SET object = jsonb_set(object, '{spec,containers}', '[{"name": "y", "image": "y:2"}, {"name": "x", "image": "x:1"}]') WHERE uid = 'b';
SELECT uid, operation, diff, patch, paths FROM objects_changelog WHERE operation = 'update' ORDER BY change_id;
DELETE FROM objects WHERE uid = 'a';
TRUNCATE objects;
SELECT uid, operation, patch FROM objects_changelog WHERE operation IN ('delete', 'truncate') ORDER BY change_id;
SELECT count(*) FROM objects_changelog AS l WHERE l::text ~ 'swordfish';
-- hashes are of what is recorded
SELECT count(DISTINCT h) FROM (VALUES
	(diffgen_hash('{"a": 1, "b": 1.0}'::jsonb)), (diffgen_hash('{"b": 1.00, "a": 1, "c": 2}', '{"ignore": ["$.c"]}')),
	(diffgen_hash('{"b": 1, "a": 1.0}', '{"redact": ["$.x"]}'))) AS v (h);
SELECT diffgen_hash('{"a": 1}'::jsonb) = diffgen_hash('{"a": "1"}'::jsonb) AS string,
	diffgen_hash('[[1], 2]'::jsonb) = diffgen_hash('[[1, 2]]'::jsonb) AS nested,
	diffgen_hash('{"a": "<redacted>"}'::jsonb) = diffgen_hash('{"a": {"b": 1}}', '{"redact": ["$.a"]}') AS redacted,
	diffgen_hash('[null]'::jsonb) = diffgen_hash('[]'::jsonb) AS "null",
	diffgen_hash('a'::text) = sha256('a') AS text;
-- the definition: letters, lengths and texts
SELECT diffgen_hash('{"k": [1.50, "x", null, true, false, {}]}'::jsonb) =
	sha256('os\000\000\000\001kan\000\000\000\0031.5s\000\000\000\001xztfoeee') AS as_defined;
-- two versions at once: the same, whatever they share
CREATE TABLE pairs AS
	SELECT n, jsonb_set(jsonb_build_object('kind', n % 3, 'list', jsonb_agg(e ORDER BY i), 'tree', jsonb_build_object('a', jsonb_build_object('b', jsonb_agg(e)))),
		'{tree,a,x}', to_jsonb(n / 2)) AS doc
	FROM generate_series(1, 24) n, generate_series(1, 30) i,
		LATERAL (SELECT jsonb_build_object('i', i, 'w', CASE WHEN i = n THEN n ELSE 0 END, 'noise', n % 2, 'text', repeat('t' || i, CASE WHEN i % 5 = 0 THEN 2000 ELSE 100 END),
			'deep', (SELECT jsonb_object_agg('k' || j, repeat('v', j * i % 37)) FROM generate_series(1, 40) j)) AS e) l
	WHERE i <= 24 + n % 4 AND i <> n - 3 GROUP BY n;
SELECT count(*), bool_and(h.old_hash = diffgen_hash(a.doc, o) AND h.new_hash = diffgen_hash(b.doc, o)) AS same,
	bool_and((h.old_hash = h.new_hash) = (diffgen(a.doc, b.doc, o) = '')) AS tells
FROM pairs a, pairs b, (VALUES ('{}'::jsonb), ('{"ignore": ["$.list[*].noise", "$.tree.a.x"], "redact": ["$?(@.kind == 1).list[*].text"]}')) AS v (o),
	LATERAL diffgen_hash_pair(a.doc, b.doc, o) h;

-- errors
CREATE TABLE nokey (id int, doc jsonb);
CREATE TABLE nodoc (id int PRIMARY KEY, t timestamptz);
CREATE TEMP TABLE temporary (id int PRIMARY KEY, doc jsonb);
CREATE TABLE taken (id int PRIMARY KEY, doc jsonb);
CREATE TABLE taken_changelog (x int);
\set VERBOSITY default
SELECT diffgen_track(NULL);
SELECT diffgen_track('nokey');
SELECT diffgen_track('nodoc');
SELECT diffgen_track('nodoc', '{t}');
SELECT diffgen_track('nodoc', '{}');
SELECT diffgen_track('nodoc', '{x}');
SELECT diffgen_track('temporary');
SELECT diffgen_track('log');
SELECT diffgen_track('taken');
SELECT diffgen_track('conf', '{doc,doc}');
SELECT diffgen_track('conf', '{doc}', '[]');
SELECT diffgen_track('conf', '{doc}', '{"replication": "sometimes"}');
SELECT diffgen_track('conf', '{doc}', '{"invertible": true}');
SELECT diffgen_track('conf', '{note}', '{"whitespace": "all"}');
SELECT diffgen_track('conf', '{doc}', '{"nonsense": 1}');
SELECT diffgen_track('conf', '{note}', '{"nonsense": 1}');
SELECT diffgen_track('conf', '{note}', '{"redact": ["$.password"]}');
SELECT diffgen_track('conf', '{doc}', '{"order": "ignore", "keys": {}}');
SELECT diffgen_track('conf', '{doc}', '{"ignore": ["$.a", "$.list[*]"]}');
SELECT diffgen_track('conf', '{doc}', '{"ignore": ["$.list[*]?(@.name == \"x\")"]}');
SELECT diffgen_track('conf', '{doc}', '{"ignore": ["$.**"]}');
SELECT diffgen_track('conf', '{doc}', '{"ignore": "$.a"}');
CALL diffgen_maintain('nokey');
SELECT diffgen_changelog();
CREATE TRIGGER wrong BEFORE INSERT ON taken FOR EACH ROW EXECUTE FUNCTION diffgen_changelog();
INSERT INTO taken VALUES (1, '{}');
DROP TRIGGER wrong ON taken;
CREATE TRIGGER wrong AFTER INSERT ON taken FOR EACH ROW EXECUTE FUNCTION diffgen_changelog();
INSERT INTO taken VALUES (1, '{}');

\set VERBOSITY terse
SET client_min_messages = warning;
DROP SCHEMA chg_track CASCADE;
