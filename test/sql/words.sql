-- diffgen_words: diffs by words, characters and lines.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS diffgen;
RESET client_min_messages;
\pset format unaligned
\pset tuples_only on

SELECT diffgen_words('the quick brown fox', 'the slow brown fox');
SELECT diffgen_words('the quick brown fox', 'the slow red fox');
SELECT diffgen_words('image: nginx:1.25.3', 'image: nginx:1.27.0');
SELECT diffgen_words('', 'new'), diffgen_words('old', ''), diffgen_words('', '');
SELECT diffgen_words('same', 'same');
SELECT diffgen_words(NULL, 'x') IS NULL, diffgen_words('x', NULL) IS NULL;
-- an edit starts after white space where it can
SELECT diffgen_words('["a", "b"]', '["a", "b", "c"]');
SELECT diffgen_words('a b c', 'a b b c');
SELECT diffgen_words(E'if x:\n  y\n', E'if x:\n  y\n  y\n');
-- lines are kept apart
SELECT diffgen_words(E'one two\nthree\n', E'one 2\nfour\n');
-- white space alone
SELECT diffgen_words('a  b', 'a b'), diffgen_words(E'a\tb', 'a b');
-- words are kept whole, underscores and digits too
SELECT diffgen_words('snake_case1 x', 'snake_case2 x');

-- by characters and by lines
SELECT diffgen_words('kitten', 'sitting', '{"granularity": "char"}');
SELECT diffgen_words(E'a\nb\nc\n', E'a\nB\nc\n', '{"granularity": "line"}');
SELECT diffgen_words(E'a\nb', E'a\nb\n', '{"granularity": "line"}');

-- characters outside ASCII, written by code so that this file stays ASCII
-- marks belong to their letter: e + acute against e + grave
SELECT diffgen_words(U&'caf\0065\0301 x', U&'caf\0065\0300 x') =
  U&'[-caf\0065\0301-]{+caf\0065\0300+} x';
-- by characters, the letter stays
SELECT diffgen_words(U&'caf\0065\0301 x', U&'caf\0065\0300 x', '{"granularity": "char"}') =
  U&'cafe[-\0301-]{+\0300+} x';
-- code points that share bytes: U+00E9 and U+00E8, U+20AC and U+20AD
SELECT diffgen_words(U&'\00E9', U&'\00E8', '{"granularity": "char"}') = U&'[-\00E9-]{+\00E8+}',
  diffgen_words(U&'a\20ACb', U&'a\20ADb', '{"granularity": "char"}') = U&'a[-\20AC-]{+\20AD+}b',
  diffgen_words(U&'\+01F600', U&'\+01F601', '{"granularity": "char"}') = U&'[-\+01F600-]{+\+01F601+}';
-- an end in common that is only part of a character: U+00E9 against U+01E9
SELECT diffgen_words(U&'x\00E9', U&'x\01E9', '{"granularity": "char"}') = U&'x[-\00E9-]{+\01E9+}';
-- each ideograph is a word; Cyrillic makes whole words
SELECT diffgen_words(U&'\4E2D\6587\5B57', U&'\4E2D\570B\5B57') = U&'\4E2D[-\6587-]{+\570B+}\5B57';
SELECT diffgen_words(U&'\043C\0438\0440', U&'\043C\0438\0448') = U&'[-\043C\0438\0440-]{+\043C\0438\0448+}';

-- What was removed and what was added leaves the new and the old text.
WITH pairs AS (
  SELECT (SELECT string_agg(CASE WHEN (hashint4(i * 1000 + n) & 7) < 4 THEN 'a' WHEN (hashint4(i + n) & 7) < 6 THEN ' ' ELSE 'b' END, '' ORDER BY n)
          FROM generate_series(1, 40) n) AS a,
         (SELECT string_agg(CASE WHEN (hashint4(i * 1000 + n) & 7) < 4 THEN 'a' WHEN (hashint4(i * 7 + n) & 7) < 6 THEN ' ' ELSE 'b' END, '' ORDER BY n)
          FROM generate_series(1, 40) n) AS b,
         g, al
  FROM generate_series(1, 50) i,
    unnest(ARRAY['word', 'char', 'line']) g, unnest(ARRAY['myers', 'minimal', 'patience', 'histogram']) al)
SELECT count(*),
  bool_and(regexp_replace(replace(replace(d, '{+', ''), '+}', ''), '\[-.*?-\]', '', 'g') = b),
  bool_and(regexp_replace(replace(replace(d, '[-', ''), '-]', ''), '\{\+.*?\+\}', '', 'g') = a)
FROM (SELECT a, b, diffgen_words(a, b, jsonb_build_object('granularity', g, 'algorithm', al)) AS d FROM pairs) AS s;

-- one long line with a hundred changes
WITH docs AS (
  SELECT string_agg(format('"key%s": "value %s"', i, i), ', ' ORDER BY i) AS a,
    string_agg(format('"key%s": "value %s"', i, CASE WHEN i % 300 = 0 THEN -i ELSE i END), ', ' ORDER BY i) AS b
  FROM generate_series(1, 30000) i)
SELECT count(*) FROM docs, regexp_matches(diffgen_words(a, b), '\{\+-\+\}|\[-', 'g');

SELECT diffgen_words('a', 'b', '{"granularity": "syllable"}');
SELECT diffgen_words('a', 'b', '{"granularity": 1}');
SELECT diffgen_words('a', 'b', '{"context": 1}');
SELECT diffgen('a', 'b', '{"granularity": "word"}');
