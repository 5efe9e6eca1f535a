"""What the judges of jsonb functions have in common: TAP, the server, random
documents."""
import json
import random
import subprocess
import sys


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


def failures(rows, bad, limit=3):
    """The first few rows that are bad, for the report."""
    return [json.dumps(dict({"got": got}, **dict(zip(("a", "b", "expected"), rows[i]))),
                       ensure_ascii=False, default=str)[:3000]
            for i, got in bad[:limit]]


# ---------------------------------------------------------------------------
# Random documents
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
        if depth <= 0 or kind < 0.3:
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

    def named_items(self, count):
        """An array of elements that are told apart by their names, and so many
        others made of it by moving, adding, removing and changing elements."""
        r = self.random

        def element(name):
            return {"name": name, "a": r.randrange(2, 5), "b": {"c": r.randrange(2, 5)}}

        def changed(items):
            items = [dict(e) for e in items]
            for e in items:
                if r.random() < 0.2:
                    e["a"] = r.randrange(2, 5)
                if r.random() < 0.2:
                    e["b"] = r.choice([{"c": r.randrange(2, 5)}, 7, {"d": 2}])
            items = [e for e in items if r.random() > 0.15] or items
            for name in r.sample("uvwxyz", r.randrange(3)):
                items.insert(r.randrange(len(items) + 1), element(name))
            for _ in range(r.choice([0, 0, 1, 3])):
                items.insert(r.randrange(len(items)), items.pop(r.randrange(len(items))))
            return items

        first = [element(n) for n in r.sample("abcdefghij", r.randrange(1, 9))]
        return [{"items": items} for items in
                [first] + [changed(first) for _ in range(count)]]
