-- diffgen_lines and diffgen_hunks: a unified diff as rows.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS diffgen;
RESET client_min_messages;
\pset null '(null)'

SELECT * FROM diffgen_lines(diffgen(E'a\nb\nc\nd\ne\nf\ng\n', E'a\nB\nc\nd\ne\nf\nG',
  '{"context": 1}'));
SELECT * FROM diffgen_hunks(diffgen(E'a\nb\nc\nd\ne\nf\ng\n', E'a\nB\nc\nd\ne\nf\nG',
  '{"context": 1}'));
SELECT * FROM diffgen_lines('');
SELECT * FROM diffgen_hunks('');
SELECT count(*) FROM diffgen_lines(NULL);

-- an empty range counts from the line before it
SELECT hunk, old_start, old_count, new_start, new_count, heading
FROM diffgen_hunks(E'@@ -0,0 +1 @@ first: \n+a\n@@ -4 +4,0 @@\n-x\n');
SELECT op, old_line, new_line, line
FROM diffgen_lines(E'@@ -0,0 +1 @@\n+a\n@@ -4 +4,0 @@\n-x\n');
-- a count that is missing and means 0
SELECT hunk, old_start, old_count, new_start, new_count
FROM diffgen_hunks(E'@@ -1 +1,2 @@\n+a\n+b\n');

-- Hunks make up the diff again.
SELECT E'--- before\n+++ after\n' || string_agg(body, '' ORDER BY hunk) = d AS same
FROM (SELECT diffgen(string_agg(i || E'\n', '' ORDER BY i),
                     string_agg(i + (i % 10)/9 || E'\n', '' ORDER BY i)) AS d
      FROM generate_series(1, 100) i) AS docs, diffgen_hunks(d)
GROUP BY d;

-- Rows come as they are read: the end of the diff is not looked at.
SELECT line FROM (SELECT diffgen_lines(E'@@ -1 +1 @@\n-a\n+b\n@@ -2 +2 @@\n-c\n') AS l LIMIT 1) AS s,
  LATERAL (SELECT (l).line) AS t;
SELECT count(*) FROM diffgen_lines(E'@@ -1 +1 @@\n-a\n+b\n@@ -2 +2 @@\n-c\n');
SELECT count(*) FROM diffgen_hunks('hello');
SELECT count(*) FROM diffgen_lines(E'--- a/f\n+++ b/f\n@@ -1 +1 @@\n-a\n+b\n'
  '--- a/g\n+++ b/g\n@@ -1 +1 @@\n-a\n+b\n');
