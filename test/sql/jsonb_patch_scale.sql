-- Patches of 40,000 operations on arrays and objects of 40,000 children.
-- Anything quadratic would run into the timeout; the answers are computed
-- without diffgen.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS diffgen;
RESET client_min_messages;
SET statement_timeout = '10s';

CREATE TEMP TABLE docs AS
SELECT (SELECT jsonb_agg(i ORDER BY i) FROM generate_series(0, 39999) AS i) AS list,
	   (SELECT jsonb_object_agg('key' || i, i) FROM generate_series(0, 39999) AS i) AS object;

CREATE FUNCTION pg_temp.operations(template text) RETURNS jsonb
LANGUAGE plpgsql AS $$
DECLARE
	result jsonb;
BEGIN
	EXECUTE format('SELECT jsonb_agg(jsonb_strip_nulls(%s) ORDER BY i) FROM generate_series(0, 39999) AS i', template)
	   INTO result;
	RETURN result;
END
$$;

-- are two values the same bytes?
CREATE FUNCTION pg_temp.same_bytes(a jsonb, b jsonb) RETURNS boolean
BEGIN ATOMIC
	SELECT x *= y FROM (SELECT a AS d) AS x, (SELECT b AS d) AS y;
END;

-- prepend
SELECT pg_temp.same_bytes(
	diffgen_apply(list, pg_temp.operations($$jsonb_build_object('op', 'add', 'path', '/0', 'value', -i)$$)),
	(SELECT jsonb_agg(i ORDER BY i) FROM generate_series(-39999, 0) AS i) || list)
  FROM docs;
-- an element between any two
SELECT pg_temp.same_bytes(
	diffgen_apply(list, pg_temp.operations($$jsonb_build_object('op', 'add', 'path', '/' || 2 * i + 1, 'value', 'x')$$)),
	(SELECT jsonb_agg(CASE WHEN i % 2 = 0 THEN to_jsonb(i / 2) ELSE '"x"' END ORDER BY i) FROM generate_series(0, 79999) AS i))
  FROM docs;
-- replace all, from both ends
SELECT pg_temp.same_bytes(
	diffgen_apply(list, pg_temp.operations($$jsonb_build_object('op', 'replace', 'path', '/' || CASE WHEN i % 2 = 0 THEN i ELSE 40000 - i END, 'value', i)$$)),
	(SELECT jsonb_agg(CASE WHEN i % 2 = 0 THEN i ELSE 40000 - i END ORDER BY i) FROM generate_series(0, 39999) AS i))
  FROM docs;
-- remove all, from the front and from the back
SELECT diffgen_apply(list, pg_temp.operations($$jsonb_build_object('op', 'remove', 'path', '/0')$$)),
	   diffgen_apply(list, pg_temp.operations($$jsonb_build_object('op', 'remove', 'path', '/' || 39999 - i)$$))
  FROM docs;
-- reverse by moves
SELECT pg_temp.same_bytes(
	diffgen_apply(list, pg_temp.operations($$jsonb_build_object('op', 'move', 'from', '/39999', 'path', '/' || i)$$)),
	(SELECT jsonb_agg(i ORDER BY i DESC) FROM generate_series(0, 39999) AS i))
  FROM docs;
-- copies of what was edited, edited in turn
SELECT jsonb_array_length(d -> 'a'), jsonb_array_length(d -> 'b'), d -> 'a' -> 0, d -> 'a' -> -1, d -> 'b' -> -1
  FROM diffgen_apply('{"a": []}',
	pg_temp.operations($$CASE WHEN i % 2 = 0 THEN jsonb_build_object('op', 'add', 'path', '/a/-', 'value', i)
							  ELSE jsonb_build_object('op', 'copy', 'from', '/a', 'path', '/b') END$$)) AS d;
-- members: add, remove, replace
SELECT pg_temp.same_bytes(
	diffgen_apply(object, pg_temp.operations($$jsonb_build_object('op', 'add', 'path', '/new' || i, 'value', i)$$)),
	object || (SELECT jsonb_object_agg('new' || i, i) FROM generate_series(0, 39999) AS i))
  FROM docs;
SELECT pg_temp.same_bytes(
	diffgen_apply(object, pg_temp.operations($$jsonb_build_object('op', 'replace', 'path', '/key' || 39999 - i, 'value', jsonb_build_array(i))$$)),
	(SELECT jsonb_object_agg('key' || i, jsonb_build_array(39999 - i)) FROM generate_series(0, 39999) AS i))
  FROM docs;
-- a merge patch of as many members
SELECT pg_temp.same_bytes(
	diffgen_apply_merge(object, (SELECT jsonb_object_agg('key' || i, CASE WHEN i % 2 = 0 THEN to_jsonb(-i) END) FROM generate_series(0, 39999) AS i)),
	(SELECT jsonb_object_agg('key' || i, -i) FROM generate_series(0, 39998, 2) AS i))
  FROM docs;
-- an inverse of as many operations
SELECT diffgen_apply(diffgen_apply(list, p), diffgen_invert(p)) = list
  FROM docs, pg_temp.operations($$jsonb_build_object('op', 'add', 'path', '/' || i * 7919 % 40000, 'value', i)$$) AS p;
-- the same operations as a chain of patches
SELECT diffgen_replay(list, ARRAY(SELECT jsonb_build_array(op) FROM jsonb_array_elements(p) AS op)) = diffgen_apply(list, p)
  FROM docs, pg_temp.operations($$jsonb_build_object('op', 'move', 'from', '/' || i * 7919 % 40000, 'path', '/' || i * 6007 % 40000)$$) AS p;
