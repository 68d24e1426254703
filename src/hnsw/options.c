/*
 * options.c
 *		What the user chose for an index: WITH (...), the operator class and
 *		the column's type.
 */
#include "compat.h"

#include "access/reloptions.h"
#include "utils/rel.h"

#include "hnsw/hnsw.h"
#include "types/vector.h"

#define DEFAULT_M					16
#define MAX_M						(QD_MAX_LINKS / 2)
#define DEFAULT_EF_CONSTRUCTION		100
#define DEFAULT_THRESHOLD_KB		10000

/* By names, since the struct grew a member in 18. */
#define INT_OPTION(name) \
	{.optname = #name, .opttype = RELOPT_TYPE_INT, \
	.offset = offsetof(QdHnswOptions, name)}

#define QD_LAYOUT_DEFAULT			QD_LAYOUT_AUTO

static relopt_kind option_kind;

static relopt_enum_elt_def layouts[] = {
	{"auto", QD_LAYOUT_AUTO},
	{"inlined", QD_LAYOUT_INLINED},
	{"compact", QD_LAYOUT_COMPACT},
	{(const char *) NULL}
};

static const QdHnswOptions default_options = {
	.m = DEFAULT_M,
	.ef_construction = DEFAULT_EF_CONSTRUCTION,
	.full_scan_threshold = DEFAULT_THRESHOLD_KB,
	.indexing_threshold = DEFAULT_THRESHOLD_KB,
	.layout = QD_LAYOUT_DEFAULT
};

void
qd_hnsw_options_init(void)
{
	option_kind = add_reloption_kind();

	add_int_reloption(option_kind, "m",
					  "Links that a row gets in the graph; 0 builds no graph",
					  DEFAULT_M, 0, MAX_M, ShareUpdateExclusiveLock);
	add_int_reloption(option_kind, "ef_construction",
					  "Candidates looked at for the links of a row",
					  DEFAULT_EF_CONSTRUCTION, 4, 2000,
					  ShareUpdateExclusiveLock);
	add_int_reloption(option_kind, "full_scan_threshold",
					  "Kilobytes of vectors below which a search scans all rows",
					  DEFAULT_THRESHOLD_KB, 0, INT_MAX,
					  ShareUpdateExclusiveLock);
	add_int_reloption(option_kind, "indexing_threshold",
					  "Kilobytes of vectors from which on the graph is built",
					  DEFAULT_THRESHOLD_KB, 0, INT_MAX,
					  ShareUpdateExclusiveLock);
	add_enum_reloption(option_kind, "layout",
					   "Whether codes of a row's neighbours stand beside its own",
					   layouts, QD_LAYOUT_DEFAULT,
					   "Valid values are \"auto\", \"inlined\" and \"compact\".",
					   ShareUpdateExclusiveLock);
}

bytea *
qd_hnsw_options(Datum reloptions, bool validate)
{
	static const relopt_parse_elt table[] = {
		INT_OPTION(m),
		INT_OPTION(ef_construction),
		INT_OPTION(full_scan_threshold),
		INT_OPTION(indexing_threshold),
		{.optname = "layout", .opttype = RELOPT_TYPE_ENUM,
		.offset = offsetof(QdHnswOptions, layout)}
	};
	QdHnswOptions *options;

	options = (QdHnswOptions *) build_reloptions(reloptions, validate,
												 option_kind,
												 sizeof(QdHnswOptions),
												 table, lengthof(table));
	if (validate && options != NULL && options->m == 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("value 1 out of bounds for option \"m\""),
				 errdetail("Valid values are 0 and those between \"2\" and \"%d\".",
						   MAX_M)));
	return (bytea *) options;
}

const QdHnswOptions *
qd_hnsw_get_options(Relation index)
{
	return index->rd_options != NULL ?
		(const QdHnswOptions *) index->rd_options : &default_options;
}

/* qd_metric + 256 * QdElement */
static int32
support_result(Relation index)
{
	FmgrInfo   *support = index_getprocinfo(index, 1, 1);

	return DatumGetInt32(FunctionCall1(support, PointerGetDatum(NULL)));
}

QdElement
qd_hnsw_element(Relation index)
{
	int32		element = support_result(index) >> 8;

	if (element < 0 || element > QD_ELEMENT_LAST)
		elog(ERROR, "operator class of index \"%s\" has no known element type",
			 RelationGetRelationName(index));
	return (QdElement) element;
}

qd_metric
qd_hnsw_metric(Relation index)
{
	int32		metric = support_result(index) & 0xff;

	if (metric < QD_METRIC_L2 || metric > QD_METRIC_LAST)
		elog(ERROR, "operator class of index \"%s\" has no known metric",
			 RelationGetRelationName(index));
	return (qd_metric) metric;
}

void
qd_hnsw_check_columns(Relation index)
{
	int			n = index->rd_index->indnkeyatts;

	if (n > 2 || !OidIsValid(index_getprocid(index, 1, 1)) ||
		(n == 2 && OidIsValid(index_getprocid(index, 2, 1))))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_OBJECT_DEFINITION),
				 errmsg("columns of index \"%s\" must be a vector, and maybe a payload",
						RelationGetRelationName(index)),
				 errhint("Make one index for each vector column: USING qdrant_hnsw (embedding vector_cosine_ops, payload).")));
}

int
qd_hnsw_dim(Relation index)
{
	int32		typmod = TupleDescAttr(RelationGetDescr(index), 0)->atttypmod;

	if (typmod < 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("column does not have dimensions"),
				 errhint("Give the column a type with dimensions, such as vector(768), "
						 "or index an expression with a cast to one.")));
	/* bit has no limit of its own */
	if (typmod > QD_VECTOR_MAX_DIM)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("column cannot have more than %d dimensions for an index",
						QD_VECTOR_MAX_DIM)));
	return typmod;
}

double
qd_hnsw_threshold_rows(Relation index, int dim)
{
	return qd_hnsw_get_options(index)->indexing_threshold * 1024.0 /
		((double) qd_element_bytes(qd_hnsw_element(index)) * dim);
}
