-- What is kept for a tracked table follows DDL on it and on its changelog
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS diffgen;
\set VERBOSITY default
\set SHOW_CONTEXT never
CREATE SCHEMA chg_ddl;
SET search_path = chg_ddl, public;

CREATE TABLE conf (gone int, id int PRIMARY KEY, doc jsonb, note text);
SELECT diffgen_track('conf');
INSERT INTO conf VALUES (0, 1, '{"v": 1}', 'a');

-- columns that come and go
ALTER TABLE conf DROP COLUMN gone;
ALTER TABLE conf ADD COLUMN later int DEFAULT 7;
UPDATE conf SET doc = '{"v": 2}';
-- columns that are renamed: the history goes on under the old name
ALTER TABLE conf RENAME doc TO document;
ALTER TABLE conf RENAME id TO "the id";
UPDATE conf SET document = '{"v": 3}';
SELECT documents, columns, key, changelog_key FROM diffgen_tracking('conf');
SELECT diffgen_track('conf');
ALTER TABLE conf ADD COLUMN doc jsonb;
SELECT diffgen_track('conf');
ALTER TABLE conf DROP COLUMN doc;
-- tables and schemas that are renamed
ALTER TABLE conf RENAME TO settings;
UPDATE settings SET document = '{"v": 4}';
ALTER TABLE conf_changelog RENAME TO "Log of settings";
UPDATE settings SET document = '{"v": 5}';
ALTER SCHEMA chg_ddl RENAME TO "chg ddl";
SET search_path = "chg ddl", public;
UPDATE settings SET document = '{"v": 6}';
SELECT target, changelog FROM diffgen_tracked WHERE target = 'settings'::regclass;
-- columns of the changelog: others can be added, and those for the reader dropped
ALTER TABLE "Log of settings" ADD COLUMN reviewed bool DEFAULT false;
ALTER TABLE "Log of settings" DROP COLUMN application, DROP COLUMN paths;
ALTER TABLE "Log of settings" RENAME id TO settings_id;
UPDATE settings SET document = '{"v": 7}', "the id" = 1;
ALTER TABLE "Log of settings" DROP COLUMN new_hash;
UPDATE settings SET document = '{"v": 8}';
ALTER TABLE "Log of settings" ADD COLUMN new_hash bytea;
UPDATE settings SET document = '{"v": 9}';
SELECT settings_id, operation, document, patch->-1->'value' AS value, reviewed
FROM "Log of settings" WHERE document IS NOT NULL ORDER BY change_id;

-- a tracked column cannot be dropped by the way
ALTER TABLE settings DROP COLUMN note;
ALTER TABLE settings DROP COLUMN note CASCADE;
UPDATE settings SET document = '{"v": 10}';
-- nothing tells now that the key's column was renamed
ALTER TABLE "Log of settings" RENAME settings_id TO "the id";
UPDATE settings SET document = '{"v": 10}';
SELECT columns FROM diffgen_tracked WHERE target = 'settings'::regclass;
-- now the renamed column is not found by its old name: say it again
SELECT diffgen_track('settings', '{document}');
UPDATE settings SET document = '{"v": 11}';
TRUNCATE settings;
SELECT operation, document, patch->-1->'value' AS value
FROM "Log of settings" WHERE change_id > (SELECT max(change_id) FROM "Log of settings" WHERE operation = 'track')
ORDER BY change_id;

-- types: text becomes jsonb
ALTER TABLE settings ADD COLUMN raw text;
SELECT diffgen_track('settings', '{document,raw}');
INSERT INTO settings VALUES (2, '{}', 1, '{"x": 1}');
ALTER TABLE settings ALTER raw TYPE jsonb USING raw::jsonb;
DROP TRIGGER diffgen_truncate ON settings;
ALTER TABLE settings ALTER raw TYPE jsonb USING raw::jsonb;
UPDATE settings SET raw = '{"x": 2}';
CALL diffgen_maintain('settings');
ALTER TABLE settings ADD COLUMN n jsonb;

-- the key: gone, of other columns
ALTER TABLE settings DROP CONSTRAINT conf_pkey;
UPDATE settings SET document = '{"v": 12}';
UPDATE settings SET later = 2;
SELECT target, changelog, columns, enabled, writable FROM diffgen_tracked WHERE target = 'settings'::regclass;
SELECT diffgen_track('settings');
ALTER TABLE settings ADD PRIMARY KEY (later);
UPDATE settings SET document = '{"v": 13}';
ALTER TABLE settings DROP CONSTRAINT settings_pkey, ADD PRIMARY KEY (later, "the id");
UPDATE settings SET document = '{"v": 14}';
ALTER TABLE settings DROP CONSTRAINT settings_pkey, ADD PRIMARY KEY ("the id");
UPDATE settings SET document = '{"v": 15}';
-- of other types
ALTER TABLE settings ALTER "the id" TYPE bigint;
DROP TRIGGER diffgen_truncate ON settings;
ALTER TABLE settings ALTER "the id" TYPE bigint;
UPDATE settings SET document = '{"v": 16}';
ALTER TABLE settings ALTER "the id" TYPE int;
UPDATE settings SET document = '{"v": 16}';
SELECT diffgen_track('settings', '{document,raw}');
CREATE TABLE widened (id int PRIMARY KEY, doc jsonb);
SELECT diffgen_track('widened');
INSERT INTO widened VALUES (1, '{"v": 1}');
UPDATE widened SET doc = '{"v": 2}';
SELECT diffgen_untrack('widened');
ALTER TABLE widened ALTER id TYPE bigint;
SELECT diffgen_track('widened');
ALTER TABLE widened_changelog ALTER id TYPE bigint;
SELECT diffgen_track('widened');
UPDATE widened SET doc = '{"v": 3}';
SELECT operation, patch->-1->'value' AS value FROM diffgen_history('widened', 1);
SELECT diffgen_at_change('widened', 'doc', 3, true, 1);
ALTER TABLE widened DROP CONSTRAINT widened_pkey;
SELECT diffgen_untrack('widened');
UPDATE widened SET doc = '{"v": 4}';
DROP TABLE widened, widened_changelog;

-- within a transaction, and in functions whose plans are kept
CREATE FUNCTION set_document(v int) RETURNS void LANGUAGE plpgsql AS
	'BEGIN UPDATE settings SET document = jsonb_build_object(''v'', v); END';
SELECT set_document(17);
BEGIN;
SELECT set_document(18);
ALTER TABLE "Log of settings" DROP COLUMN reviewed;
SELECT set_document(19);
SELECT diffgen_untrack('settings');
SELECT set_document(20);
SELECT diffgen_track('settings', '{document}', '{"context": 0}');
SELECT set_document(21);
ROLLBACK;
SELECT set_document(22);
SELECT operation, patch->-1->'value' AS value, reviewed
FROM "Log of settings" WHERE document = 'document' ORDER BY change_id DESC LIMIT 3;

-- a changelog that writes back: its trigger changes the table
CREATE FUNCTION echo() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	IF new.document = 'document' AND pg_trigger_depth() < 4 THEN
		CREATE SCHEMA chg_ddl_other;	-- all that is kept is thrown away
		DROP SCHEMA chg_ddl_other;
		UPDATE "chg ddl".settings SET document = document || '{"echo": true}';
	END IF;
	RETURN NULL;
END $$;
CREATE TRIGGER echo AFTER INSERT ON "Log of settings" FOR EACH ROW EXECUTE FUNCTION echo();
UPDATE settings SET document = '{"v": 23}';
SELECT operation, patch->-1->'op' AS op, patch->-1->'value' AS value
FROM "Log of settings" WHERE document = 'document' ORDER BY change_id DESC LIMIT 3;
DROP TRIGGER echo ON "Log of settings";
UPDATE settings SET document = '{"v": 24}';

-- dropping the changelog ends tracking; writes go on
SELECT count(*) FROM diffgen_tracked WHERE target = 'settings'::regclass;
DROP TABLE "Log of settings";
SELECT count(*) FROM diffgen_tracked WHERE target = 'settings'::regclass;
UPDATE settings SET document = '{"v": 25}';
TRUNCATE settings;
-- dropping the table leaves the changelog
SELECT diffgen_track('settings', '{document}');
DROP TABLE settings;
SELECT count(*) FROM settings_changelog;
DROP TABLE settings_changelog;
SELECT count(*) FROM pg_class WHERE relnamespace = '"chg ddl"'::regnamespace;

DROP SCHEMA "chg ddl" CASCADE;
