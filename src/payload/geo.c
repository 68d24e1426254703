/*
 * geo.c
 *		Haversine distance, boxes and rings.
 */
#include "payload/geo.h"

#include <math.h>

#define EARTH_RADIUS 6371008.8
#define RADIANS(degrees) ((degrees) * (3.14159265358979323846 / 180.0))

bool
qd_geo_is_valid(qd_geo_point p)
{
	return p.lon >= -180 && p.lon <= 180 && p.lat >= -90 && p.lat <= 90;
}

double
qd_geo_distance(qd_geo_point a, qd_geo_point b)
{
	double		dlat = sin(RADIANS(b.lat - a.lat) / 2);
	double		dlon = sin(RADIANS(b.lon - a.lon) / 2);
	double		h = dlat * dlat +
	cos(RADIANS(a.lat)) * cos(RADIANS(b.lat)) * dlon * dlon;

	return 2 * EARTH_RADIUS * asin(sqrt(h < 1 ? h : 1));
}

bool
qd_geo_in_box(qd_geo_point p, qd_geo_point top_left, qd_geo_point bottom_right)
{
	bool		lat = bottom_right.lat < p.lat && p.lat < top_left.lat;

	if (top_left.lon > bottom_right.lon)
		return lat && (p.lon > top_left.lon || p.lon < bottom_right.lon);
	return lat && top_left.lon < p.lon && p.lon < bottom_right.lon;
}

static bool
on_segment(qd_geo_point p, qd_geo_point a, qd_geo_point b)
{
	double		cross = (b.lon - a.lon) * (p.lat - a.lat) -
	(b.lat - a.lat) * (p.lon - a.lon);

	return cross == 0 &&
		p.lon >= fmin(a.lon, b.lon) && p.lon <= fmax(a.lon, b.lon) &&
		p.lat >= fmin(a.lat, b.lat) && p.lat <= fmax(a.lat, b.lat);
}

bool
qd_geo_in_ring(qd_geo_point p, const qd_geo_point *ring, size_t n,
			   bool *on_edge)
{
	int			winding = 0;

	*on_edge = false;
	for (size_t i = 0; i + 1 < n; i++)
	{
		qd_geo_point a = ring[i];
		qd_geo_point b = ring[i + 1];

		if (on_segment(p, a, b))
		{
			*on_edge = true;
			return false;
		}
		if ((a.lat > p.lat) != (b.lat > p.lat) &&
			p.lon < (b.lon - a.lon) * (p.lat - a.lat) / (b.lat - a.lat) + a.lon)
			winding += b.lat > a.lat ? 1 : -1;
	}
	return winding != 0;
}
