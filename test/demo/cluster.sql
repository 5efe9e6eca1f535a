-- test/demo/cluster.sql
--
-- The objects of a small Kubernetes cluster, and what a watch on them delivers:
-- a stream of updates, of which four in five change nothing but the API
-- server's bookkeeping, heartbeats, and times at which something was looked at.
-- As in crd.sql, all of it is derived from hashes: the same comes out everywhere.

CREATE TABLE demo.object (
	kind text,
	namespace text,
	name text,
	doc jsonb,
	PRIMARY KEY (kind, namespace, name)
);

-- What was fed: the truth that a changelog is compared with.
CREATE TABLE demo.fed (
	n int PRIMARY KEY,
	kind text,
	namespace text,
	name text,
	is_change boolean,
	bytes int,				-- of a snapshot, as stored
	doc jsonb				-- of changes
);

-- Conditions of a status, all of them well.
CREATE FUNCTION demo.conditions(types text[])
RETURNS jsonb LANGUAGE sql IMMUTABLE AS
$$
	SELECT jsonb_agg(jsonb_build_object('type', t,
		'status', CASE WHEN t LIKE '%Pressure' THEN 'False' ELSE 'True' END,
		'reason', 'As' || t, 'lastTransitionTime', '2026-03-02T09:00:00Z') ORDER BY i)
	FROM unnest(types) WITH ORDINALITY AS u(t, i)
$$;

CREATE FUNCTION demo.pod_spec(name text)
RETURNS jsonb LANGUAGE sql IMMUTABLE AS
$$
	SELECT jsonb_build_object(
		'serviceAccountName', name,
		'terminationGracePeriodSeconds', 30,
		'containers', jsonb_build_array(
			jsonb_build_object('name', name,
				'image', 'registry.example.com/shop/' || name || ':2.3.0',
				'imagePullPolicy', 'IfNotPresent',
				'ports', '[{"name": "http", "containerPort": 8080, "protocol": "TCP"}]'::jsonb,
				'env', '[{"name": "LOG_LEVEL", "value": "info"}, {"name": "CACHE_TTL", "value": "60"}]'::jsonb,
				'resources', '{"limits": {"memory": "512Mi"}, "requests": {"cpu": "250m", "memory": "256Mi"}}'::jsonb,
				'readinessProbe', '{"httpGet": {"path": "/healthz", "port": "http", "scheme": "HTTP"}, "periodSeconds": 10}'::jsonb),
			jsonb_build_object('name', 'proxy',
				'image', 'registry.example.com/mesh/proxy:1.21.0',
				'ports', '[{"name": "mesh", "containerPort": 15001, "protocol": "TCP"}]'::jsonb,
				'args', '["--concurrency", "2"]'::jsonb)))
$$;

-- What is particular to a kind.
CREATE FUNCTION demo.body(kind text, name text)
RETURNS jsonb LANGUAGE sql IMMUTABLE AS
$$
	SELECT CASE kind
		WHEN 'Deployment' THEN jsonb_build_object('apiVersion', 'apps/v1',
			'spec', jsonb_build_object('replicas', 3, 'revisionHistoryLimit', 10,
				'selector', jsonb_build_object('matchLabels', jsonb_build_object('app', name)),
				'template', jsonb_build_object('metadata', jsonb_build_object('labels', jsonb_build_object('app', name)),
					'spec', demo.pod_spec(name))),
			'status', jsonb_build_object('observedGeneration', 1, 'conditions', demo.conditions('{Available,Progressing}')))
		WHEN 'Pod' THEN jsonb_build_object('apiVersion', 'v1',
			'spec', demo.pod_spec(split_part(name, '-', 1)) || jsonb_build_object('nodeName', 'node-1'),
			'status', jsonb_build_object('phase', 'Running', 'podIP', '10.4.1.' || length(name),
				'containerStatuses', jsonb_build_array(jsonb_build_object('name', split_part(name, '-', 1), 'ready', true, 'restartCount', 0)),
				'conditions', demo.conditions('{Initialized,Ready,ContainersReady,PodScheduled}')))
		WHEN 'Node' THEN jsonb_build_object('apiVersion', 'v1',
			'spec', jsonb_build_object('podCIDR', '10.4.1.0/24', 'unschedulable', false),
			'status', jsonb_build_object(
				'capacity', '{"cpu": "8", "memory": "32Gi", "pods": "110"}'::jsonb,
				'addresses', jsonb_build_array(jsonb_build_object('type', 'Hostname', 'address', name), '{"type": "InternalIP", "address": "10.0.0.7"}'::jsonb),
				'conditions', demo.conditions('{MemoryPressure,DiskPressure,PIDPressure,Ready}'),
				'images', (SELECT jsonb_agg(jsonb_build_object('names', jsonb_build_array('registry.example.com/image-' || i), 'sizeBytes', i * 1048576)) FROM generate_series(1, 30) i)))
		WHEN 'Lease' THEN jsonb_build_object('apiVersion', 'coordination.k8s.io/v1',
			'spec', jsonb_build_object('holderIdentity', name || '-a', 'leaseDurationSeconds', 40, 'leaseTransitions', 0))
		WHEN 'EndpointSlice' THEN jsonb_build_object('apiVersion', 'discovery.k8s.io/v1', 'addressType', 'IPv4',
			'ports', '[{"name": "http", "port": 8080, "protocol": "TCP"}]'::jsonb,
			'endpoints', (SELECT jsonb_agg(jsonb_build_object('addresses', jsonb_build_array('10.4.1.' || i),
				'conditions', '{"ready": true, "serving": true}'::jsonb, 'nodeName', 'node-' || i)) FROM generate_series(1, 3) i))
		WHEN 'ConfigMap' THEN jsonb_build_object('apiVersion', 'v1',
			'data', jsonb_build_object('settings.yaml', E'log: info\ncache:\n  ttl: 60\n  size: 128\n', 'features', 'search,basket'))
		WHEN 'HorizontalPodAutoscaler' THEN jsonb_build_object('apiVersion', 'autoscaling/v2',
			'spec', jsonb_build_object('minReplicas', 2, 'maxReplicas', 10,
				'scaleTargetRef', jsonb_build_object('apiVersion', 'apps/v1', 'kind', 'Deployment', 'name', name),
				'metrics', '[{"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 70}}}]'::jsonb),
			'status', jsonb_build_object('currentReplicas', 3, 'desiredReplicas', 3, 'conditions', demo.conditions('{AbleToScale,ScalingActive}')))
		WHEN 'Secret' THEN jsonb_build_object('apiVersion', 'v1', 'type', 'Opaque', 'data', '{"password": "aHVudGVyMg=="}'::jsonb)
		ELSE jsonb_build_object('apiVersion', 'platform.example.com/v1',
			'spec', '{"regions": ["eu-west-1", "eu-north-1"], "policy": {"window": "02:00", "surge": 1}}'::jsonb,
			'status', jsonb_build_object('ready', 2, 'conditions', demo.conditions('{Synced,Ready}')))
	END
$$;

INSERT INTO demo.object
SELECT kind, namespace, name, demo.body(kind, name) || jsonb_build_object('kind', kind,
	'metadata', jsonb_build_object('name', name, 'namespace', namespace,
		'uid', md5(kind || name)::uuid, 'resourceVersion', '1', 'generation', 1, 'creationTimestamp', '2026-03-02T09:00:00Z',
		'labels', jsonb_build_object('app.kubernetes.io/name', name, 'app.kubernetes.io/managed-by', 'argocd'),
		'annotations', '{}'::jsonb,
		'managedFields', jsonb_build_array(
			jsonb_build_object('manager', 'argocd', 'operation', 'Apply', 'time', '2026-03-02T09:00:00Z', 'fieldsType', 'FieldsV1',
				'fieldsV1', jsonb_build_object('f:metadata', '{"f:labels": {"f:app.kubernetes.io/name": {}, "f:app.kubernetes.io/managed-by": {}}}'::jsonb)),
			jsonb_build_object('manager', 'kube-controller-manager', 'operation', 'Update', 'subresource', 'status', 'time', '2026-03-02T09:00:00Z', 'fieldsType', 'FieldsV1',
				'fieldsV1', '{"f:status": {"f:conditions": {".": {}, "k:{\"type\":\"Ready\"}": {".": {}, "f:lastProbeTime": {}, "f:lastTransitionTime": {}, "f:status": {}, "f:type": {}}}}}'::jsonb))))
FROM (VALUES
	('Deployment', 'shop', '{checkout,basket,search}'::text[]),
	('Pod', 'shop', '{checkout-7d4b9c-x2x8k,checkout-7d4b9c-q9tzv,basket-5f6c7d-m4l2p,search-6b8f9d-z7w5n}'),
	('Node', '', '{node-1,node-2,node-3}'),
	('Lease', 'kube-node-lease', '{node-1,node-2,node-3}'),
	('EndpointSlice', 'shop', '{checkout-abcde,basket-fghij}'),
	('ConfigMap', 'shop', '{checkout,search}'),
	('HorizontalPodAutoscaler', 'shop', '{checkout,search}'),
	('Secret', 'shop', '{database}'),
	('Fleet', 'platform', '{edge}')) AS v(kind, namespace, names), unnest(names) AS name;

-- What every update has, though nobody changed anything.
CREATE FUNCTION demo.noise(doc jsonb, n int)
RETURNS jsonb LANGUAGE plpgsql IMMUTABLE AS
$$
DECLARE
	at jsonb := to_jsonb(to_char(timestamp '2026-03-02 09:00' + n * interval '7 s', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'));
	kind text := doc->>'kind';
BEGIN
	doc := jsonb_set(doc, '{metadata,resourceVersion}', to_jsonb((1000 + n)::text));
	doc := jsonb_set(doc, ARRAY['metadata', 'managedFields', (n % 2)::text, 'time'], at);
	IF kind IN ('Node', 'Pod', 'Deployment', 'HorizontalPodAutoscaler', 'Fleet') THEN
		doc := jsonb_set(doc, '{status,conditions}', (SELECT jsonb_agg(c ||
			jsonb_build_object(CASE kind WHEN 'Node' THEN 'lastHeartbeatTime' WHEN 'Pod' THEN 'lastProbeTime'
				WHEN 'Deployment' THEN 'lastUpdateTime' ELSE 'lastTransitionTime' END, at) ORDER BY i)
			FROM jsonb_array_elements(doc #> '{status,conditions}') WITH ORDINALITY AS e(c, i)));
	END IF;
	RETURN CASE kind
		WHEN 'Lease' THEN jsonb_set(doc, '{spec,renewTime}', at)
		WHEN 'Node' THEN CASE n % 10 WHEN 0 THEN jsonb_set(doc, '{status,images,0,sizeBytes}', to_jsonb(n)) ELSE doc END
		WHEN 'Deployment' THEN jsonb_set(jsonb_set(doc, '{status,observedGeneration}', to_jsonb(n)),
			'{metadata,annotations,kubectl.kubernetes.io/last-applied-configuration}', to_jsonb(format('{"apiVersion":"apps/v1","applied":%s}', n)))
		WHEN 'EndpointSlice' THEN jsonb_set(doc, '{metadata,annotations,endpoints.kubernetes.io/last-change-trigger-time}', at)
		WHEN 'ConfigMap' THEN jsonb_set(doc, '{metadata,annotations,control-plane.alpha.kubernetes.io/leader}', jsonb_build_object('renewTime', at))
		WHEN 'HorizontalPodAutoscaler' THEN jsonb_set(doc, '{status,currentMetrics}', jsonb_build_array(
			jsonb_build_object('type', 'Resource', 'resource', jsonb_build_object('name', 'cpu', 'current', jsonb_build_object('averageUtilization', 40 + demo.dice('cpu' || n, 50))))))
		WHEN 'Fleet' THEN jsonb_set(doc, '{status,lastReconcileTime}', at)
		ELSE doc END;
END
$$;

-- What somebody changed, and who.
CREATE FUNCTION demo.change(INOUT doc jsonb, n int, OUT who text)
LANGUAGE plpgsql IMMUTABLE AS
$$
DECLARE
	web text[] := '{spec,template,spec,containers,0}';
	person text := demo.pick('{ann@example.com,ben@example.com}', 'who' || n);
	flag text;
BEGIN
	CASE doc->>'kind'
		WHEN 'Deployment' THEN
			CASE demo.dice('what' || n, 5)
				WHEN 0 THEN
					who := 'system:serviceaccount:kube-system:horizontal-pod-autoscaler';
					doc := jsonb_set(doc, '{spec,replicas}', to_jsonb(2 + (doc #>> '{spec,replicas}')::int % 9));
				WHEN 1 THEN
					who := 'system:serviceaccount:argocd:application-controller';
					doc := jsonb_set(doc, web || '{image}', to_jsonb(format('registry.example.com/shop/%s:2.3.%s', doc #>> '{metadata,name}', n)));
				WHEN 2 THEN
					who := person;
					doc := jsonb_set(doc, web || '{env,0,value}', to_jsonb(CASE doc #>> (web || '{env,0,value}') WHEN 'info' THEN 'debug' ELSE 'info' END));
				WHEN 3 THEN
					who := person;
					doc := jsonb_set(doc, web || '{resources,limits,memory}', to_jsonb(format('%sMi', 512 + n)));
				ELSE
					who := 'system:serviceaccount:argocd:application-controller';
					IF jsonb_array_length(doc #> '{spec,template,spec,containers}') > 2 THEN
						doc := doc #- '{spec,template,spec,containers,1}';
					ELSE
						doc := jsonb_insert(doc, '{spec,template,spec,containers,1}', jsonb_build_object('name', 'cache',
							'image', 'registry.example.com/library/redis:7.2', 'args', jsonb_build_array('--maxmemory', n || 'mb')));
					END IF;
			END CASE;
		WHEN 'Pod' THEN
			who := 'system:node:node-1';
			doc := jsonb_set(doc, '{status,containerStatuses,0,restartCount}', to_jsonb((doc #>> '{status,containerStatuses,0,restartCount}')::int + 1));
		WHEN 'Node' THEN
			who := person;
			doc := jsonb_set(doc, '{spec,unschedulable}', to_jsonb(NOT (doc #>> '{spec,unschedulable}')::boolean));
		WHEN 'Lease' THEN
			who := 'system:serviceaccount:kube-system:node-controller';
			doc := jsonb_set(doc, '{spec,leaseTransitions}', to_jsonb((doc #>> '{spec,leaseTransitions}')::int + 1));
		WHEN 'EndpointSlice' THEN
			who := 'system:serviceaccount:kube-system:endpointslice-controller';
			flag := demo.dice('which' || n, 3);
			doc := jsonb_set(doc, ARRAY['endpoints', flag, 'conditions', 'ready'], to_jsonb(NOT (doc #>> ARRAY['endpoints', flag, 'conditions', 'ready'])::boolean));
		WHEN 'ConfigMap' THEN
			who := person;
			doc := jsonb_set(doc, '{data,features}', to_jsonb('search,basket,experiment-' || n));
		WHEN 'HorizontalPodAutoscaler' THEN
			who := person;
			doc := jsonb_set(doc, '{spec,maxReplicas}', to_jsonb(10 + n));
		WHEN 'Secret' THEN
			who := 'system:serviceaccount:vault:rotator';
			doc := jsonb_set(doc, '{data,password}', to_jsonb(encode(convert_to('hunter' || n, 'UTF8'), 'base64')));
		ELSE
			who := person;
			doc := jsonb_set(doc, '{spec,policy,surge}', to_jsonb(n));
	END CASE;
END
$$;

-- Updates 1 to n, each in a transaction of its own, as a watch stores them.
CREATE PROCEDURE demo.stream(n int)
LANGUAGE plpgsql AS
$$
DECLARE
	names text[] := (SELECT array_agg(o ORDER BY o COLLATE "C") FROM demo.object, concat_ws('/', kind, namespace, name) o);
	heartbeats text[] := (SELECT array_agg(o ORDER BY o COLLATE "C") FROM unnest(names) o WHERE o ~ '^(Node|Lease|Pod)/');
	object text[];
	seen jsonb;
	stored int;
	who text;
BEGIN
	FOR i IN 1 .. n LOOP
		-- nodes, leases and pods are most of the noise
		object := string_to_array(demo.pick(CASE WHEN i % 5 <> 0 AND demo.dice('hb' || i, 3) > 0 THEN heartbeats ELSE names END, 'object' || i), '/');
		SELECT o.doc INTO STRICT seen FROM demo.object o
		WHERE (o.kind, o.namespace, o.name) = (object[1], object[2], object[3]);
		seen := demo.noise(seen, i);
		IF i % 5 = 0 THEN
			SELECT c.doc, c.who INTO seen, who FROM demo.change(seen, i) c;
			PERFORM set_config('diffgen.context', jsonb_build_object('user', who, 'update', i)::text, true);
		END IF;

		INSERT INTO demo.object AS o VALUES (object[1], object[2], object[3], seen)
		ON CONFLICT (kind, namespace, name) DO UPDATE SET doc = excluded.doc;

		SELECT pg_column_size(o.doc) INTO stored FROM demo.object o
		WHERE (o.kind, o.namespace, o.name) = (object[1], object[2], object[3]);
		INSERT INTO demo.fed VALUES (i, object[1], object[2], object[3], i % 5 = 0, stored,
			CASE WHEN i % 5 = 0 THEN seen END);
		COMMIT;
	END LOOP;
END
$$;

-- Compares the changelog with what was fed; an error if they differ.
CREATE FUNCTION demo.check_changelog()
RETURNS text LANGUAGE plpgsql AS
$$
DECLARE
	-- versions are compared as they are recorded
	options jsonb := (SELECT t.options - 'context' FROM diffgen_tracked t WHERE t.target = 'demo.object'::regclass);
	missing int;
	extra int;
	wrong int;
	secrets int;
	changes int;
BEGIN
	SELECT count(*) FILTER (WHERE l.change_id IS NULL), count(*) FILTER (WHERE f.n IS NULL)
	INTO missing, extra
	FROM (SELECT * FROM demo.fed WHERE is_change) f
		FULL JOIN (SELECT * FROM demo.object_changelog WHERE operation = 'update') l
		ON f.n = (l.context->>'update')::int AND (f.kind, f.namespace, f.name) = (l.kind, l.namespace, l.name);
	SELECT count(*), count(*) FILTER (WHERE
			diffgen_text(diffgen_at_change('demo.object', 'doc', l.change_id, false, f.kind, f.namespace, f.name), options)
			IS DISTINCT FROM diffgen_text(f.doc, options))
	INTO changes, wrong
	FROM demo.fed f JOIN demo.object_changelog l ON f.n = (l.context->>'update')::int
	WHERE f.is_change;
	SELECT count(*) INTO secrets FROM demo.object_changelog l WHERE l.kind = 'Secret'
		AND concat(l.diff, l.patch) ~ 'aHVudGVy';
	IF missing + extra + wrong + secrets > 0 OR changes <> (SELECT count(*) FROM demo.fed) / 5 THEN
		RAISE EXCEPTION 'the changelog is not what was fed: of % changes % are missing and % differ, % rows are no change, % show a secret',
			changes, missing, wrong, extra, secrets;
	END IF;
	RETURN format('%s changes, %s rows; each version as it was fed; no noise, no secret', changes, changes);
END
$$;
