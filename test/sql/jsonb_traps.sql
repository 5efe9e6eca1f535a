-- What has broken other JSON differs: each pair must give a diff, a patch that
-- leads from one document to the other and back, and rows that say the same
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS diffgen;
RESET client_min_messages;
\pset format unaligned
\pset tuples_only on

CREATE TABLE trap (trap text, old jsonb, new jsonb);
INSERT INTO trap VALUES
	('array that contains the other one', '[1, 2, 3]', '[3, 1]'),
	('array with the same elements, repeated', '[1, 2]', '[1, 2, 2, 1]'),
	('removed nested key', '{"a": {"b": {"c": 1, "d": 2}}}', '{"a": {"b": {"d": 2}}}'),
	('last nested key removed', '{"a": {"b": {"c": 1}}}', '{"a": {"b": {}}}'),
	('number and string', '{"a": 1}', '{"a": "1"}'),
	('1 and 1.0', '{"a": 1, "b": [1, {"c": 2.50}]}', '{"a": 1.0, "b": [1.00, {"c": 2.5}]}'),
	('1 and 1.0 beside a change', '{"a": 1, "b": 2}', '{"a": 1.0, "b": 3}'),
	('integers above 2^53', '[9007199254740993, 18446744073709551617]', '[9007199254740992, 18446744073709551616]'),
	('numbers of 400 digits', ('[' || repeat('7', 400) || ']')::jsonb, ('[' || repeat('7', 399) || '8]')::jsonb),
	('numbers of 400 digits, equal', ('[' || repeat('7', 400) || ']')::jsonb, ('[' || repeat('7', 400) || '.000]')::jsonb),
	('null and absent', '{"a": null}', '{}'),
	('null and absent in an array', '[null]', '[]'),
	('null to a value', '{"a": null}', '{"a": 0}'),
	('empty object and null', '{"a": {}}', '{"a": null}'),
	('empty object and empty array', '{"a": {}}', '{"a": []}'),
	('false, 0, empty string', '[false, 0, ""]', '[0, "", false]'),
	('empty key', '{"": 1, "a": {"": {"": 2}}}', '{"": 2, "a": {"": {"": 3}}}'),
	('key with slash and tilde', '{"a/b": 1, "m~n": {"~1": 2, "/~0": 3}}', '{"a/b": 2, "m~n": {"~1": 3, "/~0": 4}}'),
	('key with quotes, dots, brackets', '{"a\"b": 1, "c.d": {"e[0]": 2, "$": 3, "@": 4}}', '{"a\"b": 2, "c.d": {"e[0]": 3, "$": 4, "@": 5}}'),
	('key with control characters', '{"a\tb": 1, "\u0001\n": {"\r": 2}}', '{"a\tb": 2, "\u0001\n": {"\r": 3}}'),
	('key that looks like an index', '{"0": 1, "01": 2, "-": 3}', '{"0": 2, "01": 3, "-": 4, "1": 5}'),
	('key that is a word of jsonpath', '{"true": 1, "last": {"exists": 2}}', '{"true": 2, "last": {"exists": 3}}'),
	('duplicate identity keys', '[{"name": "a", "v": 1}, {"name": "a", "v": 2}]', '[{"name": "a", "v": 2}, {"name": "a", "v": 3}]'),
	('arrays of arrays', '[[1, 2], [3, [4, 5]], [[]]]', '[[2, 1], [3, [5]], [[], []]]'),
	('array of empty containers', '[{}, [], {}, []]', '[[], {}, [], {}, {}]'),
	('scalar at the root', '1', '"1"'),
	('scalar to object at the root', 'null', '{"a": null}'),
	('array to object at the root', '[1]', '{"0": 1}'),
	('prepended element', '[{"a": 1}, {"a": 2}, {"a": 3}]', '[{"a": 0}, {"a": 1}, {"a": 2}, {"a": 3}]'),
	('rotated array', '[1, 2, 3, 4, 5]', '[3, 4, 5, 1, 2]'),
	('reversed array', '[1, 2, 3, 4, 5]', '[5, 4, 3, 2, 1]'),
	('strings that look like a diff', '["--- a", "@@ -1 +1 @@", "-x"]', '["+++ b", "@@ -1 +1 @@", "+x"]'),
	('prefixes of keys', '{"a": 1, "aa": 1, "aaaaaaaa": 1, "aaaaaaaab": 1}', '{"aa": 2, "aaaaaaaa": 1, "aaaaaaaaa": 1, "aaaaaaaab": 2}');

SELECT trap,
	   (diffgen(old, new) = '') = (old = new) AS diff,
	   diffgen_apply(old, diffgen_patch(old, new)) = new AS patch,
	   diffgen_apply(new, diffgen_invert(diffgen_patch(old, new, '{"invertible": true}'))) = old AS undo,
	   (SELECT coalesce(bool_and(CASE op WHEN 'remove' THEN jsonb_path_query_array(old, ('strict ' || path)::jsonpath) = jsonb_build_array(old_value)
					ELSE jsonb_path_query_array(new, ('strict ' || path)::jsonpath) = jsonb_build_array(new_value) END), true)
		FROM diffgen_changes(old, new)) AS paths,
	   diffgen_patch(old, new) = diffgen_patch(old::text::jsonb, new::text::jsonb) AS same,
	   jsonb_array_length(diffgen_patch(old, new)) AS operations
FROM trap;

-- As lines: what a reader of the diff gets is the other text
SELECT trap, diffgen_apply(diffgen_text(old), diffgen(old, new)) = diffgen_text(new) AS there,
	   diffgen_apply(diffgen_text(new), diffgen_invert(diffgen(old, new))) = diffgen_text(old) AS back
FROM trap WHERE old <> new;

-- Large arrays that are slow where a table of all pairs is filled
CREATE TABLE large (what text, old jsonb, new jsonb);
INSERT INTO large
SELECT 'reversed', jsonb_agg(i ORDER BY i), jsonb_agg(i ORDER BY -i) FROM generate_series(1, 100000) i
UNION ALL SELECT 'shuffled', jsonb_agg(i ORDER BY i), jsonb_agg(i ORDER BY md5(i::text)) FROM generate_series(1, 100000) i
UNION ALL SELECT 'all different', jsonb_agg(i ORDER BY i), jsonb_agg(-i ORDER BY i) FROM generate_series(1, 100000) i
UNION ALL SELECT 'all equal', jsonb_agg(0), jsonb_agg(0) FILTER (WHERE i > 1000) FROM generate_series(1, 100000) i
UNION ALL SELECT 'objects reversed', jsonb_agg(jsonb_build_object('name', i) ORDER BY i), jsonb_agg(jsonb_build_object('name', i) ORDER BY -i) FROM generate_series(1, 100000) i
UNION ALL SELECT 'objects changed', jsonb_agg(jsonb_build_object('name', i, 'v', 0) ORDER BY i), jsonb_agg(jsonb_build_object('name', i, 'v', 1) ORDER BY i) FROM generate_series(1, 100000) i;
SET statement_timeout = '20s';
SELECT what, diffgen_apply(old, diffgen_patch(old, new)) = new, (diffgen_stat(old, new)).added > 0 FROM large;
RESET statement_timeout;
DROP TABLE large, trap;

-- Many elements, none of which are equal, are paired by identity.  If that
-- search is cut short the diff is not the shortest, and says so.
SELECT exact
FROM (SELECT jsonb_agg(jsonb_build_object('id', hashint4(i) % 50, 'v', -i) ORDER BY i) AS a,
		jsonb_agg(jsonb_build_object('id', hashint4(i + 50000) % 50, 'v', i) ORDER BY i) AS b
	FROM generate_series(1, 5000) i) pair, diffgen_stat(a, b);
-- Every operation of a patch repeats the path, so deep and wide changes can
-- exceed what a jsonb holds
WITH wide(n, members) AS (
	SELECT n, jsonb_object_agg('k' || i, n)::text FROM generate_series(0, 1) n, generate_series(1, 9000) i GROUP BY n)
SELECT string_agg(repeat('{"abcdefghij": ', 3000) || members || repeat('}', 3000), '' ORDER BY n) FILTER (WHERE n = 0) AS old,
	string_agg(repeat('{"abcdefghij": ', 3000) || members || repeat('}', 3000), '' ORDER BY n) FILTER (WHERE n = 1) AS new
INTO TEMP deep_and_wide FROM wide;
SELECT diffgen_patch(old::jsonb, new::jsonb) FROM deep_and_wide;
SELECT (diffgen_stat(old::jsonb, new::jsonb)).added FROM deep_and_wide;
DROP TABLE deep_and_wide;
