#!/usr/bin/env python3
"""Compares diffgen_merge of texts with `git merge-file`.

Random triples of many kinds, and real ones: versions of this project's own
files, from its history where there is one, else edited at random.  Merged
text and number of conflicts must be git's, in every style and preference.

Connects as psql does (PGHOST, PGPORT, ...) and needs the extension installed.
Usage: merge_judge.py [--triples N] [--seed N]
"""
import argparse
import concurrent.futures
import json
import os
import random
import re
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
OPTIONS = [({}, []), ({"style": "merge"}, []), ({"style": "diff3"}, ["--diff3"]),
           ({"style": "zdiff3"}, ["--zdiff3"]), ({"prefer": "ours"}, ["--ours"]),
           ({"prefer": "theirs"}, ["--theirs"]),
           ({"style": "zdiff3", "prefer": "ours"}, ["--zdiff3", "--ours"])]
UNESCAPES = {"n": "\n", "r": "\r", "t": "\t", "\\": "\\", "b": "\b",
             "f": "\f", "v": "\v"}


def random_line(rng, pool):
    return rng.choice(pool)


def edit(rng, lines, pool):
    """Some changes: lines replaced, removed, added, copied or moved."""
    lines = list(lines)
    for _ in range(rng.choice((0, 1, 1, 2, 3, 6))):
        at = rng.randint(0, len(lines))
        cut = rng.choice((0, 0, 1, 1, 2, 4, 9))
        piece = lines[at:at + cut]
        choice = rng.randrange(4)
        if choice == 0:
            put = [random_line(rng, pool) for _ in range(rng.choice((0, 1, 2, 3)))]
        elif choice == 1:
            put = []
        elif choice == 2:
            put = piece + piece
        else:
            put = []
            to = rng.randint(0, len(lines))
            lines[to:to] = piece
        lines[at:at + cut] = put
    return lines


def random_triple(rng):
    size = rng.choice((0, 1, 3, 8, 20, 60))
    pool = rng.choice((["a", "b", "c"], ["a", "b", "", "}", "{", "  x"],
                       [str(i) for i in range(3 * size + 3)],
                       [str(i) for i in range(size + 2)]))
    base = [random_line(rng, pool) for _ in range(size)]
    ours = edit(rng, base, pool)
    theirs = edit(rng, ours if rng.random() < 0.15 else base, pool)
    if rng.random() < 0.3:
        # both make some of the same changes
        both = edit(rng, base, pool)
        ours, theirs = edit(rng, both, pool), edit(rng, both, pool)
    return base, ours, theirs


def large_triple(rng):
    """So many changes that the search takes its shortcuts."""
    size = rng.choice((1500, 3000))
    pool = [str(i) for i in range(rng.choice((3, 20, 300, 5000)))]
    base = [random_line(rng, pool) for _ in range(size)]

    def change(share):
        return [random_line(rng, pool) if rng.random() < share else line
                for line in base if rng.random() > share / 3]
    return base, change(rng.choice((0.02, 0.3, 0.6))), change(rng.choice((0.02, 0.3)))


def to_text(rng, lines, newline, bare):
    text = "".join(line + newline for line in lines)
    if bare and lines and lines[-1]:
        text = text[:-len(newline)]
    return text


def to_texts(rng, triple):
    """Documents of lines: some with carriage returns, some without the last
    newline."""
    kind = rng.random()
    texts = []
    for lines in triple:
        newline = "\r\n" if kind < 0.1 or (kind < 0.15 and rng.random() < 0.5) \
            else "\n"
        texts.append(to_text(rng, lines, newline, rng.random() < 0.2))
    return texts


def history(path):
    """The versions of a file, oldest first."""
    log = subprocess.run(["git", "-C", ROOT, "log", "--format=%H", "--", path],
                         stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                         check=False)
    versions = []
    for commit in reversed(log.stdout.decode().split()[:40]):
        show = subprocess.run(["git", "-C", ROOT, "show", commit + ":" + path],
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                              check=False)
        if show.returncode == 0:
            versions.append(show.stdout.decode())
    return versions


def real_files():
    """This project's own texts, each as a list of versions."""
    found = []
    for folder in ("src/core", "src/functions", "test", "doc", "sql", "."):
        full = os.path.join(ROOT, folder)
        for name in sorted(os.listdir(full)) if os.path.isdir(full) else []:
            path = os.path.join(full, name)
            if name.endswith((".c", ".h", ".md", ".sql", ".py")) or name == "Makefile":
                with open(path, encoding="utf-8") as file:
                    text = file.read()
                found.append(history(os.path.relpath(path, ROOT)) + [text])
    return found


def real_triple(rng, files):
    versions = rng.choice(files)
    if len(set(versions)) >= 3 and rng.random() < 0.7:
        return [rng.choice(versions) for _ in range(3)]
    text = rng.choice(versions).split("\n")[:-1]
    return to_texts(rng, (text, edit(rng, text, text), edit(rng, text, text)))


def escape(text):
    return (text.replace("\\", "\\\\").replace("\n", "\\n")
            .replace("\r", "\\r").replace("\t", "\\t"))


def unescape(field):
    return re.sub(r"\\(.)", lambda m: UNESCAPES[m[1]], field)


def ours_merge(cases):
    """What diffgen says: (merged, conflicts) for each case."""
    rows = "".join("%d\t%s\t%s\t%s\t%s\n" % (i, *map(escape, texts),
                                             escape(json.dumps(options)))
                   for i, (texts, (options, _)) in enumerate(cases))
    script = """SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS diffgen;
CREATE TEMP TABLE t (id int, base text, ours text, theirs text, o jsonb);
COPY t FROM stdin;
%s\\.
COPY (SELECT (m).* FROM (SELECT id, diffgen_merge(base, ours, theirs, o) AS m
  FROM t OFFSET 0) AS s ORDER BY id) TO stdout;
""" % rows
    done = subprocess.run(["psql", "-XqAt", "-v", "ON_ERROR_STOP=1"],
                          input=script.encode(), stdout=subprocess.PIPE,
                          env=dict(os.environ, PGCLIENTENCODING="UTF8"),
                          check=False)
    if done.returncode != 0:
        sys.exit("psql failed")
    lines = done.stdout.decode().split("\n")[:-1]
    return [(unescape(m), int(c)) for m, c in (line.split("\t") for line in lines)]


def git_merge(job):
    folder, (texts, (_, flags)) = job
    paths = []
    for name, text in zip(("base", "ours", "theirs"), texts):
        paths.append("%s.%s" % (folder, name))
        with open(paths[-1], "wb") as file:
            file.write(text.encode())
    done = subprocess.run(["git", "merge-file", "-p", "-q", *flags, "-L", "ours",
                           "-L", "base", "-L", "theirs",
                           paths[1], paths[0], paths[2]],
                          stdout=subprocess.PIPE, check=False,
                          env=dict(os.environ, HOME="/nonexistent",
                                   GIT_CONFIG_NOSYSTEM="1"), cwd="/")
    for path in paths:
        os.unlink(path)
    return done.stdout.decode(), done.returncode


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--triples", type=int, default=6000)
    parser.add_argument("--seed", type=int, default=random.randrange(2 ** 32))
    args = parser.parse_args()
    rng = random.Random(args.seed)
    print("merge_judge: seed %d" % args.seed, flush=True)

    files = real_files()
    cases = []
    for i in range(args.triples):
        if i % 100 == 0:
            texts = to_texts(rng, large_triple(rng))
        elif i % 4 == 1:
            texts = real_triple(rng, files)
        else:
            texts = to_texts(rng, random_triple(rng))
        cases.append((texts, rng.choice(OPTIONS)))

    got = []
    for i in range(0, len(cases), 500):
        got += ours_merge(cases[i:i + 500])
    failures = conflicts = 0
    with tempfile.TemporaryDirectory() as folder, \
            concurrent.futures.ThreadPoolExecutor(2) as pool:
        jobs = [(os.path.join(folder, str(i)), case) for i, case in enumerate(cases)]
        for case, mine, (text, status) in zip(cases, got, pool.map(git_merge, jobs)):
            conflicts += mine[1] > 0
            # git's exit status ends at 127
            if mine[0] != text or min(mine[1], 127) != status:
                failures += 1
                if failures <= 5:
                    print("FAILED:", case, mine, (text, status), sep="\n  ")
    print("merge_judge: %d triples (%d of them with conflicts; %d files of this "
          "project), %d failures" % (len(cases), conflicts, len(files), failures))
    sys.exit(failures > 0)


if __name__ == "__main__":
    main()
