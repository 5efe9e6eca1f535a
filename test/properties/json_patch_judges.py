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
import re
import subprocess
import sys

import jsonpatch
import jsonpointer

from _jsonb_judging import (KEYS, NOTHING, Generator, Report, calls, failures)

# It takes "01" for an index: the first alternative has no end.
jsonpointer.JsonPointer._RE_ARRAY_INDEX = re.compile(r"(?:0|[1-9][0-9]*)$")

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


# ---------------------------------------------------------------------------
# Random operations
# ---------------------------------------------------------------------------

class PatchGenerator(Generator):
    """Documents, and operations on them."""

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
            # python3-jsonpatch takes strings for arrays
            tokens.append(r.choice(["x", "-1", "01", "1e0", ""] +
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


    def long_patch(self, count):
        """A document of large containers, many operations on it, and what
        becomes of it."""
        r = self.random
        before = {"list": list(range(2, 400)),
                  "map": {"k%d" % i: i + 2 for i in range(200)},
                  "nested": [{"list": [2, 3], "map": {"a": {}}} for _ in range(50)]}
        doc = copy.deepcopy(before)
        patch = []
        whole = {"doc": doc}
        for i in range(count):
            where = "/list"
            target = doc["list"]
            if r.random() < 0.3:
                index = r.randrange(len(doc["nested"]))
                where = "/nested/%d/list" % index
                target = doc["nested"][index]["list"]
            at = "%s/%d" % (where, r.randrange(len(target) + 1))
            there = "%s/%d" % (where, r.randrange(len(target) or 1))
            key = "/map/k%d" % r.randrange(400)
            op = r.choice([
                {"op": "add", "path": at, "value": i},
                {"op": "add", "path": key, "value": [i]},
                {"op": "add", "path": where + "/-", "value": {"i": i}},
                {"op": "remove", "path": there},
                {"op": "remove", "path": there},
                {"op": "remove", "path": key},
                {"op": "replace", "path": there, "value": "r%d" % i},
                {"op": "move", "from": there, "path": there if r.random() < 0.1 else
                 "%s/%d" % (where, r.randrange(len(target) or 1))},
                {"op": "copy", "from": there, "path": at},
                {"op": "copy", "from": "/nested/%d" % r.randrange(len(doc["nested"])),
                 "path": "/nested/%d" % r.randrange(len(doc["nested"]))},
                {"op": "remove", "path": "/nested/%d" % r.randrange(len(doc["nested"]))},
            ])
            if op["op"] == "remove" and len(doc["nested"]) < 10:
                continue
            inside = dict(op, path="/doc" + op["path"])
            if "from" in op:
                inside["from"] = "/doc" + op["from"]
            try:
                jsonpatch.apply_patch(whole, [inside], in_place=True)
            except (jsonpatch.JsonPatchException, jsonpatch.JsonPointerException):
                continue
            patch.append(op)
        return before, patch, doc


    def spoilt(self, patch):
        """A patch in which something is not as it should be."""
        r = self.random
        patch = copy.deepcopy(patch)
        if not patch or r.random() < 0.05:
            return self.value(2)
        op = r.choice(patch)
        member = r.choice(["op", "path", "from", "value", "redacted"])
        change = r.random()
        if change < 0.2:
            op.pop(member, None)
        elif change < 0.4:
            op[member] = self.value(1)
        elif change < 0.6:
            op["path"] = r.choice(["~", "/~", "/~2", "a", "/a/", "//", "/-", "/-/-", "/" * 50,
                                   "/99999999999999999999", "/\u00e9~01~10"]) + op["path"]
        elif change < 0.8:
            op["path"] = op["path"][:r.randrange(len(op["path"]) + 1)] + r.choice(
                ["", "~", "~1", "-", "0", "/", "\x01"])
        elif change < 0.9:
            patch[r.randrange(len(patch))] = self.value(1)
        else:
            op["redacted"] = True
        return patch


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


def check_own_patches(report, pairs, modules, options, name):
    """What diffgen_patch makes, with some options, is understood by all."""
    options = json.dumps(options)
    invertible = json.dumps(dict(json.loads(options), invertible=True))
    rows = [(a, b, b) for a, b in pairs]
    check_equal(report, name, rows,
                "diffgen_apply($1, diffgen_patch($1, $2, ''%s''))" % options)
    check_equal(report, name + ", invertible, inverted", [(a, b, a) for a, b in pairs],
                "diffgen_apply($2, diffgen_invert(diffgen_patch($1, $2, ''%s'')))"
                % invertible)
    for options, kind in ((options, ""), (invertible, ", invertible")):
        answers = calls(rows, "diffgen_patch($1, $2, ''%s'')" % options)
        patches = [result for result, error, same in answers]
        bad = [(i, patches[i]) for i, (a, b) in enumerate(pairs)
               if patches[i] is None or python_apply(a, patches[i]) != b]
        report.result(not bad, "%s%s, applied by python3-jsonpatch (%d)"
                      % (name, kind, len(pairs)), failures(rows, bad))
        if modules is None:
            continue
        answers = ask_node(modules, [{"doc": a, "patch": p}
                                     for (a, b), p in zip(pairs, patches)])
        for peer, title in (("fjp", "fast-json-patch"), ("rfc6902", "rfc6902")):
            bad = [(i, (patches[i], answer[peer])) for i, answer in enumerate(answers)
                   if answer[peer].get("ok", FAILED) != pairs[i][1]]
            report.result(not bad, "%s%s, applied by %s (%d)"
                          % (name, kind, title, len(pairs)), failures(rows, bad))


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


# What the reference says the errors are.
APPLY_ERRORS = {"22023", "22P02", "2203A", "22033", "2203C", "22038", "22035", "55000"}
INVERT_ERRORS = {"22023", "22P02", "22035", "0A000"}


def check_spoilt_patches(report, generator, count):
    """Whatever the patch is, it is applied or fails for a reason that is in
    the reference; and so is its inverse."""
    rows = []
    for _ in range(count):
        doc = generator.value(4)
        patch, _ = generator.operations(doc)
        rows.append((doc, generator.spoilt(patch), NOTHING))
    for call, errors, name in (
            ("diffgen_apply($1, $2)", APPLY_ERRORS, "applied"),
            ("diffgen_replay($1, ARRAY[$2, $2])", APPLY_ERRORS, "replayed"),
            ("diffgen_invert($2)", INVERT_ERRORS, "inverted")):
        answers = calls(rows, call)
        bad = [(i, error) for i, (result, error, same) in enumerate(answers)
               if error is not None and error[:5] not in errors]
        seen = {error[:5] for result, error, same in answers if error is not None}
        report.result(not bad, "spoilt patches %s (%d, errors %s)"
                      % (name, len(rows), " ".join(sorted(seen))), failures(rows, bad))


def check_long_patches(report, generator, documents, count):
    """Many operations on large containers, so that copies share them and
    their trees of pieces get deep."""
    rows = [generator.long_patch(count) for _ in range(documents)]
    check_equal(report, "patches of some %d operations" % count, rows,
                "diffgen_apply($1, $2)")
    check_equal(report, "the same with a patch for each operation",
                [(a, [[op] for op in p], b) for a, p, b in rows],
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
    generator = PatchGenerator(arguments.seed)
    report = Report()

    modules, reason = install_npm()
    if modules is None:
        report.skip("json-patch-test-suite, fast-json-patch, rfc6902", reason)
    else:
        check_suite(report, modules)

    pairs = [generator.pair() for _ in range(arguments.pairs)]
    peers = modules and ask_node(modules, [{"old": a, "new": b} for a, b in pairs])
    check_patches_of_judges(report, pairs, peers)
    check_own_patches(report, pairs, modules, {}, "own patches")
    check_own_patches(report, [generator.named_items(1) for _ in range(arguments.pairs // 4)],
                      modules, {"keys": {"items": [["name"]]}}, "own patches by identity")
    check_operations(report, generator, arguments.pairs)
    check_spoilt_patches(report, generator, arguments.pairs // 2)
    check_long_patches(report, generator, 20, 3000)
    check_merge_patches(report, generator, arguments.pairs)

    print("1..%d" % report.number)
    sys.exit(report.failed > 0)


if __name__ == "__main__":
    main()
