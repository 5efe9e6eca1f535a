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
