
# The same bytes everywhere: on a read-only streaming standby, in parallel
# workers, after a crash, under other settings.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../perl";

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Diffgen;

my $primary = new_cluster('primary', allows_streaming => 1);

$primary->safe_psql(
	'postgres', q(
	CREATE TABLE snapshot (version int PRIMARY KEY, doc text, tree jsonb);
	INSERT INTO snapshot
	SELECT v, diffgen_text(tree), tree FROM (
		SELECT v, jsonb_build_object('n', v * 1.50, 'spec', jsonb_agg(jsonb_build_object(
			'name', 'c' || i, 'value', CASE WHEN i % 50 = v % 50 THEN v ELSE i END)
			ORDER BY (i * 7919 + v / 40) % 500)) AS tree
		FROM generate_series(1, 200) v, generate_series(1, 120) i
		GROUP BY v) q;
	CREATE INDEX snapshot_lines ON snapshot (((diffgen_stat(doc, '')).removed));
	CREATE MATERIALIZED VIEW history AS
	SELECT new.version, diffgen(old.doc, new.doc) AS text_diff,
		   diffgen(old.tree, new.tree) AS tree_diff
	FROM snapshot old JOIN snapshot new ON new.version = old.version + 1;
	ALTER TABLE snapshot SET (parallel_workers = 2);
	ANALYZE snapshot));

my $all = q(
	SELECT md5(string_agg(md5(diffgen(old.doc, new.doc, o.options)) ||
						  md5(diffgen(old.tree, new.tree, o.options)) ||
						  diffgen_stat(old.doc, new.doc, o.options - 'labels')::text ||
						  diffgen_stat(old.tree, new.tree, o.options - 'labels')::text, ' '
						  ORDER BY old.version, o.options::text))
	FROM snapshot old JOIN snapshot new ON new.version = old.version + 1,
		 (VALUES ('{}'::jsonb), ('{"algorithm": "histogram", "context": 0}'),
				 ('{"algorithm": "patience", "labels": ["a b", "\u00fc"]}'),
				 ('{"algorithm": "minimal"}')) o(options));

# The same kind of figures from a plain scan, by aggregates that can be partial.
my $rows = q(
	SELECT count(*), sum(hashtextextended(d, 0)), md5(max(d)), md5(min(d)) FROM (
		SELECT version, diffgen(doc, replace(doc, '"value": 7', '"value": 8')) ||
			   diffgen(tree, tree || '{"extra": [1, 2.0, null]}') ||
			   diffgen_text(tree) AS d
		FROM snapshot) q);

my $expected = $primary->safe_psql('postgres', $all);
my $expected_rows = $primary->safe_psql('postgres', $rows);
like($expected, qr/^[0-9a-f]{32}$/, 'a result to compare with');
like($expected_rows, qr/^200\|/, 'and another');

# A standby cannot write, nor need it.
$primary->backup('backup');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($primary, 'backup', has_streaming => 1);
$standby->start;
$primary->wait_for_catchup($standby);
is($standby->safe_psql('postgres', 'SELECT pg_is_in_recovery()'), 't', 'a standby in recovery');
is($standby->safe_psql('postgres', $all), $expected, 'a standby gives the same bytes');
is($standby->safe_psql('postgres', $rows), $expected_rows, 'and again from single documents');
is( $standby->safe_psql('postgres', q(
		SELECT count(*) FROM history h JOIN snapshot new USING (version)
		JOIN snapshot old ON old.version = new.version - 1
		WHERE text_diff <> diffgen(old.doc, new.doc) OR tree_diff <> diffgen(old.tree, new.tree))),
	'0', 'what the primary stored is what the standby computes');

# Parallel workers.
my $parallel = force_parallel($primary);
foreach my $node ($primary, $standby)
{
	my $name = $node->name;

	is($node->safe_psql('postgres', "SET $parallel = regress; $all"),
		$expected, "$name: the same with $parallel");
	my $settings = q(
		SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0;
		SET min_parallel_table_scan_size = 0; SET max_parallel_workers_per_gather = 2;);
	like($node->safe_psql('postgres', "$settings EXPLAIN (COSTS OFF) $rows"),
		qr/Gather/, "$name: a plan with workers");
	is($node->safe_psql('postgres', "$settings $rows"),
		$expected_rows, "$name: the same from workers");
}

# Settings do not count (I6).
foreach my $setting (
	"extra_float_digits = -15", "bytea_output = escape",
	"DateStyle = 'German'", "IntervalStyle = iso_8601",
	"TimeZone = 'Asia/Kathmandu'", "standard_conforming_strings = off",
	"client_encoding = LATIN1", "work_mem = '64kB'",
	"search_path = pg_catalog, public", "jit = on",
	"lc_numeric = 'C'", "lc_messages = 'C'", "enable_hashjoin = off")
{
	is($primary->safe_psql('postgres', "SET $setting; $all"),
		$expected, "the same with $setting");
}

# A crash: nothing of ours is in shared memory or files.
$primary->stop('immediate');
$primary->start;
is($primary->safe_psql('postgres', $all), $expected, 'the same after a crash');
is($primary->safe_psql('postgres', 'REFRESH MATERIALIZED VIEW history; SELECT count(*) FROM history'),
	'199', 'and stored again');

# A killed backend takes the others down with it, but nothing of the data.
my ($in, $out, $err) = ('', '', '');
my $session = IPC::Run::start(
	[ 'psql', '-X', '-A', '-t', '-q', '-d', $primary->connstr('postgres') ],
	'<' => \$in, '>' => \$out, '2>' => \$err,
	IPC::Run::timeout(120));
$in = "SELECT pg_backend_pid();\n";
$session->pump until $out =~ /(\d+)\n/;
my ($pid) = $out =~ /(\d+)/;
$in .= "SET max_parallel_workers_per_gather = 0; SELECT count(diffgen(a.tree, b.tree)) FROM snapshot a, snapshot b, generate_series(1, 1000);\n";
$session->pump_nb;
$primary->poll_query_until('postgres',
	"SELECT state = 'active' FROM pg_stat_activity WHERE pid = $pid") or die 'not started';
$primary->append_conf('postgresql.conf', 'restart_after_crash = on');
$primary->reload;
kill 'KILL', $pid;
$session->finish;
ok($primary->poll_query_until('postgres', 'SELECT true'), 'the server comes back after a kill -9');
is($primary->safe_psql('postgres', $all), $expected, 'and gives the same');
$primary->wait_for_catchup($standby);
is($standby->safe_psql('postgres', $all), $expected, 'so does the standby');

# Promotion.
$standby->promote;
is($standby->safe_psql('postgres', 'REFRESH MATERIALIZED VIEW history; SELECT count(*) FROM history'),
	'199', 'a promoted standby writes');

$standby->stop;
$primary->stop;
done_testing();
