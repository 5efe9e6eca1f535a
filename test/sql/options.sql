--
-- The options document: what it takes, and what it says to anything else
--
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS diffgen;
RESET client_min_messages;
CREATE FUNCTION error_of(options text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	state text; message text; hint text;
BEGIN
	PERFORM diffgen('a'::text, 'b'::text, options::jsonb);
	RETURN 'accepted';
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE,
		message = MESSAGE_TEXT, hint = PG_EXCEPTION_HINT;
	RETURN format(E'%s %s\n%s', state, message, hint);
END $$;
\pset format unaligned
\pset tuples_only on

-- what is accepted
SELECT error_of(o) FROM unnest(ARRAY[
	'{}', '{"context": 0}', '{"context": 5.0}', '{"context": 1e1}',
	'{"algorithm": "histogram"}', '{"whitespace": "all"}',
	'{"labels": ["a", "b"]}',
	'{"context": 1, "algorithm": "minimal", "whitespace": "trailing", "labels": ["x", "y"]}'
]) AS o;

-- not an object
SELECT error_of('[]');
SELECT error_of('1');
SELECT error_of('null');
-- an unknown key
SELECT error_of('{"contxt": 3}');
SELECT error_of('{"": 3}');
-- context
SELECT error_of(o) FROM unnest(ARRAY[
	'{"context": -1}', '{"context": 1.5}', '{"context": "3"}',
	'{"context": null}', '{"context": [3]}', '{"context": true}']) AS o;
-- algorithm
SELECT error_of('{"algorithm": "fast"}');
SELECT error_of('{"algorithm": "MYERS"}');
SELECT error_of('{"algorithm": 1}');
SELECT error_of('{"algorithm": null}');
-- white space
SELECT error_of('{"whitespace": "none"}');
SELECT error_of('{"whitespace": true}');
-- labels
SELECT error_of(o) FROM unnest(ARRAY[
	'{"labels": "before"}', '{"labels": ["before"]}', '{"labels": ["a", "b", "c"]}',
	'{"labels": [1, 2]}', '{"labels": ["", "b"]}', '{"labels": {"a": "b"}}']) AS o;

-- options may differ from row to row
SELECT c, length(diffgen(E'1\n2\n3\n4\nx\n', E'1\n2\n3\n4\ny\n',
                         jsonb_build_object('context', c)))
  FROM unnest(ARRAY[0, 1, 1, 4, 0]) AS c;
-- an error leaves nothing behind in the same query's function
DO $$
BEGIN
	FOR i IN 1..3 LOOP
		BEGIN
			PERFORM diffgen('a'::text, 'b'::text,
							CASE WHEN i = 2 THEN '{"context": -1}' ELSE '{"context": 1}' END::jsonb);
			RAISE NOTICE 'call %: done', i;
		EXCEPTION WHEN invalid_parameter_value THEN
			RAISE NOTICE 'call %: %', i, SQLERRM;
		END;
	END LOOP;
END $$;
