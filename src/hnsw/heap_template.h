/*
 * heap_template.h
 *		A binary min-heap over an array, made for one element type at a time:
 *		include it after defining
 *
 *		HEAP_PREFIX		of the functions it defines
 *		HEAP_ELEMENT	type of the elements
 *		HEAP_LESS(a, b)	order, of pointers to elements
 */
#define HEAP_JOIN2(a, b)	a##b
#define HEAP_JOIN(a, b)		HEAP_JOIN2(a, b)
#define HEAP_SINK			HEAP_JOIN(HEAP_PREFIX, _sink)
#define HEAP_BUILD			HEAP_JOIN(HEAP_PREFIX, _build)
#define HEAP_POP			HEAP_JOIN(HEAP_PREFIX, _pop)
#define HEAP_PUSH			HEAP_JOIN(HEAP_PREFIX, _push)

static inline void
HEAP_SINK(HEAP_ELEMENT *a, Size n, Size i)
{
	HEAP_ELEMENT x = a[i];

	for (;;)
	{
		Size		child = 2 * i + 1;

		if (child >= n)
			break;
		if (child + 1 < n && HEAP_LESS(&a[child + 1], &a[child]))
			child++;
		if (!HEAP_LESS(&a[child], &x))
			break;
		a[i] = a[child];
		i = child;
	}
	a[i] = x;
}

static inline void
HEAP_BUILD(HEAP_ELEMENT *a, Size n)
{
	for (Size i = n / 2; i-- > 0;)
		HEAP_SINK(a, n, i);
}

/* Removes and returns the least of n > 0 elements. */
static inline HEAP_ELEMENT
HEAP_POP(HEAP_ELEMENT *a, Size *n)
{
	HEAP_ELEMENT top = a[0];

	a[0] = a[--*n];
	if (*n > 0)
		HEAP_SINK(a, *n, 0);
	return top;
}

/* The array has room for one more. */
static inline void pg_attribute_unused()
HEAP_PUSH(HEAP_ELEMENT *a, Size *n, HEAP_ELEMENT x)
{
	Size		i = (*n)++;

	while (i > 0 && HEAP_LESS(&x, &a[(i - 1) / 2]))
	{
		a[i] = a[(i - 1) / 2];
		i = (i - 1) / 2;
	}
	a[i] = x;
}

#undef HEAP_JOIN2
#undef HEAP_JOIN
#undef HEAP_SINK
#undef HEAP_BUILD
#undef HEAP_POP
#undef HEAP_PUSH
#undef HEAP_PREFIX
#undef HEAP_ELEMENT
#undef HEAP_LESS
