
# Near the limits: documents close to 1 GB, results beyond it, depth.  Each
# works, or is one clear error with a hint; the server never goes down.
#
# PostgreSQL's own limit is 1 GB - 1 for a value and for an allocation, so
# this takes some GB of memory, and is skipped where the machine has less
# than 8 to give.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../perl";

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Diffgen;

my $node = new_cluster('main');
my $started = $node->safe_psql('postgres', 'SELECT pg_postmaster_start_time()');

# Runs a statement that must fail with the SQLSTATE, a message like the
# pattern, and a hint.
sub fails
{
	my ($sql, $state, $pattern, $name) = @_;
	my ($stdout, $stderr);

	my $status = $node->psql(
		'postgres', "\\set VERBOSITY verbose\n$sql;",
		stdout => \$stdout,
		stderr => \$stderr);
	isnt($status, 0, "$name: an error");
	like($stderr, qr/ERROR:\s+$state: $pattern/, "$name: SQLSTATE and message");
	like($stderr, qr/^HINT:  [A-Z].*\.$/m, "$name: a hint");
	is($stdout, '', "$name: no half result");
}

# Depth: what jsonb can hold is shown, or the stack's limit is reported as
# PostgreSQL reports it.
is( $node->safe_psql('postgres', q(
		SELECT length(diffgen(repeat('[', 1000) || '1' || repeat(']', 1000),
							  repeat('[', 1000) || '2' || repeat(']', 1000))) > 0,
			   diffgen((repeat('[', 1000) || '1' || repeat(']', 1000))::jsonb,
					   (repeat('[', 1000) || '2' || repeat(']', 1000))::jsonb) LIKE
			   '%-' || repeat(' ', 2000) || '1%')),
	't|t', 'documents 1000 levels deep');
{
	# the deepest jsonb that its input function takes within 7 MB of stack
	my ($stdout, $stderr);

	$node->safe_psql('postgres', q(
		CREATE TABLE deep (doc jsonb);
		SET max_stack_depth = '7MB';
		INSERT INTO deep SELECT (repeat('{"a":', 20000) || '1' || repeat('}', 20000))::jsonb));
	foreach my $call (
		q(diffgen(doc, '{"a": {"a": 1}}')), q(diffgen_stat(doc, '1')),
		q(diffgen_text(doc)), q(diffgen('{"a": 1}', doc)))
	{
		my $status = $node->psql(
			'postgres', "\\set VERBOSITY verbose\nSET max_stack_depth = '100kB'; SELECT length(($call)::text) FROM deep",
			stdout => \$stdout,
			stderr => \$stderr);
		if ($status == 0)
		{
			cmp_ok($stdout, '>', 0, "$call, 20000 levels in 100 kB of stack: a result");
		}
		else
		{
			like($stderr, qr/ERROR:\s+54001: stack depth limit exceeded.*HINT: /s,
				"$call, 20000 levels in 100 kB of stack: the stack's own error");
		}
	}
}

# A result is less than 1 GB, and so is each document; the error comes before
# the memory is spent.
my $machine = machine_memory();
SKIP:
{
	skip $machine == 0
	  ? 'how much memory the machine has is not known (/proc/meminfo)'
	  : sprintf('the machine has %.1f GB of memory to give, this takes 8', $machine), 1
	  if $machine < 8;

	# 550 MB each, nothing in common: the result would have 1.1 GB.
	fails(
		q(SELECT length(diffgen(repeat('old line of 20 byte' || chr(10), 27500000),
								repeat('new line of 20 byte' || chr(10), 27500000)))),
		'54000', 'result of the diff is too large', 'a result over 1 GB');
	is( $node->safe_psql('postgres', q(
			SELECT diffgen_stat(repeat('old line of 20 byte' || chr(10), 27500000),
								repeat('new line of 20 byte' || chr(10), 27500000)))),
		'(27500000,27500000,1,t)', 'its figures can still be had');

	# One line near the limit of text, and one byte that differs.
	is( $node->safe_psql('postgres', q(
			SELECT diffgen_stat(repeat('x', 1000000000), repeat('x', 999999999) || 'y'))),
		'(1,1,1,t)', 'one line of 1 GB');
	fails(
		q(SELECT length(diffgen(repeat('x', 1000000000), repeat('x', 999999999) || 'y'))),
		'54000', 'result of the diff is too large', 'a diff of lines of 1 GB');

	# A document of 1 GB with a small change has a small diff.
	is( $node->safe_psql('postgres', q(
			SELECT diffgen(doc || 'the end', doc || 'an end', '{"context": 1}')
			FROM (SELECT repeat('a line of 20 bytes:' || chr(10), 53600000) AS doc) d)),
		join("\n",
			'--- before', '+++ after',
			'@@ -53600000,2 +53600000,2 @@',
			' a line of 20 bytes:', '-the end',
			'\\ No newline at end of file',
			'+an end', "\\ No newline at end of file\n"),
		'a small change in a document of 1 GB');

	# More lines than the engine counts in a changed middle: an error, or
	# the right figures, but no wrong ones.
	{
		my ($stdout, $stderr);
		my $status = $node->psql(
			'postgres', q(SELECT diffgen_stat('x' || repeat(chr(10) || 'a', 150000000),
											  'y' || repeat(chr(10) || 'b', 150000000))),
			stdout => \$stdout,
			stderr => \$stderr);
		if ($status == 0)
		{
			is($stdout, '(150000001,150000001,1,t)', '150 million lines');
		}
		else
		{
			like($stderr, qr/ERROR:.*lines.*\nHINT: /s, '150 million lines: a clear error');
		}
	}

	# jsonb: its own limit is 256 MB a container, and the canonical text is
	# larger than the value.
	$node->safe_psql('postgres', q(
		CREATE TABLE large (doc jsonb);
		ALTER TABLE large ALTER doc SET STORAGE EXTERNAL;
		INSERT INTO large SELECT jsonb_agg(jsonb_build_array(i, jsonb_build_array(1)))
		FROM generate_series(1, 6000000) i));
	note($node->safe_psql('postgres', 'SELECT pg_size_pretty(pg_column_size(doc)::bigint) FROM large'));
	is( $node->safe_psql('postgres', q(
			SELECT diffgen_stat(doc, doc || '[2]') FROM large)),
		'(2,1,1,t)', 'a large jsonb: figures');
	is( $node->safe_psql('postgres', q(
			SELECT diffgen(doc, doc - 0, '{"context": 0}') LIKE
				   E'--- before\n+++ after\n@@ -2,6 +1,0 @@\n-  [\n-    1,\n-    [\n-      1\n-    ]\n-  ],\n' FROM large)),
		't', 'a large jsonb: a small diff');

	# Deeply indented: 256 MB of jsonb make more than 1 GB of text.
	$node->safe_psql('postgres', q(
		INSERT INTO large
		SELECT (repeat('[', 500) || '[' || string_agg('1', ',') || ']' || repeat(']', 500))::jsonb
		FROM generate_series(1, 3000000) i));
	fails(
		q(SELECT length(diffgen_text(doc)) FROM large WHERE jsonb_array_length(doc) = 1),
		'54000', 'result of the diff is too large', 'a canonical text over 1 GB');
	fails(
		q(SELECT length(diffgen(doc, '[]')) FROM large WHERE jsonb_array_length(doc) = 1),
		'54000', 'result of the diff is too large', 'a jsonb diff over 1 GB');
	is( $node->safe_psql('postgres',
			q(SELECT (diffgen_stat(doc, '[]')).removed FROM large WHERE jsonb_array_length(doc) = 1)),
		3000000 + 2 * 501, 'its figures can still be had');
}

# Context beyond any document.
is( $node->safe_psql('postgres', q(
		SELECT diffgen(E'a\nb\nc\n'::text, E'a\nb\nd\n'::text, '{"context": 2147483647}') =
			   diffgen(E'a\nb\nc\n'::text, E'a\nb\nd\n'::text),
			   diffgen('[1, 2]'::jsonb, '[1, 3]'::jsonb, '{"context": 2147483647}') =
			   diffgen('[1, 2]'::jsonb, '[1, 3]'::jsonb))),
	't|t', 'the largest context');

is($node->safe_psql('postgres', 'SELECT pg_postmaster_start_time()'), $started,
	'the server has not been down');
my $log = slurp_file($node->logfile);
unlike($log, qr/terminated by signal|PANIC|invalid memory alloc|TRAP:/,
	'nothing bad in its log');

$node->stop;
done_testing();
