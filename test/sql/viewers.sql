-- diffgen_ansi and diffgen_html: diffs for people.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS diffgen;
RESET client_min_messages;
\pset format unaligned
\pset tuples_only on

-- shows escape sequences as ESC
CREATE FUNCTION pg_temp.show(t text) RETURNS text LANGUAGE sql AS $$
  SELECT replace(t, E'\033', 'ESC')
$$;
-- a page without its style
CREATE FUNCTION pg_temp.body(t text) RETURNS text LANGUAGE sql AS $$
  SELECT regexp_replace(t, '<style>.*</style>\n', '')
$$;

SELECT diffgen(E'same\nthe quick fox\nleft\nend\n', E'same\nthe slow fox\nend\nmore',
  '{"labels": ["a/<f>", "b/<f>"]}') AS d \gset

--
-- ANSI
--
SELECT pg_temp.show(diffgen_ansi(:'d'));
SELECT pg_temp.show(diffgen_ansi(:'d', '{"width": 60}'));
SELECT diffgen_ansi('') = '', diffgen_ansi(NULL) IS NULL;
-- git's header, a heading, text around
SELECT pg_temp.show(diffgen_ansi(E'From: me\n\ndiff --git a/f b/f\nindex 1..2\n--- a/f\n+++ b/f\n'
  '@@ -1 +1 @@ heading\n-a\n+b\n-- \n2.39\n'));
-- lines that have nothing in common are not marked word by word
SELECT pg_temp.show(diffgen_ansi(diffgen('alpha beta', 'gamma delta')));
-- by characters
SELECT pg_temp.show(diffgen_ansi(diffgen('version 1024', 'version 1025'), '{"granularity": "char"}'));
-- what could command the terminal
SELECT pg_temp.show(diffgen_ansi(diffgen('', E'\033[2J\x07\r\t|\x7f' || U&'\202E\009B' || E'\n')));
-- a long line is broken, also between wide characters, and with marks on them
SELECT pg_temp.show(diffgen_ansi(diffgen(repeat('0123456789', 6), repeat('0123456789', 6) || 'x'), '{"width": 60}'));
SELECT diffgen_ansi(diffgen(repeat(U&'\4E2D', 20), repeat('e' || U&'\0301', 40)), '{"width": 60}')
  = E'\033[1m--- before\033[m\n\033[1m+++ after\033[m\n\033[36m@@ -1 +1 @@\033[m\n'
  '1 ' || E'\033[31m-' || repeat(U&'\4E2D', 12) || E'\033[m  | 1 \033[32m+' || repeat('e' || U&'\0301', 25)
  || E'\033[m\n' || '  ' || E'\033[31m ' || repeat(U&'\4E2D', 8) || E'\033[m          |   \033[32m ' || repeat('e' || U&'\0301', 15)
  || E'\033[m\n' || '   (no newline)              |    (no newline)' || E'\n' AS wide;
-- lines that have words in common stand beside each other, others between them
SELECT pg_temp.show(diffgen_ansi(diffgen(E'name: web\nimage: x:1.2\nports: 80\nend\n',
  E'first\nname: db\nimage: x:1.3\nports: 80, 443\nprotocol: tcp\nend\n', '{"algorithm": "minimal"}'), '{"width": 60}'));
SELECT pg_temp.show(diffgen_ansi(diffgen(E'x\ny\nfoo(bar)\nq\n', E'foo(bar, 1)\nr\ns\n'), '{"width": 60}'));
SELECT pg_temp.show(diffgen_ansi(diffgen(E'one two three four\nfive six\n', E'one two\nthree four five six\n'), '{"width": 60}'));
-- tabs side by side
SELECT pg_temp.show(diffgen_ansi(diffgen(E'a\tb\n', E'abc\tb\n'), '{"width": 60}'));

--
-- HTML
--
SELECT pg_temp.body(diffgen_html(:'d'));
SELECT pg_temp.body(diffgen_html(:'d', '{"layout": "side-by-side"}'));
SELECT pg_temp.body(diffgen_html(''));
SELECT diffgen_html(NULL) IS NULL;
SELECT pg_temp.body(diffgen_html(:'d', '{"page": true}'));
SELECT pg_temp.body(diffgen_html('', '{"page": true}'));
-- text around a diff of two files, and no names
SELECT pg_temp.body(diffgen_html(E'From: <me>\n\ndiff --git a/f b/f\nindex 1..2\n--- a/f\n+++ b/f\n'
  '@@ -1 +1 @@ <h>\n-a\n+b\n--- a/g\n+++ b/g\n@@ -1 +1 @@\n-c\n+d\n'));
SELECT pg_temp.body(diffgen_html(E'@@ -1 +1 @@\n-a\n+b\n'));
-- everything is escaped
SELECT substring(diffgen_html(diffgen('', E'<&>"''\033\r]]>' || U&'\202E\200B' || E'\n')) from '<ins>.*</ins>');
-- the style is one element and has nothing from the diff
SELECT count(*) FROM regexp_matches(diffgen_html(:'d'), '</?style', 'g');
-- long context is folded: at the start, in the middle and at the end
SELECT string_agg(line, E'\n' ORDER BY n)
FROM regexp_split_to_table(pg_temp.body(diffgen_html(
  (SELECT diffgen(string_agg(i || E'\n', '' ORDER BY i),
     string_agg(CASE WHEN i IN (20, 40) THEN 'x' ELSE i::text END || E'\n', '' ORDER BY i),
     '{"context": 100}')
   FROM generate_series(1, 60) i))), E'\n') WITH ORDINALITY AS l(line, n)
WHERE line ~ 'tbody|Show|<(del|ins)>' OR line ~ '>(1|16|17|19|21|23|24|36|37|39|41|43|44|60)</td></tr>';

SELECT diffgen_html('hello');
SELECT diffgen_ansi(E'@@ -1,2 +1 @@\n-a\nb\n');
SELECT diffgen_html('', '{"layout": "sideways"}');
SELECT diffgen_html('', '{"page": "yes"}');
SELECT diffgen_html('', '{"width": 80}');
SELECT diffgen_ansi('', '{"width": 59}');
SELECT diffgen_ansi('', '{"width": "wide"}');
SELECT diffgen_ansi('', '{"width": 80.5}');
SELECT diffgen_ansi('', '{"width": 10001}');
