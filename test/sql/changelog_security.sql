-- The changelog is written for those who may not write it, and only then
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS diffgen;
DROP ROLE IF EXISTS regress_chg_owner, regress_chg_writer, regress_chg_mallory, regress_chg_group;
\set VERBOSITY terse
\set SHOW_CONTEXT never

CREATE ROLE regress_chg_owner;
CREATE ROLE regress_chg_writer;
CREATE ROLE regress_chg_mallory;
CREATE ROLE regress_chg_group;
GRANT regress_chg_group TO regress_chg_writer;
CREATE SCHEMA chg_sec AUTHORIZATION regress_chg_owner;
CREATE SCHEMA chg_mal AUTHORIZATION regress_chg_mallory;
GRANT USAGE ON SCHEMA chg_sec TO regress_chg_writer, regress_chg_mallory, regress_chg_group;

-- The owner of a table needs nobody's help, and default privileges of the
-- owner do not open the log to writers.
SET ROLE regress_chg_owner;
ALTER DEFAULT PRIVILEGES IN SCHEMA chg_sec GRANT ALL ON TABLES TO regress_chg_writer, PUBLIC;
ALTER DEFAULT PRIVILEGES IN SCHEMA chg_sec GRANT ALL ON SEQUENCES TO regress_chg_writer;
CREATE TABLE chg_sec.conf (id int PRIMARY KEY, doc jsonb);
SELECT diffgen_track('chg_sec.conf');
RESET ROLE;
SELECT c.relname ~ 'changelog' AS log, pg_get_userbyid(c.relowner), r.priv,
	bool_or(has_table_privilege('regress_chg_writer', c.oid, r.priv)) AS writer,
	bool_or(has_table_privilege('regress_chg_mallory', c.oid, r.priv)) AS mallory
FROM pg_class c, unnest('{SELECT,INSERT,UPDATE,DELETE,TRUNCATE,TRIGGER,REFERENCES}'::text[]) AS r (priv)
WHERE c.relnamespace = 'chg_sec'::regnamespace AND c.relkind IN ('r', 'p')
GROUP BY 1, 2, 3 ORDER BY 1, 3;
SELECT has_sequence_privilege('regress_chg_writer', 'chg_sec.conf_changelog_change_id_seq', 'USAGE') AS usage,
	has_sequence_privilege('regress_chg_writer', 'chg_sec.conf_changelog_change_id_seq', 'UPDATE') AS update;

-- Writers write the log without a right on it, and cannot forge or change it.
SET ROLE regress_chg_owner;
REVOKE ALL ON ALL TABLES IN SCHEMA chg_sec FROM PUBLIC;
REVOKE ALL ON ALL TABLES IN SCHEMA chg_sec FROM regress_chg_writer;
GRANT SELECT, INSERT, UPDATE, DELETE, TRUNCATE ON chg_sec.conf TO regress_chg_writer, regress_chg_group;
RESET ROLE;
SET SESSION AUTHORIZATION regress_chg_writer;
INSERT INTO chg_sec.conf VALUES (1, '{"a": 1}');
UPDATE chg_sec.conf SET doc = '{"a": 2}';
SELECT count(*) FROM chg_sec.conf_changelog;
INSERT INTO chg_sec.conf_changelog (changed_at, operation) VALUES (now(), 'insert');
INSERT INTO chg_sec.conf_changelog_default (changed_at, operation) VALUES ('1999-01-01', 'insert');
UPDATE chg_sec.conf_changelog SET changed_by = 'other';
DELETE FROM chg_sec.conf_changelog;
TRUNCATE chg_sec.conf_changelog;
SELECT nextval('chg_sec.conf_changelog_change_id_seq');
ALTER TABLE chg_sec.conf DISABLE TRIGGER diffgen_changelog;
DROP TRIGGER diffgen_changelog ON chg_sec.conf;
SELECT diffgen_untrack('chg_sec.conf');
SELECT diffgen_track('chg_sec.conf');
CALL diffgen_maintain('chg_sec.conf');
SET session_replication_role = replica;

-- Who did it: the role that the session acts as, also where the code runs as
-- somebody else.
SET ROLE regress_chg_group;
UPDATE chg_sec.conf SET doc = '{"a": 3}';
RESET ROLE;
RESET SESSION AUTHORIZATION;
SET ROLE regress_chg_owner;
CREATE FUNCTION chg_sec.set_doc(new jsonb) RETURNS void LANGUAGE sql SECURITY DEFINER
	AS 'UPDATE chg_sec.conf SET doc = new';
RESET ROLE;
SET SESSION AUTHORIZATION regress_chg_writer;
SELECT chg_sec.set_doc('{"a": 4}');
RESET SESSION AUTHORIZATION;
SELECT operation, changed_by, patch FROM chg_sec.conf_changelog WHERE document = 'doc' ORDER BY change_id;

-- Hostile operators, functions, types and tables in the search path of a
-- writer, who would have them run as the owner.
SET ROLE regress_chg_owner;
GRANT CREATE ON SCHEMA chg_sec TO regress_chg_writer;
RESET ROLE;
CREATE SCHEMA chg_bad AUTHORIZATION regress_chg_writer;
SET SESSION AUTHORIZATION regress_chg_writer;
SET search_path = chg_bad, pg_catalog;
CREATE FUNCTION chg_bad.spring(anyelement, anyelement) RETURNS bool LANGUAGE plpgsql AS
	'BEGIN RAISE EXCEPTION ''run as %'', current_user; END';
CREATE OPERATOR chg_bad.= (FUNCTION = chg_bad.spring, LEFTARG = anyelement, RIGHTARG = anyelement);
CREATE FUNCTION chg_bad.nextval(regclass) RETURNS bigint LANGUAGE plpgsql AS
	'BEGIN RAISE EXCEPTION ''run as %'', current_user; END';
CREATE FUNCTION chg_bad.diffgen_entry(jsonb, jsonb, jsonb) RETURNS record LANGUAGE plpgsql AS
	'BEGIN RAISE EXCEPTION ''run as %'', current_user; END';
CREATE FUNCTION chg_bad.diffgen_hash(jsonb, jsonb) RETURNS bytea LANGUAGE plpgsql AS
	'BEGIN RAISE EXCEPTION ''run as %'', current_user; END';
CREATE TABLE chg_bad.conf_changelog (LIKE chg_sec.conf);
CREATE DOMAIN chg_bad.text AS pg_catalog.text CHECK (false);
CREATE DOMAIN chg_bad.jsonb AS pg_catalog.jsonb CHECK (false);
\c -
SET client_min_messages = warning;
\set VERBOSITY terse
\set SHOW_CONTEXT never
SET SESSION AUTHORIZATION regress_chg_writer;
SET search_path = chg_bad, pg_catalog;
INSERT INTO chg_sec.conf VALUES (2, '{"b": 1}');
UPDATE chg_sec.conf SET doc = '{"b": 2}' WHERE id OPERATOR(pg_catalog.=) 2;
UPDATE chg_sec.conf SET id = 3 WHERE id OPERATOR(pg_catalog.=) 2;
DELETE FROM chg_sec.conf WHERE id OPERATOR(pg_catalog.=) 3;
TRUNCATE chg_sec.conf;
RESET search_path;
RESET SESSION AUTHORIZATION;
SELECT id, operation, changed_by FROM chg_sec.conf_changelog WHERE id > 1 ORDER BY change_id;
-- the same in the search path of one who calls the functions
SET search_path = chg_bad, pg_catalog;
SELECT public.diffgen_untrack('chg_sec.conf');
SELECT public.diffgen_track('chg_sec.conf', NULL, '{}'::pg_catalog.jsonb);
CALL public.diffgen_maintain('chg_sec.conf');
SELECT target, changelog, enabled, writable FROM public.diffgen_tracked WHERE target OPERATOR(pg_catalog.=) 'chg_sec.conf'::regclass;
RESET search_path;

-- A trigger that names somebody else's changelog.
GRANT INSERT ON chg_sec.conf TO regress_chg_mallory;
SET SESSION AUTHORIZATION regress_chg_mallory;
CREATE TABLE chg_mal.conf (id int PRIMARY KEY, doc jsonb);
CREATE CONSTRAINT TRIGGER diffgen_changelog AFTER INSERT ON chg_mal.conf FROM chg_sec.conf_changelog
	FOR EACH ROW EXECUTE FUNCTION diffgen_changelog('{}', 'doc');
RESET SESSION AUTHORIZATION;
-- Even with that right, but without the one to insert.
GRANT TRIGGER ON chg_sec.conf_changelog TO regress_chg_mallory;
SET SESSION AUTHORIZATION regress_chg_mallory;
CREATE CONSTRAINT TRIGGER diffgen_changelog AFTER INSERT ON chg_mal.conf FROM chg_sec.conf_changelog
	FOR EACH ROW EXECUTE FUNCTION diffgen_changelog('{}', 'doc');
INSERT INTO chg_mal.conf VALUES (1, '{"forged": true}');
RESET SESSION AUTHORIZATION;
-- Nor when somebody who may write that changelog writes the table.
INSERT INTO chg_mal.conf VALUES (1, '{"forged": true}');
GRANT USAGE ON SCHEMA chg_mal TO regress_chg_owner;
GRANT INSERT ON chg_mal.conf TO regress_chg_owner;
SET SESSION AUTHORIZATION regress_chg_owner;
INSERT INTO chg_mal.conf VALUES (1, '{"forged": true}');
RESET SESSION AUTHORIZATION;
SELECT count(*) FROM chg_sec.conf_changelog WHERE patch::text ~ 'forged' OR id = 1 AND operation = 'insert' AND changed_by = 'regress_chg_mallory';
SELECT target, writable FROM diffgen_tracked WHERE target = 'chg_mal.conf'::regclass;

-- A table of that name that is not ours is not taken for a changelog.
CREATE TABLE chg_sec.second (id int PRIMARY KEY, doc jsonb);
ALTER TABLE chg_sec.second OWNER TO regress_chg_owner;
CREATE TABLE chg_sec.second_changelog (LIKE chg_sec.conf_changelog) PARTITION BY RANGE (changed_at);
ALTER TABLE chg_sec.second_changelog OWNER TO regress_chg_writer;
SET SESSION AUTHORIZATION regress_chg_owner;
SELECT diffgen_track('chg_sec.second');
RESET SESSION AUTHORIZATION;
DROP TABLE chg_sec.second_changelog;

-- A superuser's call leaves all to the table's owner.
SELECT diffgen_track('chg_sec.second');
SELECT DISTINCT pg_get_userbyid(relowner) FROM pg_class WHERE relname ~ '^second_changelog';
-- Row security of the changelog does not keep the log from being written.
ALTER TABLE chg_sec.second_changelog ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
INSERT INTO chg_sec.second VALUES (1, '{}');
SET ROLE regress_chg_owner;
SELECT count(*) FROM chg_sec.second_changelog;
RESET ROLE;
SELECT operation, changed_by = current_user AS me FROM chg_sec.second_changelog WHERE document = 'doc';

-- Row security of the table does not hide rows from a TRUNCATE's log.
ALTER TABLE chg_sec.second ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
GRANT TRUNCATE ON chg_sec.second TO regress_chg_writer;
SET SESSION AUTHORIZATION regress_chg_writer;
TRUNCATE chg_sec.second;
RESET SESSION AUTHORIZATION;
SELECT operation, changed_by FROM chg_sec.second_changelog WHERE operation = 'truncate';

-- A new owner of the table alone cannot write the old owner's log: shown, and an error.
ALTER TABLE chg_sec.second OWNER TO regress_chg_writer;
SELECT writable FROM diffgen_tracked WHERE target = 'chg_sec.second'::regclass;
INSERT INTO chg_sec.second VALUES (2, '{}');
ALTER TABLE chg_sec.second OWNER TO regress_chg_owner;

SET client_min_messages = warning;
DROP SCHEMA chg_sec, chg_mal, chg_bad CASCADE;
DROP OWNED BY regress_chg_owner, regress_chg_writer, regress_chg_mallory, regress_chg_group CASCADE;
DROP ROLE regress_chg_owner, regress_chg_writer, regress_chg_mallory, regress_chg_group;
