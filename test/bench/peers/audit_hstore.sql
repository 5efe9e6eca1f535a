-- peers/audit_hstore.sql
--
-- A trigger that logs like 2ndQuadrant's audit-trigger (audit trigger 91plus):
-- the old row as hstore, and the columns of the new one that differ.  Written
-- anew for measurement, with the same work a row: two hstores of whole rows,
-- their difference, a record that is filled in PL/pgSQL, one INSERT into a
-- table with a primary key and three indexes.
--
-- Lighter than the original: the text of the client's query is not stored,
-- there are no excluded columns to take away, and no statement trigger.

CREATE EXTENSION IF NOT EXISTS hstore;

CREATE SCHEMA peer_audit_hstore;

CREATE TABLE peer_audit_hstore.log (
	id bigserial PRIMARY KEY,
	schema_name text NOT NULL,
	table_name text NOT NULL,
	relid oid NOT NULL,
	session_role text,
	at_transaction timestamptz NOT NULL,
	at_statement timestamptz NOT NULL,
	at_clock timestamptz NOT NULL,
	transaction_id bigint,
	application text,
	client_address inet,
	client_port int,
	action text NOT NULL CHECK (action IN ('I', 'D', 'U', 'T')),
	row_data hstore,
	changed_fields hstore
);

CREATE INDEX ON peer_audit_hstore.log (relid);
CREATE INDEX ON peer_audit_hstore.log (at_statement);
CREATE INDEX ON peer_audit_hstore.log (action);

CREATE FUNCTION peer_audit_hstore.log() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE
	entry peer_audit_hstore.log;
BEGIN
	entry := ROW(nextval('peer_audit_hstore.log_id_seq'), TG_TABLE_SCHEMA,
		TG_TABLE_NAME, TG_RELID, session_user, current_timestamp,
		statement_timestamp(), clock_timestamp(), txid_current(),
		current_setting('application_name'), inet_client_addr(),
		inet_client_port(), left(TG_OP, 1), NULL, NULL);
	IF TG_OP = 'INSERT' THEN
		entry.row_data := hstore(NEW);
	ELSE
		entry.row_data := hstore(OLD);
	END IF;
	IF TG_OP = 'UPDATE' THEN
		entry.changed_fields := hstore(NEW) - entry.row_data;
		IF entry.changed_fields = '' THEN
			RETURN NULL;
		END IF;
	END IF;
	INSERT INTO peer_audit_hstore.log VALUES (entry.*);
	RETURN NULL;
END
$$;

CREATE FUNCTION peer_audit_hstore.track(target regclass) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE format('CREATE TRIGGER peer AFTER INSERT OR UPDATE OR DELETE ON %s '
		'FOR EACH ROW EXECUTE FUNCTION peer_audit_hstore.log()', target);
END
$$;
