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

SET client_min_messages = warning;
DROP SCHEMA chg_walk CASCADE;
