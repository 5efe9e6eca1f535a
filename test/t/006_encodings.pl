
# The same bytes in every encoding and locale (I6).
#
# A database compares bytes: the engine looks at no locale and no encoding, so
# that the same documents give the same diff everywhere they can be stored,
# and text that only differs in its encoding gives a diff that only differs
# in its encoding.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../perl";

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Diffgen;

# Locales of our own, so that what the system has does not matter: glibc
# looks for them where LOCPATH says.
my $locales = PostgreSQL::Test::Utils::tempdir() . '/locales';
mkdir $locales or die "could not make $locales: $!";
my %made;
foreach my $locale (
	[ 'tr_TR', 'UTF-8' ], [ 'tr_TR', 'ISO-8859-9' ], [ 'de_DE', 'ISO-8859-1' ],
	[ 'cs_CZ', 'UTF-8' ])
{
	my ($language, $charset) = @$locale;
	my $name = "$language.$charset";

	system(qq(localedef -i $language -f $charset "$locales/$name" >"$locales/log" 2>&1));
	$made{$name} = 1 if -d "$locales/$name";
}
$ENV{LOCPATH} = $locales if %made;

my $node = new_cluster('main');

# name, encoding, other settings of CREATE DATABASE
my @databases = (
	[ 'utf8_c', 'UTF8', "LOCALE 'C'" ],
	[ 'latin1_c', 'LATIN1', "LOCALE 'C'" ],
	[ 'sql_ascii', 'SQL_ASCII', "LOCALE 'C'" ],
	[ 'koi8r_c', 'KOI8R', "LOCALE 'C'" ],
	[ 'eucjp_c', 'EUC_JP', "LOCALE 'C'" ]);
push @databases, [ 'utf8_tr', 'UTF8', "LOCALE 'tr_TR.UTF-8'" ] if $made{'tr_TR.UTF-8'};
push @databases, [ 'utf8_cs', 'UTF8', "LOCALE 'cs_CZ.UTF-8'" ] if $made{'cs_CZ.UTF-8'};
push @databases, [ 'latin5_tr', 'LATIN5', "LOCALE 'tr_TR.ISO-8859-9'" ]
  if $made{'tr_TR.ISO-8859-9'};
push @databases, [ 'latin1_de', 'LATIN1', "LOCALE 'de_DE.ISO-8859-1'" ]
  if $made{'de_DE.ISO-8859-1'};
push @databases, [ 'utf8_icu', 'UTF8', "LOCALE 'C' LOCALE_PROVIDER icu ICU_LOCALE 'tr-TR'" ]
  if check_pg_config('#define USE_ICU 1');

foreach my $database (@databases)
{
	my ($name, $encoding, $settings) = @$database;

	$node->safe_psql('postgres',
		"CREATE DATABASE $name TEMPLATE template0 ENCODING '$encoding' $settings");
	$node->safe_psql($name, 'CREATE EXTENSION diffgen');
}

# Plain ASCII, with everything in it that a locale could have a view on: case,
# white space, numbers, order of keys, characters that need escapes.
my $ascii = q(
	SELECT md5(string_agg(md5(diffgen(o, n, opt::jsonb)) || diffgen_stat(o, n, opt::jsonb)::text,
						  ' ' ORDER BY i, opt COLLATE "C")),
		   md5(string_agg(md5(diffgen(oj::jsonb, nj::jsonb)) || diffgen_text(oj::jsonb) ||
						  diffgen_stat(oj::jsonb, nj::jsonb)::text, ' ' ORDER BY i))
	FROM (VALUES
		(1, E'I\ni\nITEM\nitem\n\x0b\f \t\r\n', E'i\nI\nitem\nITEM\n \t\x0b\f\n',
		 '{"I": 1, "i": 2, "ch": 3, "c": 4, "h": 5, "a b": 6, "a_b": 7, "A": 8, "Z": 9, "z": 0}',
		 '{"I": 2, "i": 1, "ch": 3, "cz": 4, "h": 5, "a b": "6", "a_b": 7.0, "B": 8, "Z": 9}'),
		(2, E'1,5\n1.5\n\x01\x7f\n', E'1.5\n1,5\n\x7f\x01\n',
		 '[1.50, 1e3, 12345678901234567890.0001, -0.0, true, null, "\u0001\\\\\\"\\n"]',
		 '[1.5, 1000, 12345678901234567890.0002, 0, false, "", "\u0002\\\\\\"\\t"]')
	) v(i, o, n, oj, nj),
	(VALUES ('{}'), ('{"whitespace": "trailing"}'), ('{"whitespace": "change"}'),
			('{"whitespace": "all", "algorithm": "histogram"}'),
			('{"context": 0, "algorithm": "patience"}')) options(opt));
my $expected = $node->safe_psql('utf8_c', $ascii);
like($expected, qr/^[0-9a-f]{32}\|[0-9a-f]{32}$/, 'a result to compare with');
foreach my $database (@databases)
{
	my ($name, $encoding, $settings) = @$database;

	is($node->safe_psql($name, $ascii), $expected,
		"ASCII documents in $encoding, $settings");
}

# Characters beyond ASCII: sent and read as UTF-8, the diff is the same
# wherever the characters exist.
sub in_utf8
{
	my ($database, $old, $new) = @_;

	return $node->safe_psql($database, qq(
		SET client_encoding = UTF8;
		SELECT diffgen('$old'::text, '$new'::text, '{"labels": ["$old.txt", "b"]}'),
			   diffgen('["$old"]'::jsonb, '["$new", {"$old": "$new"}]'::jsonb),
			   diffgen_text('{"$old": "$new"}'::jsonb)));
}

foreach my $case (
	[ "stra\xc3\x9fe", "Stra\xc3\x9fe \xe4\xb8\xad", 'utf8', 'German and Chinese' ],
	[ "stra\xc3\x9fe", "\xc3\x9cber", 'utf8|latin1|latin5', 'German' ],
	[ "\xc4\xb1\xc4\xb0", "iI\xc5\x9f", 'utf8|latin5', 'Turkish' ],
	[ "\xd0\xb0\xd0\xb1", "\xd0\x90\xd0\x91", 'utf8|koi8r', 'Russian' ],
	[ "\xe6\x97\xa5\xe6\x9c\xac", "\xe3\x81\x82", 'utf8|eucjp', 'Japanese' ])
{
	my ($old, $new, $where, $what) = @$case;
	my $first = in_utf8('utf8_c', $old, $new);

	# in a label git quotes what is not ASCII, so only documents are looked at
	like($first, qr/\Q-$old\E/, "$what: shown as it is");
	foreach my $database (grep { $_->[0] =~ /^(?:$where)_/ } @databases)
	{
		my ($name, $encoding, $settings) = @$database;

		next if $encoding ne 'UTF8';
		is(in_utf8($name, $old, $new), $first, "$what: the same in $encoding, $settings");
	}
	foreach my $database (grep { $_->[0] =~ /^(?:$where)_/ } @databases)
	{
		my ($name, $encoding, $settings) = @$database;

		next if $encoding eq 'UTF8';
		my $sql = qq(
			SET client_encoding = UTF8;
			SELECT diffgen('$old'::text, '$new'::text),
				   diffgen('["$old"]'::jsonb, '["$new", {"$old": "$new"}]'::jsonb),
				   diffgen_text('{"$old": "$new"}'::jsonb));
		is($node->safe_psql($name, $sql), $node->safe_psql('utf8_c', $sql),
			"$what: the same characters in $encoding, $settings");
	}
}

# SQL_ASCII holds any bytes, be they characters or not; they come out as they
# went in.  (The bytes here: FF 'A' FE newline 80, and FF 'A' FE newline 81 C3.)
is( $node->safe_psql('sql_ascii', q(
		SELECT encode(convert_to(diffgen(E'\xff\x41\xfe\n\x80', E'\xff\x41\xfe\n\x81\xc3',
										 '{"context": 1}'), 'SQL_ASCII'), 'hex') =
			   encode(convert_to(E'--- before\n+++ after\n@@ -1,2 +1,2 @@\n \xff\x41\xfe\n-\x80\n'
								 '\\\\ No newline at end of file\n+\x81\xc3\n'
								 '\\\\ No newline at end of file\n', 'SQL_ASCII'), 'hex'))),
	't', 'SQL_ASCII: bytes that are no characters');

# Keys are in the order of their bytes, not of the collation.
foreach my $database (grep { $_->[1] eq 'UTF8' } @databases)
{
	my ($name, $encoding, $settings) = @$database;

	is( $node->safe_psql($name,
			q(SELECT diffgen_text('{"\u00e4": 1, "z": 2, "Z": 3, "a": 4, "aa": 5, "\u4e2d": 6, "I": 7, "\u0131": 8}'))),
		qq({\n  "I": 7,\n  "Z": 3,\n  "a": 4,\n  "aa": 5,\n  "z": 2,\n  "\xc3\xa4": 1,\n  "\xc4\xb1": 8,\n  "\xe4\xb8\xad": 6\n}),
		"order of keys in $encoding, $settings");
}

SKIP:
{
	skip 'localedef (package locales) made no locale', 1 unless %made;
	cmp_ok(scalar(keys %made), '==', 4, 'the locales could be made');
}

$node->stop;
done_testing();
