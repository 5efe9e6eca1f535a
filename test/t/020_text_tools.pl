
# What the functions that apply, show and merge text need of the server: every
# encoding, cancels, and memory.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../perl";

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Diffgen;

my $node = new_cluster('main');

#
# Encodings.  Literals are given by code point; the server encodes them.
#
foreach my $encoding (qw(LATIN1 KOI8R EUC_JP SQL_ASCII))
{
	my $name = lc $encoding;

	$node->safe_psql('postgres',
		"CREATE DATABASE $name TEMPLATE template0 ENCODING '$encoding' LOCALE 'C'");
	$node->safe_psql($name, 'CREATE EXTENSION diffgen');
}

sub check
{
	my ($database, $sql, $what) = @_;

	is($node->safe_psql($database, "SELECT $sql"), 't', "$database: $what");
}

check('latin1', q(diffgen_words(U&'caf\00E9 x', U&'caf\00E8 x') =
	U&'[-caf\00E9-]{+caf\00E8+} x'), 'words have letters with accents');
check('latin1', q(diffgen_words(U&'\00E9a', U&'\00E8a', '{"granularity": "char"}') =
	U&'[-\00E9-]{+\00E8+}a'), 'characters');
check('latin1', q(diffgen_ansi(diffgen('', U&'x\009B31m')) LIKE '%+x<U+009B>31m%'),
	'controls beyond ASCII do not reach the terminal');
check('latin1', q(diffgen_html(diffgen('', U&'x\009B31m')) LIKE '%x<span class="dg-x">U+009B</span>31m%'),
	'nor the page');
check('koi8r', q(diffgen_words(U&'\043C\0438\0440 x', U&'\043C\0438\0448 x') =
	U&'[-\043C\0438\0440-]{+\043C\0438\0448+} x'), 'words are whole');
check('euc_jp', q(diffgen_words(U&'\3042\3044x', U&'\3042\3046x') = U&'\3042[-\3044-]{+\3046+}x'),
	'each character is a word');
check('euc_jp', q(diffgen_words(U&'x\3042\3044', U&'x\3042\3046', '{"granularity": "char"}') =
	U&'x\3042[-\3044-]{+\3046+}'), 'and none is cut in two');
check('euc_jp', q((SELECT bool_and(length(line) <= 60) FROM (SELECT line, row_number() OVER () n FROM
	regexp_split_to_table(regexp_replace(diffgen_ansi(diffgen(repeat(U&'\3042', 100), ''),
	'{"width": 60}'), '\033\[[0-9]*m', '', 'g'), E'\n') line) l)), 'wide characters take two columns');
check('euc_jp', q((SELECT string_agg((length(line) - length(replace(line, U&'\3042', '')))::text, ' ' ORDER BY n) = '12 12 6'
	FROM regexp_split_to_table(diffgen_ansi(diffgen(repeat(U&'\3042', 30) || E'\n', ''), '{"width": 60}'), E'\n')
	WITH ORDINALITY AS l(line, n) WHERE line ~ U&'\3042')), 'lines are broken between them');
check('sql_ascii', q(diffgen_words('a b', 'a c') = 'a [-b-]{+c+}'), 'words of ASCII');

# Lines are bytes, in any encoding.
foreach my $case (
	[ 'latin1', '\00E9' ], [ 'koi8r', '\0436' ], [ 'euc_jp', '\65E5' ], [ 'postgres', '\+01F600' ])
{
	my ($database, $char) = @$case;

	check($database, qq(diffgen_apply(a, d) = b AND diffgen_apply(b, diffgen_invert(d)) = a AND
		(SELECT string_agg(line, '' ORDER BY new_line) FROM diffgen_lines(d) WHERE op <> '-') = replace(b, E'\\n', '') AND
		(SELECT merged = b AND conflicts = 0 FROM diffgen_merge(a, b, a)) AND
		(SELECT merged ~ E'<<<<<<< ours\\n' FROM diffgen_merge('', a, b))
		FROM (SELECT a, b, diffgen(a, b) AS d FROM (SELECT U&'x\\000A$char 1\\000A' AS a,
			U&'x\\000A$char 2\\000A$char\\000A' AS b) s) t), "lines with $char");
}

#
# Cancels, in what takes longest.
#
$node->safe_psql('postgres', q(
	CREATE TABLE hard (name text, a text, b text, d text);
	ALTER TABLE hard ALTER a SET STORAGE EXTERNAL, ALTER b SET STORAGE EXTERNAL, ALTER d SET STORAGE EXTERNAL;
	INSERT INTO hard SELECT 'words', string_agg(md5(i::text), ' ' ORDER BY i),
		string_agg(md5(i::text), ' ' ORDER BY md5(i::text)) FROM generate_series(1, 200000) i;
	INSERT INTO hard SELECT 'lines', string_agg((hashint4(i) % 50)::text, E'\n' ORDER BY i),
		string_agg((hashint4(-i) % 50)::text, E'\n' ORDER BY i) FROM generate_series(1, 200000) i;
	INSERT INTO hard SELECT 'moved', a, E'2\n' || a, diffgen(a, b, '{"context": 30}') FROM (
		SELECT string_agg((hashint4(i) & 1)::text || E'\n', '' ORDER BY i) AS a,
			string_agg(CASE WHEN i % 70 = 35 THEN i::text ELSE (hashint4(i) & 1)::text END || E'\n', '' ORDER BY i) AS b
		FROM generate_series(1, 400000) i) s;
	INSERT INTO hard SELECT 'long', '', '', E'@@ -0,0 +1,1000000 @@\n' || string_agg('+line ' || i || E'\n', '')
		FROM generate_series(1, 1000000) i;
	INSERT INTO hard SELECT 'pairs', '', '', E'@@ -1,300000 +1,300000 @@\n' ||
		string_agg('-one line ' || i || E'\n+two lines ' || i || E'\n', '') FROM generate_series(1, 300000) i));

foreach my $case (
	[ 'words', 'diffgen_words(a, b)' ],
	[ 'words', q(diffgen_words(a, b, '{"granularity": "char"}')) ],
	[ 'lines', 'diffgen_merge(a, b, reverse(a))' ],
	[ 'lines', q(diffgen_merge(a, b, reverse(b), '{"style": "zdiff3"}')) ],
	[ 'moved', 'diffgen_apply(b, d)' ],
	[ 'long', 'diffgen_html(d), diffgen_html(d), diffgen_html(d)' ],
	[ 'pairs', 'diffgen_ansi(d), diffgen_ansi(d), diffgen_ansi(d)' ],
	[ 'pairs', q(diffgen_html(d, '{"layout": "side-by-side"}')) ],
	[ 'long', '(SELECT count(*) FROM (SELECT diffgen_lines(d)) l)' ],
	[ 'long', 'diffgen_invert(d), diffgen_apply(a, d), diffgen_invert(d), diffgen_invert(d), diffgen_invert(d), diffgen_invert(d), diffgen_invert(d), diffgen_invert(d)' ])
{
	my ($name, $call) = @$case;
	my ($out, $err);

	$node->psql('postgres',
		"SET statement_timeout = 20;\n\\timing on\n" .
		"SELECT $call FROM hard WHERE name = '$name' \\g /dev/null\n" x 5,
		stdout => \$out, stderr => \$err, on_error_stop => 0);
	my $canceled = () = $err =~ /canceling statement due to statement timeout/g;
	my ($best) = sort { $a <=> $b } $out =~ /^Time: ([\d.]+) ms/mg;
	ok($canceled == 5 && $best < 120, "a timeout ends $call")
	  or diag("canceled $canceled times of 5, at best after $best ms\n$err");
}

#
# Memory.
#
SKIP:
{
	skip '/proc/PID/status is not there', 2 unless can_read_memory();

	my $private = q(substring(pg_read_file(format('/proc/%s/status', pg_backend_pid())) FROM 'RssAnon:\s+(\d+)')::int);
	my $peak = q(substring(pg_read_file(format('/proc/%s/status', pg_backend_pid())) FROM 'VmHWM:\s+(\d+)')::int);

	# Nothing stays behind.
	my $calls = q(
		SELECT count(length(diffgen_html(d)) + length(diffgen_ansi(d, '{"width": 100}')) +
			length(diffgen_apply(a, d)) + length(diffgen_invert(d)) + length(diffgen_words(a, b)) +
			(diffgen_merge(a, b, c)).conflicts + (SELECT count(*) FROM diffgen_lines(d)))
		FROM (SELECT a, b, c, diffgen(a, b) AS d FROM (SELECT string_agg('line ' || i || E'\n', '' ORDER BY i) AS a,
				string_agg('line ' || i * (i % 7) || E'\n', '' ORDER BY i) AS b,
				string_agg('line ' || i * (i % 5) || E'\n', '' ORDER BY i) AS c
			FROM generate_series(1, 500) i) s OFFSET 0) t, generate_series(1, %d) i
		WHERE i > 0 OR d = random()::text);
	my ($first, $last) = $node->safe_psql('postgres',
		sprintf($calls, 100) . ";\nSELECT 'memory ' || $private;\n" .
		sprintf($calls, 3000) . ";\nSELECT 'memory ' || $private;") =~ /memory (\d+)/g;
	note("private memory: $first kB after 100 calls, $last kB after 3,000 more");
	ok($last < $first * 1.05 + 1024, 'nothing stays behind a call');

	# A long diff is taken apart in little more memory than it takes.
	my ($before, $after) = $node->safe_psql('postgres', qq(
		SELECT length(d) FROM hard WHERE name = 'long';
		SELECT 'memory ' || $peak;
		SELECT count(*) FROM (SELECT diffgen_lines(d) FROM hard WHERE name = 'long') l;
		SELECT 'memory ' || $peak;)) =~ /memory (\d+)/g;
	note("peak memory: $before kB before, $after kB after the rows of a diff of 13 MB");
	ok($after - $before < 48 * 1024, 'rows come one by one');
}

#
# Limits.
#
SKIP:
{
	skip 'needs 8 GB of memory', 6 if machine_memory() < 8;

	foreach my $case (
		[ q(diffgen_html(E'@@ -0,0 +1 @@\n+' || repeat('"', 200000000))),
			'54000: result of the diff is too large' ],
		[ q(diffgen_ansi(E'@@ -0,0 +1 @@\n+' || repeat(U&'\202E', 140000000))),
			'54000: result of the diff is too large' ],
		[ q(diffgen_words(repeat('ab', 34000000), repeat('ba', 34000000), '{"granularity": "char"}')),
			'54000: texts differ over too many words' ])
	{
		my ($call, $error) = @$case;
		my ($out, $err);

		$node->psql('postgres', "\\set VERBOSITY verbose\nSELECT length($call);",
			stdout => \$out, stderr => \$err);
		like($err, qr/ERROR:\s+$error/, "$error");
		like($err, qr/^HINT:  [A-Z].*\.$/m, 'with a hint');
	}
}

$node->stop;
done_testing();
