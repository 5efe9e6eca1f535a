-- diffgen_undo, and changelogs that several tables, roles or settings have to do with
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS diffgen;
\set VERBOSITY default
\set SHOW_CONTEXT never
CREATE SCHEMA chg_undo;
SET search_path = chg_undo, public;
CREATE FUNCTION last_change(log regclass) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
	result bigint;
BEGIN
	EXECUTE format('SELECT max(change_id) FROM %s', log) INTO result;
	RETURN result;
END $$;

-- the lines of the change have changed again, and others are like them
CREATE TABLE lines (id int PRIMARY KEY, doc text);
SELECT diffgen_track('lines');
INSERT INTO lines VALUES (1, E'first {\n a\n b\n c\n port=1\n d\n e\n f\n}\nsecond {\n a\n b\n c\n port=1\n d\n e\n f\n}\n');
UPDATE lines SET doc = E'first {\n a\n b\n c\n port=2\n d\n e\n f\n}\nsecond {\n a\n b\n c\n port=1\n d\n e\n f\n}\n';
SELECT last_change('lines_changelog') AS change \gset
UPDATE lines SET doc = E'first {\n a\n b\n c\n port=3\n d\n e\n f\n}\nsecond {\n a\n b\n c\n port=2\n d\n e\n f\n}\n';
SELECT diffgen_undo('lines_changelog', :change);
UPDATE lines SET doc = replace(doc, 'port=3', 'port=2') || E'more\n';
SELECT diffgen_undo('lines_changelog', :change);
SELECT doc FROM lines;
-- an entry that was tampered with
UPDATE lines_changelog SET diff = NULL WHERE change_id = last_change('lines_changelog');
SELECT diffgen_undo('lines_changelog', last_change('lines_changelog'));
SELECT doc IS NULL AS lost FROM lines;

-- elements that have moved are found by their keys
CREATE TABLE keyed (id int PRIMARY KEY, doc jsonb);
SELECT diffgen_track('keyed', '{doc}', '{"keys": {"c": [["n"]]}}');
INSERT INTO keyed VALUES (1, '{"c": [{"n": "a", "v": 1}, {"n": "b", "v": 1}]}');
UPDATE keyed SET doc = '{"c": [{"n": "a", "v": 2}, {"n": "b", "v": 1}]}';
UPDATE keyed SET doc = '{"c": [{"n": "b", "v": 1}, {"n": "a", "v": 2}]}';
SELECT diffgen_undo('keyed_changelog', min(change_id)) FROM keyed_changelog WHERE operation = 'update';
SELECT doc FROM keyed;
CREATE TABLE pods (id int PRIMARY KEY, doc jsonb);
SELECT diffgen_track('pods', '{doc}', '{"preset": "kubernetes"}');
INSERT INTO pods VALUES (1, '{"spec": {"containers": [{"name": "a", "image": "a:1"}, {"name": "b", "image": "b:1"}]}}');
UPDATE pods SET doc = '{"spec": {"containers": [{"name": "a", "image": "a:2"}, {"name": "b", "image": "b:1"}]}}';
UPDATE pods SET doc = '{"spec": {"containers": [{"name": "b", "image": "b:1"}, {"name": "a", "image": "a:2"}]}}';
SELECT diffgen_undo('pods_changelog', min(change_id)) FROM pods_changelog WHERE operation = 'update';
SELECT doc FROM pods;
UPDATE pods SET doc = jsonb_set(doc, '{spec,containers,1,image}', '"a:3"');
SELECT diffgen_undo('pods_changelog', min(change_id)) FROM pods_changelog WHERE operation = 'update';

-- no marker takes the place of a value
UPDATE pods SET doc = '{"kind": "Secret", "data": {"a": "x"}}';
UPDATE pods SET doc = '{"kind": "ConfigMap", "data": {"a": "x"}}';
SELECT diffgen_undo('pods_changelog', last_change('pods_changelog'));
SELECT doc FROM pods;

-- what cannot be updated
CREATE TABLE odd (id int PRIMARY KEY, doc jsonb, made text GENERATED ALWAYS AS (doc::text) STORED);
SELECT diffgen_track('odd');
INSERT INTO odd VALUES (1, '{"a": 1}');
UPDATE odd SET doc = '{"a": 2}';
SELECT diffgen_undo('odd_changelog', max(change_id)) FROM odd_changelog WHERE document = 'made';
CREATE FUNCTION suppress() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
CREATE TRIGGER suppress BEFORE UPDATE ON odd FOR EACH ROW EXECUTE FUNCTION suppress();
SELECT diffgen_undo('odd_changelog', max(change_id)) FROM odd_changelog WHERE document = 'doc';
DROP TRIGGER suppress ON odd;
-- triggers of the table find what they find in other updates
CREATE TABLE audit (what text);
CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO audit VALUES (new.doc::text); RETURN new; END $$;
CREATE TRIGGER note BEFORE UPDATE ON odd FOR EACH ROW EXECUTE FUNCTION note();
SELECT diffgen_undo('odd_changelog', max(change_id)) FROM odd_changelog WHERE document = 'doc';
SELECT what FROM audit;
-- rows of tables that inherit are not the table's
CREATE TABLE parent (id int PRIMARY KEY, doc jsonb);
SELECT diffgen_track('parent');
CREATE TABLE child () INHERITS (parent);
INSERT INTO parent VALUES (1, '{"v": 1}');
UPDATE ONLY parent SET doc = '{"v": 2}';
INSERT INTO child VALUES (1, '{"v": 2, "mine": 1}');
SELECT diffgen_undo('parent_changelog', last_change('parent_changelog'));
SELECT tableoid::regclass, doc FROM parent ORDER BY 1;

-- a table that has the name of another one, or a similar long one
CREATE TABLE swap (id int PRIMARY KEY, doc jsonb);
SELECT diffgen_track('swap');
INSERT INTO swap VALUES (1, '"old"');
ALTER TABLE swap RENAME TO swap_old;
CREATE TABLE swap (id int PRIMARY KEY, doc jsonb);
SELECT diffgen_track('swap');
INSERT INTO swap VALUES (1, '"new"');
UPDATE swap_old SET doc = '"older"';
SELECT diffgen_at('swap', 'doc', 'infinity', 1), diffgen_at('swap_old', 'doc', 'infinity', 1);
SELECT diffgen_untrack('swap'), diffgen_untrack('swap_old');
SELECT diffgen_track('swap_old');
SELECT diffgen_track('swap');
CREATE TABLE a_long_name_of_a_table_that_is_more_than_53_bytes_long_one (id int PRIMARY KEY, doc jsonb);
CREATE TABLE a_long_name_of_a_table_that_is_more_than_53_bytes_long_two (id int PRIMARY KEY, doc jsonb);
SELECT diffgen_track('a_long_name_of_a_table_that_is_more_than_53_bytes_long_one');
SELECT diffgen_track('a_long_name_of_a_table_that_is_more_than_53_bytes_long_two');

-- columns of a changelog that are for the reader only
CREATE TABLE lean (id int PRIMARY KEY, doc jsonb);
SELECT diffgen_track('lean');
INSERT INTO lean VALUES (1, '{"n": 1}');
ALTER TABLE lean_changelog DROP transaction_id, DROP paths, DROP added, DROP removed, DROP changed_by, DROP application;
ALTER TABLE lean_changelog ADD size int GENERATED ALWAYS AS (octet_length(patch::text)) STORED;
UPDATE lean SET doc = '{"n": 2}';
CREATE TABLE lean_old AS SELECT 1 AS id, n, timestamptz '2020-01-01' + n * interval '1 d' AS at, jsonb_build_object('n', n) AS doc FROM generate_series(1, 3) n;
CALL diffgen_backfill('lean_old', 'lean', '{id}', 'doc', 'n', 'at');
INSERT INTO lean_changelog (id, changed_at, operation) VALUES (9, '2001-01-01', 'note'), (9, 'infinity', 'note'), (9, '294276-01-01', 'note');
CALL diffgen_maintain('lean');
SELECT count(*) FROM lean_changelog_default;
CALL diffgen_prune('lean_changelog', '10 years');
SELECT id, operation, size > 0 AS sized FROM lean_changelog ORDER BY change_id;
ALTER TABLE lean_changelog DROP context;
SELECT diffgen_untrack('lean');
SELECT diffgen_track('lean');
CALL diffgen_backfill('lean_old', 'lean', '{id}', 'doc', 'n', 'at');
CALL diffgen_maintain(NULL);

-- without standard_conforming_strings
SET standard_conforming_strings = off;
SET escape_string_warning = on;
CALL diffgen_prune('keyed_changelog', '10 days');
CALL diffgen_maintain('keyed');
SELECT diffgen_track('keyed', '{doc}', '{"ignore": ["$.a[*]"]}');
SET client_min_messages = warning;
RESET standard_conforming_strings;
RESET escape_string_warning;
SELECT operation FROM keyed_changelog ORDER BY change_id;
SELECT diffgen_track('keyed', '{doc}', '{"ignore": ["$.a[0] /* here */"]}');

-- what the owner has disabled stays so
CREATE TABLE quiet (id int PRIMARY KEY, doc jsonb);
SELECT diffgen_track('quiet');
ALTER TABLE quiet DISABLE TRIGGER diffgen_changelog;
CALL diffgen_maintain('quiet');
SELECT enabled FROM diffgen_tracked WHERE target = 'quiet'::regclass;
SELECT diffgen_track('quiet');
SELECT enabled FROM diffgen_tracked WHERE target = 'quiet'::regclass;
-- a partition that was tracked by itself
CREATE TABLE whole (id int PRIMARY KEY, doc jsonb) PARTITION BY RANGE (id);
CREATE TABLE whole_1 PARTITION OF whole FOR VALUES FROM (1) TO (10);
SELECT diffgen_track('whole_1');
SELECT diffgen_track('whole');
SELECT operation FROM whole_1_changelog ORDER BY change_id;

-- what the owner has put into a changelog does not run as a superuser
CREATE ROLE chg_undo_owner;
GRANT CREATE, USAGE ON SCHEMA chg_undo TO chg_undo_owner;
SET ROLE chg_undo_owner;
CREATE TABLE trap (id int PRIMARY KEY, doc jsonb);
SELECT diffgen_track('trap');
CREATE FUNCTION spring() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE WARNING '% of % as %', tg_op, coalesce(new.operation, old.operation), current_user; RETURN coalesce(new, old); END $$;
CREATE TRIGGER spring BEFORE INSERT OR DELETE ON trap_changelog FOR EACH ROW EXECUTE FUNCTION spring();
CREATE TRIGGER spring_2 BEFORE DELETE ON trap_changelog_default FOR EACH ROW EXECUTE FUNCTION spring();
RESET ROLE;
SELECT diffgen_untrack('trap');
SELECT diffgen_track('trap');
SET ROLE chg_undo_owner;
INSERT INTO trap_changelog (changed_at, operation) VALUES ('2001-01-01', 'note');
RESET ROLE;
CALL diffgen_maintain('trap');
CALL diffgen_prune('trap_changelog', '10 years');
SELECT DISTINCT changed_by = current_user AS me FROM trap_changelog WHERE operation = 'untrack';
-- nor for those that have no right to it
SET ROLE chg_undo_owner;
SELECT diffgen_execute_as_owner('odd', 'SELECT 1');
-- rows that security would hide
ALTER TABLE trap_changelog ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
SELECT diffgen_untrack('trap');
SELECT diffgen_track('trap');
RESET ROLE;
-- writable tells all that writing takes
SELECT writable FROM diffgen_tracked WHERE target = 'trap'::regclass;
REVOKE ALL ON SCHEMA chg_undo FROM chg_undo_owner;
SELECT writable FROM diffgen_tracked WHERE target = 'trap'::regclass;

DROP SCHEMA chg_undo CASCADE;
DROP ROLE chg_undo_owner;
