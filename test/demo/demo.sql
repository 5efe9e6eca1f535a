-- test/demo/demo.sql
--
-- A tour of diffgen on Kubernetes snapshots.  test/demo/run shows it on a
-- server of its own; it also runs anywhere else, in a database where
-- CREATE EXTENSION diffgen has been done, from this directory:
--
--     psql -X -q -f demo.sql
--
-- All it makes is in the schema "demo", dropped at the end.

\set ON_ERROR_STOP on
\set QUIET on
\pset pager off
\pset footer off
\pset null ''
\set ECHO none
SET client_min_messages = warning;
SET search_path = public;

DROP SCHEMA IF EXISTS demo CASCADE;
CREATE SCHEMA demo;
SET search_path = demo, public;
\ir crd.sql

CREATE TABLE demo.manifest (version int PRIMARY KEY, yaml text);
INSERT INTO demo.manifest VALUES
(1, $$apiVersion: apps/v1
kind: Deployment
metadata:
  name: checkout
  namespace: shop
  labels:
    app: checkout
spec:
  replicas: 3
  selector:
    matchLabels:
      app: checkout
  template:
    metadata:
      labels:
        app: checkout
    spec:
      containers:
      - name: web
        image: registry.example.com/shop/checkout:2.3.1
        ports:
        - containerPort: 8080
        resources:
          limits:
            memory: 512Mi
$$),
(2, $$apiVersion: apps/v1
kind: Deployment
metadata:
  name: checkout
  namespace: shop
  labels:
    app: checkout
spec:
  replicas: 5
  selector:
    matchLabels:
      app: checkout
  template:
    metadata:
      labels:
        app: checkout
    spec:
      containers:
      - name: web
        image: registry.example.com/shop/checkout:2.4.0
        env:
        - name: PAYMENT_TIMEOUT
          value: 5s
        ports:
        - containerPort: 8080
        resources:
          limits:
            memory: 512Mi
$$);

-- What a controller's watch stored of one Deployment, and of the CRD.
CREATE TABLE demo.snapshot (
	kind text,
	name text,
	taken_at timestamptz,
	doc jsonb,
	PRIMARY KEY (kind, name, taken_at)
);

DO $do$
DECLARE
	doc jsonb := $$
	{
	  "apiVersion": "apps/v1",
	  "kind": "Deployment",
	  "metadata": {
	    "name": "checkout", "namespace": "shop", "generation": 1,
	    "labels": {"app": "checkout", "team": "payments"},
	    "annotations": {"deployment.kubernetes.io/revision": "1"}
	  },
	  "spec": {
	    "replicas": 3,
	    "revisionHistoryLimit": 10,
	    "selector": {"matchLabels": {"app": "checkout"}},
	    "strategy": {"type": "RollingUpdate",
	                 "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": 0}},
	    "template": {
	      "metadata": {"labels": {"app": "checkout", "team": "payments"}},
	      "spec": {
	        "serviceAccountName": "checkout",
	        "containers": [
	          {"name": "web",
	           "image": "registry.example.com/shop/checkout:2.3.1",
	           "ports": [{"name": "http", "containerPort": 8080, "protocol": "TCP"}],
	           "env": [{"name": "LOG_LEVEL", "value": "info"},
	                   {"name": "DATABASE_HOST", "value": "checkout-db.shop.svc"}],
	           "resources": {"limits": {"memory": "512Mi"},
	                         "requests": {"cpu": "250m", "memory": "256Mi"}},
	           "readinessProbe": {"httpGet": {"path": "/healthz", "port": "http"},
	                              "periodSeconds": 10}},
	          {"name": "proxy",
	           "image": "registry.example.com/mesh/proxy:1.21.0",
	           "ports": [{"name": "mesh", "containerPort": 15001, "protocol": "TCP"}]}
	        ]
	      }
	    }
	  }
	}
	$$;
	web text[] := '{spec,template,spec,containers,0}';
	step int := 0;
	at timestamptz := '2026-03-02 09:00:00+00';
BEGIN
	LOOP
		INSERT INTO demo.snapshot VALUES ('Deployment', 'shop/checkout', at, doc);
		step := step + 1;
		at := at + step * interval '7 hours 13 minutes';
		EXIT WHEN step = 6;
		doc := jsonb_set(doc, '{metadata,generation}', to_jsonb(step + 1));
		CASE step
			WHEN 1 THEN
				doc := jsonb_set(doc, web || '{image}', '"registry.example.com/shop/checkout:2.4.0"');
				doc := jsonb_insert(doc, web || '{env,1}',
									'{"name": "PAYMENT_TIMEOUT", "value": "5s"}');
			WHEN 2 THEN
				doc := jsonb_set(doc, '{spec,replicas}', '5');
				doc := jsonb_set(doc, web || '{resources,limits,memory}', '"1Gi"');
			WHEN 3 THEN
				doc := jsonb_set(doc, web || '{env,0,value}', '"debug"');
			WHEN 4 THEN
				doc := jsonb_insert(doc, '{spec,template,spec,containers,1}', $$
					{"name": "cache", "image": "registry.example.com/library/redis:7.2",
					 "args": ["--maxmemory", "128mb"]}$$);
			WHEN 5 THEN				-- back, in a hurry
				doc := jsonb_set(doc, web || '{image}', '"registry.example.com/shop/checkout:2.3.1"');
				doc := jsonb_set(doc, web || '{env,0,value}', '"info"');
				doc := doc #- (web || '{env,1}');
				doc := doc #- '{spec,template,spec,containers,1}';
		END CASE;
	END LOOP;
END
$do$;

\set ECHO queries

\echo
\echo '== 1. Two versions of a manifest: text'
\echo
\pset format unaligned
\pset tuples_only on
SELECT diffgen(old.yaml, new.yaml, '{"labels": ["v1/checkout.yaml", "v2/checkout.yaml"]}')
FROM manifest old, manifest new
WHERE old.version = 1 AND new.version = 2;

\echo
\echo '== 2. Two snapshots of the object: jsonb'
\echo '   The documents are walked as trees; the diff is of their canonical text.'
\echo
SELECT diffgen(lag(doc) OVER (ORDER BY taken_at), doc)
FROM snapshot WHERE kind = 'Deployment'
ORDER BY taken_at OFFSET 2 LIMIT 1;

\echo
\echo '== 3. Only the figures'
\echo
\pset format aligned
\pset tuples_only off
SELECT stat.*
FROM manifest old, manifest new, diffgen_stat(old.yaml, new.yaml) stat
WHERE old.version = 1 AND new.version = 2;

\echo
\echo '== 4. A timeline: every snapshot against the one before, in one query'
\echo
SELECT taken_at::timestamp(0), doc -> 'metadata' ->> 'generation' AS generation,
       stat.added, stat.removed, stat.hunks
FROM (SELECT *, lag(doc) OVER (PARTITION BY kind, name ORDER BY taken_at) AS before
      FROM snapshot WHERE kind = 'Deployment') s,
     diffgen_stat(before, doc) stat
ORDER BY taken_at;

\echo
\echo '== 5. A changelog, written by a plain trigger'
\echo
CREATE TABLE config (name text PRIMARY KEY, doc jsonb);
CREATE TABLE config_log (name text, changed_by name DEFAULT current_user, diff text);

CREATE FUNCTION log_change() RETURNS trigger LANGUAGE plpgsql AS
$$
BEGIN
	INSERT INTO config_log (name, diff)
	VALUES (NEW.name, diffgen(OLD.doc, NEW.doc, '{"context": 1}'));
	RETURN NULL;
END
$$;
CREATE TRIGGER log_change AFTER UPDATE OF doc ON config
FOR EACH ROW WHEN (OLD.doc IS DISTINCT FROM NEW.doc) EXECUTE FUNCTION log_change();

INSERT INTO config VALUES ('checkout', '{"replicas": 3, "image": "checkout:2.3.1"}');
UPDATE config SET doc = jsonb_set(doc, '{replicas}', '5') WHERE name = 'checkout';

\pset format unaligned
\pset tuples_only on
SELECT diff FROM config_log;

\echo
\echo '== 6. Large documents: 20 releases of a custom resource definition'
\echo
\set ECHO none
\pset format aligned
\pset tuples_only off
ALTER TABLE snapshot ALTER doc SET COMPRESSION :compression;
CREATE TABLE demo.manual (release int PRIMARY KEY, doc jsonb, doc_text text);
ALTER TABLE demo.manual ALTER doc SET COMPRESSION :compression,
						ALTER doc_text SET COMPRESSION :compression;
WITH RECURSIVE history(release, doc) AS (
	SELECT 1, demo.crd()
	UNION ALL
	SELECT release + 1, demo.next_crd(doc, release + 1) FROM history WHERE release < 20
)
INSERT INTO demo.manual SELECT release, doc, diffgen_text(doc) FROM history;
INSERT INTO snapshot
SELECT 'CustomResourceDefinition', 'fleets.platform.example.com',
	   timestamptz '2026-01-01 00:00:00+00' + release * interval '9 days', doc
FROM demo.manual;
ANALYZE demo.manual, demo.snapshot;
\set ECHO queries

SELECT count(*) AS documents,
       pg_size_pretty(avg(length(doc_text))) AS "size, as text",
       pg_size_pretty(avg(length(jsonb_send(doc)))) AS "as jsonb's text",
       (avg(array_length(string_to_array(doc_text, E'\n'), 1)))::int AS lines,
       pg_size_pretty(avg(pg_column_size(doc))) AS "jsonb, stored"
FROM manual;

\timing on
SELECT count(added) AS diffs, sum(added) AS added, sum(removed) AS removed,
       bool_and(exact) AS exact
FROM (SELECT release, lag(doc) OVER (ORDER BY release) AS before, doc FROM manual) s,
     diffgen_stat(before, doc) stat;
\timing off

\pset format unaligned
\pset tuples_only on
SELECT diffgen(old.doc, new.doc, '{"context": 1}')
FROM manual old, manual new WHERE old.release = 7 AND new.release = 8;

\echo
\echo '== 7. How long one diff of these takes, inside the server'
\echo '   (the median of 7 rounds; "reading" decompresses both documents and does no more)'
\echo
\set ECHO none
\pset format aligned
\pset tuples_only off
-- What to time on pairs of neighbouring releases, as expressions in old and new.
CREATE TABLE demo.timed (n int GENERATED ALWAYS AS IDENTITY, what text, expression text);
INSERT INTO demo.timed (what, expression) VALUES
	('text: reading both', '(old.doc_text < ''-'' COLLATE "C") = (new.doc_text < ''-'' COLLATE "C")'),
	('text: diffgen', 'diffgen(old.doc_text, new.doc_text)'),
	('jsonb: reading both', 'jsonb_typeof(old.doc) || jsonb_typeof(new.doc)'),
	('jsonb: diffgen', 'diffgen(old.doc, new.doc)'),
	('jsonb: diffgen_stat', 'diffgen_stat(old.doc, new.doc)'),
	('for scale: writing both jsonb as text', 'length(old.doc::text) + length(new.doc::text)');

-- In rounds, so that whatever else the machine does falls on all of them.
CREATE FUNCTION demo.measure(rounds int, OUT what text, OUT "ms a pair" numeric)
RETURNS SETOF record LANGUAGE plpgsql AS
$$
DECLARE
	item demo.timed;
	start timestamptz;
	pairs int;
BEGIN
	CREATE TABLE demo.time (n int, ms float8);
	FOR i IN 0..rounds LOOP
		FOR item IN SELECT * FROM demo.timed ORDER BY n LOOP
			start := clock_timestamp();
			EXECUTE format($q$
				SELECT count(%s) FROM demo.manual old JOIN demo.manual new
				ON new.release = old.release + 1 $q$, item.expression) INTO pairs;
			IF i > 0 THEN			-- the first round warms up
				INSERT INTO demo.time VALUES
				(item.n, extract(epoch FROM clock_timestamp() - start) * 1000 / pairs);
			END IF;
		END LOOP;
	END LOOP;
	RETURN QUERY
		SELECT t.what,
			   round(percentile_cont(0.5) WITHIN GROUP (ORDER BY ms)::numeric, 3)
		FROM demo.timed t JOIN demo.time USING (n) GROUP BY n, t.what ORDER BY n;
END
$$;
SET max_parallel_workers_per_gather = 0;
SELECT * FROM demo.measure(7);

\echo
\echo '== 8. Memory: 10,000 diffs in one query'
\echo '   The backend''s own memory (RssAnon, of /proc), after 100 and after 10,000; 5 to 20 s.'
\echo
-- kB of private memory of this backend, where the kernel tells
CREATE FUNCTION demo.private_memory() RETURNS int LANGUAGE plpgsql AS
$$
BEGIN
	RETURN substring(pg_read_file(format('/proc/%s/status', pg_backend_pid()))
					 FROM 'RssAnon:\s+(\d+)');
EXCEPTION WHEN OTHERS THEN
	RETURN NULL;
END
$$;
CREATE FUNCTION demo.many(n int, OUT diffs bigint, OUT bytes bigint, OUT seconds numeric,
						  OUT "RssAnon, kB" int) LANGUAGE plpgsql AS
$$
DECLARE
	start timestamptz := clock_timestamp();
BEGIN
	SELECT count(*), sum(length(diffgen(old.doc, new.doc))) INTO diffs, bytes
	FROM (SELECT i, 1 + i % 19 AS release FROM generate_series(1, n) i) r
	JOIN demo.manual old USING (release)
	JOIN demo.manual new ON new.release = old.release + 1;
	seconds := round(extract(epoch FROM clock_timestamp() - start), 1);
	"RssAnon, kB" := private_memory();
END
$$;
SELECT * FROM demo.many(100)
UNION ALL
SELECT * FROM demo.many(:diffs);

\echo
\echo '== 9. A cluster, tracked: one call, and every change is a row'
\echo
\set ECHO none
\pset format aligned
\pset tuples_only off
\ir cluster.sql
\set ECHO queries
SELECT diffgen_track('object', '{doc}', '{"preset": "kubernetes",
                     "ignore": ["$.status.currentMetrics", "$.status.lastReconcileTime"]}');

-- What a watch delivers of 21 objects: four in five updates are heartbeats,
-- resourceVersion, managedFields, probe times, leases.
\timing on
CALL stream(5000);
\timing off

SELECT count(*) AS updates, count(*) FILTER (WHERE is_change) AS changes,
       (SELECT count(*) FROM object_changelog WHERE operation = 'update') AS "rows in the log",
       pg_size_pretty(sum(bytes)) AS "as snapshots",
       (SELECT pg_size_pretty(sum(pg_column_size(l))) FROM object_changelog l) AS "as a log"
FROM fed;

SELECT f.kind, count(*) AS updates, count(*) FILTER (WHERE is_change) AS changes,
       (SELECT count(*) FROM object_changelog l WHERE l.kind = f.kind) AS rows
FROM fed f GROUP BY f.kind ORDER BY 2 DESC;

\echo '-- It checks itself: each change has its row, and each version comes back.'
SELECT check_changelog();

\echo '-- The timeline of one object: who, what.'
SELECT change_id AS change, to_char(changed_at, 'HH24:MI:SS.MS') AS at,
       regexp_replace(context->>'user', '.*:', '') AS who,
       format('+%s -%s', added, removed) AS lines,
       replace(replace(regexp_replace(array_to_string(paths, ' '), '\$\.spec\.(template\.spec\.)?', '', 'g'),
                       '*]?(@.name == ', ''), ')', ']') AS paths
FROM diffgen_history('object', 'Deployment', 'shop', 'checkout')
ORDER BY change_id DESC LIMIT 8;

\echo '-- One of its changes.'
\pset format unaligned
\pset tuples_only on
SELECT diff FROM diffgen_history('object', 'Deployment', 'shop', 'checkout')
WHERE cardinality(paths) = 1 AND removed = 1 ORDER BY change_id DESC LIMIT 1;
\pset format aligned
\pset tuples_only off

\echo '-- Back: as it was after its first, its tenth and its last change.'
SELECT h.n AS change, d #>> '{spec,replicas}' AS replicas,
       d #>> '{spec,template,spec,containers,0,image}' AS image,
       jsonb_array_length(d #> '{spec,template,spec,containers}') AS containers
FROM (SELECT *, row_number() OVER (ORDER BY change_id) AS n, count(*) OVER () AS last
      FROM diffgen_history('object', 'Deployment', 'shop', 'checkout')) h,
     diffgen_at('object', 'doc', h.changed_at, 'Deployment', 'shop', 'checkout') d
WHERE n IN (1, 10, last) ORDER BY n;

\echo '-- Blame: who touched these paths last?'
SELECT regexp_replace(path, '.*spec\.', '') AS path, left(value::text, 12) AS value,
       regexp_replace(context->>'user', '.*:', '') AS who, change_id AS change
FROM diffgen_blame('object', 'doc', 'Deployment', 'shop', 'checkout')
WHERE change_id IS NOT NULL AND path ~ '(replicas|memory|env\[0\].value)$';

\echo '-- Who touched a path, in all objects?'
SELECT context->>'user' AS who, count(*) AS times, max(name) AS "last object"
FROM object_changelog WHERE '$.spec.unschedulable' = ANY (paths) GROUP BY 1 ORDER BY 1;

\echo '-- And undone: the last change of a limit, whatever came after it.'
SELECT diffgen_undo('object_changelog', max(change_id))
FROM object_changelog WHERE kind = 'HorizontalPodAutoscaler' AND name = 'search';
SELECT operation, paths, patch -> -1 AS patch FROM object_changelog ORDER BY change_id DESC LIMIT 1;

\set ECHO none
DROP SCHEMA demo CASCADE;
