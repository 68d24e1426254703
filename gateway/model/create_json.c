/*
 * create_json.c
 *		Writes collection configs and schemas of payload indexes as REST bodies,
 *		by the messages' descriptors.
 *
 * REST's names are those of the fields but for the few below; its enums are
 * the message's in lower or snake case.
 */
#include "model/create_json.h"

#include <string.h>

#include "json/jwrite.h"
#include "model/payload.h"
#include "model/qdrant.pb-c.h"
#include "model/validate.h"

static void write_message(buf *out, const ProtobufCMessage *msg);

static const char *
rest_name(const char *field)
{
	static const char *const renamed[][2] = {
		{"vectors_config", "vectors"},
		{"sparse_vectors_config", "sparse_vectors"},
		{"turboquant", "turbo"},
		{"deprecated_max_optimization_threads", "max_optimization_threads"}
	};

	for (size_t i = 0; i < sizeof(renamed) / sizeof(renamed[0]); i++)
	{
		if (strcmp(field, renamed[i][0]) == 0)
			return renamed[i][1];
	}
	return field;
}

/* Max_Sim -> max_sim, Scalar4Bits -> scalar4bits, Cosine -> Cosine */
static void
write_enum(buf *out, const ProtobufCEnumDescriptor *d, int value)
{
	const ProtobufCEnumValue *v = protobuf_c_enum_descriptor_get_value(d, value);
	bool		verbatim = strcmp(d->short_name, "Distance") == 0 ||
	strcmp(d->short_name, "CompressionRatio") == 0;
	bool		snake = strcmp(d->short_name, "MultiVectorComparator") == 0 ||
	strcmp(d->short_name, "BinaryQuantizationEncoding") == 0;

	buf_addc(out, '"');
	for (const char *p = v ? v->name : ""; *p; p++)
	{
		bool		upper = *p >= 'A' && *p <= 'Z';

		if (upper && snake && p != v->name)
			buf_addc(out, '_');
		buf_addc(out, (char) (upper && !verbatim ? *p - 'A' + 'a' : *p));
	}
	buf_addc(out, '"');
}

/*
 * Set for the routing of the request, to say "default", or for a server older
 * than the member that replaces it.
 */
static bool
is_left_out(const ProtobufCMessage *msg, const ProtobufCFieldDescriptor *f)
{
	const char *at = (const char *) msg + f->offset;

	if (strcmp(f->name, "collection_name") == 0 ||
		strcmp(f->name, "timeout") == 0)
		return true;
	if (strcmp(f->name, "deprecated_max_optimization_threads") == 0)
		return ((const Qdrant__OptimizersConfigDiff *) msg)->max_optimization_threads != NULL;
	return f->type == PROTOBUF_C_TYPE_ENUM && *(const int *) at == 0 &&
		(f->descriptor == &qdrant__datatype__descriptor ||
		 f->descriptor == &qdrant__memory__descriptor);
}

static void
write_value(buf *out, const ProtobufCFieldDescriptor *f, const void *at)
{
	switch (f->type)
	{
		case PROTOBUF_C_TYPE_UINT64:
			jw_u64(out, *(const uint64_t *) at);
			break;
		case PROTOBUF_C_TYPE_UINT32:
			jw_u64(out, *(const uint32_t *) at);
			break;
		case PROTOBUF_C_TYPE_DOUBLE:
			jw_f64(out, *(const double *) at);
			break;
		case PROTOBUF_C_TYPE_FLOAT:
			jw_f32(out, *(const float *) at);
			break;
		case PROTOBUF_C_TYPE_BOOL:
			jw_bool(out, *(const protobuf_c_boolean *) at);
			break;
		case PROTOBUF_C_TYPE_ENUM:
			write_enum(out, f->descriptor, *(const int *) at);
			break;
		case PROTOBUF_C_TYPE_STRING:
			jw_cstring(out, *(char *const *) at);
			break;
		default:
			write_message(out, *(ProtobufCMessage *const *) at);
			break;
	}
}

/* A map<string, message>: entries of key and value. */
static void
write_map(buf *out, const ProtobufCMessage *msg,
		  const ProtobufCFieldDescriptor *f)
{
	size_t		n = *(const size_t *) ((const char *) msg + f->quantifier_offset);
	ProtobufCMessage **entries =
	*(ProtobufCMessage ***) ((const char *) msg + f->offset);
	bool		first = true;

	buf_addc(out, '{');
	for (size_t i = 0; i < n; i++)
	{
		const ProtobufCFieldDescriptor *fields = entries[i]->descriptor->fields;
		const char *key = *(char *const *) ((char *) entries[i] + fields[0].offset);
		const void *value = (char *) entries[i] + fields[1].offset;

		jw_key_slice(out, &first, slice_text(key));
		if (*(void *const *) value == NULL)
			buf_adds(out, "{}");
		else
			write_value(out, &fields[1], value);
	}
	buf_addc(out, '}');
}

/* metadata: validated, so it converts. */
static void
write_payload(buf *out, const ProtobufCMessage *msg,
			  const ProtobufCFieldDescriptor *f)
{
	gw_error	e = {ERR_NONE, NULL};
	slice		json = SLICE_LIT("{}");

	payload_to_json(*(ProtobufCBinaryData **) ((const char *) msg + f->offset),
					*(const size_t *) ((const char *) msg + f->quantifier_offset),
					out->a, &json, &e);
	jw_raw(out, json);
}

static void
write_members(buf *out, bool *first, const ProtobufCMessage *msg)
{
	for (unsigned i = 0; i < msg->descriptor->n_fields; i++)
	{
		const ProtobufCFieldDescriptor *f = &msg->descriptor->fields[i];

		if (!v_is_present(msg, f) || is_left_out(msg, f))
			continue;
		jw_key(out, first, rest_name(f->name));
		if (f->type == PROTOBUF_C_TYPE_BYTES)
			write_payload(out, msg, f);
		else if (f->label == PROTOBUF_C_LABEL_REPEATED)
			write_map(out, msg, f);
		else
			write_value(out, f, (const char *) msg + f->offset);
	}
}

static void
write_fields(buf *out, const ProtobufCMessage *msg)
{
	bool		first = true;

	buf_addc(out, '{');
	write_members(out, &first, msg);
	buf_addc(out, '}');
}

/* A message that REST has no object for: its one set field's value. */
static void
write_inner(buf *out, const ProtobufCMessage *msg)
{
	for (unsigned i = 0; i < msg->descriptor->n_fields; i++)
	{
		const ProtobufCFieldDescriptor *f = &msg->descriptor->fields[i];

		if (!v_is_present(msg, f))
			continue;
		if (f->label == PROTOBUF_C_LABEL_REPEATED)
			write_map(out, msg, f);
		else
			write_value(out, f, (const char *) msg + f->offset);
		return;
	}
	buf_adds(out, "{}");
}

/*----------
 * payload indexes
 *----------
 */

static void
write_strings(buf *out, bool *first, const char *name, char **list, size_t n)
{
	bool		first_item = true;

	if (n == 0)
		return;
	jw_key(out, first, name);
	buf_addc(out, '[');
	for (size_t i = 0; i < n; i++)
	{
		jw_item(out, &first_item);
		jw_cstring(out, list[i]);
	}
	buf_addc(out, ']');
}

/* A language alone was given as its name alone (tables_index.c). */
static void
write_stopwords(buf *out, const Qdrant__StopwordsSet *set)
{
	bool		first = true;

	if (set->n_languages == 1 && set->n_custom == 0 && set->custom != NULL)
	{
		jw_cstring(out, set->languages[0]);
		return;
	}
	buf_addc(out, '{');
	write_strings(out, &first, "languages", set->languages, set->n_languages);
	write_strings(out, &first, "custom", set->custom, set->n_custom);
	buf_addc(out, '}');
}

static void
write_stemmer(buf *out, const Qdrant__StemmingAlgorithm *s)
{
	if (s->stemming_params_case !=
		QDRANT__STEMMING_ALGORITHM__STEMMING_PARAMS_SNOWBALL)
	{
		buf_adds(out, "{\"type\":\"none\"}");
		return;
	}
	buf_adds(out, "{\"type\":\"snowball\",\"language\":");
	jw_cstring(out, s->snowball->language);
	buf_addc(out, '}');
}

/* Parts of index parameters that REST writes in its own way. */
static bool
write_index_part(buf *out, const ProtobufCMessage *msg)
{
	if (msg->descriptor == &qdrant__keyword_prefix_params__descriptor)
		jw_bool(out, true);
	else if (msg->descriptor == &qdrant__stopwords_set__descriptor)
		write_stopwords(out, (const Qdrant__StopwordsSet *) msg);
	else if (msg->descriptor == &qdrant__stemming_algorithm__descriptor)
		write_stemmer(out, (const Qdrant__StemmingAlgorithm *) msg);
	else
		return false;
	return true;
}

static void
write_message(buf *out, const ProtobufCMessage *msg)
{
	static const ProtobufCMessageDescriptor *const wrappers[] = {
		&qdrant__vectors_config__descriptor,
		&qdrant__vector_params_map__descriptor,
		&qdrant__vector_params_diff_map__descriptor,
		&qdrant__sparse_vector_config__descriptor,
		&qdrant__max_optimization_threads__descriptor,
		&qdrant__binary_quantization_query_encoding__descriptor,
		&qdrant__strict_mode_multivector_config__descriptor,
		&qdrant__strict_mode_sparse_config__descriptor
	};

	if (write_index_part(out, msg))
		return;
	if (msg->descriptor == &qdrant__vectors_config_diff__descriptor)
	{
		const Qdrant__VectorsConfigDiff *diff = (const Qdrant__VectorsConfigDiff *) msg;

		/* REST knows the unnamed vector as "" in the map */
		if (diff->config_case == QDRANT__VECTORS_CONFIG_DIFF__CONFIG_PARAMS)
		{
			buf_adds(out, "{\"\":");
			write_fields(out, &diff->params->base);
			buf_addc(out, '}');
			return;
		}
		write_inner(out, msg);
		return;
	}
	if (msg->descriptor == &qdrant__quantization_config_diff__descriptor &&
		((const Qdrant__QuantizationConfigDiff *) msg)->quantization_case ==
		QDRANT__QUANTIZATION_CONFIG_DIFF__QUANTIZATION_DISABLED)
	{
		buf_adds(out, "\"Disabled\"");
		return;
	}
	for (size_t i = 0; i < sizeof(wrappers) / sizeof(wrappers[0]); i++)
	{
		if (msg->descriptor == wrappers[i])
		{
			write_inner(out, msg);
			return;
		}
	}
	write_fields(out, msg);
}

slice
create_collection_json(const Qdrant__CreateCollection *msg, arena *a)
{
	buf			out;

	buf_init(&out, a, 512);
	write_message(&out, &msg->base);
	return buf_slice(&out);
}

slice
update_collection_json(const Qdrant__UpdateCollection *msg, arena *a)
{
	buf			out;

	buf_init(&out, a, 512);
	write_message(&out, &msg->base);
	return buf_slice(&out);
}

slice
index_schema_json(const Qdrant__CreateFieldIndexCollection *msg, arena *a)
{
	static const char *const types[] = {"keyword", "integer", "float", "geo",
	"text", "bool", "datetime", "uuid"};
	const Qdrant__PayloadIndexParams *params = msg->field_index_params;
	bool		first = true;
	buf			out;

	buf_init(&out, a, 256);
	if (params == NULL || params->index_params_case ==
		QDRANT__PAYLOAD_INDEX_PARAMS__INDEX_PARAMS__NOT_SET)
	{
		jw_cstring(&out, types[msg->field_type]);
		return buf_slice(&out);
	}
	buf_addc(&out, '{');
	jw_key(&out, &first, "type");
	jw_cstring(&out, types[msg->field_type]);
	/* the members of the oneof share their place */
	write_members(&out, &first, &params->keyword_index_params->base);
	buf_addc(&out, '}');
	return buf_slice(&out);
}
