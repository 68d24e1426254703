/*
 * gin_geo.c
 *		Which cells of the map a box, a circle or a polygon touches.
 *
 * The map is a square of 2^32 x 2^32 cells, numbered along a Z curve, so that
 * a square of 2^k x 2^k aligned cells is one range.  A box becomes some dozen
 * such squares; circles and polygons are first put into boxes.
 */
#include "compat.h"

#include <math.h>

#include "payload/gin_query.h"

#define MAP_BITS		32
#define SQUARES_MAX		(QD_GEO_RANGES_MAX / 2) /* per box; a test has two */

#define EARTH_RADIUS	6371008.8
#define DEGREES(radians) ((radians) * (180.0 / M_PI))
#define RADIANS(degrees) ((degrees) * (M_PI / 180.0))

/* More than rounding can move a place, in degrees: 0.1 mm. */
#define MARGIN			1e-9

/* In cells, both ends included. */
typedef struct cell_box
{
	uint32		west;
	uint32		east;
	uint32		south;
	uint32		north;
} cell_box;

/* A square of cells that share the upper bits of their coordinates. */
typedef struct square
{
	uint32		x;
	uint32		y;
	int			bits;			/* that they share */
} square;

typedef enum overlap
{
	OUTSIDE, PARTLY, INSIDE
} overlap;

static uint32
far_end(uint32 start, int bits)
{
	return bits == 0 ? PG_UINT32_MAX :
		start | (uint32) ((UINT64CONST(1) << (MAP_BITS - bits)) - 1);
}

static overlap
compare(const square *s, const cell_box *box)
{
	uint32		east = far_end(s->x, s->bits);
	uint32		north = far_end(s->y, s->bits);

	if (east < box->west || s->x > box->east || north < box->south ||
		s->y > box->north)
		return OUTSIDE;
	if (s->x >= box->west && east <= box->east && s->y >= box->south &&
		north <= box->north)
		return INSIDE;
	return PARTLY;
}

/* The quarters of s that touch the box, in the order of the curve. */
static int
split(const square *s, const cell_box *box, square *out)
{
	uint32		half = UINT32_C(1) << (MAP_BITS - s->bits - 1);
	int			n = 0;

	for (int i = 0; i < 4; i++)
	{
		square		quarter = {i & 1 ? s->x | half : s->x,
			i & 2 ? s->y | half : s->y, s->bits + 1
		};

		if (compare(&quarter, box) != OUTSIDE)
			out[n++] = quarter;
	}
	return n;
}

/*
 * Splits the squares that stick out of the box, all of one size at a time, as
 * long as there are not too many.
 */
static int
cover_squares(const cell_box *box, square *squares)
{
	square		next[SQUARES_MAX * 4];
	int			n = 1;

	memset(squares, 0, sizeof(square));
	for (;;)
	{
		int			n_next = 0;
		bool		changed = false;

		for (int i = 0; i < n; i++)
		{
			if (squares[i].bits < MAP_BITS &&
				compare(&squares[i], box) == PARTLY)
			{
				n_next += split(&squares[i], box, next + n_next);
				changed = true;
			}
			else
				next[n_next++] = squares[i];
		}
		if (!changed || n_next > SQUARES_MAX)
			return n;
		memcpy(squares, next, n_next * sizeof(square));
		n = n_next;
	}
}

static int
cover_box(const cell_box *box, qd_cell_range *ranges)
{
	square		squares[SQUARES_MAX];
	int			n = cover_squares(box, squares);
	int			n_ranges = 0;

	for (int i = 0; i < n; i++)
	{
		const square *s = &squares[i];
		qd_cell_range range = {qd_key_interleave(s->x, s->y),
		qd_key_interleave(far_end(s->x, s->bits), far_end(s->y, s->bits))};

		if (n_ranges > 0 && ranges[n_ranges - 1].last + 1 == range.first)
			ranges[n_ranges - 1].last = range.last;
		else
			ranges[n_ranges++] = range;
	}
	return n_ranges;
}

/* The box of degrees, both ends included; one over the date line is two. */
static int
cover_degrees(qd_geo_point south_west, qd_geo_point north_east,
			  qd_cell_range *ranges)
{
	cell_box	box = {
		qd_key_scale(south_west.lon - MARGIN, 180),
		qd_key_scale(north_east.lon + MARGIN, 180),
		qd_key_scale(south_west.lat - MARGIN, 90),
		qd_key_scale(north_east.lat + MARGIN, 90)
	};
	cell_box	east = box;
	int			n;

	if (south_west.lat > north_east.lat)
		return 0;
	if (south_west.lon <= north_east.lon)
		return cover_box(&box, ranges);
	box.west = 0;
	east.east = PG_UINT32_MAX;
	n = cover_box(&box, ranges);
	return n + cover_box(&east, ranges + n);
}

static int
cover_circle(qd_geo_point center, double radius, qd_cell_range *ranges)
{
	double		angle = radius / EARTH_RADIUS + RADIANS(MARGIN);
	double		lat = DEGREES(angle);
	qd_geo_point south_west = {-180, fmax(center.lat - lat, -90)};
	qd_geo_point north_east = {180, fmin(center.lat + lat, 90)};

	if (radius < 0)
		return 0;
	/* without a pole inside, the longitudes are bounded, too */
	if (center.lat - lat > -89.9 && center.lat + lat < 89.9)
	{
		double		lon = DEGREES(asin(fmin(sin(angle) / cos(RADIANS(center.lat)), 1))) + MARGIN;

		south_west.lon = center.lon - lon;
		north_east.lon = center.lon + lon;
		if (south_west.lon < -180)
			south_west.lon += 360;
		if (north_east.lon > 180)
			north_east.lon -= 360;
	}
	return cover_degrees(south_west, north_east, ranges);
}

static int
cover_ring(const qd_node *ring, qd_cell_range *ranges)
{
	const qd_geo_point *p = (const qd_geo_point *) qd_node_body(ring);
	qd_geo_point south_west = p[0];
	qd_geo_point north_east = p[0];

	for (uint32 i = 1; i < ring->n; i++)
	{
		south_west.lon = fmin(south_west.lon, p[i].lon);
		south_west.lat = fmin(south_west.lat, p[i].lat);
		north_east.lon = fmax(north_east.lon, p[i].lon);
		north_east.lat = fmax(north_east.lat, p[i].lat);
	}
	return cover_degrees(south_west, north_east, ranges);
}

int
qd_geo_cover(const qd_node *test, qd_cell_range *ranges)
{
	const qd_geo_point *p = (const qd_geo_point *) qd_node_body(test);
	qd_geo_point south_west = p[0];
	qd_geo_point north_east = p[1];

	switch (test->kind)
	{
		case QD_TEST_BOX:
			/* given as north-west and south-east */
			south_west.lat = p[1].lat;
			north_east.lat = p[0].lat;
			return cover_degrees(south_west, north_east, ranges);
		case QD_TEST_RADIUS:
			return cover_circle(p[0], p[1].lon, ranges);
		default:
			return cover_ring((const qd_node *) p, ranges);
	}
}
