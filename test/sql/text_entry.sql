-- diffgen_entry of text: the diff and its size in one row.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS diffgen;
RESET client_min_messages;
\pset null '(null)'

SELECT * FROM diffgen_entry(E'a\nb\nc\n', E'a\nB\nc\nd\n');
SELECT * FROM diffgen_entry(E'a\n', E'a\n');
SELECT * FROM diffgen_entry(NULL::text, E'a\n');
SELECT * FROM diffgen_entry(E'a\nb\nc\n', E'a\nB\nc\n', '{"context": 0, "labels": ["1", "2"]}');
SELECT * FROM diffgen_entry(E'a \n', E'a\n', '{"whitespace": "trailing"}');
-- the same as diffgen and diffgen_stat
SELECT e.diff = diffgen(a, b) AS diff, (e.added, e.removed, e.hunks, e.exact) = s AS stat
FROM (VALUES (E'1\n2\n', E'2\n3\n'), ('', 'x')) AS t(a, b),
  LATERAL diffgen_entry(a, b) e, LATERAL diffgen_stat(a, b) s;
-- for jsonb, cast
SELECT patch, paths FROM diffgen_entry('{"a": 1}'::jsonb, '{"a": 2}');
SELECT * FROM diffgen_entry('a', 'b', '{"granularity": "word"}');
