-- Arrays matched by identity: keys, order, the preset "kubernetes"
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS diffgen;
RESET client_min_messages;
\pset format unaligned
\pset tuples_only on

\set keys '{"keys": {"containers": [["name"]]}}'
\set any_order '{"order": "ignore", "keys": {"containers": [["name"]]}}'
\set old '{"containers": [{"name": "a", "image": "x"}, {"name": "b", "image": "y"}, {"name": "c", "image": "z"}]}'

-- A reordered list is moves
SELECT diffgen_patch(:'old', '{"containers": [{"name": "c", "image": "z"}, {"name": "a", "image": "x"}, {"name": "b", "image": "y"}]}', :'keys');
SELECT diffgen_patch(:'old', '{"containers": [{"name": "c", "image": "z"}, {"name": "a", "image": "x"}, {"name": "b", "image": "y"}]}', :'any_order');
SELECT diffgen(:'old'::jsonb, '{"containers": [{"name": "c", "image": "z"}, {"name": "a", "image": "x"}, {"name": "b", "image": "y"}]}', :'keys');
SELECT * FROM diffgen_changes(:'old', '{"containers": [{"name": "c", "image": "z"}, {"name": "a", "image": "x"}, {"name": "b", "image": "y"}]}', :'keys');
-- ... with changes on the way
\set new '{"containers": [{"name": "d", "image": "n"}, {"name": "c", "image": "z2"}, {"name": "a", "image": "x2"}]}'
SELECT jsonb_array_elements(diffgen_patch(:'old', :'new', :'keys'));
SELECT diffgen_apply(:'old', diffgen_patch(:'old', :'new', :'keys')) = :'new';
SELECT diffgen_apply(:'new', diffgen_invert(diffgen_patch(:'old', :'new', '{"invertible": true, "keys": {"containers": [["name"]]}}'))) = :'old';
SELECT * FROM diffgen_changes(:'old', :'new', :'keys');
SELECT diffgen(:'old'::jsonb, :'new', :'keys');
SELECT jsonb_array_elements(diffgen_patch(:'old', :'new', :'any_order'));
SELECT diffgen_paths(:'old', :'new', :'any_order');
SELECT diffgen(:'old'::jsonb, :'new', :'any_order');
-- in one place: only what changed in it
SELECT diffgen_paths(:'old', jsonb_set(:'old', '{containers,1,image}', '"n"'), :'keys');
SELECT diffgen_paths(:'old', jsonb_set(:'old', '{containers,1,image}', '"n"'));
-- a renamed element is another element
SELECT op, path FROM diffgen_changes(:'old', jsonb_set(:'old', '{containers,1,name}', '"n"'), :'keys');
-- the path leads there
SELECT jsonb_path_query(:'old', '$.containers[*]?(@.name == "b").image');
SELECT diffgen_paths(:'old', jsonb_set(:'old', '{containers,1,image}', '"n"'),
					 '{"ignore": ["$.containers[*]?(@.name == \"b\").image"], "keys": {"containers": [["name"]]}}');

-- Several keys, several lists, any scalars
\set ports '{"keys": {"ports": [["containerPort", "protocol"], ["port", "protocol"]]}}'
SELECT path FROM diffgen_changes('{"ports": [{"port": 80, "protocol": "TCP", "n": 1}, {"port": 80, "protocol": "UDP", "n": 1}]}',
								 '{"ports": [{"port": 80.0, "protocol": "UDP", "n": 2}, {"port": -1, "protocol": null, "n": true}]}', :'ports');
-- Not used: where a key is missing, is no scalar, or comes twice, or an element is no object, or is hidden
SELECT diffgen_paths(:'old', o.doc::jsonb, :'keys')
FROM (VALUES ('{"containers": [{"name": "c", "image": "z"}, {"image": "x"}]}'),
			 ('{"containers": [{"name": "c", "image": "z"}, {"name": [1]}]}'),
			 ('{"containers": [{"name": "c", "image": "z"}, {"name": "c", "image": "x"}]}'),
			 ('{"containers": [{"name": "c", "image": "z"}, "x"]}')) o(doc);
SELECT diffgen_paths(o.doc::jsonb, :'old', :'keys')
FROM (VALUES ('{"containers": [{"name": "c", "image": "z"}, {"name": "c", "image": "z"}]}')) o(doc);
SELECT diffgen_paths(:'old', :'new', '{"ignore": ["$.**.name"], "keys": {"containers": [["name"]]}}');
SELECT diffgen_paths(:'old', :'new', '{"redact": ["$.**.name"], "keys": {"containers": [["name"]]}}');
-- to empty and back
SELECT diffgen_patch(:'old', '{"containers": []}', :'keys'), diffgen_patch('{"containers": []}', '{"containers": [{"name": 1}]}', :'keys');

-- Many moves
WITH d AS (SELECT jsonb_build_object('l', jsonb_agg(jsonb_build_object('id', i, 'v', i) ORDER BY i)) a,
				  jsonb_build_object('l', jsonb_agg(jsonb_build_object('id', i, 'v', i % 7) ORDER BY md5(i::text)) FILTER (WHERE i % 5 > 0)) b
		   FROM generate_series(1, 2000) i),
	 p AS (SELECT *, diffgen_patch(a, b, '{"invertible": true, "keys": {"l": [["id"]]}}') p FROM d)
SELECT diffgen_apply(a, p) = b, diffgen_apply(b, diffgen_invert(p)) = a, jsonb_array_length(p) FROM p;

-- Kubernetes
SELECT diffgen_kubernetes_keys() -> 'ports', cardinality(diffgen_kubernetes_noise()), (diffgen_kubernetes_noise())[1];
SELECT diffgen_paths('{}', '{"a": 1}', jsonb_build_object('keys', diffgen_kubernetes_keys(), 'ignore', diffgen_kubernetes_noise()));
\set pod '{"kind": "Pod", "metadata": {"name": "web", "resourceVersion": "1", "annotations": {"a": "b", "kubectl.kubernetes.io/last-applied-configuration": "{}"}, "managedFields": [{"manager": "kubectl"}]}, "spec": {"containers": [{"name": "web", "image": "web:1"}, {"name": "log", "image": "log:1"}]}, "status": {"conditions": [{"type": "Ready", "status": "True", "lastTransitionTime": "1"}]}}'
\set pod2 '{"kind": "Pod", "metadata": {"name": "web", "resourceVersion": "2", "annotations": {"a": "b", "kubectl.kubernetes.io/last-applied-configuration": "{2}"}, "managedFields": []}, "spec": {"containers": [{"name": "log", "image": "log:1"}, {"name": "web", "image": "web:2"}]}, "status": {"conditions": [{"type": "Ready", "status": "True", "lastTransitionTime": "2"}]}}'
SELECT diffgen_patch(:'pod', :'pod2', '{"preset": "kubernetes"}'), diffgen_paths(:'pod', :'pod2', '{"preset": "kubernetes", "order": "ignore"}');
SELECT diffgen('{"kind": "Secret", "data": {"password": "czNjcjN0"}, "stringData": {"x": "y"}, "type": "Opaque"}'::jsonb,
			   '{"kind": "Secret", "data": {"password": "bjN3"}, "stringData": {"x": "y"}, "type": "Opaque2"}', '{"preset": "kubernetes"}');
SELECT diffgen_paths('{"kind": "ConfigMap", "data": {"a": "1"}}', '{"kind": "ConfigMap", "data": {"a": "2"}}', '{"preset": "kubernetes"}');
SELECT * FROM diffgen_changes('{"kind": "List", "items": [{"kind": "Secret", "data": {"a": "MQ=="}}]}', '{"kind": "List", "items": [{"kind": "Secret", "data": {"a": "Mg=="}}]}', '{"preset": "kubernetes"}');
-- lists and arrays of objects are looked into, and Secrets never shown, also where a list or a kind changes
\set secret '{"kind": "Secret", "metadata": {"name": "a", "annotations": {"kubectl.kubernetes.io/last-applied-configuration": "hunter2"}}, "data": {"p": "hunter2"}}'
\set config '{"kind": "ConfigMap", "metadata": {"name": "a"}, "data": {"p": "hunter2"}}'
\set item '{"metadata": {"name": "a"}, "data": {"p": "hunter2"}}'
WITH d(n, doc) AS (VALUES
	(1, jsonb_build_object('kind', 'List', 'items', jsonb_build_array(:'secret'::jsonb))),
	(2, jsonb_build_object('kind', 'SecretList', 'items', jsonb_build_array(:'item'::jsonb))),
	(3, jsonb_build_array(:'secret'::jsonb)),
	(4, :'secret'::jsonb))
SELECT n, diffgen_text(doc, '{"preset": "kubernetes"}') LIKE '%hunter2%' AS shown,
	diffgen(doc, '{}'::jsonb, '{"preset": "kubernetes"}') LIKE '%hunter2%' AS removed,
	diffgen_paths(doc, replace(doc::text, '"hunter2"}}', '"other"}}')::jsonb, '{"preset": "kubernetes"}') AS paths
FROM d ORDER BY n;
SELECT diffgen(jsonb_build_object('kind', 'SecretList', 'items', jsonb_build_array(:'item'::jsonb)),
			   jsonb_build_object('kind', 'List', 'items', jsonb_build_array(:'item'::jsonb)), '{"preset": "kubernetes", "context": 50}');
SELECT diffgen(:'secret'::jsonb, :'config'::jsonb, '{"preset": "kubernetes", "context": 50}');
SELECT diffgen_paths('{"kind": "NodeList", "items": [{"status": {"images": [1], "x": 1}}]}', '{"kind": "NodeList", "items": [{"status": {"images": [2], "x": 2}}]}', '{"preset": "kubernetes"}');
-- options given beside the preset add to it, and their keys come first
SELECT diffgen_paths(:'pod', :'pod2', '{"preset": "kubernetes", "ignore": ["$.spec"]}');
SELECT diffgen_paths(:'pod', :'pod2', '{"preset": "kubernetes", "keys": {"containers": [["image"]]}}');

-- Errors
SELECT diffgen_paths('1', '2', '{"keys": []}');
SELECT diffgen_paths('1', '2', '{"keys": {"a": "name"}}');
SELECT diffgen_paths('1', '2', '{"keys": {"a": []}}');
SELECT diffgen_paths('1', '2', '{"keys": {"a": ["name"]}}');
SELECT diffgen_paths('1', '2', '{"keys": {"a": [[]]}}');
SELECT diffgen_paths('1', '2', '{"keys": {"a": [[1]]}}');
SELECT diffgen_paths('1', '2', '{"order": "any"}');
SELECT diffgen_paths('1', '2', '{"preset": "docker"}');
SELECT diffgen('{"kind": "Secret"}', '{}', '{"preset": "kubernetes"}');
