-- Going back: diffgen_history, diffgen_at, diffgen_blame, diffgen_undo
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS diffgen;
RESET client_min_messages;
\set VERBOSITY default
\set SHOW_CONTEXT never
CREATE SCHEMA chg_hist;
SET search_path = chg_hist, public;

CREATE TABLE conf (area varchar(10), id bigint, doc jsonb, note text, raw json, PRIMARY KEY (area, id));
SELECT diffgen_track('conf');

-- every version that a row ever had, kept by a trigger of the test's own
CREATE TABLE versions (n serial, at timestamptz DEFAULT clock_timestamp(), area varchar(10), id bigint, doc jsonb, note text, raw json);
CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	IF tg_op = 'DELETE' OR tg_op = 'UPDATE' AND (old.area, old.id) <> (new.area, new.id) THEN
		INSERT INTO versions (area, id) VALUES (old.area, old.id);
	END IF;
	IF tg_op <> 'DELETE' THEN
		INSERT INTO versions (area, id, doc, note, raw) VALUES (new.area, new.id, new.doc, new.note, new.raw);
	END IF;
	RETURN NULL;
END $$;
-- the name puts it behind the one that logs
CREATE TRIGGER z_keep AFTER INSERT OR UPDATE OR DELETE ON conf FOR EACH ROW EXECUTE FUNCTION keep();

INSERT INTO conf VALUES ('a', 1, '{"a": 1, "list": [1, 2, {"x": true}], "b": null}', E'one\ntwo\nthree\n', '{"r": 1}');
UPDATE conf SET doc = jsonb_set(doc, '{list,0}', '"first"');
UPDATE conf SET doc = jsonb_set(doc, '{list}', '["zero", "first", 2, {"x": true}]'), note = E'one\n2\nthree\n';
UPDATE conf SET doc = doc - 'a', raw = '{"r": 2}';
UPDATE conf SET doc = NULL;
UPDATE conf SET note = E'nought\none\n2\nthree';
UPDATE conf SET doc = '{"new": {"deep": [[], {}]}}', note = NULL;
UPDATE conf SET doc = doc || '{"a": 1.50}';
UPDATE conf SET doc = doc || '{"a": 1.5}';
DELETE FROM conf;
INSERT INTO conf VALUES ('a', 1, '"again"', '', '[]');
UPDATE conf SET doc = '["again"]', note = 'x';
UPDATE conf SET id = 2;
UPDATE conf SET id = 1, doc = '["back"]';
INSERT INTO conf SELECT 'b', i, jsonb_build_object('i', i), i, to_json(i) FROM generate_series(1, 5) i;
UPDATE conf SET doc = doc || '{"x": 1}' WHERE area = 'b';

SELECT count(*) AS versions,
	count(*) FILTER (WHERE diffgen_at('conf', 'doc', at, area, id) IS NOT DISTINCT FROM doc) AS doc,
	count(*) FILTER (WHERE diffgen_at_text('conf', 'note', at, area, id) IS NOT DISTINCT FROM note) AS note,
	count(*) FILTER (WHERE diffgen_at('conf', 'raw', at, area, id) IS NOT DISTINCT FROM raw::jsonb) AS raw,
	count(doc) AS docs
FROM versions;

SELECT change_id, operation, document, added, removed, paths FROM diffgen_history('conf', 'a', 1) WHERE document = 'doc';
-- keys of other types, and in an array
SELECT count(*) FROM diffgen_history('conf', 'b'::text, 3::smallint);
SELECT count(*) FROM diffgen_history('conf', 'b'::name, '3');
SELECT count(*) FROM diffgen_history('conf', VARIADIC ARRAY['b', '3']);
SELECT count(*) FROM diffgen_history('conf', 'c', 3);
SELECT diffgen_at('conf', 'doc', now(), 'c', 3) IS NULL AS no_such_row;

-- just after a change and just before it
SELECT c.change_id, diffgen_at_change('conf', 'doc', c.change_id, true, 'a', 1) AS before,
	diffgen_at_change('conf', 'doc', c.change_id, false, 'a', 1) AS after
FROM conf_changelog c WHERE c.area = 'a' AND c.id = 1 AND c.document = 'doc' ORDER BY change_id;
SELECT diffgen_at_change_text('conf', 'note', min(change_id) FILTER (WHERE operation = 'update'), true, 'a', 1)
FROM conf_changelog WHERE area = 'a' AND id = 1 AND document = 'note';

-- blame
TRUNCATE conf;
TRUNCATE conf_changelog RESTART IDENTITY;
ALTER SEQUENCE conf_changelog_change_id_seq RESTART;
ALTER TABLE conf DISABLE TRIGGER z_keep;
INSERT INTO conf VALUES ('a', 1, '{"keep": 1, "obj": {"a": 1, "b": 2}, "list": ["x", {"y": 1, "z": 2}, []], "odd key": 0}');
UPDATE conf SET doc = jsonb_insert(doc, '{list,0}', '"w"');
UPDATE conf SET doc = jsonb_set(doc, '{list,2,z}', '3');
UPDATE conf SET doc = jsonb_set(doc, '{obj}', '{"b": 2, "c": [true]}');
UPDATE conf SET doc = doc || '{"odd key": {}}';
SELECT path, value, change_id, changed_by = current_user AS me, changed_at IS NOT NULL AS time FROM diffgen_blame('conf', 'doc', 'a', 1);
SELECT path, value, change_id FROM diffgen_blame('conf', 'raw', 'a', 1);
SELECT * FROM diffgen_blame('conf', 'note', 'a', 1);
-- what was there before the changelog began is nobody's
ALTER TABLE conf DISABLE TRIGGER USER;
INSERT INTO conf VALUES ('a', 2, '{"old": 1, "new": 0}', E'1\n2\n3\n4\n5\n6\n7\n8\n9\n');
ALTER TABLE conf ENABLE TRIGGER USER;
ALTER TABLE conf DISABLE TRIGGER z_keep;
UPDATE conf SET doc = doc || '{"new": 1}' WHERE id = 2;
SELECT path, value, change_id IS NOT NULL AS known FROM diffgen_blame('conf', 'doc', 'a', 2);
SELECT diffgen_at_change('conf', 'doc', change_id, true, 'a', 2) FROM conf_changelog WHERE id = 2;
-- containers that were filled, emptied, and filled again, some in elements that moved; with names that mean something inside
CREATE TABLE holes (id int PRIMARY KEY, doc jsonb);
SELECT diffgen_track('holes');
INSERT INTO holes VALUES (1, '{"list": [], "obj": {}, "gone": [1, 2], "s": {"v": {"s": 1}}}');
UPDATE holes SET doc = '{"list": [1], "obj": {"x": [[]]}, "gone": [2], "s": {"v": {"s": 1}}}';
UPDATE holes SET doc = '{"list": [0, 1, {"in": [5]}], "obj": {"x": []}, "gone": [], "s": {"v": {}}}';
UPDATE holes SET doc = '{"list": [{"in": []}], "obj": {"x": []}, "gone": [], "s": {"v": {}, "s": []}}';
UPDATE holes SET doc = '{"list": ["first", {"in": []}], "obj": {"x": []}, "gone": [], "s": {"v": {"v": 1}, "s": []}}';
SELECT path, value, change_id FROM diffgen_blame('holes', 'doc', 1);
UPDATE holes SET doc = '[]';
SELECT path, value, change_id FROM diffgen_blame('holes', 'doc', 1);

-- undo
SELECT change_id, patch FROM diffgen_history('conf', 'a', 1) WHERE operation = 'update' ORDER BY 1;
SELECT diffgen_undo('conf_changelog', change_id) FROM diffgen_history('conf', 'a', 1) WHERE patch @> '[{"op": "add", "path": "/list/0"}]';
SELECT doc FROM conf WHERE id = 1;
-- something later rests on it
UPDATE conf SET doc = jsonb_set(doc, '{obj,c}', '[false]') WHERE id = 1;
SELECT diffgen_undo('conf_changelog', change_id) FROM diffgen_history('conf', 'a', 1) WHERE patch @> '[{"path": "/obj/c"}]' ORDER BY change_id LIMIT 1;
SELECT diffgen_undo('conf_changelog', max(change_id)) FROM conf_changelog;
SELECT doc FROM conf WHERE id = 1;
-- an undo is a change, and can be undone
SELECT diffgen_undo('conf_changelog', max(change_id)) FROM conf_changelog;
SELECT doc FROM conf WHERE id = 1;
-- text: the lines of the change, wherever they are now
UPDATE conf SET note = replace(note, E'8\n', E'eight\n') WHERE id = 2;
UPDATE conf SET note = E'0\n' || note WHERE id = 2;
SELECT diffgen_undo('conf_changelog', max(change_id) - 1) FROM conf_changelog;
SELECT note FROM conf WHERE id = 2;
-- what cannot be undone
SELECT diffgen_undo('conf_changelog', min(change_id)) FROM conf_changelog WHERE operation = 'insert';
SELECT diffgen_undo('conf_changelog', 1000000);
SELECT diffgen_undo('versions', 1);
BEGIN;
DELETE FROM conf;
SELECT diffgen_undo('conf_changelog', max(change_id)) FROM conf_changelog WHERE operation = 'update';
ROLLBACK;

-- a history that was tampered with
CREATE VIEW now_and_then AS SELECT diffgen_at('conf', 'doc', now(), 'a', 1) IS NOT NULL AS now, diffgen_at_change('conf', 'doc', (SELECT min(change_id) FROM conf_changelog WHERE id = 1 AND document = 'doc'), false, 'a', 1) AS first;
SELECT first FROM now_and_then;
BEGIN;		-- an entry is missing
DELETE FROM conf_changelog WHERE patch @> '[{"path": "/list/2/z"}]';
SELECT diffgen_at('conf', 'doc', clock_timestamp(), 'a', 1) IS NOT NULL AS live;
SELECT first FROM now_and_then;
ROLLBACK;
BEGIN;		-- a value was changed
UPDATE conf_changelog SET patch = '[{"op": "test", "path": "/list/2/z", "value": 99}, {"op": "replace", "path": "/list/2/z", "value": 3}]' WHERE patch @> '[{"path": "/list/2/z"}]';
SELECT first FROM now_and_then;
ROLLBACK;
BEGIN;		-- a patch that cannot be applied
UPDATE conf_changelog SET patch = '[{"op": "remove", "path": "/nowhere"}]' WHERE patch @> '[{"path": "/list/2/z"}]';
\set SHOW_CONTEXT errors
SELECT first FROM now_and_then;
\set SHOW_CONTEXT never
ROLLBACK;
BEGIN;		-- patches that are none
UPDATE conf_changelog SET patch = '{"op": "remove"}' WHERE patch @> '[{"path": "/list/2/z"}]';
SELECT first FROM now_and_then;
ROLLBACK;
BEGIN;
UPDATE conf_changelog SET patch = '[1]' WHERE patch @> '[{"path": "/list/2/z"}]';
SELECT first FROM now_and_then;
ROLLBACK;
BEGIN;
UPDATE conf_changelog SET patch = NULL WHERE patch @> '[{"path": "/list/2/z"}]';
SELECT first FROM now_and_then;
ROLLBACK;
BEGIN;		-- a hash was changed
UPDATE conf_changelog SET old_hash = sha256('') WHERE patch @> '[{"path": "/list/2/z"}]';
SELECT first FROM now_and_then;
ROLLBACK;
BEGIN;		-- the document was changed while nobody looked
ALTER TABLE conf DISABLE TRIGGER USER;
UPDATE conf SET doc = doc || '{"unseen": 1}';
ALTER TABLE conf ENABLE TRIGGER USER;
SELECT diffgen_at('conf', 'doc', clock_timestamp(), 'a', 1) IS NOT NULL AS live;
ROLLBACK;
BEGIN;		-- the last document of a deleted row
DELETE FROM conf WHERE id = 1;
UPDATE conf_changelog SET patch = '[{"op": "test", "path": "", "value": 1}]' WHERE operation = 'delete' AND document = 'doc';
SELECT diffgen_at('conf', 'doc', now() - interval '1 microsecond', 'a', 1);
ROLLBACK;
BEGIN;
DELETE FROM conf WHERE id = 1;
UPDATE conf_changelog SET patch = '[{"op": "add", "path": "", "value": 1}]' WHERE operation = 'delete' AND document = 'doc';
SELECT diffgen_at('conf', 'doc', now() - interval '1 microsecond', 'a', 1);
ROLLBACK;
BEGIN;		-- text
UPDATE conf_changelog SET diff = replace(diff, 'eight', 'acht') WHERE id = 2 AND document = 'note';
SELECT diffgen_at_change_text('conf', 'note', min(change_id), true, 'a', 2) FROM conf_changelog WHERE id = 2 AND document = 'note';
ROLLBACK;

-- errors
SELECT diffgen_at('conf', 'doc', now(), 'a');
SELECT diffgen_at('conf', 'doc', now(), 'a', NULL);
SELECT diffgen_at('conf', 'doc', now(), 'a', 'x');
SELECT diffgen_at('conf', 'nothing', now(), 'a', 1);
SELECT diffgen_at('conf', 'note', now(), 'a', 1);
SELECT diffgen_at_text('conf', 'doc', now(), 'a', 1);
SELECT diffgen_at('versions', 'doc', now(), 'a', 1);
SELECT diffgen_at_change('conf', 'doc', 1000000, true, 'a', 1);
SELECT diffgen_at_change('conf', 'doc', 0, false, 'a', 1);
SELECT count(*) FROM diffgen_history(NULL, 1);
SELECT diffgen_at('conf', NULL, now(), 'a', 1), diffgen_at(NULL, 'doc', now(), 'a', 1);

-- before the beginning
CREATE TABLE late (id int PRIMARY KEY, doc jsonb);
INSERT INTO late VALUES (1, '{"v": 1}');
SELECT pg_sleep(0.01);
SELECT diffgen_track('late');
SELECT diffgen_at('late', 'doc', clock_timestamp(), 1);
DO $$ BEGIN PERFORM diffgen_at('late', 'doc', '2001-01-01', 1); EXCEPTION WHEN object_not_in_prerequisite_state THEN RAISE NOTICE '%', regexp_replace(sqlerrm, ' at .*', ' at ...'); END $$;
UPDATE late SET doc = '{"v": 2}';
DO $$ BEGIN PERFORM diffgen_at('late', 'doc', '2001-01-01', 1); EXCEPTION WHEN object_not_in_prerequisite_state THEN RAISE NOTICE '%', regexp_replace(sqlerrm, ' at .*', ' at ...'); END $$;
SELECT diffgen_at('late', 'doc', (SELECT changed_at FROM late_changelog WHERE operation = 'track'), 1);
INSERT INTO late VALUES (2, '{}');
SELECT diffgen_at('late', 'doc', '2001-01-01', 2) IS NULL AS not_yet;

-- ignored and redacted parts
CREATE TABLE secret (id int PRIMARY KEY, doc jsonb);
SELECT diffgen_track('secret', NULL, '{"ignore": ["$.seen", "$.list[*].seen"], "redact": ["$.password"]}');
INSERT INTO secret VALUES (1, '{"seen": 1, "a": 1, "password": "one", "list": [{"id": 1, "seen": 1}]}');
UPDATE secret SET doc = doc || '{"seen": 2, "a": 2}';
UPDATE secret SET doc = doc || '{"seen": 3, "password": "two"}';
UPDATE secret SET doc = doc || '{"seen": 4, "list": [{"id": 0, "seen": 9}, {"id": 1, "seen": 2}]}';
UPDATE secret SET doc = doc || '{"seen": 5}';
UPDATE secret SET doc = doc || '{"list": []}' || '{"password": {"now": "an object"}}';
SELECT l.change_id, diffgen_at_change('secret', 'doc', l.change_id, false, 1) FROM secret_changelog l WHERE document = 'doc' ORDER BY 1;
SELECT path, value, change_id FROM diffgen_blame('secret', 'doc', 1);
DELETE FROM secret;
SELECT l.change_id, diffgen_at_change('secret', 'doc', l.change_id, true, 1) FROM secret_changelog l WHERE document = 'doc' ORDER BY 1;
INSERT INTO secret VALUES (1, '{"seen": 6, "a": 1, "password": "three"}');
UPDATE secret SET doc = doc || '{"seen": 7, "a": 3}';
SELECT diffgen_undo('secret_changelog', max(change_id)) FROM secret_changelog;
SELECT doc FROM secret;
UPDATE secret SET doc = doc || '{"password": "four"}';
SELECT diffgen_undo('secret_changelog', max(change_id)) FROM secret_changelog;
-- other options later: history goes on where what was recorded is still known
SELECT diffgen_track('secret', NULL, '{"redact": ["$.password"]}');
UPDATE secret SET doc = doc || '{"seen": 8}';
UPDATE secret SET doc = doc || '{"a": 4}';
SELECT l.change_id, diffgen_at_change('secret', 'doc', l.change_id, false, 1) FROM secret_changelog l WHERE document = 'doc' AND change_id > 9 ORDER BY 1;
SELECT diffgen_track('secret', NULL, '{"ignore": ["$.seen"]}');
UPDATE secret SET doc = doc || '{"a": 5}';
SELECT diffgen_at_change('secret', 'doc', max(change_id), true, 1) FROM secret_changelog WHERE document = 'doc';
SELECT diffgen_at_change('secret', 'doc', max(change_id) - 3, true, 1) FROM secret_changelog WHERE document = 'doc';
UPDATE secret SET doc = doc || '{"seen": 9}';
SELECT diffgen_at_change('secret', 'doc', max(change_id) - 3, true, 1) FROM secret_changelog WHERE document = 'doc';

-- a value that is redacted from some change on, and no longer from another on
CREATE TABLE turns (id int PRIMARY KEY, doc jsonb);
SELECT diffgen_track('turns', NULL, '{"redact": ["$?(@.secret == true).value"]}');
INSERT INTO turns VALUES (1, '{"secret": true, "value": "swordfish"}');
UPDATE turns SET doc = '{"secret": false, "value": "plain"}';
SELECT l.change_id, diffgen_at_change('turns', 'doc', l.change_id, false, 1) FROM turns_changelog l WHERE document = 'doc' ORDER BY 1;
UPDATE turns SET doc = '{"secret": true, "value": "tuna"}';
SELECT diffgen_at_change('turns', 'doc', max(change_id), false, 1) FROM turns_changelog;
SELECT diffgen_at_change('turns', 'doc', max(change_id), true, 1) FROM turns_changelog;
SELECT count(*) FROM turns_changelog l WHERE l::text ~ 'fish|tuna';

-- with the preset, lists by their keys
CREATE TABLE objects (uid text PRIMARY KEY, object jsonb);
SELECT diffgen_track('objects', NULL, '{"preset": "kubernetes"}');
INSERT INTO objects VALUES ('a', '{"kind": "Pod", "metadata": {"resourceVersion": "1"}, "spec": {"containers": [{"name": "x", "image": "1"}, {"name": "y", "image": "1"}, {"name": "z", "image": "1"}]}}');
UPDATE objects SET object = jsonb_set(jsonb_set(object, '{spec,containers}', '[{"name": "z", "image": "2"}, {"name": "new"}, {"name": "x", "image": "1"}]'), '{metadata,resourceVersion}', '"2"');
SELECT diffgen_at_change('objects', 'object', change_id, true, 'a') FROM objects_changelog WHERE operation = 'update';
SELECT path, value, change_id FROM diffgen_blame('objects', 'object', 'a');

-- of a partition as of the whole
CREATE TABLE part (doc jsonb, area text, id int, PRIMARY KEY (area, id)) PARTITION BY LIST (area);
CREATE TABLE part_a (id int NOT NULL, area text NOT NULL, doc jsonb);
ALTER TABLE part ATTACH PARTITION part_a FOR VALUES IN ('a');
SELECT diffgen_track('part');
INSERT INTO part VALUES ('{"v": 1}', 'a', 1);
UPDATE part SET doc = '{"v": 2}';
SELECT change_id, operation FROM diffgen_history('part_a', 'a', 1);
SELECT diffgen_at_change('part_a', 'doc', max(change_id), true, 'a', 1) FROM part_changelog;
SELECT diffgen_undo('part_changelog', max(change_id)) FROM part_changelog;
SELECT * FROM part;

-- rights are the caller's
CREATE ROLE regress_chg_reader;
GRANT USAGE ON SCHEMA chg_hist TO regress_chg_reader;
GRANT SELECT ON late TO regress_chg_reader;
SET ROLE regress_chg_reader;
SELECT diffgen_at('late', 'doc', now(), 1);
SELECT * FROM diffgen_history('late', 1);
SELECT diffgen_undo('late_changelog', 2);
RESET ROLE;
GRANT SELECT ON late_changelog TO regress_chg_reader;
SET ROLE regress_chg_reader;
SELECT diffgen_at('late', 'doc', clock_timestamp(), 1);
SELECT diffgen_undo('late_changelog', 2);
RESET ROLE;

SET client_min_messages = warning;
DROP SCHEMA chg_hist CASCADE;
DROP ROLE regress_chg_reader;
