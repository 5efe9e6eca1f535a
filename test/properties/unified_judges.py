#!/usr/bin/env python3
"""Judges unified diffs with other people's tools.

Random pairs of documents, in batches with one context each:

- our diffs, applied by `patch --fuzz=0 --binary` and by `git apply`, give the
  new documents;
- diffs by `git diff` and by `diff -U`, applied by us, give the new documents;
  inverted, they give the old ones back; inverted twice, they are the same
  bytes; their rows hold the same lines;
- changed diffs and moved documents give what a plain model of the rules says,
  here in Python: the same result, or an error as well.

Connects as psql does (PGHOST, PGPORT, ...) and needs the extension installed.
Usage: unified_judges.py [--pairs N] [--seed N]
"""
import argparse
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile

CONTEXTS = (0, 1, 2, 3, 4, 7, 1000)
LINES = ["", "a", "b", "c", "x", "}", "  a", "\tb", "- x", "-- x", "-- ",
         "++ y", "@@ -1 +1 @@", "\\ no", "diff --git a/f b/f", "a\r", "\r",
         "\u00e9\u4e2d", "--- a", "+++ b", "Index: f", "\U0001f600"]


def random_lines(rng, n):
    pool = rng.choice((LINES, LINES[:4], [str(i) for i in range(3 * n + 3)]))
    return [rng.choice(pool) for _ in range(n)]


def join(rng, lines):
    """A document of lines; sometimes the last one lacks its newline."""
    text = "".join(line + "\n" for line in lines)
    if lines and lines[-1] != "" and rng.random() < 0.3:
        text = text[:-1]
    return text


def edit(rng, lines, n):
    """Changes, removes and inserts about n runs of lines."""
    lines = list(lines)
    for _ in range(n):
        at = rng.randint(0, len(lines))
        cut = rng.choice((0, 1, 1, 2, 5))
        lines[at:at + cut] = random_lines(rng, rng.choice((0, 1, 1, 2, 6)))
    return lines


def random_pair(rng):
    while True:
        old = random_lines(rng, rng.choice((0, 1, 2, 5, 12, 40, 120)))
        new = edit(rng, old, rng.choice((0, 1, 1, 2, 4, 8)))
        pair = join(rng, old), join(rng, new)
        if pair[0] != pair[1]:
            return pair


def escape(text):
    """A field of COPY's text format."""
    return (text.replace("\\", "\\\\").replace("\n", "\\n")
            .replace("\r", "\\r").replace("\t", "\\t"))


UNESCAPES = {"n": "\n", "r": "\r", "t": "\t", "\\": "\\", "b": "\b",
             "f": "\f", "v": "\v"}


def unescape(field):
    if field == "\\N":
        return None
    return re.sub(r"\\(.)", lambda m: UNESCAPES[m[1]], field)


def psql(script):
    """Runs a script; returns the rows it printed, as lists of fields."""
    env = dict(os.environ, PGCLIENTENCODING="UTF8", PGOPTIONS="-c client_min_messages=warning")
    done = subprocess.run(["psql", "-XqAt", "-v", "ON_ERROR_STOP=1"],
                          input=script.encode(), stdout=subprocess.PIPE,
                          env=env, check=False)
    if done.returncode != 0:
        sys.exit("psql failed")
    lines = done.stdout.decode().split("\n")[:-1]
    return [[unescape(f) for f in line.split("\t")] for line in lines]


SETUP = """
CREATE EXTENSION IF NOT EXISTS diffgen;
SET statement_timeout = '120s';
CREATE TEMP TABLE t (id int, a text, b text, d text);
CREATE FUNCTION pg_temp.try_apply(doc text, diff text) RETURNS text
LANGUAGE plpgsql AS $$
BEGIN
  RETURN '+' || diffgen_apply(doc, diff);
EXCEPTION WHEN data_exception OR invalid_text_representation
  OR feature_not_supported THEN
  RETURN '-' || SQLSTATE || ' ' || SQLERRM;
END $$;
"""


def query(rows, sql):
    """Runs a query over a table t of (a, b, d)."""
    data = "".join("%d\t%s\t%s\t%s\n" % (i, *map(escape, row))
                   for i, row in enumerate(rows))
    return psql(SETUP + "COPY t FROM stdin;\n" + data + "\\.\n"
                "COPY (" + sql + ") TO stdout;\n")


class Failures:
    def __init__(self):
        self.count = 0

    def add(self, what, *things):
        self.count += 1
        if self.count <= 10:
            print("FAILED: " + what, *map(repr, things), sep="\n  ")


def write_tree(root, texts):
    os.makedirs(root)
    for i, text in enumerate(texts):
        with open(os.path.join(root, "f%d" % i), "wb") as file:
            file.write(text.encode())


def read_tree(root, n):
    texts = []
    for i in range(n):
        try:
            with open(os.path.join(root, "f%d" % i), "rb") as file:
                texts.append(file.read().decode())
        except FileNotFoundError:
            texts.append(None)
    return texts


def run(command, cwd, data=None):
    return subprocess.run(command, cwd=cwd, input=data, check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          env=dict(os.environ, LC_ALL="C",
                                   GIT_CONFIG_NOSYSTEM="1", HOME="/nonexistent",
                                   GIT_CEILING_DIRECTORIES=os.path.dirname(cwd)))


def fault_of_git(diff, got, want):
    """Whether what git made of a diff without context shows a fault of its
    own.  It looks for lines to remove one line above the right place first,
    takes lines for the same that differ in white space only, and compares
    bytes without the end of the last line.  So where the lines that end a
    document without a newline are removed, and the ones from the line above
    are like them, it removes those, and leaves the last one."""
    hunk = diff[diff.rindex("\n@@ ") + 1:].split("\n")[1:-1]
    removed = [line[1:] for line in hunk[:-1]]
    kept = split_lines(want)
    if not hunk[-1].startswith("\\") or not kept or \
            any(not line.startswith("-") for line in hunk[:-1]):
        return False
    above = [kept[-1]] + removed[:-1]
    return got == "".join(kept[:-1]) + removed[-1] and \
        ["".join(line.split()) for line in above] == \
        ["".join(line.split()) for line in removed]


def judge_ours(work, pairs, context, failures):
    """Their appliers take our diffs."""
    diffs = query([(a, b, "") for a, b in pairs],
                  "SELECT diffgen(a, b, jsonb_build_object('context', %d, 'labels', "
                  "ARRAY['a/f' || id, 'b/f' || id])) FROM t ORDER BY id" % context)
    diffs = [row[0] for row in diffs]
    patch = "".join(diffs).encode()
    new = [b for _, b in pairs]
    tools = {"patch": ["patch", "-p1", "--fuzz=0", "--binary", "-s", "-f"],
             "git": ["git", "apply", "--whitespace=nowarn", "-p1"] +
                    (["--unidiff-zero"] if context == 0 else [])}
    for tool, command in tools.items():
        root = os.path.join(work, tool)
        write_tree(root, [a for a, _ in pairs])
        done = run(command, root, patch)
        for i, (got, want) in enumerate(zip(read_tree(root, len(pairs)), new)):
            # patch removes a file that becomes empty
            if (got or "") != want and \
                    not (tool == "git" and context == 0 and
                         fault_of_git(diffs[i], got, want)):
                failures.add("%s, our diff, context %d" % (tool, context),
                             pairs[i], diffs[i], got, done.stdout[-300:])
        shutil.rmtree(root)
    return len(pairs) * len(tools)


def their_diffs(work, pairs, context, rng):
    """Diffs of all pairs by git and by GNU diff, each as (id, diff)."""
    write_tree(os.path.join(work, "old"), [a for a, _ in pairs])
    write_tree(os.path.join(work, "new"), [b for _, b in pairs])
    git = ["git", "diff", "--no-index", "--no-color", "--text", "-U%d" % context,
           "--diff-algorithm=" + rng.choice(("minimal", "patience", "histogram",
                                             "myers")), "old", "new"]
    gnu = ["diff", "--text", "-r", "-U%d" % context] + \
        rng.choice(([], ["-p"], ["--suppress-blank-empty"])) + ["old", "new"]
    found = []
    for command in (git, gnu):
        output = run(command, work).stdout.decode()
        for part in re.split(r"^(?=diff )", output, flags=re.M):
            match = re.search(r"/f(\d+)\n", part.split("\n", 1)[0] + "\n")
            if match:
                found.append((int(match[1]), part))
    shutil.rmtree(os.path.join(work, "old"))
    shutil.rmtree(os.path.join(work, "new"))
    return found


def variants(rng, diff):
    """The same diff as other tools write it."""
    lines = diff.split("\n")
    start = next((i for i, l in enumerate(lines) if l.startswith("--- ")), 0)
    choice = rng.randrange(6)
    if choice == 0:
        return "\n".join(lines[start:])
    if choice == 1:
        return "\n".join(lines[start + 2:])
    if choice == 2 and lines[-2] and not lines[-2].startswith("\\"):
        return diff[:-1]
    if choice == 3:
        return re.sub(r"^\\ No newline.*$", "\\\\ Kein Zeilenumbruch", diff,
                      flags=re.M)
    return diff


def judge_theirs(work, pairs, context, rng, failures):
    """We apply, invert and take apart their diffs."""
    cases = [(*pairs[i], variants(rng, d))
             for i, d in their_diffs(work, pairs, context, rng)]
    rows = query(cases, """
        SELECT pg_temp.try_apply(a, d), pg_temp.try_apply(b, diffgen_invert(d)),
          diffgen_invert(diffgen_invert(d)) = d,
          (SELECT string_agg(line || CASE WHEN no_newline THEN '' ELSE E'\\n' END, ''
                  ORDER BY old_line) FILTER (WHERE op <> '+')
             FROM diffgen_lines(d)) IS NOT DISTINCT FROM
          (SELECT string_agg(line || CASE WHEN no_newline THEN '' ELSE E'\\n' END, ''
                  ORDER BY new_line) FILTER (WHERE op <> '-')
             FROM diffgen_lines(diffgen_invert(d))),
          (SELECT string_agg(body, '' ORDER BY hunk) FROM diffgen_hunks(d)) =
            substring(d from '(?w)^@@ -.*')
        FROM t ORDER BY id""")
    for (a, b, d), (applied, back, twice, lines, hunks) in zip(cases, rows):
        if applied != "+" + b:
            failures.add("apply, context %d" % context, a, b, d, applied)
        if back != "+" + a:
            failures.add("invert, context %d" % context, a, b, d, back)
        if twice != "t":
            failures.add("invert twice", d)
        if lines != "t":
            failures.add("lines of the inverse", d)
        if hunks != "t":
            failures.add("hunks", d)
    return len(cases)


class Bad(Exception):
    """A diff that cannot be read or does not fit."""


def model_read(diff):
    """Hunks as (old_at, new_at, lines), lines as (op, text with newline), and
    which of the documents must be empty."""
    lines = diff.split("\n")
    if lines[-1] == "":
        lines.pop()
    hunks, i, files, git, after, text, named = [], 0, 0, False, None, False, False
    has_git = False
    closed, empty = {"-": False, "+": False}, [False, False]
    while i < len(lines):
        line = lines[i]
        i += 1
        if line.startswith("@@ -"):
            match = re.match(r"@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@", line)
            if not match or after is False:
                raise Bad("header")
            starts = [int(match[1]), int(match[3])]
            counts = [1 if g is None else int(g) for g in (match[2], match[4])]
            implied = [match[2] is None, match[4] is None]
            if counts == [0, 0] or \
                    max(map(sum, zip(starts, counts))) >= 2 ** 31 - 1:
                raise Bad("header")
            left, body = list(counts), []
            while left != [0, 0]:
                mark = (lines[i] or " ")[0] if i < len(lines) else ""
                op = " " if mark == "\r" else mark
                need = {" ": (1, 1), "-": (1, 0), "+": (0, 1)}.get(op)
                names = left == [1, 0] and implied[0] and starts[0] <= 1 and \
                    counts[1] > 0 and i < len(lines) and (
                        re.fullmatch(r"-- [ \t\r]*", lines[i]) or
                        lines[i].startswith("--- ") and
                        lines[i + 1:i + 2] and lines[i + 1].startswith("+++ "))
                if need is None or need[0] > left[0] or need[1] > left[1] or \
                        names:
                    side = left.index(1) if sorted(left) == [0, 1] else None
                    if side is not None and implied[side] and \
                            starts[side] <= 1 and counts[1 - side] > 0:
                        empty[side] = True
                        break
                    raise Bad("hunk")
                content = lines[i] if mark == "\r" else lines[i][1:]
                i += 1
                if any(closed[s] for s, n in zip("-+", need) if n):
                    raise Bad("after a line without newline")
                bare = i < len(lines) and lines[i].startswith("\\")
                if bare:
                    i += 1
                    if content == "":
                        raise Bad("marker")
                for side, n in zip((0, 1), need):
                    left[side] -= n
                    if n:
                        closed["-+"[side]] = bare
                body.append((op, content + ("" if bare else "\n")))
            at = [s if c == 0 else max(s - 1, 0) for s, c in zip(starts, counts)]
            hunks.append((at[0], at[1], body))
            files, git, after, named = files or 1, False, True, False
        elif line.startswith("diff --git "):
            files, git, after, has_git = files + 1, True, None, True
            closed, empty = {"-": False, "+": False}, [False, False]
        elif line.startswith("--- ") and i < len(lines) and \
                lines[i].startswith("+++ "):
            files += not git
            git, after, named, i = False, None, True, i + 1
            closed, empty = {"-": False, "+": False}, [False, False]
        elif line.startswith(("@@@ -", "GIT binary patch", "Binary files ")):
            raise Bad("format")
        elif line.strip(" \t\r"):
            if after:
                if line[0] == "\\" or (line[0] in " -+" and
                                       not re.fullmatch(r"-- [ \t\r]*", line)):
                    raise Bad("extra line")
                after = False
            text = True
    if named or (not hunks and text and not has_git):
        raise Bad("no hunks")
    if files > 1:
        raise Bad("files")
    end = 0
    for at, _, body in hunks:
        if at < end:
            raise Bad("order")
        end = at + sum(op != "+" for op, _ in body)
    return hunks, empty


def split_lines(text):
    lines = text.split("\n")
    return [l + "\n" for l in lines[:-1]] + ([lines[-1]] if lines[-1] else [])


def model_apply(doc, diff):
    """The rules of diffgen_apply, as plainly as possible."""
    doc = split_lines(doc)
    result, at, shift, growth = [], 0, 0, 0
    hunks, empty = model_read(diff)
    for old_at, new_at, body in hunks:
        old = [t for op, t in body if op != "+"]
        new = [t for op, t in body if op != "-"]
        ops = "".join(op for op, _ in body)
        leading = len(ops) - len(ops.lstrip(" "))
        trailing = len(ops) - len(ops.rstrip(" "))
        changed = ops.strip(" ") != ""
        first = changed and leading < trailing and old_at == 0
        last = (changed and trailing < leading) or \
            (new and not new[-1].endswith("\n"))

        def fits(place):
            return place >= at and doc[place:place + len(old)] == old and \
                (not first or place == 0) and \
                (not last or place + len(old) == len(doc)) and \
                (old or place < len(doc) or not doc or doc[-1].endswith("\n")) and \
                place + len(old) <= len(doc)

        if shift == 0 and fits(old_at) and (old or new_at == old_at + growth):
            place = old_at
        else:
            places = [p for p in range(at, len(doc) + 1) if fits(p)]
            if not old or len(places) != 1:
                raise Bad("place")
            place = places[0]
        result += doc[at:place] + new
        at = place + len(old)
        shift = place - old_at
        growth += len(new) - len(old)
    result += doc[at:]
    if (empty[0] and doc) or (empty[1] and result):
        raise Bad("empty")
    return "".join(result)


def mutate(rng, diff, pool):
    """A diff with something wrong, or at least different."""
    lines = diff.split("\n")
    for _ in range(rng.choice((1, 1, 1, 2, 4))):
        i = rng.randrange(len(lines))
        choice = rng.randrange(9)
        if choice == 0:
            del lines[i]
            lines = lines or [""]
        elif choice == 1:
            lines.insert(i, lines[rng.randrange(len(lines))])
        elif choice == 2:
            j = rng.randrange(len(lines))
            lines[i], lines[j] = lines[j], lines[i]
        elif choice == 3:
            lines[i] = rng.choice(" -+\\@") + lines[i][1:]
        elif choice == 4:
            lines[i] = re.sub(r"\d+", lambda m: str(max(0, int(m[0]) + rng.randint(-2, 2))),
                              lines[i])
        elif choice == 5:
            lines[i] = re.sub(r",\d+", "", lines[i])
        elif choice == 6:
            lines = lines[:i + 1]
        elif choice == 7:
            lines[i:i] = rng.choice(pool).split("\n")
        else:
            lines[i] += rng.choice((" ", "\r", "x"))
    return "\n".join(lines)


def judge_mutants(diffs, rng, failures):
    """Changed diffs and documents give what the model says."""
    pool = [d for _, _, d in diffs]
    cases = []
    for a, b, d in diffs:
        if rng.random() < 0.6:
            d = mutate(rng, d, pool)
        if rng.random() < 0.6:
            a = join(rng, edit(rng, [l.rstrip("\n") for l in split_lines(a)],
                               rng.choice((1, 2))))
        cases.append((a, b, d))
    rows = query(cases, "SELECT pg_temp.try_apply(a, d) FROM t ORDER BY id")
    applied = 0
    for (a, _, d), (got,) in zip(cases, rows):
        try:
            want = "+" + model_apply(a, d)
            applied += 1
        except Bad:
            want = "-"
        if got[0] != want[0] or (want[0] == "+" and got != want):
            failures.add("changed diff", a, d, got, want)
    return len(cases), applied


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--pairs", type=int, default=10500)
    parser.add_argument("--seed", type=int, default=random.randrange(2 ** 32))
    args = parser.parse_args()
    rng = random.Random(args.seed)
    print("unified_judges: seed %d" % args.seed, flush=True)

    failures = Failures()
    totals = {"our diffs": 0, "their diffs": 0, "changed diffs": 0}
    survived = 0
    batch = max(1, min(600, args.pairs // len(CONTEXTS)))
    with tempfile.TemporaryDirectory() as work:
        work = os.path.realpath(work)
        for n in range(0, args.pairs, batch):
            context = CONTEXTS[n // batch % len(CONTEXTS)]
            pairs = [random_pair(rng) for _ in range(batch)]
            totals["our diffs"] += judge_ours(work, pairs, context, failures)
            totals["their diffs"] += judge_theirs(work, pairs, context, rng,
                                                  failures)
            diffs = [(*pairs[i], d)
                     for i, d in their_diffs(work, pairs, context, rng)]
            count, applied = judge_mutants(diffs, rng, failures)
            totals["changed diffs"] += count
            survived += applied
    print("unified_judges: " + ", ".join("%d %s" % (v, k)
                                         for k, v in totals.items()) +
          " (%d of them fit), %d failures" % (survived, failures.count))
    sys.exit(failures.count > 0)


if __name__ == "__main__":
    main()
