#!/usr/bin/env python3
"""What the documentation shows is what the server says.

usage: readme_examples.py [--update] [FILE...]

Runs the ```sql blocks of README.md and doc/*.md and compares what comes out
with what is shown.  A result is shown in one of two ways:

- in the fenced block right after, with nothing but blank lines between:
  ```diff, ```json and ```html hold the bare value; a block without a language
  or with ```text holds psql's table;
- as comments ("-- ...") right after a statement's semicolon: the bare value,
  psql's table, or its expanded table without the line "[ RECORD 1 ]"; blanks
  and line ends do not count there.

The blocks of a file are run in order in one database.  In README.md every
block has to run.  In doc/*.md those that show no result are run too, for what
they set up, but may be sketches that do not.  A block after the line
<!-- not run --> is left alone.

--update writes what comes out into the files instead (fenced blocks only).

Connects as psql does (PGHOST, PGPORT, ...), to databases that it makes and
drops.  Prints TAP.
"""
import glob
import os
import re
import subprocess
import sys

TOP = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
DATABASE = "diffgen_examples"
TABLE_LANGUAGES = ("", "text")
VALUE_LANGUAGES = ("diff", "json", "html")
FORMATS = {"bare": ["-A", "-t"], "table": ["-P", "footer=off"],
           "expanded": ["-x", "-P", "footer=off"]}


class Block:
    """A fenced block: language, first and last line of its content."""

    def __init__(self, language, start, lines):
        self.language = language
        self.start = start
        self.lines = lines

    @property
    def end(self):
        return self.start + len(self.lines)


def psql(database, *arguments, script=None):
    return subprocess.run(
        ["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-P", "pager=off",
         "-d", database, *arguments],
        input=script, capture_output=True, text=True, encoding="utf-8",
        env=dict(os.environ, PGCLIENTENCODING="UTF8", LC_ALL="C"))


def fenced_blocks(lines):
    blocks = []
    language = start = None
    for number, line in enumerate(lines):
        match = re.match(r"^(?:```)(\w*)\s*$", line)
        if match and language is None:
            language, start = match.group(1), number + 1
        elif match and not match.group(1):
            blocks.append(Block(language, start, lines[start:number]))
            language = None
    return blocks


def result_after(blocks, index, lines):
    """The fenced block that shows the result of block index, or None."""
    if index + 1 == len(blocks):
        return None
    block, following = blocks[index], blocks[index + 1]
    between = lines[block.end + 1:following.start - 1]
    if following.language in TABLE_LANGUAGES + VALUE_LANGUAGES and \
            all(line.strip() == "" for line in between):
        return following
    return None


def comments_of(block):
    """The results shown as comments right after a semicolon."""
    shown = []
    after = False
    for line in block.lines:
        if line.startswith("--"):
            if after:
                shown.append(re.sub(r"^-- ?", "", line).rstrip())
        else:
            after = line.rstrip().endswith(";")
    return shown


def is_left_alone(block, lines):
    above = [line.strip() for line in lines[:block.start - 1] if line.strip()]
    return bool(above) and above[-1] == "<!-- not run -->"


def table(output):
    """psql's table, without blanks at the end of lines and blank lines."""
    lines = [line.rstrip() for line in output.splitlines()]
    while lines and not lines[-1]:
        lines.pop()
    return lines


def flowing(lines):
    """What comments show, however it is broken into lines and aligned."""
    return [re.sub(r"\s+", " ", re.sub(r"-{3,}", "-", " ".join(lines))).strip()]


class File:
    def __init__(self, path, tap):
        self.path = path
        self.name = os.path.relpath(path, TOP)
        self.tap = tap
        self.strict = os.path.basename(path) == "README.md"
        with open(path, encoding="utf-8") as file:
            self.lines = file.read().split("\n")
        self.changes = []

    def check(self):
        psql("postgres", "-c", "DROP DATABASE IF EXISTS " + DATABASE)
        made = psql("postgres", "-c", "CREATE DATABASE " + DATABASE +
                    " TEMPLATE template0 ENCODING 'UTF8'")
        if made.returncode != 0:
            sys.exit("could not make a database: " + made.stderr)
        psql(DATABASE, "-c", "SET client_min_messages = warning; "
             "CREATE EXTENSION IF NOT EXISTS diffgen")
        blocks = fenced_blocks(self.lines)
        for index, block in enumerate(blocks):
            if block.language == "sql" and not is_left_alone(block, self.lines):
                self.check_block(block, result_after(blocks, index, self.lines))
        psql("postgres", "-c", "DROP DATABASE " + DATABASE)

    def check_block(self, block, result):
        name = "%s line %d" % (self.name, block.start + 1)
        comments = comments_of(block)
        formats = ["table"] if result and result.language in TABLE_LANGUAGES else ["bare"]
        if result is None and comments:
            formats += ["table", "expanded"]
        for form in formats:
            run = psql(DATABASE, *FORMATS[form], "-f", "-",
                       script="\n".join(block.lines) + "\n")
            if run.returncode != 0:
                if self.strict or result is not None or comments:
                    self.tap.report(False, name, run.stderr)
                return
            if result is None and not comments:
                if self.strict:
                    self.tap.report(True, name)
                return
            output = table(run.stdout)
            if result is not None:
                expected = table("\n".join(result.lines))
                self.changes.append((result, output))
            else:
                expected = flowing(comments)
                output = flowing(line for line in output if not line.startswith("-[ RECORD"))
            if output == expected:
                break
        self.tap.report(output == expected, name,
                        "shown:\n%s\nis:\n%s" % ("\n".join(expected), "\n".join(output)))

    def update(self):
        for result, output in reversed(self.changes):
            self.lines[result.start:result.end] = output
        with open(self.path, "w", encoding="utf-8") as file:
            file.write("\n".join(self.lines))


class Tap:
    def __init__(self):
        self.number = 0
        self.failed = 0

    def report(self, passed, name, why=""):
        self.number += 1
        self.failed += not passed
        print("%s %d - %s" % ("ok" if passed else "not ok", self.number, name))
        if not passed:
            for line in why.rstrip().split("\n"):
                print("#   " + line)
        sys.stdout.flush()


def main():
    arguments = sys.argv[1:]
    updating = "--update" in arguments
    paths = [a for a in arguments if a != "--update"] or \
        [os.path.join(TOP, "README.md")] + sorted(glob.glob(os.path.join(TOP, "doc", "*.md")))
    tap = Tap()
    for path in paths:
        file = File(path, tap)
        file.check()
        if updating:
            file.update()
    print("1..%d" % tap.number)
    return 1 if tap.failed and not updating else 0


if __name__ == "__main__":
    sys.exit(main())
