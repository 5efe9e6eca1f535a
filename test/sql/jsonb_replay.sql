-- diffgen_replay
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS diffgen;
RESET client_min_messages;
\set SHOW_CONTEXT never

-- Are two values the same bytes?  That is what *= asks of rows.
CREATE FUNCTION pg_temp.same_bytes(a jsonb, b jsonb) RETURNS boolean
BEGIN ATOMIC
	SELECT x *= y FROM (SELECT a AS d) AS x, (SELECT b AS d) AS y;
END;

SELECT diffgen_replay('{"a": 1}',
 ARRAY['[{"op": "add", "path": "/b", "value": [1]}]',
       '[{"op": "add", "path": "/b/-", "value": 2}, {"op": "copy", "from": "/b", "path": "/c"}]',
       '[{"op": "remove", "path": "/b/0"}]']::jsonb[]);
-- no patches
SELECT diffgen_replay('{"a": 1}', NULL), diffgen_replay('{"a": 1}', '{}'), diffgen_replay('2', ARRAY['[]', '[]']::jsonb[]);
-- a NULL is a step without a change
SELECT diffgen_replay('[]', ARRAY[NULL, '[{"op": "add", "path": "/0", "value": 1}]', NULL]::jsonb[]);
SELECT diffgen_replay(NULL, '{}') IS NULL;
-- errors name the patch by its place in the chain
SELECT diffgen_replay('[]', ARRAY[NULL, '[{"op": "add", "path": "/0", "value": 1}, {"op": "remove", "path": "/1"}]']::jsonb[]);
SELECT diffgen_replay('[]', ARRAY['[]', '{}']::jsonb[]);
SELECT diffgen_replay('[]', ARRAY['[]', '[1]']::jsonb[]);

-- a long chain gives what its patches give one by one
WITH RECURSIVE
patches AS (
	SELECT i, jsonb_build_array(
		jsonb_build_object('op', 'replace', 'path', '/items/' || i % 97 || '/n', 'value', i),
		jsonb_build_object('op', 'add', 'path', '/items/' || i * 7 % 100, 'value', jsonb_build_object('n', -i, 'new', true)),
		jsonb_build_object('op', 'move', 'from', '/items/' || i * 13 % 100, 'path', '/items/' || i * 29 % 100),
		jsonb_build_object('op', 'remove', 'path', '/items/' || i * 31 % 100),
		jsonb_build_object('op', 'add', 'path', '/keys/k' || i * 37 % 50, 'value', i)) AS patch
	  FROM generate_series(1, 500) AS i),
base AS (
	SELECT jsonb_build_object('keys', '{}'::jsonb, 'items',
							  jsonb_agg(jsonb_build_object('n', i, 's', repeat('x', i % 11)))) AS doc
	  FROM generate_series(0, 99) AS i),
steps AS (
	SELECT 0 AS i, doc FROM base
	UNION ALL
	SELECT patches.i, diffgen_apply(steps.doc, patches.patch)
	  FROM steps JOIN patches ON patches.i = steps.i + 1)
SELECT jsonb_array_length(s.doc -> 'items') AS items,
	   replayed = s.doc AS equal,
	   pg_temp.same_bytes(replayed, s.doc::text::jsonb) AS same_bytes
  FROM steps AS s,
	   (SELECT diffgen_replay((SELECT doc FROM base), array_agg(patch ORDER BY i)) AS replayed
		  FROM patches) AS r
 WHERE s.i = 500;
