
# Dumps and restores of tracked tables: of a whole database, as a script and in
# parallel; the data alone; one schema.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../perl";

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Diffgen;

my $node = new_cluster('main');
my $dir = $node->basedir;

$node->append_conf('postgresql.conf', 'log_min_messages = fatal');
$node->reload;

# Tables in two schemas, one of them in partitions; what was taken in from
# snapshots; a row that is gone; options; an extension in a schema of its own.
$node->safe_psql(
	'postgres', q(
	DROP EXTENSION diffgen;
	CREATE SCHEMA "Diff Gen";
	CREATE EXTENSION diffgen SCHEMA "Diff Gen";
	SET search_path = public, "Diff Gen";
	CREATE ROLE owner;
	CREATE TABLE config (id int PRIMARY KEY, doc jsonb, note text);
	SELECT diffgen_track('config', NULL, '{"context": 1}');
	CREATE SCHEMA "Other ones";
	CREATE TABLE "Other ones"."Parts" ("Id" int, area text, doc jsonb, PRIMARY KEY (area, "Id")) PARTITION BY LIST (area);
	CREATE TABLE "Other ones".a PARTITION OF "Other ones"."Parts" FOR VALUES IN ('a');
	CREATE TABLE "Other ones".b PARTITION OF "Other ones"."Parts" DEFAULT;
	SELECT diffgen_track('"Other ones"."Parts"', NULL, '{"redact": ["$.secret"], "replication": "always"}');
	ALTER TABLE "Other ones"."Parts" OWNER TO owner;
	ALTER TABLE "Other ones"."Parts_changelog" OWNER TO owner;
	ALTER SCHEMA "Other ones" OWNER TO owner;
	INSERT INTO config SELECT i, jsonb_build_object('n', 0, 'text', repeat('x', 2000 * i)), '0' FROM generate_series(1, 9) i;
	UPDATE config SET doc = doc || '{"n": 1}', note = '1';
	UPDATE config SET doc = doc || '{"n": 2, "list": [1, 2]}' WHERE id < 5;
	DELETE FROM config WHERE id = 3;
	INSERT INTO "Other ones"."Parts" SELECT i, 'a', jsonb_build_object('n', 0, 'secret', i) FROM generate_series(1, 5) i;
	UPDATE "Other ones"."Parts" SET area = 'c', doc = doc || '{"n": 1, "secret": "other"}' WHERE "Id" > 2;
	CREATE TABLE snapshot (id int, n int, taken timestamptz, doc jsonb);
	INSERT INTO snapshot SELECT i, n, now() - interval '70 days' + n * interval '1 hour', jsonb_build_object('s', n / 2)
		FROM generate_series(1, 6) i, generate_series(1, 20) n;
	CALL diffgen_backfill('snapshot', 'config', '{id}', 'doc', 'n', 'taken');
	ALTER DATABASE postgres SET search_path = public, "Diff Gen"));

my $parts = q(
	SELECT target, changelog, columns, documents, options, enabled, writable, partitions_until FROM diffgen_tracked WHERE target::text LIKE '%Parts%';
	SELECT p.*, h.* FROM "Other ones"."Parts" p, diffgen_history('"Other ones"."Parts"', p.area, p."Id") h ORDER BY h.change_id;
	SELECT p."Id", b.* FROM "Other ones"."Parts" p, diffgen_blame('"Other ones"."Parts"', 'doc', p.area, p."Id") b ORDER BY 1, 2;
	SELECT relname, relowner::regrole FROM pg_class WHERE relname LIKE 'Parts%' ORDER BY 1);
my $state = $parts . q(;
	SELECT target, changelog, columns, documents, options, enabled, writable, partitions_until FROM diffgen_tracked ORDER BY target::text;
	SELECT * FROM diffgen_backfills;
	SELECT * FROM config_changelog ORDER BY change_id;
	SELECT id, n, diffgen_at('config', 'doc', taken, id) FROM snapshot ORDER BY id, n;
	SELECT h.change_id, diffgen_at_change_text('config', 'note', h.change_id, true, 7) FROM diffgen_history('config', 7) h WHERE document = 'note' ORDER BY 1);
my $before = $node->safe_psql('postgres', $state);

# New changes are logged, once, and linked to those that were restored.
sub goes_on
{
	my ($db, $table, $name) = @_;
	my $log = $table =~ s/(")?$/_changelog$1/r;
	my $n = $node->safe_psql($db, "SELECT count(*) FROM $log WHERE operation = 'update' AND document = 'doc' AND change_id > 0");
	my $rows = $node->safe_psql($db, "SELECT count(*) FROM $table");

	$node->safe_psql($db, qq(UPDATE $table SET doc = doc || '{"restored": true}'));
	is($node->safe_psql($db, "SELECT count(*) FROM $log WHERE operation = 'update' AND document = 'doc' AND change_id > 0"),
		$n + $rows, "$name: changes are logged");
	my $key = $table eq 'config' ? 't.id' : 't.area, t."Id"';
	is( $node->safe_psql($db, qq(
			SELECT bool_and(diffgen_at_change('$table', 'doc', h.change_id, true, $key) IS NULL)
			FROM $table t, diffgen_history('$table', $key) h WHERE h.operation = 'insert' AND h.document = 'doc')),
		't', "$name: and lead back to the beginning");
	is($node->safe_psql($db, "SELECT count(*), count(DISTINCT change_id) FROM $log") =~ /^(\d+)\|\1$/, 1, "$name: by numbers of their own");
	return;
}

sub restored
{
	my ($db, $name) = @_;

	is($node->safe_psql($db, $state), $before, "$name: all reads as before");
	goes_on($db, 'config', $name);
	goes_on($db, '"Other ones"."Parts"', $name);
	$node->safe_psql($db, q(CALL diffgen_maintain('config')));
	return;
}

# make_database NAME: an empty one
sub make_database
{
	my ($db) = @_;

	$node->safe_psql('postgres', "CREATE DATABASE $db TEMPLATE template0");
	$node->safe_psql('postgres', qq(ALTER DATABASE $db SET search_path = public, "Diff Gen"));
	return $node->connstr($db);
}

sub psql_file
{
	my ($db, $file, $name) = @_;

	command_ok([ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-d', $node->connstr($db), '-f', $file ], $name);
	return;
}

# A script.
my $main = $node->connstr('postgres');
command_ok([ 'pg_dump', '-d', $main, '-f', "$dir/dump.sql" ], 'pg_dump');
make_database('script');
psql_file('script', "$dir/dump.sql", 'a script is restored');
restored('script', 'script');
unlike(slurp_file("$dir/dump.sql"), qr/CREATE FUNCTION/, 'no function is dumped');

# In parallel.
command_ok([ 'pg_dump', '-Fd', '-j', '2', '-d', $main, '-f', "$dir/dump" ], 'pg_dump in parallel');
my $parallel = make_database('parallel');
command_ok([ 'pg_restore', '-j', '2', '-d', $parallel, "$dir/dump" ], 'pg_restore in parallel');
restored('parallel', 'in parallel');

# The schema first, then the data, with triggers disabled.
command_ok([ 'pg_dump', '--schema-only', '-d', $main, '-f', "$dir/schema.sql" ], 'pg_dump of the schema');
command_ok([ 'pg_dump', '--data-only', '--disable-triggers', '-d', $main, '-f', "$dir/data.sql" ], 'pg_dump of the data');
make_database('twice');
psql_file('twice', "$dir/schema.sql", 'the schema is restored');
is($node->safe_psql('twice', q(SELECT count(*), (SELECT count(*) FROM config_changelog) FROM diffgen_tracked)), '2|0', 'what is tracked is in the schema');
psql_file('twice', "$dir/data.sql", 'the data is restored');
restored('twice', 'data alone');

# One schema of it: the changelog is where its table is, the extension is not.
command_ok([ 'pg_dump', '-n', '"Other ones"', '-d', $main, '-f', "$dir/one.sql" ], 'pg_dump of one schema');
make_database('one');
$node->safe_psql('one', q(CREATE SCHEMA "Diff Gen"; CREATE EXTENSION diffgen SCHEMA "Diff Gen"));
psql_file('one', "$dir/one.sql", 'one schema is restored');
is($node->safe_psql('one', $parts), $node->safe_psql('postgres', $parts), 'one schema: all reads as before');
goes_on('one', '"Other ones"."Parts"', 'one schema');

$node->stop;
done_testing();
