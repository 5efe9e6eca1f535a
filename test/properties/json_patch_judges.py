#!/usr/bin/env python3
"""JSON patches, judged by other people's programs.

usage: json_patch_judges.py [--pairs N] [--seed S]

Judges: npm json-patch-test-suite (all of its records), fast-json-patch and
rfc6902 (npm), python3-jsonpatch (Debian), and RFC 7396's own pseudocode.

- Patches by the judges, applied by diffgen, give the new document, in the very
  bytes that the server makes of its text; inverted ones give the old one.
- Patches by diffgen, applied by the judges, give the new document.
- Random operations, valid and not, on random documents give what
  python3-jsonpatch makes of them, or fail when it fails.

Connects as psql does (PGHOST, PGPORT, ...); everything happens in temporary
tables.  Prints TAP, and the seed first, so that a failure can be repeated.
What npm installs goes to build/, which is not part of the project; without
npm, or where it cannot reach its packages, its judges are skipped.
"""
import argparse
import copy
import json
import os
import random
import subprocess
import sys

import jsonpatch
import jsonpointer

HERE = os.path.dirname(os.path.abspath(__file__))
NPM_DIRECTORY = os.path.join(HERE, "..", "..", "build", "npm")
NPM_PACKAGES = {"json-patch-test-suite": "1.1.0", "fast-json-patch": "3.1.1",
                "rfc6902": "5.4.0"}

# The records that the test suite has disabled, and what to make of them.
DISABLED = {
    "Toplevel scalar values OK?": "disabled since JSON texts once had to be "
    "objects or arrays; passes",
    "Whole document": "disabled since some libraries have no such test; passes",
    "duplicate ops": "cannot be told: jsonb keeps one of two members of a name",
    "A.13 Invalid JSON Patch Document": "cannot be told: jsonb keeps one of "
    "two members of a name",
}


class Report:
    """TAP, as it happens."""

    def __init__(self):
        self.number = 0
        self.failed = 0

    def result(self, passed, name, details=()):
        self.number += 1
        self.failed += not passed
        print("%s %d - %s" % ("ok" if passed else "not ok", self.number, name))
        for detail in details:
            print("#   " + detail)
        sys.stdout.flush()

    def skip(self, name, reason):
        self.number += 1
        print("ok %d - %s # SKIP %s" % (self.number, name, reason))


# ---------------------------------------------------------------------------
# The server
# ---------------------------------------------------------------------------

SETUP = r"""
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS diffgen;

-- The result of a call, or the SQLSTATE of its error as a string.
CREATE FUNCTION pg_temp.attempt(call text, a jsonb, b jsonb,
    OUT result jsonb, OUT error text) LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE 'SELECT ' || call INTO result USING a, b;
EXCEPTION WHEN OTHERS THEN
    error := SQLSTATE || ' ' || SQLERRM;
END
$$;

-- Are two values the same bytes?  That is what *= asks of rows.
CREATE FUNCTION pg_temp.same_bytes(a jsonb, b jsonb) RETURNS boolean
BEGIN ATOMIC
    SELECT x *= y FROM (SELECT a AS d) AS x, (SELECT b AS d) AS y;
END;

CREATE TEMP TABLE work (id int, a jsonb, b jsonb, expected jsonb);
"""


NOTHING = object()              # an SQL NULL, which is not a JSON null


def copy_field(value):
    if value is NOTHING:
        return "\\N"
    return json.dumps(value, ensure_ascii=False).replace("\\", "\\\\")


def ask(rows, query):
    """Rows of (a, b, expected) in a table `work` with an id; the answer of a
    query that selects one jsonb a row."""
    data = "".join("%d\t%s\n" % (i, "\t".join(copy_field(x) for x in row))
                   for i, row in enumerate(rows))
    script = (SETUP + "COPY work FROM STDIN;\n" + data + "\\.\n" +
              "COPY (" + query + ") TO STDOUT;\n")
    done = subprocess.run(["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1"],
                          input=script.encode(), stdout=subprocess.PIPE, check=True)
    return [json.loads(line.replace("\\\\", "\\"))
            for line in done.stdout.decode().splitlines()]


def calls(rows, call):
    """Makes a call of each row's a and b ($1, $2).  Answers (result, error,
    whether the bytes are those of `expected`) a row."""
    answers = ask(rows, """
        SELECT jsonb_build_array(t.result, t.error,
                                 pg_temp.same_bytes(t.result, w.expected))
          FROM work AS w, pg_temp.attempt('%s', a, b) AS t ORDER BY id""" % call)
    assert len(answers) == len(rows)
    return answers


def has_function(name):
    return ask([], "SELECT to_jsonb(count(*)) FROM pg_proc WHERE proname = '%s'"
               % name)[0] > 0


# ---------------------------------------------------------------------------
# Random documents, pairs and operations
# ---------------------------------------------------------------------------

KEYS = ["a", "b", "c", "name", "spec", "", "a/b", "m~n", "~1", "~0", '"', "0",
        "1", "-", "01", "a.b", "tab\t", "\x01", " ", "é", "日本", "x" * 70]


class Generator:
    """Documents without what tells JavaScript, Python and jsonb apart: 1 and
    true (equal in Python), 1 and 1.0 (the same in JavaScript), integers above
    2^53 (not exact there)."""

    def __init__(self, seed):
        self.random = random.Random(seed)

    def scalar(self):
        r = self.random
        return r.choice([None, True, False, r.randrange(2, 9), "x", "", "é\n\"\\",
                         r.randrange(2, 2 ** 53), -r.randrange(2, 99),
                         r.randrange(2, 99) + 0.25, "s" * r.randrange(40)])

    def value(self, depth):
        r = self.random
        kind = r.random()
        if depth == 0 or kind < 0.3:
            return self.scalar()
        if kind < 0.65:
            return {r.choice(KEYS): self.value(depth - 1)
                    for _ in range(r.randrange(6))}
        return [self.value(depth - 1) for _ in range(r.choice([0, 1, 2, 3, 5, 9]))]

    def mutated(self, value, depth):
        """A copy with a change here and there."""
        r = self.random
        if r.random() < 0.1:
            return self.value(depth)
        if isinstance(value, dict):
            result = {k: self.mutated(v, depth - 1) if r.random() < 0.4 else v
                      for k, v in value.items() if r.random() > 0.1}
            if r.random() < 0.3:
                result[r.choice(KEYS)] = self.value(max(depth - 1, 0))
            return result
        if isinstance(value, list):
            result = [self.mutated(v, depth - 1) if r.random() < 0.3 else v
                      for v in value if r.random() > 0.1]
            if r.random() < 0.3:
                result.insert(r.randrange(len(result) + 1),
                              self.value(max(depth - 1, 0)))
            if result and r.random() < 0.1:
                result.insert(r.randrange(len(result)),
                              result.pop(r.randrange(len(result))))
            return result
        return value

    def pair(self):
        old = self.value(4)
        if self.random.random() < 0.2:
            return old, self.value(4)
        return old, self.mutated(old, 4)

    def path(self, doc, adding):
        """A pointer to somewhere in a document, mostly."""
        r = self.random
        tokens = []
        while isinstance(doc, (dict, list)) and (not tokens or r.random() < 0.65):
            wrong = r.random() < (0.3 if adding else 0.02)
            if isinstance(doc, dict) and (doc or wrong):
                token = r.choice(KEYS if wrong else list(doc))
                doc = doc.get(token)
            elif isinstance(doc, list) and adding and wrong:
                token = r.choice(["-", str(len(doc))])
                doc = None
            elif isinstance(doc, list) and (doc or wrong):
                token = r.randrange(len(doc) + wrong)
                doc = doc[token] if token < len(doc) else None
                token = str(token)
            else:
                break
            tokens.append(token)
        if r.random() < 0.01:
            # python3-jsonpatch takes "01" for an index, and strings for arrays
            tokens.append(r.choice(["x", "-1", "1e0", ""] +
                                   ["0", "99"] * (not isinstance(doc, str))))
        return "".join("/" + t.replace("~", "~0").replace("/", "~1")
                       for t in tokens)

    def operation(self, doc):
        r = self.random
        name = r.choice(["add", "add", "remove", "replace", "move", "copy", "test"])
        op = {"op": name, "path": self.path(doc, name in ("add", "move", "copy"))}
        if name in ("move", "copy"):
            op["from"] = self.path(doc, False)
        elif name == "test" and r.random() < 0.97:
            try:
                op["value"] = copy.deepcopy(
                    jsonpointer.JsonPointer(op["path"]).resolve(doc))
            except Exception:
                op["value"] = self.scalar()
        elif name != "remove":
            op["value"] = self.value(2)
        return op

    def operations(self, doc):
        """A patch, and what python3-jsonpatch makes of it: the document, or
        None with the index of the operation that fails."""
        patch = []
        for i in range(self.random.randrange(1, 12)):
            op = self.operation(doc)
            patch.append(op)
            doc = python_apply(doc, [op])
            if doc is FAILED:
                return patch, FAILED
        return patch, doc


FAILED = object()


def python_apply(doc, patch):
    """What python3-jsonpatch makes of a patch, or FAILED.  The document is put
    into another one, since operations on the whole of it do not all work
    there; it does not replace a member called "-", which can be removed and
    added; and it lets a value be moved into itself, where the RFC does not."""
    inside = []
    for op in patch:
        if op["op"] == "remove" and op["path"] == "":
            return FAILED
        if op["op"] == "move" and op["path"].startswith(op["from"] + "/"):
            return FAILED
        inside.append(dict(op, path="/doc" + op["path"]))
        if "from" in op:
            inside[-1]["from"] = "/doc" + op["from"]
        if op["op"] == "replace" and op["path"].endswith("/-"):
            inside[-1]["op"] = "remove"
            inside.append(dict(inside[-1], op="add"))
    try:
        return jsonpatch.apply_patch({"doc": copy.deepcopy(doc)}, inside)["doc"]
    except (jsonpatch.JsonPatchException, jsonpatch.JsonPointerException,
            TypeError, KeyError, IndexError, ValueError, AttributeError):
        return FAILED


def merge_patch(target, patch):
    """MergePatch of RFC 7396, section 2."""
    if not isinstance(patch, dict):
        return patch
    target = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            target.pop(name, None)
        else:
            target[name] = merge_patch(target.get(name), value)
    return target


# ---------------------------------------------------------------------------
# The judges of npm
# ---------------------------------------------------------------------------

def install_npm():
    """The directory of the modules, or the reason why there is none."""
    modules = os.path.join(NPM_DIRECTORY, "node_modules")
    if all(os.path.isdir(os.path.join(modules, p)) for p in NPM_PACKAGES):
        return modules, None
    os.makedirs(NPM_DIRECTORY, exist_ok=True)
    command = ["npm", "install", "--no-save", "--no-package-lock", "--no-audit",
               "--no-fund", "--ignore-scripts", "--prefix", NPM_DIRECTORY]
    command += ["%s@%s" % p for p in NPM_PACKAGES.items()]
    try:
        done = subprocess.run(command, stdout=subprocess.PIPE, timeout=120,
                              stderr=subprocess.STDOUT)
    except FileNotFoundError:
        return None, "npm is not installed"
    except subprocess.TimeoutExpired:
        return None, "npm install took too long"
    if done.returncode != 0:
        return None, "npm install failed: " + " ".join(
            done.stdout.decode(errors="replace").split()[-12:])
    return modules, None


def ask_node(modules, requests):
    text = "".join(json.dumps(r) + "\n" for r in requests)
    done = subprocess.run(["node", os.path.join(HERE, "_json_patch_peers.js"), modules],
                          input=text.encode(), stdout=subprocess.PIPE, check=True)
    return [json.loads(line) for line in done.stdout.decode().splitlines()]


# ---------------------------------------------------------------------------
# What is checked
# ---------------------------------------------------------------------------

def failures(rows, bad, limit=3):
    """The first few rows that are bad, for the report."""
    return [json.dumps(dict(zip(("a", "b", "expected"), rows[i]), got=got),
                       ensure_ascii=False, default=str)[:1500]
            for i, got in bad[:limit]]


def check_suite(report, modules):
    records = []
    for name in ("tests.json", "spec_tests.json"):
        with open(os.path.join(modules, "json-patch-test-suite", name)) as f:
            records += json.load(f)
    rows = [(r["doc"], r["patch"], r.get("expected", r["doc"])) for r in records]
    answers = calls(rows, "diffgen_apply($1, $2)")
    passed = 0
    for record, row, (result, error, same) in zip(records, rows, answers):
        name = record.get("comment") or json.dumps(record["patch"])
        good = (error is not None) if "error" in record else (
            error is None and same is True and result == row[2])
        if record.get("disabled"):
            print("# disabled in the suite: \"%s\": %s" % (name, DISABLED[name]))
            if DISABLED[name].startswith("cannot"):
                continue
        if good:
            passed += 1
        else:
            report.result(False, "json-patch-test-suite: " + name,
                          ["%r %r" % (result, error)])
    report.result(passed == len(records) - 2,
                  "json-patch-test-suite: %d of %d records, 2 cannot be told"
                  % (passed, len(records)))


def check_equal(report, name, rows, call, blame=None):
    """Rows of (a, b, expected): is the call's result `expected`, byte for
    byte?  Rows that the judge itself gets wrong do not count."""
    bad = []
    for i, (result, error, same) in enumerate(calls(rows, call)):
        if error is not None or same is not True or result != rows[i][2]:
            if blame is None or not blame(rows[i]):
                bad.append((i, error or result))
    report.result(not bad and bool(rows), "%s (%d)" % (name, len(rows)),
                  failures(rows, bad))


def judge_is_wrong(row):
    return python_apply(row[0], row[1]) != row[2]


def check_patches_of_judges(report, pairs, peers):
    rows = []
    for a, b in pairs:
        try:
            rows.append((a, json.loads(jsonpatch.make_patch(a, b).to_string()), b))
        except (TypeError, ValueError):
            pass                # it confuses keys with indices at times
    rows = [r for r in rows if not judge_is_wrong(r)]
    check_equal(report, "patches by python3-jsonpatch", rows, "diffgen_apply($1, $2)")
    for name, peer in (("fast-json-patch", "fjp"), ("rfc6902", "rfc6902")):
        if peers is None:
            continue
        rows = [(a, p[peer], b) for (a, b), p in zip(pairs, peers) if p[peer] is not None]
        check_equal(report, "patches by %s" % name, rows, "diffgen_apply($1, $2)",
                    judge_is_wrong)
    if peers is not None:
        rows = [(b, p["fjp_invertible"], a) for (a, b), p in zip(pairs, peers)
                if p["fjp_invertible"] is not None and
                not any(op["path"].endswith("/-") for op in p["fjp_invertible"])]
        check_equal(report, "inverted patches by fast-json-patch", rows,
                    "diffgen_apply($1, diffgen_invert($2))",
                    lambda r: judge_is_wrong((r[2], r[1], r[0])))
        check_equal(report, "patches by fast-json-patch inverted twice",
                    [(a, b, b) for _, b, a in rows],
                    "diffgen_invert(diffgen_invert($2))")


def check_own_patches(report, pairs, modules):
    rows = [(a, b, b) for a, b in pairs]
    check_equal(report, "own patches", rows, "diffgen_apply($1, diffgen_patch($1, $2))")
    check_equal(report, "own invertible patches inverted",
                [(a, b, a) for a, b in pairs],
                "diffgen_apply($2, diffgen_invert("
                "diffgen_patch($1, $2, jsonb_build_object(''invertible'', true))))")
    for options, name in (("{}", ""), ('{"invertible": true}', "invertible ")):
        answers = calls(rows, "diffgen_patch($1, $2, ''%s'')" % options)
        patches = [result for result, error, same in answers]
        bad = [(i, patches[i]) for i, (a, b) in enumerate(pairs)
               if patches[i] is None or python_apply(a, patches[i]) != b]
        report.result(not bad, "own %spatches applied by python3-jsonpatch (%d)"
                      % (name, len(pairs)), failures(rows, bad))
        if modules is None:
            continue
        answers = ask_node(modules, [{"doc": a, "patch": p}
                                     for (a, b), p in zip(pairs, patches)])
        for peer in ("fjp", "rfc6902"):
            bad = [(i, (patches[i], answer[peer])) for i, answer in enumerate(answers)
                   if answer[peer].get("ok", FAILED) != pairs[i][1]]
            report.result(not bad, "own %spatches applied by %s (%d)"
                          % (name, peer, len(pairs)), failures(rows, bad))


def check_operations(report, generator, count):
    rows = []
    expected = []
    for _ in range(count):
        doc = generator.value(4)
        patch, result = generator.operations(doc)
        expected.append(result)
        rows.append((doc, patch, NOTHING if result is FAILED else result))
    bad = []
    for i, (result, error, same) in enumerate(calls(rows, "diffgen_apply($1, $2)")):
        if expected[i] is FAILED:
            # the last operation is the one that fails
            good = error is not None and "operation %d " % (len(rows[i][1]) - 1) in error
        else:
            good = error is None and same is True and result == expected[i]
        if not good:
            bad.append((i, error or result))
    nfailed = sum(e is FAILED for e in expected)
    report.result(not bad, "random operations as python3-jsonpatch has it "
                  "(%d, of which %d fail)" % (count, nfailed), failures(rows, bad))

    good = [r for r, e in zip(rows, expected) if e is not FAILED]
    chains = [(doc, [[op] for op in patch], result)
              for doc, patch, result in good]
    check_equal(report, "chains of patches replayed", chains,
                "diffgen_replay($1, ARRAY(SELECT jsonb_array_elements($2)))")


def check_merge_patches(report, generator, count):
    rows = []
    for _ in range(count):
        target, patch = generator.pair()
        if generator.random.random() < 0.5:
            patch = generator.value(4)
        rows.append((target, patch, merge_patch(target, patch)))
    check_equal(report, "merge patches as RFC 7396 has it", rows,
                "diffgen_apply_merge($1, $2)")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--pairs", type=int, default=10000)
    parser.add_argument("--seed", type=int,
                        default=int.from_bytes(os.urandom(4), "big"))
    arguments = parser.parse_args()
    print("# seed: %d" % arguments.seed)
    generator = Generator(arguments.seed)
    report = Report()

    modules, reason = install_npm()
    if modules is None:
        report.skip("json-patch-test-suite, fast-json-patch, rfc6902", reason)
    else:
        check_suite(report, modules)

    pairs = [generator.pair() for _ in range(arguments.pairs)]
    peers = modules and ask_node(modules, [{"old": a, "new": b} for a, b in pairs])
    check_patches_of_judges(report, pairs, peers)
    if has_function("diffgen_patch"):
        check_own_patches(report, pairs, modules)
    check_operations(report, generator, arguments.pairs)
    check_merge_patches(report, generator, arguments.pairs)

    print("1..%d" % report.number)
    sys.exit(report.failed > 0)


if __name__ == "__main__":
    main()
