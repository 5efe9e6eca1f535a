#!/usr/bin/env python3
"""Properties of diffgen_merge() of jsonb, over random triples of documents.

usage: json_merge_properties.py [--triples N] [--seed S]

- merge(b, x, b) = merge(b, b, x) = merge(b, x, x) = x, without conflicts.
- Conflicts are symmetric: merge(b, y, x) has those of merge(b, x, y) with the
  sides exchanged, and its result is that of the other side being preferred.
- Without conflicts the preference makes no difference; with one, what is
  listed as the base's value is found in the base at the path listed.
- Changes of different members, and of elements with an unchanged one between
  them, never conflict, and all of them are in the result.
- Documents without arrays are merged as a reference written from the
  definition merges them, down to the paths of the conflicts; and so are arrays
  matched by identity, whose elements are in an order that makes sense.

Connects as psql does (PGHOST, PGPORT, ...).  Prints TAP, and the seed first.
"""
import argparse
import json
import os
import sys

from _jsonb_judging import Generator, Report, ask, failures

MERGE = """
    SELECT jsonb_build_array(m.merged, m.conflicts, t.merged, t.conflicts,
                             s.merged, s.conflicts)
      FROM work AS w,
           diffgen_merge(a, b, expected, :options) AS m,
           diffgen_merge(a, b, expected, '{"prefer": "theirs"}' || :options) AS t,
           diffgen_merge(a, expected, b, :options) AS s
     ORDER BY id"""
NO_OPTIONS = "'{}'::jsonb"
BY_NAME = """'{"keys": {"items": [["name"]]}}'::jsonb"""

IDENTITIES = """
    SELECT jsonb_build_array(
               diffgen_merge(a, b, a, :options) = ROW(b, '[]'::jsonb),
               diffgen_merge(a, a, b, :options) = ROW(b, '[]'::jsonb),
               diffgen_merge(a, b, b, :options) = ROW(b, '[]'::jsonb))
      FROM work ORDER BY id"""

# A path that ends in a range lists elements, none of them if the base has
# nothing in between what was added.
FOUND = """
    SELECT jsonb_build_array(
               bool_and(CASE WHEN NOT c ? 'base' THEN found = '[]'
                             WHEN c ->> 'path' NOT LIKE '% to %]' THEN
                                  found = jsonb_build_array(c -> 'base')
                             WHEN c -> 'base' = '[]' THEN true
                             ELSE found = c -> 'base' END))
      FROM work AS w, diffgen_merge(a, b, expected) AS m
           LEFT JOIN LATERAL jsonb_array_elements(m.conflicts) AS c ON true
           LEFT JOIN LATERAL jsonb_path_query_array(a, ('strict ' || (c ->> 'path'))::jsonpath,
                                                    silent => true) AS found ON true
     GROUP BY id ORDER BY id"""

ABSENT = object()


def step(key):
    if key and key.isascii() and key.replace("_", "a").isalnum() and not key[0].isdigit():
        return "." + key
    escapes = {'"': '\\"', "\\": "\\\\", "\t": "\\t"}
    return '."%s"' % "".join(escapes.get(c) or ("\\u%04x" % ord(c) if c < " " else c)
                             for c in key)


def reference(base, ours, theirs, prefer, path="$"):
    """The merged value (or ABSENT) and the conflicts of documents without
    arrays, or with arrays of named elements as an object below "items"."""
    if ours == theirs or theirs == base:
        return ours, []
    if ours == base:
        return theirs, []
    if isinstance(ours, dict) and isinstance(theirs, dict) and (
            base is ABSENT or isinstance(base, dict)):
        base = {} if base is ABSENT else base
        merged = {}
        conflicts = []
        for key in sorted(set(base) | set(ours) | set(theirs), key=str.encode):
            value, more = reference(base.get(key, ABSENT), ours.get(key, ABSENT),
                                    theirs.get(key, ABSENT), prefer, path + (
                                        '[*]?(@.name == "%s")' % key
                                        if path == "$.items" else step(key)))
            conflicts += more
            if value is not ABSENT:
                merged[key] = value
        return merged, conflicts
    conflict = {"path": path, "base": base, "ours": ours, "theirs": theirs}
    return (theirs if prefer == "theirs" else ours,
            [{k: v for k, v in conflict.items() if v is not ABSENT}])


class TripleGenerator(Generator):
    def triple(self):
        base = self.value(4)
        return base, self.mutated(base, 4), self.mutated(base, 4)

    def object_triple(self):
        def without_arrays(value):
            if isinstance(value, list):
                return len(value) + 2
            if isinstance(value, dict):
                return {k: without_arrays(v) for k, v in value.items()}
            return value
        base, ours, theirs = self.triple()
        base = {"root": base, "name": self.value(2), "a": self.value(3)}
        ours = self.mutated(dict(base, root=ours), 4)
        theirs = self.mutated(dict(base, root=theirs), 4)
        return tuple(map(without_arrays, (base, ours, theirs)))

    def disjoint(self):
        """A list, or an object, changed by both sides in different places,
        and what it is with all of the changes."""
        r = self.random
        count = r.randrange(2, 30)
        if r.random() < 0.5:
            sides = [{}, {}, {}, {}]        # base, ours, theirs, both
            for i in range(count):
                value, other = self.value(2), self.value(2)
                values = [value] * 4
                who = r.choice([None, 1, 2])
                if who:
                    new = r.choice([ABSENT, other])
                    values[who] = values[3] = new
                    if r.random() < 0.3:
                        values[0] = values[3 - who] = ABSENT
                for side, v in zip(sides, values):
                    if v is not ABSENT:
                        side["k%d" % i] = v
            return sides
        sides = [[], [], [], []]
        fresh = 1000
        changed = False
        for i in range(count):
            who = r.choice([None, 1, 2])
            pieces = [[i]] * 4
            if who and not changed:
                fresh += 2
                new = r.choice([[], [fresh], [fresh, i], [fresh, fresh + 1]])
                pieces[who] = pieces[3] = new
            changed = bool(who) and not changed
            for side, piece in zip(sides, pieces):
                side += piece
        return sides


def by_name(doc):
    return {"items": {e["name"]: e for e in doc["items"]}}


def in_any_order(conflicts):
    return sorted(json.dumps(c, sort_keys=True) for c in conflicts)


def names(doc, among=None):
    return [e["name"] for e in doc["items"]
            if among is None or e["name"] in {e["name"] for e in among["items"]}]


def check_named(report, generator, count):
    rows = [generator.named_items(2) for _ in range(count)]
    check(report, "by identity: a side that is the base, or the other side", rows,
          ask(rows, IDENTITIES.replace(":options", BY_NAME)),
          lambda i, *same: same == (True, True, True))
    answers = ask(rows, MERGE.replace(":options", BY_NAME))
    check(report, "by identity: conflicts are symmetric", rows, answers,
          lambda i, m, mc, t, tc, s, sc: mc == tc and by_name(s) == by_name(t) and
          in_any_order(sc) == in_any_order(exchanged(mc)))

    def moved(base, side):
        return names(base, side) != names(side, base)

    def good(i, m, mc, t, tc, s, sc):
        base, ours, theirs = rows[i]
        reorder = (moved(base, ours) and moved(base, theirs) and
                   names(ours, theirs) != names(theirs, ours))
        first = theirs if moved(base, theirs) and not moved(base, ours) else ours
        value, conflicts = reference(*map(by_name, rows[i]), "ours")
        ordered = [c for c in mc if c["path"] == "$.items"]
        return (by_name(m) == value and len(set(names(m))) == len(names(m)) and
                in_any_order(c for c in mc if c not in ordered) ==
                in_any_order(conflicts) and
                ordered == [{"path": "$.items", "base": base["items"],
                             "ours": ours["items"], "theirs": theirs["items"]}] * reorder and
                names(m, first) == names(first, m))
    check(report, "by identity: elements as the reference has them, in order",
          rows, answers, good)


def exchanged(conflicts):
    names = {"ours": "theirs", "theirs": "ours"}
    return [{names.get(k, k): v for k, v in c.items()} for c in conflicts]


def check(report, name, rows, answers, good):
    bad = [(i, answer) for i, answer in enumerate(answers) if not good(i, *answer)]
    report.result(not bad and len(answers) == len(rows),
                  "%s (%d)" % (name, len(rows)), failures(rows, bad))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--triples", type=int, default=10000)
    parser.add_argument("--seed", type=int,
                        default=int.from_bytes(os.urandom(4), "big"))
    arguments = parser.parse_args()
    print("# seed: %d" % arguments.seed)
    generator = TripleGenerator(arguments.seed)
    report = Report()

    rows = [generator.triple() for _ in range(arguments.triples)]
    answers = ask(rows, IDENTITIES.replace(":options", NO_OPTIONS))
    check(report, "a side that is the base, or the other side", rows, answers,
          lambda i, *same: same == (True, True, True))

    answers = ask(rows, MERGE.replace(":options", NO_OPTIONS))
    nconflicts = sum(bool(a[1]) for a in answers)
    print("# %d of %d triples conflict" % (nconflicts, len(rows)))
    check(report, "conflicts are symmetric", rows, answers,
          lambda i, m, mc, t, tc, s, sc:
          mc == tc and sc == exchanged(mc) and s == t)
    check(report, "preference matters only in conflicts", rows, answers,
          lambda i, m, mc, t, tc, s, sc: bool(mc) or m == t)
    check(report, "conflicts say where and what the base is", rows,
          ask(rows, FOUND), lambda i, found: found in (True, None))

    sides = [generator.disjoint() for _ in range(arguments.triples)]
    rows = [(base, ours, theirs) for base, ours, theirs, both in sides]
    check(report, "disjoint changes never conflict", rows, ask(rows, MERGE.replace(":options", NO_OPTIONS)),
          lambda i, m, mc, t, tc, s, sc: mc == [] and m == sides[i][3])

    rows = [generator.object_triple() for _ in range(arguments.triples)]
    answers = ask(rows, MERGE.replace(":options", NO_OPTIONS))
    print("# %d of %d triples without arrays conflict"
          % (sum(bool(a[1]) for a in answers), len(rows)))
    check(report, "documents without arrays as the reference has them", rows, answers,
          lambda i, m, mc, t, tc, s, sc:
          (m, mc) == reference(*rows[i], "ours") and
          (t, tc) == reference(*rows[i], "theirs"))

    check_named(report, generator, arguments.triples)

    print("1..%d" % report.number)
    sys.exit(report.failed > 0)


if __name__ == "__main__":
    main()
