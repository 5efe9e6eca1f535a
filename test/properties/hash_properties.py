#!/usr/bin/env python3
"""The hash of a version is the one that the document has alone, whatever is
carried over from the version before.

usage: hash_properties.py [--series N] [--seed S]

Connects as psql does (PGHOST, PGPORT, ...).  Prints the seed first, so that a
failure can be repeated.  Documents are large enough to have runs and parts of
their own: a series of versions of each, made by inserting, removing, moving
and changing children anywhere, is hashed by diffgen_snapshots and
diffgen_hash_pair, and alone; the last is compared with the definition in
src/json/digest.c, written once more.
"""
import argparse
import decimal
import hashlib
import json
import random
import subprocess
import sys

VERSIONS = 6
KEYS = ["a", "b", "l", "x", "name", "key", "text", "é", ""]
REDACTED = "<redacted>"
SETUP = """SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS diffgen;
CREATE TEMP TABLE version (s int, n int, doc jsonb, o jsonb);
COPY version FROM STDIN;
"""
ALONE = "SELECT s, n, encode(diffgen_hash(doc, o), 'hex') FROM version"
CARRIED = """
SELECT s, extract(epoch FROM c.changed_at)::int AS n, encode(c.old_hash, 'hex'), encode(c.new_hash, 'hex')
FROM (SELECT s, diffgen_snapshots(doc, to_timestamp(n), o ORDER BY n) AS list FROM version GROUP BY s) AS v,
	unnest(v.list) AS c"""
PAIRS = """
SELECT a.s, a.n, b.n, encode(h.old_hash, 'hex'), encode(h.new_hash, 'hex')
FROM version a JOIN version b ON a.s = b.s AND b.n IN (a.n + 1, a.n - 2), diffgen_hash_pair(a.doc, b.doc, a.o) AS h"""


class Number(str):
    """A number, as it is written."""


def dump(doc):
    if isinstance(doc, Number):
        return str(doc)
    if isinstance(doc, dict):
        return "{" + ",".join(json.dumps(k) + ":" + dump(v) for k, v in doc.items()) + "}"
    if isinstance(doc, list):
        return "[" + ",".join(map(dump, doc)) + "]"
    return json.dumps(doc)


# ---------------------------------------------------------------------------
# The definition
# ---------------------------------------------------------------------------

def crc_table():
    for byte in range(256):
        for _ in range(8):
            byte = byte >> 1 ^ (0x82F63B78 if byte & 1 else 0)
        yield byte


CRC_TABLE = list(crc_table())


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc = crc >> 8 ^ CRC_TABLE[(crc ^ byte) & 255]
    return crc ^ 0xFFFFFFFF


def sha(data):
    return hashlib.sha256(data).digest()


def sized(letter, text):
    data = text.encode()
    return letter + len(data).to_bytes(4, "big") + data


def folded(letter, children):
    result, run, runs = letter, b"", 0
    for child in children:
        run += child
        if len(run) >= 1024 and (len(run) >= 65536 or len(child) >= 4096 or
                                 crc32c(child) < len(child) << 20):
            result += b"r" + sha(run)
            run = b""
            runs += 1
            if len(result) >= 65536:
                result = b"c" + sha(result)
    result += run + b"e"
    return b"h" + sha(result) if runs or len(result) >= 1024 else result


def serialized(doc, view):
    """view(path) says what becomes of a node: None, "hide" or "redact"."""
    def put(doc, path):
        if view(path) == "redact":
            return sized(b"s", REDACTED)
        if isinstance(doc, Number):
            with decimal.localcontext() as context:
                context.prec = 2000
                text = format(decimal.Decimal(doc), "f")
            if "." in text:
                text = text.rstrip("0").rstrip(".")
            return sized(b"n", "0" if text == "-0" else text)
        if isinstance(doc, str):
            return sized(b"s", doc)
        if isinstance(doc, list):
            return folded(b"a", [put(v, path + (i,)) for i, v in enumerate(doc)
                                 if view(path + (i,)) != "hide"])
        if isinstance(doc, dict):
            keys = sorted(doc, key=lambda k: (len(k.encode()), k.encode()))
            return folded(b"o", [sized(b"s", k) + put(doc[k], path + (k,)) for k in keys
                                 if view(path + (k,)) != "hide"])
        return {None: b"z", False: b"f", True: b"t"}[doc]
    return put(doc, ())


def make_view(patterns):
    """patterns: (action, steps) with steps that are keys, indexes and "*"."""
    def matches(path, steps):
        if not steps:
            return not path
        if steps[0] == "**":
            return any(matches(path[i:], steps[1:]) for i in range(len(path) + 1))
        if not path:
            return False
        if steps[0] == "[*]":
            return isinstance(path[0], int) and matches(path[1:], steps[1:])
        return type(path[0]) is type(steps[0]) and path[0] == steps[0] and matches(path[1:], steps[1:])

    def view(path):
        actions = {a for a, steps in patterns if matches(path, steps)}
        return "hide" if "ignore" in actions else "redact" if actions else None
    return view


def pattern_text(steps):
    out = "$"
    for step in steps:
        if isinstance(step, int):
            out += "[%d]" % step
        elif step == "[*]":
            out += step
        elif step == "**":
            out += ".**"
        else:
            out += "." + json.dumps(step, ensure_ascii=False)
    return out


# ---------------------------------------------------------------------------
# Documents
# ---------------------------------------------------------------------------

class Maker:
    def __init__(self, rng):
        self.rng = rng

    def number(self):
        rng = self.rng
        return Number(rng.choice(["0", "1", "1.0", "1.00", "-0.10", "1e3", "1000", str(rng.randrange(10 ** 6)),
                                  str(rng.randrange(10 ** 20)) + ".50", "1e-12"]))

    def string(self):
        rng = self.rng
        length = rng.choice([0, 1, 2, 3, 5, 9, 17, 40, 40, 200])
        if rng.random() < 0.02:
            # around what is measured in the definition
            length = rng.choice([1024, 4096, 65536]) - rng.randrange(40)
        return "".join(rng.choices("abcdé", k=rng.randrange(1, 6))) * (length // 5) + "x" * (length % 5)

    def scalar(self):
        return self.rng.choice([self.string, self.string, self.number,
                                lambda: self.rng.choice([None, True, False, "", [], {}, [[]], {"": {}}])])()

    def key(self):
        rng = self.rng
        return rng.choice(KEYS) if rng.random() < 0.3 else "k" * rng.randrange(12) + str(rng.randrange(3000))

    def value(self, depth):
        rng = self.rng
        kind = rng.random()
        if depth == 0 or kind < 0.4:
            return self.scalar()
        count = rng.choice([0, 1, 2, 3, 5, 9, 15])
        if kind < 0.45:
            count = rng.choice([40, 120])
            if rng.random() < 0.5:
                return [self.scalar() for _ in range(count)]
        if rng.random() < 0.5:
            return [self.value(depth - 1) for _ in range(count)]
        return {self.key(): self.value(depth - 1) for _ in range(count)}

    def document(self):
        """A few large lists and objects, at some depth."""
        rng = self.rng
        kind = rng.randrange(7)
        count = rng.choice([30, 150, 600])
        if kind == 0:
            doc = [self.scalar() for _ in range(count)]
        elif kind == 1:
            doc = {self.key(): self.scalar() for _ in range(count)}
        elif kind == 2:
            doc = [{"name": Number(i), "text": self.string(), "x": self.value(1)} for i in range(count)]
        elif kind == 3:
            doc = self.value(5)
            for i in range(rng.choice([3, 60])):
                doc = [self.string(), doc, self.number()] if rng.random() < 0.5 else {"x": doc, self.key(): self.string()}
        elif kind == 4:
            doc = [["l" * 130 * rng.randrange(12), Number(i)] for i in range(count // 4)]
        elif kind == 5:
            doc = [rng.choice([None, "same", Number("7"), True, "s" * 60]) for _ in range(count * 4)]
        else:
            doc = {self.key(): self.value(3) for _ in range(count // 8)}
        if rng.random() < 0.6:
            doc = {"l": doc, "a": self.value(3), "text": self.string()}
        return doc

    def changed(self, doc, rate):
        rng = self.rng
        if isinstance(doc, Number) and rng.random() < 0.3 * rate:
            return Number(doc + "0") if "." in doc and "e" not in doc else self.number()
        if isinstance(doc, dict):
            result = {k: self.changed(v, rate) for k, v in doc.items() if rng.random() >= rate * 0.3}
            while rng.random() < 0.05:
                result[self.key()] = self.value(2)
            return result
        if isinstance(doc, list):
            result = [self.changed(v, rate) for v in doc if rng.random() >= rate * 0.3]
            while rng.random() < 0.08:
                result.insert(rng.choice([0, len(result), rng.randint(0, len(result))]), self.value(2))
            if len(result) > 3 and rng.random() < 0.05:
                i, j, k = sorted(rng.randrange(len(result)) for _ in range(3))
                result = result[:i] + result[j:k] + result[i:j] + result[k:]
            return result
        return self.value(1) if rng.random() < rate else doc

    def versions(self):
        doc = self.document()
        result = [doc]
        while len(result) < VERSIONS:
            if self.rng.random() < 0.03:
                doc = self.document()
            else:
                doc = self.changed(doc, self.rng.choice([0, 0.0003, 0.002, 0.02]))
            result.append(doc)
        return result

    def patterns(self, doc):
        """Paths in a document, made more general at random."""
        rng = self.rng
        result = []
        for _ in range(rng.choice([0, 0, 1, 2, 4])):
            steps, at = [], doc
            while isinstance(at, (dict, list)) and at and (not steps or rng.random() < 0.7):
                if rng.random() < 0.1:
                    steps.append("**")
                if isinstance(at, dict):
                    key = rng.choice(list(at))
                    steps.append(key)
                    at = at[key]
                else:
                    index = rng.randrange(len(at))
                    steps.append(index if rng.random() < 0.6 else "[*]")
                    at = at[index]
            if steps:
                result.append((rng.choice(["ignore", "redact"]), steps))
        return result


def copy_field(text):
    return text.replace("\\", "\\\\")


def psql(script):
    run = subprocess.run(["psql", "-X", "-q", "-At", "-v", "ON_ERROR_STOP=1"], input=script.encode(),
                         stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if run.returncode != 0:
        sys.exit("psql failed: " + run.stderr.decode())
    return [line.split("|") for line in run.stdout.decode().splitlines()]


def ask(rows):
    data = "".join("%d\t%d\t%s\t%s\n" % (s, n, copy_field(dump(doc)), copy_field(options)) for s, n, doc, options in rows)
    parts = [[], [], []]
    for line in psql(SETUP + data + "\\.\n" + ";\nSELECT '--';\n".join((ALONE, CARRIED, PAIRS)) + ";"):
        if line == ["--"]:
            parts.append(parts.pop(0))
        else:
            parts[0].append(line)
    return parts[1], parts[2], parts[0]


def check(maker, count):
    rows, views, docs = [], {}, {}
    for s in range(count):
        versions = maker.versions()
        patterns = maker.patterns(maker.rng.choice(versions))
        views[s] = make_view(patterns)
        options = json.dumps({action: [pattern_text(p) for a, p in patterns if a == action]
                              for action in sorted({a for a, _ in patterns})})
        for n, doc in enumerate(versions):
            rows.append((s, n, doc, options))
            docs[s, n] = doc, options

    def fail(what, s, n):
        print("FAILED: %s, series %d, version %d" % (what, s, n))
        print("options: " + docs[s, n][1])
        for i in (n - 1, n):
            print("version %d: %s" % (i, dump(docs[s, i][0])[:20000] if i >= 0 else ""))
        sys.exit(1)

    alone, carried, pairs = ask(rows)
    hashes = {(int(s), int(n)): h for s, n, h in alone}
    for (s, n), (doc, _) in docs.items():
        data = serialized(doc, views[s])
        if hashes[s, n] != sha(data).hex():
            fail("not as defined", s, n)
    for s, n, old_hash, new_hash in carried:
        s, n = int(s), int(n)
        if new_hash != hashes[s, n] or n > 0 and old_hash != hashes[s, n - 1]:
            fail("carried by diffgen_snapshots", s, n)
    for s, a, b, old_hash, new_hash in pairs:
        if old_hash != hashes[int(s), int(a)] or new_hash != hashes[int(s), int(b)]:
            fail("diffgen_hash_pair with %s" % a, int(s), int(b))
    return len(carried), len(pairs)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--series", type=int, default=40)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10 ** 9))
    args = parser.parse_args()
    print("seed %d, %d series of %d versions" % (args.seed, args.series, VERSIONS), flush=True)
    maker = Maker(random.Random(args.seed))
    done = 0
    while done < args.series:
        count = min(50, args.series - done)
        carried, pairs = check(maker, count)
        done += count
        print("ok: %d series, %d entries, %d pairs" % (count, carried, pairs), flush=True)


if __name__ == "__main__":
    main()
