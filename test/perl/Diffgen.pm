# test/perl/Diffgen.pm
#	  What the TAP tests share: a cluster with the extension, hard inputs, and
#	  a look at a backend's memory.

package Diffgen;

use strict;
use warnings;

use Exporter 'import';
use Time::HiRes qw(time);

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;

our @EXPORT = qw(new_cluster hard_inputs elapsed memory_of can_read_memory
  machine_memory force_parallel);

# new_cluster NAME, OPTIONS of init: a running cluster that has the extension
# and, in the schema "hard", the functions that make hard inputs.
sub new_cluster
{
	my ($name, %init) = @_;
	my $node = PostgreSQL::Test::Cluster->new($name);

	$node->init(
		extra => [ '--encoding=UTF8', '--locale=C' ],
		%init);
	$node->append_conf(
		'postgresql.conf', qq(
		fsync = off
		shared_buffers = 64MB
		max_wal_size = 4GB
		autovacuum = off
		jit = off));
	$node->start;
	$node->safe_psql('postgres', 'CREATE EXTENSION diffgen');
	return $node;
}

# Pairs of documents on which a search for differences has most to do.  Each
# entry: a name, and SQL that makes the columns old and new (text) of N lines.
sub hard_inputs
{
	my ($n) = @_;

	# Numbers that look random and are the same everywhere.
	my $random = '(i::bigint * 7919 + 104729) * 31337';

	return (
		[
			'no line in common', qq(
			SELECT string_agg('old ' || i, E'\\n') AS old,
				   string_agg('new ' || i, E'\\n') AS new
			FROM generate_series(1, $n) i)
		],
		[
			'all lines shuffled', qq(
			SELECT string_agg('line ' || i, E'\\n' ORDER BY i) AS old,
				   string_agg('line ' || i, E'\\n' ORDER BY md5(i::text)) AS new
			FROM generate_series(1, $n) i)
		],
		[
			'two lines repeated in turn', qq(
			SELECT string_agg(CASE i % 2 WHEN 0 THEN 'a' ELSE 'b' END, E'\\n' ORDER BY i) AS old,
				   string_agg(CASE $random % 2 WHEN 0 THEN 'a' ELSE 'b' END, E'\\n' ORDER BY i) AS new
			FROM generate_series(1, $n) i)
		],
		[
			'few distinct lines', qq(
			SELECT string_agg('v' || abs(hashint4(i)) % 40, E'\\n' ORDER BY i) AS old,
				   string_agg('v' || abs(hashint4(-i)) % 40, E'\\n' ORDER BY i) AS new
			FROM generate_series(1, $n) i)
		],
		[
			'reversed', qq(
			SELECT string_agg('line ' || i, E'\\n' ORDER BY i) AS old,
				   string_agg('line ' || i, E'\\n' ORDER BY i DESC) AS new
			FROM generate_series(1, $n) i)
		]);
}

# elapsed CODE: seconds
sub elapsed
{
	my ($code) = @_;
	my $start = time();

	$code->();
	return time() - $start;
}

# memory_of PID, FIELD: kB, of /proc/PID/status; undefined where there is none
sub memory_of
{
	my ($pid, $field) = @_;

	open(my $file, '<', "/proc/$pid/status") or return undef;
	while (<$file>)
	{
		return $1 if /^\Q$field\E:\s+(\d+) kB/;
	}
	return undef;
}

sub can_read_memory
{
	return defined memory_of($$, 'RssAnon');
}

# GB of memory that the machine can give now; 0 where it does not tell
sub machine_memory
{
	open(my $file, '<', '/proc/meminfo') or return 0;
	while (<$file>)
	{
		return $1 / 1024 / 1024 if /^MemAvailable:\s+(\d+) kB/;
	}
	return 0;
}

# The setting that makes the planner run everything in a parallel worker.
sub force_parallel
{
	my ($node) = @_;

	return $node->pg_version >= 16 ? 'debug_parallel_query' : 'force_parallel_mode';
}

1;
