
# Memory is bounded, and nothing stays behind a call (I8).
#
# Two things are measured of a backend, both as the kernel sees them:
# RssAnon, its private memory, after the first 100 diffs and after 10,000; and
# the growth of VmHWM, its peak, by one large diff, against what the documents
# and the result take.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../perl";

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Diffgen;

plan skip_all => '/proc/PID/status is not there, or has no RssAnon'
  unless can_read_memory();

my $node = new_cluster('main');

# Documents of some 1 MB, in 12 versions; a few lines differ between
# neighbours.  The text is stored as it is, the jsonb compressed.  The view
# goes by the numbers of a series, so that its rows come in their order.
$node->safe_psql(
	'postgres', q(
	CREATE TABLE snapshot (version int PRIMARY KEY, doc text, tree jsonb);
	ALTER TABLE snapshot ALTER doc SET STORAGE EXTERNAL;
	INSERT INTO snapshot
	SELECT v, diffgen_text(tree), tree FROM (
		SELECT v, jsonb_build_object('kind', 'CustomResourceDefinition', 'spec',
			jsonb_object_agg('field' || i, jsonb_build_object(
				'type', 'string', 'nullable', i % 3 = 0,
				'description', md5(i::text) || ' ' || repeat('text ', i % 20) ||
					CASE WHEN i % 1000 = v THEN v::text ELSE '' END))) AS tree
		FROM generate_series(1, 12) v, generate_series(1, 7000) i
		GROUP BY v) q;
	CREATE VIEW pair AS
	SELECT i, (SELECT doc FROM snapshot WHERE version = 1 + i % 11) AS old,
		   (SELECT doc FROM snapshot WHERE version = 2 + i % 11) AS new,
		   (SELECT tree FROM snapshot WHERE version = 1 + i % 11) AS old_tree,
		   (SELECT tree FROM snapshot WHERE version = 2 + i % 11) AS new_tree
	FROM generate_series(1, 10000) i;

	CREATE FUNCTION private_memory() RETURNS int LANGUAGE plpgsql AS
	$$
	BEGIN
		RETURN substring(pg_read_file(format('/proc/%s/status', pg_backend_pid()))
						 FROM 'RssAnon:\s+(\d+)');
	END
	$$));

# A table with a history, and a large document that was deleted.
$node->safe_psql(
	'postgres', q(
	CREATE TABLE tracked (id int PRIMARY KEY, doc jsonb);
	SELECT diffgen_track('tracked');
	INSERT INTO tracked SELECT 1, jsonb_object_agg('key' || i, i) FROM generate_series(1, 2000) i;
	UPDATE tracked SET doc = doc || '{"key1": 0}';
	UPDATE tracked SET doc = doc || '{"key2": {"more": [1, 2, 3]}}';
	DELETE FROM tracked));
note($node->safe_psql('postgres',
	"SELECT pg_size_pretty(avg(length(doc))) || ' of text, ' || pg_size_pretty(avg(pg_column_size(tree))) || ' of compressed jsonb' FROM snapshot"));

# A session of psql that we look at from outside, statement by statement.
sub session
{
	my ($in, $out, $err) = ('', '', '');
	my $run = IPC::Run::start(
		[ 'psql', '-X', '-A', '-t', '-q', '-v', 'ON_ERROR_STOP=1',
			'-d', $node->connstr('postgres') ],
		'<' => \$in, '>' => \$out, '2>' => \$err,
		IPC::Run::timeout(600));
	my $ask = sub {
		my ($sql) = @_;

		$out = '';
		$in .= "$sql;\n\\echo done\n";
		$run->pump until $out =~ s/^done$//m;
		chomp $out;
		die $err if $err ne '';
		return $out;
	};
	my $pid = $ask->('SELECT pg_backend_pid()');
	$pid =~ s/\D//g;
	return ($pid, $ask, sub { $in .= "\\q\n"; $run->finish });
}

foreach my $case (
	[ 'text, diffgen', 'length(diffgen(old, new))' ],
	[ 'text, diffgen_stat', '(diffgen_stat(old, new)).added', 1000 ],
	[ 'jsonb, diffgen', 'length(diffgen(old_tree, new_tree))' ],
	[ 'jsonb, diffgen_stat', '(diffgen_stat(old_tree, new_tree)).added', 1000 ],
	[ 'text, all algorithms',
		q(length(diffgen(old, new, ('{"algorithm": "' || (ARRAY['myers', 'minimal', 'patience', 'histogram'])[1 + i % 4] || '"}')::jsonb))), 1000 ],
	[ 'jsonb, diffgen_text', 'length(diffgen_text(new_tree))', 1000 ],
	[ 'jsonb, diffgen_entry', 'length(diffgen_entry(old_tree, new_tree)::text)', 1000 ],
	[ 'jsonb, diffgen_changes', '(SELECT count(*) FROM diffgen_changes(old_tree, new_tree))', 1000 ],
	[ 'jsonb, diffgen_apply', 'pg_column_size(diffgen_apply(old_tree, diffgen_patch(old_tree, new_tree)))', 1000 ],
	[ 'text, diffgen_apply', 'length(diffgen_apply(old, diffgen(old, new)))', 1000 ],
	[ 'text, diffgen_lines', '(SELECT count(*) FROM diffgen_lines(diffgen(old, new)))', 1000 ],
	[ 'text, diffgen_html', 'length(diffgen_html(diffgen(old, new)))', 1000 ],
	[ 'diffgen_timeline_html',
		q(length(diffgen_timeline_html('tracked', NULL, '{"lines": 10000, "path": ["$.key1", "$.key2"]}') || diffgen_timeline_html('tracked', '{"id": 1}', '{"lines": 10000}'))), 1000 ])
{
	my ($name, $expression, $n) = @$case;

	$n ||= 10000;
	my ($total, $before, $after) = split /\|/, $node->safe_psql('postgres', qq(
		SELECT sum($expression),
			   max(private_memory()) FILTER (WHERE i <= 100 AND i % 10 = 0),
			   max(private_memory()) FILTER (WHERE i > $n - 100 AND i % 10 = 0)
		FROM pair WHERE i <= $n));

	cmp_ok($total, '>', 0, "$name: $n diffs in a query");
	cmp_ok($after, '<=', $before * 1.05,
		"$name: $n leave $after kB, the first 100 left $before kB");
}

# An error half-way leaves no more behind than a result does.
{
	my ($pid, $ask, $quit) = session();
	my $fail = sub {
		my ($n) = @_;
		$ask->(qq(DO \$\$
			DECLARE
				old text := (SELECT doc FROM snapshot WHERE version = 1);
				new text := (SELECT doc FROM snapshot WHERE version = 2);
				old_tree jsonb := (SELECT tree FROM snapshot WHERE version = 1);
				new_tree jsonb := (SELECT tree FROM snapshot WHERE version = 2);
			BEGIN
				FOR i IN 1..$n LOOP
					BEGIN
						PERFORM 1 / length(left(diffgen(old, new), 0));
					EXCEPTION WHEN division_by_zero THEN
					END;
					BEGIN
						PERFORM diffgen(old_tree, new_tree, '{"no such": 1}');
					EXCEPTION WHEN invalid_parameter_value THEN
					END;
				END LOOP;
			END \$\$));
	};
	$fail->(100);
	my $before = memory_of($pid, 'RssAnon');
	$fail->(1000);
	my $after = memory_of($pid, 'RssAnon');
	$quit->();
	cmp_ok($after, '<=', $before * 1.05,
		"errors: 1000 leave $after kB, the first 100 left $before kB");
}

# The peak of one large diff.  Each document is stored uncompressed, so that
# reading it makes one copy of it; the result exists once as it is built (its
# buffer doubles: at most twice its size) and is not sent, only measured.
my $lines = 200_000;
my @large = hard_inputs($lines);
push @large,
  [
	'1% of the lines edited', qq(
	SELECT string_agg('line ' || i, E'\\n' ORDER BY i) AS old,
		   string_agg(CASE WHEN abs(hashint4(i)) % 100 = 0 THEN 'edited ' ELSE 'line ' END || i,
					  E'\\n' ORDER BY i) AS new
	FROM generate_series(1, $lines) i)
  ];

$node->safe_psql(
	'postgres', q(
	CREATE TABLE large (name text, old text, new text, old_tree jsonb, new_tree jsonb);
	ALTER TABLE large ALTER old SET STORAGE EXTERNAL, ALTER new SET STORAGE EXTERNAL,
		ALTER old_tree SET STORAGE EXTERNAL, ALTER new_tree SET STORAGE EXTERNAL));
foreach my $input (@large)
{
	my ($name, $sql) = @$input;

	$node->safe_psql(
		'postgres', qq(
		INSERT INTO large
		SELECT '$name', old, new, to_jsonb(string_to_array(old, E'\\n')),
			   to_jsonb(string_to_array(new, E'\\n'))
		FROM ($sql) q));
}

foreach my $input (@large)
{
	my ($name) = @$input;

	foreach my $kind ('text', 'jsonb')
	{
		foreach my $algorithm ('myers', 'patience', 'histogram',
			$kind eq 'text' && $name =~ /edited/ ? ('minimal') : ())
		{
			my ($old, $new) = $kind eq 'text' ? ('old', 'new') : ('old_tree', 'new_tree');
			my ($pid, $ask, $quit) = session();

			# what a session has anyway, with the library and the caches loaded
			$ask->(qq(SELECT length(diffgen($old, $new)) FROM (
				SELECT 'a'::text AS old, 'b'::text AS new,
					   '[1]'::jsonb AS old_tree, '[2]'::jsonb AS new_tree) q));
			$ask->("SELECT count(*) FROM large WHERE name = '$name' AND pg_column_size($old) > 0");
			my $base = memory_of($pid, 'RssAnon');
			my $sizes = $ask->(qq(
				SELECT pg_column_size($old) + pg_column_size($new),
					   length(diffgen($old, $new, '{"algorithm": "$algorithm"}'))
				FROM large WHERE name = '$name'));
			my $peak = memory_of($pid, 'VmHWM') - memory_of($pid, 'RssFile') -
			  memory_of($pid, 'RssShmem');
			$quit->();

			my ($documents, $result) = split /\|/, $sizes;
			my $allowed = ($documents + 2 * $result + 40 * 2 * $lines) / 1024 + 1024;
			my $used = $peak - $base;
			cmp_ok($used, '<=', $allowed,
				sprintf '%s, %s, %s: peak %d kB of %d kB allowed (documents %d, result %d)',
				$kind, $name, $algorithm, $used, $allowed, $documents / 1024, $result / 1024);
		}
	}
}

$node->stop;
done_testing();
