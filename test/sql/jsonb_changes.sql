-- What changed between two documents: rows, paths, patches, entries
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS diffgen;
RESET client_min_messages;
\pset format unaligned

CREATE TABLE pair (old jsonb, new jsonb);
INSERT INTO pair VALUES
('{"b": [1, 2, 3, 4], "a": {}, "bb": {"c": 1}, "x/y": {"~": [{"n": 1, "v": 2}, {"n": 2}]}}',
 '{"b": [0, 1, 3, 4, 5], "a": {"x": 1}, "bb": {"c": 1.0}, "z": null, "x/y": {"~": [{"n": 1, "v": 3}, {"n": 2}]}}');

SELECT c.* FROM pair, diffgen_changes(old, new) c;
SELECT diffgen_paths(old, new) FROM pair;
SELECT jsonb_array_elements(diffgen_patch(old, new)) FROM pair;
SELECT jsonb_array_elements(diffgen_patch(old, new, '{"invertible": true}')) FROM pair;
SELECT diffgen_apply(old, diffgen_patch(old, new)) = new,
	   diffgen_apply(new, diffgen_invert(diffgen_patch(old, new, '{"invertible": true}'))) = old
FROM pair;
SELECT diffgen_merge_patch(new, old) FROM pair;
SELECT e.diff = diffgen(old, new), e.patch = diffgen_patch(old, new), e.paths = diffgen_paths(old, new),
	   added, removed, hunks, exact
FROM pair, LATERAL diffgen_entry(old, new) e;

-- Nothing changed
SELECT * FROM diffgen_changes('[1, {"a": 2.0}]', '[1.0, {"a": 2}]');
SELECT diffgen_paths('1', '1.0'), diffgen_patch('1', '1.0'), diffgen_merge_patch('{"a": 1}', '{"a": 1.0}');
SELECT * FROM diffgen_entry('{}'::jsonb, '{}');

-- The root
SELECT * FROM diffgen_changes('1', '[]');
SELECT diffgen_patch('{"a": 1}', '[1]', '{"invertible": true}'), diffgen_paths('"a"', '"b"');

-- Paths can be used with the server's own functions
SELECT op, path, jsonb_path_query_array(CASE op WHEN 'remove' THEN old ELSE new END, path::jsonpath) AS found
FROM (SELECT '{"a b": {"": 1, "q\"t": [1, 2], "true": 1, "é": 1, "a1": 1, "1a": 1}}'::jsonb,
			 '{"a b": {"": 2, "q\"t": [1, 3], "true": 2, "é": 2, "a1": 2, "1a": 2, "is": 3, "exists": 4, "last": 5}}'::jsonb) d(old, new),
	 LATERAL diffgen_changes(old, new);

-- Arrays: patches are small
SELECT diffgen_patch('[1, 2, 3]', '[0, 1, 2, 3]');
SELECT diffgen_patch('[{"a": 1, "b": [1, 2]}, {"a": 2, "b": [3, 4]}]', '[{"a": 2, "b": [3, 5]}]');
SELECT diffgen_patch('[[1, 2], [3, 4], [5, 6]]', '[[1, 2], [3, 9, 4], [5, 6]]');
SELECT diffgen_patch('["--a=1", "--b=2"]', '["--b=3"]');
SELECT diffgen_patch('[{"name": "a", "image": "x"}, {"name": "b", "image": "x"}]',
					 '[{"name": "c", "image": "x"}, {"name": "a", "image": "y"}, {"name": "b", "image": "x"}]');
SELECT diffgen_patch(jsonb_agg(i), '[-1]' || jsonb_agg(i)) FROM generate_series(1, 100000) i;
SELECT jsonb_array_length(diffgen_patch(jsonb_agg(i), jsonb_agg(i) FILTER (WHERE i % 1000 <> 0))) FROM generate_series(1, 100000) i;

-- A member named "-" is not the end of an array
SELECT p, diffgen_apply('{"-": 1, "a": 2}', diffgen_invert(p))
FROM diffgen_patch('{"a": 1}', '{"-": 1, "a": 2}', '{"invertible": true}') p;

-- Merge patches
SELECT old, new, diffgen_merge_patch(old::jsonb, new::jsonb),
	   diffgen_apply_merge(old::jsonb, diffgen_merge_patch(old::jsonb, new::jsonb)) = new::jsonb AS ok
FROM (VALUES ('{"a": {"b": 1, "c": 2}}', '{"a": {"b": 1}}'), ('{"a": [1, null]}', '{"a": [null]}'),
			 ('{"a": 1}', '{"a": {}}'), ('{"a": {"b": 1}}', '{"a": {}}'), ('[1]', '[2]'), ('[1]', '[1]'),
			 ('1', 'null'), ('{}', '1'), ('{"a": null}', '{"a": null, "b": 1}'), ('1', '{"a": {"b": [{"c": null}]}}')) v(old, new);
SELECT diffgen_merge_patch('{"a": 1}', '{"a": null}');
SELECT diffgen_merge_patch('{"a": 1}', '{"b": {"c": [1], "d": {"e": null}}}');
SELECT diffgen_merge_patch('1', '{"a": null}');

-- Options
SELECT diffgen_patch('1', '2', '{"invertible": 1}');
SELECT diffgen_paths('1', '2', '{"invertible": true}');
SELECT diffgen_changes('1', '2', '{"context": 1}');
SELECT diffgen_patch('1', '2', '{"algorithm": "best"}');

DROP TABLE pair;
