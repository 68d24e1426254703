#!/usr/bin/perl
# Prints src/payload/unicode_alnum.h: tools/unicode_alnum.pl >src/payload/unicode_alnum.h
use strict;
use warnings;
use Unicode::UCD;

my (@ranges, $first, $last);
for my $c (0x80 .. 0x10FFFF)
{
	next if $c >= 0xD800 && $c <= 0xDFFF;
	next if chr($c) !~ /[\p{Alphabetic}\p{N}]/;
	if (defined $last && $c == $last + 1)
	{
		$last = $c;
		next;
	}
	push @ranges, [ $first, $last ] if defined $last;
	$first = $last = $c;
}
push @ranges, [ $first, $last ];

my $version = Unicode::UCD::UnicodeVersion();
print <<"END";
/*
 * unicode_alnum.h
 *		Letters and digits beyond ASCII: Alphabetic or Number of Unicode
 *		$version, as ranges in ascending order.  Made by
 *		tools/unicode_alnum.pl; included by path.c only.
 */
#ifndef QD_UNICODE_ALNUM_H
#define QD_UNICODE_ALNUM_H

#include <stdint.h>

static const uint32_t unicode_alnum[][2] = {
END
while (my @row = splice(@ranges, 0, 3))
{
	print "\t", join(' ', map { sprintf '{0x%05x, 0x%05x},', @$_ } @row), "\n";
}
print <<'END';
};

#endif							/* QD_UNICODE_ALNUM_H */
END
