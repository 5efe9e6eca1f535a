-- The stream of updates that test/demo/run shows, with fewer of them.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS diffgen;
\set VERBOSITY terse
\getenv directory PG_ABS_SRCDIR
\set file :directory '/demo/crd.sql'
\set ECHO none
\i :file
\set file :directory '/demo/cluster.sql'
\i :file
\set ECHO all
SELECT diffgen_track('demo.object', '{doc}', '{"preset": "kubernetes", "ignore": ["$.status.currentMetrics", "$.status.lastReconcileTime"]}');
CALL demo.stream(1500);
SELECT kind, count(*) AS updates, count(*) FILTER (WHERE is_change) AS changes,
	(SELECT count(*) FROM demo.object_changelog l WHERE l.kind = f.kind) AS rows
FROM demo.fed f GROUP BY kind ORDER BY kind COLLATE "C";
SELECT demo.check_changelog();
-- a change that was not fed, and one that has no row
UPDATE demo.object SET doc = doc || '{"surprise": true}';
SELECT demo.check_changelog();
DELETE FROM demo.object_changelog WHERE context IS NULL;
UPDATE demo.object SET doc = doc - 'surprise';
DELETE FROM demo.object_changelog WHERE context IS NULL;
SELECT demo.check_changelog();
INSERT INTO demo.fed VALUES (0, 'Pod', 'shop', 'none', true, 0, '{}');
SELECT demo.check_changelog();
DROP SCHEMA demo CASCADE;
