-- Faults of tracking that were found by trying hard
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS diffgen;
\set VERBOSITY default
\set SHOW_CONTEXT never
CREATE SCHEMA chg_faults;
SET search_path = chg_faults, public;

--
-- Partitions that are none any longer
--

-- what is below a partition that was detached is not logged either
CREATE TABLE part (a text, b int, doc jsonb, PRIMARY KEY (a, b)) PARTITION BY LIST (a);
CREATE TABLE part3 PARTITION OF part FOR VALUES IN ('3') PARTITION BY RANGE (b);
CREATE TABLE part31 PARTITION OF part3 FOR VALUES FROM (0) TO (500);
CREATE TABLE part32 PARTITION OF part3 FOR VALUES FROM (500) TO (1000);
CREATE TABLE part4 PARTITION OF part FOR VALUES IN ('4');
SELECT diffgen_track('part');
INSERT INTO part VALUES ('3', 1, '{"v": 1}'), ('3', 501, '{"v": 1}'), ('4', 1, '{"v": 1}');
ALTER TABLE part DETACH PARTITION part3;
INSERT INTO part3 VALUES ('3', 2, '{}');
UPDATE part31 SET doc = '{"v": 2}';
UPDATE part3 SET b = 502 WHERE b = 2;
DELETE FROM part3 WHERE b = 502;
TRUNCATE part32;
TRUNCATE part3;
SELECT operation, a, b FROM part_changelog WHERE a IS NOT NULL ORDER BY change_id;
SELECT target FROM diffgen_tracking('part31');
SELECT diffgen_at('part31', 'doc', 'infinity', '3', 1);
-- nor does it matter what becomes of its columns
ALTER TABLE part3 RENAME a TO aa;
INSERT INTO part3 VALUES ('3', 3, '{}');
ALTER TABLE part3 DETACH PARTITION part31;
ALTER TABLE part31 ALTER aa TYPE int USING 3;
INSERT INTO part31 VALUES (3, 4, '{}');
DROP TABLE part31;
-- it can be tracked by itself when the other table's trigger is gone
SELECT diffgen_track('part3');
CALL diffgen_maintain('part');
SELECT diffgen_track('part3');
INSERT INTO part3 VALUES ('3', 505, '{}');
SELECT operation, aa, b FROM part3_changelog WHERE aa IS NOT NULL ORDER BY change_id;

-- a partition that goes to another table, which is not tracked
CREATE TABLE other (a text, b int, doc jsonb, PRIMARY KEY (a, b)) PARTITION BY LIST (a);
ALTER TABLE part DETACH PARTITION part4;
ALTER TABLE other ATTACH PARTITION part4 FOR VALUES IN ('4');
INSERT INTO other VALUES ('4', 2, '{}');
INSERT INTO part4 VALUES ('4', 3, '{}');
TRUNCATE other;
SELECT operation, a, b FROM part_changelog WHERE a = '4' ORDER BY change_id;
SELECT diffgen_track('other');
CALL diffgen_maintain('part');
SELECT diffgen_track('other');
INSERT INTO other VALUES ('4', 4, '{}');
-- and comes back, while the session knows that it was away
SELECT diffgen_untrack('other');
ALTER TABLE other DETACH PARTITION part4;
INSERT INTO part4 VALUES ('4', 5, '{}');
ALTER TABLE part ATTACH PARTITION part4 FOR VALUES IN ('4');
INSERT INTO part VALUES ('4', 6, '{}');
INSERT INTO part4 VALUES ('4', 7, '{}');
SELECT operation, a, b FROM part_changelog WHERE a = '4' ORDER BY change_id;
SELECT operation, a, b FROM other_changelog WHERE a IS NOT NULL ORDER BY change_id;
-- the same while the clone of the trigger stays
ALTER TABLE part DETACH PARTITION part4;
ALTER TABLE other ATTACH PARTITION part4 FOR VALUES IN ('4');
INSERT INTO part4 VALUES ('4', 8, '{}');
SELECT operation, a, b FROM part_changelog WHERE b = 8;
DROP TABLE part, part3, other, part_changelog, part3_changelog, other_changelog;

--
-- Rows without a key
--

-- of a table that inherits from one that is tracked by statement
CREATE TABLE par (id text PRIMARY KEY, doc jsonb);
SELECT diffgen_track('par', NULL, '{"level": "statement"}');
INSERT INTO par VALUES ('a', '{"a": 1}');
CREATE TABLE chi () INHERITS (par);
-- as ALTER COLUMN ... DROP NOT NULL does before PostgreSQL 18
UPDATE pg_attribute SET attnotnull = false WHERE attrelid = 'chi'::regclass AND attname = 'id';
INSERT INTO chi VALUES (NULL, '{"a": 1}');
UPDATE par SET doc = '{"a": 2}';
DELETE FROM par;
UPDATE ONLY par SET doc = '{"a": 3}';
SELECT operation, id, patch->-1->'value' AS value FROM par_changelog WHERE id IS NOT NULL ORDER BY change_id;
DROP TABLE par, chi, par_changelog;

--
-- Generated columns of partitions, which statements show as null
--

CREATE TABLE gen (a int, doc jsonb, g text GENERATED ALWAYS AS ('g' || (doc->>'k')) STORED, PRIMARY KEY (a, g)) PARTITION BY LIST (a);
CREATE TABLE gen2 (junk int, a int NOT NULL, doc jsonb, g text GENERATED ALWAYS AS ('g' || (doc->>'k')) STORED NOT NULL);
ALTER TABLE gen2 DROP COLUMN junk;
ALTER TABLE gen ATTACH PARTITION gen2 FOR VALUES IN (3);
-- in the key
SELECT diffgen_track('gen', '{doc}', '{"level": "statement"}');
SELECT diffgen_track('gen', '{doc}');
INSERT INTO gen (a, doc) VALUES (3, '{"k": 1}');
SELECT diffgen_track('gen', '{doc}', '{"level": "statement"}');
SELECT operation, a, g FROM gen_changelog WHERE a IS NOT NULL ORDER BY change_id;
DROP TABLE gen, gen_changelog;
-- as a document; others do not matter
CREATE TABLE gen (a int PRIMARY KEY, doc jsonb, g text GENERATED ALWAYS AS ('g' || (doc->>'k')) STORED) PARTITION BY LIST (a);
CREATE TABLE gen2 (junk int, a int NOT NULL, doc jsonb, g text GENERATED ALWAYS AS ('g' || (doc->>'k')) STORED);
ALTER TABLE gen2 DROP COLUMN junk;
ALTER TABLE gen ATTACH PARTITION gen2 FOR VALUES IN (3);
SELECT diffgen_track('gen', NULL, '{"level": "statement"}');
SELECT diffgen_track('gen', '{doc}', '{"level": "statement"}');
INSERT INTO gen (a, doc) VALUES (3, '{"k": 1}');
UPDATE gen SET doc = '{"k": 2}';
SELECT operation, document, new_hash = diffgen_hash(doc) AS is_live
FROM gen_changelog JOIN gen USING (a) ORDER BY change_id;
DROP TABLE gen, gen_changelog;
-- a table that is no partitioned one shows them
CREATE TABLE gen (a int PRIMARY KEY, doc jsonb, g text GENERATED ALWAYS AS ('g' || (doc->>'k')) STORED);
SELECT diffgen_track('gen', NULL, '{"level": "statement"}');
INSERT INTO gen (a, doc) VALUES (3, '{"k": 1}');
UPDATE gen SET doc = '{"k": 2}';
SELECT diffgen_at_text('gen', 'g', 'infinity', 3);
DROP TABLE gen, gen_changelog;

--
-- Triggers that diffgen_track has not made: the view shows them to everybody
--

CREATE TABLE bad (id int PRIMARY KEY, doc jsonb);
CREATE TABLE plain (x int);
CREATE TABLE by_name (x text) PARTITION BY RANGE (x);
CREATE TABLE by_name_a PARTITION OF by_name FOR VALUES FROM ('a') TO ('b');
CREATE TABLE real (id int PRIMARY KEY, doc jsonb);
SELECT diffgen_track('real');
CREATE FUNCTION bad_trigger(log regclass, VARIADIC arguments text[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	DROP TRIGGER IF EXISTS diffgen_changelog ON bad;
	EXECUTE format('CREATE CONSTRAINT TRIGGER diffgen_changelog AFTER INSERT ON bad FROM %s FOR EACH ROW EXECUTE FUNCTION diffgen_changelog(%s)',
		log, (SELECT string_agg(quote_literal(a), ', ') FROM unnest(arguments) a));
END $$;
CREATE VIEW bad_tracked AS
SELECT target, changelog, columns, documents, options, level, enabled, writable, partitions_until IS NOT NULL AS has_partitions
FROM diffgen_tracked WHERE target = 'bad'::regclass;
-- options that are none
SELECT bad_trigger('plain', 'nojson', 'doc');
SELECT * FROM bad_tracked;
INSERT INTO bad VALUES (1, '{}');
SELECT bad_trigger('real_changelog', '[1]', 'doc');
SELECT * FROM bad_tracked;
INSERT INTO bad VALUES (1, '{}');
SELECT bad_trigger('real_changelog', '{"a": 1e400000}', 'doc');
SELECT * FROM bad_tracked;
SELECT bad_trigger('real_changelog', '{"redact": [{}, 1], "preset": 7, "level": []}', 'doc');
SELECT * FROM bad_tracked;
INSERT INTO bad VALUES (1, '{}');
-- columns that are none
SELECT bad_trigger('real_changelog', '{}', 'ctid', 'tableoid', 'none', '', repeat('ä', 40), 'id');
SELECT * FROM bad_tracked;
INSERT INTO bad VALUES (1, '{}');
-- changelogs that are none
SELECT bad_trigger('by_name', '{}', 'doc');
SELECT * FROM bad_tracked;
INSERT INTO bad VALUES (2, '{}');
SELECT bad_trigger('bad_tracked', '{}', 'doc');
SELECT * FROM bad_tracked;
SELECT bad_trigger('bad', '{}', 'doc');
SELECT * FROM bad_tracked;
-- no arguments at all
DROP TRIGGER diffgen_changelog ON bad;
CREATE CONSTRAINT TRIGGER diffgen_changelog AFTER INSERT ON bad FROM real_changelog FOR EACH ROW EXECUTE FUNCTION diffgen_changelog();
SELECT * FROM bad_tracked;
SELECT count(*) FROM real_changelog WHERE id IS NOT NULL;
DROP VIEW bad_tracked;
DROP TABLE bad, plain, by_name, real, real_changelog;
DROP FUNCTION bad_trigger;

--
-- The two halves of a move to another partition
--

CREATE TABLE moves (id int, a text, doc jsonb, PRIMARY KEY (id, a)) PARTITION BY LIST (a);
CREATE TABLE moves_a PARTITION OF moves FOR VALUES IN ('a');
CREATE TABLE moves_b PARTITION OF moves FOR VALUES IN ('b');
CREATE TABLE moves_c PARTITION OF moves FOR VALUES IN ('c');
SELECT diffgen_track('moves');
CREATE VIEW moves_log AS
SELECT id, a, operation, patch, old_hash IS NOT NULL AS has_old FROM moves_changelog WHERE id IS NOT NULL ORDER BY change_id;
-- are found whatever triggers of the deletion do in between
CREATE FUNCTION note_move() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO moves VALUES (OLD.id + 100, 'a', '{}');
	UPDATE moves SET doc = '{"u": 1}' WHERE id = OLD.id + 100;
	UPDATE moves SET a = 'c' WHERE id = OLD.id + 100;
	DELETE FROM moves WHERE id = OLD.id + 100;
	RETURN NULL;
END $$;
CREATE TRIGGER z_note AFTER DELETE ON moves_a FOR EACH ROW WHEN (OLD.id < 100) EXECUTE FUNCTION note_move();
INSERT INTO moves VALUES (1, 'a', '{"v": 1}'), (2, 'a', '{"v": 1}'), (3, 'a', '{"v": 1}');
TRUNCATE moves_changelog;
UPDATE moves SET a = 'b', doc = '{"v": 2}' WHERE id <= 2;
SELECT * FROM moves_log;
TRUNCATE moves_changelog;
-- also if the moved row has changed once more by then
CREATE FUNCTION change_moved() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	UPDATE moves SET doc = '{"v": 4}' WHERE id = OLD.id;
	RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER z_note AFTER DELETE ON moves_a FOR EACH ROW EXECUTE FUNCTION change_moved();
UPDATE moves SET a = 'b', doc = '{"v": 3}' WHERE id = 3;
SELECT * FROM moves_log;
DROP TRIGGER z_note ON moves_a;
-- a row that the same command inserts is not the one that was kept away
DELETE FROM moves;
INSERT INTO moves VALUES (1, 'a', '{"v": 1}'), (2, 'a', '{"v": 1}');
TRUNCATE moves_changelog;
CREATE FUNCTION keep_away() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	RETURN CASE WHEN NEW.id = 1 THEN NULL ELSE NEW END;
END $$;
CREATE TRIGGER keep_away BEFORE INSERT ON moves_b FOR EACH ROW EXECUTE FUNCTION keep_away();
WITH u AS (UPDATE moves SET a = 'b' WHERE id = 1 RETURNING *)
INSERT INTO moves SELECT 7, 'b', '{"new": 1}' FROM (SELECT count(*) FROM u) c;
SELECT * FROM moves_log;
TRUNCATE moves_changelog;
-- nor does one that was kept away harm those that come after it
INSERT INTO moves VALUES (1, 'a', '{"v": 1}');
UPDATE moves SET a = 'b', doc = '{"v": 2}' WHERE a = 'a';
SELECT * FROM moves_log;
TRUNCATE moves_changelog;
-- many of them in one transaction
DO $$
BEGIN
	FOR i IN 1..20 LOOP
		INSERT INTO moves VALUES (1, 'a', '{"v": 1}');
		UPDATE moves SET a = 'b', doc = '{"v": 3}' WHERE a = 'a';
	END LOOP;
	INSERT INTO moves VALUES (5, 'a', '{"v": 1}');
	UPDATE moves SET a = 'b', doc = '{"v": 3}' WHERE a = 'a';
END $$;
SELECT operation, id, count(*) FROM moves_changelog WHERE id = 1 GROUP BY 1, 2 ORDER BY 1;
SELECT * FROM moves_log WHERE id = 5;
DROP TABLE moves, moves_changelog CASCADE;
-- a column of the key that a sub-partition is told by may change, others not
CREATE TABLE moves (a text, b int, c int, doc jsonb, PRIMARY KEY (a, b, c)) PARTITION BY LIST (a);
CREATE TABLE moves_a PARTITION OF moves FOR VALUES IN ('a');
CREATE TABLE moves_b (c int NOT NULL, b int NOT NULL, a text NOT NULL, doc jsonb) PARTITION BY RANGE (b);
CREATE TABLE moves_b1 PARTITION OF moves_b FOR VALUES FROM (0) TO (10);
CREATE TABLE moves_b2 PARTITION OF moves_b FOR VALUES FROM (10) TO (20);
ALTER TABLE moves ATTACH PARTITION moves_b FOR VALUES IN ('b');
SELECT diffgen_track('moves');
INSERT INTO moves VALUES ('a', 1, 1, '{"v": 1}'), ('a', 2, 2, '{"v": 1}'), ('b', 3, 3, '{"v": 1}');
TRUNCATE moves_changelog;
UPDATE moves SET a = 'b', b = 11 WHERE c = 1;
UPDATE moves SET a = 'b', b = 12, c = 22 WHERE c = 2;
UPDATE moves SET b = 13 WHERE c = 3;
UPDATE moves SET b = 14 WHERE c = 3;
SELECT a, b, c, operation, old_hash IS NOT NULL AS has_old FROM moves_changelog WHERE c IS NOT NULL ORDER BY change_id;
DROP TABLE moves, moves_changelog;

--
-- Another primary key of the same type
--

CREATE TABLE keyed (id int PRIMARY KEY, n int UNIQUE NOT NULL, doc jsonb);
SELECT diffgen_track('keyed');
INSERT INTO keyed VALUES (1, 11, '{"v": 1}');
ALTER TABLE keyed DROP CONSTRAINT keyed_pkey, ADD PRIMARY KEY (n);
UPDATE keyed SET doc = '{"v": 2}';
-- is not taken for the old one when the trigger that named it is gone
ALTER TABLE keyed DROP COLUMN id CASCADE;
UPDATE keyed SET doc = '{"v": 3}';
SELECT writable FROM diffgen_tracked WHERE target = 'keyed'::regclass;
SELECT diffgen_track('keyed');
-- nor when the changelog is taken up again
SELECT diffgen_untrack('keyed');
UPDATE keyed SET doc = '{"v": 4}';
SELECT diffgen_track('keyed');
-- if the column was only renamed, the changelog's has to be too
ALTER TABLE keyed_changelog RENAME id TO n;
SELECT diffgen_track('keyed');
ALTER TABLE keyed RENAME n TO number;
UPDATE keyed SET doc = '{"v": 5}';
DROP TRIGGER diffgen_truncate ON keyed;
UPDATE keyed SET doc = '{"v": 6}';
ALTER TABLE keyed_changelog RENAME n TO number;
UPDATE keyed SET doc = '{"v": 7}';
SELECT operation, number, patch->-1->'value' AS value FROM keyed_changelog WHERE number IS NOT NULL ORDER BY change_id;
DROP TABLE keyed, keyed_changelog;
-- names that the changelog has already
CREATE TABLE keyed (change_id int, operation text, key_id int, PRIMARY KEY (change_id, operation, key_id), doc jsonb);
SELECT diffgen_track('keyed');
DROP TRIGGER diffgen_truncate ON keyed;
INSERT INTO keyed VALUES (1, 'a', 2, '{"v": 1}');
SELECT diffgen_untrack('keyed');
SELECT diffgen_track('keyed');
SELECT operation, key_change_id, key_operation, key_id FROM keyed_changelog WHERE key_id IS NOT NULL;
ALTER TABLE keyed RENAME key_id TO id;
DROP TRIGGER diffgen_truncate ON keyed;
INSERT INTO keyed VALUES (1, 'a', 3, '{"v": 1}');
DROP TABLE keyed, keyed_changelog;

--
-- Memory for tables that are gone
--

CREATE TABLE kept (id int PRIMARY KEY, doc jsonb);
SELECT diffgen_track('kept');
INSERT INTO kept VALUES (1, '{}');
CREATE PROCEDURE make_and_drop(n int) LANGUAGE plpgsql AS $$
BEGIN
	FOR i IN 1..n LOOP
		CREATE TABLE t (id int PRIMARY KEY, doc jsonb);
		PERFORM diffgen_track('t');
		INSERT INTO t VALUES (1, '{}');
		DROP TABLE t, t_changelog;
		COMMIT;
	END LOOP;
END $$;
CALL make_and_drop(20);
INSERT INTO kept VALUES (2, '{}');
SELECT count(*) <= 2 AS few FROM pg_backend_memory_contexts WHERE name = 'diffgen tracked table';
DROP TABLE kept, kept_changelog;
DROP PROCEDURE make_and_drop;

--
-- A foreign key of a table to itself, with ON UPDATE CASCADE, by statement
--

CREATE TABLE tree (id text PRIMARY KEY, parent text REFERENCES tree ON UPDATE CASCADE, doc jsonb);
SELECT diffgen_track('tree', NULL, '{"level": "statement"}');
INSERT INTO tree VALUES ('r', 'r', '{"v": 1}');
UPDATE tree SET id = 'R', doc = '{"v": 2}';
SELECT id, operation, document, diff FROM tree_changelog WHERE id IS NOT NULL AND document = 'parent' ORDER BY change_id;
SELECT diffgen_at_text('tree', 'parent', 'infinity', 'R'), diffgen_at('tree', 'doc', 'infinity', 'R');
-- many rows, some of which keep their keys
INSERT INTO tree SELECT 'c' || i, CASE WHEN i % 3 = 0 OR i = 1 THEN 'R' ELSE 'c' || i / 2 END, '{"v": 1}' FROM generate_series(1, 200) i;
UPDATE tree SET id = CASE WHEN length(id) > 2 THEN upper(id) ELSE id END, doc = '{"v": 2}' WHERE id <> 'R';
UPDATE tree SET id = CASE WHEN id LIKE 'C%1' THEN lower(id) ELSE id END, doc = '{"v": 3}';
UPDATE tree SET id = id || '_' WHERE length(id) > 1;
SELECT count(*), count(DISTINCT parent),
	count(*) FILTER (WHERE diffgen_at_text('tree', 'parent', 'infinity', t.id) = t.parent) AS same_parent,
	count(*) FILTER (WHERE diffgen_at('tree', 'doc', 'infinity', t.id) = t.doc) AS same_doc
FROM tree t;
-- each entry begins where the one before it ended, with nothing before an insert
SELECT count(*) FROM (
	SELECT operation, old_hash, lag(new_hash) OVER (PARTITION BY id, document ORDER BY change_id) AS previous
	FROM tree_changelog WHERE id IS NOT NULL) l
WHERE CASE operation WHEN 'insert' THEN previous IS NOT NULL ELSE old_hash IS DISTINCT FROM previous END;
DROP TABLE tree, tree_changelog;
-- keys that have all kinds of types
CREATE TABLE tree (a int, b uuid, c text, d name, e bigint, parent_a int, parent_b uuid, parent_c text, parent_d name, parent_e bigint, doc jsonb,
	PRIMARY KEY (a, b, c, d, e),
	FOREIGN KEY (parent_a, parent_b, parent_c, parent_d, parent_e) REFERENCES tree ON UPDATE CASCADE);
SELECT diffgen_track('tree', '{doc,parent_c}', '{"level": "statement"}');
INSERT INTO tree SELECT i, '00000000-0000-0000-0000-000000000001', repeat('c', 300 * i), 'n', i, i, '00000000-0000-0000-0000-000000000001', repeat('c', 300 * i), 'n', i
FROM generate_series(1, 3) i;
UPDATE tree SET c = 'x' || c, e = 9 WHERE a <> 2;
SELECT a, left(c, 1) AS c, operation, document FROM tree_changelog WHERE a IS NOT NULL AND operation <> 'insert' OR c LIKE 'x%' ORDER BY a, change_id;
SELECT count(*) FILTER (WHERE diffgen_at_text('tree', 'parent_c', 'infinity', a, b, c, d, e) = parent_c) FROM tree;
DROP TABLE tree, tree_changelog;
