-- Diffs of jsonb: canonical text, unified diff, stat
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS diffgen;
RESET client_min_messages;
\pset format unaligned
\pset tuples_only on

-- Canonical text
SELECT diffgen_text('{"b": [1.10, {"x": []}, 1.0, 100, 1e2, -0, 0.00], "a": {}, "bb": {"c": "q\"\\\n\t\b\f\r\u0001/é"}, "": null, "B": [true, false]}'::jsonb);
SELECT diffgen_text('"scalar"'::jsonb);
SELECT diffgen_text('[]'::jsonb);
SELECT diffgen_text('12345678901234567890.123000'::jsonb);
SELECT diffgen_text('1'::jsonb, '{"context": 1}');

-- The diff is one of the canonical texts
SELECT diffgen('{"name": "web", "replicas": 2, "labels": {"app": "web"}}'::jsonb,
			   '{"name": "web", "replicas": 3, "labels": {"app": "web"}}');
SELECT diffgen('{"b": [1, 2, 3, 4], "a": {}, "bb": {"c": 1}}'::jsonb,
			   '{"b": [1, 3, 4, 5], "a": {"x": 1}, "bb": {"c": 1.0}, "z": null}');
SELECT diffgen('{"spec": {"containers": [{"name": "a", "image": "x"}, {"name": "b", "image": "y"}]}}'::jsonb,
			   '{"spec": {"containers": [{"name": "a", "image": "x:2"}, {"name": "c", "image": "z"}]}}');

-- Equal by value is equal
SELECT diffgen(a::jsonb, b::jsonb) = ''
FROM (VALUES ('1', '1.0'), ('[1e2, {"a": 0.00}]', '[100, {"a": 0}]'),
			 ('{"a": 1, "b": 2}', '{"b": 2, "a": 1}'), ('null', 'null'),
			 ('[[1.0], [2.50, [3]]]', '[[1], [2.5, [3.000]]]'), ('{}', '{}')) v(a, b);
-- ... and what is not, is not
SELECT diffgen(a::jsonb, b::jsonb) <> ''
FROM (VALUES ('1', '"1"'), ('{"a": null}', '{}'), ('{}', 'null'), ('{}', '[]'),
			 ('9007199254740993', '9007199254740992'), ('[1, 2]', '[1]'),
			 ('[1]', '[[1]]'), ('""', 'null'), ('false', 'null'),
			 (repeat('3', 400), repeat('3', 399) || '4')) v(a, b);

-- Scalars and arrays at the root, and changes of kind
SELECT diffgen('1'::jsonb, '2');
SELECT diffgen('"a"'::jsonb, '["a"]');
SELECT diffgen('[]'::jsonb, '[1]');
SELECT diffgen('[1, [2]]'::jsonb, '{}');

-- A comma that comes or goes is a change of its line
SELECT diffgen('{"a": {"b": 1}}'::jsonb, '{"a": {"b": 1}, "c": 1}');
SELECT diffgen('[1, 2, 3]'::jsonb, '[1, 2]');
SELECT diffgen('[[1, [2, [3]]], 4]'::jsonb, '[[1, [2, [3]]]]', '{"context": 1}');

-- Options
SELECT diffgen('[1, 2, 3, 4, 5, 6, 7]'::jsonb, '[1, 2, 3, 0, 5, 6, 7]', '{"context": 0, "labels": ["x", "y z"]}');
SELECT diffgen('[1, 2, 3, 4, 5, 6, 7]'::jsonb, '[1, 2, 3, 0, 5, 6, 7]', '{"context": 1}');
SELECT diffgen('[1, 2, 3, 4, 5, 6, 7]'::jsonb, '[1, 2, 3, 0, 5, 6, 7]', '{"context": 100000000000}');
SELECT diffgen('1'::jsonb, '2', '{"whitespace": "all"}');
SELECT diffgen('1'::jsonb, '2', '{"contexts": 1}');
SELECT diffgen('1'::jsonb, '2', NULL) IS NULL, diffgen(NULL::jsonb, '1') IS NULL;

-- json is compared as jsonb
SELECT diffgen('{"b":1,"a":1, "a":2}'::json, '{"a": 2.0, "b":1}') = '';
SELECT diffgen('{"b":1,"a":1}'::json, '{"a": 2, "b":1}');

-- Stat
SELECT * FROM diffgen_stat('{"a": {"b": 1}}'::jsonb, '{"a": {"b": 1}, "c": 1}');
SELECT * FROM diffgen_stat('{"a": {"b": 1}}'::json, '{"a": {"b": 1}, "c": 1}');
SELECT * FROM diffgen_stat('1'::jsonb, '1.0');
SELECT (diffgen_stat(jsonb_agg(i), jsonb_agg(CASE WHEN i % 100 = 0 THEN -i ELSE i END), '{"context": 2}')).*
FROM generate_series(1, 1000) i;

-- Depth
SELECT length(diffgen((repeat('[', d) || '1' || repeat(']', d))::jsonb,
					  (repeat('[', d) || '2' || repeat(']', d))::jsonb, '{"context": 1}'))
FROM (VALUES (1), (900), (5000)) v(d);
SELECT (diffgen_stat((repeat('{"a":[0,', d) || '1' || repeat(',7]}', d))::jsonb,
					 (repeat('{"a":[0,', d) || '2' || repeat(',8]}', d))::jsonb)).*
FROM (VALUES (1), (900), (2500)) v(d);

-- Stored in every way
CREATE TABLE docs (id int, doc jsonb);
ALTER TABLE docs ALTER doc SET STORAGE external;
INSERT INTO docs SELECT 1, jsonb_agg(i) FROM generate_series(1, 5000) i;
INSERT INTO docs SELECT 2, jsonb_agg(i) FROM generate_series(1, 5001) i;
ALTER TABLE docs ALTER doc SET STORAGE extended;
INSERT INTO docs SELECT id + 2, doc || '[]' FROM docs;
INSERT INTO docs SELECT 5, '{"a": 1}';
INSERT INTO docs SELECT 6, jsonb_build_object('a', repeat('x', 1900));
SELECT a.id, b.id, length(diffgen(a.doc, b.doc)), (diffgen_stat(a.doc, b.doc)).added
FROM docs a, docs b WHERE a.id <= b.id ORDER BY 1, 2;
DROP TABLE docs;

-- Large objects in which little has changed
WITH large AS (SELECT jsonb_object_agg('k' || i, CASE WHEN i % 3 = 0 THEN '[1, {"a": 2}]' ELSE to_jsonb(i) END) AS doc
			   FROM generate_series(1, 20000) i),
	 pair AS (SELECT doc AS old, jsonb_set(doc, '{k5}', '"x"') - 'k9999' || '{"k15000.5": [], "zz": 1}' AS new, context
			  FROM large, (VALUES (1), (3), (20), (100)) v(context))
SELECT context, (diffgen_stat(old, new, o)).*, diffgen_apply(diffgen_text(old), diffgen(old, new, o)) = diffgen_text(new) AS there
FROM pair, LATERAL (SELECT jsonb_build_object('context', context)) l(o);
WITH large AS (SELECT jsonb_object_agg('k' || i, i) AS doc FROM generate_series(1, 20000) i)
SELECT diffgen(doc, doc || '{"k77": null}', '{"context": 2}') FROM large;

-- arrays in which some elements were changed, added and removed: the script is
-- a shortest one, whether the elements are compared (few changes) or numbered
CREATE FUNCTION elements(kind text, n int) RETURNS TABLE (i numeric, e jsonb) LANGUAGE sql AS $$
	SELECT i + x * 0.5, CASE kind WHEN 'number' THEN to_jsonb((i + x) % 50 + v * 1000) WHEN 'string' THEN to_jsonb(repeat('s' || i % 7 + x, v + 1))
		ELSE jsonb_build_object('name', 'n' || i + x, 'value', repeat('v', (i % 9)::int), 'version', v) END
	FROM generate_series(1, 400) i, generate_series(0, 1) x, LATERAL (SELECT CASE WHEN (i * 7 + n * n) % 397 < n / 2 THEN n ELSE 0 END AS v) l
	WHERE CASE x WHEN 1 THEN (i + n * 31) % 400 < n / 3 ELSE (i + n * 53) % 400 >= n / 4 END
$$;
CREATE TABLE arrays AS
SELECT kind, n, (SELECT jsonb_agg(e ORDER BY i) FROM elements(kind, n) AS l (i, e)) AS doc
FROM (VALUES ('number'), ('string'), ('object')) AS k (kind), generate_series(0, 12) n;
SELECT kind, count(*), bool_and(diffgen_apply(a.doc, diffgen_patch(a.doc, b.doc)) = b.doc) AS patched,
	bool_and(diffgen_apply(diffgen_text(a.doc), diffgen(a.doc, b.doc)) = diffgen_text(b.doc)) AS applied,
	bool_and(s.exact) AS exact, bool_and(s.added + s.removed <= p.added + p.removed) AS shortest, sum(s.added + s.removed) AS lines
FROM arrays a JOIN arrays b USING (kind), LATERAL diffgen_stat(a.doc, b.doc) s, LATERAL diffgen_stat(a.doc, b.doc, '{"algorithm": "patience"}') p
GROUP BY kind ORDER BY kind;
DROP TABLE arrays;
DROP FUNCTION elements;

-- Objects with many members, of which few differ and some are hidden: they are
-- listed sparsely, with the same result.
WITH large AS (SELECT n, jsonb_object_agg(CASE WHEN i % 4 = 0 THEN 'a long key ' ELSE 'key' END || i, CASE WHEN i = n * 17 THEN to_jsonb(-n) WHEN i % 7 = 0 THEN '[1, 2]' ELSE to_jsonb(i) END) AS doc
			   FROM generate_series(1, 600) i, generate_series(1, 9) n WHERE i % 200 <> n GROUP BY n)
SELECT o, count(*), sum(s.added) AS added, sum(s.removed) AS removed, sum(s.hunks) AS hunks,
	bool_and(o ? 'ignore' OR diffgen_apply(diffgen_text(a.doc), diffgen(a.doc, b.doc, o)) = diffgen_text(b.doc)) AS there
FROM large a JOIN large b ON b.n <> a.n, (VALUES ('{"context": 0}'::jsonb), ('{"context": 1}'), ('{"context": 5}'), ('{"context": 64}'),
	('{"context": 0, "ignore": ["$.key17", "$.key100", "$.key101"]}'), ('{"context": 3, "ignore": ["$.key17", "$.key100", "$.key101"]}')) AS v (o),
	LATERAL diffgen_stat(a.doc, b.doc, o) s
GROUP BY o ORDER BY o;
