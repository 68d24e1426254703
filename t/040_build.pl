# Bad days of a parallel CREATE INDEX: little memory of any kind, cancels,
# timeouts, processes that end.  Nothing may stay behind, and the next build works.
use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use HnswTest;
use IPC::Run qw(start finish);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(usleep);

my $rows = 12000;

# Segments are files here, so that they can be counted.
my $node = new_hnsw_node('build', q{
	dynamic_shared_memory_type = mmap
	min_dynamic_shared_memory = 0
	maintenance_work_mem = 64MB
	max_parallel_maintenance_workers = 2
	log_min_messages = warning
});
$node->safe_psql('postgres', qq{
	CREATE TABLE t (id int PRIMARY KEY, v vector(16)) WITH (parallel_workers = 2);
	SELECT setseed(0.5);
	INSERT INTO t SELECT i, (SELECT array_agg(random() + i % 20 ORDER BY g) FROM generate_series(1, 16) g)::vector
	FROM generate_series(1, $rows) i;
	ANALYZE t;
});
my $create = 'CREATE INDEX t_v ON t USING qdrant_hnsw (v vector_l2_ops) ' .
	'WITH (indexing_threshold = 0, ef_construction = 200)';

sub segments
{
	return scalar(grep { !/mmap\.0*\z/ } slurp_dir_of('pg_dynshmem'));
}

sub slurp_dir_of
{
	my $dir = $node->data_dir . "/$_[0]";
	return () unless -d $dir;
	opendir(my $d, $dir) or die "$dir: $!";
	return grep { !/^\.\.?\z/ } readdir($d);
}

# Workers end a moment after their leader, and then their memory goes.
sub nothing_is_left
{
	my ($segments, $what) = @_;
	$node->poll_query_until('postgres',
		q{SELECT count(*) = 0 FROM pg_stat_activity WHERE backend_type = 'parallel worker'});
	for (1 .. 250)
	{
		last if segments() eq $segments;
		usleep(20_000);
	}
	is(segments(), $segments, "$what: no segment stays");
	is(join(' ', slurp_dir_of('base/pgsql_tmp')), '', "$what: no temporary file stays");
	is($node->safe_psql('postgres', q{SELECT count(*) FROM pg_class WHERE relname = 't_v'}), '0',
		"$what: no index stays");
	return;
}

sub build_is_clean
{
	my ($what, $settings, $notice) = @_;
	my ($code, $out, $err) = $node->psql('postgres', "$settings; $create;");
	is($code, 0, "$what: builds") or diag($err);
	like($err, $notice, "$what: says so") if defined $notice;
	is(index_problems($node, 't_v'), '', "$what: clean");
	is($node->safe_psql('postgres', q{SET enable_seqscan = off; SET enable_sort = off;
		SELECT count(*) >= 118 FROM t WHERE id % 100 = 0 AND
			(SELECT id FROM t s ORDER BY s.v <-> t.v LIMIT 1) = id}), 't', "$what: rows are found");
	$node->safe_psql('postgres', 'DROP INDEX t_v');
	return;
}

sub worker_pid
{
	for (1 .. 600)
	{
		my $pid = $node->safe_psql('postgres',
			q{SELECT pid FROM pg_stat_activity WHERE backend_type = 'parallel worker' LIMIT 1});
		return $pid if $pid ne '';
		usleep(20_000);
	}
	die 'no worker came';
}

# Runs the build and, while a worker is there, what is given.
sub disturb
{
	my $disturb = shift;
	my ($out, $err) = ('', '');
	my $build = start([ 'psql', '-XAtq', '-v', 'ON_ERROR_STOP=1', '-d',
			$node->connstr('postgres'), '-c', $create ], '<', \'', '>', \$out, '2>', \$err);
	$disturb->(worker_pid());
	finish($build);
	return $err;
}

# The same; a build may have ended by itself before: then once more.
sub disturbed
{
	my $disturb = shift;
	for (1 .. 20)
	{
		my $err = disturb($disturb);
		return $err if $node->safe_psql('postgres', q{SELECT count(*) FROM pg_class WHERE relname = 't_v'}) eq '0';
		$node->safe_psql('postgres', 'DROP INDEX t_v');
	}
	return 'every build ended by itself';
}

# The server's own (statistics) come with the first one.
build_is_clean('first', '', undef);
my $segments = segments();
build_is_clean('workers', '', undef);
nothing_is_left($segments, 'workers');
build_is_clean('1 MB', q{SET maintenance_work_mem = '1MB'}, qr/more than maintenance_work_mem/);
nothing_is_left($segments, '1 MB');
build_is_clean('1 MB, alone', q{SET maintenance_work_mem = '1MB'; SET max_parallel_maintenance_workers = 0},
	qr/more than maintenance_work_mem/);
nothing_is_left($segments, '1 MB, alone');

# A temporary file that may not grow: an error, no signal.
my ($code, $out, $err) = $node->psql('postgres',
	"SET maintenance_work_mem = '1MB'; SET temp_file_limit = '2MB'; $create;");
isnt($code, 0, 'temp_file_limit is kept');
like($err, qr/temporary file size exceeds temp_file_limit/, 'temp_file_limit is named');
nothing_is_left($segments, 'temp_file_limit');

# Timeouts, anywhere.
my $timed_out = 0;
for my $ms (5, 20, 60, 120, 250, 500)
{
	($code, $out, $err) = $node->psql('postgres', "SET statement_timeout = $ms; $create;");
	if ($code == 0)
	{
		$node->safe_psql('postgres', 'DROP INDEX t_v');
		next;
	}
	$timed_out++;
	like($err, qr/statement timeout/, "timeout of $ms ms is one");
	nothing_is_left($segments, "timeout of $ms ms");
}
ok($timed_out > 0, 'a build can time out');

# A cancel, and the end of a worker.
like(disturbed(sub {
	$node->safe_psql('postgres', q{SELECT pg_cancel_backend(pid) FROM pg_stat_activity
		WHERE query LIKE 'CREATE INDEX%' AND backend_type = 'client backend' AND pid <> pg_backend_pid()});
}), qr/canceling statement due to user request/, 'a build can be cancelled');
nothing_is_left($segments, 'cancel');
like(disturbed(sub { $node->safe_psql('postgres', "SELECT pg_terminate_backend($_[0])"); }),
	qr/terminating|lost connection to parallel worker/, 'the end of a worker is an error');
nothing_is_left($segments, 'end of a worker');

# No segment can be made: alone, and no error.
chmod(0500, $node->data_dir . '/pg_dynshmem') or die $!;
SKIP:
{
	skip 'root writes everywhere', 4 if $> == 0;
	build_is_clean('no shared memory', '', undef);
}
chmod(0700, $node->data_dir . '/pg_dynshmem') or die $!;

# No worker can be had.
$node->append_conf('postgresql.conf', "max_worker_processes = 0\n");
$node->restart;
build_is_clean('no worker', '', undef);
$node->append_conf('postgresql.conf', "max_worker_processes = 8\nshared_buffers = 128kB\n");
$node->restart;
build_is_clean('shared_buffers of 128 kB', q{SET maintenance_work_mem = '1MB'}, undef);
# fewest pages that workers are asked for with
$node->append_conf('postgresql.conf', "shared_buffers = 384kB\n");
$node->restart;
build_is_clean('shared_buffers of 384 kB', q{SET maintenance_work_mem = '1MB'}, undef);

# Killed: the server starts anew, and nothing is there of the index.  A worker
# may have ended by itself before; then once more.
for (1 .. 10)
{
	disturb(sub { kill('KILL', $_[0]); });
	$node->poll_query_until('postgres', 'SELECT true') or die 'no restart';
	last if $node->safe_psql('postgres', q{SELECT count(*) FROM pg_class WHERE relname = 't_v'}) eq '0';
	$node->safe_psql('postgres', 'DROP INDEX t_v');
}
nothing_is_left(segments(), 'killed worker');
build_is_clean('after a killed worker', '', undef);

$node->stop;
done_testing();
