-- The worked example of doc/config_changes.md: a service with change rows of
-- its own, of which it counts repetitions instead of adding rows.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS diffgen;
CREATE SCHEMA config_example;
SET search_path = config_example, public;

CREATE TABLE config_items (
	id uuid PRIMARY KEY,
	type text NOT NULL,
	name text NOT NULL,
	config jsonb,
	updated_at timestamptz
);

CREATE TABLE config_changes (
	id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
	config_id uuid NOT NULL REFERENCES config_items ON DELETE CASCADE DEFERRABLE,
	change_type text NOT NULL,
	source text NOT NULL,
	summary text,
	patches jsonb,
	diff text,
	created_at timestamptz NOT NULL DEFAULT now(),
	count int NOT NULL DEFAULT 1,
	fingerprint text,
	first_observed timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX ON config_changes (fingerprint, created_at);
CREATE INDEX ON config_changes USING brin (created_at);

-- What repeats is the kind of change: values that differ from one time to the
-- next (identifiers, times, durations, hashes, numbers) are taken out of it.
CREATE FUNCTION change_fingerprint(change_type text, patches jsonb) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
	SELECT md5(change_type || regexp_replace(regexp_replace(regexp_replace(
		(SELECT string_agg(op::text, ',' ORDER BY op->>'path', op->>'op')
			FROM jsonb_array_elements(patches) AS op),
		'[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}', 'UUID', 'g'),
		'\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)', 'TIMESTAMP', 'g'),
		'\m([0-9a-f]{64}|[0-9a-f]{16}|\d+(\.\d+)?(ms|[smhd])?)\M', '0', 'g'))
$$;

CREATE FUNCTION log_config_change() RETURNS trigger
LANGUAGE plpgsql AS $$
DECLARE
	change record;
	print text;
BEGIN
	-- The diff, the patch and the paths are of one walk over both documents;
	-- where the document is the same, nothing is decompressed.
	SELECT e.* INTO change
	FROM diffgen_entry(old.config, new.config, '{"preset": "kubernetes"}') AS e;
	IF change.diff IS NULL OR change.diff = '' THEN
		RETURN NULL;
	END IF;
	print := change_fingerprint('diff', change.patch);

	-- The same within an hour is the same change once more.
	UPDATE config_changes c
	SET count = c.count + 1, diff = change.diff, patches = change.patch,
		created_at = now()
	WHERE c.config_id = new.id AND c.fingerprint = print
		AND c.created_at > now() - interval '1 hour';
	IF NOT FOUND THEN
		INSERT INTO config_changes (config_id, change_type, source, summary, patches, diff, fingerprint)
		VALUES (new.id, 'diff', 'diff',
			-- as this service writes paths
			(SELECT string_agg(substr(path, 3), ', ') FROM unnest(change.paths) AS path),
			change.patch, change.diff, print);
	END IF;
	RETURN NULL;
END
$$;

CREATE TRIGGER log_config_change AFTER UPDATE OF config ON config_items
	FOR EACH ROW EXECUTE FUNCTION log_config_change();

INSERT INTO config_items VALUES ('00000000-0000-0000-0000-000000000001', 'Kubernetes::Deployment', 'web',
	'{"kind": "Deployment", "metadata": {"name": "web", "resourceVersion": "1"},
	  "spec": {"replicas": 2, "template": {"spec": {"containers": [{"name": "web", "image": "web:1"}]}}},
	  "status": {"observedGeneration": 1, "readyReplicas": 2}}');

-- a heartbeat is no change
UPDATE config_items SET config = jsonb_set(jsonb_set(config, '{metadata,resourceVersion}', '"2"'), '{status,observedGeneration}', '2');
SELECT count(*) FROM config_changes;
-- a deployment is one
UPDATE config_items SET config = jsonb_set(config, '{spec,template,spec,containers,0,image}', '"web:2"');
SELECT change_type, source, summary, patches, diff, count FROM config_changes;
-- replicas that come and go are one, several times
UPDATE config_items SET config = jsonb_set(config, '{status,readyReplicas}', '1');
UPDATE config_items SET config = jsonb_set(config, '{status,readyReplicas}', '2');
UPDATE config_items SET config = jsonb_set(config, '{status,readyReplicas}', '0');
SELECT summary, count, patches FROM config_changes ORDER BY count;
-- but not after an hour
UPDATE config_changes SET created_at = now() - interval '61 minutes';
UPDATE config_items SET config = jsonb_set(config, '{status,readyReplicas}', '2');
SELECT summary, count FROM config_changes ORDER BY created_at, count;
-- times and identifiers do not tell changes apart, words do
SELECT count(DISTINCT change_fingerprint('diff', p)) FROM (VALUES
	('[{"op": "replace", "path": "/a", "value": "2026-11-23T09:00:00Z"}]'::jsonb),
	('[{"op": "replace", "path": "/a", "value": "2026-11-24T10:30:00.5+01:00"}]')) AS v (p);
SELECT count(DISTINCT change_fingerprint('diff', p)) FROM (VALUES
	('[{"op": "replace", "path": "/a", "value": "Running"}]'::jsonb),
	('[{"op": "replace", "path": "/a", "value": "Failed"}]')) AS v (p);

SET client_min_messages = warning;
DROP SCHEMA config_example CASCADE;
