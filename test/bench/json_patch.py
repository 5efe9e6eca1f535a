"""Structured changes: patches, entries, apply, against their peers.

A part whose function the installed extension has not is skipped and named.
"""

import json
import os

import generate
import sql
from report import mean, median, table, time_text, three
from text import calibrate
from workers import WorkerError

PATCH = "diffgen_patch(jsonb,jsonb,jsonb)"
ENTRY = "diffgen_entry(jsonb,jsonb,jsonb)"
APPLY = "diffgen_apply(jsonb,jsonb)"

QUERIES = (
    ("detoast only",
     "sum(length(jsonb_typeof(old) || jsonb_typeof(new)))", "", None),
    ("**diffgen_patch**",
     "sum(jsonb_array_length(diffgen_patch(old, new)))", "", PATCH),
    ("**diffgen_entry**", "sum(length(e.diff))",
     ", LATERAL diffgen_entry(old, new) e", ENTRY),
    ("diffgen_patch, ignore with 50 patterns",
     "sum(jsonb_array_length(diffgen_patch(old, new, '%s')))", "", PATCH),
)

LIMITS = {"pglz": 1.2, "lz4": 1.4}


def fifty_patterns():
    patterns = ["$.metadata.field%d" % i for i in range(20)]
    patterns += ["$.status.conditions[*].field%d" % i for i in range(15)]
    patterns += ["$.spec.names.field%d.*" % i for i in range(10)]
    patterns += ["$.**.lastSeen%d" % i for i in range(5)]
    return json.dumps({"ignore": patterns})


def run(tools, sets, rounds, build, report, log):
    session = sql.prepare(report, log)
    if session is None:
        return {}
    known = {function: session.has_function(function)
             for function in (PATCH, ENTRY, APPLY)}
    for function, there in known.items():
        if not there:
            log("json: there is no %s yet, its part is skipped" % function)
    raw = {}
    if known[PATCH] or known[ENTRY]:
        chosen = [s for s in sets if s.json and s.kind == "history"]
        sql.load_sets(session, chosen, build, log)
        for pair_set in chosen:
            raw[pair_set.name] = patches(tools, session, pair_set, rounds,
                                         build, known, report, log)
    if known[APPLY]:
        apply(session, rounds, build, report, log)
    session.close()
    return raw


def patches(tools, session, pair_set, rounds, build, known, report, log):
    rows = []
    ours = {}
    n = len(pair_set.pairs)
    for compression in ("pglz", "lz4"):
        queries = {}
        for title, expression, source, function in QUERIES:
            if function is None or known[function]:
                if "%s" in expression:
                    expression = expression % fifty_patterns()
                queries[title] = ("SELECT %s FROM pairs_jsonb_%s%s WHERE "
                                  "set = '%s'" % (expression, compression,
                                                  source, pair_set.name))
        log("json: %s, %s" % (pair_set.title, compression))
        ignore = QUERIES[3][0]
        if ignore in queries:
            try:
                session.time(queries[ignore])
            except WorkerError as error:
                log("  ignore is not there yet: %s" % error)
                del queries[ignore]
        times, _ = sql.interleaved(session, queries, rounds)
        floor = times["detoast only"]
        for title, ns in times.items():
            rows.append((title + ", " + compression, time_text(ns / n),
                         "%.3f" % (ns / floor), ""))
            if title.startswith("**"):
                ours[title, compression] = ns / n
                report.at_most("%s, %s, %s: against detoast only" % (
                    title.strip("*"), pair_set.title, compression),
                    ns / floor, LIMITS[compression])
        if ignore in times:
            report.at_most("ignore with 50 patterns, %s, %s: against none"
                           % (pair_set.title, compression),
                           times[ignore] / times["**diffgen_patch**"], 1.15)
    peers = peer_patches(tools, pair_set, rounds, build)
    sizes = {title: size for title, (_, size) in peers.items()}
    if known[PATCH]:
        answer = session.query(
            "SELECT diffgen_patch(old, new) FROM pairs_jsonb_lz4 "
            "WHERE set = '%s'" % pair_set.name)
        sizes["**diffgen_patch**"] = sum(compact_size(line)
                                         for line in answer.split("\n"))
        rows.append(("size of diffgen_patch", "", "",
                     sizes["**diffgen_patch**"]))
    for title, (ns, size) in peers.items():
        rows.append((title, time_text(ns), "", size))
    for title, factor in (("fast-json-patch", 2),
                          ("evanphx merge patch", 8)):
        if title not in peers:
            continue
        for (name, compression), ns in ours.items():
            ratio = peers[title][0] / ns
            report.bar("%s, %s, %s: times faster than %s" % (
                name.strip("*"), pair_set.title, compression, title),
                three(ratio), "at least %d" % factor, ratio >= factor)
    best = min((sizes[title] for title in ("fast-json-patch", "rfc6902")
                if title in sizes), default=None)
    if best and known[PATCH]:
        report.at_most("diffgen_patch, %s: bytes against the smaller of "
                       "fast-json-patch and rfc6902" % pair_set.title,
                       sizes["**diffgen_patch**"] / best, 1.05)
    report.section("Patches: %s" % pair_set.title, table(
        ("", "mean a pair", "/ detoast only", "bytes of all patches"), rows))
    return {"ours": {"/".join(key): ns for key, ns in ours.items()},
            "peers": peers, "sizes": sizes}


def compact_size(text):
    """Bytes of a JSON text without the spaces that its writer chose."""
    return len(json.dumps(json.loads(text), separators=(",", ":"),
                          ensure_ascii=False).encode())


def peer_patches(tools, pair_set, rounds, build):
    scratch = os.path.join(build, "output")
    found = {}
    for title, name, algorithm in (
            ("fast-json-patch", "json-patch", "fast-json-patch"),
            ("rfc6902", "json-patch", "rfc6902"),
            ("evanphx merge patch", "mergepatch", "merge")):
        if not tools.have(name):
            continue
        worker = tools.start(name, pair_set.list_path)
        times = []
        size = 0
        for i in range(len(pair_set.pairs)):
            calls = calibrate(worker, i, algorithm)
            times.append(median([worker.run(i, calls, 1, algorithm)[0]
                                 for _ in range(rounds)]))
            size += compact_size(worker.dump(i, scratch, algorithm)[0])
        found[title] = (mean(times), size)
        worker.close()
    return found


def pointer(parts):
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1")
                   for part in parts)


def scalar_paths(value, path=()):
    if isinstance(value, dict):
        for key in sorted(value):
            yield from scalar_paths(value[key], path + (key,))
    elif isinstance(value, list):
        for i, item in enumerate(value):
            yield from scalar_paths(item, path + (i,))
    else:
        yield path


def apply(session, rounds, build, report, log):
    """A patch of 20 operations all over a document of more than 1 MB,
    against jsonb_set of the middle one of its paths."""
    log("json: diffgen_apply")
    document = generate.history(51, 1200e3, 1, 1)[0]
    paths = list(scalar_paths(document))
    chosen = [paths[len(paths) * (2 * i + 1) // 40] for i in range(20)]
    patch = json.dumps([{"op": "replace", "path": pointer(path),
                         "value": "patched %d" % i}
                        for i, path in enumerate(chosen)])
    one = "{%s}" % ",".join('"%s"' % part for part in chosen[10])
    sql.load(session, "apply_doc", [("doc", "jsonb"), ("patch", "jsonb")],
             [(json.dumps(document), patch)] * 10, build, "lz4")
    queries = {
        "detoast only": "SELECT sum(length(jsonb_typeof(doc))) "
                        "FROM apply_doc",
        "**diffgen_apply**, 20 operations":
            "SELECT sum(pg_column_size(diffgen_apply(doc, patch))) "
            "FROM apply_doc",
        "jsonb_set, one path":
            "SELECT sum(pg_column_size(jsonb_set(doc, '%s', "
            "'\"patched\"'))) FROM apply_doc" % one}
    times, _ = sql.interleaved(session, queries, rounds)
    report.section("Apply to a document of %s" % sql.size_text(
        len(json.dumps(document))), table(
            ("", "a document"),
            [(title, time_text(ns / 10)) for title, ns in times.items()]))
    report.at_most("diffgen_apply of 20 operations against jsonb_set of one",
                   times["**diffgen_apply**, 20 operations"] /
                   times["jsonb_set, one path"], 2)
