-- diffgen_apply(jsonb, jsonb): what RFC 6902 says
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS diffgen;
RESET client_min_messages;

-- the six operations
SELECT diffgen_apply('{"a": 1}', '[{"op": "add", "path": "/b", "value": [2]}]'::jsonb);
SELECT diffgen_apply('{"a": 1, "b": 2}', '[{"op": "remove", "path": "/a"}]'::jsonb);
SELECT diffgen_apply('{"a": 1, "b": 2}', '[{"op": "replace", "path": "/a", "value": {"c": null}}]'::jsonb);
SELECT diffgen_apply('{"a": {"b": 1}, "c": {}}', '[{"op": "move", "from": "/a/b", "path": "/c/d"}]'::jsonb);
SELECT diffgen_apply('{"a": {"b": 1}, "c": {}}', '[{"op": "copy", "from": "/a", "path": "/c/d"}]'::jsonb);
SELECT diffgen_apply('{"a": {"b": 1}}', '[{"op": "test", "path": "/a", "value": {"b": 1}}]'::jsonb);

-- several see each other's results
SELECT diffgen_apply('{"image": "web:1", "ports": [80, 81, 82, 83], "tier": 2}',
 '[{"op": "replace", "path": "/ports/1", "value": 8081},
   {"op": "remove", "path": "/tier"},
   {"op": "move", "from": "/ports/1", "path": "/first"},
   {"op": "add", "path": "/ports/0", "value": {"n": 1}},
   {"op": "replace", "path": "/ports/0/n", "value": 2},
   {"op": "copy", "from": "/ports/0", "path": "/ports/-"},
   {"op": "replace", "path": "/ports/4/n", "value": 3},
   {"op": "test", "path": "/ports", "value": [{"n": 2}, 80, 82, 83, {"n": 3}]}]'::jsonb);

-- an empty patch, and one that does nothing
SELECT diffgen_apply('{"a": 1}', '[]'::jsonb);
SELECT diffgen_apply('[1, 2]', '[{"op": "move", "from": "/1", "path": "/1"}]'::jsonb);

-- arrays: insert at the front, in the middle, at the end, at "-"
SELECT diffgen_apply('[1, 2]', '[{"op": "add", "path": "/0", "value": 0}]'::jsonb),
       diffgen_apply('[1, 2]', '[{"op": "add", "path": "/1", "value": 0}]'::jsonb),
       diffgen_apply('[1, 2]', '[{"op": "add", "path": "/2", "value": 0}]'::jsonb),
       diffgen_apply('[1, 2]', '[{"op": "add", "path": "/-", "value": 0}]'::jsonb),
       diffgen_apply('[]', '[{"op": "add", "path": "/-", "value": []}]'::jsonb);
SELECT diffgen_apply('[0, 1, 2, 3]', '[{"op": "move", "from": "/0", "path": "/2"}]'::jsonb),
       diffgen_apply('[0, 1, 2, 3]', '[{"op": "move", "from": "/3", "path": "/0"}]'::jsonb),
       diffgen_apply('[0, 1, 2, 3]', '[{"op": "move", "from": "/0", "path": "/-"}]'::jsonb),
       diffgen_apply('[0, {"a": 1}]', '[{"op": "move", "from": "/0", "path": "/0/b"}]'::jsonb);
SELECT diffgen_apply('[0, 1, 2, 3]',
 '[{"op": "remove", "path": "/0"}, {"op": "remove", "path": "/2"},
   {"op": "remove", "path": "/0"}, {"op": "remove", "path": "/0"}]'::jsonb);

-- the whole document
SELECT diffgen_apply('{"a": 1}', '[{"op": "add", "path": "", "value": [1]}]'::jsonb),
       diffgen_apply('{"a": 1}', '[{"op": "replace", "path": "", "value": null}]'::jsonb),
       diffgen_apply('{"a": {"b": 1}}', '[{"op": "move", "from": "/a", "path": ""}]'::jsonb),
       diffgen_apply('{"a": {"b": 1}}', '[{"op": "copy", "from": "/a/b", "path": ""}]'::jsonb),
       diffgen_apply('{"a": 1}', '[{"op": "test", "path": "", "value": {"a": 1.0}}]'::jsonb),
       diffgen_apply('{"a": 1}', '[{"op": "copy", "from": "", "path": "/b"}]'::jsonb);

-- scalar roots
SELECT diffgen_apply('1', '[{"op": "replace", "path": "", "value": "x"}]'::jsonb),
       diffgen_apply('"x"', '[{"op": "test", "path": "", "value": "x"}]'::jsonb),
       diffgen_apply('null', '[]'::jsonb),
       diffgen_apply('true', '[{"op": "add", "path": "", "value": {}}]'::jsonb);

-- members that mean nothing are not looked at
SELECT diffgen_apply('{"a": 1}',
 '[{"op": "add", "path": "/b", "value": 2, "from": 7, "old": {}, "redacted": false, "comment": "x"}]'::jsonb);

-- JSON Pointers: empty keys, "/" and "~", quotes, dots, controls, spaces
SELECT diffgen_apply('{"": 1, "a/b": 2, "m~n": 3, "~1": 4, "\"q\"": 5, "a.b": 6, "t\tn\n": 7, " ": 8, "é€": 9}',
 '[{"op": "replace", "path": "/", "value": "empty"},
   {"op": "replace", "path": "/a~1b", "value": "slash"},
   {"op": "replace", "path": "/m~0n", "value": "tilde"},
   {"op": "replace", "path": "/~01", "value": "tilde one"},
   {"op": "replace", "path": "/\"q\"", "value": "quotes"},
   {"op": "replace", "path": "/a.b", "value": "dot"},
   {"op": "replace", "path": "/t\tn\n", "value": "controls"},
   {"op": "replace", "path": "/ ", "value": "space"},
   {"op": "replace", "path": "/é€", "value": "wide"}]'::jsonb);
SELECT diffgen_apply('{"": {"": {"": 1}}}', '[{"op": "add", "path": "///x~1", "value": 2}]'::jsonb);

-- keys that look like indices
SELECT diffgen_apply('{"0": "a", "-": "b", "01": "c"}',
 '[{"op": "remove", "path": "/0"}, {"op": "add", "path": "/-", "value": 1},
   {"op": "replace", "path": "/01", "value": 2}, {"op": "add", "path": "/7", "value": 3}]'::jsonb);

-- trap: @> holds for a subset, equality does not
SELECT diffgen_apply('{"a": [1, 2, 3]}', '[{"op": "test", "path": "/a", "value": [1, 2, 3]}]'::jsonb);
\set VERBOSITY sqlstate
SELECT diffgen_apply('{"a": [1, 2, 3]}', '[{"op": "test", "path": "/a", "value": [1, 3]}]'::jsonb);
SELECT diffgen_apply('{"a": {"b": 1, "c": 2}}', '[{"op": "test", "path": "/a", "value": {"b": 1}}]'::jsonb);
-- trap: removed nested keys
\set VERBOSITY default
SELECT diffgen_apply('{"a": {"b": {"c": 1, "d": 2}}}', '[{"op": "remove", "path": "/a/b/c"}]'::jsonb);
SELECT diffgen_apply('{"a": {"b": {"c": 1}}}', '[{"op": "remove", "path": "/a/b/c"}]'::jsonb);
-- trap: 1 against 1.0 is equal, and the number that was there stays
SELECT diffgen_apply('{"a": 1.0, "b": [1e2, {"c": 0.50}]}',
 '[{"op": "test", "path": "/a", "value": 1}, {"op": "test", "path": "/b", "value": [100, {"c": 0.5}]}]'::jsonb);
-- trap: 1 against "1"; null against absent; {} against null; false against 0
\set VERBOSITY sqlstate
SELECT diffgen_apply('{"a": 1}', '[{"op": "test", "path": "/a", "value": "1"}]'::jsonb);
SELECT diffgen_apply('{"a": 1}', '[{"op": "test", "path": "/b", "value": null}]'::jsonb);
SELECT diffgen_apply('{"a": {}}', '[{"op": "test", "path": "/a", "value": null}]'::jsonb);
SELECT diffgen_apply('{"a": {}}', '[{"op": "test", "path": "/a", "value": []}]'::jsonb);
SELECT diffgen_apply('{"a": false}', '[{"op": "test", "path": "/a", "value": 0}]'::jsonb);
\set VERBOSITY default
SELECT diffgen_apply('{"a": null}', '[{"op": "test", "path": "/a", "value": null}, {"op": "remove", "path": "/a"}]'::jsonb);
-- trap: integers above 2^53
SELECT diffgen_apply('{"a": 9007199254740993}',
 '[{"op": "test", "path": "/a", "value": 9007199254740993}, {"op": "add", "path": "/b", "value": 18446744073709551617}]'::jsonb);
\set VERBOSITY sqlstate
SELECT diffgen_apply('{"a": 9007199254740993}', '[{"op": "test", "path": "/a", "value": 9007199254740992}]'::jsonb);
\set VERBOSITY default
-- trap: 400-digit numerics, and tiny differences in them
SELECT diffgen_apply(jsonb_build_object('a', n),
                     jsonb_build_array(jsonb_build_object('op', 'test', 'path', '/a', 'value', n),
                                       jsonb_build_object('op', 'copy', 'from', '/a', 'path', '/b')))
       = jsonb_build_object('a', n, 'b', n) AS same
  FROM (SELECT (repeat('1234567890', 40) || '.000')::numeric AS n) AS x;
\set VERBOSITY sqlstate
SELECT diffgen_apply(jsonb_build_object('a', n),
                     jsonb_build_array(jsonb_build_object('op', 'test', 'path', '/a', 'value', n + 1)))
  FROM (SELECT repeat('1234567890', 40)::numeric AS n) AS x;
\set VERBOSITY default
-- trap: arrays of arrays
SELECT diffgen_apply('[[1, [2, [3]]], []]',
 '[{"op": "add", "path": "/0/1/1/1", "value": [4]}, {"op": "move", "from": "/0/0", "path": "/1/0"},
   {"op": "replace", "path": "/0/0/1/0", "value": []}]'::jsonb);
-- trap: strings with quotes and control characters as values
SELECT diffgen_apply('{}', '[{"op": "add", "path": "/a", "value": "\"\\\u0001\n/~"}]'::jsonb);

-- copies are apart from what they were copied from, and from each other
SELECT diffgen_apply('{"a": {"x": {"y": [1]}}}',
 '[{"op": "add", "path": "/a/x/y/-", "value": 2},
   {"op": "copy", "from": "/a", "path": "/b"},
   {"op": "add", "path": "/a/x/y/-", "value": 3},
   {"op": "copy", "from": "/a/x", "path": "/c"},
   {"op": "add", "path": "/b/x/y/0", "value": 0},
   {"op": "remove", "path": "/a/x/y/1"},
   {"op": "add", "path": "/c/z", "value": 4},
   {"op": "copy", "from": "", "path": "/b/x/all"},
   {"op": "remove", "path": "/b/x/y/0"}]'::jsonb);

-- a redacted value as such is only a string
SELECT diffgen_apply('{"a": "<redacted>"}',
 '[{"op": "replace", "path": "/a", "value": "<redacted: after>"}, {"op": "add", "path": "/redacted", "value": true}]'::jsonb);

-- NULL in, NULL out
SELECT diffgen_apply(NULL::jsonb, '[]'::jsonb) IS NULL, diffgen_apply('1'::jsonb, NULL::jsonb) IS NULL;
