-- peers/full_row.sql
--
-- A trigger that logs like E-Maj: the old and the new row, with the table's own
-- columns, in a log table for each table.  The plainest log there is: what one
-- would write by hand.  Written anew for measurement, with the same work: a
-- PL/pgSQL function for each table, one INSERT for each version, and a primary
-- key on the log.
--
-- Lighter than the original: no statement triggers, no groups and marks.

CREATE SCHEMA peer_full_row;

CREATE FUNCTION peer_full_row.track(target regclass) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
	log text := format('peer_full_row.%I', 'log_of_' || target::text);
	function text := format('peer_full_row.%I', 'log_' || target::text);
BEGIN
	EXECUTE format('CREATE TABLE %s (LIKE %s, verb text NOT NULL, '
		'tuple text NOT NULL, number bigserial, '
		'changed timestamptz DEFAULT clock_timestamp(), '
		'transaction_id bigint DEFAULT txid_current(), '
		'changed_by text DEFAULT session_user, '
		'PRIMARY KEY (number, tuple))', log, target);
	EXECUTE format('CREATE FUNCTION %1$s() RETURNS trigger '
		'LANGUAGE plpgsql SECURITY DEFINER '
		'SET search_path = pg_catalog, pg_temp AS $log$ '
		'DECLARE '
		'	entry bigint := nextval(%3$L); '
		'BEGIN '
		'	IF TG_OP <> ''INSERT'' THEN '
		'		INSERT INTO %2$s SELECT OLD.*, TG_OP, ''OLD'', entry; '
		'	END IF; '
		'	IF TG_OP <> ''DELETE'' THEN '
		'		INSERT INTO %2$s SELECT NEW.*, TG_OP, ''NEW'', entry; '
		'	END IF; '
		'	RETURN NULL; '
		'END $log$', function, log,
		pg_get_serial_sequence(log, 'number'));
	EXECUTE format('CREATE TRIGGER peer AFTER INSERT OR UPDATE OR DELETE ON %s '
		'FOR EACH ROW EXECUTE FUNCTION %s()', target, function);
END
$$;
