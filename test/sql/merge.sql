-- diffgen_merge of text: three-way merges as git makes them.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS diffgen;
RESET client_min_messages;
\pset format unaligned
\pset tuples_only on

CREATE FUNCTION pg_temp.show(t text) RETURNS text LANGUAGE sql AS $$
  SELECT replace(t, E'\r', '\r')
$$;

-- changes apart from each other
SELECT * FROM diffgen_merge(E'a\nb\nc\nd\ne\n'::text, E'A\nb\nc\nd\ne\n', E'a\nb\nc\nd\nE\n');
-- the same change, and no change
SELECT * FROM diffgen_merge(E'a\nb\n'::text, E'a\nB\n', E'a\nB\n');
SELECT * FROM diffgen_merge(E'a\nb\n'::text, E'a\nb\n', E'a\nB\n');
SELECT * FROM diffgen_merge(E'a\nb\n'::text, E'a\nB\n', E'a\nb\n');
SELECT * FROM diffgen_merge(''::text, '', '');
SELECT * FROM diffgen_merge(NULL::text, 'a', 'b');

-- conflicts, in each style
\set base 'E''same\\n1\\n2\\n3\\nend\\n'''
\set ours 'E''same\\n1\\nours\\nboth\\n3\\nend\\n'''
\set theirs 'E''same\\n1\\ntheirs\\nboth\\n3\\nend\\n'''
SELECT * FROM diffgen_merge(:base::text, :ours, :theirs);
SELECT * FROM diffgen_merge(:base::text, :ours, :theirs, '{"style": "merge"}');
SELECT * FROM diffgen_merge(:base::text, :ours, :theirs, '{"style": "diff3"}');
SELECT * FROM diffgen_merge(:base::text, :ours, :theirs, '{"style": "zdiff3"}');
SELECT * FROM diffgen_merge(:base::text, :ours, :theirs, '{"prefer": "ours"}');
SELECT * FROM diffgen_merge(:base::text, :ours, :theirs, '{"prefer": "theirs"}');

-- one side removes what the other changes
SELECT * FROM diffgen_merge(E'a\nb\nc\n'::text, E'a\nc\n', E'a\nB\nc\n');
-- both add to nothing
SELECT * FROM diffgen_merge(''::text, E'a\n', E'b\n', '{"style": "diff3"}');
-- what both sides have in common splits a conflict, if it is enough
SELECT conflicts FROM diffgen_merge(E'x\n'::text,
  E'1\nsame\nsame\nsame\nsame\n2\n', E'3\nsame\nsame\nsame\nsame\n4\n');
SELECT conflicts FROM diffgen_merge(E'x\n'::text,
  E'1\nsame\nsame\nsame\n2\n', E'3\nsame\nsame\nsame\n4\n');
SELECT conflicts FROM diffgen_merge(E'x\n'::text,
  E'1\n}\n}\n}\n}\n}\n2\n', E'3\n}\n}\n}\n}\n}\n4\n');
-- missing newlines, and carriage returns in the markers
SELECT pg_temp.show(merged) FROM diffgen_merge('a'::text, 'b', 'c');
SELECT pg_temp.show(merged) FROM diffgen_merge(E'a\r\nb\r\n'::text, E'a\r\nc\r\n', E'a\r\nd', '{"style": "diff3"}');
SELECT pg_temp.show(merged) FROM diffgen_merge(E'a\r\nb\r\n'::text, E'a\r\nc\r\n', E'a\nd\n');

-- merge(b, x, b) = merge(b, b, x) = merge(b, x, x) = x
WITH texts AS MATERIALIZED (
  SELECT n, string_agg((hashint4(i * n) & 3)::text || E'\n', '' ORDER BY i) AS t
  FROM generate_series(1, 30) n, generate_series(1, 20) i GROUP BY n)
SELECT count(*),
  bool_and((SELECT merged = x.t AND conflicts = 0 FROM diffgen_merge(b.t, x.t, b.t))),
  bool_and((SELECT merged = x.t AND conflicts = 0 FROM diffgen_merge(b.t, b.t, x.t))),
  bool_and((SELECT merged = x.t AND conflicts = 0 FROM diffgen_merge(b.t, x.t, x.t)))
FROM texts b, texts x;

-- two long texts with nothing in common, and one line over and over
WITH docs AS (
  SELECT string_agg(i || E'\n', '') AS base, string_agg('o' || i || E'\n', '') AS ours,
    string_agg('t' || i || E'\n', '') AS theirs, repeat(E'x\n', 50000) AS x
  FROM generate_series(1, 50000) i)
SELECT (diffgen_merge(base, ours, theirs)).conflicts,
  (diffgen_merge(base, x, theirs)).conflicts,
  (diffgen_merge(x, x || x, theirs)).conflicts
FROM docs;

SELECT * FROM diffgen_merge('a'::text, 'b', 'c', '{"style": "union"}');
SELECT * FROM diffgen_merge('a'::text, 'b', 'c', '{"prefer": "both"}');
SELECT * FROM diffgen_merge('a'::text, 'b', 'c', '{"context": 3}');
