
# The extension's place in a database: who may install it, what pg_dump makes
# of it, that every function is labelled and documented, that nothing stays.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../perl";

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Diffgen;

my $node = new_cluster('main');

# A database of an ordinary role.
$node->safe_psql('postgres', 'CREATE ROLE owner LOGIN');
$node->safe_psql('postgres', 'CREATE ROLE other LOGIN');
$node->safe_psql('postgres', 'CREATE DATABASE app OWNER owner');

my ($stdout, $stderr);
my $as_owner = { extra_params => [ '-U', 'owner' ] };
my $count_objects = q(
	SELECT (SELECT count(*) FROM pg_proc), (SELECT count(*) FROM pg_type),
		   (SELECT count(*) FROM pg_class), (SELECT count(*) FROM pg_description),
		   (SELECT count(*) FROM pg_depend), (SELECT count(*) FROM pg_namespace),
		   (SELECT count(*) FROM pg_operator), (SELECT count(*) FROM pg_aggregate));
my $before = $node->safe_psql('app', $count_objects);

isnt(
	$node->psql('app', 'CREATE EXTENSION diffgen', extra_params => [ '-U', 'other' ]),
	0, 'a role without rights in the database cannot install it');
is($node->psql('app', 'CREATE EXTENSION diffgen', %$as_owner),
	0, 'the owner of a database can install it');
is( $node->safe_psql('app', 'SELECT rolsuper FROM pg_roles WHERE rolname = current_user', %$as_owner),
	'f', 'and is no superuser');
is( $node->safe_psql('app', q(SELECT diffgen('a'::text, 'b'::text) <> ''),
		extra_params => [ '-U', 'other' ]),
	't', 'every role can use it');
is($node->safe_psql('app', 'SHOW shared_preload_libraries'), '', 'nothing is preloaded');

# Every function, procedure and aggregate.
my $members = q(
	FROM pg_depend d JOIN pg_proc p ON d.objid = p.oid
	WHERE d.classid = 'pg_proc'::regclass AND d.deptype = 'e'
	AND d.refclassid = 'pg_extension'::regclass
	AND d.refobjid = (SELECT oid FROM pg_extension WHERE extname = 'diffgen'));

cmp_ok($node->safe_psql('app', "SELECT count(*) $members"), '>=', 8, 'functions there are');
is( $node->safe_psql('app',
		"SELECT p.oid::regprocedure $members AND coalesce(obj_description(p.oid, 'pg_proc'), '') = ''"),
	'', 'every function has a comment');
is( $node->safe_psql('app', "SELECT p.oid::regprocedure $members AND p.prosecdef"),
	'', 'no function is SECURITY DEFINER');

# What depends on its arguments alone says so.  Functions that read or write
# tables, those of the changelog, are left out by what gives them away: an
# argument of type regclass or regtype, or being a trigger, a procedure or not in
# C.  NULL means something to diffgen_replay alone: no patches.
is( $node->safe_psql('app', qq(
		SELECT p.oid::regprocedure, p.provolatile, p.proisstrict, p.proparallel $members
		AND p.prokind = 'f' AND p.prorettype NOT IN ('trigger'::regtype, 'event_trigger'::regtype)
		AND NOT ARRAY['regclass', 'regtype']::regtype[]::oid[] && p.proargtypes::oid[]
		AND p.prolang = (SELECT oid FROM pg_language WHERE lanname = 'c')
		AND p.proname LIKE 'diffgen%'
		AND p.oid NOT IN (SELECT aggtransfn FROM pg_aggregate UNION SELECT aggfinalfn FROM pg_aggregate)
		AND NOT (p.provolatile = 'i' AND p.proparallel = 's'
				 AND p.proisstrict = (p.proname <> 'diffgen_replay')))),
	'', 'functions of documents are IMMUTABLE STRICT PARALLEL SAFE');
is( $node->safe_psql('app', qq(
		SELECT p.oid::regprocedure $members AND p.prolang = (SELECT oid FROM pg_language WHERE lanname = 'c')
		AND p.probin <> '\$libdir/diffgen')),
	'', 'C functions are in the one library');

# A dump brings the extension, views and indexes that use it, and values.
$node->safe_psql(
	'app', q(
	CREATE TABLE config (id int PRIMARY KEY, old text, new text,
		diff text GENERATED ALWAYS AS (diffgen(old, new)) STORED);
	INSERT INTO config (id, old, new) VALUES (1, E'a\nb\n', E'a\nc\n');
	CREATE INDEX config_diff ON config (md5(diffgen(old, new)));
	CREATE VIEW changed AS SELECT id, (diffgen_stat(old, new)).* FROM config),
	%$as_owner);
my $dump = $node->basedir . '/app.sql';
command_ok([ 'pg_dump', '-d', $node->connstr('app'), '-f', $dump ], 'pg_dump');
$node->safe_psql('postgres', 'CREATE DATABASE copy OWNER owner');
command_ok(
	[ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-d', $node->connstr('copy'), '-f', $dump ],
	'restore');
is( $node->safe_psql('copy', 'SELECT c.diff, v.added, v.removed FROM config c JOIN changed v USING (id)'),
	$node->safe_psql('app', 'SELECT c.diff, v.added, v.removed FROM config c JOIN changed v USING (id)'),
	'the copy holds the same');
unlike(slurp_file($dump), qr/CREATE FUNCTION/, 'functions are dumped as the extension, not one by one');

# Other schemas.
$node->safe_psql('app', 'DROP TABLE config CASCADE; DROP EXTENSION diffgen', %$as_owner);
is($node->safe_psql('app', $count_objects), $before, 'DROP EXTENSION leaves nothing');

$node->safe_psql('app', 'CREATE SCHEMA tools; CREATE EXTENSION diffgen SCHEMA tools', %$as_owner);
is( $node->safe_psql('app', q(SELECT tools.diffgen('{"a": 1}'::jsonb, '{"a": 2}'::jsonb) <> '')),
	't', 'it works in any schema');
$node->stop;
done_testing();
