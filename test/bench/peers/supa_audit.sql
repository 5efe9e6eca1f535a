-- peers/supa_audit.sql
--
-- A trigger that logs like supa_audit 0.3.1: the whole old and the whole new
-- row as jsonb, each with an identifier made of the table and the primary key.
-- Written anew for measurement, with the same work a row: the names of the key
-- columns from the catalog, two to_jsonb, an identifier for each version, one
-- INSERT into a table with a primary key, two partial indexes, an index on the
-- table and a BRIN index on the time.
--
-- Lighter than the original: the identifier is an MD5 sum, not a UUID of
-- version 5 from uuid-ossp, and there is no statement trigger.

CREATE SCHEMA peer_supa_audit;

CREATE TYPE peer_supa_audit.operation AS ENUM ('INSERT', 'UPDATE', 'DELETE');

CREATE TABLE peer_supa_audit.version (
	id bigserial PRIMARY KEY,
	record_id uuid,
	old_record_id uuid,
	op peer_supa_audit.operation NOT NULL,
	at timestamptz NOT NULL DEFAULT now(),
	table_oid oid NOT NULL,
	table_schema name NOT NULL,
	table_name name NOT NULL,
	record jsonb,
	old_record jsonb,
	CHECK (coalesce(record_id, old_record_id) IS NOT NULL),
	CHECK ((op <> 'DELETE') = (record_id IS NOT NULL)),
	CHECK ((op <> 'DELETE') = (record IS NOT NULL)),
	CHECK ((op <> 'INSERT') = (old_record_id IS NOT NULL)),
	CHECK ((op <> 'INSERT') = (old_record IS NOT NULL))
);

CREATE INDEX ON peer_supa_audit.version (record_id)
	WHERE record_id IS NOT NULL;
CREATE INDEX ON peer_supa_audit.version (old_record_id)
	WHERE old_record_id IS NOT NULL;
CREATE INDEX ON peer_supa_audit.version USING brin (at);
CREATE INDEX ON peer_supa_audit.version (table_oid);

CREATE FUNCTION peer_supa_audit.key_columns(target oid) RETURNS text[]
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = '' AS $$
	SELECT coalesce(array_agg(a.attname::text ORDER BY a.attnum), '{}')
	FROM pg_index i JOIN pg_attribute a
		ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey)
	WHERE i.indisprimary AND i.indrelid = target
$$;

CREATE FUNCTION peer_supa_audit.identifier(target oid, columns text[],
	record jsonb)
RETURNS uuid LANGUAGE sql STABLE AS $$
	SELECT CASE WHEN record IS NOT NULL THEN
		(SELECT md5((jsonb_build_array(to_jsonb(target))
			|| jsonb_agg(record ->> k.name))::text)::uuid
		FROM unnest(columns) AS k(name)) END
$$;

CREATE FUNCTION peer_supa_audit.log() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
	columns text[] := peer_supa_audit.key_columns(TG_RELID);
	new_record jsonb := to_jsonb(NEW);
	new_id uuid := peer_supa_audit.identifier(TG_RELID, columns, new_record);
	old_record jsonb := to_jsonb(OLD);
	old_id uuid := peer_supa_audit.identifier(TG_RELID, columns, old_record);
BEGIN
	INSERT INTO peer_supa_audit.version (record_id, old_record_id, op,
		table_oid, table_schema, table_name, record, old_record)
	VALUES (new_id, old_id, TG_OP::peer_supa_audit.operation, TG_RELID,
		TG_TABLE_SCHEMA, TG_TABLE_NAME, new_record, old_record);
	RETURN NULL;
END
$$;

CREATE FUNCTION peer_supa_audit.track(target regclass) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE format('CREATE TRIGGER peer AFTER INSERT OR UPDATE OR DELETE ON %s '
		'FOR EACH ROW EXECUTE FUNCTION peer_supa_audit.log()', target);
END
$$;
