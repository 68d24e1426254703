# The extension (PGXS).  gateway/ has a Makefile of its own; the targets at
# the end descend into it.  PG_CONFIG chooses the server.

EXTENSION = qdrant_pg
MODULE_big = qdrant_pg
EXTVERSION = $(shell sed -n "s/^default_version = '\(.*\)'/\1/p" qdrant_pg.control)

OBJS = $(patsubst %.c,%.o,$(sort $(wildcard src/*.c src/*/*.c)))

DATA = $(wildcard sql/qdrant_pg--*--*.sql)
DATA_built = sql/qdrant_pg--$(EXTVERSION).sql

# The install script in its order.
INSTALL_PARTS = start vector halfvec bytevec bit sphere point_id filter payload_opclass payload_ops hnsw hnsw_observe \
	catalog configuration collections collection_schema collection_build \
	collection_payload collection_info

PG_CPPFLAGS = -I$(srcdir)/src
PG_CFLAGS = -fvisibility=hidden -Wall -Wextra -Wshadow=local -Wmissing-prototypes \
	-Wpointer-arith -Wno-unused-parameter \
	-Wno-sign-compare -Wno-declaration-after-statement
# The kernels are loops: vectorised at -O3, the rest as the server was built.
src/distance/%.o src/quantization/%.o: PG_CFLAGS += -O3 -fno-math-errno
SHLIB_LINK = -lm -lstemmer -licui18n -licuuc

# Only tests that exist; each part adds its own below its heading.
# types and distance
REGRESS = install
REGRESS += vector
REGRESS += halfvec
REGRESS += bytevec
REGRESS += bit
REGRESS += quantization
REGRESS += point_id
# payload
REGRESS += filter
REGRESS += payload_ops
REGRESS += text_index
REGRESS += payload_index
REGRESS += payload_bind
REGRESS += payload_count

# the index
REGRESS += hnsw
REGRESS += hnsw_types
REGRESS += hnsw_build
REGRESS += hnsw_merge
REGRESS += hnsw_repair
REGRESS += hnsw_layout
REGRESS += hnsw_filter
REGRESS += hnsw_observe
REGRESS += hnsw_range

# collections
REGRESS += collection
REGRESS += collection_index
REGRESS += payload_order

REGRESS_OPTS = --inputdir=. --load-extension=qdrant_pg

ISOLATION += collection_concurrent
ISOLATION += hnsw_concurrent
ISOLATION += hnsw_concurrently
ISOLATION += hnsw_scans
ISOLATION += hnsw_worker
ISOLATION += hnsw_filter_cache
ISOLATION_OPTS = --load-extension=qdrant_pg

TAP_TESTS = 1

PG_CONFIG ?= pg_config
PGXS := $(shell $(PG_CONFIG) --pgxs)
EXTRA_CLEAN = sql/qdrant_pg--$(EXTVERSION).sql .build/unit
include $(PGXS)

# PGXS tracks no headers: any of them rebuilds all.
HEADERS_ALL = $(wildcard $(srcdir)/src/*.h $(srcdir)/src/*/*.h)
$(OBJS) $(OBJS:.o=.bc): $(HEADERS_ALL)

sql/qdrant_pg--$(EXTVERSION).sql: $(INSTALL_PARTS:%=sql/install/%.sql) qdrant_pg.control
	cat $(filter %.sql,$^) >$@

# The three kinds of tests one by one (PGXS's installcheck runs them all).
.PHONY: installcheck-regress installcheck-isolation installcheck-tap
installcheck-regress:
	$(pg_regress_installcheck) $(REGRESS_OPTS) $(REGRESS)

installcheck-isolation:
	$(pg_isolation_regress_installcheck) $(ISOLATION_OPTS) $(ISOLATION)

installcheck-tap:
	$(prove_installcheck)

# Kernels and codes against their oracles, as the server gets them and with
# sanitizers; neither needs a server, so neither do their tests.
UNIT_LINKED = $(wildcard src/distance/*.c src/quantization/*.c)
UNIT_HEADERS = $(wildcard src/distance/*.h src/quantization/*.h tests/unit/*.h)
UNIT_CFLAGS = -std=gnu11 -Isrc -g -Wall -Wextra -Wno-sign-compare \
	-fno-math-errno $(filter -Werror,$(COPT))

UNIT_TESTS = kernels elements quant nav stored graph
UNIT_RUNS = $(UNIT_TESTS:%=unit-%) $(UNIT_TESTS:%=unit-%-sanitized)
UNIT_OBJS = $(UNIT_LINKED:src/%.c=.build/unit/plain/%.o)
UNIT_OBJS_SANITIZED = $(UNIT_LINKED:src/%.c=.build/unit/sanitized/%.o)
SANITIZE = -fsanitize=address,undefined -fno-sanitize-recover=all

# the one that includes a server header
.build/unit/graph .build/unit/graph-sanitized: \
	private UNIT_CFLAGS += -I$(shell $(PG_CONFIG) --includedir-server) src/hnsw/graph.c -Wno-unused-parameter
.build/unit/graph .build/unit/graph-sanitized: src/hnsw/graph.c src/hnsw/graph.h src/hnsw/frontier.h

.PHONY: unit $(UNIT_RUNS)
unit: $(UNIT_RUNS)
$(UNIT_RUNS): unit-%: .build/unit/%
	$<

.build/unit/plain/%.o: src/%.c $(UNIT_HEADERS)
	@mkdir -p $(@D)
	$(CC) $(UNIT_CFLAGS) -O3 -c -o $@ $<

.build/unit/sanitized/%.o: src/%.c $(UNIT_HEADERS)
	@mkdir -p $(@D)
	$(CC) $(UNIT_CFLAGS) -O2 $(SANITIZE) -c -o $@ $<

.build/unit/%-sanitized: tests/unit/%.c $(UNIT_OBJS_SANITIZED)
	$(CC) $(UNIT_CFLAGS) -O2 $(SANITIZE) -o $@ $< $(UNIT_OBJS_SANITIZED) -lm

.build/unit/%: tests/unit/%.c $(UNIT_OBJS)
	$(CC) $(UNIT_CFLAGS) -O3 -o $@ $< $(UNIT_OBJS) -lm

# The kernels for 64-bit ARM on this machine, by SIMDe.
UNIT_CFLAGS_NEON = $(UNIT_CFLAGS) -D__aarch64__ -Itests/unit/simde
UNIT_OBJS_NEON = $(UNIT_LINKED:src/%.c=.build/unit/neon/%.o)
UNIT_RUNS_NEON = unit-kernels-neon unit-elements-neon unit-stored-neon

.PHONY: unit-neon $(UNIT_RUNS_NEON)
unit-neon: $(UNIT_RUNS_NEON)
$(UNIT_RUNS_NEON): unit-%: .build/unit/%
	$<

.build/unit/neon/%.o: src/%.c $(UNIT_HEADERS) tests/unit/simde/arm_neon.h
	@mkdir -p $(@D)
	$(CC) $(UNIT_CFLAGS_NEON) -O2 -c -o $@ $<

.build/unit/%-neon: tests/unit/%.c $(UNIT_OBJS_NEON)
	$(CC) $(UNIT_CFLAGS_NEON) -O2 -o $@ $< $(UNIT_OBJS_NEON) -lm

.PHONY: gateway bench

gateway:
	$(MAKE) -C gateway

# BENCH=quick: on small sets
BENCH ?= all
bench:
	bench/run $(BENCH)
