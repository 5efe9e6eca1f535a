-- peers/pgmemento.sql
--
-- Triggers that log like pgMemento: a row for each transaction, one for each
-- table and kind of statement in it, and one for each changed row, with the
-- old values of the columns that differ as jsonb.  Written anew for
-- measurement, with the same work: a statement trigger for the first two, and
-- for each row a look-up of the event, two to_jsonb, a comparison of the columns
-- as text, one INSERT into a table with a primary key, a foreign key, two
-- indexes and a GIN index on the values.
--
-- Lighter than the original: the table's own key takes the place of the
-- audit_id that pgMemento adds, with a sequence and a unique index, to each
-- table; a row is converted once, not once a column; no DDL is logged.

CREATE SCHEMA peer_pgmemento;

CREATE TABLE peer_pgmemento.transactions (
	id serial PRIMARY KEY,
	txid bigint NOT NULL,
	at timestamptz NOT NULL,
	process_id int,
	user_name text,
	client_address inet,
	client_port int,
	application text,
	session_info jsonb,
	UNIQUE (txid, at)
);

CREATE TABLE peer_pgmemento.events (
	id serial PRIMARY KEY,
	transaction_id int NOT NULL REFERENCES peer_pgmemento.transactions,
	operation text NOT NULL,
	table_oid oid NOT NULL,
	UNIQUE (transaction_id, table_oid, operation)
);

CREATE TABLE peer_pgmemento.rows (
	id bigserial PRIMARY KEY,
	event_id int NOT NULL REFERENCES peer_pgmemento.events,
	audit_id bigint NOT NULL,
	old_data jsonb
);

CREATE INDEX ON peer_pgmemento.transactions (at);
CREATE INDEX ON peer_pgmemento.transactions USING gin (session_info);
CREATE INDEX ON peer_pgmemento.rows (event_id);
CREATE INDEX ON peer_pgmemento.rows (audit_id);
CREATE INDEX ON peer_pgmemento.rows USING gin (old_data);

CREATE FUNCTION peer_pgmemento.log_event() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
	known int;
BEGIN
	INSERT INTO peer_pgmemento.transactions (txid, at, process_id, user_name,
		client_address, client_port, application, session_info)
	VALUES (txid_current(), transaction_timestamp(), pg_backend_pid(),
		session_user, inet_client_addr(), inet_client_port(),
		current_setting('application_name'),
		nullif(current_setting('peer_pgmemento.session', true), '')::jsonb)
	ON CONFLICT (txid, at) DO NOTHING RETURNING id INTO known;
	IF known IS NULL THEN
		known := current_setting('peer_pgmemento.transaction')::int;
	ELSE
		PERFORM set_config('peer_pgmemento.transaction', known::text, true);
	END IF;
	INSERT INTO peer_pgmemento.events (transaction_id, operation, table_oid)
	VALUES (known, TG_OP, TG_RELID)
	ON CONFLICT (transaction_id, table_oid, operation) DO NOTHING;
	RETURN NULL;
END
$$;

CREATE FUNCTION peer_pgmemento.log_row() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
	event int;
	old_data jsonb;
	new_data jsonb;
BEGIN
	SELECT e.id INTO event FROM peer_pgmemento.events e
	WHERE e.transaction_id
			= current_setting('peer_pgmemento.transaction')::int
		AND e.table_oid = TG_RELID AND e.operation = TG_OP;
	IF TG_OP = 'INSERT' THEN
		INSERT INTO peer_pgmemento.rows (event_id, audit_id)
		VALUES (event, NEW.id);
		RETURN NULL;
	END IF;
	old_data := to_jsonb(OLD);
	IF TG_OP = 'UPDATE' THEN
		new_data := to_jsonb(NEW);
		SELECT coalesce(jsonb_object_agg(c.key, c.value), '{}') INTO old_data
		FROM jsonb_each(old_data) AS c
		WHERE new_data ->> c.key IS DISTINCT FROM old_data ->> c.key;
		IF old_data = '{}' THEN
			RETURN NULL;
		END IF;
	END IF;
	INSERT INTO peer_pgmemento.rows (event_id, audit_id, old_data)
	VALUES (event, OLD.id, old_data);
	RETURN NULL;
END
$$;

CREATE FUNCTION peer_pgmemento.track(target regclass) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE format('CREATE TRIGGER peer_event BEFORE INSERT OR UPDATE OR DELETE '
		'ON %s FOR EACH STATEMENT '
		'EXECUTE FUNCTION peer_pgmemento.log_event()', target);
	EXECUTE format('CREATE TRIGGER peer AFTER INSERT OR UPDATE OR DELETE ON %s '
		'FOR EACH ROW EXECUTE FUNCTION peer_pgmemento.log_row()', target);
END
$$;
