-- The definition of a fingerprint in src/json/digest.c, written once more.
CREATE FUNCTION castagnoli(data bytea) RETURNS bigint LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
	crc bigint := 4294967295;
BEGIN
	FOR i IN 0 .. length(data) - 1 LOOP
		crc := crc # get_byte(data, i);
		FOR bit IN 1 .. 8 LOOP
			crc := (crc >> 1) # (CASE WHEN crc & 1 = 1 THEN 2197175160 ELSE 0 END);
		END LOOP;
	END LOOP;
	RETURN crc # 4294967295;
END $$;
SELECT to_hex(castagnoli('123456789')) AS known_value;

CREATE FUNCTION folded(letter bytea, children bytea[]) RETURNS bytea LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
	result bytea := letter;
	run bytea := '';
	runs int := 0;
	child bytea;
BEGIN
	FOREACH child IN ARRAY children LOOP
		run := run || child;
		IF length(run) >= 1024 AND (length(run) >= 65536 OR length(child) >= 4096 OR castagnoli(child) < length(child) * 1048576::bigint) THEN
			result := result || 'r' || sha256(run);
			run := '';
			runs := runs + 1;
			IF length(result) >= 65536 THEN
				result := 'c' || sha256(result);
			END IF;
		END IF;
	END LOOP;
	result := result || run || 'e';
	RETURN CASE WHEN runs > 0 OR length(result) >= 1024 THEN 'h' || sha256(result) ELSE result END;
END $$;

CREATE FUNCTION sized(letter bytea, value text) RETURNS bytea LANGUAGE sql IMMUTABLE
	RETURN letter || int4send(octet_length(value)) || convert_to(value, 'UTF8');

CREATE FUNCTION serialized(doc jsonb) RETURNS bytea LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
	RETURN CASE jsonb_typeof(doc)
		WHEN 'null' THEN 'z'
		WHEN 'boolean' THEN left(doc::text, 1)::bytea
		WHEN 'number' THEN sized('n', trim_scale(doc::text::numeric)::text)
		WHEN 'string' THEN sized('s', doc #>> '{}')
		WHEN 'array' THEN folded('a', ARRAY(SELECT serialized(e) FROM jsonb_array_elements(doc) WITH ORDINALITY AS v (e, i) ORDER BY i))
		ELSE folded('o', ARRAY(SELECT sized('s', key) || serialized(value) FROM jsonb_each(doc) ORDER BY octet_length(key), key COLLATE "C"))
	END;
END $$;

SELECT serialized('{"k": [1.50, "x", null, true, false, {}]}');
SELECT name, serialized(doc) IS NOT NULL AND diffgen_hash(doc) = sha256(serialized(doc)) AS as_defined
FROM (VALUES ('scalar', '1.50'::jsonb), ('small', '{"k": [1.50, "x", null, true, false, {}], "": "", "é": 1e20}'),
	('just below', to_jsonb(ARRAY[repeat('x', 1016)])),
	('its own', to_jsonb(ARRAY[repeat('x', 1017)])),
	('in the parent', to_jsonb(ARRAY[ARRAY[repeat('x', 1016)]])),
	('a large string', to_jsonb(ARRAY[repeat('x', 70000), 'y'])),
	('all alike', to_jsonb(array_fill(0, ARRAY[20000]))),
	('strings', (SELECT jsonb_agg(repeat(i::text, i % 7)) FROM generate_series(1, 3000) i)),
	('numbers', (SELECT jsonb_agg(i * 0.1) FROM generate_series(1, 3000) i)),
	('members', (SELECT jsonb_object_agg('key ' || i, repeat('é', i % 40)) FROM generate_series(1, 1000) i)),
	('nested', (SELECT jsonb_object_agg('o' || i, jsonb_build_object('n', i, 'list', (SELECT jsonb_agg(j || 'x' || i) FROM generate_series(1, i) j))) FROM generate_series(1, 90) i))) AS v (name, doc);
-- so many runs that they are folded, too
SELECT diffgen_hash(doc) = sha256(serialized(doc)) AS as_defined FROM (SELECT jsonb_agg(lpad(i::text, 4100)) AS doc FROM generate_series(1, 2200) i) v;

-- Versions of a document that share much have the hashes that each has alone,
-- whatever is shared: elements put in and taken out, strings that grow by a
-- byte, numbers written with another scale, members that come and go.
CREATE TABLE versions AS
SELECT n, jsonb_build_object('items', (SELECT jsonb_agg(jsonb_build_object('i', i, 'text', repeat('t' || i, 5 + i % 7 + (CASE WHEN i = n * 37 % 300 THEN 1 ELSE 0 END)),
		'noise', n, 'one', CASE WHEN n % 2 = 0 THEN 1.0 ELSE 1 END) ORDER BY i)
		FROM generate_series(1, 300) i WHERE i % 100 <> n % 13 AND i > n % 3),
	'flat', (SELECT jsonb_object_agg('key ' || i, repeat('v' || i % 9, i % 17 + (CASE WHEN i = n * 71 % 900 THEN n % 5 ELSE 0 END)))
		FROM generate_series(1, 900) i WHERE i % 211 <> n),
	'mixed', (SELECT jsonb_agg(CASE i % 4 WHEN 0 THEN to_jsonb(i) WHEN 1 THEN to_jsonb(repeat('x', i % 11 + n % 2)) WHEN 2 THEN 'null' ELSE jsonb_build_array(i, i * n % 50) END ORDER BY i)
		FROM generate_series(1, 600) i),
	'deep', jsonb_build_object('er', jsonb_build_object('list', (SELECT jsonb_agg(i ORDER BY i) FROM generate_series(1, 2000) i), 'n', n / 2)),
	'same', (SELECT jsonb_agg(repeat(i::text, 9)) FROM generate_series(1, 500) i)) AS doc
FROM generate_series(1, 40) n;

CREATE TABLE views (o jsonb);
INSERT INTO views VALUES ('{}'), ('{"ignore": ["$.items[*].noise", "$.deep.er.n"]}'), ('{"ignore": ["$.items[7]", "$.mixed[3]"], "redact": ["$.items[250].text"]}'),
	('{"redact": ["$.flat", "$.items[*]?(@.i == 150).text"]}'), ('{"ignore": ["$.**.text"]}');
SELECT count(*), count(DISTINCT new_hash) > 1 AS different, bool_and(new_hash = hash AND (old_hash = previous OR n = 1)) AS as_alone
FROM (SELECT o, c.new_hash, c.old_hash, c.changed_at FROM views, LATERAL (SELECT diffgen_snapshots(doc, timestamptz '2026-01-01' + n * interval '1 s', o ORDER BY n) AS list FROM versions) s,
	unnest(s.list) AS c) c
JOIN (SELECT o, n, diffgen_hash(doc, o) AS hash, lag(diffgen_hash(doc, o)) OVER (PARTITION BY o ORDER BY n) AS previous, timestamptz '2026-01-01' + n * interval '1 s' AS changed_at
	FROM versions, views) h USING (o, changed_at);
-- with deletions between, and forwards and backwards
SELECT count(*), bool_and(c.new_hash IS NOT DISTINCT FROM diffgen_hash(v.doc)) AS as_alone
FROM (SELECT c.new_hash, c.changed_at FROM (SELECT diffgen_snapshots(CASE WHEN n % 9 > 0 THEN doc END, timestamptz '2026-01-01' + n * interval '1 s', '{}' ORDER BY n % 4, n DESC) AS list
	FROM versions) s, unnest(s.list) AS c) c
LEFT JOIN versions v ON c.changed_at = timestamptz '2026-01-01' + v.n * interval '1 s' AND v.n % 9 > 0;
SELECT count(*), bool_and(h.old_hash = diffgen_hash(a.doc, o) AND h.new_hash = diffgen_hash(b.doc, o)) AS as_alone
FROM versions a JOIN versions b ON b.n IN (a.n + 1, a.n - 7), views, LATERAL diffgen_hash_pair(a.doc, b.doc, o) h;
-- as many snapshots without a difference: not an entry
SELECT cardinality(diffgen_snapshots(doc || '{"same": 1.0}', now(), '{"ignore": ["$.items", "$.flat", "$.mixed", "$.deep"]}' ORDER BY n)) AS entries FROM versions;

DROP TABLE versions, views;
DROP FUNCTION serialized, sized, folded, castagnoli;
