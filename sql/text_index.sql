-- Full text: tokens under a text index's schema, and conditions bound to one.
SET client_min_messages = warning;

--
-- tokens
--
CREATE FUNCTION tokens(string text, options text DEFAULT '', query boolean DEFAULT false) RETURNS text LANGUAGE sql AS
$$ SELECT array_to_string(qdrant.text_tokens(string, ('{"type": "text"' || options || '}')::jsonb, query), '|') $$;

-- word: at what is no letter and no digit of any script
SELECT tokens('Hello_World foo-bar 3.14 don''t  x² ½ ⅷ a@b.cz') AS words, tokens('') AS nothing, tokens(' !? ') AS "no word",
	tokens('हिन्दी') AS "a virama is no letter", tokens('日本語テスト 漢字') AS "spaces only";
SELECT tokens('ΑΣΑΣ İSTANBUL ẞ ÇA') AS "lower case of Unicode",
	tokens('ΑΣΑΣ Quick', ', "lowercase": false') AS "as it is";
SELECT tokens(E'a-b\u3000C  d\u00a0e\tf', ', "tokenizer": "whitespace"') AS whitespace;

-- prefix: of documents' words every prefix, of queries' one
SELECT tokens('The größte', ', "tokenizer": "prefix"') AS document,
	tokens('The größte', ', "tokenizer": "prefix"', true) AS query;
SELECT tokens('a The größte', ', "tokenizer": "prefix", "min_token_len": 2, "max_token_len": 4') AS document,
	tokens('a The größte', ', "tokenizer": "prefix", "min_token_len": 2, "max_token_len": 4', true) AS query;
SELECT tokens('the größte', ', "tokenizer": "prefix", "min_token_len": 4, "max_token_len": 2') AS "none can be",
	tokens('the größte', ', "tokenizer": "prefix", "min_token_len": 4, "max_token_len": 2', true) AS "cut";
SELECT tokens('the running', ', "tokenizer": "prefix", "stopwords": "english", "stemmer": {"type": "snowball", "language": "english"}') AS document,
	tokens('the running', ', "tokenizer": "prefix", "stopwords": "english", "stemmer": {"type": "snowball", "language": "english"}', true) AS "stop words stay";
SELECT length(tokens(repeat('x', 5000), ', "tokenizer": "prefix", "max_token_len": 3')) AS "r, ru, run";

-- multilingual: words of languages without spaces, one form for many
SELECT tokens('Hello_World don''t 3.14 42 x²', ', "tokenizer": "multilingual"') AS "numbers drop",
	tokens('Crème brûlée Ångström ﬁn', ', "tokenizer": "multilingual"') AS latin,
	tokens('Σίσυφος Ώρα', ', "tokenizer": "multilingual"') AS greek,
	tokens('Привет ёж СССР', ', "tokenizer": "multilingual"') AS cyrillic,
	tokens('हिन्दी में', ', "tokenizer": "multilingual"') AS hindi,
	normalize(tokens('한국어 처리', ', "tokenizer": "multilingual"'), NFC) AS korean;
SELECT tokens('السلام أحمد مدرسة الى', ', "tokenizer": "multilingual"') AS "arabic, articles apart",
	tokens('Œuvre æther', ', "tokenizer": "multilingual"') AS ligatures,
	tokens('бегущий', ', "tokenizer": "multilingual", "max_token_len": 7') AS "decomposed it has 8",
	tokens('great👍 5€', ', "tokenizer": "multilingual"') AS signs;
SELECT tokens('ภาษาไทย', ', "tokenizer": "multilingual"') <> tokens('ภาษาไทย') AS "thai has words",
	tokens('abcабв日本', ', "tokenizer": "multilingual"') AS "one script each";

-- stages, in their order
SELECT tokens('Über Straße Łódź ﬁn Æ ①', ', "ascii_folding": true') AS folded;
SELECT tokens('the quick fox', ', "stopwords": "en"') AS english,
	tokens('der schnelle und the', ', "stopwords": {"languages": ["de", "english"]}') AS two,
	tokens('Quick FOX dog', ', "stopwords": {"custom": ["QUICK", "fox", "fox"]}') AS custom,
	tokens('Quick QUICK', ', "lowercase": false, "stopwords": {"custom": ["QUICK"]}') AS "case counts",
	tokens('Über uber', ', "ascii_folding": true, "stopwords": {"custom": ["über"]}') AS "after folding";
SELECT tokens('ponies running', ', "stemmer": {"type": "snowball", "language": "english"}') AS english,
	tokens('laufen Häuser', ', "stemmer": {"type": "snowball", "language": "de"}') AS german,
	tokens('бегущие', ', "stemmer": {"type": "snowball", "language": "ru"}') AS russian,
	tokens('running', ', "stemmer": {"type": "none"}') AS none;
SELECT tokens('running at ponies', ', "min_token_len": 3, "max_token_len": 4, "stemmer": {"type": "snowball", "language": "english"}') AS "length of the stem",
	tokens('größe größer', ', "max_token_len": 5') AS "characters, not bytes";
-- every language has its stemmer
SELECT language, tokens('abandoned', format(', "stemmer": {"type": "snowball", "language": %s}', to_json(language))) IS NOT NULL AS works
FROM unnest('{arabic,armenian,danish,dutch,english,finnish,french,german,greek,hungarian,italian,norwegian,portuguese,romanian,russian,spanish,swedish,tamil,turkish}'::text[]) language;
SELECT string_agg(language, ' ') FILTER (WHERE tokens('x', format(', "stopwords": %s', to_json(language))) = 'x') AS "stop words of"
FROM unnest('{danish,dutch,english,finnish,french,german,hungarian,italian,nepali,norwegian,portuguese,russian,spanish,swedish,turkish}'::text[]) language;

--
-- schemas that are none
--
CREATE FUNCTION problem(schema text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	PERFORM qdrant.text_tokens('x', schema::jsonb);
	RETURN 'accepted';
EXCEPTION WHEN OTHERS THEN
	RETURN SQLSTATE || ' ' || SQLERRM;
END $$;
SELECT schema, problem(schema) FROM (VALUES
	('[]'), ('{}'), ('{"type": "keyword"}'), ('{"tokenizer": "magic"}'), ('{"tokenizer": null}'),
	('{"min_token_len": -1}'), ('{"max_token_len": 1.5}'), ('{"lowercase": "yes"}'), ('{"ascii_folding": 1}'),
	('{"phrase_matching": []}'), ('{"on_disk": 1}'), ('{"memory": "cold", "on_disk": true, "enable_hnsw": false}'),
	('{"stopwords": "klingon"}'), ('{"stopwords": "arabic"}'), ('{"stopwords": ["a"]}'), ('{"stopwords": "armenian"}'),
	('{"stopwords": {"languages": "en"}}'), ('{"stopwords": {"languages": [1]}}'), ('{"stopwords": {"custom": [1]}}'),
	('{"stopwords": {"custom": "a"}}'), ('{"stopwords": {}}'),
	('{"stemmer": "english"}'), ('{"stemmer": {"type": "porter"}}'), ('{"stemmer": {"type": "snowball"}}'),
	('{"stemmer": {"type": "snowball", "language": "klingon"}}'), ('{"stemmer": {"type": "snowball", "language": "basque"}}'),
	('{"stemer": {"type": "none"}}')) v (schema);

--
-- conditions bound to a text index
--
CREATE TABLE points (id integer PRIMARY KEY, payload jsonb);
INSERT INTO points VALUES
	(1, '{"t": "The quick brown fox jumps over the lazy dog"}'), (2, '{"t": "Quick Brown"}'),
	(3, '{"t": "brown quick"}'), (4, '{"t": ["quick silver", "brown sugar"]}'),
	(5, '{"t": "foxes"}'), (6, '{"t": ""}'), (7, '{"t": 5}'), (8, '{}'),
	(9, '{"t": "dog dog dog cat"}'), (10, '{"t": {"x": "quick"}}'), (11, '{"t": null}'),
	(12, '{"t": [["quick", "brown"]]}'), (13, '{"t": ["quick", 5, null, "fox"]}'),
	(14, '{"l": [{"t": "quick fox"}, {"t": "brown dog"}]}');
CREATE FUNCTION bound(kind text, string text, options text DEFAULT '', key text DEFAULT 't') RETURNS text LANGUAGE sql AS $$
	SELECT coalesce(string_agg(id::text, ' ' ORDER BY id), 'none') FROM points
	WHERE payload @@@ jsonb_build_object('must', jsonb_build_object('key', key, 'match', jsonb_build_object(kind, string),
		'as', ('{"type": "text"' || options || '}')::jsonb))::payload_filter
$$;
SELECT bound('text', 'brown QUICK') AS "all, over all strings", bound('text', 'qui') AS "no prefix", bound('text', 'fox fox') AS twice,
	bound('text', '') AS "no token", bound('text', '!') AS "no token", bound('text', 'quick nothing') AS "an unknown one";
SELECT bound('text_any', 'dog sugar nothing') AS "any", bound('text_any', '') AS "no token";
SELECT bound('phrase', 'quick brown') AS "index without phrases",
	bound('phrase', 'quick Brown', ', "phrase_matching": true') AS phrase,
	bound('phrase', 'silver brown', ', "phrase_matching": true') AS "not across strings",
	bound('phrase', 'dog dog dog', ', "phrase_matching": true') AS repeated,
	bound('phrase', 'dog dog dog dog', ', "phrase_matching": true') AS "too often",
	bound('phrase', '', ', "phrase_matching": true') AS empty,
	bound('phrase', 'over lazy', ', "phrase_matching": true, "stopwords": "english"') AS "stop words gone";
SELECT bound('text', 'qui bro', ', "tokenizer": "prefix"') AS prefixes,
	bound('text', 'fox', ', "stemmer": {"type": "snowball", "language": "english"}') AS stems,
	bound('text', 'quick the', ', "stopwords": "english"') AS "a stop word",
	bound('text', 'the', ', "stopwords": "english"') AS "no token";
SELECT bound('text', 'fox brown', '', 'l[].t') AS "over elements", bound('phrase', 'fox brown', ', "phrase_matching": true', 'l[].t') AS "not across them";
-- what a text index does not answer is as without one
SELECT bound('value', 'Quick Brown') AS value, bound('prefix', 'Qui') AS prefix;
-- not bound: substrings
SELECT string_agg(id::text, ' ' ORDER BY id) AS "substring" FROM points WHERE payload @@@ '{"must": {"key": "t", "match": {"text": "fox"}}}'::payload_filter;
-- the type alone, and another predicate in the same condition, which gives way
SELECT string_agg(id::text, ' ' ORDER BY id) AS "type alone" FROM points WHERE payload @@@ '{"must": {"key": "t", "match": {"text": "QUICK"}, "as": "text"}}'::payload_filter;
SELECT string_agg(id::text, ' ' ORDER BY id) AS "only the match" FROM points
WHERE payload @@@ '{"must": {"key": "t", "match": {"text": "fox"}, "range": {"gte": 5}, "is_null": true, "as": {"type": "text"}}}'::payload_filter;
-- negated, nested
SELECT string_agg(id::text, ' ' ORDER BY id) AS "not fox" FROM points
WHERE payload @@@ '{"must_not": {"key": "t", "match": {"text": "fox"}, "as": {"type": "text"}}}'::payload_filter;
SELECT string_agg(id::text, ' ' ORDER BY id) AS "one element" FROM points
WHERE payload @@@ '{"must": {"nested": {"key": "l", "filter": {"must": {"key": "t", "match": {"text": "fox quick"}, "as": {"type": "text"}}}}}}'::payload_filter;
-- kept by text and equality, and its errors name the place
SELECT '{"must": {"key": "t", "match": {"text": "a"}, "as": {"type": "text", "tokenizer": "word"}}}'::payload_filter;
\set VERBOSITY default
SELECT '{"must": [{"key": "t", "match": {"text": "a"}, "as": {"type": "text", "tokenizer": "magic"}}]}'::payload_filter;
SELECT '{"must": [{"key": "t", "match": {"text": 5}, "as": {"type": "text"}}]}'::payload_filter;

--
-- long strings: as many tokens as they have, no more memory than that takes
--
SELECT cardinality(qdrant.text_tokens(repeat('x', 100000), '{"type": "text", "tokenizer": "prefix", "max_token_len": 2000}')) AS prefixes,
	cardinality(qdrant.text_tokens(repeat('word ', 200000))) AS words,
	cardinality(qdrant.text_tokens(repeat('é', 500000), '{"type": "text", "ascii_folding": true, "stemmer": {"type": "snowball", "language": "french"}}')) AS one,
	cardinality(qdrant.text_tokens(repeat('日本', 100000), '{"type": "text", "tokenizer": "multilingual"}')) > 1 AS segments;
-- lower case may be longer: a word that then fills its memory to the last byte
SELECT t[1], t[2], length(t[3]), octet_length(t[3]) FROM qdrant.text_tokens('one two İ' || repeat('x', 1021)) t;

DROP TABLE points;
DROP FUNCTION tokens, problem, bound;

--
-- SQL_ASCII: any bytes; what is no UTF-8 belongs to no word
--
\set database :DBNAME
CREATE DATABASE regress_qdrant_ascii ENCODING SQL_ASCII LOCALE 'C' TEMPLATE template0;
\c regress_qdrant_ascii
SET client_min_messages = warning;
CREATE EXTENSION qdrant_pg;
CREATE TABLE points (id integer, payload jsonb);
INSERT INTO points VALUES (1, jsonb_build_object('t', E'Quick \xff\xfe brown')), (2, '{"t": "quick"}');
CREATE INDEX ON points USING gin (payload qdrant_text_ops (path = 't'));
SELECT id FROM points WHERE payload @@@ '{"must": {"key": "t", "match": {"text": "BROWN quick"}, "as": "text"}}';
SET enable_seqscan = off;
SELECT id FROM points WHERE payload @@@ '{"must": {"key": "t", "match": {"text": "BROWN quick"}, "as": "text"}}';
SELECT qdrant.text_tokens(E'Quick \xff\xfe brown'),
	cardinality(qdrant.text_tokens(E'Quick \xff\xfe brown', '{"type": "text", "tokenizer": "whitespace"}')) AS pieces,
	cardinality(qdrant.text_tokens(E'Quick \xff\xfe brown', '{"type": "text", "tokenizer": "multilingual", "ascii_folding": true}')) AS words;
\c :database
DROP DATABASE regress_qdrant_ascii;
