/*
 * build_spool.c
 *		Encoded rows in temporary files: what a parallel scan of the table
 *		leaves, and what does not fit memory.
 */
#include "postgres.h"
#include "compat.h"

#include "storage/buffile.h"

#include "hnsw/build.h"

typedef struct SpooledHead
{
	ItemPointerData tid;
	qd_code_head code;
} SpooledHead;

struct QdSpool
{
	BufFile    *file;
	bool		shared;
	uint32		code_bytes;
	int8	   *code;
};

static QdSpool *
new_spool(const QdHnswLayout *layout, bool shared)
{
	QdSpool    *spool = palloc0(sizeof(QdSpool));

	spool->shared = shared;
	spool->code_bytes = layout->own_dims;
	spool->code = palloc(layout->own_dims);
	return spool;
}

static const char *
file_name(int number, char *name)
{
	snprintf(name, MAXPGPATH, "rows.%d", number);
	return name;
}

QdSpool *
qd_spool_create(const QdHnswLayout *layout, SharedFileSet *fileset, int number)
{
	QdSpool    *spool = new_spool(layout, fileset != NULL);
	char		name[MAXPGPATH];

	if (fileset != NULL)
		spool->file = BufFileCreateFileSet(&fileset->fs,
										   file_name(number, name));
	else
		spool->file = BufFileCreateTemp(false);
	return spool;
}

QdSpool *
qd_spool_open(const QdHnswLayout *layout, SharedFileSet *fileset, int number)
{
	QdSpool    *spool = new_spool(layout, true);
	char		name[MAXPGPATH];

	spool->file = BufFileOpenFileSet(&fileset->fs, file_name(number, name),
									 O_RDONLY, false);
	return spool;
}

void
qd_spool_put(QdSpool *spool, ItemPointer tid, const qd_code_head *head,
			 const int8 *code)
{
	SpooledHead h;

	memset(&h, 0, sizeof(h));
	h.tid = *tid;
	h.code = *head;
	BufFileWrite(spool->file, &h, sizeof(h));
	BufFileWrite(spool->file, unconstify(int8 *, code), spool->code_bytes);
}

void
qd_spool_finish(QdSpool *spool)
{
	if (spool->shared)
	{
		BufFileExportFileSet(spool->file);
		BufFileClose(spool->file);
		spool->file = NULL;
	}
	else
		qd_spool_rewind(spool);
}

static void
read_all(QdSpool *spool, void *to, Size n)
{
	if (BufFileRead(spool->file, to, n) != n)
		ereport(ERROR,
				(errcode_for_file_access(),
				 errmsg("a temporary file of an index build ends early")));
}

bool
qd_spool_next(QdSpool *spool, ItemPointer tid, qd_code_head *head,
			  const int8 **code)
{
	SpooledHead h;
	Size		n = BufFileRead(spool->file, &h, sizeof(h));

	if (n == 0)
		return false;
	if (n < sizeof(h))
		read_all(spool, (char *) &h + n, sizeof(h) - n);
	read_all(spool, spool->code, spool->code_bytes);
	*tid = h.tid;
	*head = h.code;
	*code = spool->code;
	return true;
}

void
qd_spool_rewind(QdSpool *spool)
{
	if (BufFileSeek(spool->file, 0, 0, SEEK_SET) != 0)
		ereport(ERROR,
				(errcode_for_file_access(),
				 errmsg("could not rewind a temporary file of an index build")));
}

void
qd_spool_close(QdSpool *spool)
{
	if (spool->file != NULL)
		BufFileClose(spool->file);
	pfree(spool->code);
	pfree(spool);
}
