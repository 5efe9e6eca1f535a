-- diffgen_apply_merge: RFC 7396
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS diffgen;
RESET client_min_messages;

-- the examples of RFC 7396, appendix A
SELECT n, original, patch, diffgen_apply_merge(original, patch) AS result,
       diffgen_apply_merge(original, patch) = expected AS ok
  FROM (VALUES
    (1,  '{"a":"b"}'::jsonb,        '{"a":"c"}'::jsonb,           '{"a":"c"}'::jsonb),
    (2,  '{"a":"b"}',               '{"b":"c"}',                  '{"a":"b","b":"c"}'),
    (3,  '{"a":"b"}',               '{"a":null}',                 '{}'),
    (4,  '{"a":"b","b":"c"}',       '{"a":null}',                 '{"b":"c"}'),
    (5,  '{"a":["b"]}',             '{"a":"c"}',                  '{"a":"c"}'),
    (6,  '{"a":"c"}',               '{"a":["b"]}',                '{"a":["b"]}'),
    (7,  '{"a":{"b":"c"}}',         '{"a":{"b":"d","c":null}}',   '{"a":{"b":"d"}}'),
    (8,  '{"a":[{"b":"c"}]}',       '{"a":[1]}',                  '{"a":[1]}'),
    (9,  '["a","b"]',               '["c","d"]',                  '["c","d"]'),
    (10, '{"a":"b"}',               '["c"]',                      '["c"]'),
    (11, '{"a":"foo"}',             'null',                       'null'),
    (12, '{"a":"foo"}',             '"bar"',                      '"bar"'),
    (13, '{"e":null}',              '{"a":1}',                    '{"e":null,"a":1}'),
    (14, '[1,2]',                   '{"a":"b","c":null}',         '{"a":"b"}'),
    (15, '{}',                      '{"a":{"bb":{"ccc":null}}}',  '{"a":{"bb":{}}}')
  ) AS example (n, original, patch, expected)
 ORDER BY n;

-- nulls inside arrays are values
SELECT diffgen_apply_merge('{"a": [1]}', '{"a": [null, {"b": null}]}');
-- scalars on either side
SELECT diffgen_apply_merge('1', '{"a": {"b": null, "c": 2}}'), diffgen_apply_merge('1', '2');
-- an empty patch changes nothing, but makes an object of what is none
SELECT diffgen_apply_merge('{"a": [null]}', '{}'), diffgen_apply_merge('[1]', '{}'), diffgen_apply_merge('{"a": 1}', '{"a": {}}');
-- empty keys; keys are no paths
SELECT diffgen_apply_merge('{"": 1, "a/b": 2, "a": {"b": 3}}', '{"": null, "a/b": 4, "~1": 5}');
-- the number that was there stays where the patch does not say otherwise
SELECT diffgen_apply_merge('{"a": 1.0, "b": 9007199254740993}', '{"c": 1.10}');
-- NULL in, NULL out
SELECT diffgen_apply_merge(NULL, '{}') IS NULL, diffgen_apply_merge('{}', NULL) IS NULL;

-- a deep patch meets the stack limit, not the end of the stack
CREATE TEMP TABLE deep AS
SELECT (repeat('{"a":', 2000) || '1' || repeat('}', 2000))::jsonb AS patch;
SELECT diffgen_apply_merge('{}', patch) = patch AS same FROM deep;
SET max_stack_depth = '100kB';
\set VERBOSITY sqlstate
SELECT diffgen_apply_merge('{}', patch) FROM deep;
RESET max_stack_depth;
