#!/usr/bin/env python3
"""Are text diffs the ones that git makes?

A single insertion or removal leaves no choice but where it is shown, so those
diffs must be git's to the byte.  For several random edits there may be other
scripts of the same length: the diff must apply with `git apply`, must not have
more edit lines than git's, and nearly all must be git's to the byte.

usage: text_git.py [--single N] [--several N] [--seed N]

Connects as psql does, by the PG* environment variables.
"""

import argparse
import os
import random
import re
import subprocess
import sys
import tempfile

# How many of the diffs of several edits have to be git's, in percent.
SAME_AT_LEAST = 85


def documents(rng):
    """A text like a configuration file: indents, blank lines, repetition."""
    lines = []
    for _ in range(rng.randrange(1, 8)):
        lines.append("%s:" % rng.choice("abcde"))
        for _ in range(rng.randrange(0, 4)):
            lines.append("  %s: %d" % (rng.choice("pqr"), rng.randrange(3)))
            if rng.random() < 0.3:
                lines.append("    - x")
        if rng.random() < 0.6:
            lines.append(rng.choice(["", "", "  ", "\t"]))
    return lines


def single_edit(rng):
    old = documents(rng)
    new = old[:]
    at = rng.randrange(len(new) + 1)
    if rng.random() < 0.5:
        start = rng.randrange(len(old))
        new[at:at] = old[start:start + rng.randrange(1, 6)]
    else:
        new[at:at] = documents(rng)[:rng.randrange(1, 6)]
    return (old, new) if rng.random() < 0.5 else (new, old)


def several_edits(rng):
    old = []
    for _ in range(rng.randrange(2, 12)):
        old += documents(rng)
    new = old[:]
    for _ in range(rng.randrange(2, 10)):
        at = rng.randrange(len(new) + 1)
        count = rng.randrange(1, 6)
        kind = rng.randrange(4)
        if kind == 0:
            del new[at:at + count]
        elif kind == 1:
            new[at:at] = new[at:at + count]
        elif kind == 2:
            block = new[at:at + count]
            del new[at:at + count]
            to = rng.randrange(len(new) + 1)
            new[to:to] = block
        else:
            new[at:at + count] = ["  z: %d" % rng.randrange(100)] * count
    return old, new


def literal(text):
    return "E'%s'" % text.replace("\\", "\\\\").replace("'", "''").replace(
        "\n", "\\n").replace("\t", "\\t")


def our_diffs(pairs):
    """All diffs in one session, each as hexadecimal digits on a line."""
    script = "".join(
        "SELECT encode(convert_to(diffgen(%s, %s, "
        "'{\"labels\": [\"a/old\", \"b/new\"]}'), 'UTF8'), 'hex');\n"
        % (literal(old), literal(new)) for old, new in pairs)
    result = subprocess.run(["psql", "-XqAt", "-v", "ON_ERROR_STOP=1"],
                            input=script, capture_output=True, text=True,
                            check=False)
    if result.returncode != 0:
        sys.exit(result.stderr)
    return [bytes.fromhex(line) for line in result.stdout.split("\n")[:-1]]


def git_diff(directory, old, new):
    for name, text in (("old", old), ("new", new)):
        with open(os.path.join(directory, name), "w", encoding="utf-8",
                  newline="") as file:
            file.write(text)
    output = subprocess.run(
        ["git", "-c", "core.autocrlf=false", "diff", "--no-index",
         "--no-color", "--no-ext-diff", "--diff-algorithm=myers", "old", "new"],
        cwd=directory, capture_output=True, check=False).stdout
    start = output.find(b"@@ ")
    if start < 0:
        return b""
    # git adds the line before a hunk as its heading.
    return re.sub(rb"(?m)^(@@ \S+ \S+ @@).*$", rb"\1", output[start:])


def git_applies(directory, old, new, diff):
    with open(os.path.join(directory, "old"), "w", encoding="utf-8",
              newline="") as file:
        file.write(old)
    applied = subprocess.run(
        ["git", "apply", "--whitespace=nowarn", "-"], cwd=directory,
        input=diff.replace(b"b/new", b"b/old", 1), capture_output=True,
        check=False)
    with open(os.path.join(directory, "old"), "rb") as file:
        return applied.returncode == 0 and file.read() == new.encode()


def edit_lines(hunks):
    return len(re.findall(rb"(?m)^[-+]", hunks))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--single", type=int, default=1000)
    parser.add_argument("--several", type=int, default=400)
    parser.add_argument("--seed", type=int,
                        default=random.SystemRandom().randrange(10**9))
    args = parser.parse_args()
    print("# seed %d" % args.seed)
    rng = random.Random(args.seed)

    pairs = [single_edit(rng) for _ in range(args.single)]
    pairs += [several_edits(rng) for _ in range(args.several)]
    pairs = [("".join(line + "\n" for line in old),
              "".join(line + "\n" for line in new)) for old, new in pairs]
    diffs = our_diffs(pairs)

    failures = []
    same = several = 0
    with tempfile.TemporaryDirectory() as directory:
        for i, ((old, new), diff) in enumerate(zip(pairs, diffs)):
            start = diff.find(b"@@ ")
            ours = diff[start:] if start >= 0 else b""
            git = git_diff(directory, old, new)
            if i < args.single:
                if ours != git:
                    failures.append("single edit %d is not git's:\n%s\n%s"
                                    % (i, ours.decode(), git.decode()))
                continue
            several += bool(git)
            same += bool(git) and ours == git
            if edit_lines(ours) > edit_lines(git):
                failures.append("pair %d has more edit lines than git's" % i)
            if diff and not git_applies(directory, old, new, diff):
                failures.append("pair %d does not apply" % i)

    if several and same * 100 < SAME_AT_LEAST * several:
        failures.append("only %d of %d diffs are git's" % (same, several))
    for failure in failures[:5]:
        print("# " + failure.replace("\n", "\n# "))
    print("# %d single edits; %d of %d diffs of several edits are git's"
          % (args.single, same, several))
    print("%s 1 - text diffs are git's" % ("not ok" if failures else "ok"))
    print("1..1")
    sys.exit(bool(failures))


if __name__ == "__main__":
    main()
