/*
 * build.h
 *		CREATE INDEX: what build.c (its course), build_spool.c (rows in
 *		temporary files) and build_parallel.c (workers) offer each other.
 */
#ifndef QD_HNSW_BUILD_H
#define QD_HNSW_BUILD_H

#include "access/relscan.h"
#include "storage/dsm.h"
#include "storage/fd.h"
#include "storage/sharedfileset.h"
#include "storage/shm_toc.h"

#include "hnsw/builder.h"

struct IndexInfo;

/* A scan of the table that encodes its rows. */
typedef struct QdBuildScan QdBuildScan;
struct QdBuildScan
{
	QdHnswLayout layout;
	qd_codec	codec;			/* our own: rd_amcache may go while we scan */
	double		rows;
	MemoryContext row_context;
	float	   *floats;			/* of a row */
	float	   *work;
	int8	   *code;
	void		(*put) (void *arg, ItemPointer tid, const qd_code_head *head,
						const int8 *code);
	void	   *arg;
};

/* build.c: allocates in the current context; put and arg are the caller's. */
extern void qd_build_scan_init(QdBuildScan *scan, Relation index);
/* For table_index_build_scan. */
extern void qd_build_scan_row(Relation index, ItemPointer tid, Datum *values,
							  bool *isnull, bool alive, void *arg);

/*
 * build_spool.c: encoded rows in a temporary file.  With a fileset it has a
 * number there, and other processes may read it after qd_spool_finish.
 */
typedef struct QdSpool QdSpool;
extern QdSpool *qd_spool_create(const QdHnswLayout *layout,
								SharedFileSet *fileset, int number);
extern QdSpool *qd_spool_open(const QdHnswLayout *layout,
							  SharedFileSet *fileset, int number);
extern void qd_spool_put(QdSpool *spool, ItemPointer tid,
						 const qd_code_head *head, const int8 *code);
extern void qd_spool_finish(QdSpool *spool);
extern bool qd_spool_next(QdSpool *spool, ItemPointer tid, qd_code_head *head,
						  const int8 **code);
extern void qd_spool_rewind(QdSpool *spool);
extern void qd_spool_close(QdSpool *spool);

/*
 * build_area.c: memory that processes can share.  What create and attach
 * allocate must live as long as the area: a file is unmapped with the context.
 */
typedef struct QdBuildArea
{
	void	   *start;
	Size		size;
	dsm_segment *seg;			/* or NULL: a file */
	File		file;
	char		path[MAXPGPATH];
} QdBuildArea;

typedef struct QdBuildAreaHandle
{
	dsm_handle	segment;
	Size		size;
	char		path[MAXPGPATH];
} QdBuildAreaHandle;

/* A segment of the current resource owner; NULL when shared memory is short. */
extern dsm_segment *qd_build_segment(Size size);

/* In memory if wanted and possible, else in a file. */
extern QdBuildArea *qd_build_area_create(Size size, bool in_memory);
extern void qd_build_area_handle(const QdBuildArea *area,
								 QdBuildAreaHandle *handle);
extern QdBuildArea *qd_build_area_attach(const QdBuildAreaHandle *handle);
extern void qd_build_area_release(QdBuildArea *area);

/*
 * build_parallel.c
 */
typedef struct QdParallelBuild QdParallelBuild;

/* Workers worth asking for; 0 when the build must be serial. */
extern int	qd_parallel_workers(Relation heap, Relation index, double rows);

/* NULL when shared memory is short: build serially. */
extern QdParallelBuild *qd_parallel_begin(Relation heap, Relation index,
										  struct IndexInfo *info, int workers);

/* Scans the table into spools; returns its tuples.  *rows are those spooled. */
extern double qd_parallel_scan(QdParallelBuild *p, double *rows);

/* Reads all spools. */
extern void qd_parallel_each_row(QdParallelBuild *p,
								 void (*put) (void *arg, ItemPointer tid,
											  const qd_code_head *head,
											  const int8 *code),
								 void *arg);

/*
 * Links the rows of the spools in the area, which has the size that they need,
 * and writes the graph.
 */
extern void qd_parallel_link(QdParallelBuild *p, QdBuildArea *area,
							 const qd_codec *codec,
							 const QdBuilderWatch *watch);
extern void qd_parallel_end(QdParallelBuild *p);

/* Where the processes start; see CreateParallelContext. */
extern PGDLLEXPORT void qd_hnsw_scan_worker(dsm_segment *seg, shm_toc *toc);
extern PGDLLEXPORT void qd_hnsw_link_worker(dsm_segment *seg, shm_toc *toc);

#endif							/* QD_HNSW_BUILD_H */
