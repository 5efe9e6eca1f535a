-- diffgen_apply(text, text): what it applies, and each of its errors.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS diffgen;
RESET client_min_messages;
\pset format unaligned
\pset tuples_only on

-- a document of numbered lines
CREATE FUNCTION pg_temp.numbers(first int, last int) RETURNS text
LANGUAGE sql AS $$
  SELECT string_agg('line ' || i || E'\n', '' ORDER BY i)
  FROM generate_series(first, last) i
$$;

-- shows a text with its special bytes
CREATE FUNCTION pg_temp.show(t text) RETURNS text LANGUAGE sql AS $$
  SELECT replace(replace(replace(t, '\', '\\'), E'\n', '\n'), E'\r', '\r')
$$;

--
-- Round trips, with every context
--
SELECT context,
  count(*) FILTER (WHERE diffgen_apply(a, diffgen(a, b, o)) = b) AS forth,
  count(*) FILTER (WHERE diffgen_apply(b, diffgen_invert(diffgen(a, b, o))) = a) AS back
FROM (VALUES
  ('', E'a\n'), (E'a\n', ''), ('a', E'a\n'), (E'a\n', 'a'), ('a', 'b'),
  (E'a\nb\nc', E'a\nB\nc'), (E'a\nb\nc', E'a\nb\nc\n'), (E'\n', E'\n\n'),
  (E'a\r\nb\r\n', E'a\r\nc\r\n'), (E'-- x\n++ y\n', E'++ y\n-- x\n'),
  (pg_temp.numbers(1, 100), pg_temp.numbers(2, 101)),
  ('same', 'same')) AS p(a, b),
  generate_series(0, 4) AS context,
  jsonb_build_object('context', context) AS o
GROUP BY context ORDER BY context;

SELECT diffgen_apply('any text', '');
SELECT diffgen_apply(NULL, '') IS NULL, diffgen_apply('', NULL) IS NULL;

--
-- What tools write
--
-- no file header, counts of 1 written
SELECT pg_temp.show(diffgen_apply(E'a\n', E'@@ -1,1 +1,1 @@\n-a\n+b\n'));
-- git's header, with names in quotes
SELECT pg_temp.show(diffgen_apply(E'a\n', E'diff --git "a/\\303\\251" "b/\\303\\251"\n'
  'index 7898192..6178079 100644\n--- "a/\\303\\251"\n+++ "b/\\303\\251"\n'
  '@@ -1 +1 @@ heading\n-a\n+b\n'));
-- GNU diff's command and timestamps
SELECT pg_temp.show(diffgen_apply(E'a\n', E'diff -u old/f new/f\n'
  '--- old/f\t2026-01-01 00:00:00.000000000 +0000\n'
  '+++ new/f\t2026-01-02 00:00:00.000000000 +0000\n@@ -1 +1 @@\n-a\n+b\n'));
-- a mail with a signature
SELECT pg_temp.show(diffgen_apply(E'a\n', E'Subject: change\n\n---\n f | 2 +-\n\n'
  'diff --git a/f b/f\n--- a/f\n+++ b/f\n@@ -1 +1 @@\n-a\n+b\n-- \n2.39.5\n\n'));
-- an empty context line without its blank
SELECT pg_temp.show(diffgen_apply(E'a\n\nc\n', E'@@ -1,3 +1,3 @@\n a\n\n-c\n+d\n'));
-- the same in a diff with carriage returns
SELECT pg_temp.show(diffgen_apply(E'a\r\n\r\nc\r\n',
  E'@@ -1,3 +1,3 @@\r\n a\r\n\r\n-c\r\n+d\r\n'));
-- the marker in another language
SELECT pg_temp.show(diffgen_apply('a',
  E'@@ -1 +1 @@\n-a\n\\ Kein Zeilenumbruch am Dateiende.\n+b\n'));
-- a count of 0 left out
SELECT pg_temp.show(diffgen_apply('', E'--- f\n+++ f\n@@ -1 +1,2 @@\n+a\n+b\n'));
SELECT pg_temp.show(diffgen_apply(E'a\nb\n', E'--- f\n+++ f\n@@ -1,2 +1 @@\n-a\n-b\n'));
-- no newline at the end of the diff
SELECT pg_temp.show(diffgen_apply(E'a\n', E'@@ -1 +1 @@\n-a\n+b'));
-- lines that look like headers
SELECT pg_temp.show(diffgen_apply(E'-- a\n@@ -1 +1 @@\n',
  E'@@ -1,2 +1,2 @@\n--- a\n+++ b\n @@ -1 +1 @@\n'));
-- only a mode has changed
SELECT pg_temp.show(diffgen_apply(E'a\n',
  E'diff --git a/f b/f\nold mode 100644\nnew mode 100755\n'));
-- a file made and removed
SELECT pg_temp.show(diffgen_apply('', E'--- /dev/null\n+++ b/f\n@@ -0,0 +1 @@\n+a\n'));
SELECT pg_temp.show(diffgen_apply(E'a\n', E'--- a/f\n+++ /dev/null\t2026\n@@ -1 +0,0 @@\n-a\n'));

--
-- Moved hunks
--
SELECT diffgen(pg_temp.numbers(1, 20),
  replace(pg_temp.numbers(1, 20), 'line 10', 'LINE 10')) AS d \gset
SELECT diffgen_apply(pg_temp.numbers(-3, 20), :'d') =
  replace(pg_temp.numbers(-3, 20), 'line 10', 'LINE 10');
SELECT diffgen_apply(pg_temp.numbers(5, 20), :'d') =
  replace(pg_temp.numbers(5, 20), 'line 10', 'LINE 10');
-- many of them, in a long document
WITH docs AS (
  SELECT string_agg('line ' || i || E'\n', '' ORDER BY i) AS a,
    string_agg('line ' || CASE WHEN i % 10 = 0 THEN -i ELSE i END || E'\n', '' ORDER BY i) AS b
  FROM generate_series(1, 20000) i)
SELECT diffgen_apply(E'new\n' || a, diffgen(a, b)) = E'new\n' || b FROM docs;
-- two places
SELECT diffgen_apply(E'0\n0\na\nb\nc\n0\na\nb\nc\n0\n', E'@@ -2,3 +2,3 @@\n a\n-b\n+B\n c\n');
-- where the header says, although there is another place
SELECT pg_temp.show(diffgen_apply(E'a\nb\nc\n0\na\nb\nc\n0\n', E'@@ -5,3 +5,3 @@\n a\n-b\n+B\n c\n'));
-- not where the header says: the hunk before has moved
SELECT diffgen_apply(E'0\n1\na\nx\nx\nx\nb\nc\nx\n',
  E'@@ -2 +2 @@\n-a\n+A\n@@ -4 +4 @@\n-x\n+X\n');

--
-- Hunks that do not fit
--
SELECT diffgen_apply(E'a\nX\nc\n', E'@@ -1,3 +1,3 @@\n a\n-b\n+B\n c\n');
SELECT diffgen_apply(E'a\n', E'@@ -1,3 +1,3 @@\n a\n-b\n+B\n c\n');
SELECT diffgen_apply('', E'@@ -7 +7 @@\n-b\n+B\n');
SELECT diffgen_apply(E'a\r\n', E'@@ -1 +1 @@\n-a\n+b\n');
SELECT diffgen_apply(E'  a\n', E'@@ -1 +1 @@\n-\ta\n+b\n');
SELECT diffgen_apply('a', E'@@ -1 +1 @@\n-a\n+b\n');
SELECT diffgen_apply(E'a\n', E'@@ -1 +1 @@\n-a\n\\ No newline at end of file\n+b\n');
SELECT diffgen_apply(repeat('é', 100), E'@@ -1 +1 @@\n-a\n+b\n');
-- less context after the change than before it: the end of the document
SELECT pg_temp.show(diffgen_apply(E'a\nb\n', E'@@ -1,2 +1,3 @@\n a\n b\n+c\n'));
SELECT diffgen_apply(E'a\nb\nd\n', E'@@ -1,2 +1,3 @@\n a\n b\n+c\n');
SELECT pg_temp.show(diffgen_apply(E'b\na\na\nb\n', E'@@ -1,2 +1,3 @@\n a\n b\n+c\n'));
-- less before than after: its start
SELECT diffgen_apply(E'0\na\nb\n', E'@@ -1,2 +1,3 @@\n+c\n a\n b\n');
SELECT diffgen_apply(E'0\na\nb\nz\n', E'@@ -1,2 +1,2 @@\n-a\n+c\n b\n');
-- a new line without newline must be the last
SELECT diffgen_apply(E'a\nb\n', E'@@ -1 +1 @@\n-a\n+c\n\\ No newline at end of file\n');
-- nothing can follow a line without newline
SELECT diffgen_apply('a', E'@@ -1,0 +2 @@\n+b\n');
SELECT diffgen_apply(E'a\n', E'@@ -5,0 +6 @@\n+b\n');
-- lines to add, and nothing that tells where
SELECT pg_temp.show(diffgen_apply(E'a\nb\nc\n', E'@@ -2,0 +3 @@\n+x\n'));
SELECT diffgen_apply(E'a\nb\nc\n', E'@@ -3,0 +3 @@\n+x\n');
SELECT diffgen_apply(E'0\na\nb\nc\n', E'@@ -1 +1 @@\n-a\n+A\n@@ -3,0 +4 @@\n+x\n');
-- files that should be empty
SELECT diffgen_apply(E'a\n', E'--- /dev/null\n+++ b/f\n@@ -0,0 +1 @@\n+a\n');
SELECT diffgen_apply(E'a\nb\n', E'--- a/f\n+++ /dev/null\n@@ -1 +0,0 @@\n-a\n');
SELECT diffgen_apply(E'x\n', E'--- f\n+++ f\n@@ -1 +1,2 @@\n+a\n+b\n');
SELECT diffgen_apply(E'a\nx\n', E'@@ -1 +1 @@\n-a\n');

--
-- Texts that are not diffs of one document
--
SELECT diffgen_apply('', 'hello');
SELECT diffgen_apply('', E'--- a\n+++ b\n');
SELECT diffgen_apply('{}', ' [{"op": "remove", "path": "/a"}]');
SELECT diffgen_apply('{}', '{"a": null}');
SELECT diffgen_apply('', E'@@ -1 +1 @\n-a\n+b\n');
SELECT diffgen_apply('', E'@@ -99999999999 +1 @@\n-a\n+b\n');
SELECT diffgen_apply('', E'@@ -1,0 +1,0 @@\n');
SELECT diffgen_apply('', E'@@ -1 +1 @@\n-a\n+b\ntext\n@@ -9 +9 @@\n-a\n+b\n');
SELECT diffgen_apply('', E'@@ -1,2 +1,2 @@\n a\n-b\n');
SELECT diffgen_apply('', E'@@ -2 +2 @@\n-a\n');
SELECT diffgen_apply('', E'@@ -1,2 +1,2 @@\n a\nb\n');
SELECT diffgen_apply('', E'@@ -1 +1 @@\n a\n+b\n');
SELECT diffgen_apply('', E'@@ -1,2 +1,1 @@\n a\n+b\n-c\n');
SELECT diffgen_apply('', E'@@ -1,2 +1,2 @@\n\\ No newline at end of file\n a\n-b\n+c\n');
SELECT diffgen_apply('', E'@@ -1 +1 @@\n-a\n+b\n\\ No newline\n\\ No newline\n');
SELECT diffgen_apply('', E'@@ -1,2 +1 @@\n-a\n\\ No newline at end of file\n-b\n+c\n');
SELECT diffgen_apply('', E'@@ -5 +5 @@\n-a\n+b\n@@ -2 +2 @@\n-a\n+b\n');
SELECT diffgen_apply('', E'@@@ -1 -1 +1 @@@\n--a\n++b\n');
SELECT diffgen_apply('', E'diff --git a/f b/f\nGIT binary patch\nliteral 0\n');
SELECT diffgen_apply('', E'Binary files a/f and b/f differ\n');
SELECT diffgen_apply(E'a\n', E'--- a/f\n+++ b/f\n@@ -1 +1 @@\n-a\n+b\n'
  '--- a/g\n+++ b/g\n@@ -1 +1 @@\n-a\n+b\n');
SELECT diffgen_apply(E'a\n', E'diff --git a/f b/f\nold mode 1\nnew mode 2\n'
  'diff --git a/g b/g\n--- a/g\n+++ b/g\n@@ -1 +1 @@\n-a\n+b\n');

-- A document of two lines over and over, and a diff of it that has moved: the
-- search has a limit, and it is always at the same hunk.
WITH docs AS MATERIALIZED (
  SELECT string_agg(bit || E'\n', '' ORDER BY i) AS a,
    string_agg(CASE WHEN i % 70 = 35 THEN i::text ELSE bit END || E'\n', '' ORDER BY i) AS b
  FROM (SELECT i, (hashint4(i) & 1)::text AS bit FROM generate_series(1, 200000) i) AS bits)
SELECT diffgen_apply(E'2\n' || a, diffgen(a, b, '{"context": 30}')) FROM docs;
