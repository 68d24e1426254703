# A session keeps the rows of filters; scans that are cancelled while they read
# them from payload indexes, or copy their codes, leave nothing of that behind.
use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use HnswTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = new_hnsw_node('filter_cancel', '');
# Rows of the fresh region need no graph.
$node->safe_psql('postgres', q{
	CREATE TABLE t (id int PRIMARY KEY, payload jsonb, v vector(4));
	CREATE INDEX t_v ON t USING qdrant_hnsw (v vector_l2_ops, payload);
	INSERT INTO t SELECT i, jsonb_build_object('n', i % 20000), ARRAY[i % 97, i % 89, i % 83, i % 79]::real[]::vector
		FROM generate_series(1, 100000) i;
	CREATE INDEX t_n ON t USING gin (payload qdrant_integer_ops (path = 'n'));
	VACUUM ANALYZE t;
});

# 9,600 posting lists take longer than any of the timeouts.
my $search = q{SELECT count(*) FROM (SELECT id FROM t WHERE payload @@@ '{"must": [{"key": "n", "range": {"lt": 9600}}]}'
	ORDER BY v <-> '[1, 2, 3, 4]' LIMIT 10) x;} . "\n";
my $kept = q{SELECT 'kept', count(*), sum(total_bytes) FROM pg_backend_memory_contexts WHERE name LIKE 'qdrant_hnsw%' AND level <= 4;} . "\n";

# Each time after a transaction that ends what was kept, lest one that gets
# through make the others quick.
sub broken_off
{
	my ($times) = @_;
	return join('', map { "SELECT FROM pg_current_xact_id();\nSET statement_timeout = " . (1 + $_ % 3) .
		";\n${search}SET statement_timeout = 0;\n" } 1 .. $times);
}

my $settings = "SET enable_seqscan = off; SET enable_sort = off; SET enable_bitmapscan = off; SET jit = off;\n";
my ($code, $out, $err) = $node->psql('postgres',
	$settings . broken_off(400) . $kept . $search . broken_off(400) . $kept . $search . $search . $kept,
	on_error_stop => 0);
my $timeouts = () = $err =~ /due to statement timeout/g;
cmp_ok($timeouts, '>', 100, 'scans were broken off');
unlike($err, qr/ERROR(?!.*due to statement timeout)/, 'and failed by nothing else');
my @counts = $out =~ /^kept\|(\d+)\|(\d+)$/mg;
is(scalar @counts, 6, 'three looks at the memory');
cmp_ok($counts[$_], '<=', 6, 'contexts of one filter') for (0, 2, 4);
cmp_ok($counts[$_], '<', 2_000_000, 'and their bytes') for (1, 3, 5);
diag("$timeouts timeouts, contexts and bytes: @counts");

done_testing();
