--
-- diffgen() and diffgen_stat() of text
--
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS diffgen;
RESET client_min_messages;
\pset format unaligned
\pset tuples_only on

-- One change, with its context and the two labels
SELECT diffgen(E'a\nb\nc\nd\ne\nf\ng\nh\n', E'a\nb\nc\nd\nE\nf\ng\nh\n');
-- Equal texts give an empty string, and no header (trap 4)
SELECT '[' || diffgen(E'a\nb\n', E'a\nb\n') || ']', '[' || diffgen('', '') || ']';
-- NULL gives NULL
SELECT diffgen(NULL, 'a') IS NULL, diffgen('a', NULL) IS NULL,
       diffgen('a', 'b', NULL) IS NULL;

--
-- Trap 1: an empty range is written with the number of the line before it
--
SELECT diffgen('', E'a\nb\n');
SELECT diffgen(E'a\nb\n', '');
SELECT diffgen(E'1\n2\n3\n', E'1\n2\nnew\n3\n', '{"context": 0}');
SELECT diffgen(E'1\n2\n3\n', E'1\n3\n', '{"context": 0}');
SELECT diffgen(E'1\n', E'new\n1\n', '{"context": 0}');

--
-- Trap 2: a count is left out only when it is 1
--
SELECT diffgen(E'a\n', E'b\n');
SELECT diffgen(E'a\n', E'b\nc\n');

--
-- Trap 3: the marker for a missing newline
--
SELECT diffgen(E'a\nb', E'a\nc');
SELECT diffgen(E'a\nb\n', E'a\nb');
SELECT diffgen(E'a\nb', E'a\nb\n');
-- appending to a line without a newline changes that line
SELECT diffgen(E'a', E'a\nb');
-- on a context line
SELECT diffgen(E'x\nb\nc', E'y\nb\nc');
-- a hunk whose context ends right before the incomplete line has no marker
SELECT diffgen(E'x\n1\n2\n3\nlast', E'y\n1\n2\n3\nlast');

--
-- Trap 4: an empty text has no lines, a lone newline is one line
--
SELECT diffgen('', E'\n');
SELECT diffgen(E'\n', '');
SELECT diffgen(E'\n\n', E'\n');
SELECT diffgen('', 'a');

--
-- Trap 5: changes share a hunk when at most twice the context lies between
--
SELECT diffgen(E'A\n1\n2\n3\n4\n5\n6\nB\n', E'a\n1\n2\n3\n4\n5\n6\nb\n');
SELECT diffgen(E'A\n1\n2\n3\n4\n5\n6\n7\nB\n', E'a\n1\n2\n3\n4\n5\n6\n7\nb\n');
SELECT diffgen(E'A\n1\n2\nB\n', E'a\n1\n2\nb\n', '{"context": 1}');
SELECT diffgen(E'A\n1\n2\n3\nB\n', E'a\n1\n2\n3\nb\n', '{"context": 1}');
SELECT diffgen(E'A\n1\nB\n', E'a\n1\nb\n', '{"context": 0}');
-- twice the context must not overflow
SELECT diffgen(E'A\n1\nB\n', E'a\n1\nb\n', '{"context": 2147483647}');
SELECT diffgen(E'A\n1\nB\n', E'a\n1\nb\n', '{"context": 99999999999999999999}');

--
-- Trap 6: context ends where the texts end
--
SELECT diffgen(E'1\n2\nx\n', E'1\n2\ny\n');
SELECT diffgen(E'x\n1\n2\n', E'y\n1\n2\n');

--
-- Trap 7: where white space is ignored, context is that of the new text
--
SELECT diffgen(E'a  b\nx\n', E'a b\ny\n', '{"whitespace": "change"}');

--
-- Trap 8: context is only shorter at the ends of the text
--
SELECT diffgen(E'1\n2\n3\n4\n5\n6\n7\n8\n9\n', E'1\n2\n3\n4\nX\n6\n7\n8\n9\n',
               '{"context": 2}');

--
-- Trap 9: lines that were set aside as a common head or tail still serve as
-- context, and changes still slide over them
--
SELECT diffgen(E'a\nb\nc\nd\ne\n', E'a\nb\nc\nnew\nd\ne\n', '{"context": 2}');
SELECT diffgen(E'x\nx\nx\n', E'x\nx\nx\nx\n', '{"context": 1}');
-- the added function is shown whole, not from one closing brace to the next
SELECT diffgen(E'int a()\n{\n  return 1;\n}\n\nint c()\n{\n  return 1;\n}\n',
               E'int a()\n{\n  return 1;\n}\n\nint b()\n{\n  return 1;\n}\n\nint c()\n{\n  return 1;\n}\n');
SELECT diffgen(E'list:\n  - name: a\n    port: 1\n  - name: c\n    port: 1\n',
               E'list:\n  - name: a\n    port: 1\n  - name: b\n    port: 1\n  - name: c\n    port: 1\n',
               '{"context": 1}');
-- a block appended after a blank line ends with its own blank line
SELECT diffgen(E'a:\n  p: 1\n\nb:\n  p: 2\n\n',
               E'a:\n  p: 1\n\nb:\n  p: 2\n\nb:\n  p: 2\n\n', '{"context": 1}');

--
-- Trap 10: a missing newline is not part of a common tail
--
SELECT diffgen(E'x\nsame', E'y\nsame\n');
SELECT diffgen(E'abc', E'xbc');

--
-- Trap 11: a run that can slide is put beside one of the other text
--
SELECT diffgen(E'p\nb\nb\nq\n', E'p\nY\nb\nq\n', '{"context": 1}');

--
-- Traps 12 and 13: no equal lines are marked as changed, and `minimal` is
--
SELECT algorithm, added, removed, exact
  FROM unnest(ARRAY['myers', 'minimal', 'patience', 'histogram']) AS algorithm,
       LATERAL diffgen_stat(E'x\nx\nx\nx\n',
                            E'x\nx\nx\nA\nB\nC\nD\nx\nE\nF\nG\n',
                            jsonb_build_object('algorithm', algorithm));

--
-- Trap 15: only a line feed ends a line; CR and others are content
--
SELECT replace(diffgen(E'k\rv\n', E'k\rw\n'), E'\r', '<CR>');
SELECT replace(diffgen(E'a\r\nb\r\n', E'a\nb\r\n'), E'\r', '<CR>');
SELECT diffgen_stat(E'a\x0bb\x0cc\u0085d\u2028e\n', E'a\x0bb\x0cX\u0085d\u2028e\n');

--
-- Trap 16: white space, in each mode, and on incomplete lines
--
SELECT mode, a, b,
       diffgen(a, b, jsonb_build_object('whitespace', mode)) = '' AS equal
  FROM unnest(ARRAY['exact', 'trailing', 'change', 'all']) AS mode,
       (VALUES (1, 'a b', 'a b '), (2, 'a b', E'a b\t\r\n'), (3, 'a  b', E'a\tb'),
               (4, ' a', 'a'), (5, 'a b', 'ab'), (6, 'a b', 'a c'), (7, '', '   '),
               (8, E'a\fb', 'a b')) AS t(n, a, b)
 ORDER BY array_position(ARRAY['exact', 'trailing', 'change', 'all'], mode), n;

--
-- Traps 18 and 19: any bytes that the database encoding allows pass through
--
SELECT diffgen(E'\u00e4\u20ac\U0001F600\n', E'\u00e4\u20ac\U0001F601\n');
SELECT diffgen(E'\x01\x1b[0m\n', E'\x7f\n');

--
-- Trap 20: labels are quoted as git quotes file names
--
SELECT diffgen('a', 'b', '{"labels": ["old", "new"], "context": 0}');
SELECT diffgen('a', 'b', '{"labels": ["a file", "tab\there \"quoted\" back\\slash"]}');
SELECT diffgen('a', 'b', '{"labels": ["n\u00e4me", "new\nline\u0001\u007f"]}');
-- a removed line that looks like a header is told from one by the counts
SELECT diffgen(E'-- x\na\n', E'++ y\na\n');

--
-- The other traps concern readers of a diff (14 and 17: options that git has
-- and diffgen does not; 21 and 22: applying).
--

--
-- Algorithms: different scripts of the same change
--
CREATE FUNCTION lines(VARIADIC text[]) RETURNS text LANGUAGE sql IMMUTABLE AS
$$ SELECT string_agg(line || E'\n', '' ORDER BY n)
     FROM unnest($1) WITH ORDINALITY AS t(line, n) $$;
CREATE TEMPORARY TABLE algorithms AS
SELECT algorithm, lines('a', 'b', 'c', 'a', 'b', 'b', 'a') AS old_text,
       lines('c', 'b', 'a', 'b', 'a', 'c') AS new_text
  FROM unnest(ARRAY['myers', 'minimal', 'patience', 'histogram']) AS algorithm;
SELECT algorithm, s.*
  FROM algorithms, LATERAL diffgen_stat(old_text, new_text,
                                        jsonb_build_object('algorithm', algorithm)) AS s;
-- `patience` keeps the unique line where `myers` keeps more of the others
SELECT diffgen(lines('x', 'x', 'x', 'unique', 'y', 'y'),
               lines('unique', 'x', 'x', 'x', 'z'), '{"algorithm": "myers"}');
SELECT diffgen(lines('x', 'x', 'x', 'unique', 'y', 'y'),
               lines('unique', 'x', 'x', 'x', 'z'), '{"algorithm": "patience"}');

--
-- Statistics
--
SELECT * FROM diffgen_stat(E'a\nb\nc\n', E'a\nB\nc\nd\n');
SELECT * FROM diffgen_stat(E'a\n', E'a\n');
SELECT * FROM diffgen_stat('', E'a\nb');
-- hunks depend on the context
SELECT context, s.*
  FROM generate_series(0, 3) AS context,
       LATERAL diffgen_stat(E'A\n1\n2\n3\nB\n', E'a\n1\n2\n3\nb\n',
                            jsonb_build_object('context', context)) AS s;
-- the cost cap fires on texts with nothing in order, and only then
SELECT s.added = s.removed AS balanced, s.exact
  FROM (SELECT string_agg((hashint4(i) & 63)::text, E'\n' ORDER BY i) AS a,
               string_agg((hashint4(-i) & 63)::text, E'\n' ORDER BY i) AS b
          FROM generate_series(1, 6000) AS i) AS t,
       LATERAL diffgen_stat(a, b) AS s;

--
-- Large texts with a few changes, and with many
--
CREATE TEMPORARY TABLE large AS
SELECT string_agg(format('line %s: %s', i, md5(i::text)), E'\n' ORDER BY i) AS a,
       string_agg(CASE WHEN i % 5000 = 7 THEN 'changed ' || i
                       WHEN i % 9000 = 8 THEN format(E'line %s: %s\nadded', i, md5(i::text))
                       ELSE format('line %s: %s', i, md5(i::text)) END, E'\n' ORDER BY i) AS b,
       string_agg(CASE WHEN i % 7 = 0 THEN md5((-i)::text)
                       ELSE format('line %s: %s', i, md5(i::text)) END, E'\n' ORDER BY i) AS c
  FROM generate_series(1, 20000) AS i;
SELECT diffgen(a, b, '{"context": 1}') FROM large;
SELECT s.* FROM large, LATERAL diffgen_stat(a, c) AS s;
SELECT length(diffgen(a, c)), md5(diffgen(a, c)) FROM large;

--
-- The same stored value is equal without a look into it, and so are two
-- values with the same compressed bytes
--
CREATE TEMPORARY TABLE stored (id int, doc text);
INSERT INTO stored SELECT g, (SELECT a FROM large) FROM generate_series(1, 2) AS g;
SELECT diffgen(x.doc, y.doc) = '' FROM stored AS x, stored AS y ORDER BY x.id, y.id;

--
-- Properties that the planner and parallel query rely on
--
SELECT proname, pg_get_function_identity_arguments(oid), provolatile, proparallel,
       proisstrict
  FROM pg_proc
 WHERE oid IN ('diffgen(text, text, jsonb)'::regprocedure,
               'diffgen_stat(text, text, jsonb)'::regprocedure)
 ORDER BY proname;
