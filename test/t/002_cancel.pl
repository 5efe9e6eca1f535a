
# A cancel is answered within milliseconds, whatever the engine is doing.
#
# Each case is something that takes far longer than the timeout, so that a
# timeout must fire in the middle of it: one diff of hard input where that
# alone is long enough, the same diff many times otherwise.  The time is what
# the server itself sees, from the statement's start to the error; the least
# of some tries counts, since a busy machine can hold up a process for long.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../perl";

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(usleep);
use Diffgen;

my $bound = 100;				# ms after it
my $tries = 5;

my $node = new_cluster('main');

$node->safe_psql(
	'postgres', q(
	CREATE TABLE hard (name text PRIMARY KEY, old text, new text, old_doc jsonb, new_doc jsonb);
	ALTER TABLE hard ALTER old SET STORAGE EXTERNAL, ALTER new SET STORAGE EXTERNAL,
		ALTER old_doc SET STORAGE EXTERNAL, ALTER new_doc SET STORAGE EXTERNAL));

# The least time in ms, after the timeout, in which the statement ended; -1 and
# what psql said if it ever ended by itself.
my $measure = sub {
	my ($statement, $timeout, $tries) = @_;
	my $best = 1e9;

	my $script = "SET statement_timeout = $timeout;\n\\timing on\n";
	$script .= "$statement;\n" for 1 .. $tries;
	my ($stdout, $stderr);
	$node->psql(
		'postgres', $script,
		stdout => \$stdout,
		stderr => \$stderr,
		on_error_stop => 0);
	my $canceled = () = $stderr =~ /canceling statement due to statement timeout/g;
	if ($canceled < $tries)
	{
		my ($error) = $stderr =~ /(ERROR: .*)/;
		return (-1, $error || 'it ended by itself');
	}
	while ($stdout =~ /^Time: ([\d.]+) ms/mg)
	{
		$best = $1 if $1 < $best;
	}
	return ($best - $timeout, '');
};

my $lines = 160_000;
foreach my $input (hard_inputs($lines))
{
	my ($name, $sql) = @$input;

	$node->safe_psql('postgres', qq(
		INSERT INTO hard (name, old, new)
		SELECT '$name', old, new FROM ($sql) q));
}

# The same lines as elements of arrays and as members of objects.
$node->safe_psql(
	'postgres', q(
	UPDATE hard SET
		old_doc = to_jsonb(string_to_array(old, E'\n')),
		new_doc = to_jsonb(string_to_array(new, E'\n'));
	INSERT INTO hard (name, old_doc, new_doc)
	SELECT 'objects', jsonb_object_agg('key' || i, i), jsonb_object_agg('key' || i, -i)
	FROM generate_series(1, 160000) i;
	INSERT INTO hard (name, old_doc, new_doc)
	SELECT 'array of objects',
		   jsonb_agg(jsonb_build_object('id', i, 'v', md5(i::text)) ORDER BY i),
		   jsonb_agg(jsonb_build_object('id', i, 'v', md5((-i)::text)) ORDER BY md5(i::text))
	FROM generate_series(1, 80000) i;
	INSERT INTO hard (name, old, new)
	SELECT 'one line of 10 MB', string_agg(md5(i::text), ''), string_agg(md5(i::text), '') || 'x'
	FROM generate_series(1, 330000) i;
	VACUUM ANALYZE hard));

my $name_list = $node->safe_psql('postgres', 'SELECT name FROM hard ORDER BY name');

foreach my $name (split /\n/, $name_list)
{
	foreach my $kind ('text', 'jsonb')
	{
		my ($old, $new) = $kind eq 'text' ? ('old', 'new') : ('old_doc', 'new_doc');

		next
		  if $node->safe_psql('postgres',
			"SELECT $old IS NULL FROM hard WHERE name = '$name'") eq 't';
		my @bad;
		my $worst = -1e9;
		foreach my $algorithm ('myers', 'minimal', 'patience', 'histogram')
		{
			# the timeouts find the engine at different stages of its work
			foreach my $run ([ 'diffgen', 50, $tries ], [ 'diffgen', 120, 2 ],
				[ 'diffgen', 230, 2 ], [ 'diffgen_stat', 50, $tries ])
			{
				my ($function, $timeout, $n) = @$run;

				# 10,000 times: a diff that is done in time must not be the end
				my ($late, $output) = $measure->(qq(
					SELECT count($function($old, $new,
						jsonb_build_object('algorithm', '$algorithm',
										   'context', 1 + i % 2)))
					FROM hard, generate_series(1, 10000) i WHERE name = '$name'), $timeout, $n);
				$worst = $late if $late > $worst;
				if ($late < 0 && $output ne '')
				{
					push @bad, "$function, $algorithm: not canceled: $output";
				}
				elsif ($late > $bound)
				{
					push @bad, "$function, $algorithm: $late ms after the timeout";
				}
			}
		}
		is(join("\n", @bad), '', "$kind, $name: canceled in time in every algorithm")
		  or diag(join "\n", @bad);
		note(sprintf '%s, %s: at most %.1f ms after the timeout', $kind, $name, $worst);
	}
}

# Every other function that works through a document.
$node->safe_psql(
	'postgres', q(
	CREATE TABLE derived AS
	SELECT name, old, new, old_doc, new_doc, diffgen(old, new) AS diff,
		   diffgen_patch(old_doc, new_doc, '{"invertible": true}') AS patch
	FROM hard WHERE name IN ('all lines shuffled', 'no line in common', 'array of objects', 'objects')));
foreach my $call (
	'diffgen_text(old_doc)', 'diffgen_paths(old_doc, new_doc)',
	'diffgen_patch(old_doc, new_doc)', q(diffgen_patch(old_doc, new_doc, '{"invertible": true}')),
	'diffgen_merge_patch(old_doc, new_doc)', 'diffgen_entry(old_doc, new_doc)',
	'(SELECT count(*) FROM diffgen_changes(old_doc, new_doc))',
	q(diffgen_patch(old_doc, new_doc, '{"ignore": ["$.**.id"], "redact": ["$[*].v"]}')),
	'diffgen_apply(old_doc, patch)', 'diffgen_invert(patch)',
	'diffgen_replay(old_doc, ARRAY[patch, diffgen_invert(patch)])',
	'diffgen_apply_merge(old_doc, new_doc)', 'diffgen_merge(old_doc, new_doc, old_doc)',
	'diffgen_entry(old, new)', 'diffgen_apply(old, diff)', 'diffgen_invert(diff)',
	'(SELECT count(*) FROM diffgen_lines(diff))', '(SELECT count(*) FROM diffgen_hunks(diff))',
	'diffgen_words(old, new)', 'diffgen_html(diff)', 'diffgen_ansi(diff)',
	'diffgen_merge(old, new, diff)')
{
	my @bad;
	my $worst = -1e9;

	foreach my $name ('all lines shuffled', 'no line in common', 'array of objects', 'objects')
	{
		next if $call =~ /\b(?:old|new|diff)\b/ && $name =~ /objects/;

		# one pass may be shorter than the timeout, 10,000 are not
		my ($late, $output) = $measure->(qq(
			SELECT count($call) FROM derived, generate_series(1, 10000) i WHERE name = '$name'),
			50, $tries);
		$worst = $late if $late > $worst;
		push @bad, $late < 0 && $output ne '' ? "$name: not canceled: $output"
		  : "$name: $late ms after the timeout"
		  if $late > $bound || $late < 0 && $output ne '';
	}
	is(join("\n", @bad), '', sprintf '%s: canceled in time (%.1f ms)', $call, $worst);
}

# A page of changes: many entries, a long diff, a pattern of paths.
$node->safe_psql(
	'postgres', q(
	CREATE TABLE tracked (id int PRIMARY KEY, doc jsonb);
	SELECT diffgen_track('tracked');
	INSERT INTO tracked_changelog (id, changed_at, operation, document, diff, paths)
	SELECT 1, now(), 'update', 'doc', diff, ARRAY['$' || repeat('.a', 5000)]
	FROM derived, generate_series(1, CASE name WHEN 'no line in common' THEN 2 ELSE 0 END) i
	UNION ALL
	SELECT i, now(), 'update', 'doc', E'--- a\n+++ b\n@@ -1 +1 @@\n-a\n+b\n', ARRAY['$' || repeat('.a', 50)]
	FROM generate_series(1, 20000) i));
foreach my $options ('{"limit": 100000}', '{"lines": 1000000}',
	'{"limit": 1, "path": "$.**.a.**.a.**.b"}')
{
	my ($late, $output) = $measure->(qq(
		SELECT count(diffgen_timeline_html('tracked', NULL, '$options'))
		FROM generate_series(1, 10000)), 50, $tries);
	ok($output eq '' && $late <= $bound,
		sprintf 'diffgen_timeline_html, %s: canceled in time (%.1f ms)%s', $options, $late, $output);
}

# The rows of a statement, and the join of those whose keys have changed.
$node->safe_psql('postgres', q(
	CREATE TABLE bulk (id int PRIMARY KEY, doc jsonb);
	INSERT INTO bulk SELECT i, jsonb_build_object('n', i) FROM generate_series(1, 60000) i;
	SELECT diffgen_track('bulk', NULL, '{"level": "statement"}')));
foreach my $change ("doc = doc || '{\"a\": 1}', id = id + 100000", 'id = id + 100000')
{
	my ($late, $output) = $measure->("UPDATE bulk SET $change", 400, $tries);
	ok($output eq '' && $late <= $bound,
		sprintf 'tracking by statement, %s: canceled in time (%.1f ms)%s', $change, $late, $output);
}

# The same from another session.
foreach my $kind ('text', 'jsonb')
{
	my $best = 1e9;
	my ($old, $new) = $kind eq 'text' ? ('old', 'new') : ('old_doc', 'new_doc');

	for my $try (1 .. $tries)
	{
		my ($in, $out, $err) = ('', '', '');
		my $session = IPC::Run::start(
			[ 'psql', '-X', '-A', '-t', '-q', '-d', $node->connstr('postgres') ],
			'<' => \$in, '>' => \$out, '2>' => \$err,
			IPC::Run::timeout(60));
		$in .= qq(SET application_name = 'victim';
			SELECT count(diffgen($old, $new, '{"algorithm": "minimal"}'))
			FROM hard, generate_series(1, 100000) i
			WHERE name = 'all lines shuffled';\n);
		$session->pump_nb;
		$node->poll_query_until('postgres',
			q(SELECT count(*) = 1 FROM pg_stat_activity
			  WHERE application_name = 'victim' AND state = 'active'))
		  or die 'the session did not start';
		usleep(200_000);
		my $ms = $node->safe_psql('postgres', q(
			DO $$
			DECLARE
				start timestamptz := clock_timestamp();
			BEGIN
				PERFORM pg_cancel_backend(pid) FROM pg_stat_activity
				WHERE application_name = 'victim';
				LOOP
					PERFORM pg_stat_clear_snapshot();
					EXIT WHEN NOT EXISTS (SELECT FROM pg_stat_activity
						WHERE application_name = 'victim' AND state = 'active');
					PERFORM pg_sleep(0.001);
				END LOOP;
				RAISE NOTICE '%', extract(epoch FROM clock_timestamp() - start) * 1000;
				PERFORM set_config('test.ms', (extract(epoch FROM clock_timestamp() - start) * 1000)::text, false);
			END $$;
			SELECT current_setting('test.ms')));
		$in .= "\\q\n";
		$session->finish;
		like($err, qr/canceling statement due to user request/, "$kind: pg_cancel_backend, try $try");
		$best = $ms if $ms < $best;
		last if $best < 20;
	}
	cmp_ok($best, '<', $bound, "$kind: pg_cancel_backend ends a diff in time ($best ms)");
}

# The session goes on as if nothing had been.
is( $node->safe_psql('postgres', q(SELECT diffgen(E'a\n'::text, E'b\n'::text) LIKE '%-a%')),
	't', 'the server is well');

$node->stop;
done_testing();
