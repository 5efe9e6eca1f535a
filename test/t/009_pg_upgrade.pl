
# Changelogs outlive pg_upgrade: what was tracked is tracked, history reads the
# same, and goes on.  The old cluster is one of the same version, and one of
# each older version that is installed beside it with diffgen; DIFFGEN_OLD_BINDIR
# names the programs of another.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../perl";

use Cwd;
use File::Basename;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Diffgen;

my @initdb = ('--encoding=UTF8', '--locale=C');
my $bindir = bindir_of('');

# What pg_config says of the server whose programs are in a directory.
sub ask_config
{
	my ($dir, $what) = @_;
	my $program = $dir eq '' ? 'pg_config' : "$dir/pg_config";
	my $answer = `$program --$what 2>/dev/null`;

	chomp $answer;
	return $answer;
}

sub bindir_of { return ask_config($_[0], 'bindir'); }

sub major_of
{
	my ($major) = ask_config($_[0], 'version') =~ /^PostgreSQL (\d+)/;

	return $major // 0;
}

# Older servers in the usual places that have the extension.
sub old_bindirs
{
	my @found;
	my @places = ($ENV{DIFFGEN_OLD_BINDIR} // (),
		map { ("$bindir/../../$_/bin", "/usr/lib/postgresql/$_/bin", "/usr/pgsql-$_/bin") } 15 .. 19);
	my %seen;

	foreach my $place (@places)
	{
		my $dir = Cwd::abs_path($place) // next;
		my $major = major_of($dir);

		next if $seen{$major}++ || $major == 0 || $major >= major_of('');
		next unless -x "$dir/initdb" && -e ask_config($dir, 'pkglibdir') . '/diffgen.so';
		push @found, $dir;
	}
	return @found;
}

# Tracked tables of all kinds: an odd one that is partitioned, one with options,
# one whose snapshots were taken in, one where this was cut short, one that
# subscribers log too, one of another role, one that is no longer tracked.
my $setup = q(
	CREATE ROLE "Some One";
	CREATE TABLE plain (id int PRIMARY KEY, doc jsonb, note text);
	SELECT diffgen_track('plain');
	CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy');
	CREATE SCHEMA "An odd ""schema";
	CREATE TABLE "An odd ""schema"."Table ""x""" ("the Key" mood, operation varchar(20), gone int, change_id numeric(8,2), "docs ""x""" jsonb,
		PRIMARY KEY (change_id, operation, "the Key")) PARTITION BY LIST ("the Key");
	ALTER TABLE "An odd ""schema"."Table ""x""" DROP gone;
	CREATE TABLE part_sad PARTITION OF "An odd ""schema"."Table ""x""" FOR VALUES IN ('sad', 'ok');
	CREATE TABLE part_happy (other int, "docs ""x""" jsonb, operation varchar(20) NOT NULL, change_id numeric(8,2) NOT NULL, "the Key" mood NOT NULL);
	ALTER TABLE part_happy DROP other;
	ALTER TABLE "An odd ""schema"."Table ""x""" ATTACH PARTITION part_happy FOR VALUES IN ('happy');
	SELECT diffgen_track('"An odd ""schema"."Table ""x"""');
	ALTER TABLE "An odd ""schema"."Table ""x""" RENAME "docs ""x""" TO document;
	CREATE TABLE veiled (uid text PRIMARY KEY, object jsonb);
	SELECT diffgen_track('veiled', '{object}', '{"preset": "kubernetes", "ignore": ["$.seen"], "redact": ["$.token"], "context": 1, "replication": "always"}');
	CREATE TABLE filled (id int PRIMARY KEY, doc jsonb);
	SELECT diffgen_track('filled');
	CREATE TABLE half (id int PRIMARY KEY, doc jsonb);
	SELECT diffgen_track('half');
	CREATE TABLE theirs (id int PRIMARY KEY, doc jsonb);
	ALTER TABLE theirs OWNER TO "Some One";
	SELECT diffgen_track('theirs');
	CREATE TABLE former (id int PRIMARY KEY, doc jsonb);
	SELECT diffgen_track('former');

	INSERT INTO plain SELECT i, jsonb_build_object('n', 0, 'list', '[]'::jsonb), 'a' || E'\n' FROM generate_series(1, 5) i;
	SET diffgen.context = '{"user": "ann"}';
	UPDATE plain SET doc = jsonb_set(doc, '{list,0}', '{"x": 1}'), note = note || E'b\n';
	UPDATE plain SET doc = doc || '{"n": 1}' WHERE id < 4;
	RESET diffgen.context;
	DELETE FROM plain WHERE id = 4;
	INSERT INTO "An odd ""schema"."Table ""x""" VALUES ('sad', 'u', 1.5, '{"v": 1}'), ('happy', 'u', 2, '{"v": 1}');
	UPDATE "An odd ""schema"."Table ""x""" SET "the Key" = 'happy', document = '{"v": 2}' WHERE "the Key" = 'sad';
	UPDATE part_happy SET document = document || '{"w": 3}';
	INSERT INTO veiled VALUES ('p', '{"kind": "Pod", "seen": 1, "token": "swordfish", "spec": {"containers": [{"name": "a", "image": "a:1"}]}}');
	UPDATE veiled SET object = jsonb_set(object, '{spec,containers}', '[{"name": "b"}, {"name": "a", "image": "a:2"}]') || '{"seen": 2, "token": "s2"}';
	INSERT INTO theirs VALUES (1, '{"a": 1}');
	UPDATE theirs SET doc = '{"a": 2}';
	INSERT INTO former VALUES (1, '{"a": 1}');
	UPDATE former SET doc = '{"a": 2}';
	SELECT diffgen_untrack('former');
	UPDATE former SET doc = '{"a": 3}';

	CREATE TABLE snapshot (id int, n int, taken timestamptz, doc jsonb);
	INSERT INTO snapshot SELECT i, n, now() - interval '70 days' + n * interval '1 hour', jsonb_build_object('s', n / 2)
		FROM generate_series(1, 6) i, generate_series(1, 40) n;
	INSERT INTO filled SELECT i, '{"s": 99}' FROM generate_series(1, 3) i;
	INSERT INTO half SELECT i, '{"s": 99}' FROM generate_series(1, 3) i;
	UPDATE filled SET doc = doc || '{"live": 1}';
	CALL diffgen_backfill('snapshot', 'filled', '{id}', 'doc', 'n', 'taken', batch => 25);
	CREATE FUNCTION stop() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF new.id = 4 AND new.patch @> '[{"value": 15}]' THEN RAISE 'stopped'; END IF; RETURN new; END $$;
	CREATE TRIGGER stop BEFORE INSERT ON half_changelog FOR EACH ROW WHEN (new.change_id < 0) EXECUTE FUNCTION stop());

# What can be seen of all that.
my $state = q(
	SELECT target, changelog, columns, documents, options, enabled, writable, partitions_until FROM diffgen_tracked ORDER BY target::text;
	SELECT target, source, document, done, total, per_second, finished FROM diffgen_backfills ORDER BY target::text;
	SELECT * FROM plain p, diffgen_history('plain', p.id) h ORDER BY p.id, h.change_id;
	SELECT * FROM diffgen_history('plain', 4) ORDER BY change_id;
	SELECT h.change_id, h.document, diffgen_at_change('plain', 'doc', h.change_id, true, p.id) FROM plain p, diffgen_history('plain', p.id) h WHERE document = 'doc' ORDER BY 1;
	SELECT h.change_id, h.document, diffgen_at_change_text('plain', 'note', h.change_id, false, p.id) FROM plain p, diffgen_history('plain', p.id) h WHERE document = 'note' ORDER BY 1;
	SELECT b.* FROM plain p, diffgen_blame('plain', 'doc', p.id) b ORDER BY p.id, b.path;
	SELECT h.change_id, diffgen_at('"An odd ""schema"."Table ""x"""', 'docs "x"', h.changed_at, o.change_id, o.operation, o."the Key") FROM "An odd ""schema"."Table ""x""" o,
		diffgen_history('"An odd ""schema"."Table ""x"""', o.change_id, o.operation, o."the Key") h ORDER BY 1;
	SELECT diffgen_at('"An odd ""schema"."Table ""x"""', 'document', now(), 1.5, 'u', 'sad') IS NULL;
	SELECT b.path, b.value, b.change_id, b.changed_by FROM diffgen_blame('"An odd ""schema"."Table ""x"""', 'document', 1.5, 'u', 'happy') b;
	SELECT h.change_id, h.paths, diffgen_at_change('veiled', 'object', h.change_id, false, 'p') FROM diffgen_history('veiled', 'p') h ORDER BY 1;
	SELECT id, n, diffgen_at('filled', 'doc', taken, id) FROM snapshot ORDER BY id, n;
	SELECT * FROM former_changelog ORDER BY change_id;
	SELECT relname, relowner::regrole, relacl, obj_description(oid, 'pg_class') FROM pg_class WHERE relname LIKE '%changelog%' ORDER BY relname;
	SELECT p.* FROM diffgen_tracked t, diffgen_changelog_partitions(t.changelog) p ORDER BY p.partition::text);

# Numbers of the catalogs must not be in data: they mean nothing elsewhere.
my $oids = q(
	CREATE TEMP VIEW changelogs AS SELECT c.oid FROM pg_class c WHERE c.relname LIKE '%changelog%' AND c.relkind IN ('r', 'p');
	SELECT count(*) FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid LEFT JOIN pg_type e ON e.oid = t.typelem
	WHERE a.attrelid IN (TABLE changelogs) AND a.attnum > 0 AND (t.typname ~ '^(oid|reg.*)$' OR e.typname ~ '^(oid|reg.*)$');
	SELECT count(*) FROM pg_trigger t, pg_class c WHERE t.tgfoid = 'diffgen_changelog()'::regprocedure AND encode(t.tgargs, 'escape') ~ ('\m' || c.oid || '\M');
	SELECT count(*) FROM (SELECT to_jsonb(l) - '{old_hash,new_hash,changed_at}'::text[] AS l FROM plain_changelog l
			UNION ALL SELECT to_jsonb(l) - '{old_hash,new_hash,changed_at}'::text[] FROM filled_changelog l
			UNION ALL SELECT to_jsonb(l) - '{old_hash,new_hash,changed_at}'::text[] FROM "An odd ""schema"."Table ""x""_changelog" l) v,
		pg_class c WHERE c.oid >= 16384 AND (l #- '{context,started}' #- '{context,updated}' #- '{context,finished}')::text ~ ('\m' || c.oid || '\M'));

# upgrade OLD_BINDIR: all tests of one upgrade; '' is the version under test
sub upgrade
{
	my ($old_bindir) = @_;
	my $major = major_of($old_bindir);
	my $name = "from $major";
	my %install = $old_bindir eq '' ? () : (install_path => dirname($old_bindir));
	my $old = PostgreSQL::Test::Cluster->new("old_$major", %install);
	my $new = PostgreSQL::Test::Cluster->new("new_$major");
	my @checksums = (major_of('') >= 18 && $major < 18) ? ('--no-data-checksums') : ();

	$old->init(extra => \@initdb);
	$new->init(extra => [ @initdb, @checksums ]);
	$old->append_conf('postgresql.conf', 'fsync = off');
	$new->append_conf('postgresql.conf', 'fsync = off');
	$old->start;
	$old->safe_psql('postgres', 'CREATE EXTENSION diffgen');
	$old->safe_psql('postgres', $setup);
	my ($result, $out, $err) = $old->psql('postgres', q(CALL diffgen_backfill('snapshot', 'half', '{id}', 'doc', 'n', 'taken', batch => 7)));
	like($err, qr/stopped/, "$name: a backfill was stopped half-way");
	$old->safe_psql('postgres', 'CREATE DATABASE other');
	$old->safe_psql('other', q(
		CREATE SCHEMA "Diff of things";
		CREATE EXTENSION diffgen SCHEMA "Diff of things";
		CREATE TABLE conf (id int PRIMARY KEY, doc jsonb);
		SELECT "Diff of things".diffgen_track('conf');
		INSERT INTO conf VALUES (1, '{"a": 1}')));
	my $before = $old->safe_psql('postgres', $state);
	is($old->safe_psql('postgres', $oids), "0\n0\n0", "$name: no OID is in stored data");
	my $last = $old->safe_psql('postgres', 'SELECT max(change_id) FROM plain_changelog');
	my $xid = $old->safe_psql('postgres', 'SELECT pg_current_xact_id()');
	$old->stop;

	# It leaves files where it is called.
	my $here = getcwd();
	chdir ${PostgreSQL::Test::Utils::tmp_check};
	command_ok(
		[
			'pg_upgrade', '--no-sync',
			'-d', $old->data_dir, '-D', $new->data_dir,
			'-b', $old_bindir eq '' ? $bindir : $old_bindir, '-B', $bindir,
			'-s', $new->host,
			'-p', $old->port, '-P', $new->port
		],
		"$name: pg_upgrade");
	chdir $here;
	$new->start;

	is($new->safe_psql('postgres', $state), $before, "$name: all reads as before");

	# History goes on.
	$new->safe_psql('postgres', q(
		UPDATE plain SET doc = doc || '{"upgraded": true}', note = note || E'c\n';
		UPDATE "An odd ""schema"."Table ""x""" SET "the Key" = 'sad', document = document || '{"upgraded": true}' WHERE change_id = 2;
		SET session_replication_role = replica;
		UPDATE veiled SET object = object || '{"seen": 3}';
		UPDATE veiled SET object = object || '{"upgraded": true, "token": "s3"}';
		RESET session_replication_role;
		SET ROLE "Some One";
		UPDATE theirs SET doc = doc || '{"upgraded": true}'));
	is( $new->safe_psql('postgres', qq(
			SELECT count(*), min(change_id) > $last AND max(change_id) < $last + 100, bool_and(transaction_id > '$xid'), count(*) FILTER (WHERE patch = '[{"op": "add", "path": "/upgraded", "value": true}]')
			FROM plain_changelog WHERE change_id > $last)),
		'8|t|t|4', "$name: new changes are logged, with numbers that go on");
	is( $new->safe_psql('postgres', q(
			SELECT string_agg("key_operation" || ' ' || "the Key" || ' ' || operation, ', ' ORDER BY change_id) FROM "An odd ""schema"."Table ""x""_changelog" WHERE change_id > (SELECT max(change_id) - 2 FROM "An odd ""schema"."Table ""x""_changelog");
			SELECT paths, patch::text ~ 's3' FROM veiled_changelog ORDER BY change_id DESC LIMIT 1;
			SELECT string_agg(changed_by, ', ' ORDER BY change_id) FROM theirs_changelog WHERE operation = 'update')),
		"u happy delete, u sad insert\n{\$.token,\$.upgraded}|f\npostgres, Some One", "$name: of all tables");
	is( $new->safe_psql('postgres', q(
			SELECT bool_and(diffgen_at('plain', 'doc', h.changed_at, p.id) = jsonb_build_object('n', 0, 'list', '[]'::jsonb)) FROM plain p, diffgen_history('plain', p.id) h WHERE operation = 'insert' AND document = 'doc')),
		't', "$name: and gone back over to versions from before");
	is( $new->safe_psql('postgres', q(
			SELECT diffgen_undo('plain_changelog', h.change_id) FROM diffgen_history('plain', 1) h WHERE h.patch @> '[{"path": "/n"}]';
			SELECT doc FROM plain WHERE id = 1;
			SELECT path, b.change_id = (SELECT max(change_id) FROM plain_changelog) FROM diffgen_blame('plain', 'doc', 1) b WHERE path = '$.n')),
		qq(\n{"n": 0, "list": [{"x": 1}], "upgraded": true}\n\$.n|t), "$name: an old change is undone, and blamed");

	# So do the procedures.
	$new->safe_psql('postgres', q(
		DROP TRIGGER stop ON half_changelog;
		CALL diffgen_backfill('snapshot', 'half', '{id}', 'doc', 'n', 'taken', batch => 7)));
	is( $new->safe_psql('postgres', q(
			SELECT done, total, finished IS NOT NULL FROM diffgen_backfills WHERE target = 'half'::regclass;
			SELECT count(*) FROM snapshot WHERE diffgen_at('half', 'doc', taken, id) IS DISTINCT FROM doc)),
		"240|240|t\n0", "$name: the backfill goes on where it was");
	$new->safe_psql('postgres', q(
		INSERT INTO plain_changelog (id, changed_at, operation, document) VALUES (1, now() + interval '7 months', 'insert', 'later');
		CREATE TABLE part_more PARTITION OF "An odd ""schema"."Table ""x""" DEFAULT));
	$new->safe_psql('postgres', "CALL diffgen_maintain('$_')")
	  foreach 'plain', '"An odd ""schema"."Table ""x"""', 'veiled', 'filled', 'half', 'theirs';
	is( $new->safe_psql('postgres', q(
			SELECT count(*) FROM plain_changelog_default;
			SELECT partitions_until > now() + interval '6 months' FROM diffgen_tracked WHERE target = 'plain'::regclass;
			SELECT count(*) FROM pg_trigger WHERE tgname = 'diffgen_truncate' AND tgrelid = 'part_more'::regclass)),
		"0\nt\n1", "$name: diffgen_maintain makes partitions and triggers");
	is( $new->safe_psql('postgres', q(
			SELECT diffgen_track('former');
			UPDATE former SET doc = '{"a": 4}';
			SELECT diffgen_untrack('theirs');
			SELECT string_agg(left(operation, 1), '' ORDER BY change_id) FROM former_changelog;
			SELECT count(*) FROM diffgen_tracked)),
		"former_changelog\ntheirs_changelog\ntiuutu\n6", "$name: tracking begins and ends");
	$new->safe_psql('postgres', q(CALL diffgen_prune('filled_changelog', '32 days')));
	is( $new->safe_psql('postgres', q(SELECT count(*) FROM filled_changelog WHERE operation = 'prune')),
		'1', "$name: diffgen_prune");
	is( $new->safe_psql('other', q(
			UPDATE conf SET doc = '{"a": 2}';
			SELECT string_agg(operation, ' ' ORDER BY change_id) FROM "Diff of things".diffgen_history('conf', 1))),
		'insert update', "$name: an extension in another schema");
	is($new->safe_psql('postgres', $oids), "0\n0\n0", "$name: no OID is in stored data still");
	$new->stop;
}

upgrade('');
my @older = old_bindirs();
SKIP:
{
	skip 'no older version of PostgreSQL with diffgen is installed', 1 unless @older;
	upgrade($_) foreach @older;
}

done_testing();
