-- Going back where options, columns and what can be seen of the changelog have
-- changed in between
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS diffgen;
RESET client_min_messages;
\set VERBOSITY default
\set SHOW_CONTEXT never
CREATE SCHEMA chg_walk;
SET search_path = chg_walk, public;

-- blame is of the live document, also where options have changed since
CREATE TABLE b (id int PRIMARY KEY, doc jsonb);
SELECT diffgen_track('b');
INSERT INTO b VALUES (1, '{"a": 1, "b": 1, "list": [{"x": 1}]}');
UPDATE b SET doc = '{"a": 2, "b": 1, "list": [0, {"x": 1}]}';
SELECT diffgen_track('b', '{doc}', '{"ignore": ["$.b"]}');
UPDATE b SET doc = '{"a": 3, "b": 1, "list": [0, 1, {"x": 1}], "new": true}';
SELECT path, value, change_id FROM diffgen_blame('b', 'doc', 1) WHERE path <> '$.b';
SELECT diffgen_track('b', '{doc}', '{"ignore": ["$.other"]}');
UPDATE b SET doc = '{"a": 3, "b": 1, "list": [1, {"x": 2}], "new": true}';
SELECT path, value, change_id FROM diffgen_blame('b', 'doc', 1) WHERE path <> '$.b';

-- what is known of rows without an older entry
CREATE FUNCTION try_at(tab regclass, document name, as_of timestamptz, key int) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	RETURN coalesce(diffgen_at(tab, document, as_of, key)::text, 'none');
EXCEPTION WHEN object_not_in_prerequisite_state THEN
	RETURN regexp_replace(sqlerrm, '\d+-.*', '...');
END $$;
CREATE TABLE times (name text PRIMARY KEY, at timestamptz DEFAULT clock_timestamp());
-- a column that is tracked later
CREATE TABLE c1 (id int PRIMARY KEY, a jsonb, b jsonb);
SELECT diffgen_track('c1', '{a}');
INSERT INTO c1 VALUES (1, '1', '"b0"'), (2, '1', '"b0"');
INSERT INTO times VALUES ('c1 insert');
UPDATE c1 SET b = '"b1"';
SELECT diffgen_track('c1', '{a,b}');
INSERT INTO times VALUES ('c1 both');
SELECT diffgen_track('c1', '{b,a}', '{"context": 1}');
UPDATE c1 SET b = '"b2"' WHERE id = 1;
SELECT t.name, k.id, try_at('c1', 'a', t.at, k.id) AS a, try_at('c1', 'b', t.at, k.id) AS b
FROM times t, (VALUES (1), (2)) AS k(id) WHERE t.name ~ '^c1' ORDER BY t.at, k.id;
-- tracking that was interrupted
CREATE TABLE c2 (id int PRIMARY KEY, doc jsonb);
SELECT diffgen_track('c2');
INSERT INTO c2 VALUES (1, '1');
INSERT INTO times VALUES ('c2 track');
SELECT diffgen_untrack('c2');
INSERT INTO c2 VALUES (2, '2');
INSERT INTO times VALUES ('c2 pause');
SELECT diffgen_track('c2');
INSERT INTO times VALUES ('c2 again');
SELECT t.name, k.id, try_at('c2', 'doc', t.at, k.id)
FROM times t, (VALUES (1), (2), (3)) AS k(id) WHERE t.name ~ '^c2' ORDER BY t.at, k.id;
-- what does not count as a change of the document
SELECT diffgen_track('c2', '{doc}', '{"ignore": ["$.x"]}');
SELECT try_at('c2', 'doc', at, 2) FROM times WHERE name = 'c2 again';

-- notes that cannot be read
CREATE TABLE c3 (id int PRIMARY KEY, doc jsonb);
INSERT INTO c3 VALUES (1, '"old"');
INSERT INTO times VALUES ('c3 before');
SELECT diffgen_track('c3');
INSERT INTO times VALUES ('c3 track');
INSERT INTO c3 VALUES (2, '"first"'), (3, '"first"');
UPDATE c3 SET doc = '"second"' WHERE id = 2;
CREATE VIEW c3_at AS SELECT t.name, k.id, try_at('c3', 'doc', t.at, k.id)
FROM (SELECT name, at FROM times WHERE name ~ '^c3' UNION ALL VALUES ('c3 long ago', '1990-01-01'), ('c3 now', now()), ('c3 later', 'infinity')) t,
	(VALUES (1), (2), (4)) AS k(id) ORDER BY t.at, k.id;
BEGIN;
ALTER TABLE c3_changelog DROP COLUMN context;
SELECT * FROM c3_at;
ROLLBACK;
BEGIN;		-- the partition with the oldest entries is gone
DELETE FROM c3_changelog WHERE operation = 'track' OR id = 2 AND operation = 'insert';
SELECT * FROM c3_at;
DELETE FROM c3_changelog;
SELECT * FROM c3_at;
ROLLBACK;
CREATE ROLE regress_chg_walker;
GRANT USAGE ON SCHEMA chg_walk TO regress_chg_walker;
GRANT SELECT ON c3, c3_changelog, times TO regress_chg_walker;
ALTER TABLE c3_changelog ENABLE ROW LEVEL SECURITY;
CREATE POLICY rows ON c3_changelog FOR SELECT TO regress_chg_walker USING (id > 0);
SET ROLE regress_chg_walker;
SELECT name, id, try_at('c3', 'doc', at, id) FROM (SELECT name, at FROM times WHERE name ~ '^c3' UNION ALL VALUES ('c3 long ago', '1990-01-01'::timestamptz)) t,
	(VALUES (1), (2), (4)) AS k(id) ORDER BY at, id;
RESET ROLE;

-- rows of a table that inherits from the tracked one are not its own
CREATE TABLE parent (id int PRIMARY KEY, doc jsonb);
SELECT diffgen_track('parent');
CREATE TABLE child () INHERITS (parent);
INSERT INTO child VALUES (1, '"of the child"');
INSERT INTO parent VALUES (2, '"own"');
SELECT id, diffgen_at('parent', 'doc', 'infinity', id) FROM parent ORDER BY id;
INSERT INTO parent VALUES (1, '"own too"');
SELECT diffgen_at('parent', 'doc', 'infinity', 1);

SET client_min_messages = warning;
DROP SCHEMA chg_walk CASCADE;
DROP ROLE regress_chg_walker;
