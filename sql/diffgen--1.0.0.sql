/* sql/diffgen--1.0.0.sql */

-- complain if script is sourced in psql, rather than via CREATE EXTENSION
\echo Use "CREATE EXTENSION diffgen" to load this file. \quit

--
-- Diffs of text
--

CREATE FUNCTION diffgen(old text, new text, options jsonb DEFAULT '{}')
RETURNS text
AS 'MODULE_PATHNAME', 'diffgen_text_text'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;

COMMENT ON FUNCTION diffgen(text, text, jsonb) IS
'unified diff of two texts, empty when they are equal';

CREATE FUNCTION diffgen_stat(old text, new text, options jsonb DEFAULT '{}',
	OUT added int, OUT removed int, OUT hunks int, OUT exact boolean)
RETURNS record
AS 'MODULE_PATHNAME', 'diffgen_stat_text'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;

COMMENT ON FUNCTION diffgen_stat(text, text, jsonb) IS
'lines added and removed by the diff of two texts, and its hunks';

--
-- Unified diffs: apply, invert, take apart
--

CREATE FUNCTION diffgen_apply(doc text, diff text)
RETURNS text
AS 'MODULE_PATHNAME', 'diffgen_apply_text'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;

COMMENT ON FUNCTION diffgen_apply(text, text) IS
'apply a unified diff to a document, exactly';

CREATE FUNCTION diffgen_invert(diff text)
RETURNS text
AS 'MODULE_PATHNAME', 'diffgen_invert_text'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 50;

COMMENT ON FUNCTION diffgen_invert(text) IS
'the unified diff that goes back';

CREATE FUNCTION diffgen_lines(diff text,
	OUT hunk int, OUT op text, OUT old_line int, OUT new_line int,
	OUT line text, OUT no_newline boolean)
RETURNS SETOF record
AS 'MODULE_PATHNAME', 'diffgen_lines'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 50 ROWS 100;

COMMENT ON FUNCTION diffgen_lines(text) IS
'the lines of a unified diff, as rows';

CREATE FUNCTION diffgen_hunks(diff text,
	OUT hunk int, OUT old_start int, OUT old_count int,
	OUT new_start int, OUT new_count int, OUT added int, OUT removed int,
	OUT heading text, OUT body text)
RETURNS SETOF record
AS 'MODULE_PATHNAME', 'diffgen_hunks'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 50 ROWS 10;

COMMENT ON FUNCTION diffgen_hunks(text) IS
'the hunks of a unified diff, as rows';

--
-- Diffs to read
--

CREATE FUNCTION diffgen_words(old text, new text, options jsonb DEFAULT '{}')
RETURNS text
AS 'MODULE_PATHNAME', 'diffgen_words'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;

COMMENT ON FUNCTION diffgen_words(text, text, jsonb) IS
'the new text with what was removed and added marked word by word';

CREATE FUNCTION diffgen_ansi(diff text, options jsonb DEFAULT '{}')
RETURNS text
AS 'MODULE_PATHNAME', 'diffgen_ansi'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 500;

COMMENT ON FUNCTION diffgen_ansi(text, jsonb) IS
'a unified diff in colours, for a terminal';

CREATE FUNCTION diffgen_html(diff text, options jsonb DEFAULT '{}')
RETURNS text
AS 'MODULE_PATHNAME', 'diffgen_html'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 500;

COMMENT ON FUNCTION diffgen_html(text, jsonb) IS
'a unified diff as HTML that needs nothing else';

--
-- Patches of jsonb documents
--

CREATE FUNCTION diffgen_apply(document jsonb, patch jsonb)
RETURNS jsonb
AS 'MODULE_PATHNAME', 'diffgen_apply_jsonb'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;

COMMENT ON FUNCTION diffgen_apply(jsonb, jsonb) IS
'apply a JSON Patch (RFC 6902), all of it or nothing';

CREATE FUNCTION diffgen_apply_merge(document jsonb, patch jsonb)
RETURNS jsonb
AS 'MODULE_PATHNAME', 'diffgen_apply_merge_jsonb'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;

COMMENT ON FUNCTION diffgen_apply_merge(jsonb, jsonb) IS
'apply a JSON Merge Patch (RFC 7396)';

CREATE FUNCTION diffgen_invert(patch jsonb)
RETURNS jsonb
AS 'MODULE_PATHNAME', 'diffgen_invert_jsonb'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;

COMMENT ON FUNCTION diffgen_invert(jsonb) IS
'the JSON Patch that leads back from the result of one';

CREATE FUNCTION diffgen_replay(base jsonb, patches jsonb[])
RETURNS jsonb
AS 'MODULE_PATHNAME', 'diffgen_replay_jsonb'
LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000;

COMMENT ON FUNCTION diffgen_replay(jsonb, jsonb[]) IS
'the document after a chain of JSON Patches';

CREATE FUNCTION diffgen_merge(base jsonb, ours jsonb, theirs jsonb,
	options jsonb DEFAULT '{}', OUT merged jsonb, OUT conflicts jsonb)
RETURNS record
AS 'MODULE_PATHNAME', 'diffgen_merge_jsonb'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;

COMMENT ON FUNCTION diffgen_merge(jsonb, jsonb, jsonb, jsonb) IS
'three-way merge of two documents and the one that both come from';

--
-- Diffs of jsonb and json
--

CREATE FUNCTION diffgen(old jsonb, new jsonb, options jsonb DEFAULT '{}')
RETURNS text
AS 'MODULE_PATHNAME', 'diffgen_jsonb_jsonb'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;

COMMENT ON FUNCTION diffgen(jsonb, jsonb, jsonb) IS
'unified diff of the canonical texts of two documents, empty when they are equal';

CREATE FUNCTION diffgen(old json, new json, options jsonb DEFAULT '{}')
RETURNS text
AS 'MODULE_PATHNAME', 'diffgen_json_json'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 2000;

COMMENT ON FUNCTION diffgen(json, json, jsonb) IS
'unified diff of the canonical texts of two documents, empty when they are equal';

CREATE FUNCTION diffgen_stat(old jsonb, new jsonb, options jsonb DEFAULT '{}',
	OUT added int, OUT removed int, OUT hunks int, OUT exact boolean)
RETURNS record
AS 'MODULE_PATHNAME', 'diffgen_stat_jsonb'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;

COMMENT ON FUNCTION diffgen_stat(jsonb, jsonb, jsonb) IS
'lines added and removed by the diff of two documents, and its hunks';

CREATE FUNCTION diffgen_stat(old json, new json, options jsonb DEFAULT '{}',
	OUT added int, OUT removed int, OUT hunks int, OUT exact boolean)
RETURNS record
AS 'MODULE_PATHNAME', 'diffgen_stat_json'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 2000;

COMMENT ON FUNCTION diffgen_stat(json, json, jsonb) IS
'lines added and removed by the diff of two documents, and its hunks';

CREATE FUNCTION diffgen_text(doc jsonb, options jsonb DEFAULT '{}')
RETURNS text
AS 'MODULE_PATHNAME', 'diffgen_text_jsonb'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;

COMMENT ON FUNCTION diffgen_text(jsonb, jsonb) IS
'canonical text of a document: the lines that its diffs are made of';

--
-- Changes of jsonb as rows, paths and patches
--

CREATE FUNCTION diffgen_changes(old jsonb, new jsonb, options jsonb DEFAULT '{}',
	OUT op text, OUT path text, OUT old_value jsonb, OUT new_value jsonb)
RETURNS SETOF record
AS 'MODULE_PATHNAME', 'diffgen_changes_jsonb'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000 ROWS 10;

COMMENT ON FUNCTION diffgen_changes(jsonb, jsonb, jsonb) IS
'what changed between two documents, a row for each change';

CREATE FUNCTION diffgen_paths(old jsonb, new jsonb, options jsonb DEFAULT '{}')
RETURNS text[]
AS 'MODULE_PATHNAME', 'diffgen_paths_jsonb'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;

COMMENT ON FUNCTION diffgen_paths(jsonb, jsonb, jsonb) IS
'the paths that changed between two documents, each once';

CREATE FUNCTION diffgen_patch(old jsonb, new jsonb, options jsonb DEFAULT '{}')
RETURNS jsonb
AS 'MODULE_PATHNAME', 'diffgen_patch_jsonb'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;

COMMENT ON FUNCTION diffgen_patch(jsonb, jsonb, jsonb) IS
'the JSON Patch (RFC 6902) that makes one document of the other';

CREATE FUNCTION diffgen_merge_patch(old jsonb, new jsonb)
RETURNS jsonb
AS 'MODULE_PATHNAME', 'diffgen_merge_patch_jsonb'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;

COMMENT ON FUNCTION diffgen_merge_patch(jsonb, jsonb) IS
'the JSON Merge Patch (RFC 7396) that makes one document of the other';

CREATE FUNCTION diffgen_entry(old jsonb, new jsonb, options jsonb DEFAULT '{}',
	OUT diff text, OUT patch jsonb, OUT paths text[],
	OUT added int, OUT removed int, OUT hunks int, OUT exact boolean)
RETURNS record
AS 'MODULE_PATHNAME', 'diffgen_entry_jsonb'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;

COMMENT ON FUNCTION diffgen_entry(jsonb, jsonb, jsonb) IS
'diff, patch, paths and counts of lines of a change, all at once';

--
-- What is known of Kubernetes objects
--

CREATE FUNCTION diffgen_kubernetes_keys()
RETURNS jsonb
AS 'MODULE_PATHNAME', 'diffgen_kubernetes_keys'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;

COMMENT ON FUNCTION diffgen_kubernetes_keys() IS
'the keys of the preset "kubernetes": by which members list elements are matched';

CREATE FUNCTION diffgen_kubernetes_noise()
RETURNS text[]
AS 'MODULE_PATHNAME', 'diffgen_kubernetes_noise'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;

COMMENT ON FUNCTION diffgen_kubernetes_noise() IS
'the ignored paths of the preset "kubernetes": what changes though nothing was changed';
