-- diffgen_merge(jsonb, jsonb, jsonb)
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS diffgen;
RESET client_min_messages;

-- each side's changes are taken
SELECT * FROM diffgen_merge(
 '{"image": "web:1", "replicas": 2, "env": {"A": "1", "B": "2"}, "old": true}'::jsonb,
 '{"image": "web:2", "replicas": 2, "env": {"A": "1", "B": "2", "C": "3"}, "old": true}',
 '{"image": "web:1", "replicas": 5, "env": {"A": "0", "B": "2"}}');
-- nothing changed; one side; both alike
SELECT * FROM diffgen_merge('{"a": [1]}'::jsonb, '{"a": [1.0]}', '{"a": [1]}');
SELECT * FROM diffgen_merge('{"a": [1]}'::jsonb, '{"a": [1]}', '{"a": [2]}');
SELECT * FROM diffgen_merge('{"a": [1], "b": 1}'::jsonb, '{"a": [2, 3]}', '{"a": [2, 3]}');

-- conflicts: both changed, changed and removed, added, changed inside and replaced
SELECT merged, jsonb_pretty(conflicts) FROM diffgen_merge(
 '{"a": 1, "b": 2, "c": {"x": 1}, "d": {"y": 1}, "e f": [1]}'::jsonb,
 '{"a": 2, "c": {"x": 2}, "d": {"y": 2}, "n": 1, "e f": null}',
 '{"a": 3, "b": 3, "d": "none", "n": 2, "e f": {}}');
SELECT merged, conflicts = (diffgen_merge(
 '{"a": 1, "b": 2, "c": {"x": 1}, "d": {"y": 1}, "e f": [1]}'::jsonb,
 '{"a": 2, "c": {"x": 2}, "d": {"y": 2}, "n": 1, "e f": null}',
 '{"a": 3, "b": 3, "d": "none", "n": 2, "e f": {}}')).conflicts AS same_conflicts
 FROM diffgen_merge(
 '{"a": 1, "b": 2, "c": {"x": 1}, "d": {"y": 1}, "e f": [1]}'::jsonb,
 '{"a": 2, "c": {"x": 2}, "d": {"y": 2}, "n": 1, "e f": null}',
 '{"a": 3, "b": 3, "d": "none", "n": 2, "e f": {}}', '{"prefer": "theirs"}');
-- null is not absent
SELECT * FROM diffgen_merge('{"a": null}'::jsonb, '{}', '{"a": 1}');
SELECT * FROM diffgen_merge('{}'::jsonb, '{"a": null}', '{}');

-- objects that both added are merged
SELECT * FROM diffgen_merge('{}'::jsonb, '{"n": {"x": 1, "o": {"p": 1}, "z": 1}}', '{"n": {"y": 2, "o": {"q": 1}, "z": 2}}');
SELECT * FROM diffgen_merge('{}'::jsonb, '{"n": {}}', '{"n": {}}');
SELECT * FROM diffgen_merge('{}'::jsonb, '{"n": {}}', '{"n": []}');

-- arrays: different places, the same place, the same elements
SELECT * FROM diffgen_merge('[1, 2, 3]'::jsonb, '[0, 1, 2, 3]', '[1, 2, 3, 4]');
SELECT * FROM diffgen_merge('[1, 2, 3]'::jsonb, '[1, 3]', '[1, 2, 3, 4]');
SELECT * FROM diffgen_merge('[1, 2, 3, 4]'::jsonb, '[1, 7, 9, 3, 4]', '[1, 2, 8, 3]');
SELECT * FROM diffgen_merge('[1, 2, 3, 4]'::jsonb, '[1, 7, 9, 3, 4]', '[1, 2, 8, 3]', '{"prefer": "theirs"}');
SELECT * FROM diffgen_merge('[1, 2]'::jsonb, '[1, 2, 3]', '[1, 2, 3]');
SELECT * FROM diffgen_merge('[]'::jsonb, '["a"]', '["b"]');
SELECT * FROM diffgen_merge('{"l": [1, 2, 3]}'::jsonb, '{"l": [3]}', '{"l": [1]}');
SELECT * FROM diffgen_merge('[{"name": "a", "v": 1, "w": 1, "x": 1}, {"name": "b", "v": 1, "w": 1, "x": 1}]'::jsonb,
                            '[{"name": "a", "v": 2, "w": 1, "x": 1}, {"name": "b", "v": 1, "w": 1, "x": 1}]',
                            '[{"name": "a", "v": 1, "w": 3, "x": 1}, {"name": "b", "v": 4, "w": 1, "x": 1}]');
SELECT * FROM diffgen_merge('[{"name": "a", "v": 1, "w": 1, "x": 1}, {"name": "b", "v": 1, "w": 1, "x": 1}]'::jsonb,
                            '[{"name": "a", "v": 2, "w": 1, "x": 1}]',
                            '[{"name": "a", "v": 3, "w": 1, "x": 1}, {"name": "b", "v": 4, "w": 1, "x": 1}]');
-- removed elements between what both sides added do not keep it apart
SELECT * FROM diffgen_merge('["a", "b", "c", "d"]'::jsonb, '["a", "x", "y", "d"]', '["a", "b", "z", "d"]');
SELECT * FROM diffgen_merge('[[1, 2], [3]]'::jsonb, '[[1, 2, 4], [3]]', '[[0, 1, 2], [3, 5]]');

-- elements known by identity: both add at the end, one moves, both add the same
SELECT * FROM diffgen_merge('{"c": [{"name": "a", "v": 1}, {"name": "b", "v": 1}]}'::jsonb,
                            '{"c": [{"name": "a", "v": 1}, {"name": "b", "v": 1}, {"name": "x", "v": 1}]}',
                            '{"c": [{"name": "a", "v": 2}, {"name": "b", "v": 1}, {"name": "y", "v": 1}]}',
                            '{"keys": {"c": [["name"]]}}');
SELECT * FROM diffgen_merge('{"c": [{"name": "a", "v": 1}, {"name": "b", "v": 1}, {"name": "d", "v": 1}]}'::jsonb,
                            '{"c": [{"name": "d", "v": 1}, {"name": "a", "v": 1}, {"name": "b", "v": 1}, {"name": "x", "v": 1}]}',
                            '{"c": [{"name": "a", "v": 2}, {"name": "d", "v": 1}, {"name": "y", "v": 1}, {"name": "x", "w": 1}]}',
                            '{"keys": {"c": [["name"]]}}');
-- what clashes there; an order that both changed
SELECT merged, c FROM diffgen_merge('{"c": [{"name": "a", "v": 1}, {"name": "b", "v": 1}, {"name": "d", "v": 1}]}'::jsonb,
                            '{"c": [{"name": "d", "v": 2}, {"name": "a", "v": 1}, {"name": "b", "v": 1}]}',
                            '{"c": [{"name": "b", "v": 2}, {"name": "d", "v": 3}]}',
                            '{"keys": {"c": [["name"]]}, "prefer": "theirs"}'), jsonb_array_elements(conflicts) AS c;
SELECT merged, c FROM diffgen_merge('{"c": [{"id": 1}, {"id": 2}, {"id": 3}]}'::jsonb,
                            '{"c": [{"id": 3}, {"id": 1}, {"id": 2}]}',
                            '{"c": [{"id": 1, "v": true}, {"id": 3}, {"id": 2}]}',
                            '{"keys": {"c": [["id"]]}}'), jsonb_array_elements(conflicts) AS c;
-- only one side has identities: not merged where elements have moved
SELECT * FROM diffgen_merge('{"c": [{"id": 1}, {"id": 2}, {"id": 3}]}'::jsonb,
                            '{"c": [{"id": 3}, {"id": 1}, {"id": 2}]}',
                            '{"c": [{"id": 1}, {"id": 2}, {"id": 2}]}',
                            '{"keys": {"c": [["id"]]}}');

-- roots
SELECT * FROM diffgen_merge('1'::jsonb, '2', '1'), diffgen_merge('1'::jsonb, '2', '2.0') AS b, diffgen_merge('{}'::jsonb, '[]', '1') AS c;

-- paths can be looked up in the base
SELECT c ->> 'path' AS path, jsonb_path_query_array(base, (c ->> 'path')::jsonpath) AS found, c -> 'base' AS base
  FROM (SELECT '{"a.b": {"\"q\"": 1}, "": [1, 2, 3], "$": {"k": [1, 2]}}'::jsonb AS base) AS x,
       diffgen_merge(base, '{"a.b": {"\"q\"": 2}, "": [1, 9, 3], "$": {"k": [1, 4, 2]}}', '{"a.b": {"\"q\"": 3}, "": [1, 8, 3], "$": {"k": [1, 5, 2]}}'),
       jsonb_array_elements(conflicts) AS c;

-- errors
\set VERBOSITY sqlstate
SELECT * FROM diffgen_merge('1'::jsonb, '2', '3', '{"prefer": "mine"}');
\set VERBOSITY default
SELECT * FROM diffgen_merge('1'::jsonb, '2', '3', '{"prefer": "mine"}');
SELECT * FROM diffgen_merge('1'::jsonb, '2', '3', '{"context": 3}');
SELECT diffgen_merge(NULL, '1'::jsonb, '1') IS NULL;
