
# However a document is stored, the answer is the same; and where two values
# are the same stored value, the answer comes without reading them.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../perl";

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Diffgen;

my $node = new_cluster('main');
my $has_lz4 = check_pg_config('#define USE_LZ4 1');

# One table a way of storing: short (1-byte header), plain, compressed in
# line, compressed and external, external.
my %tables = (
	pglz => 'SET STORAGE EXTENDED, ALTER %s SET COMPRESSION pglz',
	main => 'SET STORAGE MAIN, ALTER %s SET COMPRESSION pglz',
	external => 'SET STORAGE EXTERNAL');
if ($has_lz4)
{
	$tables{lz4} = 'SET STORAGE EXTENDED, ALTER %s SET COMPRESSION lz4';
	$tables{main_lz4} = 'SET STORAGE MAIN, ALTER %s SET COMPRESSION lz4';
}
my @ways = sort keys %tables;

foreach my $way (@ways)
{
	$node->safe_psql('postgres',
		"CREATE TABLE $way (id int, version int, doc text, tree jsonb, old_json json, PRIMARY KEY (id, version))");
	foreach my $column ('doc', 'tree', 'old_json')
	{
		(my $setting = $tables{$way}) =~ s/%s/$column/g;
		$node->safe_psql('postgres', "ALTER TABLE $way ALTER $column $setting");
	}

	# Sizes from a few bytes to 400 kB, around the bounds of short headers
	# (126 bytes) and of what is moved out of line (2 kB).
	$node->safe_psql(
		'postgres', qq(
		INSERT INTO $way
		SELECT id, version, diffgen_text(tree), tree, tree::text::json
		FROM (SELECT id, version, CASE WHEN n = 0 THEN '[]' ELSE
					(SELECT jsonb_agg('value ' || CASE WHEN i = 1 + n / 2 THEN version ELSE i END)
					 FROM generate_series(1, n) i) END AS tree
			  FROM (VALUES (1, 0), (2, 1), (3, 5), (4, 6), (5, 7), (6, 8), (7, 9), (8, 30),
						   (9, 100), (10, 130), (11, 140), (12, 150), (13, 1000), (14, 20000)) s(id, n),
				   generate_series(-2, -1) version) q));
}
foreach my $way (@ways)
{
	note("$way: "
		  . $node->safe_psql('postgres', qq(
			SELECT string_agg(octet_length(doc) || ' in ' || pg_column_size(doc), ', ' ORDER BY id)
			FROM $way WHERE version = -1)));
}
is( $node->safe_psql('postgres',
		q(SELECT pg_column_size(doc) < octet_length(doc) / 2, pg_column_compression(doc)
		  FROM pglz WHERE id = 14 AND version = -1)),
	't|pglz', 'a document is compressed with pglz');
is( $node->safe_psql('postgres',
		q(SELECT pg_column_size(doc) = octet_length(doc), pg_column_compression(doc) IS NULL
		  FROM external WHERE id = 14 AND version = -1)),
	't|t', 'a document is stored as it is, out of line');
SKIP:
{
	skip 'this server was built without lz4', 1 unless $has_lz4;
	is( $node->safe_psql('postgres',
			q(SELECT pg_column_compression(doc) FROM lz4 WHERE id = 14 AND version = -1)),
		'lz4', 'a document is compressed with lz4');
}

# Every way against every other; the arrays in memory, never stored, first.
my $query = q(
	SELECT md5(string_agg(diffgen(a.doc, b.doc) || diffgen(a.tree, b.tree) ||
						  diffgen(a.old_json, b.old_json) ||
						  diffgen_stat(a.doc, b.doc)::text || diffgen_stat(a.tree, b.tree)::text ||
						  diffgen_text(a.tree), ' ' ORDER BY a.id))
	FROM %s a JOIN %s b USING (id) WHERE a.version = -2 AND b.version = -1);
my $expected = $node->safe_psql('postgres',
	sprintf $query,
	'(SELECT id, version, doc || left(doc, 0) AS doc, tree || CASE jsonb_typeof(tree) WHEN \'array\' THEN \'[]\' END::jsonb AS tree, tree::text::json AS old_json FROM pglz)',
	'(SELECT id, version, doc || left(doc, 0) AS doc, tree || CASE jsonb_typeof(tree) WHEN \'array\' THEN \'[]\' END::jsonb AS tree, tree::text::json AS old_json FROM pglz)');
like($expected, qr/^[0-9a-f]{32}$/, 'a result to compare with');
foreach my $old (@ways)
{
	foreach my $new (@ways)
	{
		is($node->safe_psql('postgres', sprintf($query, $old, $new)),
			$expected, "$old against $new");
	}
}

# The options document can be stored in any way, too.
is( $node->safe_psql('postgres', q(
		CREATE TABLE options (o jsonb);
		ALTER TABLE options ALTER o SET STORAGE EXTERNAL;
		INSERT INTO options SELECT jsonb_build_object('labels', jsonb_build_array(repeat('a', 5000), 'b'));
		SELECT diffgen('x'::text, 'y'::text, o) = diffgen('x'::text, 'y'::text,
			jsonb_build_object('labels', jsonb_build_array(repeat('a', 5000), 'b'))) FROM options)),
	't', 'stored options');

# Composite values and arrays hold documents with short headers at odd
# addresses.
is( $node->safe_psql('postgres', q(
		SELECT bool_and(diffgen((a.r).doc, (b.r).doc) = diffgen((a.r).doc || '', (b.r).doc || '')
						AND diffgen((a.r).tree, (b.r).tree) = diffgen((a.r).tree || '[]', (b.r).tree || '[]'))
		FROM (SELECT id, r FROM external r WHERE version = -2) a
		JOIN (SELECT id, r FROM external r WHERE version = -1) b USING (id))),
	't', 'documents inside rows');

# The same stored value twice: no chunk of it is read, which shows in the
# number of pages that a query touches.
$node->safe_psql(
	'postgres', q(
	CREATE FUNCTION pages(query text) RETURNS int LANGUAGE plpgsql AS
	$$
	DECLARE
		plan json;
	BEGIN
		FOR i IN 1..2 LOOP			-- once to fill the caches
			EXECUTE 'EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) ' || query INTO plan;
		END LOOP;
		RETURN (plan -> 0 -> 'Plan' ->> 'Shared Hit Blocks')::int +
			   (plan -> 0 -> 'Plan' ->> 'Shared Read Blocks')::int;
	END
	$$));
foreach my $way ('external', 'pglz', $has_lz4 ? ('lz4') : ())
{
	foreach my $column ('doc', 'tree')
	{
		foreach my $function ('diffgen', 'diffgen_stat')
		{
			my ($none, $both, $other, $answer) = split /\|/, $node->safe_psql('postgres', qq(
				SELECT pages('SELECT a.id, b.id FROM $way a JOIN $way b USING (id, version)
							  WHERE version = -1 AND id = 14'),
					   pages('SELECT $function(a.$column, b.$column) FROM $way a JOIN $way b USING (id, version)
							  WHERE version = -1 AND id = 14'),
					   pages('SELECT $function(a.$column, b.$column) FROM $way a JOIN $way b USING (id)
							  WHERE a.version = -2 AND b.version = -1 AND id = 14'),
					   (SELECT $function(a.$column, b.$column) FROM $way a JOIN $way b USING (id, version)
							  WHERE version = -1 AND id = 14)));

			is($both, $none, "$function, $column, $way: a value against itself is not read");
			cmp_ok($other, '>', $none + 10, "... but another is ($other pages, not $none)");
			is($answer, $function eq 'diffgen' ? '' : '(0,0,0,t)', '... and the answer is right');
		}
	}
}

$node->stop;
done_testing();
