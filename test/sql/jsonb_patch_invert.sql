-- diffgen_invert(jsonb)
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS diffgen;
RESET client_min_messages;
\set SHOW_CONTEXT never

-- Applies a patch, inverts it, applies the inverse; is it the old document?
CREATE FUNCTION pg_temp.undo(document jsonb, patch jsonb,
	OUT result jsonb, OUT inverse jsonb, OUT undone boolean)
BEGIN ATOMIC
	SELECT diffgen_apply(document, patch), diffgen_invert(patch),
		   diffgen_apply(diffgen_apply(document, patch), diffgen_invert(patch))
		   = document;
END;

SELECT * FROM pg_temp.undo('{"a": 1}', '[]');
SELECT * FROM pg_temp.undo('{"a": 1}', '[{"op": "test", "path": "/a", "value": 1}]');
SELECT * FROM pg_temp.undo('{"a": 1}', '[{"op": "add", "path": "/b", "value": {"c": null}}]');
SELECT * FROM pg_temp.undo('[1, 2]', '[{"op": "add", "path": "/1", "value": 3}]');
SELECT * FROM pg_temp.undo('{"a": [1]}', '[{"op": "test", "path": "/a", "value": [1]}, {"op": "remove", "path": "/a"}]');
SELECT * FROM pg_temp.undo('{"a": [1]}', '[{"op": "test", "path": "/a/0", "value": 1}, {"op": "replace", "path": "/a/0", "value": 2}]');
SELECT * FROM pg_temp.undo('{"a": 1}', '[{"op": "test", "path": "", "value": {"a": 1}}, {"op": "replace", "path": "", "value": 2}]');
SELECT * FROM pg_temp.undo('{"a": 1}', '[{"op": "test", "path": "", "value": {"a": 1}}, {"op": "add", "path": "", "value": 2}]');
SELECT * FROM pg_temp.undo('{"a": [1, 2, 3]}', '[{"op": "move", "from": "/a/0", "path": "/a/2"}, {"op": "move", "from": "/a/1", "path": "/b"}]');
SELECT * FROM pg_temp.undo('[0, [], {"a": 1}]', '[{"op": "move", "from": "/0", "path": "/1/b"}]');
SELECT * FROM pg_temp.undo('{"a": {"b": 1, "c": 2}}', '[{"op": "test", "path": "/a", "value": {"b": 1, "c": 2}}, {"op": "move", "from": "/a/b", "path": "/a"}]');
SELECT * FROM pg_temp.undo('{"a": {"b": 1, "c": 2}}', '[{"op": "test", "path": "/a", "value": {"b": 1, "c": 2}}, {"op": "copy", "from": "/a/b", "path": "/a"}]');
SELECT * FROM pg_temp.undo('{"a": 1}', '[{"op": "move", "from": "/a", "path": "/a"}]');
SELECT * FROM pg_temp.undo('{"a": 1}', '[{"op": "copy", "from": "/a", "path": "/b"}]');
SELECT * FROM pg_temp.undo('{"a": 1}', '[{"op": "test", "path": "/a", "value": 1}, {"op": "copy", "from": "/a", "path": "/b"}]');
-- a member that an operation replaces is known from a test
SELECT * FROM pg_temp.undo('{"a": 1}', '[{"op": "test", "path": "/a", "value": 1}, {"op": "add", "path": "/a", "value": 2}]');
SELECT * FROM pg_temp.undo('{"a": 1, "b": 2}', '[{"op": "test", "path": "/b", "value": 2}, {"op": "move", "from": "/a", "path": "/b"}]');
SELECT * FROM pg_temp.undo('{"a": 1, "b": 2}', '[{"op": "test", "path": "/b", "value": 2}, {"op": "copy", "from": "/a", "path": "/b"}]');
SELECT * FROM pg_temp.undo('{"a": 1, "b": 2}', '[{"op": "test", "path": "", "value": {"a": 1, "b": 2}}, {"op": "move", "from": "/a", "path": ""}]');
SELECT * FROM pg_temp.undo('{"a": 1, "b": 2}', '[{"op": "test", "path": "", "value": {"a": 1, "b": 2}}, {"op": "copy", "from": "/a", "path": ""}]');
-- the test need not be the nearest one; the others stay
SELECT * FROM pg_temp.undo('{"a": 1, "b": 2}', '[{"op": "test", "path": "/a", "value": 1}, {"op": "test", "path": "/b", "value": 2}, {"op": "remove", "path": "/a"}]');
-- keys with escapes, and one that is "-"
SELECT * FROM pg_temp.undo('{"a/b": {"~": 1}, "-": 2}',
 '[{"op": "test", "path": "/a~1b/~0", "value": 1}, {"op": "remove", "path": "/a~1b/~0"},
   {"op": "test", "path": "/-", "value": 2}, {"op": "replace", "path": "/-", "value": 3}]');

-- a test of what is around the target tells what the target is
SELECT * FROM pg_temp.undo('{"a": {}}', '[{"op": "test", "path": "/a", "value": {}}, {"op": "add", "path": "/a/-", "value": 1}]');
SELECT * FROM pg_temp.undo('{"0": 1}', '[{"op": "test", "path": "", "value": {"0": 1}}, {"op": "test", "path": "/0", "value": 1}, {"op": "add", "path": "/0", "value": 2}]');
SELECT * FROM pg_temp.undo('[1]', '[{"op": "test", "path": "", "value": [1]}, {"op": "test", "path": "/0", "value": 1}, {"op": "add", "path": "/0", "value": 2}]');
SELECT * FROM pg_temp.undo('{"0": 1, "a": 2}', '[{"op": "test", "path": "", "value": {"0": 1, "a": 2}}, {"op": "test", "path": "/a", "value": 2}, {"op": "move", "from": "/0", "path": "/a"}]');
SELECT * FROM pg_temp.undo('[{"b": 1}]', '[{"op": "test", "path": "", "value": [{"b": 1}]}, {"op": "test", "path": "/0/b", "value": 1}, {"op": "move", "from": "/0/b", "path": "/0"}]');

-- inverting twice gives the patch again
SELECT diffgen_invert(diffgen_invert(p)) = p AS same
  FROM (SELECT '[{"op": "add", "path": "/a", "value": 1}, {"op": "test", "path": "/b", "value": 1.0},
                 {"op": "remove", "path": "/b"}, {"op": "test", "path": "/c", "value": [2]},
                 {"op": "replace", "path": "/c", "value": 3}, {"op": "move", "from": "/d", "path": "/e"}]'::jsonb AS p) AS x;

-- what cannot be inverted
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
SELECT pg_temp.attempt($$diffgen_invert('[{"op": "remove", "path": "/a"}]'::jsonb)$$);
SELECT pg_temp.attempt($$diffgen_invert('[{"op": "test", "path": "/b", "value": 1}, {"op": "replace", "path": "/a", "value": 1}]'::jsonb)$$);
SELECT pg_temp.attempt($$diffgen_invert('[{"op": "test", "path": "/a", "value": 1}, {"op": "add", "path": "/b", "value": 1}, {"op": "remove", "path": "/a"}]'::jsonb)$$);
SELECT pg_temp.attempt($$diffgen_invert('[{"op": "add", "path": "", "value": 1}]'::jsonb)$$);
SELECT pg_temp.attempt($$diffgen_invert('[{"op": "move", "from": "/a", "path": ""}]'::jsonb)$$);
SELECT pg_temp.attempt($$diffgen_invert('[{"op": "move", "from": "/a/b", "path": "/a"}]'::jsonb)$$);
SELECT pg_temp.attempt($$diffgen_invert('[{"op": "test", "path": "/a", "value": []}, {"op": "move", "from": "/a/0/b", "path": "/a/0"}]'::jsonb)$$);
SELECT pg_temp.attempt($$diffgen_invert('[{"op": "test", "path": "/a", "value": []}, {"op": "add", "path": "/a/-", "value": 1}]'::jsonb)$$);
SELECT pg_temp.attempt($$diffgen_invert('[{"op": "copy", "from": "/a/0/b", "path": "/a/0"}]'::jsonb)$$);
SELECT pg_temp.attempt($$diffgen_invert('[{"op": "add", "path": "/a/-", "value": 1}]'::jsonb)$$);
SELECT pg_temp.attempt($$diffgen_invert('[{"op": "copy", "from": "/b", "path": "/a/-"}]'::jsonb)$$);
SELECT pg_temp.attempt($$diffgen_invert('[{"op": "test", "path": "/a/0", "value": 1}, {"op": "add", "path": "/a/0", "value": 1}]'::jsonb)$$);
SELECT pg_temp.attempt($$diffgen_invert('[{"op": "test", "path": "/1/a", "value": 1}, {"op": "move", "from": "/0", "path": "/1/a"}]'::jsonb)$$);
SELECT pg_temp.attempt($$diffgen_invert('[{"op": "test", "path": "/a", "value": "x"}, {"op": "replace", "path": "/a", "value": "y", "redacted": true}]'::jsonb)$$);
SELECT pg_temp.attempt($$diffgen_invert('[{"op": "test", "path": "/a", "value": "x", "redacted": true}, {"op": "replace", "path": "/a", "value": "y"}]'::jsonb)$$);
SELECT pg_temp.attempt($$diffgen_invert('{"a": 1}'::jsonb)$$);
SELECT pg_temp.attempt($$diffgen_invert('[{"op": "add", "path": "/a"}]'::jsonb)$$);
