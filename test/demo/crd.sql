-- test/demo/crd.sql
--
-- Makes documents of the kind that Kubernetes operators ship: custom resource
-- definitions of more than 1 MB, most of it an OpenAPI schema with long
-- descriptions, and histories of them.  Everything is derived from hashes of
-- a field's path, so that the same documents come out everywhere.

CREATE SCHEMA IF NOT EXISTS demo;

-- A number below n, always the same one for the same seed.
CREATE OR REPLACE FUNCTION demo.dice(seed text, n int)
RETURNS int LANGUAGE sql IMMUTABLE AS
$$
	SELECT ('x' || substr(md5(seed), 1, 6))::bit(24)::int % n
$$;

-- One of the words, likewise.
CREATE OR REPLACE FUNCTION demo.pick(words text[], seed text)
RETURNS text LANGUAGE sql IMMUTABLE AS
$$
	SELECT words[1 + demo.dice(seed, cardinality(words))]
$$;

-- A few sentences about a field, as generators of such schemas write them.
CREATE OR REPLACE FUNCTION demo.description(field text, path text)
RETURNS text LANGUAGE sql IMMUTABLE AS
$$
	SELECT string_agg(
		format('%s %s %s %s.',
			CASE n WHEN 1 THEN field ELSE demo.pick(ARRAY[
				'This field', 'The value', 'It', 'A change of it', 'The controller',
				'An empty value'], path || n || 's') END,
			demo.pick(ARRAY[
				'defines', 'selects', 'limits', 'overrides', 'is merged with',
				'takes precedence over', 'is ignored together with', 'describes'],
				path || n || 'v'),
			demo.pick(ARRAY[
				'the pods that belong to the workload', 'the name of a secret in the same namespace',
				'how long the controller waits before it retries', 'the resources of the container',
				'the label selector of the service', 'the storage class of the volume claim',
				'the order in which replicas are replaced', 'the certificate of the endpoint'],
				path || n || 'o'),
			demo.pick(ARRAY[
				'when the rollout is paused', 'unless the namespace says otherwise',
				'if the feature gate is enabled', 'for every replica',
				'as long as the object exists', 'in the order of the list',
				'and cannot be updated', 'and defaults to the value of the parent'],
				path || n || 'w')),
		' ' ORDER BY n)
	FROM generate_series(1, 1 + length(path) % 3) n
$$;

-- The schema of an object at this path, with its fields' schemas inside.
CREATE OR REPLACE FUNCTION demo.schema(path text, depth int)
RETURNS jsonb LANGUAGE plpgsql IMMUTABLE AS
$$
DECLARE
	fields text[] := ARRAY[
		'affinity', 'annotations', 'args', 'backup', 'capabilities', 'claimName',
		'command', 'configMap', 'containers', 'debug', 'deadline', 'dnsPolicy',
		'emptyDir', 'endpoints', 'env', 'envFrom', 'ephemeral', 'expression',
		'failurePolicy', 'finalizers', 'fsGroup', 'healthCheck', 'hostname', 'httpGet',
		'image', 'imagePullPolicy', 'interval', 'key', 'labels', 'lifecycle',
		'limits', 'listeners', 'livenessProbe', 'matchLabels', 'metrics', 'mode',
		'mountPath', 'name', 'nodeSelector', 'operator', 'optional', 'parameters',
		'path', 'periodSeconds', 'policy', 'port', 'preStop', 'priority',
		'protocol', 'readinessProbe', 'replicas', 'requests', 'retention', 'runAsUser',
		'schedule', 'scheme', 'secretRef', 'selector', 'serviceAccount', 'size',
		'startupProbe', 'storage', 'strategy', 'subPath', 'template', 'timeout',
		'tls', 'tolerations', 'topologyKey', 'type', 'url', 'values',
		'version', 'volumes', 'weight', 'zone'];
	properties jsonb := '{}';
	field text;
	child text;
	kind text;
BEGIN
	FOREACH field IN ARRAY fields LOOP
		child := path || '.' || field;
		-- about one field in six is in a given object
		CONTINUE WHEN demo.dice(child, 7) <> 0;
		kind := demo.pick(ARRAY['string', 'integer', 'boolean', 'array', 'object',
								'object', 'object'], child || 'kind');
		properties := properties || jsonb_build_object(field,
			CASE
				WHEN kind = 'object' AND depth > 0 THEN demo.schema(child, depth - 1)
				WHEN kind = 'array' AND depth > 0 THEN jsonb_build_object(
					'type', 'array', 'items', demo.schema(child || '[]', depth - 1),
					'x-kubernetes-list-type', 'atomic')
				WHEN kind = 'integer' THEN '{"type": "integer", "format": "int32", "minimum": 0}'
				WHEN kind = 'boolean' THEN '{"type": "boolean"}'
				WHEN demo.dice(child || 'enum', 5) = 0 THEN
					'{"type": "string", "enum": ["Always", "IfNotPresent", "Never"]}'
				ELSE '{"type": "string"}'
			END::jsonb || jsonb_build_object('description', demo.description(field, child)));
	END LOOP;
	RETURN jsonb_build_object('type', 'object', 'properties', properties,
							  'required', (SELECT coalesce(jsonb_agg(k ORDER BY k), '[]')
										   FROM jsonb_object_keys(properties) k
										   WHERE demo.dice(path || k, 4) = 0));
END
$$;

-- Version 1 of the definition.
CREATE OR REPLACE FUNCTION demo.crd()
RETURNS jsonb LANGUAGE sql IMMUTABLE AS
$$
	SELECT jsonb_build_object(
		'apiVersion', 'apiextensions.k8s.io/v1',
		'kind', 'CustomResourceDefinition',
		'metadata', jsonb_build_object(
			'name', 'fleets.platform.example.com',
			'annotations', '{"controller-gen.kubebuilder.io/version": "v0.14.0"}'::jsonb,
			'generation', 1),
		'spec', jsonb_build_object(
			'group', 'platform.example.com',
			'scope', 'Namespaced',
			'names', '{"kind": "Fleet", "plural": "fleets", "singular": "fleet"}'::jsonb,
			'versions', (
				SELECT jsonb_agg(jsonb_build_object(
					'name', v, 'served', true, 'storage', v = 'v1',
					'schema', jsonb_build_object('openAPIV3Schema',
						demo.schema(v || '.spec', 3))) ORDER BY v)
				FROM unnest(ARRAY['v1', 'v1alpha1', 'v1beta1']) v)))
$$;

-- The version after this one: what a release of an operator brings.
CREATE OR REPLACE FUNCTION demo.next_crd(doc jsonb, release int)
RETURNS jsonb LANGUAGE plpgsql IMMUTABLE AS
$$
DECLARE
	base text[] := '{spec,versions,0,schema,openAPIV3Schema,properties}';
	field text;
	fields text[];
BEGIN
	SELECT array_agg(k ORDER BY k) INTO fields
	FROM jsonb_object_keys(doc #> base) k;
	field := fields[1 + release % cardinality(fields)];

	doc := jsonb_set(doc, '{metadata,generation}', to_jsonb(release));
	doc := jsonb_set(doc, '{metadata,annotations,controller-gen.kubebuilder.io/version}',
					 to_jsonb(format('v0.%s.%s', 14 + release / 5, release % 5)));
	doc := jsonb_set(doc, base || field || '{description}',
					 to_jsonb(demo.description(field, 'release ' || release)));
	doc := jsonb_set(doc, base || ARRAY['feature' || release],
					 jsonb_build_object('type', 'boolean', 'description',
										demo.description('feature' || release, 'release')));
	IF release > 3 THEN
		doc := doc #- (base || ARRAY['feature' || release - 3]);
	END IF;
	RETURN doc;
END
$$;
