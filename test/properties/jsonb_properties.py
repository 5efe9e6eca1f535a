#!/usr/bin/env python3
"""Properties of the jsonb functions, over random pairs of documents.

usage: jsonb_properties.py [--pairs N] [--seed S]

Connects as psql does (PGHOST, PGPORT, ...) and uses a schema of its own in
a transaction that is rolled back.  Prints the seed first, so that a failure
can be repeated.  Judges are other people's programs: patch, git apply and, for
JSON patches, python3-jsonpatch where it is installed; and a renderer of
canonical text that shares nothing with the C code.
"""
import argparse
import decimal
import json
import os
import random
import subprocess
import sys
import tempfile

try:
    import jsonpatch
except ImportError:
    jsonpatch = None

D = decimal.Decimal
KEYS = ["a", "b", "bb", "name", "id", "", "k/x", "k~y", 'q"t', "dot.ted", "-",
        "0", "t\tab", "nul\u0001", "ünï", "日本", "metadata", "aaaaaaaab",
        "aaaaaaaac", "aaaaaaaa", "$", "@", "*", "a b", "back\\slash"]
STRINGS = ["", "x", "yy", "1", "null", "a\nb", "tab\t", 'quote"', "\u0001\u001f",
           "ünï", "😀", "[", "{}", "--- a", "+++ b", "@@ -1 +1 @@", "\\ No", "</s>"]
NUMBERS = ["0", "1", "1.0", "1.10", "1.1", "-1", "-0", "1e2", "100", "100.00",
           "9007199254740993", "9007199254740992", "0.000", "1e-7",
           "12345678901234567890.500", "3" * 400, "3" * 400 + ".0", "0." + "0" * 50 + "1"]


class Number(float):
    """A number that is dumped as the text it was made of."""
    def __new__(cls, text):
        self = float.__new__(cls, 0.0)
        self.text = text
        return self

    def __repr__(self):
        return self.text

    def value(self):
        with decimal.localcontext() as ctx:
            ctx.prec = 2000
            return D(self.text)

    def __eq__(self, other):
        return isinstance(other, Number) and self.value() == other.value()

    def __hash__(self):
        return hash(self.value())


def dump(doc):
    """JSON text of a document, numbers as written."""
    if isinstance(doc, Number):
        return doc.text
    if isinstance(doc, dict):
        return "{" + ", ".join(json.dumps(k) + ": " + dump(v)
                               for k, v in doc.items()) + "}"
    if isinstance(doc, list):
        return "[" + ", ".join(dump(v) for v in doc) + "]"
    return json.dumps(doc)


def load(text):
    return json.loads(text, parse_int=Number, parse_float=Number)


def number_text(n):
    with decimal.localcontext() as ctx:
        ctx.prec = 2000
        text = format(D(n.text), "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


def string_text(s):
    out = []
    short = {"\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t",
             '"': '\\"', "\\": "\\\\"}
    for c in s:
        out.append(short.get(c) or ("\\u%04x" % ord(c) if c < " " else c))
    return '"' + "".join(out) + '"'


def canonical(doc, indent=0):
    """The canonical text, written from its definition."""
    pad = "  " * (indent + 1)
    end = "\n" + "  " * indent
    if isinstance(doc, dict):
        if not doc:
            return "{}"
        keys = sorted(doc, key=lambda k: k.encode())
        return "{\n" + ",\n".join(pad + string_text(k) + ": " +
                                  canonical(doc[k], indent + 1) for k in keys) + end + "}"
    if isinstance(doc, list):
        if not doc:
            return "[]"
        return "[\n" + ",\n".join(pad + canonical(v, indent + 1) for v in doc) + end + "]"
    if isinstance(doc, Number):
        return number_text(doc)
    if isinstance(doc, str):
        return string_text(doc)
    return json.dumps(doc)


def same(a, b):
    """Equality as jsonb has it."""
    if isinstance(a, bool) or isinstance(b, bool) or a is None or b is None:
        return a is b
    if type(a) is not type(b):
        return False
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same(a[k], b[k]) for k in a)
    if isinstance(a, list):
        return len(a) == len(b) and all(map(same, a, b))
    return a == b


class Maker:
    def __init__(self, rng):
        self.rng = rng

    def scalar(self):
        kind = self.rng.randrange(6)
        if kind < 2:
            return self.rng.choice(STRINGS)
        if kind < 4:
            return Number(self.rng.choice(NUMBERS))
        return self.rng.choice([None, True, False])

    def document(self, depth):
        r = self.rng.random()
        if depth == 0 or r < 0.35:
            return self.scalar()
        n = self.rng.choice([0, 1, 1, 2, 3, 4, 6, 9])
        if r > 0.98:
            # Too many for a table of all pairs.
            if self.rng.random() < 0.5:
                return [Number(str(self.rng.randrange(20))) for _ in range(90)]
            return [{"id": Number(str(self.rng.randrange(60))), "v": self.scalar()} for _ in range(70)]
        if r < 0.65:
            return {k: self.document(depth - 1)
                    for k in self.rng.sample(KEYS, min(n, len(KEYS)))}
        if self.rng.random() < 0.3:
            return [self.scalar() for _ in range(n * 2)]
        if self.rng.random() < 0.4:
            return [{"name": self.rng.choice("abcdefgh"), "v": self.document(depth - 1)}
                    for _ in range(n)]
        return [self.document(depth - 1) for _ in range(n)]

    def change(self, doc, depth, rate):
        """A copy of doc with some changes."""
        rng = self.rng
        if rng.random() < rate * 0.3:
            return self.document(depth)
        if isinstance(doc, Number) and rng.random() < rate * 2:
            return Number(rng.choice(NUMBERS))
        if isinstance(doc, dict):
            items = [(k, self.change(v, max(depth - 1, 0), rate)) for k, v in doc.items()
                     if rng.random() >= rate * 0.5]
            while rng.random() < rate:
                items.append((rng.choice(KEYS), self.document(max(depth - 1, 0))))
            return dict(items)
        if isinstance(doc, list):
            items = [self.change(v, max(depth - 1, 0), rate) for v in doc
                     if rng.random() >= rate * 0.5]
            while rng.random() < rate:
                items.insert(rng.randint(0, len(items)), self.document(max(depth - 1, 0)))
            if len(items) > 1 and rng.random() < rate * 0.5:
                i, j = rng.randrange(len(items)), rng.randrange(len(items))
                items[i], items[j] = items[j], items[i]
            return items
        return doc

    def pair(self):
        depth = self.rng.choice([0, 1, 2, 3, 4, 5])
        a = self.document(depth)
        if self.rng.random() < 0.1:
            return a, self.document(depth)
        return a, self.change(a, depth, self.rng.choice([0.0, 0.03, 0.1, 0.3]))


def psql(script):
    run = subprocess.run(["psql", "-X", "-q", "-At", "-v", "ON_ERROR_STOP=1"],
                         input=script.encode(), stdout=subprocess.PIPE,
                         stderr=subprocess.PIPE)
    if run.returncode != 0:
        sys.exit("psql failed: " + run.stderr.decode())
    return run.stdout.decode().splitlines()


def literal(text):
    return "'" + text.replace("'", "''") + "'"


def ask(expression, pairs, source="pair", setup=""):
    """expression over (a, b, n), for every pair, as parsed JSON."""
    script = ["BEGIN;", "SET standard_conforming_strings = on;",
              "SET client_min_messages = warning;",
              "CREATE EXTENSION IF NOT EXISTS diffgen;",
              "CREATE TEMP TABLE pair (n int, a jsonb, b jsonb);"]
    for n, (a, b) in enumerate(pairs):
        script.append("INSERT INTO pair VALUES (%d, %s, %s);"
                      % (n, literal(dump(a)), literal(dump(b))))
    script.append(setup)
    script.append("SELECT to_json(%s)::text FROM %s ORDER BY n;" % (expression, source))
    script.append("ROLLBACK;")
    lines = psql("\n".join(script))
    if len(lines) != len(pairs):
        sys.exit("expected %d results, got %d" % (len(pairs), len(lines)))
    return [load(line) for line in lines]


def fail(what, n, pair, **details):
    print("FAILED: %s, pair %d" % (what, n))
    print("old: " + dump(pair[0]))
    print("new: " + dump(pair[1]))
    for name, value in details.items():
        print("%s:\n%s" % (name, value))
    sys.exit(1)


def patched(tool, text, diff, directory):
    path = os.path.join(directory, "before")
    with open(path, "wb") as f:
        f.write(text.encode())
    command = {"patch": ["patch", "-s", "--fuzz=0", "--binary", "-u", path],
               "git": ["git", "apply", "--whitespace=nowarn", "-p0", "-"]}[tool]
    if tool == "git":
        diff = diff.replace("--- before", "--- before", 1).replace("+++ after", "+++ before", 1)
    env = dict(os.environ, GIT_CEILING_DIRECTORIES=os.path.dirname(directory), GIT_DIR="/nonexistent")
    run = subprocess.run(command, input=diff.encode(), cwd=directory, env=env,
                         stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if run.returncode != 0:
        return run.stdout.decode()
    with open(path, "rb") as f:
        return f.read().decode()


def check_diffs(pairs, rng):
    """I2, I3, I6 and diffgen_text and diffgen_stat."""
    contexts = [rng.choice([0, 1, 2, 3, 3, 3, 7, 1000]) for _ in pairs]
    case = "(ARRAY[%s])[n + 1]" % ",".join(map(str, contexts))
    got = ask("json_build_array(diffgen_text(a), diffgen_text(b), a = b,"
              " diffgen(a, b, jsonb_build_object('context', %s)),"
              " diffgen_stat(a, b, jsonb_build_object('context', %s)),"
              " diffgen(b, a), diffgen(a::json, b::json))" % (case, case), pairs)
    applied = 0
    with tempfile.TemporaryDirectory() as directory:
        for n, (pair, row) in enumerate(zip(pairs, got)):
            old, new, equal, diff, stat, _, as_json = row
            if old != canonical(pair[0]) or new != canonical(pair[1]):
                fail("diffgen_text", n, pair, got=old, expected=canonical(pair[0]))
            if equal != same(*pair) or equal != (diff == ""):
                fail("I2: empty exactly when equal", n, pair, diff=diff)
            if (as_json == "") != equal:
                fail("json as jsonb", n, pair, diff=as_json)
            body = [l for l in diff.split("\n")[2:]]
            added = sum(l.startswith("+") for l in body)
            removed = sum(l.startswith("-") for l in body)
            hunks = sum(l.startswith("@@") for l in body)
            if [int(stat[k].text) for k in ("added", "removed", "hunks")] != [added, removed, hunks]:
                fail("diffgen_stat", n, pair, diff=diff, stat=stat)
            if equal:
                continue
            applied += 1
            tools = ["patch"] if n % 4 else ["patch", "git"]
            if contexts[n] == 0:
                tools = ["patch"]       # git wants --unidiff-zero then
            for tool in tools:
                result = patched(tool, old, diff, directory)
                if result != new:
                    fail("I3 by " + tool, n, pair, diff=diff, result=result)
    print("ok: %d pairs, %d diffs applied by patch and git apply" % (len(pairs), applied))


MERGE = """CREATE FUNCTION pg_temp.merge_patch(a jsonb, b jsonb) RETURNS jsonb
LANGUAGE plpgsql AS $$
BEGIN
  RETURN diffgen_merge_patch(a, b);
EXCEPTION WHEN feature_not_supported THEN
  RETURN '"cannot be expressed"';
END $$;"""


def loses_null(old, new):
    """Whether no merge patch makes new of old."""
    if not isinstance(new, dict):
        return False
    if not isinstance(old, dict):
        old = {}
    return any(k not in old or not same(old[k], v)
               for k, v in new.items() if v is None) or \
        any(loses_null(old.get(k), v) for k, v in new.items()
            if not (k in old and same(old[k], v)))


def judge(what, n, pair, patch):
    """Have python3-jsonpatch apply a patch; whether it could be asked."""
    # It takes a member named "-" for the end of an array.
    if jsonpatch is None or any(op["path"].endswith("/-") for op in patch):
        return False
    result = jsonpatch.apply_patch(Wrapped.wrap(pair[0]), Wrapped.wrap(patch))
    if not same(Wrapped.unwrap(result), pair[1]):
        fail(what, n, pair, patch=dump(patch))
    return True


def check_patches(pairs):
    """I4, I5, merge patches, rows, paths, entries."""
    got = ask("json_build_object("
              "'patch', p, 'applied', diffgen_apply(a, p) = b,"
              "'size', pg_column_size(p) = pg_column_size(p::text::jsonb),"
              "'undone', diffgen_apply(b, diffgen_invert(ip)) = a,"
              "'redone', diffgen_apply(a, ip) = b,"
              "'merge', m, 'merged', diffgen_apply_merge(a, m) = b,"
              "'rows', (SELECT count(*) FROM diffgen_changes(a, b) c"
              "  WHERE CASE WHEN op = 'remove' THEN"
              "  jsonb_path_query_array(a, ('strict ' || path)::jsonpath) IS DISTINCT FROM jsonb_build_array(old_value)"
              "  ELSE jsonb_path_query_array(b, ('strict ' || path)::jsonpath) IS DISTINCT FROM jsonb_build_array(new_value) END),"
              "'paths', (SELECT array_agg(path) FROM (SELECT path FROM diffgen_changes(a, b) WITH ORDINALITY"
              "  GROUP BY path ORDER BY min(ordinality)) x) IS NOT DISTINCT FROM nullif(diffgen_paths(a, b), '{}'),"
              "'nrows', (SELECT count(*) FROM diffgen_changes(a, b)) = jsonb_array_length(p),"
              "'entry', (SELECT e.diff = diffgen(a, b) AND e.patch = p AND e.paths = diffgen_paths(a, b)"
              "  AND (e.added, e.removed, e.hunks, e.exact) = (SELECT s.added, s.removed, s.hunks, s.exact"
              "  FROM diffgen_stat(a, b) s) FROM diffgen_entry(a, b) e))",
              pairs, source="(SELECT *, diffgen_patch(a, b) p, diffgen_patch(a, b, '{\"invertible\": true}') ip,"
              " pg_temp.merge_patch(a, b) m FROM pair) pair", setup=MERGE)
    judged = 0
    for n, (pair, row) in enumerate(zip(pairs, got)):
        for name in ("applied", "size", "undone", "redone", "paths", "entry", "nrows"):
            if row[name] is not True:
                fail(name, n, pair, patch=dump(row["patch"]))
        if row["rows"] != Number("0"):
            fail("paths of rows lead to their values", n, pair)
        if row["merge"] == "cannot be expressed":
            if not loses_null(*pair):
                fail("merge patch refused", n, pair)
        elif row["merged"] is not True or loses_null(*pair):
            fail("merge patch", n, pair, patch=dump(row["merge"]))
        judged += judge("I4 by python3-jsonpatch", n, pair, row["patch"])
    print("ok: %d patches, %d judged by python3-jsonpatch" % (len(pairs), judged))


class Wrapped:
    """Documents as python3-jsonpatch sees them: numbers as opaque strings."""
    @staticmethod
    def wrap(doc):
        if isinstance(doc, Number):
            return "number " + doc.text
        if isinstance(doc, dict):
            return {k: Wrapped.wrap(v) for k, v in doc.items()}
        if isinstance(doc, list):
            return [Wrapped.wrap(v) for v in doc]
        return "string " + doc if isinstance(doc, str) and doc.startswith(("number ", "string ")) else doc

    @staticmethod
    def unwrap(doc):
        if isinstance(doc, str):
            if doc.startswith("number "):
                return Number(doc[7:])
            return doc[7:] if doc.startswith("string ") else doc
        if isinstance(doc, dict):
            return {k: Wrapped.unwrap(v) for k, v in doc.items()}
        if isinstance(doc, list):
            return [Wrapped.unwrap(v) for v in doc]
        return doc


# Patterns, as lists of steps: ("key", k), ("keys",), ("element", n),
# ("elements", {key: value} or None), ("any",).

def pattern_text(steps):
    out = ["$"]
    for kind, *arg in steps:
        if kind == "key":
            out.append("." + string_text(arg[0]))
        elif kind == "keys":
            out.append(".*")
        elif kind == "element":
            out.append("[%d]" % arg[0])
        elif kind == "elements":
            out.append("[*]")
            if arg[0]:
                out.append(" ? (" + " && ".join("@." + string_text(k) + " == " + dump(v)
                                                for k, v in arg[0].items()) + ")")
        else:
            out.append(".**")
    return "".join(out)


def path_matches(path, steps):
    """Whether a path, a list of (key or index, value), is what steps name."""
    if not steps:
        return not path
    kind, *arg = steps[0]
    if kind == "any":
        return any(path_matches(path[i:], steps[1:]) for i in range(len(path) + 1))
    if not path:
        return False
    at, value = path[0]
    if kind == "key":
        ok = isinstance(at, str) and at == arg[0]
    elif kind == "keys":
        ok = isinstance(at, str)
    elif kind == "element":
        ok = isinstance(at, int) and at == arg[0]
    else:
        ok = isinstance(at, int) and (
            not arg[0] or isinstance(value, dict) and
            all(k in value and same(value[k], v) for k, v in arg[0].items()))
    return ok and path_matches(path[1:], steps[1:])


def transform(doc, patterns, change, path=()):
    """A copy in which change(value) stands for what a pattern names.  If it
    returns HIDDEN the value is left out."""
    def child(at, value):
        here = path + ((at, value),)
        if any(path_matches(here, p) for p in patterns):
            return change(value)
        return transform(value, patterns, change, here)

    if isinstance(doc, dict):
        items = [(k, child(k, v)) for k, v in doc.items()]
        return {k: v for k, v in items if v is not HIDDEN}
    if isinstance(doc, list):
        return [v for v in (child(i, v) for i, v in enumerate(doc)) if v is not HIDDEN]
    return doc


HIDDEN = object()


def random_path(rng, doc):
    """Steps to some place in a document, made more general at random."""
    steps = []
    while isinstance(doc, (dict, list)) and doc and (not steps or rng.random() < 0.8):
        if rng.random() < 0.1:
            steps.append(("any",))
        if isinstance(doc, dict):
            key = rng.choice(list(doc))
            steps.append(("key", key) if rng.random() < 0.8 else ("keys",))
            doc = doc[key]
        else:
            index = rng.randrange(len(doc))
            doc = doc[index]
            if rng.random() < 0.4:
                steps.append(("element", index))
            elif isinstance(doc, dict) and rng.random() < 0.5:
                scalars = {k: v for k, v in doc.items() if not isinstance(v, (dict, list))}
                steps.append(("elements", dict(list(scalars.items())[:rng.choice([1, 1, 2])])))
            else:
                steps.append(("elements", None))
    return steps or [("key", "a")]


def check_ignore(pairs, rng):
    """What is ignored does not show, and all else does."""
    options = []
    patterns = []
    for pair in pairs:
        patterns.append([random_path(rng, rng.choice(pair)) for _ in range(rng.choice([1, 1, 2, 4]))])
        options.append(json.dumps({"ignore": [pattern_text(p) for p in patterns[-1]]}))
    got = ask("json_build_object('old', diffgen_text(a, o), 'new', diffgen_text(b, o),"
              "'diff', diffgen(a, b, o), 'back', diffgen(b, a, o), 'applied', diffgen_apply(a, diffgen_patch(a, b, o)),"
              "'entry', (SELECT e.diff = diffgen(a, b, o) AND e.patch = diffgen_patch(a, b, o) FROM diffgen_entry(a, b, o) e),"
              "'paths', cardinality(diffgen_paths(a, b, o)))",
              pairs, source="(SELECT *, ((ARRAY[%s])[n + 1])::jsonb AS o FROM pair) pair"
              % ",".join(literal(o) for o in options))
    shown = 0
    with tempfile.TemporaryDirectory() as directory:
        for n, (pair, row) in enumerate(zip(pairs, got)):
            views = [transform(doc, patterns[n], lambda value: HIDDEN) for doc in pair]
            texts = [canonical(view) for view in views]
            if [row["old"], row["new"]] != texts:
                fail("ignore: diffgen_text", n, pair, options=options[n], got=row["old"], expected=texts[0])
            equal = same(*views)
            if (row["diff"] == "") != equal or (row["back"] == "") != equal or \
                    (row["paths"] == Number("0")) != equal:
                fail("ignore: empty exactly when equal", n, pair, options=options[n], diff=row["diff"])
            if row["entry"] is not True:
                fail("ignore: entry", n, pair, options=options[n])
            if not equal:
                shown += 1
                result = patched("patch", texts[0], row["diff"], directory)
                if result != texts[1]:
                    fail("ignore: diff of what is shown", n, pair, options=options[n], diff=row["diff"])
            # Indices and filters may name other elements after the patch.
            if all(step[0] in ("key", "keys", "any") for p in patterns[n] for step in p):
                view = transform(row["applied"], patterns[n], lambda value: HIDDEN)
                if not same(view, views[1]):
                    fail("ignore: patch", n, pair, options=options[n], result=dump(row["applied"]))
    print("ok: %d pairs with ignored parts, %d differ" % (len(pairs), shown))


def check_redact(pairs, rng):
    """What is redacted never shows, but that it changed does."""
    secrets = iter(range(10 ** 9))
    options = []
    hidden_pairs = []

    def secret(value):
        if isinstance(value, dict):
            return {k: secret(v) for k, v in value.items()}
        if isinstance(value, list):
            return [secret(v) for v in value]
        return "TOPSECRET" + (canonical(value) if rng.random() < 0.7 else str(next(secrets)))

    for pair in pairs:
        patterns = [random_path(rng, rng.choice(pair)) for _ in range(rng.choice([1, 1, 2]))]
        # A filter on a value that becomes a secret would not match any more.
        patterns = [[("elements", None) if s[0] == "elements" else s for s in p] for p in patterns]
        options.append(json.dumps({"redact": [pattern_text(p) for p in patterns]}))
        hidden_pairs.append(tuple(transform(doc, patterns, secret) for doc in pair))
    got = ask("json_build_array(diffgen(a, b, o), diffgen_patch(a, b, o), diffgen_paths(a, b, o),"
              " diffgen_patch(a, b, o || '{\"invertible\": true}'), (SELECT jsonb_agg(to_jsonb(c)) FROM diffgen_changes(a, b, o) c),"
              " (SELECT e FROM diffgen_entry(a, b, o || '{\"context\": 1000}') e), diffgen_text(a, o))",
              hidden_pairs, source="(SELECT *, ((ARRAY[%s])[n + 1])::jsonb AS o FROM pair) pair"
              % ",".join(literal(o) for o in options))
    for n, (pair, row) in enumerate(zip(hidden_pairs, got)):
        if "TOPSECRET" in dump(row):
            fail("a secret shows", n, pair, options=options[n], output=dump(row))
        if (row[0] == "") != same(*pair) or (row[1] == []) != same(*pair):
            fail("redact: empty exactly when equal", n, pair, options=options[n])
    print("ok: %d pairs with redacted parts" % len(pairs))


def check_hidden_members(maker):
    """What is ignored has no part in how elements are paired: the diff is that
    of the documents without it."""
    rng = maker.rng
    options = []
    patterns = []
    pairs = []
    keys = ["name", "id", "ts", "v", "w"]

    def element():
        if rng.random() < 0.2:
            return rng.choice([{}, [], "x", Number("1")])
        return {k: rng.choice([Number("1"), Number("2"), Number("1.0"), "x", {"ts": Number(str(rng.randrange(3)))}, {}])
                for k in keys if rng.random() < 0.7}
    for _ in range(200):
        pairs.append(tuple({"l": [element() for _ in range(rng.choice([1, 1, 1, 2, 2, 3, 40]))]} for _ in range(2)))
        patterns.append([[("key", "l"), ("elements", None), ("key", k)] for k in rng.sample(keys, rng.randrange(1, 5))] +
                        rng.choice([[], [], [[("any",), ("key", "ts")]], [[("key", "l"), ("element", 0)]]]))
        options.append(json.dumps({"ignore": [pattern_text(p) for p in patterns[-1]]}))
    source = "(SELECT *, ((ARRAY[%s])[n + 1])::jsonb AS o FROM pair) pair" % ",".join(map(literal, options))
    got = ask("json_build_array(diffgen(a, b, o), diffgen_text(a, o) = diffgen_text(b, o),"
              " diffgen(diffgen_apply(a, diffgen_patch(a, b, o)), b, o))", pairs, source=source)
    bare = [tuple(transform(doc, p, lambda value: HIDDEN) for doc in pair) for pair, p in zip(pairs, patterns)]
    plain = ask("diffgen(a, b)", bare)
    for n, (pair, row) in enumerate(zip(pairs, got)):
        if (row[0] == "") != row[1]:
            fail("hidden members: empty exactly when equal", n, pair, options=options[n], diff=row[0])
        if row[0] != plain[n]:
            fail("hidden members: diff of what is shown", n, pair, options=options[n], diff=row[0], plain=plain[n])
        if "[0]" not in options[n] and row[2] != "":
            fail("hidden members: patch", n, pair, options=options[n], diff=row[2])
    print("ok: %d pairs with hidden members" % len(pairs))


def check_shared_redaction(maker):
    """A value that one document has redacted is not shown of the other where
    the two are told to be the same: an index or a filter matches on one side,
    and something ignored shifts indices or decides filters."""
    rng = maker.rng
    options = []
    pairs = []
    for n in range(200):
        def thing(i):
            return {"id": Number(str(i)), "kind": rng.choice(["Secret", "X"]),
                    "h": Number(str(rng.randrange(2))), "s": "TOPSECRET%d.%d" % (n, i),
                    "m": [{"s": "TOPSECRET%d.%d.m" % (n, i)}, Number(str(rng.randrange(3)))]}
        old = [thing(i) for i in range(rng.randrange(1, 5))]
        new = [dict(t) for t in old]
        for t in new:
            if rng.random() < 0.3:
                t["kind"] = rng.choice(["Secret", "X"])
            if rng.random() < 0.3:
                t["h"] = Number(str(rng.randrange(2)))
        if rng.random() < 0.4:
            rng.shuffle(new)
        elif rng.random() < 0.4:
            new.insert(0, dict(rng.choice(old), id=Number("9"), s="-", m=[]))
        kinds = [rng.choice(["Secret", "X"]) for _ in range(2)]
        pairs.append(({"kind": kinds[0], "l": old, "x": Number("1")},
                      {"kind": kinds[1], "l": new, "x": Number(rng.choice("12"))}))
        at = rng.choice(["$?(@.kind == \"Secret\").l[*]", "$.l[*]?(@.kind == \"Secret\")",
                         "$.l[0]", "$.l[1]", "$.l[*]?(@.h == 1)"])
        option = {"redact": [at + ".s", at + ".m"], "context": 1000, "keys": {"l": [["id"]]}}
        if rng.random() < 0.5:
            option["ignore"] = rng.sample(["$.l[*].h", "$.l[*]?(@.h == 1)", "$.l[*].kind", "$.kind"], 2)
        options.append(json.dumps(option))
    got = ask("json_build_array(diffgen_text(a, o - 'context' - 'keys'), diffgen_text(b, o - 'context' - 'keys'),"
              " json_build_array(diffgen(a, b, o), diffgen_patch(a, b, o - 'context'),"
              " diffgen_patch(a, b, o - 'context' || '{\"invertible\": true}'),"
              " (SELECT jsonb_agg(to_jsonb(c)) FROM diffgen_changes(a, b, o - 'context') c)))",
              pairs, source="(SELECT *, ((ARRAY[%s])[n + 1])::jsonb AS o FROM pair) pair"
              % ",".join(literal(o) for o in options))
    for n, (pair, row) in enumerate(zip(pairs, got)):
        result = dump(row[2]).replace('\\"', '"')
        for i in range(10):
            here = [t for doc in pair for t in doc["l"] if t["id"] == Number(str(i))]
            # One that is ignored in one document is not the same thing in both.
            if len(here) < 2 or "ignore" in options[n] and any(t["h"] == Number("1") for t in here):
                continue
            for secret in ('"TOPSECRET%d.%d"' % (n, i), '"TOPSECRET%d.%d.m"' % (n, i)):
                if secret in result and not all(secret in text for text in row[:2]):
                    fail("redacted on one side only: " + secret, n, pair, options=options[n], output=result)
    print("ok: %d pairs redacted on one side" % len(pairs))


def keyed_pair(maker):
    """Two documents with a list of things that have an id."""
    rng = maker.rng
    ids = rng.sample(range(100), rng.choice([0, 1, 2, 3, 5, 9]))
    things = [{"id": Number(str(i)), "v": maker.document(1)} for i in ids]
    new = [dict(t) for t in things if rng.random() < 0.8]
    for t in new:
        if rng.random() < 0.3:
            t["v"] = maker.change(t["v"], 1, 0.5)
        if rng.random() < 0.1:
            t["id"] = Number(str(rng.randrange(100)) + ".0")
    for _ in range(rng.choice([0, 0, 1, 2])):
        new.insert(rng.randint(0, len(new)), {"id": Number(str(rng.randrange(100))), "v": maker.scalar()})
    if rng.random() < 0.5:
        i, j = rng.randint(0, len(new)), rng.randint(0, len(new))
        new = new[:i] + new[j:] + new[i:j] if i < j else new
    if rng.random() < 0.3:
        rng.shuffle(new)
    nested = {"l": things, "x": [{"l": things}]}
    return nested, {"l": new, "x": [{"l": new[:]}]}


def check_keys(maker):
    """Arrays matched by identity."""
    pairs = [keyed_pair(maker) for _ in range(200)]
    got = ask("json_build_object('patch', p, 'applied', diffgen_apply(a, p) = b,"
              " 'undone', diffgen_apply(b, diffgen_invert(ip)) = a, 'old', diffgen_text(a), 'new', diffgen_text(b),"
              " 'diff', diffgen(a, b, '{\"keys\": {\"l\": [[\"id\"]]}}'),"
              " 'any', diffgen_apply(a, diffgen_patch(a, b, any_order)), 'any_diff', diffgen(a, b, any_order),"
              " 'lost', (SELECT count(*) FROM diffgen_changes(a, b, '{\"keys\": {\"l\": [[\"id\"]]}}') c"
              "  WHERE CASE WHEN op = 'remove' THEN"
              "  jsonb_path_query_array(a, ('strict ' || path)::jsonpath) IS DISTINCT FROM jsonb_build_array(old_value)"
              "  ELSE jsonb_path_query_array(b, ('strict ' || path)::jsonpath) IS DISTINCT FROM jsonb_build_array(new_value) END))",
              pairs, source="(SELECT *, diffgen_patch(a, b, '{\"keys\": {\"l\": [[\"id\"]]}}') p,"
              " diffgen_patch(a, b, '{\"invertible\": true, \"keys\": {\"l\": [[\"id\"]]}}') ip,"
              " '{\"order\": \"ignore\", \"keys\": {\"l\": [[\"id\"]]}}'::jsonb any_order FROM pair) pair")
    moves = 0
    with tempfile.TemporaryDirectory() as directory:
        for n, (pair, row) in enumerate(zip(pairs, got)):
            moves += sum(op["op"] == "move" for op in row["patch"])
            if row["applied"] is not True or row["undone"] is not True:
                fail("keys: patch", n, pair, patch=dump(row["patch"]))
            if row["lost"] != Number("0"):
                fail("keys: paths lead to their values", n, pair)
            judge("keys by python3-jsonpatch", n, pair, row["patch"])
            if row["diff"] != "" and patched("patch", row["old"], row["diff"], directory) != row["new"]:
                fail("keys: I3", n, pair, diff=row["diff"])
            ids = [t["id"].value() for t in pair[1]["l"]]
            if len(ids) == len(set(ids)):
                by_id = lambda doc: {t["id"].value(): t for t in doc["l"]}
                if not same(by_id(row["any"]), by_id(pair[1])):
                    fail("keys in any order", n, pair, result=dump(row["any"]))
                if (row["any_diff"] == "") != same(by_id(pair[0]), by_id(pair[1])):
                    fail("keys in any order: empty exactly when equal", n, pair, diff=row["any_diff"])
    print("ok: %d pairs matched by identity, %d moves" % (len(pairs), moves))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--pairs", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10 ** 9))
    args = parser.parse_args()
    print("seed %d, %d pairs" % (args.seed, args.pairs), flush=True)
    rng = random.Random(args.seed)
    maker = Maker(rng)
    done = 0
    while done < args.pairs:
        pairs = [maker.pair() for _ in range(min(500, args.pairs - done))]
        check_diffs(pairs, rng)
        check_patches(pairs)
        check_ignore(pairs, rng)
        check_redact(pairs, rng)
        check_hidden_members(maker)
        check_shared_redaction(maker)
        check_keys(maker)
        done += len(pairs)


if __name__ == "__main__":
    main()
