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
        # python3-jsonpatch takes a member named "-" for the end of an array.
        if jsonpatch is not None and not any(op["path"].endswith("/-") for op in row["patch"]):
            judged += 1
            result = jsonpatch.apply_patch(Wrapped.wrap(pair[0]), Wrapped.wrap(row["patch"]))
            if not same(Wrapped.unwrap(result), pair[1]):
                fail("I4 by python3-jsonpatch", n, pair, patch=dump(row["patch"]))
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
        done += len(pairs)


if __name__ == "__main__":
    main()
