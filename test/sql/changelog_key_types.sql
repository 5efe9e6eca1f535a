-- Keys of types whose operators are in no schema that is searched: citext and
-- ltree; where others of the same name are found first, these are not used.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS diffgen;
\set VERBOSITY terse
SELECT count(*) < 2 AS missing FROM pg_available_extensions WHERE name IN ('citext', 'ltree') \gset
\if :missing
\echo citext and ltree are not installed here
\quit
\endif
CREATE SCHEMA chg_keys;
CREATE SCHEMA "Types of others";
CREATE SCHEMA chg_trap;
CREATE EXTENSION citext SCHEMA "Types of others";
CREATE EXTENSION ltree SCHEMA "Types of others";

-- every operator that could be taken by mistake is a trap
DO $$
DECLARE
	op text;
	type text;
BEGIN
	FOREACH type IN ARRAY ARRAY['"Types of others".citext', '"Types of others".ltree', 'int', 'text', 'bigint', 'jsonb'] LOOP
		EXECUTE format('CREATE FUNCTION chg_trap.spring(%1$s, %1$s) RETURNS boolean LANGUAGE plpgsql AS $f$ BEGIN RAISE EXCEPTION ''trapped''; END $f$', type);
		FOREACH op IN ARRAY '{=,<,>,<=,>=,<>}'::text[] LOOP
			EXECUTE format('CREATE OPERATOR chg_trap.%1$s (FUNCTION = chg_trap.spring, LEFTARG = %2$s, RIGHTARG = %2$s)', op, type);
		END LOOP;
	END LOOP;
END $$;

CREATE TABLE chg_keys.item (owner "Types of others".citext, path "Types of others".ltree, n int, doc jsonb, PRIMARY KEY (owner, path, n));
CREATE TABLE chg_keys.seen (id int, at timestamptz, who "Types of others".citext, place text, num bigint, doc jsonb);
INSERT INTO chg_keys.seen SELECT g, date_trunc('month', now()) - interval '50 days' + g * interval '1 min', CASE WHEN g % 2 = 0 THEN 'Ann' ELSE 'aNN' END, 'top.' || CASE g % 3 WHEN 0 THEN 'B' ELSE 'a' END, g % 4, jsonb_build_object('g', g / 20)
	FROM generate_series(1, 240) g;
INSERT INTO chg_keys.seen SELECT 1000 + g, now() - interval '40 days', 'bob' || g, 'top', 1, '{}' FROM generate_series(1, 30) g;
INSERT INTO chg_keys.item SELECT DISTINCT ON (who, place, num) who, place::"Types of others".ltree, num, doc FROM chg_keys.seen WHERE num < 3 ORDER BY who, place, num, id DESC;

SET search_path = chg_trap, pg_catalog, chg_keys, public;
SELECT public.diffgen_track('item');
UPDATE item SET doc = doc || '{"live": 1}';
CALL public.diffgen_backfill('seen', 'item', '{who,place,num}', 'doc', 'id', 'at', batch => 7);
SELECT done, total, finished IS NOT NULL AS finished FROM public.diffgen_backfills;
SELECT count(*), count(*) FILTER (WHERE public.diffgen_at('item', 'doc', at, who, place, num) OPERATOR(pg_catalog.=) doc) AS as_they_were FROM seen;
-- Ann and aNN are one
SELECT count(*) AS rows, count(*) FILTER (WHERE operation OPERATOR(pg_catalog.=) 'insert') AS inserts FROM item_changelog WHERE change_id OPERATOR(pg_catalog.<) 0;
SELECT operation, count(*) FROM public.diffgen_history('item', 'ANN', 'top.a', 1) WHERE change_id OPERATOR(pg_catalog.>) 0 GROUP BY 1;
SELECT path, value FROM public.diffgen_blame('item', 'doc', 'ann', 'top.a', 1);
UPDATE item SET owner = 'ANN', doc = doc || '{"more": 2}' WHERE owner OPERATOR("Types of others".=) 'ann' AND path OPERATOR("Types of others".=) 'top.a' AND n OPERATOR(pg_catalog.=) 2;
UPDATE item SET doc = doc || '{"more": 3}' WHERE owner OPERATOR("Types of others".=) 'ann' AND path OPERATOR("Types of others".=) 'top.a' AND n OPERATOR(pg_catalog.=) 2;
SELECT public.diffgen_undo('item_changelog', max(change_id)) FROM item_changelog;
SELECT owner, doc->'more' AS more FROM item WHERE owner OPERATOR("Types of others".=) 'ann' AND path OPERATOR("Types of others".=) 'top.a' AND n OPERATOR(pg_catalog.=) 2;
SELECT public.diffgen_operator('"Types of others".citext', '"Types of others".citext', 3), public.diffgen_operator('int', 'bigint', 5), public.diffgen_operator('int', 'text', 3), public.diffgen_operator('json', 'json', 3);

SET search_path = public;
DROP SCHEMA chg_keys, chg_trap, "Types of others" CASCADE;

-- Domains that refuse NULL or replace it: the changelog has the types that they are of.
CREATE DOMAIN code AS varchar(5) NOT NULL CHECK (value <> '');
CREATE DOMAIN short_code AS code CHECK (length(value) < 4);
CREATE DOMAIN place AS int DEFAULT 7;
CREATE TABLE of_domains (c short_code, p place, doc jsonb, PRIMARY KEY (c, p));
SELECT diffgen_track('of_domains');
SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid = 'of_domains_changelog'::regclass AND attnum BETWEEN 1 AND 2 ORDER BY attnum;
INSERT INTO of_domains VALUES ('a', 1, '{"v": 1}'), ('b', 7, '{"v": 1}');
UPDATE of_domains SET doc = '{"v": 2}';
UPDATE of_domains SET p = 3 WHERE c = 'a';
SELECT c, p, operation FROM of_domains_changelog ORDER BY change_id;
SELECT operation, paths FROM diffgen_history('of_domains', 'b', 7);
SELECT diffgen_at_change('of_domains', 'doc', min(change_id), false, 'b'::code, 7::place) FROM of_domains_changelog WHERE c = 'b';
SELECT diffgen_undo('of_domains_changelog', max(change_id)) FROM of_domains_changelog WHERE c = 'b' AND operation = 'update';
CREATE TABLE old_domains AS SELECT 'b'::code AS c, 7::place AS p, n, jsonb_build_object('v', n) AS doc, '2026-01-01'::timestamptz + n * interval '1 s' AS at FROM generate_series(1, 3) n;
SET client_min_messages = warning;
CALL diffgen_backfill('old_domains', 'of_domains', '{c,p}', 'doc', 'n', 'at', 2);
RESET client_min_messages;
SELECT bool_and(diffgen_at('of_domains', 'doc', at, c, p) = doc) AS snapshots FROM old_domains;
SELECT diffgen_timeline_html('of_domains', '{"c": "b"}') LIKE '%diffgen_undo%' AS page;
DROP TABLE of_domains, of_domains_changelog, old_domains;
DROP DOMAIN short_code, code, place;

-- A deferrable key that rows hand on to each other: by row, the new holder's
-- insert may be logged before the old one's delete; the hashes tell the order.
-- By statement it is one row that goes on.
CREATE TABLE handed_on (id int PRIMARY KEY DEFERRABLE, doc jsonb);
SELECT diffgen_track('handed_on');
INSERT INTO handed_on VALUES (1, '{"a": 1}'), (2, '{"a": 2}');
UPDATE handed_on SET id = id + 1;
SELECT id, operation FROM handed_on_changelog WHERE id = 2 ORDER BY change_id;
SELECT diffgen_at('handed_on', 'doc', '-infinity', 2);
SELECT diffgen_at('handed_on', 'doc', 'infinity', 2);
SELECT c.operation, diffgen_at_change('handed_on', 'doc', c.change_id, true, 2) AS before, diffgen_at_change('handed_on', 'doc', c.change_id, false, 2) AS after
FROM handed_on_changelog AS c WHERE c.id = 2 ORDER BY c.change_id;
DROP TABLE handed_on, handed_on_changelog;
CREATE TABLE handed_on (id int PRIMARY KEY DEFERRABLE, doc jsonb);
SELECT diffgen_track('handed_on', NULL, '{"level": "statement"}');
INSERT INTO handed_on VALUES (1, '{"a": 1}'), (2, '{"a": 2}');
UPDATE handed_on SET id = id + 1;
SELECT id, operation FROM handed_on_changelog WHERE id = 2 ORDER BY change_id;
SELECT c.operation, diffgen_at_change('handed_on', 'doc', c.change_id, false, 2)
FROM handed_on_changelog AS c WHERE c.id = 2 ORDER BY c.change_id;
DROP TABLE handed_on, handed_on_changelog;
