
# Changelogs outlive what happens to a server: a crash in the middle of writes
# and of a backfill; a standby, logical replication.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../perl";

use IPC::Run;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(usleep);
use Diffgen;

my $primary = new_cluster('primary', allows_streaming => 'logical');

# What the server says of itself in logs is of no interest here.
$primary->append_conf('postgresql.conf', "log_min_messages = fatal\nfsync = on\nrestart_after_crash = on");
$primary->restart;

$primary->safe_psql(
	'postgres', q(
	CREATE TABLE config (id int PRIMARY KEY, doc jsonb, note text);
	SELECT diffgen_track('config');
	INSERT INTO config SELECT i, jsonb_build_object('n', 0, 'text', repeat('x', 3000 * i)), '0' FROM generate_series(1, 20) i));

# Every entry of a row found what the one before it left, and the last ones
# left what is live.
my $check = q(
	SELECT (SELECT count(*) FROM (
			SELECT operation, old_hash, lag(new_hash) OVER (PARTITION BY id, document ORDER BY change_id) AS previous
			FROM config_changelog WHERE id IS NOT NULL) l
		WHERE CASE operation WHEN 'insert' THEN previous IS NOT NULL ELSE old_hash IS DISTINCT FROM previous END),
		(SELECT count(*) FROM config c WHERE diffgen_at('config', 'doc', 'infinity', c.id) IS DISTINCT FROM c.doc
			OR diffgen_at_text('config', 'note', 'infinity', c.id) IS DISTINCT FROM c.note));

# The number of updates that a row has had is in its document.
my $count = q(
	SELECT count(*) FROM config c
	WHERE (c.doc->>'n')::int <> (SELECT count(*) FROM config_changelog l WHERE l.id = c.id AND l.document = 'doc' AND l.operation = 'update' AND l.change_id > 0)
	OR c.note::int <> (SELECT count(*) FROM config_changelog l WHERE l.id = c.id AND l.document = 'note' AND l.operation = 'update' AND l.change_id > 0));

# Ends the server in one of the ways that leave it no time, and starts it
# again: kill -9 of the postmaster, kill -9 of a backend that is at some
# statement, or an immediate shutdown.  The sessions are those that are at it.
sub crash
{
	my ($how, $statement, @sessions) = @_;

	if ($how eq 'kill the server')
	{
		my @left = split /\n/, $primary->safe_psql('postgres', 'SELECT pid FROM pg_stat_activity');

		$primary->kill9;
		$_->finish foreach @sessions;
		foreach (1 .. 1000)			# they have to notice
		{
			last unless kill 0, @left;
			usleep(10_000);
		}
		$primary->start;
	}
	elsif ($how eq 'kill a backend')
	{
		my $pid = $primary->safe_psql('postgres', qq(
			SELECT pid FROM pg_stat_activity WHERE query LIKE '$statement%' AND pid <> pg_backend_pid() LIMIT 1));
		kill 'KILL', $pid;
		$_->finish foreach @sessions;
		$primary->poll_query_until('postgres', 'SELECT true');
	}
	else
	{
		$primary->stop('immediate');
		$_->finish foreach @sessions;
		$primary->start;
	}
	return;
}

# A crash in the middle of writes.
my $write = q(
	UPDATE config SET doc = doc || jsonb_build_object('n', (doc->>'n')::int + 1), note = note::int + 1 WHERE id = 1 + floor(random() * 20););
my $file = $primary->basedir . '/write.sql';
append_to_file($file, $write x 5000);
my $round = 0;
foreach my $how ('kill the server', 'kill a backend', 'stop immediately')
{
	$round++;
	my @sessions;
	foreach my $session (1 .. 2)
	{
		my ($out, $err) = ('', '');
		push @sessions, IPC::Run::start([ 'psql', '-X', '-q', '-d', $primary->connstr('postgres'), '-f', $file ], '>', \$out, '2>', \$err);
	}
	usleep(700_000);
	crash($how, 'UPDATE config', @sessions);
	cmp_ok($primary->safe_psql('postgres', q(SELECT count(*) FROM config_changelog WHERE operation = 'update')), '>', 10 * $round, "writes before crash $round ($how)");
	is($primary->safe_psql('postgres', $count), '0', "crash $round: as many entries as changes");
	is($primary->safe_psql('postgres', $check), '0|0', "crash $round: all is linked");
}

# Several crashes in the middle of a backfill by two sessions, each within a row
# that has more snapshots than a batch.
$primary->safe_psql(
	'postgres', q(
	CREATE TABLE snapshot (id int, n int, taken timestamptz, doc jsonb);
	INSERT INTO snapshot SELECT i, n, now() - interval '60 days' + n * interval '1 hour',
		jsonb_build_object('s', n, 'text', repeat('y', 50 * i + n))
		FROM generate_series(1, 400) i, generate_series(1, CASE WHEN i IN (2, 8, 14, 300) THEN 1000 ELSE 10 END) n;
	CREATE INDEX ON snapshot (id, n)));
my $backfill = q(CALL diffgen_backfill('snapshot', 'config', '{id}', 'doc', 'n', 'taken', batch => 50, pause => '5 ms'));
my $done = 0;
$round = 0;
foreach my $how ('kill the server', 'kill a backend', 'stop immediately')
{
	$round++;
	my @sessions;
	foreach my $session (1 .. 2)
	{
		my ($out, $err) = ('', '');
		push @sessions, IPC::Run::start([ 'psql', '-X', '-q', '-d', $primary->connstr('postgres'), '-c', $backfill ], '>', \$out, '2>', \$err);
	}
	$primary->poll_query_until('postgres', qq(
		SELECT count(*) = 1 FROM config_changelog WHERE operation = 'backfill'
			AND context @? '\$.parts[*].place' AND jsonb_array_length(context->'parts') > 1 AND (context->>'done')::int > $done + 200));
	crash($how, 'CALL diffgen_backfill', @sessions);
	$done = $primary->safe_psql('postgres', q(SELECT done FROM diffgen_backfills WHERE finished IS NULL));
	like($done, qr/^\d+$/, "backfill, crash $round ($how): after $done snapshots");
	is($primary->safe_psql('postgres', $check), '0|0', "backfill, crash $round: what there is is linked to the live rows");
}
$primary->safe_psql('postgres', $backfill);
is( $primary->safe_psql('postgres', 'SELECT done, total, finished IS NOT NULL FROM diffgen_backfills'),
	'7960|7960|t', 'the backfill went on until its end');
is( $primary->safe_psql('postgres', q(
		SELECT count(*), count(DISTINCT (id, changed_at, new_hash)) FROM config_changelog
		WHERE change_id < 0 AND operation IN ('insert', 'update') AND context IS NULL)),
	'7960|7960', 'nothing is lost or doubled');
is( $primary->safe_psql('postgres', q(
		SELECT count(*), max(n) FROM (SELECT count(*) AS n FROM config_changelog WHERE context @> '{"snapshot": false}' GROUP BY id) l)),
	'400|1', 'each row is linked once to what tracking found');
is( $primary->safe_psql('postgres', q(
		SELECT count(*) FROM snapshot WHERE (n < 11 OR n % 50 = 0) AND diffgen_at('config', 'doc', taken, id) IS DISTINCT FROM doc)),
	'0', 'snapshots are in the changelog as they were');
is($primary->safe_psql('postgres', $check), '0|0', 'all is linked to what was logged since');

# A streaming standby reads history.
my $history = q(
	SELECT (SELECT md5(string_agg(md5(h::text), '' ORDER BY c.id, h.change_id)) FROM config c, diffgen_history('config', c.id) h),
		(SELECT md5(string_agg(diffgen_at('config', 'doc', now() - interval '59 days', c.id)::text, '' ORDER BY c.id)) FROM config c),
		(SELECT md5(string_agg(b::text, '')) FROM diffgen_blame('config', 'doc', 7) b));
$primary->backup('backup');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($primary, 'backup', has_streaming => 1);
$standby->start;
$primary->safe_psql('postgres', $write);
$primary->wait_for_catchup($standby, 'replay', $primary->lsn('insert'));
is($standby->safe_psql('postgres', $history), $primary->safe_psql('postgres', $history), 'a standby reads the same history');
is($standby->safe_psql('postgres', 'SELECT target, changelog, enabled FROM diffgen_tracked'), 'config|config_changelog|origin', 'and sees what is tracked');
$standby->stop;

# Logical replication: a subscriber logs by itself if it is told to.
my $subscriber = new_cluster('subscriber');
$subscriber->safe_psql('postgres', "CREATE TABLE $_ (id int PRIMARY KEY, doc jsonb, note text); SELECT diffgen_track('$_')")
  foreach 'config', 'other';
$subscriber->safe_psql('postgres', q(SELECT diffgen_track('other', NULL, '{"replication": "always"}')));
$primary->safe_psql(
	'postgres', q(
	CREATE TABLE other (LIKE config INCLUDING ALL);
	INSERT INTO other SELECT * FROM config WHERE id < 3 ORDER BY id;
	CREATE PUBLICATION pub FOR TABLE config, other));
$subscriber->safe_psql('postgres', sprintf(q(CREATE SUBSCRIPTION sub CONNECTION $$%s$$ PUBLICATION pub), $primary->connstr('postgres')));
$subscriber->poll_query_until('postgres', q(SELECT count(*) = 2 FROM pg_subscription_rel WHERE srsubstate = 'r'));
$primary->safe_psql('postgres', q(
	UPDATE config SET note = note::int + 1, doc = doc || jsonb_build_object('n', (doc->>'n')::int + 1) WHERE id = 1;
	UPDATE other SET doc = doc || '{"replicated": true}' WHERE id = 1;
	DELETE FROM other WHERE id = 2;
	TRUNCATE other));
$primary->wait_for_catchup('sub');
is($subscriber->safe_psql('postgres', 'SELECT count(*) FROM config_changelog WHERE id IS NOT NULL'), '0', 'replicated changes are not logged again');
is( $subscriber->safe_psql('postgres', q(SELECT string_agg(id || left(operation, 1), ' ' ORDER BY change_id) FROM other_changelog WHERE document = 'doc')),
	'1i 2i 1u 2d 1t', 'but they are with "always"');
is( $subscriber->safe_psql('postgres', q(SELECT patch FROM other_changelog WHERE operation = 'update')),
	'[{"op": "add", "path": "/replicated", "value": true}]', 'with their patches');
$subscriber->stop;

$primary->stop;
done_testing();
