"""Histories of documents for the changelog's part, made in the server.

A history is a document and a list of patches (RFC 6902), each a few small
edits; the server applies them.  So ten thousand snapshots of 0.7 MB are made
from a few documents, and their text never passes through here.
"""

import json
import os

import documents
import generate
import sql
from json_patch import pointer, scalar_paths

SNAPSHOTS_A_KEY = 20
REAL_KEYS = 5                   # each fifth history is of a real resource
SMALL = 2000                    # bytes of an element that an edit may add

# Twenty snapshots of each object, partitioned by the key as the manual has it.
TABLES = """
DROP TABLE IF EXISTS {name};
CREATE UNLOGGED TABLE {name} (id int, n int, taken_at timestamptz,
    doc jsonb COMPRESSION {compression}) PARTITION BY RANGE (id)
"""

# Applies the patches of each history in turn.  The documents of real
# resources are copied.
FILL = """
DO $$
DECLARE
    one record;
    doc jsonb;
BEGIN
    FOR one IN SELECT * FROM series WHERE id % {parts} = {part} ORDER BY id
    LOOP
        IF one.base < 0 THEN
            INSERT INTO {name}
            SELECT one.id, n, timestamptz '2025-01-01' + n * interval '1 hour',
                real_documents.doc
            FROM generate_series(0, {last}) AS n, real_documents
            WHERE version = -one.base - 1 + n;
        ELSE
            SELECT bases.doc INTO doc FROM bases WHERE base = one.base;
            FOR n IN 0 .. {last} LOOP
                IF n > 0 THEN
                    doc := diffgen_apply(doc, one.patches -> (n - 1));
                END IF;
                INSERT INTO {name} VALUES (one.id, n,
                    timestamptz '2025-01-01' + n * interval '1 hour', doc);
            END LOOP;
        END IF;
        COMMIT;
    END LOOP;
END $$
"""


# ---- documents ----------------------------------------------------------

def flat_config(source, size):
    """One object of settings, as a feature flag service or a .properties
    file has them."""
    tree = {}
    have = 0
    while have < size:
        key = "%s.%s.%s.%d" % (source.pick(generate.FIELDS),
                               source.pick(generate.WORDS),
                               source.pick(generate.FIELDS), len(tree))
        kind = source.below(4)
        if kind == 0:
            tree[key] = source.below(100000)
        elif kind == 1:
            tree[key] = source.below(2) == 0
        else:
            tree[key] = source.sentence(source.between(3, 12))
        have += len(key) + len(json.dumps(tree[key])) + 6
    return tree


def inventory(source, size):
    """A long array of alike objects, as a list of a cloud's resources is."""
    items = []
    have = 0
    while have < size:
        items.append({
            "id": "i-%08x" % source.below(1 << 32),
            "name": "%s-%d" % (source.pick(generate.FIELDS), len(items)),
            "tags": {source.pick(generate.WORDS): source.sentence(3)
                     for _ in range(3)},
            "network": [{"device": n, "address": "10.%d.%d.%d" % (
                source.below(256), source.below(256), source.below(256)),
                "groups": [source.pick(generate.FIELDS) for _ in range(2)]}
                for n in range(2)],
            "state": {"code": source.below(80),
                      "name": source.pick(["running", "stopped"])}})
        have += len(json.dumps(items[-1])) + 2
    return {"kind": "Inventory", "items": items}


def crd(source, size):
    # Without its indent it is little more than half as long.
    return generate.crd(source, size * 2.2)


KINDS = (flat_config, crd, inventory)


def containers(value, path=()):
    """Paths of all objects and arrays."""
    if isinstance(value, (dict, list)):
        yield path, isinstance(value, list)
        pairs = value.items() if isinstance(value, dict) \
            else enumerate(value)
        for key, item in pairs:
            yield from containers(item, path + (key,))


def at(tree, path):
    for part in path:
        tree = tree[part]
    return tree


class Editor:
    """Makes patches that fit one after the other: members are added, those
    added are removed again, scalars of the first document replaced, arrays
    made longer."""

    def __init__(self, source, tree):
        self.source = source
        self.tree = tree
        self.scalars = list(scalar_paths(tree))
        self.objects = []
        self.arrays = []
        for path, is_array in containers(tree):
            if not is_array:
                self.objects.append(path)
            elif len(json.dumps(at(tree, path)[-1:])) < SMALL:
                self.arrays.append(path)
        self.count = 0

    def operation(self, added):
        source = self.source
        what = source.below(10)
        self.count += 1
        if what < 6:
            path = source.pick(self.scalars)
            old = at(self.tree, path)
            if isinstance(old, bool):
                value = source.below(2) == 0
            elif isinstance(old, int):
                value = source.below(100000)
            else:
                value = source.sentence(source.between(3, 14))
            return {"op": "replace", "path": pointer(path), "value": value}
        if what == 6 and added:
            return {"op": "remove",
                    "path": added.pop(source.below(len(added)))}
        if what == 7 and self.arrays:
            path = source.pick(self.arrays)
            items = at(self.tree, path)
            value = items[-1] if items else source.sentence(2)
            return {"op": "add", "path": pointer(path) + "/-",
                    "value": value}
        path = pointer(source.pick(self.objects)
                       + ("added%d" % self.count,))
        added.append(path)
        return {"op": "add", "path": path,
                "value": {"description": source.description(),
                          "type": "string"}}

    def history(self, length, most=4):
        """Patches, each of one to `most` operations."""
        added = []
        return [[self.operation(added)
                 for _ in range(self.source.between(1, most))]
                for _ in range(length)]


# ---- tables -------------------------------------------------------------

def load_series(session, keys, size, archive, build):
    """Tables bases, real_documents and series: what the snapshots are made
    of, which have about `size` bytes of text on average."""
    real = []
    if archive and os.path.exists(archive):
        for folder, versions in sorted(
                documents.real_histories(archive).items()):
            if folder.endswith("-crd") and len(versions) > SNAPSHOTS_A_KEY:
                real = versions
    if real:                    # whose text is half as long
        size *= 1.12
    source = generate.Source(71)
    bases = [kind(source, size) for kind in KINDS for _ in range(3)]
    editors = [Editor(source, tree) for tree in bases]
    rows = []
    for i in range(keys):
        if real and i % REAL_KEYS == 0:
            start = i // REAL_KEYS % (len(real) - SNAPSHOTS_A_KEY)
            rows.append((i, -1 - start, "[]"))
            continue
        base = i % len(bases)
        rows.append((i, base, json.dumps(
            editors[base].history(SNAPSHOTS_A_KEY - 1))))
    sql.load(session, "bases", [("base", "int"), ("doc", "jsonb")],
             [(i, json.dumps(tree)) for i, tree in enumerate(bases)], build,
             "external")
    sql.load(session, "real_documents", [("version", "int"),
                                         ("doc", "jsonb")],
             [(i, text.decode()) for i, text in enumerate(real)], build,
             "external")
    sql.load(session, "series", [("id", "int"), ("base", "int"),
                                 ("patches", "jsonb")], rows, build)


def fill(session, name, keys, compression):
    """Makes the table of snapshots, with two sessions at once."""
    session.query(TABLES.format(name=name, compression=compression))
    partitions = 10
    for i in range(partitions):
        session.query(
            "CREATE UNLOGGED TABLE %s_%d PARTITION OF %s FOR VALUES FROM "
            "(%d) TO (%d) WITH (autovacuum_enabled = off, "
            "toast.autovacuum_enabled = off)" % (
                name, i, name, keys * i // partitions,
                keys * (i + 1) // partitions))
    helpers = [sql.Session() for _ in range(2)]
    for part, helper in enumerate(helpers):
        helper.send(FILL.format(name=name, parts=len(helpers), part=part,
                                last=SNAPSHOTS_A_KEY - 1))
    for helper in helpers:
        answer = helper.receive()
        helper.close()
        if "ERROR" in answer:
            raise sql.WorkerError(answer)
    session.query("CREATE INDEX ON %s (id, n)" % name)
    session.query("VACUUM ANALYZE " + name)
