-- diffgen_timeline_html: the changes of a tracked table as a web page.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS diffgen;
RESET client_min_messages;
\set VERBOSITY default
\set SHOW_CONTEXT never
\pset format unaligned
\pset tuples_only on
CREATE SCHEMA chg_page;
SET search_path = chg_page, public;
SET timezone = 'UTC';

-- a page without style, script and policy
CREATE FUNCTION pg_temp.body(t text) RETURNS text LANGUAGE sql AS $$
  SELECT regexp_replace(regexp_replace(t, '<style>.*</style>\n', ''), '<script>.*</script>\n', '')
$$;
-- the lines of entries, without elements
CREATE FUNCTION pg_temp.entries(t text) RETURNS SETOF text LANGUAGE sql AS $$
  SELECT regexp_replace(regexp_replace(line, '<[^>]*>', ' ', 'g'), ' +', ' ', 'g')
  FROM regexp_split_to_table(t, E'\n') line WHERE line LIKE '<li id="c%'
$$;
CREATE FUNCTION pg_temp.bars(t text) RETURNS SETOF text LANGUAGE sql AS $$
  SELECT substring(line FROM '<title>([^<]*)') FROM regexp_split_to_table(t, E'\n') line WHERE line ~ '^<[ag] class="tl-bar"'
$$;
-- what is said of times
CREATE FUNCTION pg_temp.times(t text) RETURNS SETOF text LANGUAGE sql AS $$
  SELECT m[1] FROM regexp_split_to_table(t, E'\n') line,
    regexp_matches(line, '(<h2>.*</h2>|<time[^<]*|<dt>time</dt><dd>[^<]*|<p>.*</p>)', 'g') m
$$;

CREATE TABLE conf (area text, id int, doc jsonb, note text, PRIMARY KEY (area, id));
SELECT diffgen_track('conf', NULL, '{"context": 1}');

-- nothing but the beginning
UPDATE conf_changelog SET changed_at = '2026-11-01 12:00:00.5+00', transaction_id = '1', changed_by = 'owner', application = 'psql';
SELECT pg_temp.body(diffgen_timeline_html('conf'));
-- not even that
SELECT pg_temp.body(diffgen_timeline_html('conf', '{"area": "nowhere"}'));
SELECT diffgen_timeline_html(NULL) IS NULL;

SET diffgen.context = '{"user": "ann", "ticket": {"id": 7}}';
INSERT INTO conf VALUES ('a', 1, '{"a": 1, "list": [{"name": "x", "v": 1}]}', E'one\ntwo\n');
RESET diffgen.context;
UPDATE conf SET doc = '{"a": 2, "list": [{"name": "x", "v": 2}], "b": {"c": [1]}}', note = E'one\n2\n';
UPDATE conf SET doc = NULL;
UPDATE conf SET doc = '{"b": {"c": [2]}}';
UPDATE conf SET id = 2, doc = '{"b": {"c": [3]}}';
DELETE FROM conf;
INSERT INTO conf VALUES ('b', 1, '{"kept": true}', 'x');
SET diffgen.context = '"a word"';
TRUNCATE conf;
RESET diffgen.context;
SELECT diffgen_untrack('conf') IS NOT NULL, diffgen_track('conf') IS NOT NULL;

-- changes are an hour from each other, of two roles
UPDATE conf_changelog SET changed_at = '2026-11-01 12:00+00'::timestamptz + (change_id - 1) * interval '1 hour',
  transaction_id = '7', changed_by = CASE change_id % 2 WHEN 0 THEN 'owner' ELSE 'guest' END, application = CASE WHEN change_id < 10 THEN 'psql' END;
SELECT pg_temp.body(diffgen_timeline_html('conf', '{"id": 1, "area": "a"}'));
SELECT * FROM pg_temp.entries(diffgen_timeline_html('conf'));
SELECT * FROM pg_temp.bars(diffgen_timeline_html('conf'));
-- the same rows, the same page
SELECT diffgen_timeline_html('conf') = diffgen_timeline_html('conf', NULL, '{"layout": "unified", "limit": 500}'),
  diffgen_timeline_html('conf') = diffgen_timeline_html('conf', '{}', NULL);

-- what else there is to ask for
SELECT * FROM pg_temp.entries(diffgen_timeline_html('conf', '{"id": 2}'));
SELECT * FROM pg_temp.entries(diffgen_timeline_html('conf', NULL, '{"from": "2026-11-01 16:00+00", "to": "2026-11-01 18:00+00"}'));
SELECT * FROM pg_temp.bars(diffgen_timeline_html('conf', NULL, '{"from": "2026-11-01 16:00+00", "to": "2026-11-01 18:00+00"}'));
SELECT * FROM pg_temp.entries(diffgen_timeline_html('conf', NULL, '{"document": "note"}'));
SELECT * FROM pg_temp.entries(diffgen_timeline_html('conf', NULL, '{"operation": ["truncate", "untrack"]}'));
SELECT * FROM pg_temp.entries(diffgen_timeline_html('conf', NULL, '{"changed_by": "ann"}'));
SELECT count(*) FROM pg_temp.entries(diffgen_timeline_html('conf', NULL, '{"changed_by": ["ann", "owner"]}'));
SELECT * FROM pg_temp.entries(diffgen_timeline_html('conf', NULL, '{"who": ["request", "ticket"], "operation": "insert"}'));
SELECT * FROM pg_temp.entries(diffgen_timeline_html('conf', NULL, '{"limit": 1, "document": "doc"}'));
SELECT substring(pg_temp.body(diffgen_timeline_html('conf', NULL, '{"limit": 1, "document": "doc", "title": "<T> & co", "from": "-infinity", "to": "infinity", "changed_by": "guest", "path": "$.a"}')) FROM '<title>.*</header>');
SELECT substring(diffgen_timeline_html('conf', NULL, '{"limit": 1, "document": "doc"}') FROM '<p class="tl-more">.*?</p>');
SELECT substring(diffgen_timeline_html('conf', NULL, '{"lines": 5, "document": "doc", "operation": "update"}') FROM '<p>The diff.*?</p>');
SELECT diffgen_timeline_html('conf', NULL, '{"layout": "side-by-side"}') ~ '<th scope="col" class="dg-n">Line</th>',
  diffgen_timeline_html('conf', NULL, '{"granularity": "line"}') ~ '<mark>', diffgen_timeline_html('conf') ~ '<mark>';

-- paths: at a place, in it, and as part of a larger whole
CREATE TABLE found (path text);
CREATE FUNCTION pg_temp.find(VARIADIC patterns text[]) RETURNS text LANGUAGE sql AS $$
  SELECT string_agg(m[1], ' ' ORDER BY m[1]::int) FROM regexp_matches(diffgen_timeline_html('conf', NULL,
    jsonb_build_object('path', patterns)), '<li id="c(\d+)">', 'g') m
$$;
TRUNCATE conf_changelog;
INSERT INTO conf_changelog (area, id, change_id, changed_at, operation, document, paths, added, removed)
SELECT 'a', 1, n, '2026-11-01', 'update', 'doc', ARRAY[path], 1, 1 FROM unnest(ARRAY['$.spec', '$.spec.image', '$.spec.image.tag', '$.spec.imagePolicy',
  '$.spec.containers[*]?(@.name == "web").image', '$.spec.containers[1].image', '$.spec.containers[*]?(@.name == "log")', '$."a.b"', '$."sp\"ec"[0]', '$',
  'no path', '$.spec[', '$."', '$.spec?(', '']) WITH ORDINALITY p(path, n);
SELECT pg_temp.find('$.spec.image'), pg_temp.find('$.spec.image.tag'), pg_temp.find('$."spec"."image"'), pg_temp.find(' $ . spec . image ');
SELECT pg_temp.find('$.spec.containers[*].image'), pg_temp.find('$.spec.containers[1]'), pg_temp.find('$.spec.containers[*] ? (@.name=="web")'),
  pg_temp.find('$.spec.containers[*]?(@.name == "log").image');
SELECT pg_temp.find('$.**.image'), pg_temp.find('$.*.image'), pg_temp.find('$."a.b"'), pg_temp.find('$."sp\"ec"[*]', '$.a'), pg_temp.find('$.other.place');
-- many steps of any depth take no longer than one after the other
UPDATE conf_changelog SET paths = ARRAY['$' || repeat('.a', 5000)] WHERE change_id = 1;
SELECT pg_temp.find('$' || repeat('.**.a', 100) || '.**.b') IS NULL, pg_temp.find('$' || repeat('.**.a', 100)) = '1';
UPDATE conf_changelog SET paths = ARRAY['$.spec'] WHERE change_id = 1;
-- in short
SELECT * FROM pg_temp.entries(diffgen_timeline_html('conf'));
UPDATE conf_changelog SET paths = ARRAY['$.metadata.annotations."deployment.kubernetes.io/revision"', '$.spec.template.spec.containers[*]?(@.name == "web").ports[*]?(@.port == 80 && @.protocol == "T\"CP").name', '$.a', '$.b', '$.c']
WHERE change_id = 1;
SELECT * FROM pg_temp.entries(diffgen_timeline_html('conf', NULL, '{"path": "$.metadata"}'));

-- the script that may run is the one that is there
SELECT count(*), bool_and(m[1] = encode(sha256(convert_to(s[1], 'UTF8')), 'base64'))
FROM diffgen_timeline_html('conf') p, regexp_matches(p, 'script-src ''sha256-(.*?)''') m, regexp_matches(p, '<script>(.*?)</script>', 'g') s;

-- nothing gets out of where it is
UPDATE conf_changelog SET area = '</b><script>alert(1)</script>', operation = '<i>x</i>', document = '"><img src=x onerror=alert(2)>',
  paths = ARRAY['$."</code><script>"', '<svg onload=x>', U&'\202E'], changed_by = '<b>who</b>', application = '</dd><style>*{}</style>',
  context = '{"<u>k</u>": "<u>v</u>", "user": ["<em>"]}', diff = E'--- before\n+++ after\n@@ -1 +1 @@\n-<script>\n+</table></ins>\n' WHERE change_id = 1;
UPDATE conf_changelog SET diff = E'no <diff>\r\n', context = '["</dl>"]', patch = '"x"' WHERE change_id = 2;
UPDATE conf_changelog SET patch = '[{"value": {"</pre>": 1}}]', operation = 'delete' WHERE change_id = 3;
UPDATE conf_changelog SET patch = '[]', operation = 'delete', added = -5, removed = -2147483648 WHERE change_id = 4;
UPDATE conf_changelog SET patch = '[1]', operation = 'delete', added = NULL WHERE change_id = 5;
DELETE FROM conf_changelog WHERE change_id > 5;
SELECT substring(pg_temp.body(diffgen_timeline_html('conf', NULL, '{"title": "</title><script>x</script>"}')) FROM '<title>.*');
-- entries of snapshots, and others about the changelog
INSERT INTO conf_changelog (area, id, change_id, changed_at, operation, document, application, context)
VALUES ('a', 1, -4611686018427387904, '2026-10-01', 'insert', 'doc', 'diffgen_backfill', NULL),
  (NULL, NULL, 100, '2026-10-02', 'backfill', NULL, NULL, '{"done": 1, "source": "old"}'), (NULL, NULL, 101, '2026-10-03', 'prune', NULL, NULL, '{"before": "2026-09-01"}');
SELECT * FROM pg_temp.entries(diffgen_timeline_html('conf', NULL, '{"to": "2026-10-31"}'));
SELECT substring(diffgen_timeline_html('conf', NULL, '{"to": "2026-10-31"}') FROM '<a class="tl-bar" href="[^"]*">');
DELETE FROM conf_changelog WHERE change_id NOT BETWEEN 1 AND 5;
-- times far away, and none
UPDATE conf_changelog SET changed_at = CASE change_id WHEN 1 THEN '-infinity' WHEN 2 THEN '4713-01-01 BC' WHEN 3 THEN 'infinity' WHEN 4 THEN '294276-12-31' ELSE changed_at END::timestamptz;
SELECT * FROM pg_temp.times(diffgen_timeline_html('conf'));
SELECT * FROM pg_temp.bars(diffgen_timeline_html('conf'));

-- the time zone of the session
TRUNCATE conf_changelog;
INSERT INTO conf_changelog (area, id, change_id, changed_at, operation, document)
SELECT 'a', 1, n, t, 'update', 'doc' FROM unnest(ARRAY['2026-10-24 21:59:59+00', '2026-10-24 22:00+00', '2026-10-25 00:30+00', '2026-10-25 01:30+00', '2026-10-25 23:00+00']::timestamptz[]) WITH ORDINALITY u(t, n);
SET timezone = 'Europe/Berlin';
SET datestyle = 'SQL, DMY';
SELECT * FROM pg_temp.times(diffgen_timeline_html('conf'));
SELECT * FROM pg_temp.bars(diffgen_timeline_html('conf'));
RESET timezone;
RESET datestyle;
SET timezone = 'UTC';

-- the unit of the chart, and what its bars add up to
TRUNCATE conf_changelog;
CREATE FUNCTION pg_temp.chart(step interval, n int) RETURNS text LANGUAGE plpgsql AS $$
DECLARE page text;
BEGIN
  TRUNCATE conf_changelog;
  INSERT INTO conf_changelog (area, id, change_id, changed_at, operation, document)
  SELECT 'a', 1, i, '2024-02-20 10:03+00'::timestamptz + step * i, (ARRAY['insert', 'update', 'delete'])[i % 3 + 1], 'doc' FROM generate_series(0, n - 1) i;
  page := diffgen_timeline_html('conf', NULL, '{"limit": 1}');
  RETURN (SELECT concat_ws('|', substring(page FROM '<strong>Changes per (.*?)</strong>'), count(*), sum(m[1]::int), min(l[1] || ': ' || m[1] COLLATE "C"), max(m[1]::int))
    FROM (SELECT b FROM pg_temp.bars(page) b) b, regexp_matches(b, ': (\d+) change') m, regexp_matches(b, '^(.*): ') l);
END $$;
SELECT pg_temp.chart('10 s', 50);
SELECT pg_temp.chart('1 min', 200);
SELECT pg_temp.chart('7 min', 100);
SELECT pg_temp.chart('1 hour', 60);
SELECT pg_temp.chart('1 hour', 300);
SELECT pg_temp.chart('1 day', 60);
SELECT pg_temp.chart('11 hours', 500);
SELECT pg_temp.chart('1 week', 100);
SELECT pg_temp.chart('1 month', 100);
SELECT pg_temp.chart('1 year', 50);
SELECT pg_temp.chart('1 year', 500);
SELECT substring(diffgen_timeline_html('conf') FROM '<desc.*?</desc>');

-- columns that only readers need can be dropped
ALTER TABLE conf_changelog DROP COLUMN transaction_id, DROP COLUMN paths, DROP COLUMN added, DROP COLUMN removed, DROP COLUMN changed_by, DROP COLUMN application, DROP COLUMN context;
SELECT count(*) FROM pg_temp.entries(diffgen_timeline_html('conf', NULL, '{"limit": 3}'));
SELECT count(*) FROM pg_temp.entries(diffgen_timeline_html('conf', NULL, '{"changed_by": "ann"}'));

-- a key of other types, whose columns have names of the changelog's, and a partition
CREATE TABLE part (paths jsonb, at date, body text, PRIMARY KEY (paths, at)) PARTITION BY RANGE (at);
CREATE TABLE part1 PARTITION OF part FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
SELECT diffgen_track('part');
INSERT INTO part VALUES ('{"k": [1]}', '2026-02-03', 'x'), ('"s"', '2026-02-03', 'x');
SELECT substring(diffgen_timeline_html('part1', '{"paths": {"k": [1]}, "at": "2026-02-03"}') FROM '<h1>.*?</h1>'),
  substring(diffgen_timeline_html('part', '{"paths": "s"}') FROM 'SELECT diffgen_at_change.*?</pre>');

-- the caller's rights
CREATE ROLE regress_dg_page;
GRANT USAGE ON SCHEMA chg_page TO regress_dg_page;
GRANT SELECT ON conf TO regress_dg_page;
SET ROLE regress_dg_page;
SELECT diffgen_timeline_html('conf');
RESET ROLE;
GRANT SELECT ON conf_changelog TO regress_dg_page;
-- and nobody else's operators
CREATE SCHEMA chg_evil;
CREATE FUNCTION chg_evil.eq(text, text) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'evil'; END $$;
CREATE OPERATOR chg_evil.= (FUNCTION = chg_evil.eq, LEFTARG = text, RIGHTARG = text);
CREATE TABLE chg_evil.conf_changelog (x int);
GRANT USAGE ON SCHEMA chg_evil TO regress_dg_page;
SET ROLE regress_dg_page;
SET search_path = chg_evil, pg_catalog, chg_page, public;
SELECT length(public.diffgen_timeline_html('chg_page.conf', '{"area": "a"}', '{"operation": "update", "document": "doc"}')) > 1000;
RESET search_path;
RESET ROLE;
SET search_path = chg_page, public;

-- statements that any session reads alike, and times that have no date
CREATE TABLE measured (x float8, at timestamptz, span interval, doc jsonb, PRIMARY KEY (x, at, span));
SELECT diffgen_track('measured') IS NOT NULL AS tracked;
INSERT INTO measured_changelog (x, at, span, change_id, changed_at, operation, document, new_hash)
VALUES (0.1::float8 + 0.2, '2026-03-04 05:06:07.123456+00', '-1 day 2:03:04', 1000, '294276-12-31 23:59:59+00', 'insert', 'doc', '\x00');
SET extra_float_digits = 0;
SET datestyle = 'SQL, DMY';
SET intervalstyle = 'sql_standard';
SET timezone = 'Pacific/Kiritimati';
SELECT regexp_matches(diffgen_timeline_html('measured'), 'SELECT diffgen_at_change.*?[)];') AS statement;
SHOW datestyle;
RESET extra_float_digits;
RESET datestyle;
RESET intervalstyle;
RESET timezone;

-- errors
SELECT diffgen_timeline_html('found');
SELECT diffgen_timeline_html('conf', '[1]');
SELECT diffgen_timeline_html('conf', '{"name": "x"}');
SELECT diffgen_timeline_html('conf', '{"area": null}');
SELECT diffgen_timeline_html('conf', '{"id": "x"}');
SELECT diffgen_timeline_html('conf', NULL, '[]');
SELECT diffgen_timeline_html('conf', NULL, '{"since": "today"}');
SELECT diffgen_timeline_html('conf', NULL, '{"context": 3}');
SELECT diffgen_timeline_html('conf', NULL, '{"ignore": []}');
SELECT diffgen_timeline_html('conf', NULL, '{"layout": "sideways"}');
SELECT diffgen_timeline_html('conf', NULL, '{"from": 5}');
SELECT diffgen_timeline_html('conf', NULL, '{"to": "soon"}');
SELECT diffgen_timeline_html('conf', NULL, '{"from": "2026-11-02", "to": "2026-11-01"}');
SELECT diffgen_timeline_html('conf', NULL, '{"document": "body"}');
SELECT diffgen_timeline_html('conf', NULL, '{"changed_by": []}');
SELECT diffgen_timeline_html('conf', NULL, '{"changed_by": [1]}');
SELECT diffgen_timeline_html('conf', NULL, '{"operation": "merge"}');
SELECT diffgen_timeline_html('conf', NULL, '{"path": "$"}');
SELECT diffgen_timeline_html('conf', NULL, '{"path": "lax $.a"}');
SELECT diffgen_timeline_html('conf', NULL, '{"path": "$.a ? (@ > 1)"}');
SELECT diffgen_timeline_html('conf', NULL, '{"limit": 0}');
SELECT diffgen_timeline_html('conf', NULL, '{"limit": 100001}');
SELECT diffgen_timeline_html('conf', NULL, '{"lines": 1.5}');
SELECT diffgen_timeline_html('conf', NULL, '{"title": ""}');

SET client_min_messages = warning;
DROP SCHEMA chg_page, chg_evil CASCADE;
DROP ROLE regress_dg_page;
