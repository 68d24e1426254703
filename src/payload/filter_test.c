/*
 * filter_test.c
 *		Does one JSON value satisfy one test of a field condition?  Nothing
 *		here raises an error: a value of another type is just no match.
 */
#include "compat.h"

#include <math.h>

#include "payload/datetime.h"
#include "payload/filter.h"
#include "payload/geo.h"
#include "payload/text_split.h"
#include "types/point_id.h"

static bool
in_strings(const qd_node *test, const JsonbValue *value)
{
	const uint32 *offsets = (const uint32 *) qd_node_body(test);
	uint32		low = 0;
	uint32		high = test->n;

	while (low < high)
	{
		uint32		middle = low + (high - low) / 2;
		const qd_node *string = (const qd_node *)
		((const char *) test + offsets[middle]);
		int			order = qd_string_compare(qd_node_body(string), string->n,
											  value->val.string.val,
											  value->val.string.len);

		if (order == 0)
			return true;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return false;
}

static bool
has_int(const qd_node *test, int64 wanted)
{
	const int64 *ints = (const int64 *) qd_node_body(test);
	uint32		low = 0;
	uint32		high = test->n;

	while (low < high)
	{
		uint32		middle = low + (high - low) / 2;

		if (ints[middle] == wanted)
			return true;
		if (ints[middle] < wanted)
			low = middle + 1;
		else
			high = middle;
	}
	return false;
}

static bool
in_ints(const qd_node *test, const JsonbValue *value)
{
	bool		is_int;
	int64		i;

	qd_json_number(value, &is_int, &i);
	return is_int && has_int(test, i);
}

bool
qd_uuid_read(const char *s, size_t length, unsigned char *out)
{
	char		text[64];
	struct varlena *id;
	bool		is_uuid;

	/* the longest form is urn:uuid: and 36 characters */
	if (length < 32 || length >= sizeof(text) || memchr(s, '\0', length))
		return false;
	memcpy(text, s, length);
	text[length] = '\0';
	id = qd_point_id_parse(text);
	if (id == NULL)
		return false;
	is_uuid = VARSIZE_ANY_EXHDR(id) == QD_POINT_ID_UUID;
	if (is_uuid)
		memcpy(out, VARDATA_ANY(id), QD_POINT_ID_UUID);
	pfree(id);
	return is_uuid;
}

static int
compare_uuids(const void *a, const void *b)
{
	return memcmp(a, b, QD_POINT_ID_UUID);
}

/* found: whether it has to be among the test's or not. */
static bool
test_uuid(const qd_node *test, const JsonbValue *value, bool found)
{
	unsigned char uuid[QD_POINT_ID_UUID];

	return qd_uuid_read(value->val.string.val, value->val.string.len, uuid) &&
		found == (bsearch(uuid, qd_node_body(test), test->n, sizeof(uuid),
						  compare_uuids) != NULL);
}

static bool
test_integer(const qd_node *test, const JsonbValue *value, bool found)
{
	qd_number	number = qd_number_read(value);

	return number.is_integral && found == has_int(test, number.i);
}

static bool
in_integer_range(const qd_node *test, const JsonbValue *value)
{
	const int64 *b = (const int64 *) qd_node_body(test);
	qd_number	number = qd_number_read(value);

	return number.is_integral && number.i >= b[0] && number.i <= b[1];
}

static bool
contains(const JsonbValue *value, const qd_node *string)
{
	if (string->n == 0)
		return true;
	return memmem(value->val.string.val, value->val.string.len,
				  qd_node_body(string), string->n) != NULL;
}

static bool
contains_any(const JsonbValue *value, const qd_node *test)
{
	const qd_node *string = (const qd_node *) qd_node_body(test);

	for (uint32 i = 0; i < test->n; i++, string = qd_node_next(string))
	{
		if (contains(value, string))
			return true;
	}
	return false;
}

static bool
has_prefix(const JsonbValue *value, const qd_node *string)
{
	return value->val.string.len >= string->n &&
		memcmp(value->val.string.val, qd_node_body(string), string->n) == 0;
}

static bool
in_range(const qd_node *test, const JsonbValue *value)
{
	const double *b = (const double *) qd_node_body(test);
	bool		is_int;
	int64		i;
	double		x = qd_json_number(value, &is_int, &i);

	return (!(test->n & QD_LT) || x < b[0]) &&
		(!(test->n & QD_GT) || x > b[1]) &&
		(!(test->n & QD_GTE) || x >= b[2]) &&
		(!(test->n & QD_LTE) || x <= b[3]);
}

static bool
in_datetimes(const qd_node *test, const JsonbValue *value)
{
	const int64 *b = (const int64 *) qd_node_body(test);
	qd_datetime x;
	int			cmp[4];

	if (!qd_datetime_parse(value->val.string.val, value->val.string.len, &x))
		return false;
	for (int i = 0; i < 4; i++)
	{
		qd_datetime bound = {b[2 * i], (int32) b[2 * i + 1]};

		cmp[i] = qd_datetime_compare(x, bound);
	}
	return (!(test->n & QD_LT) || cmp[0] < 0) &&
		(!(test->n & QD_GT) || cmp[1] > 0) &&
		(!(test->n & QD_GTE) || cmp[2] >= 0) &&
		(!(test->n & QD_LTE) || cmp[3] <= 0);
}

/*
 * An object with numeric lon and lat; a place off the globe is a place too,
 * as in Qdrant without an index.
 */
bool
qd_json_place(const JsonbValue *value, qd_geo_point *p)
{
	JsonbContainer *object;
	JsonbValue	lon;
	JsonbValue	lat;
	bool		is_int;
	int64		i;

	if (value->type != jbvBinary ||
		!JsonContainerIsObject(value->val.binary.data))
		return false;
	object = value->val.binary.data;
	if (!getKeyJsonValueFromContainer(object, "lon", 3, &lon) ||
		!getKeyJsonValueFromContainer(object, "lat", 3, &lat) ||
		lon.type != jbvNumeric || lat.type != jbvNumeric)
		return false;
	p->lon = qd_json_number(&lon, &is_int, &i);
	p->lat = qd_json_number(&lat, &is_int, &i);
	return true;
}

static bool
in_polygon(const qd_node *test, qd_geo_point p)
{
	const qd_node *ring = (const qd_node *) qd_node_body(test);
	bool		on_edge;

	if (!qd_geo_in_ring(p, (const qd_geo_point *) qd_node_body(ring), ring->n,
						&on_edge))
		return false;
	for (uint32 i = 1; i < test->n; i++)
	{
		ring = qd_node_next(ring);
		if (qd_geo_in_ring(p, (const qd_geo_point *) qd_node_body(ring),
						   ring->n, &on_edge) || on_edge)
			return false;
	}
	return true;
}

static bool
test_place(const qd_node *test, const JsonbValue *value)
{
	const qd_geo_point *g = (const qd_geo_point *) qd_node_body(test);
	qd_geo_point p;

	if (!qd_json_place(value, &p))
		return false;
	if (test->kind != QD_TEST_POLYGON && test->n && !qd_geo_is_valid(p))
		return false;
	switch (test->kind)
	{
		case QD_TEST_BOX:
			return qd_geo_in_box(p, g[0], g[1]);
		case QD_TEST_RADIUS:
			return qd_geo_distance(p, g[0]) < g[1].lon;
		default:
			return in_polygon(test, p);
	}
}

bool
qd_test_value(const qd_node *test, const JsonbValue *value)
{
	const qd_node *first = (const qd_node *) qd_node_body(test);
	bool		is_string = value->type == jbvString;
	bool		is_number = value->type == jbvNumeric;

	switch ((qd_test_kind) test->kind)
	{
		case QD_TEST_STRINGS:
			return is_string && in_strings(test, value);
		case QD_TEST_NOT_STRINGS:
			return value->type != jbvNull &&
				!(is_string && in_strings(test, value));
		case QD_TEST_INTS:
			return is_number && in_ints(test, value);
		case QD_TEST_NOT_INTS:
			return value->type != jbvNull &&
				!(is_number && in_ints(test, value));
		case QD_TEST_BOOL:
			return value->type == jbvBool && value->val.boolean == (test->n != 0);
		case QD_TEST_TEXT:
			return is_string && contains(value, first);
		case QD_TEST_TEXT_ANY:
			return is_string && contains_any(value, test);
		case QD_TEST_PREFIX:
			return is_string && has_prefix(value, first);
		case QD_TEST_RANGE:
			return is_number && in_range(test, value);
		case QD_TEST_DATETIME:
			return is_string && in_datetimes(test, value);
		case QD_TEST_BOX:
		case QD_TEST_RADIUS:
		case QD_TEST_POLYGON:
			return test_place(test, value);
		case QD_TEST_TOKENS:
		case QD_TEST_TOKENS_ANY:
		case QD_TEST_PHRASE:
		case QD_TEST_COUNT:
		case QD_TEST_IS_EMPTY:
		case QD_TEST_IS_NULL:
			break;				/* look at whole values: filter_eval.c */
		case QD_TEST_NOT_KEYWORDS:
			return is_string && !in_strings(test, value);
		case QD_TEST_INTEGERS:
		case QD_TEST_NOT_INTEGERS:
			return is_number &&
				test_integer(test, value, test->kind == QD_TEST_INTEGERS);
		case QD_TEST_INTEGER_RANGE:
			return is_number && in_integer_range(test, value);
		case QD_TEST_UUIDS:
		case QD_TEST_NOT_UUIDS:
			return is_string &&
				test_uuid(test, value, test->kind == QD_TEST_UUIDS);
	}
	return false;
}
