/*
 * build_area.c
 *		Memory for a graph that is being built: a segment of dynamic shared
 *		memory, or a temporary file that is mapped.
 *
 * The file is for graphs larger than maintenance_work_mem, and for machines
 * whose shared memory is short.  The kernel keeps of it what it has room for:
 * since rows are linked in the order of their neighbourhoods, that is what the
 * next rows need.  Its blocks are reserved beforehand, so that a full disk is
 * an error and no signal.
 */
#include "postgres.h"
#include "compat.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "access/xact.h"
#include "miscadmin.h"
#include "storage/fd.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/resowner.h"

#include "hnsw/build.h"

/* Parallel contexts need this much of their own. */
#define CONTEXT_ROOM		((Size) 2 * 1024 * 1024)

/*----------
 * Segments
 *----------
 */
/* Not what a user or the server's end has stopped. */
static bool
is_interrupt(int code)
{
	return ERRCODE_TO_CATEGORY(code) ==
		ERRCODE_TO_CATEGORY(ERRCODE_OPERATOR_INTERVENTION);
}

/* In a subtransaction: leaves room for a parallel context. */
static dsm_segment *
try_segment(Size size)
{
	dsm_segment *seg = dsm_create(size, DSM_CREATE_NULL_IF_MAXSEGMENTS);
	dsm_segment *room;

	if (seg == NULL)
		return NULL;
	room = dsm_create(CONTEXT_ROOM, DSM_CREATE_NULL_IF_MAXSEGMENTS);
	if (room == NULL)
	{
		dsm_detach(seg);
		return NULL;
	}
	dsm_detach(room);
	/* it outlives the subtransaction */
	dsm_pin_mapping(seg);
	return seg;
}

dsm_segment *
qd_build_segment(Size size)
{
	MemoryContext context = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;
	dsm_segment *volatile seg = NULL;

	BeginInternalSubTransaction(NULL);
	PG_TRY();
	{
		seg = try_segment(size);
		ReleaseCurrentSubTransaction();
	}
	PG_CATCH();
	{
		ErrorData  *error;

		MemoryContextSwitchTo(context);
		error = CopyErrorData();
		FlushErrorState();
		RollbackAndReleaseCurrentSubTransaction();
		if (is_interrupt(error->sqlerrcode))
			ReThrowError(error);
		ereport(DEBUG1, (errmsg_internal("%s", error->message)));
		FreeErrorData(error);
		seg = NULL;
	}
	PG_END_TRY();
	MemoryContextSwitchTo(context);
	CurrentResourceOwner = owner;
	if (seg != NULL)
		dsm_unpin_mapping(seg);
	return seg;
}

/*----------
 * Files
 *----------
 */
static void
unmap(void *arg)
{
	QdBuildArea *area = arg;

	if (area->start != NULL && area->seg == NULL)
		(void) munmap(area->start, area->size);
	area->start = NULL;
}

/* The mapping ends with the current memory context, after an error too. */
static void
map_file(QdBuildArea *area, int fd)
{
	MemoryContextCallback *callback = palloc0(sizeof(MemoryContextCallback));
	void	   *start = mmap(NULL, area->size, PROT_READ | PROT_WRITE, MAP_SHARED,
							 fd, 0);

	if (start == MAP_FAILED)
		ereport(ERROR,
				(errcode_for_file_access(),
				 errmsg("could not map file \"%s\": %m", area->path)));
	area->start = start;
	callback->func = unmap;
	callback->arg = area;
	MemoryContextRegisterResetCallback(CurrentMemoryContext, callback);
}

static void
reserve_blocks(const QdBuildArea *area, int fd)
{
	int			error;

	if (temp_file_limit >= 0 && area->size / 1024 > (Size) temp_file_limit)
		ereport(ERROR,
				(errcode(ERRCODE_CONFIGURATION_LIMIT_EXCEEDED),
				 errmsg("temporary file size exceeds temp_file_limit (%dkB)",
						temp_file_limit)));
	do
	{
		CHECK_FOR_INTERRUPTS();
		error = posix_fallocate(fd, 0, area->size);
	} while (error == EINTR);
	errno = error;
	if (error != 0)
		ereport(ERROR,
				(errcode_for_file_access(),
				 errmsg("could not reserve %zu MB in temporary file \"%s\": %m",
						area->size / 1024 / 1024, area->path),
				 errhint("With maintenance_work_mem above that the graph is built in memory.")));
}

QdBuildArea *
qd_build_area_create(Size size, bool in_memory)
{
	QdBuildArea *area = palloc0(sizeof(QdBuildArea));

	area->size = size;
	if (in_memory)
		area->seg = qd_build_segment(size);
	if (area->seg != NULL)
	{
		area->start = dsm_segment_address(area->seg);
		return area;
	}
	area->file = OpenTemporaryFile(false);
	strlcpy(area->path, FilePathName(area->file), MAXPGPATH);
	reserve_blocks(area, FileGetRawDesc(area->file));
	map_file(area, FileGetRawDesc(area->file));
	return area;
}

void
qd_build_area_handle(const QdBuildArea *area, QdBuildAreaHandle *handle)
{
	memset(handle, 0, sizeof(*handle));
	handle->size = area->size;
	if (area->seg != NULL)
		handle->segment = dsm_segment_handle(area->seg);
	else
		strlcpy(handle->path, area->path, MAXPGPATH);
}

QdBuildArea *
qd_build_area_attach(const QdBuildAreaHandle *handle)
{
	QdBuildArea *area = palloc0(sizeof(QdBuildArea));
	int			fd;

	area->size = handle->size;
	if (handle->path[0] == '\0')
	{
		area->seg = dsm_attach(handle->segment);
		if (area->seg == NULL)
			ereport(ERROR,
					(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
					 errmsg("could not map dynamic shared memory segment")));
		area->start = dsm_segment_address(area->seg);
		return area;
	}
	strlcpy(area->path, handle->path, MAXPGPATH);
	fd = OpenTransientFile(area->path, O_RDWR | PG_BINARY);
	if (fd < 0)
		ereport(ERROR,
				(errcode_for_file_access(),
				 errmsg("could not open file \"%s\": %m", area->path)));
	map_file(area, fd);
	CloseTransientFile(fd);
	return area;
}

void
qd_build_area_release(QdBuildArea *area)
{
	if (area->seg != NULL)
		dsm_detach(area->seg);
	else
		unmap(area);
	area->start = NULL;
	if (area->path[0] != '\0' && area->file > 0)
		FileClose(area->file);
}
