-- Errors of diffgen_apply(jsonb, jsonb): each names the operation's index,
-- its path and the reason, and has an SQLSTATE of its own.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS diffgen;
RESET client_min_messages;
\set SHOW_CONTEXT never
\pset format unaligned
\pset tuples_only on

-- Runs a call and shows how it failed, with the SQLSTATE.
CREATE FUNCTION pg_temp.attempt(call text) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
	result text;
	code text;
	message text;
	detail text;
	hint text;
BEGIN
	EXECUTE 'SELECT ' || call INTO result;
	RETURN 'result: ' || result;
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS code = RETURNED_SQLSTATE,
		message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL,
		hint = PG_EXCEPTION_HINT;
	RETURN concat_ws(E'\n', code || ': ' || message,
					 NULLIF(detail, ''), NULLIF(hint, ''));
END
$$;

-- what a patch is
SELECT pg_temp.attempt($$diffgen_apply('{}'::jsonb, '{}'::jsonb)$$);
SELECT pg_temp.attempt($$diffgen_apply('{}'::jsonb, '"add"'::jsonb)$$);
SELECT pg_temp.attempt($$diffgen_apply('{}'::jsonb, '[{"op": "test", "path": "", "value": {}}, 1]'::jsonb)$$);
SELECT pg_temp.attempt($$diffgen_apply('{}'::jsonb, '[{"path": "/a"}]'::jsonb)$$);
SELECT pg_temp.attempt($$diffgen_apply('{}'::jsonb, '[{"op": "remove"}]'::jsonb)$$);
SELECT pg_temp.attempt($$diffgen_apply('{}'::jsonb, '[{"op": "add", "path": "/a"}]'::jsonb)$$);
SELECT pg_temp.attempt($$diffgen_apply('{}'::jsonb, '[{"op": "copy", "path": "/a"}]'::jsonb)$$);
SELECT pg_temp.attempt($$diffgen_apply('{}'::jsonb, '[{"op": 7, "path": "/a"}]'::jsonb)$$);
SELECT pg_temp.attempt($$diffgen_apply('{}'::jsonb, '[{"op": "remove", "path": ["a"]}]'::jsonb)$$);
SELECT pg_temp.attempt($$diffgen_apply('{}'::jsonb, '[{"op": "move", "from": null, "path": "/a"}]'::jsonb)$$);
SELECT pg_temp.attempt($$diffgen_apply('{}'::jsonb, '[{"op": "Add", "path": "/a", "value": 1}]'::jsonb)$$);
SELECT pg_temp.attempt($$diffgen_apply('{"a": {}}'::jsonb, '[{"op": "move", "from": "/a", "path": "/a/b"}]'::jsonb)$$);
SELECT pg_temp.attempt($$diffgen_apply('{"a": {}}'::jsonb, '[{"op": "move", "from": "", "path": "/b"}]'::jsonb)$$);
-- "/ab" is not inside "/a"
SELECT pg_temp.attempt($$diffgen_apply('{"a": {}}'::jsonb, '[{"op": "move", "from": "/a", "path": "/ab"}]'::jsonb)$$);

-- JSON Pointers
SELECT pg_temp.attempt($$diffgen_apply('{}'::jsonb, '[{"op": "remove", "path": "a"}]'::jsonb)$$);
SELECT pg_temp.attempt($$diffgen_apply('{}'::jsonb, '[{"op": "remove", "path": "/a~"}]'::jsonb)$$);
SELECT pg_temp.attempt($$diffgen_apply('{}'::jsonb, '[{"op": "remove", "path": "/~2a"}]'::jsonb)$$);
SELECT pg_temp.attempt($$diffgen_apply('{}'::jsonb, '[{"op": "copy", "from": "#/a", "path": "/b"}]'::jsonb)$$);

-- members
SELECT pg_temp.attempt($$diffgen_apply('{"a": 1}'::jsonb, '[{"op": "remove", "path": "/b"}]'::jsonb)$$);
SELECT pg_temp.attempt($$diffgen_apply('{"a": 1}'::jsonb, '[{"op": "replace", "path": "/b", "value": 1}]'::jsonb)$$);
SELECT pg_temp.attempt($$diffgen_apply('{"a": 1}'::jsonb, '[{"op": "test", "path": "/b", "value": 1}]'::jsonb)$$);
SELECT pg_temp.attempt($$diffgen_apply('{"a": 1}'::jsonb, '[{"op": "add", "path": "/b/c", "value": 1}]'::jsonb)$$);
SELECT pg_temp.attempt($$diffgen_apply('{"a": 1}'::jsonb, '[{"op": "remove", "path": "/a"}, {"op": "move", "from": "/a", "path": "/b"}]'::jsonb)$$);
SELECT pg_temp.attempt($$diffgen_apply('{"a": 1}'::jsonb, '[{"op": "move", "from": "/b", "path": "/b"}]'::jsonb)$$);
SELECT pg_temp.attempt($$diffgen_apply('{"a": 1}'::jsonb, '[{"op": "copy", "from": "/a~1b", "path": "/b"}]'::jsonb)$$);

-- array elements
SELECT pg_temp.attempt($$diffgen_apply('[1, 2]'::jsonb, '[{"op": "remove", "path": "/2"}]'::jsonb)$$);
SELECT pg_temp.attempt($$diffgen_apply('[1]'::jsonb, '[{"op": "add", "path": "/2", "value": 1}]'::jsonb)$$);
SELECT pg_temp.attempt($$diffgen_apply('[1, 2]'::jsonb, '[{"op": "test", "path": "/99999999999999999999", "value": 1}]'::jsonb)$$);
SELECT pg_temp.attempt($$diffgen_apply('[1, 2]'::jsonb, '[{"op": "remove", "path": "/01"}]'::jsonb)$$);
SELECT pg_temp.attempt($$diffgen_apply('[1, 2]'::jsonb, '[{"op": "remove", "path": "/-1"}]'::jsonb)$$);
SELECT pg_temp.attempt($$diffgen_apply('[1, 2]'::jsonb, '[{"op": "remove", "path": "/1e0"}]'::jsonb)$$);
SELECT pg_temp.attempt($$diffgen_apply('[1, 2]'::jsonb, '[{"op": "add", "path": "/", "value": 1}]'::jsonb)$$);
SELECT pg_temp.attempt($$diffgen_apply('[1, 2]'::jsonb, '[{"op": "replace", "path": "/-", "value": 1}]'::jsonb)$$);
SELECT pg_temp.attempt($$diffgen_apply('[[]]'::jsonb, '[{"op": "add", "path": "/-/0", "value": 1}]'::jsonb)$$);

-- scalars have nothing inside
SELECT pg_temp.attempt($$diffgen_apply('{"a": 1}'::jsonb, '[{"op": "add", "path": "/a/b", "value": 1}]'::jsonb)$$);
SELECT pg_temp.attempt($$diffgen_apply('"a"'::jsonb, '[{"op": "remove", "path": "/0"}]'::jsonb)$$);
SELECT pg_temp.attempt($$diffgen_apply('{"a": null}'::jsonb, '[{"op": "test", "path": "/a/b/c", "value": 1}]'::jsonb)$$);

-- the whole document cannot go
SELECT pg_temp.attempt($$diffgen_apply('{"a": 1}'::jsonb, '[{"op": "remove", "path": ""}]'::jsonb)$$);

-- a test that fails
SELECT pg_temp.attempt($$diffgen_apply('{"a": 1}'::jsonb, '[{"op": "test", "path": "/a", "value": 2}]'::jsonb)$$);

-- a redacted operation
SELECT pg_temp.attempt($$diffgen_apply('{"a": "x"}'::jsonb,
 '[{"op": "replace", "path": "/a", "value": "<redacted: after>", "redacted": true}]'::jsonb)$$);
SELECT pg_temp.attempt($$diffgen_apply('{"a": "x"}'::jsonb, '[{"op": "add", "path": "/b", "redacted": true}]'::jsonb)$$);

-- long paths are shortened, and not in the middle of a character
SELECT pg_temp.attempt($$diffgen_apply('{"a": 1}'::jsonb,
 jsonb_build_array(jsonb_build_object('op', 'remove', 'path', '/' || repeat('é', 1000))))$$);

-- limits: copies of copies are refused before they take memory
SELECT pg_temp.attempt($$diffgen_apply('{"a": [1, 2, 3]}'::jsonb,
 (SELECT jsonb_agg(jsonb_build_object('op', 'copy', 'from', '', 'path', '/k' || i)) FROM generate_series(1, 60) AS i))$$);
SELECT pg_temp.attempt($$diffgen_apply('[0]'::jsonb,
 (SELECT jsonb_agg(jsonb_build_object('op', 'copy', 'from', '', 'path', '/-')) FROM generate_series(1, 60) AS i))$$);
-- and a test of one needs no time
SELECT pg_temp.attempt($$diffgen_apply('[0]'::jsonb,
 (SELECT jsonb_agg(jsonb_build_object('op', 'copy', 'from', '', 'path', '/-')) FROM generate_series(1, 60) AS i)
 || '[{"op": "test", "path": "/60/59/58/0", "value": 0}, {"op": "test", "path": "/60/3", "value": [0, [0], [0, [0]]]},
      {"op": "replace", "path": "", "value": "done"}]'::jsonb)$$);

-- atomic: nothing is seen of a patch that fails
CREATE TEMP TABLE doc AS SELECT '{"a": 1}'::jsonb AS d;
UPDATE doc SET d = diffgen_apply(d, '[{"op": "add", "path": "/b", "value": 2}, {"op": "remove", "path": "/c"}]'::jsonb);
SELECT * FROM doc;
