-- "level": "statement": what is logged, and what is not
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS diffgen;
DROP ROLE IF EXISTS regress_chs_owner, regress_chs_writer, regress_chs_mallory;
RESET client_min_messages;
\set VERBOSITY terse
\set SHOW_CONTEXT never

CREATE SCHEMA chg_stmt;
SET search_path = chg_stmt, public;

-- from one level to the other and back, with nothing left behind
CREATE TABLE conf (id int PRIMARY KEY, doc jsonb, note text);
CREATE VIEW triggers AS
	SELECT tgname, pg_get_triggerdef(oid) AS def FROM pg_trigger
	WHERE tgrelid = 'conf'::regclass ORDER BY tgname;
SELECT diffgen_track('conf', NULL, '{"level": "statement", "context": 1}');
SELECT * FROM triggers;
SELECT target, changelog, columns, documents, options, level, enabled, writable
FROM diffgen_tracked WHERE target = 'conf'::regclass;
SELECT diffgen_track('conf', NULL, '{"context": 1, "level": "statement"}');	-- again is the same
CALL diffgen_maintain('conf');
SELECT operation FROM conf_changelog;
SELECT diffgen_track('conf');
SELECT * FROM triggers;
SELECT diffgen_track('conf', NULL, '{"level": "row"}');
SELECT operation FROM conf_changelog;
SELECT level FROM diffgen_tracked WHERE target = 'conf'::regclass;
SELECT diffgen_track('conf', NULL, '{"level": "statement"}');
SELECT diffgen_untrack('conf');
SELECT * FROM triggers;
DROP TABLE conf, conf_changelog CASCADE;

-- errors
CREATE TABLE conf (id int PRIMARY KEY, doc jsonb, note text);
\set VERBOSITY default
SELECT diffgen_track('conf', NULL, '{"level": "table"}');
SELECT diffgen_track('conf', NULL, '{"level": 1}');
SELECT diffgen_track('conf', NULL, '{"level": "statement", "replication": "always"}');
CREATE TABLE heir () INHERITS (conf);
ALTER TABLE heir ADD PRIMARY KEY (id);
SELECT diffgen_track('conf', NULL, '{"level": "statement"}');
SELECT diffgen_track('heir', NULL, '{"level": "statement"}');
DROP TABLE heir;
CREATE TABLE whole (id int PRIMARY KEY, doc jsonb) PARTITION BY RANGE (id);
CREATE TABLE piece PARTITION OF whole FOR VALUES FROM (1) TO (10);
SELECT diffgen_track('piece', NULL, '{"level": "statement"}');
\set VERBOSITY terse

-- The same statements, with both levels: the same entries for each row.
CREATE TABLE parent (id int PRIMARY KEY);
CREATE TABLE by_row (id int PRIMARY KEY DEFERRABLE, doc jsonb, note text, n int REFERENCES parent ON DELETE CASCADE ON UPDATE CASCADE);
CREATE TABLE by_statement (id int PRIMARY KEY DEFERRABLE, doc jsonb, note text, n int REFERENCES parent ON DELETE CASCADE ON UPDATE CASCADE);
SELECT diffgen_track('by_row'), diffgen_track('by_statement', NULL, '{"level": "statement"}');
CREATE VIEW row_log AS
	SELECT id, row_number() OVER (PARTITION BY id, document ORDER BY change_id) AS change, operation, document, diff, patch, paths, added, removed, old_hash, new_hash
	FROM by_row_changelog WHERE id IS NOT NULL;
CREATE VIEW statement_log AS
	SELECT id, row_number() OVER (PARTITION BY id, document ORDER BY change_id) AS change, operation, document, diff, patch, paths, added, removed, old_hash, new_hash
	FROM by_statement_changelog WHERE id IS NOT NULL;
-- Runs a statement on both tables, and says what was logged and what differs.
CREATE FUNCTION run(statement text, OUT entries bigint, OUT operations text, OUT missing bigint, OUT excess bigint) LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE replace(statement, '@', 'by_row');
	EXECUTE replace(statement, '@', 'by_statement');
	SELECT count(*), string_agg(DISTINCT operation, ' ') INTO entries, operations FROM statement_log;
	SELECT count(*) INTO missing FROM (SELECT * FROM row_log EXCEPT SELECT * FROM statement_log) x;
	SELECT count(*) INTO excess FROM (SELECT * FROM statement_log EXCEPT SELECT * FROM row_log) x;
	TRUNCATE by_row_changelog, by_statement_changelog;
END $$;

INSERT INTO parent SELECT generate_series(1, 10);
-- more than a batch
SELECT * FROM run($$INSERT INTO @ SELECT i, jsonb_build_object('v', i, 'l', jsonb_build_array(i, 'x')), 'note ' || i, 1 + i % 10 FROM generate_series(1, 2500) i$$);
SELECT * FROM run($$UPDATE @ SET doc = jsonb_set(doc, '{l,1}', '"y"')$$);
SELECT * FROM run($$UPDATE @ SET note = note || E'\nmore', doc = CASE WHEN id % 3 = 0 THEN NULL ELSE doc || '{"a": 1}' END$$);
SELECT * FROM run($$UPDATE @ SET doc = coalesce(doc, '{}'), note = NULL WHERE id < 20$$);
-- nothing to log
SELECT * FROM run($$UPDATE @ SET n = n$$);
SELECT * FROM run($$UPDATE @ SET doc = doc || '{}', note = note || ''$$);
SELECT * FROM run($$UPDATE @ SET doc = '{}' WHERE false$$);
SELECT * FROM run($$DELETE FROM @ WHERE id > 2500$$);
SELECT * FROM run($$INSERT INTO @ SELECT id, doc FROM @ WHERE id = -1$$);
-- documents out of line, and a batch that is full by its size
SELECT * FROM run($$UPDATE @ SET doc = (SELECT jsonb_object_agg(i, md5((i * id)::text)) FROM generate_series(1, 2000) i) WHERE id <= 30$$);
SELECT * FROM run($$UPDATE @ SET n = 1 + id % 3 WHERE id <= 30$$);
SELECT * FROM run($$UPDATE @ SET doc = jsonb_set(doc, '{7}', '7') WHERE id <= 30$$);
-- ON CONFLICT, MERGE, CTEs
CREATE TABLE upsert (id int PRIMARY KEY, doc jsonb);
SELECT diffgen_track('upsert', NULL, '{"level": "statement"}');
INSERT INTO upsert VALUES (1, '{"v": 1}'), (2, '{"v": 2}');
INSERT INTO upsert VALUES (2, '{"v": 22}'), (3, '{"v": 3}'), (1, '{"v": 1}')
	ON CONFLICT (id) DO UPDATE SET doc = excluded.doc;
SELECT id, operation, patch FROM upsert_changelog WHERE id IS NOT NULL ORDER BY change_id;
SELECT * FROM run($$MERGE INTO @ t USING generate_series(2480, 2530) s ON t.id = s
	WHEN MATCHED AND id % 2 = 0 THEN UPDATE SET doc = jsonb_build_object('merged', s)
	WHEN MATCHED AND id % 5 = 0 THEN DELETE
	WHEN MATCHED THEN DO NOTHING
	WHEN NOT MATCHED THEN INSERT (id, doc) VALUES (s, '[]')$$);
SELECT * FROM run($$WITH gone AS (DELETE FROM @ WHERE id BETWEEN 100 AND 110 RETURNING *),
	changed AS (UPDATE @ SET note = 'x' WHERE id BETWEEN 111 AND 120 RETURNING *),
	more AS (INSERT INTO @ SELECT id + 5000, doc FROM gone RETURNING *)
	UPDATE @ SET doc = gone.doc FROM gone WHERE @.id = gone.id + 21$$);
-- foreign keys' actions
SELECT * FROM run($$DELETE FROM @ WHERE n = 1$$);
DELETE FROM parent WHERE id IN (2, 3);
SELECT * FROM run('SELECT 1');
UPDATE parent SET id = id + 100;
SELECT * FROM run($$UPDATE @ SET doc = '{"after": true}' WHERE n = 105$$);
-- COPY
COPY by_row (id, doc) FROM stdin;
7001	{"v": 1}
7002	{"v": 2}
\.
COPY by_statement (id, doc) FROM stdin;
7001	{"v": 1}
7002	{"v": 2}
\.
SELECT * FROM run('SELECT 1');
-- keys that change: to new ones, to each other's, to the next one's
SELECT * FROM run($$UPDATE @ SET id = id + 10000, doc = '{"moved": true}' WHERE id % 4 = 0$$);
SELECT * FROM run($$UPDATE @ SET id = id + 20000$$);
UPDATE by_statement SET id = id + 20000;
SELECT count(*), count(*) FILTER (WHERE old_hash = new_hash) AS linked
FROM by_statement_changelog WHERE operation = 'insert' AND document = 'doc' AND new_hash IS NOT NULL;
TRUNCATE by_row, by_statement, by_row_changelog, by_statement_changelog;
INSERT INTO by_statement SELECT i, jsonb_build_object('v', i) FROM generate_series(1, 4) i;
UPDATE by_statement SET id = 3 - id WHERE id < 3;
UPDATE by_statement SET id = id + 1;
SELECT id, operation, patch, old_hash IS NOT NULL AS o FROM by_statement_changelog
WHERE document = 'doc' ORDER BY id, change_id;
SELECT id, diffgen_at('by_statement', 'doc', now(), id) = doc AS ok FROM by_statement ORDER BY id;
TRUNCATE by_statement, by_statement_changelog;
-- TRUNCATE, also of more than a batch
SELECT * FROM run($$INSERT INTO @ SELECT i, '{"a": 1}', NULL, NULL FROM generate_series(101, 1300) i$$);
SELECT * FROM run($$TRUNCATE @$$);

-- spilled to disk, with keys and documents that are not of fixed length
SET work_mem = '64kB';
CREATE TABLE wide (a text COLLATE "C", b numeric, doc jsonb, raw json, PRIMARY KEY (b, a));
SELECT diffgen_track('wide', '{raw,doc}', '{"level": "statement"}');
INSERT INTO wide SELECT 'key ' || i, i / 2.0, jsonb_build_object('t', repeat(md5(i::text), 20)), '{"x": 1}' FROM generate_series(1, 1500) i;
UPDATE wide SET doc = doc || '{"u": 1}';
UPDATE wide SET a = a || '!', doc = doc || '{"w": 1}' WHERE b < 300;
UPDATE wide SET b = 1.50 WHERE b = 1.5;	-- the same for =, not in the log
SELECT operation, document, count(*), count(patch), count(DISTINCT (a, b)) FROM wide_changelog
WHERE b IS NOT NULL GROUP BY 1, 2 ORDER BY 1, 2;
SELECT count(*) FROM wide WHERE diffgen_at('wide', 'doc', now(), b, a) IS DISTINCT FROM doc;
SELECT count(*) FROM wide w, LATERAL diffgen_history('wide', w.b, w.a) h;
RESET work_mem;

-- Going back, and taking back.
CREATE TABLE undo (id int PRIMARY KEY, doc jsonb);
SELECT diffgen_track('undo', NULL, '{"level": "statement"}');
INSERT INTO undo SELECT i, '{"a": 1, "b": 1}' FROM generate_series(1, 3) i;
UPDATE undo SET doc = doc || '{"a": 2}';
UPDATE undo SET doc = doc || '{"b": 2}';
SELECT diffgen_undo('undo_changelog', change_id) FROM undo_changelog WHERE id = 2 AND operation = 'update' ORDER BY change_id LIMIT 1;
SELECT doc FROM undo WHERE id = 2;
SELECT path, value, changed_by = current_user AS me FROM diffgen_blame('undo', 'doc', 2);
-- a rolled back subtransaction leaves nothing
BEGIN;
SAVEPOINT s;
UPDATE undo SET doc = '{}';
ROLLBACK TO s;
DELETE FROM undo WHERE id = 3;
COMMIT;
SELECT id, operation, patch FROM undo_changelog WHERE change_id > 9 ORDER BY change_id;

-- DDL
ALTER TABLE undo RENAME doc TO document;
ALTER TABLE undo RENAME TO redo;
ALTER TABLE undo_changelog RENAME TO log;
ALTER TABLE redo ADD x int DEFAULT 1;
UPDATE redo SET document = '{"z": 1}';
SELECT document, count(*) FROM log WHERE patch::text ~ 'z' GROUP BY 1;
ALTER TABLE redo DROP document CASCADE;
UPDATE redo SET x = 2;
SELECT target, changelog, columns, level FROM diffgen_tracked WHERE target = 'redo'::regclass;
DROP TABLE redo;

-- disabled by the trigger that never fires, as it is by the one that does
CREATE TABLE off (id int PRIMARY KEY, doc jsonb);
SELECT diffgen_track('off', NULL, '{"level": "statement"}');
ALTER TABLE off DISABLE TRIGGER diffgen_changelog;
INSERT INTO off VALUES (1, '{}');
SELECT count(*) FROM off_changelog WHERE id IS NOT NULL;
SELECT enabled FROM diffgen_tracked WHERE target = 'off'::regclass;
ALTER TABLE off ENABLE TRIGGER diffgen_changelog, DISABLE TRIGGER diffgen_update;
SELECT enabled FROM diffgen_tracked WHERE target = 'off'::regclass;
ALTER TABLE off ENABLE TRIGGER diffgen_update;
SET session_replication_role = replica;
UPDATE off SET doc = '{"r": 1}';
RESET session_replication_role;
SELECT count(*) FROM off_changelog WHERE id IS NOT NULL;
-- a trigger that is missing comes back
DROP TRIGGER diffgen_insert ON off;
SELECT enabled FROM diffgen_tracked WHERE target = 'off'::regclass;
CALL diffgen_maintain('off');
SELECT enabled, level FROM diffgen_tracked WHERE target = 'off'::regclass;
INSERT INTO off VALUES (2, '{}');
SELECT id, operation FROM off_changelog WHERE id IS NOT NULL;
-- without its changelog, the table is not tracked, and can be written
DROP TABLE off_changelog;
INSERT INTO off VALUES (3, '{}');
UPDATE off SET doc = '{"a": 1}';
SELECT count(*) FROM diffgen_tracked WHERE target = 'off'::regclass;
SELECT diffgen_track('off');
SELECT tgname FROM pg_trigger WHERE tgrelid = 'off'::regclass ORDER BY 1;

-- Partitions: statements that name the table, and those that name one of them.
CREATE TABLE part (doc jsonb, area text, id int, PRIMARY KEY (area, id)) PARTITION BY LIST (area);
CREATE TABLE part_a PARTITION OF part FOR VALUES IN ('a');
CREATE TABLE part_b (id int NOT NULL, doc jsonb, area text NOT NULL) PARTITION BY RANGE (id);
CREATE TABLE part_b1 (area text NOT NULL, doc jsonb, id int NOT NULL);
ALTER TABLE part_b ATTACH PARTITION part_b1 FOR VALUES FROM (1) TO (1000);
ALTER TABLE part ATTACH PARTITION part_b FOR VALUES IN ('b');
SELECT diffgen_track('part', NULL, '{"level": "statement"}');
CREATE VIEW part_log AS
	SELECT area, id, operation, patch FROM part_changelog WHERE id IS NOT NULL ORDER BY area, id, change_id;
INSERT INTO part VALUES ('{"v": 1}', 'a', 1), ('{"v": 2}', 'b', 2);
INSERT INTO part_a VALUES ('{"v": 3}', 'a', 3);
INSERT INTO part_b VALUES (4, '{"v": 4}', 'b');
INSERT INTO part_b1 VALUES ('b', '{"v": 5}', 5);
SELECT * FROM part_log;
TRUNCATE part_changelog;
UPDATE part SET doc = doc || '{"p": 1}';
UPDATE part_b1 SET doc = doc || '{"b1": 1}' WHERE id = 5;
UPDATE part_b SET doc = doc || '{"b": 1}' WHERE id = 4;
DELETE FROM part_a WHERE id = 3;
SELECT * FROM part_log;
TRUNCATE part_changelog;
-- rows that move, among others that stay
INSERT INTO part SELECT '{}', 'a', i FROM generate_series(6, 9) i;
TRUNCATE part_changelog;
UPDATE part SET area = CASE WHEN id % 2 = 0 THEN 'b' ELSE area END, doc = doc || '{"m": 1}' WHERE id > 5;
SELECT * FROM part_log;
SELECT d.id, d.old_hash = i.old_hash AS linked FROM part_changelog d JOIN part_changelog i USING (id)
WHERE d.operation = 'delete' AND i.operation = 'insert' ORDER BY id;
TRUNCATE part_changelog;
-- some do not arrive: old and new rows are not side by side any longer
CREATE FUNCTION stay_away() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN IF new.id = 7 THEN RETURN NULL; END IF; RETURN new; END';
CREATE TRIGGER stay_away BEFORE INSERT ON part_b1 FOR EACH ROW EXECUTE FUNCTION stay_away();
INSERT INTO part SELECT '{}', 'a', i FROM generate_series(10, 12) i;
TRUNCATE part_changelog;
UPDATE part SET area = 'b', doc = doc || jsonb_build_object('n', id) WHERE area = 'a' AND id < 11;
UPDATE part SET doc = doc || jsonb_build_object('n', id) WHERE area = 'a';
SELECT * FROM part_log;
SELECT count(*) AS rows, count(*) FILTER (WHERE diffgen_at('part', 'doc', now(), area, id) = doc) AS ok FROM part;
DROP TRIGGER stay_away ON part_b1;
TRUNCATE part_changelog;
-- TRUNCATE, and a partition that leaves
TRUNCATE part_b1;
ALTER TABLE part DETACH PARTITION part_a;
INSERT INTO part_a VALUES ('{"v": 1}', 'a', 77);
TRUNCATE part_a;
SELECT area, operation, count(*) FROM part_changelog WHERE id IS NOT NULL GROUP BY 1, 2 ORDER BY 1;
SELECT diffgen_untrack('part');
SELECT tgrelid::regclass, tgname FROM pg_trigger WHERE tgrelid IN ('part'::regclass, 'part_b'::regclass, 'part_b1'::regclass);

-- What is not seen, as doc/changelog.md says.
-- 1. writes directly into a partition that came after diffgen_track
SELECT diffgen_track('part', NULL, '{"level": "statement"}');
TRUNCATE part_changelog;
CREATE TABLE part_c PARTITION OF part FOR VALUES IN ('c');
INSERT INTO part VALUES ('{"v": 1}', 'c', 1);
INSERT INTO part_c VALUES ('{"v": 2}', 'c', 2);
SELECT * FROM part_log;
CALL diffgen_maintain('part');
INSERT INTO part_c VALUES ('{"v": 3}', 'c', 3);
SELECT * FROM part_log;
TRUNCATE part_changelog;
-- 2. rows that a MERGE moves to another partition
CREATE TABLE part_d PARTITION OF part FOR VALUES IN ('d');
MERGE INTO part USING (VALUES (1), (3)) AS s (id) ON part.id = s.id AND area = 'c'
	WHEN MATCHED AND s.id = 1 THEN UPDATE SET area = 'd'
	WHEN MATCHED THEN UPDATE SET doc = '{"v": 33}';
SELECT * FROM part_log;
TRUNCATE part_changelog;
MERGE INTO part USING (VALUES (3), (4)) AS s (id) ON part.id = s.id AND area = 'c'
	WHEN MATCHED AND s.id = 3 THEN UPDATE SET area = 'd'
	WHEN MATCHED THEN DELETE
	WHEN NOT MATCHED THEN INSERT (area, id) VALUES ('c', s.id);
SELECT * FROM part_log;
-- 3. the order, where a trigger for rows changes the same row once more
CREATE TABLE again (id int PRIMARY KEY, doc jsonb);
SELECT diffgen_track('again', NULL, '{"level": "statement"}');
CREATE FUNCTION once_more() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	IF pg_trigger_depth() < 2 THEN UPDATE again SET doc = '{"v": 2}' WHERE id = new.id; END IF;
	RETURN NULL;
END $$;
INSERT INTO again VALUES (1, '{"v": 0}');
CREATE TRIGGER z_once_more AFTER UPDATE ON again FOR EACH ROW EXECUTE FUNCTION once_more();
UPDATE again SET doc = '{"v": 1}';
SELECT operation, patch FROM again_changelog WHERE id IS NOT NULL ORDER BY change_id;
SELECT diffgen_at('again', 'doc', (SELECT changed_at FROM again_changelog WHERE operation = 'insert'), 1);
-- 4. rows of tables that inherit are logged as the table's own, if it is named
CREATE TABLE child () INHERITS (again);
INSERT INTO child VALUES (8, '{}');
DELETE FROM again WHERE id = 8;
SELECT id, operation FROM again_changelog WHERE id = 8;
CALL diffgen_maintain('again');

-- Rights
CREATE ROLE regress_chs_owner;
CREATE ROLE regress_chs_writer;
CREATE ROLE regress_chs_mallory;
CREATE SCHEMA chs_sec AUTHORIZATION regress_chs_owner;
CREATE SCHEMA chs_bad AUTHORIZATION regress_chs_mallory;
GRANT USAGE ON SCHEMA chs_sec TO regress_chs_writer, regress_chs_mallory;
SET ROLE regress_chs_owner;
CREATE TABLE chs_sec.conf (id int PRIMARY KEY, doc jsonb);
SELECT diffgen_track('chs_sec.conf', NULL, '{"level": "statement"}');
GRANT SELECT, INSERT, UPDATE, DELETE ON chs_sec.conf TO regress_chs_writer, regress_chs_mallory;
RESET ROLE;
SET SESSION AUTHORIZATION regress_chs_writer;
INSERT INTO chs_sec.conf SELECT i, '{"v": 1}' FROM generate_series(1, 3) i;
UPDATE chs_sec.conf SET doc = '{"v": 2}' WHERE id = 1;
UPDATE chs_sec.conf SET id = id + 1000;
DELETE FROM chs_sec.conf WHERE id = 1001;
DROP TRIGGER diffgen_update ON chs_sec.conf;
INSERT INTO chs_sec.conf_changelog (changed_at, operation) VALUES (now(), 'insert');
RESET SESSION AUTHORIZATION;
SELECT changed_by, operation, count(*) FROM chs_sec.conf_changelog WHERE id IS NOT NULL GROUP BY 1, 2 ORDER BY 2;
-- names and operators of a writer's are not taken for what is meant
SET SESSION AUTHORIZATION regress_chs_mallory;
SET search_path = chs_bad, pg_catalog;
CREATE FUNCTION chs_bad.spring(int, int) RETURNS bool LANGUAGE plpgsql AS
	'BEGIN RAISE EXCEPTION ''run as %'', current_user; END';
CREATE FUNCTION chs_bad.spring(bigint, bigint) RETURNS bool LANGUAGE plpgsql AS
	'BEGIN RAISE EXCEPTION ''run as %'', current_user; END';
CREATE OPERATOR chs_bad.= (FUNCTION = chs_bad.spring, LEFTARG = int, RIGHTARG = int);
CREATE OPERATOR chs_bad.= (FUNCTION = chs_bad.spring, LEFTARG = bigint, RIGHTARG = bigint);
CREATE TABLE chs_bad.diffgen_batch (c1 int);
CREATE TABLE chs_bad.diffgen_old (place bigint, k1 int, d1 bytea);
CREATE TABLE chs_bad.diffgen_new (place bigint, k1 int, d1 bytea);
INSERT INTO chs_sec.conf VALUES (7, '{}');
UPDATE chs_sec.conf SET id = 8, doc = '{"v": 8}' WHERE id OPERATOR(pg_catalog.=) 7;
RESET search_path;
RESET SESSION AUTHORIZATION;
SELECT id, operation, changed_by, patch FROM chs_sec.conf_changelog WHERE id IN (7, 8) ORDER BY change_id;
-- the role is the session's, where the code runs as somebody else
SET ROLE regress_chs_owner;
CREATE FUNCTION chs_sec.set_doc(new jsonb) RETURNS void LANGUAGE sql SECURITY DEFINER
	AS 'UPDATE chs_sec.conf SET doc = new';
RESET ROLE;
SET SESSION AUTHORIZATION regress_chs_writer;
SELECT chs_sec.set_doc('{"v": 9}');
RESET SESSION AUTHORIZATION;
SELECT DISTINCT changed_by FROM chs_sec.conf_changelog WHERE patch::text ~ '9';
-- row security of the changelog does not keep it from being written
ALTER TABLE chs_sec.conf_changelog ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
UPDATE chs_sec.conf SET doc = '{"v": 10}';
ALTER TABLE chs_sec.conf_changelog DISABLE ROW LEVEL SECURITY;
SELECT count(*) FROM chs_sec.conf_changelog WHERE patch::text ~ '10';
-- who owns the table alone cannot write the old owner's log
ALTER TABLE chs_sec.conf OWNER TO regress_chs_mallory;
SELECT writable FROM diffgen_tracked WHERE target = 'chs_sec.conf'::regclass;
UPDATE chs_sec.conf SET doc = '{"v": 11}';
UPDATE chs_sec.conf SET id = id + 1000;
ALTER TABLE chs_sec.conf OWNER TO regress_chs_owner;
-- a table whose trigger names somebody else's changelog
GRANT TRIGGER ON chs_sec.conf_changelog TO regress_chs_mallory;
SET SESSION AUTHORIZATION regress_chs_mallory;
CREATE TABLE chs_bad.conf (id int PRIMARY KEY, doc jsonb);
CREATE CONSTRAINT TRIGGER diffgen_changelog AFTER DELETE ON chs_bad.conf FROM chs_sec.conf_changelog
	FOR EACH ROW WHEN (false) EXECUTE FUNCTION public.diffgen_changelog('{}', 'doc');
CREATE TRIGGER diffgen_insert AFTER INSERT ON chs_bad.conf REFERENCING NEW TABLE AS n
	FOR EACH STATEMENT EXECUTE FUNCTION public.diffgen_changelog();
INSERT INTO chs_bad.conf VALUES (1, '{"forged": true}');
RESET SESSION AUTHORIZATION;
INSERT INTO chs_bad.conf VALUES (1, '{"forged": true}');
-- without one, there is nothing to write to; nor are rows logged twice
SET SESSION AUTHORIZATION regress_chs_mallory;
DROP TRIGGER diffgen_changelog ON chs_bad.conf;
INSERT INTO chs_bad.conf VALUES (1, '{}');
CREATE TRIGGER wrong AFTER INSERT ON chs_bad.conf FOR EACH STATEMENT EXECUTE FUNCTION public.diffgen_changelog();
INSERT INTO chs_bad.conf VALUES (2, '{}');
DROP TRIGGER wrong ON chs_bad.conf;
RESET SESSION AUTHORIZATION;
GRANT CREATE ON SCHEMA chs_bad TO regress_chs_mallory;
SET ROLE regress_chs_mallory;
SELECT public.diffgen_track('chs_bad.conf');
CREATE TRIGGER diffgen_insert AFTER INSERT ON chs_bad.conf REFERENCING NEW TABLE AS n
	FOR EACH STATEMENT EXECUTE FUNCTION public.diffgen_changelog();
INSERT INTO chs_bad.conf VALUES (3, '{}');
SELECT operation, count(*) FROM chs_bad.conf_changelog WHERE id IS NOT NULL GROUP BY 1;
RESET ROLE;

SET client_min_messages = warning;
DROP SCHEMA chg_stmt, chs_sec, chs_bad CASCADE;
DROP ROLE regress_chs_owner, regress_chs_writer, regress_chs_mallory;
