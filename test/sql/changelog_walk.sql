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

-- the document after each change and before it, and the SQLSTATE of errors
CREATE FUNCTION try_change(tab regclass, document name, change bigint, before boolean, key int) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	RETURN coalesce(diffgen_at_change(tab, document, change, before, key)::text, 'none');
EXCEPTION WHEN OTHERS THEN
	RETURN concat_ws(' ', sqlstate, sqlerrm);
END $$;

-- redacted later on: what is recorded is known, and what may be seen depends on when it was
CREATE TABLE r (id int PRIMARY KEY, doc jsonb);
SELECT diffgen_track('r');
INSERT INTO r VALUES (1, '{"a": 1, "s": "tuna"}'), (2, '{"a": 1, "s": "tuna"}');
INSERT INTO times VALUES ('r plain');
SELECT diffgen_track('r', '{doc}', '{"redact": ["$.s"]}');
INSERT INTO times VALUES ('r redacted');
UPDATE r SET doc = doc || '{"a": 2}' WHERE id = 2;
INSERT INTO times VALUES ('r changed');
SELECT t.name, k.id, try_at('r', 'doc', t.at, k.id)
FROM (SELECT name, at FROM times WHERE name ~ '^r ' UNION ALL VALUES ('r now', now())) t, (VALUES (1), (2)) AS k(id) ORDER BY t.at, k.id;
SELECT change_id, try_change('r', 'doc', change_id, false, id) AS after, try_change('r', 'doc', change_id, true, id) AS before FROM r_changelog WHERE id = 2 ORDER BY 1;
SELECT path, value, change_id FROM diffgen_blame('r', 'doc', 2);
-- no longer redacted
SELECT diffgen_track('r', '{doc}');
INSERT INTO times VALUES ('r unredacted');
UPDATE r SET doc = doc || '{"a": 3}' WHERE id = 2;
SELECT t.name, k.id, try_at('r', 'doc', t.at, k.id)
FROM times t, (VALUES (1), (2)) AS k(id) WHERE t.name ~ '^r ' ORDER BY t.at, k.id;
-- a row that tracking found
CREATE TABLE found (id int PRIMARY KEY, doc jsonb);
INSERT INTO found VALUES (1, '{"a": 1, "s": "tuna"}'), (2, '{"a": 1, "s": "tuna"}');
SELECT diffgen_track('found', '{doc}', '{"redact": ["$.s"]}');
INSERT INTO times VALUES ('found redacted');
SELECT diffgen_track('found', '{doc}');
INSERT INTO times VALUES ('found plain');
UPDATE found SET doc = doc || '{"a": 2}' WHERE id = 2;
SELECT t.name, k.id, try_at('found', 'doc', t.at, k.id)
FROM times t, (VALUES (1), (2)) AS k(id) WHERE t.name ~ '^found ' ORDER BY t.at, k.id;
-- values that were changed since are not known; those of a deleted row are gone
UPDATE r SET doc = doc || '{"s": "cod"}' WHERE id = 2;
SELECT diffgen_track('r', '{doc}', '{"redact": ["$.s"]}');
UPDATE r SET doc = doc || '{"s": "carp"}' WHERE id = 2;
SELECT change_id, try_change('r', 'doc', change_id, false, id) FROM r_changelog WHERE id = 2 ORDER BY 1;
DELETE FROM r WHERE id = 1;
SELECT change_id, operation, try_change('r', 'doc', change_id, false, id) FROM r_changelog WHERE id = 1 ORDER BY 1;

-- redacted by a filter that matches from some change on
CREATE TABLE k (id int PRIMARY KEY, doc jsonb);
SELECT diffgen_track('k', '{doc}', '{"preset": "kubernetes"}');
INSERT INTO k VALUES (1, '{"kind": "ConfigMap", "data": {"a": "x", "b": "y"}}');
UPDATE k SET doc = '{"kind": "Secret", "data": {"a": "x", "b": "y"}}';
SELECT change_id, try_change('k', 'doc', change_id, false, id) FROM k_changelog WHERE id = 1 ORDER BY 1;
SELECT path, value, change_id FROM diffgen_blame('k', 'doc', 1);
UPDATE k SET doc = '{"kind": "ConfigMap", "data": {"a": "x", "b": "y"}, "new": 1}';
SELECT change_id, try_change('k', 'doc', change_id, false, id) FROM k_changelog WHERE id = 1 ORDER BY 1;
SELECT diffgen_track('k', '{doc}');
UPDATE k SET doc = doc || '{"new": 2}';
SELECT change_id, try_change('k', 'doc', change_id, false, id) FROM k_changelog WHERE id = 1 ORDER BY 1;
SELECT diffgen_track('k', '{doc}', '{"preset": "kubernetes"}');
UPDATE k SET doc = '{"kind": "Secret", "data": {"a": "x", "b": "y"}}';
DELETE FROM k;
SELECT change_id, try_change('k', 'doc', change_id, false, id) FROM k_changelog WHERE id = 1 ORDER BY 1;

-- ignored by a filter that matches from some change on
CREATE TABLE mi (id int PRIMARY KEY, doc jsonb);
SELECT diffgen_track('mi', '{doc}', '{"ignore": ["$.c[*]?(@.n == \"a\").v"]}');
INSERT INTO mi VALUES (1, '{"c": [{"n": "b"}]}'), (2, '{"c": [{"n": "b", "v": 1}]}');
UPDATE mi SET doc = '{"c": [{"n": "a", "v": 3}]}';
UPDATE mi SET doc = '{"c": [{"n": "c"}, {"n": "a", "v": {"w": 4}}]}';
SELECT id, change_id, try_change('mi', 'doc', change_id, false, id) FROM mi_changelog WHERE document = 'doc' ORDER BY 1, 2;
UPDATE mi SET doc = '{"c": [{"n": "c"}, {"n": "d", "v": {"w": 5}}]}';
UPDATE mi SET doc = '{"c": [{"n": "a"}, {"n": "d", "v": {"w": 6}}]}';
SELECT id, change_id, try_change('mi', 'doc', change_id, false, id) FROM mi_changelog WHERE document = 'doc' ORDER BY 1, 2;
SELECT path, value, change_id FROM diffgen_blame('mi', 'doc', 2);
-- the change that is broken is still found
BEGIN;
UPDATE mi_changelog SET patch = replace(patch::text, '"value": 5', '"value": 8')::jsonb WHERE change_id = 10;
UPDATE mi_changelog SET patch = replace(patch::text, '/c/0', '/c/9')::jsonb WHERE change_id = 7;
SELECT id, change_id, try_change('mi', 'doc', change_id, false, id) FROM mi_changelog WHERE document = 'doc' ORDER BY 1, 2;
ROLLBACK;

-- blame does not know of ignored parts
CREATE TABLE ig (id int PRIMARY KEY, doc jsonb);
SELECT diffgen_track('ig', '{doc}', '{"ignore": ["$.s", "$.o.x"]}');
INSERT INTO ig VALUES (1, '{"a": 1, "s": [1], "o": {"x": {"y": 1}, "z": 1}}');
UPDATE ig SET doc = '{"a": 1, "s": [2], "o": {"x": {"y": 2}, "z": 1}}';
SELECT path, value, change_id FROM diffgen_blame('ig', 'doc', 1);
-- nor of what they were before they were recorded
SELECT diffgen_track('ig', '{doc}', '{"ignore": ["$.a"]}');
SELECT path, value, change_id FROM diffgen_blame('ig', 'doc', 1);
UPDATE ig SET doc = '{"a": 1, "s": [2, 3], "o": {"x": {"y": 2, "w": []}, "z": 1}}';
SELECT path, value, change_id FROM diffgen_blame('ig', 'doc', 1);

-- whatever is wrong with an entry, it is named
CREATE TABLE bad (id int PRIMARY KEY, doc jsonb, note text);
SELECT diffgen_track('bad');
INSERT INTO bad VALUES (1, '{"a": 1}', E'1\n2\n3\n');
UPDATE bad SET doc = '{"a": 2}', note = E'1\ntwo\n3\n';
UPDATE bad SET doc = '{"a": 3}', note = E'one\ntwo\n3\n';
UPDATE bad SET doc = '{"a": 4}', note = E'one\ntwo\nthree\n';
CREATE PROCEDURE tamper(change text) LANGUAGE plpgsql AS $$
DECLARE
	detail text;
BEGIN
	EXECUTE 'UPDATE bad_changelog SET ' || change;
	BEGIN
		IF change ~ '^diff' THEN
			RAISE NOTICE '%', diffgen_at_change_text('bad', 'note', 2, false, 1);
		ELSE
			RAISE NOTICE '%', diffgen_at_change('bad', 'doc', 2, false, 1);
		END IF;
	EXCEPTION WHEN OTHERS THEN
		GET STACKED DIAGNOSTICS detail = pg_exception_detail;
		RAISE NOTICE '% % | %', sqlstate, sqlerrm, detail;
	END;
	ROLLBACK;
END $$;
SELECT change_id, document FROM bad_changelog WHERE id = 1 AND operation = 'update' ORDER BY 1;
CALL tamper($$patch = '[{"op": "replace", "path": "/a", "value": 3}]' WHERE change_id = 6$$);
CALL tamper($$patch = '[{"op": "test", "path": "/b", "value": 2}, {"op": "replace", "path": "/b", "value": 3}]' WHERE change_id = 6$$);
CALL tamper($$patch = '[{"op": "hop"}]' WHERE change_id = 6$$);
CALL tamper($$patch = '"hop"' WHERE change_id = 4$$);
CALL tamper($$patch = '[{"op": "test", "path": "/a", "value": {}}, {"op": "replace", "path": "/a", "value": 4}]' WHERE change_id = 8$$);
CALL tamper($$patch = '[{"op": "test", "path": "/a", "value": 2}, {"op": "replace", "path": "/a", "value": 3}, {"op": "add", "path": "/a/b", "value": 3}]' WHERE change_id = 6$$);
CALL tamper($$patch = '[{"op": "test", "path": "", "value": []}, {"op": "replace", "path": "", "value": {"a": 4}}]' WHERE change_id = 8$$);
CALL tamper($$diff = 'garbage' WHERE change_id = 7$$);
CALL tamper($$diff = '@@ -1,9 +1 @@' WHERE change_id = 7$$);
CALL tamper($$diff = replace(diff, 'two', 'zwei') WHERE change_id = 7$$);
CALL tamper($$diff = replace(diff, '-1', '-0') WHERE change_id = 7$$);
CALL tamper($$diff = NULL WHERE change_id = 7$$);
-- how many values a key takes
SELECT diffgen_at('bad', 'doc', now(), VARIADIC NULL::int[]);
SELECT diffgen_at('bad', 'doc', now(), 1, 2);
CREATE TABLE two (a int, b int, doc jsonb, PRIMARY KEY (a, b));
SELECT diffgen_track('two');
SELECT diffgen_at('two', 'doc', now(), 1);
SELECT diffgen_at('two', 'doc', now(), VARIADIC '{}'::int[]);

-- entries of a transaction that are not in the order of the changes
CREATE TABLE chosen (id int PRIMARY KEY, doc jsonb, note text);
SELECT diffgen_track('chosen');
CREATE FUNCTION one_default() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	IF new.doc->>'default' = 'true' THEN
		UPDATE chosen SET doc = doc || '{"default": false}', note = note || E'not any more\n' WHERE id <> new.id AND doc->>'default' = 'true';
	END IF;
	RETURN NULL;
END $$;
CREATE TRIGGER zzz AFTER INSERT OR UPDATE ON chosen FOR EACH ROW EXECUTE FUNCTION one_default();
INSERT INTO chosen SELECT i, '{"default": true}', E'first\n' FROM generate_series(1, 3) i;
UPDATE chosen SET doc = doc || '{"default": true, "more": 1}', note = note || E'again\n';
SELECT id, document, string_agg(left(operation, 1), '' ORDER BY change_id) AS operations FROM chosen_changelog WHERE id IS NOT NULL GROUP BY id, document ORDER BY id, document;
SELECT id, diffgen_at('chosen', 'doc', 'infinity', id) = doc AS doc, diffgen_at_text('chosen', 'note', 'infinity', id) = note AS note,
	(SELECT string_agg(coalesce(diffgen_at_change('chosen', 'doc', c.change_id, true, id)::text, '-') || ' > ' || diffgen_at_change('chosen', 'doc', c.change_id, false, id)::text, '; ' ORDER BY c.change_id)
		FROM chosen_changelog c WHERE c.id = chosen.id AND c.document = 'doc') AS changes
FROM chosen ORDER BY id;
SELECT id, diffgen_at_change_text('chosen', 'note', min(c.change_id), true, id) IS NULL AS from_nothing, count(*) FROM chosen JOIN chosen_changelog c USING (id) WHERE c.document = 'note' AND c.operation = 'insert' GROUP BY id ORDER BY id;
SELECT path, value, change_id FROM diffgen_blame('chosen', 'doc', 3);
SELECT diffgen_at_change('chosen', 'doc', 100000, true, 2);
SELECT diffgen_at_change('chosen', 'doc', 1, false, 2);
-- a broken link is told as such
BEGIN;
DELETE FROM chosen_changelog WHERE change_id = (SELECT max(change_id) FROM chosen_changelog WHERE id = 2 AND document = 'doc');
SELECT diffgen_at_change('chosen', 'doc', (SELECT min(change_id) FROM chosen_changelog WHERE id = 2 AND document = 'doc'), false, 2);
ROLLBACK;

SET client_min_messages = warning;
DROP SCHEMA chg_walk CASCADE;
DROP ROLE regress_chg_walker;
