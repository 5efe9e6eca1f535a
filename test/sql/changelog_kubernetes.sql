-- A stream of updates of Kubernetes objects, four in five of them noise: only
-- what is a change makes a row.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS diffgen;
CREATE SCHEMA chg_kube;
SET search_path = chg_kube, public;

CREATE TABLE objects (kind text, namespace text, name text, object jsonb, PRIMARY KEY (kind, namespace, name));
SELECT diffgen_track('objects', '{object}', '{"preset": "kubernetes", "ignore": ["$.status.heartbeat"]}');

INSERT INTO objects
SELECT k, 'prod', k || '-' || i, jsonb_build_object('apiVersion', 'v1', 'kind', k,
	'metadata', jsonb_build_object('name', k || '-' || i, 'resourceVersion', '1', 'generation', 1,
		'managedFields', jsonb_build_array(jsonb_build_object('manager', 'kubelet', 'time', '2026-01-01T00:00:00Z')),
		'annotations', jsonb_build_object('kubectl.kubernetes.io/last-applied-configuration', '{"data": {"token": "hunter2"}}')),
	'data', jsonb_build_object('token', 'hunter2'),
	'spec', jsonb_build_object('replicas', 1, 'containers', '[{"name": "app", "image": "app:0"}, {"name": "sidecar", "image": "sidecar:0"}]'::jsonb),
	'status', jsonb_build_object('observedGeneration', 1, 'conditions', jsonb_build_array(
		jsonb_build_object('type', 'Ready', 'status', 'True', 'lastHeartbeatTime', '2026-01-01T00:00:00Z'))))
FROM unnest('{Pod,Deployment,Secret}'::text[]) k, generate_series(1, 5) i;

-- What the service would write: the object as it was watched.
CREATE FUNCTION observe(n int) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	o jsonb;
	k text := (ARRAY['Pod', 'Deployment', 'Secret'])[1 + n % 3];
	i text := 1 + n / 3 % 5;
BEGIN
	SELECT object INTO STRICT o FROM objects WHERE kind = k AND name = k || '-' || i FOR UPDATE;
	o := jsonb_set(o, '{metadata,resourceVersion}', to_jsonb(n::text));
	o := jsonb_set(o, '{metadata,managedFields,0,time}', to_jsonb('2026-01-01T00:00:00Z'::timestamptz + n * interval '1 s'));
	o := jsonb_set(o, '{status,conditions,0,lastHeartbeatTime}', to_jsonb(n));
	o := jsonb_set(o, '{status,heartbeat}', to_jsonb(n));
	IF n % 5 = 0 THEN	-- a real change, in one of five
		o := CASE n / 5 % 4
			WHEN 0 THEN jsonb_set(o, '{spec,replicas}', to_jsonb(n))
			WHEN 1 THEN jsonb_set(o, '{spec,containers,0,image}', to_jsonb('app:' || n))
			WHEN 2 THEN jsonb_set(o, '{data,token}', to_jsonb('hunter' || n))
			ELSE jsonb_insert(o, '{spec,containers,0}', jsonb_build_object('name', 'extra-' || n)) END;
	END IF;
	UPDATE objects SET object = o WHERE kind = k AND name = k || '-' || i;
END $$;
SELECT count(observe(n)) AS updates FROM generate_series(1, 1000) n;

SELECT operation, count(*) FROM objects_changelog WHERE kind IS NOT NULL GROUP BY 1 ORDER BY 1;
SELECT path, count(*) FROM objects_changelog, unnest(paths) AS path GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 4;
-- an object's timeline
SELECT operation, paths, added, removed FROM diffgen_history('objects', 'Pod', 'prod', 'Pod-1') LIMIT 4;
-- the secret is nowhere, not even in the annotation of a deleted object
DELETE FROM objects WHERE kind = 'Secret';
SELECT count(*) FILTER (WHERE operation = 'delete') AS deleted, count(*) FILTER (WHERE l::text ~ 'hunter' AND kind = 'Secret') AS leaks
FROM objects_changelog l;
-- back to the first version of each object that is still there
SELECT count(*) AS objects, count(*) FILTER (WHERE v.doc #>> '{spec,containers,0,image}' = 'app:0' AND v.doc #>> '{spec,replicas}' = '1') AS first_versions
FROM objects o, LATERAL (SELECT diffgen_at('objects', 'object', h.changed_at, o.kind, o.namespace, o.name) AS doc
	FROM diffgen_history('objects', o.kind, o.namespace, o.name) h WHERE h.operation = 'insert') v;

DROP SCHEMA chg_kube CASCADE;
