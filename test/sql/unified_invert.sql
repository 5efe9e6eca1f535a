-- diffgen_invert(text): the inverse, byte for byte.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS diffgen;
RESET client_min_messages;
\pset format unaligned
\pset tuples_only on

-- Shows the inverse of a diff, and whether its inverse is the diff again.
CREATE FUNCTION pg_temp.try_invert(d text) RETURNS text LANGUAGE sql AS $$
  SELECT diffgen_invert(d) || CASE WHEN diffgen_invert(diffgen_invert(d)) = d
    THEN '[and back]' ELSE '[but not back]' END
$$;

SELECT pg_temp.try_invert(diffgen(E'a\nb\nc\nd\n', E'a\nB\nc\nd\ne'));
-- it is the diff of the documents the other way round
SELECT diffgen_invert(diffgen(E'a\nb\nc\n', E'a\nx\nc\n', '{"labels": ["x", "y"]}')) =
  diffgen(E'a\nx\nc\n', E'a\nb\nc\n', '{"labels": ["y", "x"]}');
SELECT pg_temp.try_invert('');
-- git's headers
SELECT pg_temp.try_invert(E'diff --git a/f b/g\nold mode 100644\nnew mode 100755\n'
  'similarity index 50%\nrename from f\nrename to g\nindex 12ab..34cd\n'
  '--- a/f\n+++ b/g\n@@ -1 +1,2 @@ heading\n-a\n+b\n+c\n');
SELECT pg_temp.try_invert(E'diff --git a/f b/f\nnew file mode 100644\nindex 0000..34cd\n'
  '--- /dev/null\n+++ b/f\n@@ -0,0 +1 @@\n+a\n');
SELECT pg_temp.try_invert(E'diff --git a/f b/f\ndeleted file mode 100644\nindex 34cd..0000\n'
  '--- a/f\n+++ /dev/null\n@@ -1 +0,0 @@\n-a\n');
SELECT pg_temp.try_invert(E'diff --git a/b c b/b c\nindex 12..34 100644\n');
SELECT pg_temp.try_invert(E'diff --git "a/\\"x\\"" "b/y"\ncopy from a\ncopy to b\n');
SELECT pg_temp.try_invert(E'diff --git a/x "b/y z"\nindex 1\n');
SELECT pg_temp.try_invert(E'diff --git a/x y b/z\n');
-- several files
SELECT pg_temp.try_invert(E'--- a/f\t1\n+++ b/f\t2\n@@ -1 +1 @@\n-a\n+b\n'
  '--- a/g\n+++ b/g\n@@ -1 +1 @@\n-c\n+d\n');
-- changes whose lines are in an unusual order
SELECT pg_temp.try_invert(E'@@ -1,2 +1,2 @@\n+a\n-b\n+c\n-d\n');
SELECT pg_temp.try_invert(E'@@ -1,2 +1 @@\n-a\n+b\n-c\n');
-- markers, and a diff without a newline at its end
SELECT pg_temp.try_invert(E'@@ -1 +1 @@\n-a\n\\ No newline\n+b\n');
SELECT pg_temp.try_invert(E'@@ -1 +1 @@\n-a\n+b');
SELECT pg_temp.try_invert(E'@@ -1 +1 @@\n-a\n+');
SELECT pg_temp.try_invert(E'@@ -1 +1 @@\n-a\n+b\n\\');
-- carriage returns
SELECT replace(pg_temp.try_invert(E'diff --git a/f b/g\r\n--- a\r\n+++ b\r\n@@ -1 +1,2 @@\r\n-a\r\n+b\r\n+c\r\n'), E'\r', '\r');
-- text around the diff stays
SELECT pg_temp.try_invert(E'Subject: x\nindex 1..2\n--- a\n+++ b\n@@ -1 +1 @@\n-a\n+b\n-- \n2.39\n');

SELECT diffgen_invert('[{"op": "remove", "path": "/a"}]');
SELECT diffgen_invert(E'@@ -1,2 +1 @@\n-a\n');
