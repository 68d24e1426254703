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

#define DEFAULT_COMPRESSION			16

static relopt_kind option_kind;

static relopt_enum_elt_def layouts[] = {
	{"auto", QD_LAYOUT_AUTO},
	{"inlined", QD_LAYOUT_INLINED},
	{"compact", QD_LAYOUT_COMPACT},
	{(const char *) NULL}
};

static relopt_enum_elt_def quantizations[] = {
	{"none", QD_QUANTIZATION_NONE},
	{"scalar", QD_QUANTIZATION_SCALAR},
	{"binary", QD_QUANTIZATION_BINARY},
	{"binary_1_5", QD_QUANTIZATION_BINARY_1_5},
	{"binary_2", QD_QUANTIZATION_BINARY_2},
	{"turbo_1", QD_QUANTIZATION_TURBO_1},
	{"turbo_1_5", QD_QUANTIZATION_TURBO_1_5},
	{"turbo_2", QD_QUANTIZATION_TURBO_2},
	{"turbo_4", QD_QUANTIZATION_TURBO_4},
	{"product", QD_QUANTIZATION_PRODUCT},
	{(const char *) NULL}
};

static relopt_enum_elt_def compressions[] = {
	{"x4", 4}, {"x8", 8}, {"x16", 16}, {"x32", 32}, {"x64", 64},
	{(const char *) NULL}
};

static const QdHnswOptions default_options = {
	.m = DEFAULT_M,
	.ef_construction = DEFAULT_EF_CONSTRUCTION,
	.full_scan_threshold = DEFAULT_THRESHOLD_KB,
	.indexing_threshold = DEFAULT_THRESHOLD_KB,
	.layout = QD_LAYOUT_DEFAULT,
	.quantization = QD_QUANTIZATION_NONE,
	.compression = DEFAULT_COMPRESSION,
	.quantile = 1.0
};

static void
add_quantization_options(void)
{
	add_enum_reloption(option_kind, "quantization",
					   "How the graph stores vectors",
					   quantizations, QD_QUANTIZATION_NONE,
					   "Valid values are \"none\", \"scalar\", \"binary\", \"binary_1_5\", \"binary_2\", \"turbo_1\", \"turbo_1_5\", \"turbo_2\", \"turbo_4\" and \"product\".",
					   ShareUpdateExclusiveLock);
	add_enum_reloption(option_kind, "compression",
					   "How much smaller than float4 product quantization is",
					   compressions, DEFAULT_COMPRESSION,
					   "Valid values are \"x4\", \"x8\", \"x16\", \"x32\" and \"x64\".",
					   ShareUpdateExclusiveLock);
	add_real_reloption(option_kind, "quantile",
					   "Share of a vector's coordinates that scalar quantization does not clip",
					   1.0, 0.5, 1.0, ShareUpdateExclusiveLock);
}

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
	add_quantization_options();
}

static void
check_quantization(const QdHnswOptions *options)
{
	if (options->quantile < 1 &&
		options->quantization != QD_QUANTIZATION_SCALAR)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("option \"quantile\" requires quantization \"scalar\"")));
	if (options->compression != DEFAULT_COMPRESSION &&
		options->quantization != QD_QUANTIZATION_PRODUCT)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("option \"compression\" requires quantization \"product\"")));
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
		.offset = offsetof(QdHnswOptions, layout)},
		{.optname = "quantization", .opttype = RELOPT_TYPE_ENUM,
		.offset = offsetof(QdHnswOptions, quantization)},
		{.optname = "compression", .opttype = RELOPT_TYPE_ENUM,
		.offset = offsetof(QdHnswOptions, compression)},
		{.optname = "quantile", .opttype = RELOPT_TYPE_REAL,
		.offset = offsetof(QdHnswOptions, quantile)}
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
	if (validate && options != NULL)
		check_quantization(options);
	return (bytea *) options;
}

const QdHnswOptions *
qd_hnsw_get_options(Relation index)
{
	return index->rd_options != NULL ?
		(const QdHnswOptions *) index->rd_options : &default_options;
}

const char *
qd_hnsw_quantization(Relation index)
{
	int			value = qd_hnsw_get_options(index)->quantization;

	for (int i = 0; quantizations[i].string_val != NULL; i++)
		if (quantizations[i].symbol_val == value)
			return quantizations[i].string_val;
	elog(ERROR, "unrecognized quantization %d", value);
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
qd_hnsw_threshold_rows(Relation index, const QdHnswLayout *l)
{
	return qd_hnsw_get_options(index)->indexing_threshold * 1024.0 /
		((double) qd_element_bytes(l->element) * l->dim);
}
