-- Options that say which parts of a document are seen: ignore, redact
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS diffgen;
RESET client_min_messages;
\pset format unaligned
\pset tuples_only on

CREATE TABLE pair (old jsonb, new jsonb);
INSERT INTO pair VALUES
('{"kind": "Pod", "metadata": {"name": "web", "uid": 1, "generation": 1, "labels": {"a.b/c": "x", "app": "web"}}, "spec": {"containers": [{"name": "web", "image": "web:1", "env": [{"name": "A", "value": "1"}]}, {"name": "log", "image": "log:1"}]}, "status": {"conditions": [{"type": "Ready", "at": 1}, {"type": "Up", "at": 1}]}}',
 '{"kind": "Pod", "metadata": {"name": "web", "uid": 2, "generation": 2, "labels": {"a.b/c": "y", "app": "web"}, "extra": {"uid": 3}}, "spec": {"containers": [{"name": "web", "image": "web:2", "env": [{"name": "A", "value": "2"}]}, {"name": "log", "image": "log:2"}]}, "status": {"conditions": [{"type": "Ready", "at": 2}, {"type": "Up", "at": 2}]}}');

-- All changes
SELECT path FROM pair, diffgen_changes(old, new);
-- Members, by any spelling of their names
SELECT diffgen_paths(old, new, '{"ignore": ["$.metadata.uid", "$.\"metadata\".\"generation\"", "$.metadata.labels.\"a.b/c\""]}') FROM pair;
SELECT diffgen_paths(old, new, '{"ignore": ["strict $.metadata", "lax $.spec"]}') FROM pair;
-- .*, [*], [n], .**
SELECT diffgen_paths(old, new, '{"ignore": ["$.metadata.*", "$.spec.*[*].image", "$.status.conditions[0]"]}') FROM pair;
SELECT diffgen_paths(old, new, '{"ignore": ["$.**.uid", "$.**.image", "$.status.**.at", "$.**.env[*].value"]}') FROM pair;
SELECT diffgen_paths(old, new, '{"ignore": ["$.**[1]"]}') FROM pair;
-- by identity
SELECT diffgen_paths(old, new, '{"ignore": ["$.spec.containers[*]?(@.name == \"web\").image", "$.status.conditions[*]?(@.type == \"Up\" && @.at == 2)"]}') FROM pair;
-- a filter at the root: only documents of a kind
SELECT diffgen_paths(old, new, '{"ignore": ["$?(@.kind == \"Pod\").spec", "$?(@.kind == \"Secret\").metadata"]}') FROM pair;
-- structural: a member step does not look into an array, nor an element step at an object
SELECT diffgen_paths(old, new, '{"ignore": ["$.spec.containers.image", "$.spec[0].containers", "$[*]"]}') FROM pair;

-- What is ignored does not show, even around a change
SELECT diffgen(old, new, '{"ignore": ["$.metadata", "$.status", "$.spec.containers[*].env", "$.spec.containers[1]"]}') FROM pair;
SELECT diffgen_text(old, '{"ignore": ["$.metadata.*", "$.status.conditions[*]", "$.spec"]}') FROM pair;
SELECT diffgen_patch(old, new, '{"invertible": true, "ignore": ["$.metadata", "$.status", "$.spec.containers[0]"]}') FROM pair;
SELECT diffgen('{"a": {"x": 1}, "b": 1}'::jsonb, '{"a": {"x": 2}, "b": 1}', '{"ignore": ["$.a.x"]}') = '';
SELECT diffgen('{"a": {"x": 1}, "b": 1}'::jsonb, '{"b": 1}', '{"ignore": ["$.a"]}') = '';
SELECT diffgen('[1, {"x": 1}, 2]'::jsonb, '[1, {"x": 2}, 3]', '{"ignore": ["$[*].x"]}');
SELECT diffgen('{"a": {"x": 1}}'::jsonb, '{"a": {"x": 2, "y": 3}}', '{"ignore": ["$.a.x"]}');
SELECT diffgen('[{"x": 1}]'::jsonb, '[{}]', '{"ignore": ["$[*].x"]}') = '';
-- ... nor when one element is left on each side, or in how elements are paired
SELECT diffgen('[{"name": 1}]'::jsonb, '[{"name": 2}]', '{"ignore": ["$[*].name"]}') = '';
SELECT diffgen('[1, {}]'::jsonb, '[2, {}]', '{"ignore": ["$[0]"]}') = '';
SELECT diffgen_patch('{"l": [{"id": 1, "ts": 1, "value": "x"}]}', '{"l": [{"id": 2, "ts": 2, "value": "x"}]}', '{"ignore": ["$.l[*].id", "$.l[*].ts"]}');
SELECT diffgen_patch('[{"id": 1, "v": 1}, {"id": 2, "v": 2}]', '[{"id": 2, "v": 3}]', '{"ignore": ["$[*].id"]}'),
	diffgen_patch('[{"v": 1}, {"v": 2}]', '[{"v": 3}]');
-- ... and is no part of an added or removed value, nor of patches' indices
SELECT * FROM diffgen_changes('{}', '{"a": {"x": 1, "y": [1, {"x": 2}]}}', '{"ignore": ["$.**.x"]}');
SELECT diffgen_patch('[9, 1, 2, 3]', '[8, 1, 3, 4]', '{"ignore": ["$[0]"]}');
-- hidden elements do not disturb the others
SELECT diffgen_apply('[9, 1, 2, 3]', diffgen_patch('[9, 1, 2, 3]', '[8, 1, 3, 4]', '{"ignore": ["$[0]"]}'));
SELECT diffgen_patch('{"a": [{"n": 1, "v": 1}, {"n": 2, "v": 2}, {"n": 3, "v": 3}]}', '{"a": [{"n": 2, "v": 3}, {"n": 3, "v": 4}]}',
					 '{"ignore": ["$.a[*]?(@.n == 1)", "$.a[*].v"]}');

-- Redaction: one sees that it changed, and nothing more
\set secret '{"data": {"a": "s1", "b": "s2", "c": {"d": ["s3"]}}, "x": 1}'
\set secret2 '{"data": {"a": "s1", "b": "S2", "c": {"d": ["S3"]}, "e": "S4"}, "x": 2}'
SELECT diffgen(:'secret'::jsonb, :'secret2'::jsonb, '{"redact": ["$.data.*"]}');
SELECT diffgen(:'secret'::jsonb, :'secret2'::jsonb, '{"redact": ["$.data"]}');
SELECT diffgen_text(:'secret'::jsonb, '{"redact": ["$.data.*"]}');
SELECT * FROM diffgen_changes(:'secret', :'secret2', '{"redact": ["$.data.*"]}');
SELECT diffgen_paths(:'secret', :'secret2', '{"redact": ["$.data.*"]}');
SELECT jsonb_array_elements(diffgen_patch(:'secret', :'secret2', '{"redact": ["$.data.*"], "invertible": true}'));
SELECT jsonb_array_elements(diffgen_patch('{}', :'secret2', '{"redact": ["$.data.*"]}'));
SELECT diffgen_apply(:'secret', diffgen_patch(:'secret', :'secret2', '{"redact": ["$.data.*"]}'));
SELECT diffgen_patch('{"data": 1.0}', '{"data": 1}', '{"redact": ["$.data"]}');
SELECT * FROM diffgen_entry(:'secret'::jsonb, :'secret2', '{"redact": ["$.**.*"]}');
-- A value that is redacted in one of two documents is redacted in both: a
-- filter at the root, an index, or a filter on elements may match only one
\set a '{"kind": "Secret", "spec": {"token": "hunter2"}, "x": 1}'
\set b '{"kind": "X", "spec": {"token": "hunter2"}, "x": 2}'
\set o '{"redact": ["$?(@.kind == \\"Secret\\").spec.token"], "context": 50}'
SELECT diffgen(:'a'::jsonb, :'b'::jsonb, :'o');
SELECT diffgen(:'b'::jsonb, :'a'::jsonb, :'o') LIKE '%hunter2%';
SELECT diffgen('{"list": [{"s": "hunter2"}, {"c": 1}]}'::jsonb, '{"list": [0, {"s": "hunter2"}, {"c": 1}]}', '{"redact": ["$.list[0].s"], "context": 20}');
SELECT diffgen('{"list": [0, {"s": "hunter2"}, {"c": 1}]}'::jsonb, '{"list": [{"s": "hunter2"}, {"c": 1}]}', '{"redact": ["$.list[0].s"], "context": 20}');
\set a '{"items": [{"kind": "Secret", "name": "a", "data": {"p": "hunter2"}}]}'
\set b '{"items": [{"kind": "ConfigMap", "name": "b", "data": {"p": "hunter2"}}]}'
\set o '{"redact": ["$.items[*]?(@.kind == \\"Secret\\").data"]}'
SELECT diffgen(:'a'::jsonb, :'b'::jsonb, :'o');
SELECT diffgen(:'b'::jsonb, :'a'::jsonb, :'o') LIKE '%hunter2%',
	diffgen_patch(:'a'::jsonb, :'b'::jsonb, :'o')::text LIKE '%hunter2%',
	diffgen_patch(:'b'::jsonb, :'a'::jsonb, jsonb_build_object('invertible', true) || :'o')::text LIKE '%hunter2%';
-- what is ignored below it is no part of it
SELECT diffgen('{"data": {"at": 1, "s": [1]}}'::jsonb, '{"data": {"at": 2, "s": [1]}}', '{"redact": ["$.data"], "ignore": ["$.data.at"]}') = '',
	diffgen('[{"data": {"at": 1}}]'::jsonb, '[{"data": {"at": 2}}]', '{"redact": ["$[*].data"], "ignore": ["$.**.at"]}') = '';
SELECT diffgen('{"data": {"at": 1, "s": [1]}}'::jsonb, '{"data": {"at": 2, "s": [2]}}', '{"redact": ["$.data"], "ignore": ["$.data.at"]}');
SELECT diffgen_patch('{"data": {"at": 1, "s": [1]}}'::jsonb, '{"data": {"at": 2, "s": [2]}}', '{"redact": ["$.data"], "ignore": ["$.data.at"]}'),
	diffgen_text('{"data": {"at": 1, "s": [1]}}'::jsonb, '{"redact": ["$.data"], "ignore": ["$.data.at"]}') LIKE '%"at"%';
-- how elements are paired does not tell of it
SELECT diffgen('{"l": [{"name": "s1"}]}'::jsonb, '{"l": [{"name": "s2"}]}', '{"redact": ["$.l[*].name"]}');
SELECT diffgen_patch('[{"name": "s1", "v": 1}, {"name": "s2", "v": 2}]', '[{"name": "s2", "v": 3}, {"name": "s3", "v": 4}]', '{"redact": ["$[*].name"]}');
-- ... also of elements that have moved
\set a '{"kind": "Secret", "spec": [{"name": "x", "token": "hunter2"}, {"name": "y"}]}'
\set b '{"kind": "X", "spec": [{"name": "y"}, {"name": "x", "token": "hunter2"}]}'
\set o '{"keys": {"spec": [["name"]]}, "redact": ["$?(@.kind == \\"Secret\\").spec[*].token"]}'
SELECT diffgen(:'a'::jsonb, :'b'::jsonb, :'o');
\set o '{"keys": {"spec": [["name"]]}, "redact": ["$.spec[0].token"]}'
SELECT diffgen(:'a'::jsonb, :'b'::jsonb, :'o') LIKE '%hunter2%', diffgen(:'b'::jsonb, :'a'::jsonb, :'o') LIKE '%hunter2%';
SELECT (SELECT jsonb_agg(c) FROM diffgen_changes(:'a', :'b', :'o') c)::text LIKE '%hunter2%',
	(SELECT jsonb_agg(c) FROM diffgen_changes(:'b', :'a', :'o') c)::text LIKE '%hunter2%',
	diffgen_patch(:'a', :'b', jsonb_build_object('invertible', true) || :'o')::text LIKE '%hunter2%';
-- ... and where something ignored decides what is redacted: no more is shown
SELECT diffgen('{"l": [{"k": 1, "s": "hunter2"}], "x": 1}'::jsonb, '{"l": [{"k": 2, "s": "hunter2"}], "x": 2}',
			   '{"ignore": ["$.l[*].k"], "redact": ["$.l[*]?(@.k == 1).s"]}');
SELECT diffgen('{"l": [{"s": "hunter2"}], "x": 1}'::jsonb, '{"l": [{"h": 1}, {"s": "hunter2"}], "x": 2}',
			   '{"ignore": ["$.l[*]?(@.h == 1)"], "redact": ["$.l[0].s"]}');
-- ignore wins
SELECT diffgen_text('{"a": 1, "b": 2}', '{"redact": ["$.*"], "ignore": ["$.a"]}');
-- a document that merely has such a string
SELECT diffgen_apply('{"a": "<redacted>"}', diffgen_patch('{"a": "<redacted>"}', '{"a": "<redacted: after>"}'));

-- However many combinations of patterns come up in a query, no row depends on
-- those before
CREATE TABLE deep AS
SELECT n, (string_agg('{"' || k || '": ', '' ORDER BY md5(n || k)) || '1' || repeat('}', 20))::jsonb AS doc
FROM generate_series(1, 6000) n, (SELECT 'k' || i AS k FROM generate_series(1, 20) i) keys GROUP BY n;
SELECT count(diffgen_text(doc, o)), count(diffgen(doc, '{}', o))
FROM deep, (SELECT jsonb_build_object('ignore', jsonb_agg('$.**.k' || i || '.**.z')) o FROM generate_series(1, 20) i) o;
DROP TABLE deep;

-- Errors
SELECT diffgen_paths('1', '2', '{"ignore": "$.a"}');
SELECT diffgen_paths('1', '2', '{"ignore": [1]}');
SELECT diffgen_paths('1', '2', '{"redact": {"a": 1}}');
SELECT diffgen_paths('1', '2', '{"ignore": ["a.b"]}');
SELECT diffgen_paths('1', '2', '{"ignore": ["$.a["]}');
SELECT diffgen_paths('1', '2', '{"ignore": ["$"]}');
SELECT diffgen_paths('1', '2', '{"ignore": ["$.**"]}');
SELECT diffgen_paths('1', '2', '{"ignore": ["$.a[1 to 2]"]}');
SELECT diffgen_paths('1', '2', '{"ignore": ["$.a[1, 2]"]}');
SELECT diffgen_paths('1', '2', '{"ignore": ["$.a[last]"]}');
SELECT diffgen_paths('1', '2', '{"ignore": ["$.a[99999999999]"]}');
SELECT diffgen_paths('1', '2', '{"ignore": ["$.a[2147483648]"]}');
SELECT diffgen_paths('1', '2', '{"ignore": ["$.a[-1]"]}');
-- a subscript's fraction is cut off, as jsonpath does
SELECT diffgen_paths('[1, 2, 3]', '[1, 5, 6]', '{"ignore": ["$[1.9]"]}'),
	jsonb_path_query('[1, 2, 3]', '$[1.9]');
SELECT diffgen_paths('1', '2', '{"redact": ["$.**{2}.a"]}');
SELECT diffgen_paths('1', '2', '{"ignore": ["$.a.size()"]}');
SELECT diffgen_paths('1', '2', '{"ignore": ["$.a ? (@.b > 1)"]}');
SELECT diffgen_paths('1', '2', '{"ignore": ["$.a[*] ? (@.b > 1)"]}');
SELECT diffgen_paths('1', '2', '{"ignore": ["$.a[*] ? (@.b == 1 || @.c == 1)"]}');
SELECT diffgen_paths('1', '2', '{"ignore": ["$.a[*] ? (@.b.c == 1)"]}');
SELECT diffgen_paths('1', '2', '{"ignore": ["$.a[*] ? (@.b == @.c)"]}');
SELECT diffgen_paths('1', '2', '{"ignore": ["$.a ? (@.b == 1)"]}');
SELECT diffgen_paths('1', '2', '{"ignore": ["$x.a"]}');
SELECT diffgen('{"a": 1}', '{"a": 2}', '{"ignore": ["$.a"]}');
SELECT diffgen_stat('{"a": 1}', '{"a": 2}', '{"redact": ["$.a"]}');

DROP TABLE pair;
