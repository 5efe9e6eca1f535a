-- The extension in a schema whose name needs quotes, which is not searched.
SET client_min_messages = warning;
DROP EXTENSION IF EXISTS diffgen CASCADE;
\set VERBOSITY terse
CREATE SCHEMA "Tools; of ours";
CREATE EXTENSION diffgen SCHEMA "Tools; of ours";
CREATE SCHEMA "My Schema";
CREATE TABLE "My Schema"."Config" ("Key" int PRIMARY KEY, doc jsonb, note text);
CREATE TABLE "My Schema".old (n int, "Key" int, at timestamptz, doc jsonb, note text);
INSERT INTO "My Schema".old SELECT n, n % 3, now() - interval '2 months' + n * interval '1 h', jsonb_build_object('n', n / 5), 'note ' || n / 7 FROM generate_series(1, 60) n;
SET search_path = '';

SELECT "Tools; of ours".diffgen_track('"My Schema"."Config"', NULL, '{"context": 1}');
INSERT INTO "My Schema"."Config" VALUES (1, '{"a": 1}', 'one'), (2, '{"a": 1}', 'one');
UPDATE "My Schema"."Config" SET doc = doc || '{"b": [1]}', note = 'two';
UPDATE "My Schema"."Config" SET doc = doc || '{"a": 2}';

SELECT target, changelog, documents, options FROM "Tools; of ours".diffgen_tracked;
CALL "Tools; of ours".diffgen_backfill('"My Schema".old', '"My Schema"."Config"', '{Key}', 'doc', 'n', 'at', batch => 7);
CALL "Tools; of ours".diffgen_backfill('"My Schema".old', '"My Schema"."Config"', '{Key}', 'note', 'n', 'at');
SELECT source, document, done, total FROM "Tools; of ours".diffgen_backfills;
SELECT document, operation, paths FROM "Tools; of ours".diffgen_history('"My Schema"."Config"', 1) WHERE change_id > 0;
SELECT bool_and("Tools; of ours".diffgen_at('"My Schema"."Config"', 'doc', at, "Key") = doc
	AND "Tools; of ours".diffgen_at_text('"My Schema"."Config"', 'note', at, "Key") = note) AS as_it_was FROM "My Schema".old;
SELECT path, value, change_id FROM "Tools; of ours".diffgen_blame('"My Schema"."Config"', 'doc', 1);
SELECT "Tools; of ours".diffgen_undo('"My Schema"."Config_changelog"', h.change_id) FROM "Tools; of ours".diffgen_history('"My Schema"."Config"', 1) h WHERE paths = '{$.b}';
SELECT "Tools; of ours".diffgen_undo('"My Schema"."Config_changelog"', h.change_id) FROM "Tools; of ours".diffgen_history('"My Schema"."Config"', 2) h WHERE document = 'note' AND operation = 'update' AND change_id > 0;
SELECT * FROM "My Schema"."Config" ORDER BY "Key";
SELECT "Tools; of ours".diffgen_at_change('"My Schema"."Config"', 'doc', max(change_id), true, 1) FROM "My Schema"."Config_changelog" WHERE "Key" = 1;
SELECT "Tools; of ours".diffgen_at_change_text('"My Schema"."Config"', 'note', max(change_id), false, 2) FROM "My Schema"."Config_changelog" WHERE "Key" = 2;
SELECT c.operation, c.patch FROM (SELECT "Tools; of ours".diffgen_snapshots(doc, at, '{}' ORDER BY n) AS changes FROM "My Schema".old WHERE n < 12) s, unnest(s.changes) c;
SELECT "Tools; of ours".diffgen_timeline_html('"My Schema"."Config"', '{"Key": 1}') ~ 'Config' AS page;
CALL "Tools; of ours".diffgen_maintain('"My Schema"."Config"');
CALL "Tools; of ours".diffgen_prune('"My Schema"."Config_changelog"', '1 day');
SELECT "Tools; of ours".diffgen_track('"My Schema"."Config"', NULL, '{"level": "statement"}');
UPDATE "My Schema"."Config" SET doc = doc || '{"c": 3}';
TRUNCATE "My Schema"."Config";
SELECT "Key", operation, document FROM "My Schema"."Config_changelog" WHERE "Key" IS NOT NULL ORDER BY change_id DESC LIMIT 6;
SELECT "Tools; of ours".diffgen_untrack('"My Schema"."Config"');
-- it stays where it is
ALTER EXTENSION diffgen SET SCHEMA public;
DROP EXTENSION diffgen;

RESET search_path;
DROP SCHEMA "My Schema", "Tools; of ours" CASCADE;
CREATE EXTENSION diffgen;
