# Buffers for 1 MB, statements that are broken off at random
# moments, by timeouts, cancels and the end of their session: no index is the
# worse for it.
use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use HnswTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(usleep);

my $rounds = $ENV{QDRANT_PG_SLOW} ? 40 : 4;
srand(31415);

my $node = new_hnsw_node('interrupts', "shared_buffers = 1MB\nmaintenance_work_mem = 1MB\nwork_mem = 64kB\nmax_connections = 20\n");
$node->safe_psql('postgres', q{
	CREATE TABLE t (id int PRIMARY KEY, payload jsonb, v vector(16));
	INSERT INTO t SELECT i, jsonb_build_object('n', i % 20), vec(i, 0) FROM generate_series(1, 1500) i;
	CREATE INDEX t_v ON t USING qdrant_hnsw (v vector_l2_ops, payload)
		WITH (indexing_threshold = 1, full_scan_threshold = 0, ef_construction = 40);
	CREATE INDEX t_n ON t USING gin (payload qdrant_integer_ops (path = 'n'));
	CREATE SEQUENCE ids START 10000;
});
is($node->safe_psql('postgres', 'SHOW shared_buffers'), '1MB', 'few buffers');

my @statements = (
	q{INSERT INTO t SELECT nextval('ids'), jsonb_build_object('n', i % 20), vec(i, 3) FROM generate_series(1, 300) i},
	q{UPDATE t SET v = vec(id, 4) WHERE id % 7 = 3},
	q{UPDATE t SET payload = '{"n": 3}' WHERE id % 11 = 3},
	q{DELETE FROM t WHERE id % 13 = 3},
	q{VACUUM t},
	q{SELECT count(*) FROM generate_series(1, 20) q, LATERAL (SELECT id FROM t ORDER BY v <-> vec(q, 5) LIMIT 20) x},
	q{SELECT count(*) FROM generate_series(1, 5) q, LATERAL (SELECT id FROM t WHERE payload @@@ '{"must": [{"key": "n", "match": {"value": 3}}]}' ORDER BY v <-> vec(q, 5) LIMIT 20) x},
	q{SELECT count(*) FROM (SELECT id FROM t ORDER BY v <-> vec(1, 5)) x},
	q{SELECT count(*) FROM qdrant.check_index('t_v')},
	q{REINDEX INDEX t_v},
	q{CREATE INDEX CONCURRENTLY t_other ON t USING qdrant_hnsw (v vector_cosine_ops) WITH (indexing_threshold = 1)},
	q{DROP INDEX IF EXISTS t_other});

# Each session has a timeout of its own for each statement.
sub session
{
	my $sql = "SET enable_seqscan = off; SET enable_sort = off; SET jit = off;\n";
	for (1 .. 400)
	{
		my $ms = 1 + int(exp(rand(7)));
		$sql .= "SET statement_timeout = $ms;\n" . $statements[ int(rand(@statements)) ] . ";\n";
	}
	return in_background($node, $sql);
}

my ($timeouts, $cancels, $others) = (0, 0, '');
for my $round (1 .. $rounds)
{
	my @sessions = map { session() } 1 .. 4;
	for (1 .. 40)
	{
		usleep(50_000 + int(rand(100_000)));
		my $how = rand() < 0.95 ? 'pg_cancel_backend' : 'pg_terminate_backend';
		$node->psql('postgres', "SELECT $how(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()
			AND (query ~ ' t ' OR backend_type ~ 'qdrant') ORDER BY random() LIMIT 1");
	}
	$_->{handle}->kill_kill for @sessions;
	for my $s (@sessions)
	{
		my ($out, $err) = ended_background($s);
		$timeouts += () = $err =~ /due to statement timeout/g;
		$cancels += () = $err =~ /due to user request/g;
		$others .= join('', grep { /ERROR/ && !/due to|already exists|tuple concurrently updated|terminating connection|deadlock detected|recovery mode/ }
			split(/(?<=\n)/, $err));
	}
	# false is also what comes for one that has ended in the meantime
	my $alive = $node->safe_psql('postgres', q{
		WITH others AS MATERIALIZED (SELECT * FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname = 'postgres')
		SELECT string_agg(pid::text, ', ') FROM others WHERE NOT pg_terminate_backend(pid, 60000)});
	is($alive eq '' ? '' : $node->safe_psql('postgres',
			"SELECT pid, wait_event_type, wait_event, query FROM pg_stat_activity WHERE pid IN ($alive)"),
		'', "round $round: every session ends");
	is(index_problems($node, 't_v'), '', "round $round: the index is clean");
	is($node->safe_psql('postgres', q{SET enable_seqscan = off; SET enable_sort = off; SET jit = off;
		SELECT count(DISTINCT id) - (SELECT count(*) FROM t WHERE id > 0) FROM (SELECT id FROM t ORDER BY v <-> vec(1, 5)) x}),
		'0', "round $round: each row is in it");
}
cmp_ok($timeouts, '>', 10, 'statements ran into their timeouts');
cmp_ok($cancels, '>', 3, 'statements were cancelled');
is($others, '', 'no other errors');
# PostgreSQL's own, for a DROP INDEX while CREATE INDEX CONCURRENTLY of the same one is broken off
my @updated = slurp_file($node->logfile) =~ /tuple concurrently updated\n[^\n]*STATEMENT:  (?!DROP INDEX)([^\n]*)/g;
is("@updated", '', 'only a DROP INDEX meets a tuple that was updated');
is(server_is_well($node), '', 'the log');
$node->stop;
done_testing();
