/* sql/diffgen--1.0.0.sql */

-- complain if script is sourced in psql, rather than via CREATE EXTENSION
\echo Use "CREATE EXTENSION diffgen" to load this file. \quit

--
-- Diffs of text
--

CREATE FUNCTION diffgen(old text, new text, options jsonb DEFAULT '{}')
RETURNS text
AS 'MODULE_PATHNAME', 'diffgen_text_text'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;

COMMENT ON FUNCTION diffgen(text, text, jsonb) IS
'unified diff of two texts, empty when they are equal';

CREATE FUNCTION diffgen_stat(old text, new text, options jsonb DEFAULT '{}',
	OUT added int, OUT removed int, OUT hunks int, OUT exact boolean)
RETURNS record
AS 'MODULE_PATHNAME', 'diffgen_stat_text'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;

COMMENT ON FUNCTION diffgen_stat(text, text, jsonb) IS
'lines added and removed by the diff of two texts, and its hunks';

CREATE FUNCTION diffgen_entry(old text, new text, options jsonb DEFAULT '{}',
	OUT diff text, OUT patch jsonb, OUT paths text[],
	OUT added int, OUT removed int, OUT hunks int, OUT exact boolean)
RETURNS record
AS 'MODULE_PATHNAME', 'diffgen_entry_text'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;

COMMENT ON FUNCTION diffgen_entry(text, text, jsonb) IS
'diff and counts of lines of a change, all at once; patch and paths are null';

--
-- Unified diffs: apply, invert, take apart
--

CREATE FUNCTION diffgen_apply(doc text, diff text)
RETURNS text
AS 'MODULE_PATHNAME', 'diffgen_apply_text'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;

COMMENT ON FUNCTION diffgen_apply(text, text) IS
'apply a unified diff to a document, exactly';

CREATE FUNCTION diffgen_invert(diff text)
RETURNS text
AS 'MODULE_PATHNAME', 'diffgen_invert_text'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 50;

COMMENT ON FUNCTION diffgen_invert(text) IS
'the unified diff that goes back';

CREATE FUNCTION diffgen_lines(diff text,
	OUT hunk int, OUT op text, OUT old_line int, OUT new_line int,
	OUT line text, OUT no_newline boolean)
RETURNS SETOF record
AS 'MODULE_PATHNAME', 'diffgen_lines'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 50 ROWS 100;

COMMENT ON FUNCTION diffgen_lines(text) IS
'the lines of a unified diff, as rows';

CREATE FUNCTION diffgen_hunks(diff text,
	OUT hunk int, OUT old_start int, OUT old_count int,
	OUT new_start int, OUT new_count int, OUT added int, OUT removed int,
	OUT heading text, OUT body text)
RETURNS SETOF record
AS 'MODULE_PATHNAME', 'diffgen_hunks'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 50 ROWS 10;

COMMENT ON FUNCTION diffgen_hunks(text) IS
'the hunks of a unified diff, as rows';

--
-- Diffs to read
--

CREATE FUNCTION diffgen_words(old text, new text, options jsonb DEFAULT '{}')
RETURNS text
AS 'MODULE_PATHNAME', 'diffgen_words'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;

COMMENT ON FUNCTION diffgen_words(text, text, jsonb) IS
'the new text with what was removed and added marked word by word';

CREATE FUNCTION diffgen_ansi(diff text, options jsonb DEFAULT '{}')
RETURNS text
AS 'MODULE_PATHNAME', 'diffgen_ansi'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 500;

COMMENT ON FUNCTION diffgen_ansi(text, jsonb) IS
'a unified diff in colours, for a terminal';

CREATE FUNCTION diffgen_html(diff text, options jsonb DEFAULT '{}')
RETURNS text
AS 'MODULE_PATHNAME', 'diffgen_html'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 500;

COMMENT ON FUNCTION diffgen_html(text, jsonb) IS
'a unified diff as HTML that needs nothing else';

--
-- Merges of text
--

CREATE FUNCTION diffgen_merge(base text, ours text, theirs text,
	options jsonb DEFAULT '{}', OUT merged text, OUT conflicts int)
RETURNS record
AS 'MODULE_PATHNAME', 'diffgen_merge_text'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 2000;

COMMENT ON FUNCTION diffgen_merge(text, text, text, jsonb) IS
'three-way merge of texts, with conflicts marked as git does';

--
-- Patches of jsonb documents
--

CREATE FUNCTION diffgen_apply(document jsonb, patch jsonb)
RETURNS jsonb
AS 'MODULE_PATHNAME', 'diffgen_apply_jsonb'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;

COMMENT ON FUNCTION diffgen_apply(jsonb, jsonb) IS
'apply a JSON Patch (RFC 6902), all of it or nothing';

CREATE FUNCTION diffgen_apply_merge(document jsonb, patch jsonb)
RETURNS jsonb
AS 'MODULE_PATHNAME', 'diffgen_apply_merge_jsonb'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;

COMMENT ON FUNCTION diffgen_apply_merge(jsonb, jsonb) IS
'apply a JSON Merge Patch (RFC 7396)';

CREATE FUNCTION diffgen_invert(patch jsonb)
RETURNS jsonb
AS 'MODULE_PATHNAME', 'diffgen_invert_jsonb'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;

COMMENT ON FUNCTION diffgen_invert(jsonb) IS
'the JSON Patch that leads back from the result of one';

CREATE FUNCTION diffgen_replay(base jsonb, patches jsonb[])
RETURNS jsonb
AS 'MODULE_PATHNAME', 'diffgen_replay_jsonb'
LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000;

COMMENT ON FUNCTION diffgen_replay(jsonb, jsonb[]) IS
'the document after a chain of JSON Patches';

CREATE FUNCTION diffgen_merge(base jsonb, ours jsonb, theirs jsonb,
	options jsonb DEFAULT '{}', OUT merged jsonb, OUT conflicts jsonb)
RETURNS record
AS 'MODULE_PATHNAME', 'diffgen_merge_jsonb'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;

COMMENT ON FUNCTION diffgen_merge(jsonb, jsonb, jsonb, jsonb) IS
'three-way merge of two documents and the one that both come from';

--
-- Diffs of jsonb and json
--

CREATE FUNCTION diffgen(old jsonb, new jsonb, options jsonb DEFAULT '{}')
RETURNS text
AS 'MODULE_PATHNAME', 'diffgen_jsonb_jsonb'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;

COMMENT ON FUNCTION diffgen(jsonb, jsonb, jsonb) IS
'unified diff of the canonical texts of two documents, empty when they are equal';

CREATE FUNCTION diffgen(old json, new json, options jsonb DEFAULT '{}')
RETURNS text
AS 'MODULE_PATHNAME', 'diffgen_json_json'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 2000;

COMMENT ON FUNCTION diffgen(json, json, jsonb) IS
'unified diff of the canonical texts of two documents, empty when they are equal';

CREATE FUNCTION diffgen_stat(old jsonb, new jsonb, options jsonb DEFAULT '{}',
	OUT added int, OUT removed int, OUT hunks int, OUT exact boolean)
RETURNS record
AS 'MODULE_PATHNAME', 'diffgen_stat_jsonb'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;

COMMENT ON FUNCTION diffgen_stat(jsonb, jsonb, jsonb) IS
'lines added and removed by the diff of two documents, and its hunks';

CREATE FUNCTION diffgen_stat(old json, new json, options jsonb DEFAULT '{}',
	OUT added int, OUT removed int, OUT hunks int, OUT exact boolean)
RETURNS record
AS 'MODULE_PATHNAME', 'diffgen_stat_json'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 2000;

COMMENT ON FUNCTION diffgen_stat(json, json, jsonb) IS
'lines added and removed by the diff of two documents, and its hunks';

CREATE FUNCTION diffgen_text(doc jsonb, options jsonb DEFAULT '{}')
RETURNS text
AS 'MODULE_PATHNAME', 'diffgen_text_jsonb'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;

COMMENT ON FUNCTION diffgen_text(jsonb, jsonb) IS
'canonical text of a document: the lines that its diffs are made of';

--
-- Changes of jsonb as rows, paths and patches
--

CREATE FUNCTION diffgen_changes(old jsonb, new jsonb, options jsonb DEFAULT '{}',
	OUT op text, OUT path text, OUT old_value jsonb, OUT new_value jsonb)
RETURNS SETOF record
AS 'MODULE_PATHNAME', 'diffgen_changes_jsonb'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000 ROWS 10;

COMMENT ON FUNCTION diffgen_changes(jsonb, jsonb, jsonb) IS
'what changed between two documents, a row for each change';

CREATE FUNCTION diffgen_paths(old jsonb, new jsonb, options jsonb DEFAULT '{}')
RETURNS text[]
AS 'MODULE_PATHNAME', 'diffgen_paths_jsonb'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;

COMMENT ON FUNCTION diffgen_paths(jsonb, jsonb, jsonb) IS
'the paths that changed between two documents, each once';

CREATE FUNCTION diffgen_patch(old jsonb, new jsonb, options jsonb DEFAULT '{}')
RETURNS jsonb
AS 'MODULE_PATHNAME', 'diffgen_patch_jsonb'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;

COMMENT ON FUNCTION diffgen_patch(jsonb, jsonb, jsonb) IS
'the JSON Patch (RFC 6902) that makes one document of the other';

CREATE FUNCTION diffgen_merge_patch(old jsonb, new jsonb)
RETURNS jsonb
AS 'MODULE_PATHNAME', 'diffgen_merge_patch_jsonb'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;

COMMENT ON FUNCTION diffgen_merge_patch(jsonb, jsonb) IS
'the JSON Merge Patch (RFC 7396) that makes one document of the other';

CREATE FUNCTION diffgen_entry(old jsonb, new jsonb, options jsonb DEFAULT '{}',
	OUT diff text, OUT patch jsonb, OUT paths text[],
	OUT added int, OUT removed int, OUT hunks int, OUT exact boolean)
RETURNS record
AS 'MODULE_PATHNAME', 'diffgen_entry_jsonb'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;

COMMENT ON FUNCTION diffgen_entry(jsonb, jsonb, jsonb) IS
'diff, patch, paths and counts of lines of a change, all at once';

--
-- What is known of Kubernetes objects
--

CREATE FUNCTION diffgen_kubernetes_keys()
RETURNS jsonb
AS 'MODULE_PATHNAME', 'diffgen_kubernetes_keys'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;

COMMENT ON FUNCTION diffgen_kubernetes_keys() IS
'the keys of the preset "kubernetes": by which members list elements are matched';

CREATE FUNCTION diffgen_kubernetes_noise()
RETURNS text[]
AS 'MODULE_PATHNAME', 'diffgen_kubernetes_noise'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;

COMMENT ON FUNCTION diffgen_kubernetes_noise() IS
'the ignored paths of the preset "kubernetes": what changes though nothing was changed';

--
-- Fingerprints
--

CREATE FUNCTION diffgen_hash(doc jsonb, options jsonb DEFAULT '{}')
RETURNS bytea
AS 'MODULE_PATHNAME', 'diffgen_hash_jsonb'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 500;

COMMENT ON FUNCTION diffgen_hash(jsonb, jsonb) IS
'SHA-256 of what diffs show of a document, equal when there is no difference';

CREATE FUNCTION diffgen_hash_pair(old jsonb, new jsonb,
	options jsonb DEFAULT '{}', OUT old_hash bytea, OUT new_hash bytea)
RETURNS record
AS 'MODULE_PATHNAME', 'diffgen_hash_pair'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 700;

COMMENT ON FUNCTION diffgen_hash_pair(jsonb, jsonb, jsonb) IS
'diffgen_hash of two versions of a document, reading once what both share';

CREATE FUNCTION diffgen_hash(doc text)
RETURNS bytea
AS 'MODULE_PATHNAME', 'diffgen_hash_text'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 200;

COMMENT ON FUNCTION diffgen_hash(text) IS
'SHA-256 of the bytes of a text';

--
-- The changelog
--
-- Nothing here is SECURITY DEFINER.  Functions have a fixed search path; a
-- procedure that commits cannot, so it sets one for each transaction.
--

CREATE FUNCTION diffgen_changelog()
RETURNS trigger
AS 'MODULE_PATHNAME', 'diffgen_changelog'
LANGUAGE C;

COMMENT ON FUNCTION diffgen_changelog() IS
'trigger that writes the changelog of a tracked table, see diffgen_track';

CREATE FUNCTION diffgen_tracking(relation regclass, usable boolean DEFAULT true,
	OUT target regclass, OUT changelog regclass, OUT documents name[],
	OUT columns name[], OUT key name[], OUT changelog_key name[],
	OUT options jsonb, OUT enabled text, OUT level text)
RETURNS record
AS 'MODULE_PATHNAME', 'diffgen_tracking_info'
LANGUAGE C STABLE STRICT;

COMMENT ON FUNCTION diffgen_tracking(regclass, boolean) IS
'how a table or partition is tracked, or NULLs if it is not';

CREATE FUNCTION diffgen_changelog_partitions(changelog regclass,
	OUT partition regclass, OUT from_time timestamptz,
	OUT to_time timestamptz, OUT is_default boolean)
RETURNS SETOF record
LANGUAGE sql STABLE STRICT
SET search_path = pg_catalog, pg_temp
SET timezone = 'UTC'
SET datestyle = 'ISO, YMD'
AS $$
	SELECT c.oid::regclass,
		CASE m[1] WHEN 'MINVALUE' THEN '-infinity'::timestamptz
			ELSE trim(m[1], '''')::timestamptz END,
		CASE m[2] WHEN 'MAXVALUE' THEN 'infinity'::timestamptz
			ELSE trim(m[2], '''')::timestamptz END,
		m IS NULL
	FROM pg_inherits i
		JOIN pg_class c ON c.oid = i.inhrelid
		LEFT JOIN LATERAL regexp_match(pg_get_expr(c.relpartbound, c.oid),
			'^FOR VALUES FROM [(](.*)[)] TO [(](.*)[)]$') AS m ON true
	WHERE i.inhparent = changelog AND c.relispartition
	ORDER BY m IS NULL, 2
$$;

COMMENT ON FUNCTION diffgen_changelog_partitions(regclass) IS
'the partitions of a changelog and the times they are for';

CREATE FUNCTION diffgen_operator(left_type regtype, right_type regtype,
	strategy int)
RETURNS text
AS 'MODULE_PATHNAME', 'diffgen_operator'
LANGUAGE C STABLE STRICT;

COMMENT ON FUNCTION diffgen_operator(regtype, regtype, int) IS
'internal: the operator that compares two types, with its schema';

CREATE FUNCTION diffgen_execute_as_owner(relation regclass, statement text,
	arguments text[] DEFAULT '{}')
RETURNS bigint
AS 'MODULE_PATHNAME', 'diffgen_execute_as_owner'
LANGUAGE C STRICT;

COMMENT ON FUNCTION diffgen_execute_as_owner(regclass, text, text[]) IS
'internal: run a statement that fires what the owner of a table has put there';

-- A name that is not taken in a relation's schema, within the limit for names.
CREATE FUNCTION diffgen_free_name(neighbour regclass, stem text, suffix text)
RETURNS text
LANGUAGE plpgsql STABLE STRICT
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	result text;
	tail text := suffix;
	n int := 0;
BEGIN
	LOOP
		result := stem;
		WHILE octet_length(result) + octet_length(tail) > 63 LOOP
			result := left(result, -1);
		END LOOP;
		result := result || tail;
		EXIT WHEN NOT EXISTS (SELECT FROM pg_class c, pg_class n
			WHERE n.oid = neighbour AND c.relnamespace = n.relnamespace
			AND c.relname = result);
		n := n + 1;
		tail := suffix || '_' || n;
	END LOOP;
	RETURN result;
END
$$;

COMMENT ON FUNCTION diffgen_free_name(regclass, text, text) IS
'internal: a name for a new relation that is not taken';

-- Gives what was made for a changelog to its owner, and takes from all others
-- what default privileges may have granted, but for reading.
CREATE FUNCTION diffgen_protect(relation regclass, owner regrole)
RETURNS void
LANGUAGE plpgsql STRICT
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	kind text;
	grantee text;
	rights text;
BEGIN
	SELECT CASE c.relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END INTO kind
	FROM pg_class c WHERE c.oid = relation;
	IF (SELECT c.relowner <> owner::oid FROM pg_class c
		WHERE c.oid = relation) THEN
		EXECUTE format('ALTER %s %s OWNER TO %s', kind, relation, owner);
	END IF;
	FOR grantee, rights IN
		SELECT DISTINCT CASE a.grantee WHEN 0 THEN 'PUBLIC'
				ELSE a.grantee::regrole::text END,
			CASE kind WHEN 'SEQUENCE' THEN 'USAGE, UPDATE'
				ELSE 'INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER' END
		FROM pg_class c, aclexplode(c.relacl) AS a
		WHERE c.oid = relation AND a.grantee <> owner::oid
	LOOP
		EXECUTE format('REVOKE %s ON %s %s FROM %s', rights, kind, relation,
			grantee);
	END LOOP;
END
$$;

COMMENT ON FUNCTION diffgen_protect(regclass, regrole) IS
'internal: leave a changelog''s relation to its owner';

-- The columns of a table that can be written, as a list.
CREATE FUNCTION diffgen_columns(relation regclass)
RETURNS text
LANGUAGE sql STABLE STRICT
SET search_path = pg_catalog, pg_temp
AS $$
	SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum)
	FROM pg_attribute a
	WHERE a.attrelid = relation AND a.attnum > 0 AND NOT a.attisdropped
		AND a.attgenerated = ''
$$;

COMMENT ON FUNCTION diffgen_columns(regclass) IS
'internal: the columns of a table but for those that are generated';

-- Makes the partitions of the months that have a moment from from_time to
-- to_time, and moves there what the default partition has of them.
CREATE FUNCTION diffgen_make_partitions(changelog regclass,
	from_time timestamptz, to_time timestamptz)
RETURNS int
LANGUAGE plpgsql STRICT
SET search_path = pg_catalog, pg_temp
SET timezone = 'UTC'
SET datestyle = 'ISO, YMD'
AS $$
DECLARE
	log pg_class;
	month timestamptz;
	lower_bound timestamptz;
	upper_bound timestamptz;
	name text;
	part regclass;
	fallback regclass;
	made int := 0;
BEGIN
	-- What ATTACH takes, before any lock on the default partition.
	EXECUTE format('LOCK TABLE ONLY %s IN SHARE UPDATE EXCLUSIVE MODE',
		changelog);
	SELECT c.* INTO STRICT log FROM pg_class c WHERE c.oid = changelog;
	SELECT p.partition INTO fallback
	FROM @extschema@.diffgen_changelog_partitions(changelog) p
	WHERE p.is_default;
	FOR month IN
		SELECT generate_series(date_trunc('month', from_time), to_time, '1 month')
	LOOP
		-- What is left of the month by partitions made otherwise.
		SELECT greatest(month, max(p.to_time)) INTO lower_bound
		FROM @extschema@.diffgen_changelog_partitions(changelog) p
		WHERE p.from_time <= month AND p.to_time > month;
		SELECT least(month + '1 month', min(p.from_time)) INTO upper_bound
		FROM @extschema@.diffgen_changelog_partitions(changelog) p
		WHERE p.from_time >= lower_bound;
		CONTINUE WHEN lower_bound >= upper_bound;

		name := @extschema@.diffgen_free_name(changelog, log.relname,
			to_char(month, '"_y"YYYY"m"MM'));
		EXECUTE format('CREATE TABLE %s.%I (LIKE %s INCLUDING DEFAULTS INCLUDING GENERATED INCLUDING CONSTRAINTS INCLUDING STORAGE)',
			log.relnamespace::regnamespace, name, changelog);
		part := format('%s.%I', log.relnamespace::regnamespace, name)::regclass;
		PERFORM @extschema@.diffgen_protect(part, log.relowner::regrole);
		IF fallback IS NOT NULL THEN
			-- As ATTACH will, but before a row of it is locked.
			EXECUTE format('LOCK TABLE %s IN ACCESS EXCLUSIVE MODE', fallback);
			PERFORM @extschema@.diffgen_execute_as_owner(changelog, format(
				'WITH moved AS (DELETE FROM %1$s WHERE changed_at >= %2$L AND changed_at < %3$L RETURNING %4$s) '
				'INSERT INTO %5$s (%4$s) SELECT %4$s FROM moved',
				fallback, lower_bound, upper_bound,
				@extschema@.diffgen_columns(changelog), part));
		END IF;
		EXECUTE format('ALTER TABLE %s ATTACH PARTITION %s FOR VALUES FROM (%L) TO (%L)',
			changelog, part, lower_bound, upper_bound);
		made := made + 1;
	END LOOP;
	RETURN made;
END
$$;

COMMENT ON FUNCTION diffgen_make_partitions(regclass, timestamptz, timestamptz) IS
'internal: make a changelog''s monthly partitions for a range of time';

-- Raises an error unless the caller may do as the owner of a table.
CREATE FUNCTION diffgen_check_owner(relation regclass)
RETURNS void
LANGUAGE plpgsql STRICT
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF NOT (SELECT pg_has_role(c.relowner, 'USAGE') FROM pg_class c
		WHERE c.oid = relation) THEN
		RAISE EXCEPTION 'must be owner of table %', relation
			USING ERRCODE = 'insufficient_privilege';
	END IF;
END
$$;

COMMENT ON FUNCTION diffgen_check_owner(regclass) IS
'internal: error unless the caller has the rights of a table''s owner';

-- How a table is tracked; an error if it is not.
CREATE FUNCTION diffgen_must_be_tracked(relation regclass,
	OUT target regclass, OUT changelog regclass, OUT documents name[],
	OUT columns name[], OUT key name[], OUT changelog_key name[],
	OUT options jsonb, OUT enabled text, OUT level text)
RETURNS record
LANGUAGE plpgsql STABLE STRICT
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	SELECT t.* INTO target, changelog, documents, columns, key, changelog_key,
		options, enabled, level
	FROM @extschema@.diffgen_tracking(relation) t;
	IF target IS NULL THEN
		RAISE EXCEPTION 'table % is not tracked', relation
			USING ERRCODE = 'object_not_in_prerequisite_state',
			HINT = 'Call diffgen_track first.';
	END IF;
END
$$;

COMMENT ON FUNCTION diffgen_must_be_tracked(regclass) IS
'internal: how a table is tracked, or an error';

-- Of a changelog's columns, those that are only for the reader may be dropped.
CREATE FUNCTION diffgen_has_column(relation regclass, name name)
RETURNS boolean
LANGUAGE sql STABLE STRICT
SET search_path = pg_catalog, pg_temp
AS $$
	SELECT EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = relation
		AND a.attname = name AND a.attnum > 0 AND NOT a.attisdropped)
$$;

COMMENT ON FUNCTION diffgen_has_column(regclass, name) IS
'internal: whether a relation has a column of that name';

-- Says in the changelog that tracking began, ended, or that history was cut.
CREATE FUNCTION diffgen_note(changelog regclass, operation text,
	context jsonb DEFAULT NULL)
RETURNS bigint
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	names text;
	vals text;
BEGIN
	SELECT string_agg(format(', %I', c.name), '' ORDER BY c.name),
		string_agg(', ' || c.val, '' ORDER BY c.name)
	INTO names, vals
	FROM (VALUES ('transaction_id', 'pg_current_xact_id()'),
			('changed_by', '$3::name'), ('context', '$2::jsonb')) AS c(name, val)
	WHERE @extschema@.diffgen_has_column(changelog, c.name);
	RETURN @extschema@.diffgen_execute_as_owner(changelog,
		format('INSERT INTO %s (changed_at, operation%s) '
			'VALUES (clock_timestamp(), $1%s) RETURNING change_id',
			changelog, names, vals),
		ARRAY[operation, context::text, current_user::text]);
END
$$;

COMMENT ON FUNCTION diffgen_note(regclass, text, jsonb) IS
'internal: a changelog''s row about the changelog itself';

-- The type under a domain, and under those that it is made of, with what
-- modifies it.
CREATE FUNCTION diffgen_base_type(of_type oid, of_modifier int,
	OUT type regtype, OUT modifier int)
RETURNS record
LANGUAGE sql STABLE STRICT
SET search_path = pg_catalog, pg_temp
AS $$
	WITH RECURSIVE types(oid, modifier, base, base_modifier) AS (
		SELECT t.oid, of_modifier, t.typbasetype, t.typtypmod
		FROM pg_type t WHERE t.oid = of_type
		UNION ALL
		SELECT t.oid, d.base_modifier, t.typbasetype, t.typtypmod
		FROM types d JOIN pg_type t ON t.oid = d.base)
	SELECT t.oid::regtype, t.modifier FROM types t WHERE t.base = 0
$$;

COMMENT ON FUNCTION diffgen_base_type(oid, int) IS
'internal: the type that a domain is of, or the type itself, and its modifier';

CREATE FUNCTION diffgen_base_type(type oid)
RETURNS regtype
LANGUAGE sql STABLE STRICT
SET search_path = pg_catalog, pg_temp
AS $$
	SELECT b.type FROM @extschema@.diffgen_base_type(type, -1) b
$$;

COMMENT ON FUNCTION diffgen_base_type(oid) IS
'internal: the type that a domain is of, or the type itself';

-- The columns to be tracked, checked.
CREATE FUNCTION diffgen_document_columns(target regclass, wanted name[],
	options jsonb)
RETURNS name[]
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	result name[];
	col name;
	kind regtype;
BEGIN
	IF wanted IS NULL THEN
		SELECT array_agg(a.attname ORDER BY a.attnum) INTO result
		FROM pg_attribute a
			JOIN pg_index i ON i.indrelid = a.attrelid AND i.indisprimary
		WHERE a.attrelid = target AND a.attnum > 0 AND NOT a.attisdropped
			AND @extschema@.diffgen_base_type(a.atttypid)
				IN ('jsonb'::regtype, 'json'::regtype, 'text'::regtype)
			AND a.attnum <> ALL (i.indkey::int2[]);
		IF result IS NULL THEN
			RAISE EXCEPTION 'table % has no column of type jsonb, json or text outside its primary key', target
				USING ERRCODE = 'invalid_parameter_value',
				HINT = 'Name the columns to be tracked in the second argument.';
		END IF;
	ELSE
		result := wanted;
	END IF;
	IF cardinality(result) = 0 OR array_position(result, NULL) IS NOT NULL THEN
		RAISE EXCEPTION 'list of columns must not be empty or contain NULL'
			USING ERRCODE = 'invalid_parameter_value';
	END IF;

	FOREACH col IN ARRAY result LOOP
		SELECT @extschema@.diffgen_base_type(a.atttypid) INTO kind
		FROM pg_attribute a
		WHERE a.attrelid = target AND a.attname = col AND a.attnum > 0
			AND NOT a.attisdropped;
		IF NOT FOUND THEN
			RAISE EXCEPTION 'column "%" of table % does not exist', col, target
				USING ERRCODE = 'undefined_column';
		ELSIF cardinality(array_positions(result, col)) > 1 THEN
			RAISE EXCEPTION 'column "%" specified more than once', col
				USING ERRCODE = 'duplicate_column';
		ELSIF kind IN ('jsonb'::regtype, 'json'::regtype) THEN
			PERFORM @extschema@.diffgen_entry('{}'::jsonb, '{}'::jsonb, options);
		ELSIF kind IN ('text'::regtype, 'varchar'::regtype) THEN
			BEGIN
				PERFORM @extschema@.diffgen_stat(''::text, ''::text, options);
			EXCEPTION WHEN invalid_parameter_value THEN
				RAISE EXCEPTION 'options cannot be used for column "%" of type %: %',
						col, kind, sqlerrm
					USING ERRCODE = 'invalid_parameter_value',
					HINT = 'Name the columns to be tracked in the second argument.';
			END;
		ELSE
			RAISE EXCEPTION 'cannot track column "%" of type %', col, kind
				USING ERRCODE = 'datatype_mismatch',
				HINT = 'Columns of type jsonb, json, text and varchar can be tracked.';
		END IF;
	END LOOP;
	RETURN result;
END
$$;

COMMENT ON FUNCTION diffgen_document_columns(regclass, name[], jsonb) IS
'internal: the columns to be tracked, checked';

-- Checks the options that would make a history that cannot be read back.
CREATE FUNCTION diffgen_check_tracking_options(options jsonb)
RETURNS void
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	path text;
	plain text;
BEGIN
	IF jsonb_typeof(options) <> 'object' THEN
		RAISE EXCEPTION 'options must be a JSON object'
			USING ERRCODE = 'invalid_parameter_value',
			HINT = 'For example: {"ignore": ["$.status"]}.';
	END IF;
	IF options ? 'replication' AND (jsonb_typeof(options->'replication') <> 'string'
		OR options->>'replication' NOT IN ('origin', 'always')) THEN
		RAISE EXCEPTION 'unrecognized value % for option "replication"',
				options->'replication'
			USING ERRCODE = 'invalid_parameter_value',
			HINT = 'Valid values are: "origin", "always".';
	END IF;
	IF options ? 'level' AND (jsonb_typeof(options->'level') <> 'string'
		OR options->>'level' NOT IN ('row', 'statement')) THEN
		RAISE EXCEPTION 'unrecognized value % for option "level"',
				options->'level'
			USING ERRCODE = 'invalid_parameter_value',
			HINT = 'Valid values are: "row", "statement".';
	END IF;
	IF options->>'level' = 'statement' AND options->>'replication' = 'always' THEN
		RAISE EXCEPTION 'option "replication" must be "origin" with "level": "statement"'
			USING ERRCODE = 'invalid_parameter_value',
			DETAIL = 'Logical replication fires no triggers for statements.';
	END IF;
	IF options ? 'invertible' THEN
		RAISE EXCEPTION 'option "invertible" has no meaning for this function'
			USING ERRCODE = 'invalid_parameter_value',
			HINT = 'Changelogs always have the old values.';
	END IF;
	IF options->>'whitespace' <> 'exact' OR options->>'order' <> 'keep' THEN
		RAISE EXCEPTION 'option "%" must be "%" in a changelog',
				CASE WHEN options->>'whitespace' <> 'exact' THEN 'whitespace' ELSE 'order' END,
				CASE WHEN options->>'whitespace' <> 'exact' THEN 'exact' ELSE 'keep' END
			USING ERRCODE = 'invalid_parameter_value',
			HINT = 'Else the way back to an earlier version would be lost.';
	END IF;
	IF jsonb_typeof(options->'ignore') = 'array' THEN
		FOR path IN
			SELECT e #>> '{}' FROM jsonb_array_elements(options->'ignore') e
		LOOP
			BEGIN
				plain := path::jsonpath;	-- without comments
			EXCEPTION WHEN others THEN
				plain := path;				-- which others complain of
			END;
			IF plain ~ '[])][[:space:]]*$' OR plain ~ '[.][[:space:]]*[*][[:space:]]*[*][[:space:]]*([{][^}]*[}])?[[:space:]]*$' THEN
				RAISE EXCEPTION 'option "ignore" must not end in an array element in a changelog: %', path
					USING ERRCODE = 'invalid_parameter_value',
					HINT = 'Patches tell elements by their position, which would change without an entry.';
			END IF;
		END LOOP;
	END IF;
END
$$;

COMMENT ON FUNCTION diffgen_check_tracking_options(jsonb) IS
'internal: error for options that a changelog cannot have';

-- Makes a changelog for a table, or takes one that is there.
CREATE FUNCTION diffgen_make_changelog(target regclass, key name[])
RETURNS regclass
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	tab pg_class;
	columns text;
	names text;
	name text;
	suffix text;
	n int;
	sequence_name text;
	log regclass;
	needed constant text[] := ARRAY['change_id', 'changed_at', 'operation',
		'document', 'diff', 'patch', 'old_hash', 'new_hash'];
	reserved constant text[] := ARRAY['change_id', 'changed_at',
		'transaction_id', 'operation', 'document', 'diff', 'patch', 'paths',
		'added', 'removed', 'old_hash', 'new_hash', 'changed_by',
		'application', 'context'];
BEGIN
	SELECT c.* INTO STRICT tab FROM pg_class c WHERE c.oid = target;
	-- Not a domain's: it could refuse the NULL of rows without a key, or give
	-- them a default.
	SELECT string_agg(format('%I %s%s', k.log_name,
				format_type(t.oid, b.modifier),
				CASE WHEN a.attcollation <> t.typcollation
					THEN format(' COLLATE %s', a.attcollation::regcollation)
					ELSE '' END), ', ' ORDER BY k.n),
			string_agg(quote_ident(k.log_name), ', ' ORDER BY k.n)
	INTO STRICT columns, names
	FROM (SELECT u.name, u.n, CASE WHEN u.name::text = ANY (reserved)
				THEN left('key_' || u.name, 63)
				ELSE u.name::text END AS log_name
			FROM unnest(key) WITH ORDINALITY AS u(name, n)) AS k
		JOIN pg_attribute a ON a.attrelid = target AND a.attname = k.name,
		LATERAL @extschema@.diffgen_base_type(a.atttypid, a.atttypmod) AS b
		JOIN pg_type t ON t.oid = b.type;

	LOOP
		name := tab.relname;
		suffix := '_changelog' || coalesce('_' || n, '');
		WHILE octet_length(name) + octet_length(suffix) > 63 LOOP
			name := left(name, -1);
		END LOOP;
		name := name || suffix;
		log := to_regclass(format('%s.%I', tab.relnamespace::regnamespace, name));
		EXIT WHEN log IS NULL;
		-- One that tracking has left behind is taken up again, but not that of
		-- another table, which had this one's name or has a similar long one.
		n := coalesce(n, 0) + 1;
		CONTINUE WHEN EXISTS (SELECT FROM pg_trigger t WHERE t.tgconstrrelid = log
			AND t.tgparentid = 0 AND t.tgrelid <> target
			AND t.tgfoid = '@extschema@.diffgen_changelog()'::regprocedure);
		IF NOT EXISTS (SELECT FROM pg_class c WHERE c.oid = log
				AND c.relkind = 'p' AND c.relowner = tab.relowner)
			OR (SELECT count(*) FROM pg_attribute a WHERE a.attrelid = log
				AND a.attnum > 0 AND NOT a.attisdropped
				AND a.attname::text = ANY (needed)) <> cardinality(needed)
		THEN
			RAISE EXCEPTION 'relation % already exists and is no changelog of table %', log, target
				USING ERRCODE = 'duplicate_table',
				HINT = 'Rename it.';
		END IF;
		RETURN log;
	END LOOP;

	sequence_name := @extschema@.diffgen_free_name(target, name,
		'_change_id_seq');
	EXECUTE format('CREATE SEQUENCE %s.%I', tab.relnamespace::regnamespace,
		sequence_name);
	EXECUTE format('CREATE TABLE %1$s.%2$I (%3$s, '
		'change_id bigint NOT NULL DEFAULT nextval(%4$L::regclass), '
		'changed_at timestamptz NOT NULL, '
		'transaction_id xid8, '
		'operation text NOT NULL, '
		'document text, '
		'diff text, '
		'patch jsonb, '
		'paths text[], '
		'added int, '
		'removed int, '
		'old_hash bytea, '
		'new_hash bytea, '
		'changed_by name, '
		'application text, '
		'context jsonb, '
		'PRIMARY KEY (change_id, changed_at)) PARTITION BY RANGE (changed_at)',
		tab.relnamespace::regnamespace, name, columns,
		format('%s.%I', tab.relnamespace::regnamespace, sequence_name));
	log := format('%s.%I', tab.relnamespace::regnamespace, name)::regclass;
	EXECUTE format('CREATE INDEX ON %s (%s, changed_at)', log, names);
	EXECUTE format('COMMENT ON TABLE %s IS %L', log,
		format('changelog of table %s', target));
	EXECUTE format('ALTER SEQUENCE %s.%I OWNED BY %s.change_id',
		tab.relnamespace::regnamespace, sequence_name, log);
	PERFORM @extschema@.diffgen_protect(log, tab.relowner::regrole);
	PERFORM @extschema@.diffgen_protect(format('%s.%I',
			tab.relnamespace::regnamespace, sequence_name)::regclass,
		tab.relowner::regrole);

	name := @extschema@.diffgen_free_name(target, name, '_default');
	EXECUTE format('CREATE TABLE %s.%I PARTITION OF %s DEFAULT',
		tab.relnamespace::regnamespace, name, log);
	PERFORM @extschema@.diffgen_protect(format('%s.%I',
			tab.relnamespace::regnamespace, name)::regclass,
		tab.relowner::regrole);
	PERFORM @extschema@.diffgen_make_partitions(log, now(), now() + '3 months');
	RETURN log;
END
$$;

COMMENT ON FUNCTION diffgen_make_changelog(regclass, name[]) IS
'internal: the changelog of a table, made if there is none';

-- Gives partitions of a tracked table the trigger for TRUNCATE.
CREATE FUNCTION diffgen_make_truncate_triggers(target regclass)
RETURNS void
LANGUAGE plpgsql STRICT
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	leaf regclass;
BEGIN
	FOR leaf IN
		SELECT p.relid FROM pg_partition_tree(target) p
		WHERE p.isleaf AND p.relid <> target AND NOT EXISTS (
			SELECT FROM pg_trigger t WHERE t.tgrelid = p.relid
			AND t.tgfoid = '@extschema@.diffgen_changelog()'::regprocedure
			AND t.tgname = 'diffgen_truncate')
	LOOP
		EXECUTE format('CREATE OR REPLACE TRIGGER diffgen_truncate BEFORE TRUNCATE ON %s '
			'FOR EACH STATEMENT EXECUTE FUNCTION @extschema@.diffgen_changelog()',
			leaf);
	END LOOP;
END
$$;

COMMENT ON FUNCTION diffgen_make_truncate_triggers(regclass) IS
'internal: triggers for TRUNCATE on the partitions of a tracked table';

-- Gives a tracked table and its partitions the triggers that log statements.
-- A statement fires those of the table that it names, so no row is logged twice.
CREATE FUNCTION diffgen_make_statement_triggers(target regclass)
RETURNS void
LANGUAGE plpgsql STRICT
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	relation regclass;
	event text;
	tables text;
BEGIN
	FOR relation, event, tables IN
		SELECT c.oid, e.event, e.tables
		FROM pg_class c, (VALUES
			('insert', 'NEW TABLE AS new_rows'),
			('update', 'OLD TABLE AS old_rows NEW TABLE AS new_rows'),
			('delete', 'OLD TABLE AS old_rows')) AS e(event, tables)
		WHERE c.relkind IN ('r', 'p') AND (c.oid = target OR c.oid IN (
				SELECT p.relid FROM pg_partition_tree(target) p))
			AND NOT EXISTS (SELECT FROM pg_trigger t
				WHERE t.tgrelid = c.oid AND t.tgname = 'diffgen_' || e.event
				AND t.tgfoid = '@extschema@.diffgen_changelog()'::regprocedure)
		ORDER BY c.oid
	LOOP
		EXECUTE format('CREATE TRIGGER %I AFTER %s ON %s REFERENCING %s '
			'FOR EACH STATEMENT EXECUTE FUNCTION @extschema@.diffgen_changelog()',
			'diffgen_' || event, event, relation, tables);
	END LOOP;
END
$$;

COMMENT ON FUNCTION diffgen_make_statement_triggers(regclass) IS
'internal: triggers that log the statements which write a tracked table';

-- Drops all triggers that track a table.
CREATE FUNCTION diffgen_drop_triggers(target regclass)
RETURNS void
LANGUAGE plpgsql STRICT
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	relation regclass;
	trigger_name name;
	origin regclass;
BEGIN
	-- A clone that DETACH PARTITION has left behind can only be dropped with
	-- the trigger that it was made from, which is another table's.
	WITH RECURSIVE tree AS (
			SELECT target AS relid
			UNION SELECT p.relid FROM pg_partition_tree(target) p),
		up AS (
			SELECT t.tgrelid AS leftover, t.tgrelid, t.tgparentid
			FROM pg_trigger t
			WHERE t.tgfoid = '@extschema@.diffgen_changelog()'::regprocedure
				AND t.tgrelid IN (SELECT tree.relid FROM tree)
			UNION ALL
			SELECT up.leftover, t.tgrelid, t.tgparentid
			FROM up JOIN pg_trigger t ON t.oid = up.tgparentid)
	SELECT up.leftover, up.tgrelid INTO relation, origin
	FROM up
	WHERE up.tgparentid = 0
		AND up.tgrelid NOT IN (SELECT tree.relid FROM tree)
	ORDER BY up.leftover
	LIMIT 1;
	IF FOUND THEN
		RAISE EXCEPTION 'table % still has a trigger from when it was a partition of table %', relation, origin
			USING ERRCODE = 'object_not_in_prerequisite_state',
			HINT = format('CALL diffgen_maintain(%L) drops it.', origin);
	END IF;

	FOR relation, trigger_name IN
		-- A snapshot of REPEATABLE READ may show those that are gone by now.
		SELECT DISTINCT t.tgrelid, t.tgname FROM pg_trigger t
		WHERE t.tgfoid = '@extschema@.diffgen_changelog()'::regprocedure
			AND t.tgparentid = 0
			AND (t.tgrelid = target OR t.tgrelid IN (
				SELECT p.relid FROM pg_partition_tree(target) p))
	LOOP
		EXECUTE format('DROP TRIGGER IF EXISTS %I ON %s', trigger_name, relation);
	END LOOP;
END
$$;

COMMENT ON FUNCTION diffgen_drop_triggers(regclass) IS
'internal: drop the triggers that track a table';

-- What diffgen_track does.  maintain says to leave triggers that are there as
-- they are, and to give new ones this mode: origin, always, replica, disabled.
CREATE FUNCTION diffgen_track_table(target regclass, columns name[],
	options jsonb, maintain text)
RETURNS regclass
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	tab pg_class;
	key name[];
	was record;
	tracked name[];
	labels text[];
	diff_options jsonb;
	log regclass;
	arguments text;
	names text;
	mode text;
	level text;
	generated name;
	relation regclass;
	trigger_name name;
	there oid[] := '{}';
BEGIN
	IF target IS NULL THEN
		RAISE EXCEPTION 'table to be tracked must not be NULL'
			USING ERRCODE = 'null_value_not_allowed';
	END IF;
	options := coalesce(options, '{}');
	PERFORM @extschema@.diffgen_check_tracking_options(options);
	diff_options := options - 'replication' - 'level';
	mode := coalesce(maintain, options->>'replication', 'origin');
	level := coalesce(options->>'level', 'row');
	IF maintain IS NOT NULL THEN
		SELECT coalesce(array_agg(t.oid), '{}') INTO there FROM pg_trigger t
		WHERE t.tgfoid = '@extschema@.diffgen_changelog()'::regprocedure;
	END IF;

	SELECT c.* INTO tab FROM pg_class c WHERE c.oid = target;
	IF tab.relkind IS NULL OR tab.relkind NOT IN ('r', 'p')
		OR tab.relpersistence = 't' THEN
		RAISE EXCEPTION 'cannot track %', target
			USING ERRCODE = 'wrong_object_type',
			DETAIL = 'Tables and partitioned tables can be tracked, if they are not temporary.';
	END IF;
	PERFORM @extschema@.diffgen_check_owner(target);

	-- What CREATE TRIGGER takes; of two calls at once, one waits here.
	EXECUTE format('LOCK TABLE %s IN SHARE ROW EXCLUSIVE MODE', target);

	SELECT array_agg(a.attname ORDER BY k.n) INTO key
	FROM pg_index i,
		unnest(i.indkey::int2[]) WITH ORDINALITY AS k(attnum, n),
		pg_attribute a
	WHERE i.indrelid = target AND i.indisprimary AND k.n <= i.indnkeyatts
		AND a.attrelid = target AND a.attnum = k.attnum;
	IF key IS NULL THEN
		RAISE EXCEPTION 'table % has no primary key', target
			USING ERRCODE = 'object_not_in_prerequisite_state',
			HINT = 'The history of a row is found by its key: use ALTER TABLE ... ADD PRIMARY KEY first.';
	END IF;

	SELECT t.* INTO was FROM @extschema@.diffgen_tracking(target) t;
	IF was.target <> target THEN
		RAISE EXCEPTION 'table % is tracked as a partition of %', target, was.target
			USING ERRCODE = 'object_not_in_prerequisite_state';
	END IF;
	IF level = 'statement' AND was.level IS DISTINCT FROM level
		AND EXISTS (SELECT FROM pg_inherits i WHERE i.inhrelid = target
			OR (i.inhparent = target AND tab.relkind = 'r'))
	THEN
		RAISE EXCEPTION 'cannot track % by statement', target
			USING ERRCODE = 'wrong_object_type',
			DETAIL = 'A statement that names a table shows rows of its partitions, and of tables that inherit from it, as rows of the table that it names.',
			HINT = 'Track the partitioned table, or use "level": "row".';
	END IF;
	tracked := @extschema@.diffgen_document_columns(target, columns,
		diff_options);
	IF level = 'statement' AND tab.relkind = 'p' THEN
		SELECT a.attname INTO generated
		FROM pg_attribute a
		WHERE a.attrelid IN (SELECT p.relid FROM pg_partition_tree(target) p)
			AND a.attname = ANY (tracked || key) AND a.attgenerated <> ''
		ORDER BY a.attname
		LIMIT 1;
		IF FOUND THEN
			RAISE EXCEPTION 'cannot track % by statement', target
				USING ERRCODE = 'wrong_object_type',
				DETAIL = format('Column %I is generated. Of rows that go to a partition whose columns have another order, a statement''s triggers see such columns as null.', generated),
				HINT = 'Use "level": "row".';
		END IF;
	END IF;

	-- A column that was renamed keeps its name in the changelog.
	SELECT array_agg(coalesce(w.label, c.name)::text ORDER BY c.n) INTO labels
	FROM unnest(tracked) WITH ORDINALITY AS c(name, n)
		LEFT JOIN unnest(was.documents, was.columns) AS w(label, name)
			ON w.name = c.name;
	IF (SELECT count(DISTINCT l) FROM unnest(labels) l) < cardinality(labels) THEN
		RAISE EXCEPTION 'columns of table % have been renamed to names of others that are tracked', target
			USING ERRCODE = 'duplicate_column',
			HINT = 'Call diffgen_untrack first and rename the changelog.';
	END IF;

	log := coalesce(was.changelog,
		@extschema@.diffgen_make_changelog(target, key));
	IF was.target IS NULL OR was.documents::text[] <> labels
		OR was.columns <> tracked OR was.options <> diff_options
		OR was.level <> level OR NOT EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = target
			AND t.tgname = 'diffgen_truncate')
		-- DETACH PARTITION leaves the trigger's clone behind, with which the
		-- partition could be neither attached again nor tracked by itself.
		OR EXISTS (SELECT FROM pg_trigger t
			JOIN pg_trigger p ON p.oid = t.tgparentid
			WHERE p.tgrelid IN (SELECT pt.relid FROM pg_partition_tree(target) pt)
			AND t.tgrelid NOT IN (SELECT pt.relid FROM pg_partition_tree(target) pt)
			AND t.tgfoid = '@extschema@.diffgen_changelog()'::regprocedure)
	THEN
		-- Partitions that were tracked by themselves are so no longer.
		PERFORM @extschema@.diffgen_note(t.tgconstrrelid, 'untrack')
		FROM pg_partition_tree(target) p
			JOIN pg_trigger t ON t.tgrelid = p.relid AND t.tgparentid = 0
				AND t.tgfoid = '@extschema@.diffgen_changelog()'::regprocedure
		WHERE t.tgconstrrelid <> 0 AND p.relid <> target;
		PERFORM @extschema@.diffgen_drop_triggers(target);
		SELECT string_agg(quote_literal(a), ', ' ORDER BY n) INTO arguments
		FROM unnest(ARRAY[diff_options::text] || labels)
			WITH ORDINALITY AS u(a, n);
		SELECT string_agg(quote_ident(c), ', ' ORDER BY n) INTO names
		FROM (SELECT DISTINCT ON (c) c, n
			FROM unnest(tracked || key) WITH ORDINALITY AS u(c, n)
			ORDER BY c, n) AS columns;
		-- No trigger for statements can name a changelog, so one for rows does
		-- it that never fires.
		EXECUTE format('CREATE CONSTRAINT TRIGGER diffgen_changelog '
			'AFTER %s ON %s FROM %s FOR EACH ROW %s '
			'EXECUTE FUNCTION @extschema@.diffgen_changelog(%s)',
			CASE level WHEN 'row' THEN 'INSERT OR UPDATE OR DELETE' ELSE 'DELETE' END,
			target, log,
			CASE level WHEN 'row' THEN '' ELSE 'WHEN (false)' END, arguments);
		-- Before a trigger names the key's columns, it is an error if those of
		-- a changelog that was taken up have other names.
		IF was.target IS NULL THEN
			PERFORM @extschema@.diffgen_tracking(target);
		END IF;
		EXECUTE format('CREATE TRIGGER diffgen_truncate '
			'BEFORE UPDATE OF %s OR TRUNCATE ON %s '
			'FOR EACH STATEMENT EXECUTE FUNCTION @extschema@.diffgen_changelog()',
			names, target);
		-- An error if the changelog was taken up and does not fit.
		PERFORM @extschema@.diffgen_tracking(target);
		PERFORM @extschema@.diffgen_note(log, 'track', jsonb_build_object(
			'documents', labels, 'options', diff_options));
	END IF;
	PERFORM @extschema@.diffgen_make_truncate_triggers(target);
	IF level = 'statement' THEN
		PERFORM @extschema@.diffgen_make_statement_triggers(target);
	END IF;

	FOR relation, trigger_name IN
		SELECT t.tgrelid, t.tgname FROM pg_trigger t
		WHERE t.tgfoid = '@extschema@.diffgen_changelog()'::regprocedure
			AND t.tgenabled <> CASE mode WHEN 'always' THEN 'A' WHEN 'replica' THEN 'R'
				WHEN 'disabled' THEN 'D' ELSE 'O' END::"char"
			AND t.oid <> ALL (there) AND (t.tgrelid = target OR t.tgrelid IN (
				SELECT p.relid FROM pg_partition_tree(target) p))
	LOOP
		EXECUTE format('ALTER TABLE ONLY %s %s TRIGGER %I', relation,
			CASE mode WHEN 'always' THEN 'ENABLE ALWAYS'
				WHEN 'replica' THEN 'ENABLE REPLICA'
				WHEN 'disabled' THEN 'DISABLE' ELSE 'ENABLE' END, trigger_name);
	END LOOP;
	RETURN log;
END
$$;

COMMENT ON FUNCTION diffgen_track_table(regclass, name[], jsonb, text) IS
'internal: what diffgen_track does';

CREATE FUNCTION diffgen_track(target regclass, columns name[] DEFAULT NULL,
	options jsonb DEFAULT '{}')
RETURNS regclass
LANGUAGE sql
SET search_path = pg_catalog, pg_temp
AS $$
	SELECT @extschema@.diffgen_track_table(target, columns, options, NULL)
$$;

COMMENT ON FUNCTION diffgen_track(regclass, name[], jsonb) IS
'keep a changelog of a table''s documents, or change its options';

CREATE FUNCTION diffgen_untrack(target regclass)
RETURNS regclass
LANGUAGE plpgsql STRICT
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	was record;
BEGIN
	PERFORM @extschema@.diffgen_check_owner(target);
	SELECT t.* INTO was FROM @extschema@.diffgen_tracking(target, false) t;
	IF was.target IS NULL THEN
		RETURN NULL;
	ELSIF was.target <> target THEN
		RAISE EXCEPTION 'table % is tracked as a partition of %', target, was.target
			USING ERRCODE = 'object_not_in_prerequisite_state';
	END IF;
	PERFORM @extschema@.diffgen_drop_triggers(target);
	PERFORM @extschema@.diffgen_note(was.changelog, 'untrack');
	RETURN was.changelog;
END
$$;

COMMENT ON FUNCTION diffgen_untrack(regclass) IS
'keep no changelog of a table any longer; what there is of it stays';

CREATE PROCEDURE diffgen_maintain(target regclass)
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	was record;
	since timestamptz;
	fallback regclass;
BEGIN
	IF target IS NULL THEN
		RAISE EXCEPTION 'tracked table must not be NULL'
			USING ERRCODE = 'null_value_not_allowed';
	END IF;
	PERFORM @extschema@.diffgen_check_owner(target);
	SELECT t.* INTO was FROM @extschema@.diffgen_must_be_tracked(target) t;
	IF was.target <> target THEN
		RAISE EXCEPTION 'table % is tracked as a partition of %', target, was.target
			USING ERRCODE = 'object_not_in_prerequisite_state';
	END IF;

	-- Triggers of partitions that have come or gone.  What the owner has
	-- disabled stays so; new ones are as the one that names the changelog.
	PERFORM @extschema@.diffgen_track_table(target,
		array_remove(was.columns, NULL),
		was.options || jsonb_build_object('level', was.level),
		(SELECT CASE t.tgenabled WHEN 'A' THEN 'always' WHEN 'R' THEN 'replica'
				WHEN 'D' THEN 'disabled' ELSE 'origin' END
			FROM pg_trigger t
			WHERE t.tgrelid = target AND t.tgconstrrelid = was.changelog
				AND t.tgfoid = '@extschema@.diffgen_changelog()'::regprocedure));

	-- Months that only the default partition has.  Where times end there are
	-- none.
	EXECUTE format('LOCK TABLE ONLY %s IN SHARE UPDATE EXCLUSIVE MODE',
		was.changelog);
	SELECT p.partition INTO fallback
	FROM @extschema@.diffgen_changelog_partitions(was.changelog) p
	WHERE p.is_default;
	IF fallback IS NOT NULL THEN
		FOR since IN EXECUTE format('SELECT DISTINCT date_trunc(''month'', l.changed_at AT TIME ZONE ''UTC'') AT TIME ZONE ''UTC'' '
			'FROM %s l WHERE l.changed_at >= ''4000-01-01 BC'' AND l.changed_at < ''290000-01-01''', fallback)
		LOOP
			PERFORM @extschema@.diffgen_make_partitions(was.changelog, since,
				since);
		END LOOP;
	END IF;
	PERFORM @extschema@.diffgen_make_partitions(was.changelog, now(),
		now() + '3 months');
END
$$;

COMMENT ON PROCEDURE diffgen_maintain(regclass) IS
'make partitions of a changelog for the next months and empty its default one';

CREATE VIEW diffgen_tracked AS
	SELECT i.target, i.changelog, i.columns, i.documents, i.options,
		i.level, i.enabled,
		i.key IS NOT NULL AND (
			SELECT pg_catalog.has_table_privilege(c.relowner, l.oid, 'INSERT')
				AND pg_catalog.has_schema_privilege(c.relowner, l.relnamespace, 'USAGE')
				AND coalesce(pg_catalog.has_sequence_privilege(c.relowner,
					pg_catalog.pg_get_serial_sequence(i.changelog::pg_catalog.text, 'change_id'),
					'USAGE'), true)
			FROM pg_catalog.pg_class c, pg_catalog.pg_class l
			WHERE c.oid OPERATOR(pg_catalog.=) i.target
				AND l.oid OPERATOR(pg_catalog.=) i.changelog) AS writable,
		(SELECT pg_catalog.max(p.to_time)
			FROM @extschema@.diffgen_changelog_partitions(i.changelog) p
		) AS partitions_until
	FROM pg_catalog.pg_trigger t,
		LATERAL @extschema@.diffgen_tracking(t.tgrelid::pg_catalog.regclass,
			false) i
	WHERE t.tgfoid OPERATOR(pg_catalog.=)
			'@extschema@.diffgen_changelog()'::pg_catalog.regprocedure
		AND t.tgconstrrelid OPERATOR(pg_catalog.<>) 0
		AND t.tgparentid OPERATOR(pg_catalog.=) 0;

COMMENT ON VIEW diffgen_tracked IS
'the tables that are tracked';

GRANT SELECT ON diffgen_tracked TO PUBLIC;

--
-- The changelog: going back
--

CREATE FUNCTION diffgen_history(target regclass, VARIADIC key "any",
	OUT change_id bigint, OUT changed_at timestamptz, OUT transaction_id xid8,
	OUT operation text, OUT document text, OUT diff text, OUT patch jsonb,
	OUT paths text[], OUT added int, OUT removed int, OUT changed_by name,
	OUT application text, OUT context jsonb, OUT old_hash bytea,
	OUT new_hash bytea)
RETURNS SETOF record
AS 'MODULE_PATHNAME', 'diffgen_history'
LANGUAGE C STABLE COST 1000 ROWS 100;

COMMENT ON FUNCTION diffgen_history(regclass, "any") IS
'the changes of one row of a tracked table, oldest first';

CREATE FUNCTION diffgen_at(target regclass, document name,
	as_of timestamptz, VARIADIC key "any")
RETURNS jsonb
AS 'MODULE_PATHNAME', 'diffgen_at'
LANGUAGE C STABLE COST 10000;

COMMENT ON FUNCTION diffgen_at(regclass, name, timestamptz, "any") IS
'a row''s document as it was at some time, verified by the stored hashes';

CREATE FUNCTION diffgen_at_text(target regclass, document name,
	as_of timestamptz, VARIADIC key "any")
RETURNS text
AS 'MODULE_PATHNAME', 'diffgen_at_text'
LANGUAGE C STABLE COST 10000;

COMMENT ON FUNCTION diffgen_at_text(regclass, name, timestamptz, "any") IS
'a row''s text as it was at some time, verified by the stored hashes';

CREATE FUNCTION diffgen_at_change(target regclass, document name,
	change_id bigint, before boolean, VARIADIC key "any")
RETURNS jsonb
AS 'MODULE_PATHNAME', 'diffgen_at_change'
LANGUAGE C STABLE COST 10000;

COMMENT ON FUNCTION diffgen_at_change(regclass, name, bigint, boolean, "any") IS
'a row''s document just after one of its changes, or just before it';

CREATE FUNCTION diffgen_at_change_text(target regclass, document name,
	change_id bigint, before boolean, VARIADIC key "any")
RETURNS text
AS 'MODULE_PATHNAME', 'diffgen_at_change_text'
LANGUAGE C STABLE COST 10000;

COMMENT ON FUNCTION diffgen_at_change_text(regclass, name, bigint, boolean, "any") IS
'a row''s text just after one of its changes, or just before it';

CREATE FUNCTION diffgen_blame(target regclass, document name,
	VARIADIC key "any", OUT path text, OUT value jsonb, OUT change_id bigint,
	OUT changed_at timestamptz, OUT changed_by name, OUT application text,
	OUT context jsonb)
RETURNS SETOF record
AS 'MODULE_PATHNAME', 'diffgen_blame'
LANGUAGE C STABLE COST 10000 ROWS 100;

COMMENT ON FUNCTION diffgen_blame(regclass, name, "any") IS
'for each part of a row''s live document, who changed it last and when';

CREATE FUNCTION diffgen_timeline_html(target regclass,
	key jsonb DEFAULT NULL, options jsonb DEFAULT '{}')
RETURNS text
AS 'MODULE_PATHNAME', 'diffgen_timeline_html'
LANGUAGE C STABLE COST 100000;

COMMENT ON FUNCTION diffgen_timeline_html(regclass, jsonb, jsonb) IS
'the changes of a tracked table, or of some of its rows, as a web page';

-- The statement that undoes a change, with the change's number as $1 and the
-- document as it is to be as $2.  Locks the row, so that nothing comes between.
CREATE FUNCTION diffgen_undo_statement(changelog regclass, change_id bigint,
	OUT statement text, OUT document text)
RETURNS record
LANGUAGE plpgsql STRICT
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	tracked record;
	target text;			-- the table, without those that inherit from it
	entry record;
	col record;
	keys text;
	row_condition text;
	state text;
	base text;
	theirs text;
	live jsonb;
	merged jsonb;
	conflicts text;
BEGIN
	BEGIN
		SELECT i.* INTO STRICT tracked
		FROM pg_trigger t, LATERAL @extschema@.diffgen_tracking(t.tgrelid) i
		WHERE t.tgconstrrelid = diffgen_undo_statement.changelog
			AND t.tgparentid = 0
			AND t.tgfoid = '@extschema@.diffgen_changelog()'::regprocedure;
	EXCEPTION
		WHEN no_data_found THEN
			RAISE EXCEPTION 'no table is tracked by %', changelog
				USING ERRCODE = 'object_not_in_prerequisite_state';
		WHEN too_many_rows THEN
			RAISE EXCEPTION 'several tables are tracked by %', changelog
				USING ERRCODE = 'object_not_in_prerequisite_state';
	END;
	target := CASE (SELECT c.relkind FROM pg_class c WHERE c.oid = tracked.target)
		WHEN 'r' THEN 'ONLY ' ELSE '' END || tracked.target;

	EXECUTE format('SELECT l.operation, l.document, l.patch, l.old_hash, l.new_hash FROM %s l WHERE l.change_id = $1',
		changelog) INTO entry USING change_id;
	IF entry.operation IS NULL OR entry.document IS NULL THEN
		RAISE EXCEPTION 'changelog % has no change %', changelog, change_id
			USING ERRCODE = 'invalid_parameter_value';
	END IF;
	IF entry.operation <> 'update' OR entry.old_hash IS NULL
		OR entry.new_hash IS NULL THEN
		RAISE EXCEPTION 'cannot undo change %: it is no change of a document', change_id
			USING ERRCODE = 'feature_not_supported',
			DETAIL = 'A document was made, removed or set to NULL.',
			HINT = 'Use diffgen_at_change for the document as it was before.';
	END IF;
	IF jsonb_path_exists(entry.patch, '$[*].redacted') THEN
		RAISE EXCEPTION 'cannot undo change %: it is redacted', change_id
			USING ERRCODE = 'feature_not_supported',
			DETAIL = 'The changelog tells that a value changed, not what it was.';
	END IF;
	SELECT d.name, a.attgenerated <> '' AS is_generated,
		@extschema@.diffgen_base_type(a.atttypid)
			IN ('text'::regtype, 'varchar'::regtype) AS is_text,
		@extschema@.diffgen_base_type(a.atttypid) AS type
	INTO col
	FROM unnest(tracked.documents, tracked.columns) AS d(label, name)
		JOIN pg_attribute a ON a.attrelid = tracked.target
			AND a.attname = d.name
	WHERE d.label = entry.document;
	IF NOT FOUND THEN
		RAISE EXCEPTION 'document % of table % is not tracked', entry.document, tracked.target
			USING ERRCODE = 'object_not_in_prerequisite_state';
	ELSIF col.is_generated THEN
		RAISE EXCEPTION 'cannot undo change %: column "%" is generated', change_id, col.name
			USING ERRCODE = 'feature_not_supported',
			HINT = 'Undo the changes of the columns that it is generated from.';
	END IF;

	SELECT string_agg(format('t.%I %s l.%I', k.name,
				@extschema@.diffgen_operator(a.atttypid, a.atttypid, 3),
				k.log_name), ' AND '),
		string_agg(format('l.%I', k.log_name), ', ' ORDER BY k.n)
	INTO row_condition, keys
	FROM unnest(tracked.key, tracked.changelog_key) WITH ORDINALITY
			AS k(name, log_name, n)
		JOIN pg_attribute a ON a.attrelid = tracked.changelog
			AND a.attname = k.log_name;
	row_condition := format('l.change_id OPERATOR(pg_catalog.=) $1 AND %s',
		row_condition);
	EXECUTE format('SELECT t.%I::text FROM %s t, %s l WHERE %s FOR UPDATE OF t',
		col.name, target, changelog, row_condition)
		INTO document USING change_id;
	IF document IS NULL THEN
		RAISE EXCEPTION 'cannot undo change %: the document does not exist any longer', change_id
			USING ERRCODE = 'object_not_in_prerequisite_state',
			DETAIL = 'The row was deleted, has another key now, or cannot be seen or updated, or the column is NULL.';
	END IF;

	-- What led from the state before the change to the one after it is taken
	-- back by a merge of what leads the other way.
	state := format('%1$s.diffgen_at_change%2$s(%3$L::regclass, %4$L::name, $1, %%s, %5$s)',
		'@extschema@', CASE WHEN col.is_text THEN '_text' ELSE '' END,
		tracked.target, entry.document, keys);
	EXECUTE format('SELECT %s, %s FROM %s l WHERE l.change_id = $1',
		format(state, 'false'), format(state, 'true'), changelog)
		INTO base, theirs USING change_id;
	IF col.is_text THEN
		SELECT m.merged, nullif(m.conflicts, 0)::text INTO document, conflicts
		FROM @extschema@.diffgen_merge(base, document, theirs) m;
	ELSE
		live := document;
		SELECT m.merged, (SELECT string_agg(c->>'path', ', ')
			FROM jsonb_array_elements(m.conflicts) c)
		INTO merged, conflicts
		FROM @extschema@.diffgen_merge(base::jsonb, live, theirs::jsonb,
			jsonb_strip_nulls(jsonb_build_object(
				'algorithm', tracked.options->'algorithm',
				'keys', CASE tracked.options->>'preset' WHEN 'kubernetes'
					THEN @extschema@.diffgen_kubernetes_keys() ELSE '{}' END
					|| coalesce(tracked.options->'keys', '{}')))) m;
		document := merged;

		-- A value that was redacted on one side of the change only.
		IF conflicts IS NULL
			AND jsonb_array_length(jsonb_path_query_array(merged, 'strict $.** ? (@ == "<redacted>")'))
			> jsonb_array_length(jsonb_path_query_array(live, 'strict $.** ? (@ == "<redacted>")')) THEN
			RAISE EXCEPTION 'cannot undo change %: it is redacted', change_id
				USING ERRCODE = 'feature_not_supported',
				DETAIL = 'A value is redacted on one side of the change, and is not stored.';
		END IF;
	END IF;
	IF conflicts IS NOT NULL THEN
		RAISE EXCEPTION 'cannot undo change %: it was changed again', change_id
			USING ERRCODE = 'object_not_in_prerequisite_state',
			DETAIL = format('Conflicts: %s.', conflicts),
			HINT = CASE WHEN tracked.options ?| '{redact,preset}'
				THEN 'Undo the later changes first. A redacted value that has moved counts as changed.'
				ELSE 'Undo the later changes first.' END;
	END IF;
	-- The assignment checks the length, which a cast would cut off.
	statement := format('UPDATE %s t SET %I = $2::%s FROM %s l WHERE %s',
		target, col.name, CASE WHEN col.is_text THEN 'text' ELSE col.type::text END,
		changelog, row_condition);
END
$$;

COMMENT ON FUNCTION diffgen_undo_statement(regclass, bigint) IS
'internal: how to undo a change';

-- Has no search path of its own: the triggers of the table are to find what
-- they find in other updates.
CREATE FUNCTION diffgen_undo(changelog regclass, change_id bigint)
RETURNS void
LANGUAGE plpgsql STRICT
AS $$
DECLARE
	undo record;
	done int;
BEGIN
	SELECT s.* INTO undo
	FROM @extschema@.diffgen_undo_statement(changelog, change_id) s;
	EXECUTE undo.statement USING change_id, undo.document;
	GET DIAGNOSTICS done = ROW_COUNT;
	IF done OPERATOR(pg_catalog.<>) 1 THEN
		RAISE EXCEPTION 'cannot undo change %: the row was not updated', change_id
			USING ERRCODE = 'object_not_in_prerequisite_state',
			DETAIL = 'A trigger or a policy of the table has suppressed the update.';
	END IF;
END
$$;

COMMENT ON FUNCTION diffgen_undo(regclass, bigint) IS
'take one change of a document back, and keep all later ones';

--
-- The changelog: from old snapshots, and to the bin
--

CREATE TYPE diffgen_change AS (
	changed_at timestamptz,
	operation text,
	diff text,
	patch jsonb,
	paths text[],
	added int,
	removed int,
	old_hash bytea,
	new_hash bytea
);

COMMENT ON TYPE diffgen_change IS
'what a changelog says of one change of a document';

CREATE FUNCTION diffgen_snapshots_jsonb(state internal, doc jsonb,
	changed_at timestamptz, options jsonb)
RETURNS internal
AS 'MODULE_PATHNAME', 'diffgen_snapshots_jsonb'
LANGUAGE C IMMUTABLE PARALLEL SAFE COST 2000;

COMMENT ON FUNCTION diffgen_snapshots_jsonb(internal, jsonb, timestamptz, jsonb) IS
'internal: step of diffgen_snapshots';

CREATE FUNCTION diffgen_snapshots_text(state internal, doc text,
	changed_at timestamptz, options jsonb)
RETURNS internal
AS 'MODULE_PATHNAME', 'diffgen_snapshots_text'
LANGUAGE C IMMUTABLE PARALLEL SAFE COST 2000;

COMMENT ON FUNCTION diffgen_snapshots_text(internal, text, timestamptz, jsonb) IS
'internal: step of diffgen_snapshots';

CREATE FUNCTION diffgen_snapshots_final(state internal)
RETURNS diffgen_change[]
AS 'MODULE_PATHNAME', 'diffgen_snapshots_final'
LANGUAGE C IMMUTABLE PARALLEL SAFE;

COMMENT ON FUNCTION diffgen_snapshots_final(internal) IS
'internal: result of diffgen_snapshots';

CREATE AGGREGATE diffgen_snapshots(doc jsonb, changed_at timestamptz,
	options jsonb) (
	SFUNC = diffgen_snapshots_jsonb,
	STYPE = internal,
	FINALFUNC = diffgen_snapshots_final,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE diffgen_snapshots(jsonb, timestamptz, jsonb) IS
'the history that snapshots of a document tell, to be used with ORDER BY';

CREATE AGGREGATE diffgen_snapshots(doc text, changed_at timestamptz,
	options jsonb) (
	SFUNC = diffgen_snapshots_text,
	STYPE = internal,
	FINALFUNC = diffgen_snapshots_final,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE diffgen_snapshots(text, timestamptz, jsonb) IS
'the history that snapshots of a text tell, to be used with ORDER BY';

-- A comparison of columns with values, as a row's: strategy is that of
-- diffgen_operator.  Operators of one name make one that an index can answer.
CREATE FUNCTION diffgen_comparison(columns text[], types regtype[],
	value_types regtype[], strategy int, compared_with text[])
RETURNS text
LANGUAGE plpgsql STABLE STRICT
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	strict_one constant int := CASE WHEN strategy < 3 THEN 1 ELSE 5 END;
	equal text[];
	strictly text[];
	wanted text[];
BEGIN
	SELECT array_agg(@extschema@.diffgen_operator(t.l, t.r, 3) ORDER BY t.n),
		array_agg(@extschema@.diffgen_operator(t.l, t.r, strict_one) ORDER BY t.n),
		array_agg(@extschema@.diffgen_operator(t.l, t.r, strategy) ORDER BY t.n)
	INTO equal, strictly, wanted
	FROM unnest(types, value_types) WITH ORDINALITY AS t(l, r, n);
	IF strategy = 3 THEN
		RETURN (SELECT string_agg(format('%s %s %s', c.a, c.op, c.b), ' AND ')
			FROM unnest(columns, equal, compared_with) AS c(a, op, b));
	ELSIF wanted[1] = ALL (wanted) THEN
		RETURN format('(%s) %s (%s)', array_to_string(columns, ', '),
			wanted[1], array_to_string(compared_with, ', '));
	END IF;
	RETURN (SELECT format('(%s)', string_agg(format('(%s)', branch), ' OR ' ORDER BY i))
		FROM generate_subscripts(columns, 1) AS i,
			LATERAL (SELECT string_agg(format('%s %s %s', columns[j],
					CASE WHEN j < i THEN equal[j]
						WHEN i < cardinality(columns) THEN strictly[j]
						ELSE wanted[j] END,
					compared_with[j]), ' AND ' ORDER BY j) AS branch
				FROM generate_series(1, i) AS j) AS b);
END
$$;

COMMENT ON FUNCTION diffgen_comparison(text[], regtype[], regtype[], int, text[]) IS
'internal: a condition that compares several columns, with the schemas of its operators';

-- For a procedure that commits, and so cannot have settings of its own.  Until
-- the transaction ends, names are those of the system, and values are written
-- in a form that any session reads alike.
CREATE FUNCTION diffgen_settle()
RETURNS void
LANGUAGE plpgsql
AS $$
BEGIN
	PERFORM pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true);
	PERFORM pg_catalog.set_config('datestyle', 'ISO', true);
	PERFORM pg_catalog.set_config('intervalstyle', 'postgres', true);
	PERFORM pg_catalog.set_config('extra_float_digits', '1', true);
	-- Compiling a statement takes longer than a batch of small documents.
	PERFORM pg_catalog.set_config('jit', 'off', true);
END
$$;

COMMENT ON FUNCTION diffgen_settle() IS
'internal: settings of one transaction of a procedure';

-- A backfill is cut into parts: the snapshots of whole rows, as many as make a
-- batch, or those of one row that has more, which are taken in by steps.  What
-- is to be known of it is in its note, a row of the changelog itself, for this
-- and other sessions:
--
--	key_columns, order_by, changed_at, options		as they were given
--	last_key	where the next part begins
--	parts		those that are not done: number; after and upto, keys; rows; and
--				of a large row is_large, place (the last that is done), skip and
--				link (see diffgen_take_part)
--	done, total	snapshots
--
-- Several sessions work on one backfill, each on a part that it holds an
-- advisory lock on until its transaction ends, however that may be.

CREATE TYPE diffgen_backfill_work AS (
	source regclass,
	target regclass,
	changelog regclass,
	document text,
	value_type text,		-- text or jsonb
	options jsonb,
	keys text[],			-- the source's key columns
	key_types regtype[],
	log_keys text[],		-- the changelog's
	log_types regtype[],
	after_key text[],		-- expressions for the key in $1 ...
	upto_key text[],		-- ... and in $2
	names text[],			-- names of ours for the key: s.k1, s.k2, ...
	named_keys text,		-- the source's key columns with these names
	log_names text,			-- the changelog's
	reader_names text,		-- columns of the changelog that may be missing ...
	reader_values text,		-- ... and what they get
	value text,				-- the document
	place text,				-- what orders a row's snapshots
	place_type regtype,
	arguments jsonb,		-- what has to be the same when it goes on
	lossy text,				-- snapshots whose keys the target cannot have
	at text,				-- their time
	numbers regclass,		-- the sequence of change_id
	note bigint,
	track_time timestamptz
);

COMMENT ON TYPE diffgen_backfill_work IS
'internal: what a backfill has to do, in pieces of SQL';

-- Raises an error unless these can be arguments of diffgen_backfill.
CREATE FUNCTION diffgen_check_backfill(source regclass, target regclass,
	key_columns name[], document name, order_by name, changed_at name,
	batch int, pause interval)
RETURNS void
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	tracked record;
	col name;
	place_type regtype;
BEGIN
	IF source IS NULL OR target IS NULL OR key_columns IS NULL
		OR document IS NULL OR order_by IS NULL OR changed_at IS NULL
		OR batch IS NULL OR pause IS NULL THEN
		RAISE EXCEPTION 'arguments must not be NULL'
			USING ERRCODE = 'null_value_not_allowed';
	ELSIF batch < 1 THEN
		RAISE EXCEPTION 'batch must be greater than zero'
			USING ERRCODE = 'invalid_parameter_value';
	END IF;
	PERFORM @extschema@.diffgen_check_owner(target);
	SELECT t.* INTO tracked
	FROM @extschema@.diffgen_must_be_tracked(target) t;
	IF cardinality(key_columns) <> cardinality(tracked.key) THEN
		RAISE EXCEPTION 'primary key of table % has % columns, but % key columns are given',
				target, cardinality(tracked.key), cardinality(key_columns)
			USING ERRCODE = 'invalid_parameter_value';
	ELSIF NOT document = ANY (tracked.documents) THEN
		RAISE EXCEPTION 'column "%" of table % is not tracked', document, target
			USING ERRCODE = 'undefined_column';
	END IF;
	IF NOT @extschema@.diffgen_has_column(tracked.changelog, 'context') THEN
		RAISE EXCEPTION 'changelog % has no column "context"', tracked.changelog
			USING ERRCODE = 'undefined_column',
			DETAIL = 'It says where a backfill stands.';
	END IF;
	IF (SELECT c.relpersistence = 't' FROM pg_class c WHERE c.oid = source) THEN
		RAISE EXCEPTION 'cannot take in snapshots of temporary table %', source
			USING ERRCODE = 'wrong_object_type',
			DETAIL = 'A backfill can go on in another session.';
	END IF;
	FOREACH col IN ARRAY key_columns || ARRAY[document, order_by, changed_at] LOOP
		IF NOT @extschema@.diffgen_has_column(source, col) THEN
			RAISE EXCEPTION 'column "%" of table % does not exist', col, source
				USING ERRCODE = 'undefined_column';
		END IF;
	END LOOP;
	SELECT a.atttypid INTO place_type FROM pg_attribute a
	WHERE a.attrelid = source AND a.attname = order_by;
	IF @extschema@.diffgen_operator(place_type, place_type, 5) IS NULL THEN
		RAISE EXCEPTION 'column "%" of table % is of type %, which has no order',
				order_by, source, place_type
			USING ERRCODE = 'datatype_mismatch';
	END IF;
END
$$;

COMMENT ON FUNCTION diffgen_check_backfill(regclass, regclass, name[], name, name, name, int, interval) IS
'internal: error for arguments that a backfill cannot have';

-- What a backfill has to do, but for its note.
CREATE FUNCTION diffgen_describe_backfill(source regclass, target regclass,
	key_columns name[], document name, order_by name, changed_at name,
	options jsonb)
RETURNS diffgen_backfill_work
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	tracked record;
	work @extschema@.diffgen_backfill_work;
BEGIN
	SELECT t.* INTO tracked
	FROM @extschema@.diffgen_must_be_tracked(target) t;
	work.source := source;
	work.target := tracked.target;
	work.changelog := tracked.changelog;
	work.document := document;
	work.options := tracked.options || coalesce(options, '{}');
	work.numbers := pg_get_serial_sequence(tracked.changelog::text, 'change_id');
	work.value := format('s.%I', document);
	work.place := format('s.%I', order_by);
	work.at := format('s.%I::timestamptz', changed_at);
	SELECT CASE WHEN @extschema@.diffgen_base_type(a.atttypid) IN
			('text'::regtype, 'varchar'::regtype) THEN 'text' ELSE 'jsonb' END
	INTO STRICT work.value_type
	FROM unnest(tracked.documents, tracked.columns) AS d(label, name)
		JOIN pg_attribute a ON a.attrelid = tracked.target
			AND a.attname = d.name
	WHERE d.label = document;
	SELECT a.atttypid INTO STRICT work.place_type FROM pg_attribute a
	WHERE a.attrelid = source AND a.attname = order_by;
	SELECT string_agg(format(', %I', c.name), '' ORDER BY c.name),
		string_agg(', ' || c.val, '' ORDER BY c.name)
	INTO work.reader_names, work.reader_values
	FROM (VALUES ('transaction_id', 'pg_current_xact_id()'), ('paths', 's.paths'),
			('added', 's.added'), ('removed', 's.removed'),
			('application', '''diffgen_backfill''')) AS c(name, val)
	WHERE @extschema@.diffgen_has_column(work.changelog, c.name);

	-- Where the source's key columns have no order in common with those of
	-- the changelog, they are made ones of its type, and of its collation.
	-- What a key loses thereby is an error.
	SELECT array_agg(k.expression ORDER BY k.n),
		array_agg(k.key_type ORDER BY k.n),
		array_agg(format('l.%I', k.log_name) ORDER BY k.n),
		array_agg(k.log_type ORDER BY k.n),
		array_agg(format('($1->>%s)::%s', k.n - 1, k.value_type) ORDER BY k.n),
		array_agg(format('($2->>%s)::%s', k.n - 1, k.value_type) ORDER BY k.n),
		array_agg(format('s.k%s', k.n) ORDER BY k.n),
		string_agg(format('%s AS k%s', k.expression, k.n), ', ' ORDER BY k.n),
		string_agg(format('%I', k.log_name), ', ' ORDER BY k.n),
		coalesce(string_agg(k.lossy, ' OR ') FILTER (WHERE k.is_other), 'false')
	INTO work.keys, work.key_types, work.log_keys, work.log_types,
		work.after_key, work.upto_key, work.names, work.named_keys,
		work.log_names, work.lossy
	FROM (SELECT c.n, c.log_name, c.log_type, c.is_other,
			format('s.%I', c.name) || CASE WHEN c.operator IS NULL THEN '::' || c.type_name ELSE '' END
				|| CASE WHEN c.log_collation <> c.collation AND c.log_collation <> 0
					THEN format(' COLLATE %s', c.log_collation::regcollation) ELSE '' END AS expression,
			CASE WHEN c.operator IS NULL THEN c.log_type ELSE c.type END AS key_type,
			format_type(CASE WHEN c.operator IS NULL THEN c.log_type ELSE c.type END, -1) AS value_type,
			-- there and back again, or compared as they are
			CASE WHEN c.operator IS NULL
				THEN format('s.%1$I::%2$s::%3$s %4$s s.%1$I IS NOT TRUE', c.name, c.type_name,
					format_type(c.type, -1), @extschema@.diffgen_operator(c.type, c.type, 3))
				ELSE format('s.%1$I %2$s s.%1$I::%3$s IS NOT TRUE', c.name, c.operator, c.type_name)
				END AS lossy
		FROM (SELECT u.name, u.log_name, u.n, a.atttypid AS log_type, f.atttypid AS type,
				a.attcollation AS log_collation, f.attcollation AS collation,
				format_type(a.atttypid, a.atttypmod) AS type_name,
				f.atttypid <> a.atttypid OR f.atttypmod <> a.atttypmod AS is_other,
				@extschema@.diffgen_operator(f.atttypid, a.atttypid, 3) AS operator
			FROM unnest(key_columns, tracked.changelog_key) WITH ORDINALITY
					AS u(name, log_name, n)
				JOIN pg_attribute a ON a.attrelid = tracked.changelog
					AND a.attname = u.log_name
				JOIN pg_attribute f ON f.attrelid = source
					AND f.attname = u.name) AS c) AS k;
	EXECUTE format('SELECT min(l.changed_at) FROM %s l WHERE l.operation = ''track''',
		work.changelog) INTO work.track_time;
	work.arguments := jsonb_build_object('key_columns', key_columns,
		'order_by', order_by, 'changed_at', changed_at, 'options', work.options);
	RETURN work;
END
$$;

COMMENT ON FUNCTION diffgen_describe_backfill(regclass, regclass, name[], name, name, name, jsonb) IS
'internal: what a backfill has to do';

-- The note of a backfill that was begun and is not finished, or NULL.
CREATE FUNCTION diffgen_find_note(work diffgen_backfill_work)
RETURNS bigint
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	result bigint;
	context jsonb;
BEGIN
	EXECUTE format('SELECT l.change_id, l.context FROM %s l WHERE l.operation = ''backfill'' '
		'AND l.context->>''source'' = $1 AND l.context->>''document'' = $2 '
		'AND NOT l.context ? ''finished''', work.changelog)
		INTO result, context USING work.source::text, work.document;
	IF NOT context @> work.arguments THEN
		RAISE EXCEPTION 'backfill from table % was begun with other arguments', work.source
			USING ERRCODE = 'invalid_parameter_value',
			DETAIL = format('They were: %s.', (SELECT string_agg(format('%s => %s', a.key, a.value), ', ')
				FROM jsonb_each(context) a WHERE work.arguments ? a.key)),
			HINT = format('Call it with these, or give it up: UPDATE %s SET context = context || ''{"finished": "now"}'' WHERE change_id = %s.',
				work.changelog, result);
	END IF;
	RETURN result;
END
$$;

COMMENT ON FUNCTION diffgen_find_note(diffgen_backfill_work) IS
'internal: the note of a backfill that is not finished';

-- What a backfill has before it; an error if it cannot be taken in.
CREATE FUNCTION diffgen_check_snapshots(work diffgen_backfill_work,
	OUT total bigint, OUT first_time timestamptz, OUT last_time timestamptz)
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	incomplete bigint;
	lossy bigint;
BEGIN
	EXECUTE format('SELECT count(*), min(%1$s), max(%1$s), '
		'count(*) FILTER (WHERE %1$s IS NULL OR num_nulls(%2$s, %3$s) > 0), count(*) FILTER (WHERE %4$s) FROM %5$s s',
		work.at, work.place, array_to_string(work.keys, ', '), work.lossy,
		work.source)
		INTO total, first_time, last_time, incomplete, lossy;
	IF incomplete > 0 THEN
		RAISE EXCEPTION 'snapshots in table % must have a key, an order and a time', work.source
			USING ERRCODE = 'null_value_not_allowed',
			DETAIL = format('Of %s snapshots, %s have a NULL there.', total, incomplete);
	ELSIF lossy > 0 THEN
		RAISE EXCEPTION 'keys of snapshots in table % must be keys of table %', work.source, work.target
			USING ERRCODE = 'datatype_mismatch',
			DETAIL = format('Of %s snapshots, %s would have another key there.', total, lossy);
	ELSIF NOT isfinite(first_time) OR NOT isfinite(last_time) THEN
		RAISE EXCEPTION 'times of snapshots in table % must be finite', work.source
			USING ERRCODE = 'datetime_field_overflow';
	END IF;
END
$$;

COMMENT ON FUNCTION diffgen_check_snapshots(diffgen_backfill_work) IS
'internal: how many snapshots there are, and of when';

-- Makes the note of a backfill, unless another session has by now.  In a
-- transaction that has not looked into the changelog: who has waits for no lock
-- that an ATTACH, which waits for them, has got.
CREATE FUNCTION diffgen_begin_backfill(work diffgen_backfill_work,
	total bigint, first_time timestamptz, last_time timestamptz)
RETURNS bigint
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	note bigint;
BEGIN
	-- One at a time; writers are not in the way.
	EXECUTE format('LOCK TABLE ONLY %s IN SHARE UPDATE EXCLUSIVE MODE',
		work.changelog);
	note := @extschema@.diffgen_find_note(work);
	IF note IS NOT NULL THEN
		RETURN note;
	END IF;
	IF first_time IS NOT NULL THEN
		PERFORM @extschema@.diffgen_make_partitions(work.changelog,
			first_time, least(last_time, now()));
	END IF;
	RETURN @extschema@.diffgen_note(work.changelog, 'backfill',
		work.arguments || jsonb_build_object('source', work.source::text,
			'document', work.document, 'total', total, 'done', 0,
			'parts', '[]'::jsonb, 'started', clock_timestamp()));
END
$$;

COMMENT ON FUNCTION diffgen_begin_backfill(diffgen_backfill_work, bigint, timestamptz, timestamptz) IS
'internal: make the note of a backfill';

-- What a backfill, or one of its parts, is locked by.
CREATE FUNCTION diffgen_backfill_lock(work diffgen_backfill_work, note bigint,
	part int DEFAULT NULL)
RETURNS bigint
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
	SELECT hashtextextended(concat_ws('/', 'diffgen_backfill',
		($1).changelog::oid, $2, $3), 0)
$$;

COMMENT ON FUNCTION diffgen_backfill_lock(diffgen_backfill_work, bigint, int) IS
'internal: key of an advisory lock';

-- Sessions that take in other snapshots of the same document could meet at a
-- row, and make its history twice, so they take turns; those of the same
-- source have parts of their own.
CREATE FUNCTION diffgen_lock_backfill(work diffgen_backfill_work)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	note bigint;
BEGIN
	-- In the same order in all sessions.
	FOR note IN EXECUTE format('SELECT l.change_id FROM %s l WHERE l.operation = ''backfill'' '
		'AND l.context->>''document'' = $1 AND NOT l.context ? ''finished'' '
		'AND to_regclass(l.context->>''source'') IS NOT NULL ORDER BY l.change_id',
		work.changelog) USING work.document
	LOOP
		IF note = work.note THEN
			PERFORM pg_advisory_xact_lock_shared(
				@extschema@.diffgen_backfill_lock(work, note));
		ELSE
			PERFORM pg_advisory_xact_lock(
				@extschema@.diffgen_backfill_lock(work, note));
		END IF;
	END LOOP;
END
$$;

COMMENT ON FUNCTION diffgen_lock_backfill(diffgen_backfill_work) IS
'internal: let no other backfill of the document work at the same time';

-- What the note says, to be changed or not; NULL if there is no more to do.
CREATE FUNCTION diffgen_read_note(work diffgen_backfill_work,
	for_update boolean)
RETURNS jsonb
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	result jsonb;
BEGIN
	EXECUTE format('SELECT l.context FROM %s l WHERE l.change_id = $1 AND NOT l.context ? ''finished'' %s',
		work.changelog, CASE WHEN for_update THEN 'FOR UPDATE' ELSE '' END)
		INTO result USING work.note;
	IF result IS NOT NULL AND (jsonb_typeof(result->'parts') IS DISTINCT FROM 'array'
		OR jsonb_typeof(result->'done') IS DISTINCT FROM 'number'
		OR jsonb_typeof(result->'total') IS DISTINCT FROM 'number') THEN
		RAISE EXCEPTION 'entry % of changelog % does not say any longer where the backfill stands', work.note, work.changelog
			USING ERRCODE = 'data_corrupted';
	END IF;
	RETURN result;
END
$$;

COMMENT ON FUNCTION diffgen_read_note(diffgen_backfill_work, boolean) IS
'internal: where a backfill stands';

CREATE FUNCTION diffgen_write_note(work diffgen_backfill_work, context jsonb)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	EXECUTE format('UPDATE %s l SET context = $2 WHERE l.change_id = $1',
		work.changelog) USING work.note,
		context || jsonb_build_object('updated', clock_timestamp());
END
$$;

COMMENT ON FUNCTION diffgen_write_note(diffgen_backfill_work, jsonb) IS
'internal: say where a backfill stands';

-- A part that no session works on, and that this transaction has locked now;
-- NULL if there is none.
CREATE FUNCTION diffgen_free_part(work diffgen_backfill_work)
RETURNS jsonb
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	part jsonb;
	result jsonb;
BEGIN
	FOR part IN SELECT p FROM jsonb_array_elements(
		@extschema@.diffgen_read_note(work, false)->'parts') AS p
	LOOP
		CONTINUE WHEN NOT pg_try_advisory_xact_lock(
			@extschema@.diffgen_backfill_lock(work, work.note,
				(part->>'number')::int));
		-- Who had it may have done it, or a step of it, by now.
		SELECT p INTO result FROM jsonb_array_elements(
			@extschema@.diffgen_read_note(work, false)->'parts') AS p
		WHERE p->'number' = part->'number';
		EXIT WHEN result IS NOT NULL;
	END LOOP;
	RETURN result;
END
$$;

COMMENT ON FUNCTION diffgen_free_part(diffgen_backfill_work) IS
'internal: take a part of a backfill to work on';

-- Adds the next part to the note.  If there is none, and none that is not done,
-- the backfill is finished.
CREATE FUNCTION diffgen_add_part(work diffgen_backfill_work, batch int,
	OUT added boolean, OUT finished boolean)
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	note jsonb := @extschema@.diffgen_read_note(work, true);
	keys text := array_to_string(work.keys, ', ');
	names text := array_to_string(work.names, ', ');
	part record;
	number int;
BEGIN
	added := false;
	finished := note IS NULL;
	IF finished THEN
		RETURN;
	END IF;

	EXECUTE format(
		'WITH next AS (SELECT jsonb_build_array(%s) AS key, row_number() OVER (ORDER BY %s, s.place) AS n, rank() OVER (ORDER BY %s) AS first '
		'FROM (SELECT %s, %s AS place FROM %s s WHERE %s ORDER BY %s, %s LIMIT $2::bigint + 1) s) '
		'SELECT e.n AS rows, e.key, l.n > $2 AND l.first = 1 AS is_large '
		'FROM (SELECT n.n, n.first FROM next n ORDER BY n.n DESC LIMIT 1) l '
		'JOIN next e ON e.n = CASE WHEN l.n <= $2 THEN l.n WHEN l.first > 1 THEN l.first - 1 ELSE $2 END',
		array_to_string(work.names, '::text, ') || '::text', names, names,
		work.named_keys, work.place, work.source,
		CASE WHEN note ? 'last_key' THEN @extschema@.diffgen_comparison(
			work.keys, work.key_types, work.key_types, 5, work.after_key)
			ELSE 'true' END, keys, work.place)
		INTO part USING note->'last_key', batch;
	IF part.key IS NULL THEN
		finished := note->'parts' = '[]';
		IF finished THEN
			PERFORM @extschema@.diffgen_write_note(work,
				note || jsonb_build_object('finished', clock_timestamp()));
		END IF;
		RETURN;
	END IF;

	number := coalesce((note->>'last_part')::int, 0) + 1;
	PERFORM @extschema@.diffgen_write_note(work, note || jsonb_build_object(
		'last_part', number, 'last_key', part.key,
		'parts', note->'parts' || jsonb_strip_nulls(jsonb_build_object(
			'number', number, 'after', note->'last_key', 'upto', part.key,
			'rows', part.rows, 'is_large', nullif(part.is_large, false)))));
	added := true;
END
$$;

COMMENT ON FUNCTION diffgen_add_part(diffgen_backfill_work, int) IS
'internal: find the next part of a backfill';

-- A comparison of a snapshot's place with that in a parameter.
CREATE FUNCTION diffgen_place_comparison(work diffgen_backfill_work,
	strategy int, param int)
RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
	SELECT format('%s %s $%s::%s', ($1).place,
		@extschema@.diffgen_operator(($1).place_type, ($1).place_type, $2), $3,
		format_type(($1).place_type, -1))
$$;

COMMENT ON FUNCTION diffgen_place_comparison(diffgen_backfill_work, int, int) IS
'internal: a condition on the place of a snapshot';

-- The condition that columns are between the bounds of a part.
CREATE FUNCTION diffgen_part_bounds(work diffgen_backfill_work, part jsonb,
	columns text[], types regtype[])
RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
	SELECT CASE WHEN $2 ? 'after' THEN @extschema@.diffgen_comparison($3, $4,
			($1).key_types, 5, ($1).after_key) || ' AND ' ELSE '' END
		|| @extschema@.diffgen_comparison($3, $4, ($1).key_types, 2, ($1).upto_key)
$$;

COMMENT ON FUNCTION diffgen_part_bounds(diffgen_backfill_work, jsonb, text[], regtype[]) IS
'internal: the rows of a part of a backfill';

-- How far the next step of a large row goes: the place of its last snapshot,
-- NULL if it takes all that are left, and how many these are.
CREATE FUNCTION diffgen_backfill_step(work diffgen_backfill_work,
	condition text, part jsonb, batch int, OUT place text, OUT rows bigint)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	places text[];			-- of the batch's last one and the next, if any
BEGIN
	EXECUTE format('SELECT array_agg(e.place::text ORDER BY e.place) FROM ('
		'SELECT s.place FROM (SELECT %1$s AS place FROM %2$s s WHERE %3$s ORDER BY %1$s LIMIT $4 + 1) s '
		'ORDER BY s.place OFFSET $4 - 1) e',
		work.place, work.source, condition)
		INTO places USING part->'after', part->'upto', part->>'place',
			batch::bigint;
	place := CASE WHEN cardinality(places) = 2 THEN places[1] END;
	EXECUTE format('SELECT count(*) FROM %s s WHERE %s AND ($4 IS NULL OR %s)',
		work.source, condition, @extschema@.diffgen_place_comparison(work, 2, 4))
		INTO rows USING part->'after', part->'upto', part->>'place', place;
END
$$;

COMMENT ON FUNCTION diffgen_backfill_step(diffgen_backfill_work, text, jsonb, int) IS
'internal: the next step of a large part of a backfill';

-- Makes the entries of a part, or of the next step of a large one.
--
-- What comes after a row's last snapshot is the state that tracking found; of
-- a large row that is not done yet, the entry that leads there, which `link`
-- has the number of, is taken away again by the next step.  Rows that have
-- entries of snapshots are left alone, which `skip` says of a large one.
CREATE FUNCTION diffgen_take_part(work diffgen_backfill_work, part jsonb,
	batch int, OUT rest jsonb, OUT rows bigint)
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	names text := array_to_string(work.names, ', ');
	target text := quote_literal(work.target);
	suffix text := CASE work.value_type WHEN 'text' THEN '_text' ELSE '' END;
	is_large boolean := part ? 'is_large';
	same_row text := @extschema@.diffgen_comparison(work.keys, work.key_types,
		work.key_types, 3, work.upto_key);
	has_entries text := format('SELECT FROM %s l WHERE l.document = $5 AND l.change_id < 0 AND ',
		work.changelog);
	condition text;			-- the snapshots
	previous text := '';
	oldest_state text;
	upto_place text;
	skip boolean := false;
	link bigint;
BEGIN
	IF is_large THEN
		condition := same_row;
		IF part ? 'place' THEN
			condition := condition || ' AND '
				|| @extschema@.diffgen_place_comparison(work, 5, 3);
			-- It goes on from its last snapshot, which makes no entry again.
			previous := format('UNION ALL (SELECT %1$s, %2$s::%3$s AS doc, ''-infinity'', false, %4$s AS place FROM %5$s s '
				'WHERE %6$s AND %7$s ORDER BY place DESC, %8$s DESC, doc DESC LIMIT 1) ',
				work.named_keys, work.value, work.value_type, work.place,
				work.source, same_row,
				@extschema@.diffgen_place_comparison(work, 2, 3), work.at);
			skip := (part->>'skip')::boolean;
		ELSE
			EXECUTE format('SELECT EXISTS (%s %s)', has_entries,
				@extschema@.diffgen_comparison(work.log_keys, work.log_types,
					work.key_types, 3, work.upto_key))
				INTO skip USING NULL::jsonb, part->'upto', NULL::text,
					NULL::text, work.document;
		END IF;
		SELECT s.place, s.rows INTO upto_place, rows
		FROM @extschema@.diffgen_backfill_step(work, condition, part, batch) s;
		IF upto_place IS NOT NULL THEN
			condition := condition || ' AND '
				|| @extschema@.diffgen_place_comparison(work, 2, 4);
		END IF;
	ELSE
		rows := (part->>'rows')::bigint;
		-- The bounds of the part are there twice, so that only the entries of
		-- its rows are looked at.
		condition := format('%s AND NOT EXISTS (%s %s AND %s)',
			@extschema@.diffgen_part_bounds(work, part, work.keys, work.key_types),
			has_entries,
			@extschema@.diffgen_comparison(work.log_keys, work.log_types,
				work.key_types, 3, work.keys),
			@extschema@.diffgen_part_bounds(work, part, work.log_keys, work.log_types));
	END IF;

	IF rows > 0 AND NOT skip THEN
		-- It is fetched when its row is due: no sort holds those of all rows.
		oldest_state := format('(SELECT CASE WHEN f.change_id IS NULL '
			'THEN %1$s.diffgen_at%2$s(%3$s::regclass, $5::name, ''infinity''::timestamptz, %4$s) '
			'ELSE %1$s.diffgen_at_change%2$s(%3$s::regclass, $5::name, f.change_id, true, %4$s) END '
			-- which is found by the key
			'FROM (SELECT min(l.change_id + 0) AS change_id FROM %5$s l WHERE l.document = $5 AND l.change_id > 0 AND %6$s) f)',
			'@extschema@', suffix, target, names, work.changelog,
			@extschema@.diffgen_comparison(work.log_keys, work.log_types,
				work.key_types, 3, work.names));

		-- Entries of snapshots come before all others: their numbers are below
		-- zero.
		EXECUTE format(
			'WITH made AS (INSERT INTO %1$s (%2$s, change_id, changed_at, operation, document, diff, patch, old_hash, new_hash%16$s, context) '
			'SELECT %3$s, nextval(%4$L::regclass) - 4611686018427387904, CASE WHEN isfinite(s.changed_at) THEN s.changed_at ELSE greatest(s.until, $7) END, '
				's.operation, $5, s.diff, s.patch, s.old_hash, s.new_hash%17$s, '
				'CASE WHEN s.changed_at = ''infinity'' THEN ''{"snapshot": false}''::jsonb END '
			'FROM (SELECT %3$s, s.until, c.* '
				'FROM (SELECT %3$s, max(s.at) FILTER (WHERE NOT s.last) AS until, '
						'%5$s.diffgen_snapshots(CASE WHEN s.last THEN %6$s ELSE s.doc END, s.at, $6 ORDER BY s.last, s.place, s.at, s.doc) AS changes '
					'FROM (SELECT %7$s, %8$s::%9$s AS doc, %10$s AS at, false AS last, %11$s AS place FROM %12$s s WHERE %13$s %14$s'
						'UNION ALL SELECT %7$s, NULL, ''infinity'', true, NULL FROM %12$s s WHERE %13$s GROUP BY %15$s) s '
					'GROUP BY %3$s) s, '
				'unnest(s.changes) WITH ORDINALITY AS c(changed_at, operation, diff, patch, paths, added, removed, old_hash, new_hash, n) '
				'WHERE c.changed_at > ''-infinity'' ORDER BY %3$s, c.n) s '
			'RETURNING change_id, context) '
			'SELECT max(m.change_id) FILTER (WHERE m.context IS NOT NULL) FROM made m',
			work.changelog, work.log_names, names, work.numbers, '@extschema@',
			oldest_state, work.named_keys, work.value, work.value_type, work.at,
			work.place, work.source, condition, previous,
			array_to_string(work.keys, ', '), work.reader_names,
			work.reader_values)
			INTO link
			USING part->'after', part->'upto', part->>'place', upto_place,
				work.document, work.options, work.track_time;
		EXECUTE format('DELETE FROM %s l WHERE l.change_id = $1',
			work.changelog) USING (part->>'link')::bigint;
	END IF;
	IF upto_place IS NOT NULL THEN
		rest := part || jsonb_build_object('place', upto_place, 'skip', skip,
			'link', link);
	END IF;
END
$$;

COMMENT ON FUNCTION diffgen_take_part(diffgen_backfill_work, jsonb, int) IS
'internal: make the changelog entries of a part of a backfill';

-- Says in the note that a part is done, or what is left of it.
CREATE FUNCTION diffgen_end_part(work diffgen_backfill_work, part jsonb,
	rest jsonb, rows bigint, OUT done bigint, OUT total bigint)
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	note jsonb := @extschema@.diffgen_read_note(work, true);
BEGIN
	IF note IS NULL THEN
		RAISE EXCEPTION 'backfill from table % was ended', work.source
			USING ERRCODE = 'object_not_in_prerequisite_state',
			DETAIL = format('Entry %s of changelog %s says that it is finished, or is gone.', work.note, work.changelog);
	END IF;
	done := (note->>'done')::bigint + rows;
	total := (note->>'total')::bigint;
	PERFORM @extschema@.diffgen_write_note(work, note || jsonb_build_object(
		'done', done, 'parts', (SELECT coalesce(jsonb_agg(p.part ORDER BY p.n), '[]')
			FROM (SELECT e.n, CASE WHEN e.part->'number' = $2->'number' THEN rest ELSE e.part END AS part
				FROM jsonb_array_elements(note->'parts') WITH ORDINALITY AS e(part, n)) p
			WHERE p.part IS NOT NULL)));
END
$$;

COMMENT ON FUNCTION diffgen_end_part(diffgen_backfill_work, jsonb, jsonb, bigint) IS
'internal: write down what is done of a backfill';

CREATE PROCEDURE diffgen_backfill(source regclass, target regclass,
	key_columns name[], document name, order_by name, changed_at name,
	batch int DEFAULT 1000, pause interval DEFAULT '0',
	options jsonb DEFAULT '{}')
LANGUAGE plpgsql
AS $$
DECLARE
	work @extschema@.diffgen_backfill_work;
	seen record;
	part jsonb;
	added record;
	taken record;
	state record;
	began timestamptz := pg_catalog.clock_timestamp();
	resume_at timestamptz;
	done_before bigint;
	rate numeric;
BEGIN
	-- Before anything else.
	PERFORM @extschema@.diffgen_settle();
	PERFORM @extschema@.diffgen_check_backfill(source, target, key_columns,
		document, order_by, changed_at, batch, pause);

	-- What others commit has to be seen, so each transaction begins like this.
	COMMIT;
	SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
	PERFORM @extschema@.diffgen_settle();

	work := @extschema@.diffgen_describe_backfill(source, target, key_columns,
		document, order_by, changed_at, options);
	work.note := @extschema@.diffgen_find_note(work);
	IF work.note IS NULL THEN
		-- Counting can take long: without a lock on the changelog.
		COMMIT;
		PERFORM @extschema@.diffgen_settle();
		SELECT s.* INTO seen FROM @extschema@.diffgen_check_snapshots(work) s;
		COMMIT;
		SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
		PERFORM @extschema@.diffgen_settle();
		work.note := @extschema@.diffgen_begin_backfill(work, seen.total,
			seen.first_time, seen.last_time);
	END IF;
	LOOP
		COMMIT;
		SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
		PERFORM @extschema@.diffgen_settle();

		PERFORM @extschema@.diffgen_lock_backfill(work);
		part := @extschema@.diffgen_free_part(work);
		IF part IS NULL THEN
			SELECT a.* INTO added FROM @extschema@.diffgen_add_part(work, batch) a;
			EXIT WHEN added.finished;
			CONTINUE WHEN added.added;

			-- Other sessions have all that is left.  Wait for one, as it may be
			-- killed, without the lock on the note.
			COMMIT;
			SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
			PERFORM @extschema@.diffgen_settle();
			part := @extschema@.diffgen_read_note(work, false)->'parts'->0;
			IF part IS NOT NULL THEN
				PERFORM pg_advisory_xact_lock(@extschema@.diffgen_backfill_lock(
					work, work.note, (part->>'number')::int));
			END IF;
			CONTINUE;
		END IF;

		SELECT t.* INTO taken FROM @extschema@.diffgen_take_part(work, part, batch) t;
		SELECT e.* INTO state FROM @extschema@.diffgen_end_part(work, part,
			taken.rest, taken.rows) e;
		done_before := coalesce(done_before, state.done - taken.rows);
		rate := (state.done - done_before) /
			greatest(extract(epoch FROM clock_timestamp() - began), 0.001);
		RAISE NOTICE 'diffgen_backfill: % of % snapshots, % per second, % to go',
			state.done, state.total, round(rate, 1),
			make_interval(secs => round((state.total - state.done) / greatest(rate, 0.001))::float8);

		-- In short sleeps, for each has a snapshot.
		resume_at := clock_timestamp() + pause;
		WHILE clock_timestamp() < resume_at LOOP
			COMMIT;
			PERFORM @extschema@.diffgen_settle();
			PERFORM pg_sleep_for(least(resume_at - clock_timestamp(), '1 s'));
		END LOOP;
	END LOOP;
	-- The settings end here.
	COMMIT;
END
$$;

COMMENT ON PROCEDURE diffgen_backfill(regclass, regclass, name[], name, name, name, int, interval, jsonb) IS
'make changelog entries of a table of old snapshots, in batches';

CREATE FUNCTION diffgen_backfill_state(changelog regclass,
	OUT source text, OUT document text, OUT done bigint, OUT total bigint,
	OUT per_second numeric, OUT started timestamptz, OUT updated timestamptz,
	OUT finished timestamptz)
RETURNS SETOF record
LANGUAGE plpgsql STABLE STRICT
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	note jsonb;
BEGIN
	IF NOT has_table_privilege(changelog, 'SELECT')
		OR NOT @extschema@.diffgen_has_column(changelog, 'context') THEN
		RETURN;
	END IF;
	FOR note IN EXECUTE format('SELECT l.context FROM %s l WHERE l.operation = ''backfill'' ORDER BY l.change_id',
		changelog)
	LOOP
		BEGIN
			SELECT s.source, s.document, s.done, s.total,
				round(s.done / greatest(extract(epoch FROM coalesce(s.finished, s.updated) - s.started), 0.001), 1),
				s.started, s.updated, s.finished
			INTO source, document, done, total, per_second, started, updated, finished
			FROM jsonb_to_record(note) AS s(source text, document text, done bigint,
				total bigint, started timestamptz, updated timestamptz, finished timestamptz);
			RETURN NEXT;
		EXCEPTION WHEN data_exception THEN
			CONTINUE;			-- written by hand
		END;
	END LOOP;
END
$$;

COMMENT ON FUNCTION diffgen_backfill_state(regclass) IS
'where the backfills of a changelog stand';

CREATE VIEW diffgen_backfills AS
	SELECT t.target, t.changelog, s.source, s.document, s.done, s.total,
		s.per_second,
		CASE WHEN s.finished IS NULL AND s.per_second OPERATOR(pg_catalog.>) 0
			THEN pg_catalog.make_interval(secs => ((s.total OPERATOR(pg_catalog.-) s.done)
				OPERATOR(pg_catalog./) s.per_second)::pg_catalog.float8)
			END AS remaining,
		s.started, s.updated, s.finished
	FROM @extschema@.diffgen_tracked t,
		LATERAL @extschema@.diffgen_backfill_state(t.changelog) s;

COMMENT ON VIEW diffgen_backfills IS
'where backfills of changelogs stand, as of their last commits';

GRANT SELECT ON diffgen_backfills TO PUBLIC;

CREATE PROCEDURE diffgen_prune(changelog regclass, keep interval)
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	cut timestamptz := now() - keep;
	part regclass;
	dropped timestamptz;
	vals text;
BEGIN
	IF changelog IS NULL OR keep IS NULL THEN
		RAISE EXCEPTION 'arguments must not be NULL'
			USING ERRCODE = 'null_value_not_allowed';
	ELSIF keep < interval '0' THEN
		RAISE EXCEPTION 'interval to be kept must not be negative'
			USING ERRCODE = 'invalid_parameter_value';
	END IF;
	PERFORM @extschema@.diffgen_check_owner(changelog);
	IF NOT EXISTS (SELECT FROM pg_trigger t WHERE t.tgconstrrelid = changelog
		AND t.tgfoid = '@extschema@.diffgen_changelog()'::regprocedure) THEN
		RAISE EXCEPTION 'no table is tracked by %', changelog
			USING ERRCODE = 'object_not_in_prerequisite_state';
	END IF;

	SELECT max(p.to_time) INTO dropped
	FROM @extschema@.diffgen_changelog_partitions(changelog) p
	WHERE p.to_time <= cut;
	IF dropped IS NULL THEN
		RAISE NOTICE 'no partition of % is older than %', changelog, cut;
		RETURN;
	END IF;

	-- What dropping a partition takes, at once.
	EXECUTE format('LOCK TABLE %s IN ACCESS EXCLUSIVE MODE', changelog);

	-- The options that tracking had are needed for reading what remains.
	SELECT string_agg(CASE a.attname WHEN 'changed_at' THEN '$1::timestamptz'
			ELSE format('l.%I', a.attname) END, ', ' ORDER BY a.attnum)
	INTO vals
	FROM pg_attribute a
	WHERE a.attrelid = changelog AND a.attnum > 0 AND NOT a.attisdropped
		AND a.attgenerated = '';
	PERFORM @extschema@.diffgen_execute_as_owner(changelog, format(
			'INSERT INTO %1$s (%2$s) SELECT %3$s FROM %1$s l '
			'WHERE l.operation = ''track'' AND l.changed_at < $1::timestamptz ORDER BY l.change_id DESC LIMIT 1',
			changelog, @extschema@.diffgen_columns(changelog), vals),
		ARRAY[dropped::text]);
	FOR part IN
		SELECT p.partition
		FROM @extschema@.diffgen_changelog_partitions(changelog) p
		WHERE p.to_time <= dropped
	LOOP
		EXECUTE format('DROP TABLE %s', part);
	END LOOP;
	PERFORM @extschema@.diffgen_execute_as_owner(changelog, format(
			'DELETE FROM %s l WHERE l.changed_at < $1::timestamptz', changelog),
		ARRAY[dropped::text]);
	PERFORM @extschema@.diffgen_note(changelog, 'prune',
		jsonb_build_object('before', dropped));
	RAISE NOTICE 'history in % begins at % now', changelog, dropped;
END
$$;

COMMENT ON PROCEDURE diffgen_prune(regclass, interval) IS
'drop the partitions of a changelog that are older than what is to be kept';
