/*
 * text_sql.c
 *		qdrant.text_tokens(text, jsonb, boolean): what a text index makes of a
 *		string.
 */
#include "compat.h"

#include "catalog/pg_type.h"
#include "mb/pg_wchar.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "payload/text_index.h"

static Datum
token_datum(const qd_token *token)
{
	char	   *s = unconstify(char *, token->s);

	/* SQL_ASCII has no encoding that bytes could be wrong in */
	if (GetDatabaseEncoding() != PG_SQL_ASCII)
		s = pg_any_to_server(s, (int) token->length, PG_UTF8);
	if (s == token->s)
		return PointerGetDatum(cstring_to_text_with_len(token->s,
														(int) token->length));
	return CStringGetTextDatum(s);
}

QD_FUNCTION(qd_payload_text_tokens);
Datum
qd_payload_text_tokens(PG_FUNCTION_ARGS)
{
	text	   *string = PG_GETARG_TEXT_PP(0);
	Jsonb	   *json = PG_GETARG_JSONB_P(1);
	bool		query = PG_GETARG_BOOL(2);
	char	   *problem = "it must be an object";
	qd_text_schema *schema = NULL;
	qd_tokens	tokens;
	Datum	   *values;

	if (JB_ROOT_IS_OBJECT(json))
		schema = qd_text_schema_read(&json->root, &problem);
	if (schema == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("invalid schema of a text index: %s", problem)));
	tokens = query ?
		qd_text_query_tokens(schema, VARDATA_ANY(string),
							 VARSIZE_ANY_EXHDR(string)) :
		qd_text_document_tokens(schema, VARDATA_ANY(string),
								VARSIZE_ANY_EXHDR(string));
	values = palloc(sizeof(Datum) * Max(tokens.n, 1));
	for (uint32 i = 0; i < tokens.n; i++)
		values[i] = token_datum(&tokens.items[i]);
	PG_RETURN_ARRAYTYPE_P(construct_array(values, (int) tokens.n, TEXTOID, -1,
										  false, TYPALIGN_INT));
}
