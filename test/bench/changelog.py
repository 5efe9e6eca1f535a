"""The changelog: what its triggers add to writes, what going back costs.

Each way to log has tables of its own, with the same columns, documents and
settings, and a session of its own.  All ways make the same change in turn,
after a checkpoint and a VACUUM of the table, before the next round.  Where a
way takes milliseconds for what others do in microseconds, it does so fewer
times.  Filling a changelog from snapshots is in backfill.py.
"""

import json
import os
import statistics

import backfill
import generate
import sql
from json_patch import scalar_paths
from report import median, size_text, table, three, time_text
from snapshots import Editor, crd

PEERS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "peers")

NONE, OURS = "no trigger", "**diffgen**"
STATEMENT = "diffgen, statement"

# Title, and the file below peers/ that makes it.
PEER_FILES = (("full row, plpgsql", "full_row"),
              ("pg-audit-json-style", "audit_json"),
              ("audit-trigger-style", "audit_hstore"),
              ("supa_audit-style", "supa_audit"),
              ("pgMemento-style", "pgmemento"))

QUIET = "autovacuum_enabled = off, toast.autovacuum_enabled = off"


class Way:
    """One way to log: a table, how it is tracked, a session."""

    def __init__(self, title, name, peer=False):
        self.title = title
        self.name = name
        self.peer = peer
        self.session = None

    def track(self, session, relation):
        """Begins tracking; False where that cannot be had."""
        if self.title == NONE:
            return True
        try:
            if self.peer:
                session.query("SELECT peer_%s.track('%s')" % (self.name,
                                                              relation))
            else:
                options = "{}" if self.title == OURS else \
                    '{"level": "statement"}'
                session.query("SELECT diffgen_track('%s', '{doc}', '%s')"
                              % (relation, options))
        except sql.WorkerError:
            return False
        return True

    def log_size(self, session, relation):
        """Bytes of all that is logged, with its indexes."""
        if self.title == NONE:
            return 0
        source = "pg_class WHERE relkind = 'r' AND relnamespace = " \
            "'peer_%s'::regnamespace" % self.name
        column = "oid"
        if not self.peer:
            source = "pg_partition_tree('%s_changelog')" % relation
            column = "relid"
        return int(session.query(
            "SELECT coalesce(sum(pg_total_relation_size(%s)), 0) FROM %s"
            % (column, source)))


def all_ways(session, log):
    ways = [Way(NONE, "none"), Way(OURS, "diffgen"),
            Way(STATEMENT, "statement")]
    for title, name in PEER_FILES:
        with open(os.path.join(PEERS, name + ".sql")) as file:
            script = file.read()
        try:
            # Statements with semicolons in them: psql has to read it all.
            session.query(script)
        except sql.WorkerError as error:
            log("  without %s: %s" % (title, error))
            continue
        ways.append(Way(title, name, True))
    return ways


class Costs:
    """What the runs of one kind of statement took, by way."""

    def __init__(self):
        self.ns = {}
        self.wal = {}
        self.log = {}

    def add(self, way, ns, wal, log):
        for found, value in ((self.ns, ns), (self.wal, wal),
                             (self.log, log)):
            found.setdefault(way.title, []).append(value)

    def against_none(self, title, compare):
        """compare(with, without) of each round; the bare run of a round is
        the one that came just before."""
        return [compare(ns, none) for ns, none
                in zip(self.ns[title], self.ns[NONE])]


def spread(values, show):
    if len(values) < 4:
        return "%s to %s" % (show(min(values)), show(max(values)))
    quarters = statistics.quantiles(values, n=4)
    return "%s to %s" % (show(quarters[0]), show(quarters[2]))


def measured(session, statement):
    """Nanoseconds of processor time of the backend, and bytes of WAL."""
    before = session.query("SELECT pg_current_wal_insert_lsn()")
    ns = session.elapsed(statement)
    wal = session.query("SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(),"
                        " '%s')" % before)
    return ns, int(wal)


def run_kind(kind, statement, ways, rounds, peer_rounds, changes, control,
             relation, costs):
    """Runs one statement by each way in turn; statement(way, round) makes it,
    changes(way) tells how many rows it changes."""
    for turn in range(rounds + 1):
        for way in ways:
            if way.peer and turn > peer_rounds:
                continue
            one(kind, way, statement(way, turn), changes(way), turn, control,
                relation(way), costs)


def one(kind, way, statement, changes, turn, control, relation, costs):
    control.query("CHECKPOINT")
    control.query("VACUUM ANALYZE " + relation)
    before = way.log_size(control, relation)
    ns, wal = measured(way.session, statement)
    if turn > 0:                # the first round warms up
        grown = way.log_size(control, relation) - before
        costs.setdefault(kind, Costs()).add(
            way, ns / changes, wal / changes, grown / changes)


def open_sessions(ways):
    for way in ways:
        way.session = sql.Session()


def close_sessions(ways):
    for way in ways:
        way.session.close()


def microseconds(ns):
    return three(ns / 1e3) if ns >= 0 else "-" + three(-ns / 1e3)


def cost_rows(title, costs, ways, compare, show):
    rows = []
    for way in ways:
        if way.title not in costs.ns:
            continue
        against = costs.against_none(way.title, compare)
        rows.append((
            title, way.title, time_text(median(costs.ns[way.title])),
            show(median(against)) if way.title != NONE else "",
            spread(against, show) if way.title != NONE else "",
            size_of(median(costs.wal[way.title])),
            size_of(statistics.mean(costs.log[way.title]))
            if way.title != NONE else ""))
    return rows


def size_of(size):
    return "%.0f" % size if size < 10000 else size_text(size)


def minus(a, b):
    return a - b


def ratio(a, b):
    return a / b


# ---- documents of 1 MB --------------------------------------------------

LARGE_COUNT = 12

LARGE_TABLE = """
CREATE TABLE {relation} (id int PRIMARY KEY, name text, touched int,
    place text[], doc jsonb COMPRESSION {compression})
WITH (fillfactor = 40, """ + QUIET + ")"

# Each transaction updates each row once, so that rows stay on their pages
# and the versions before can be pruned.
ROW_BY_ROW = """
DO $$ BEGIN
    FOR pass IN 1 .. {passes} LOOP
        FOR k IN 1 .. {rows} LOOP
            UPDATE {relation} SET {change} WHERE id = {first} + k;
        END LOOP;
        COMMIT;
    END LOOP;
END $$"""

AT_ONCE = """
DO $$ BEGIN
    FOR pass IN 1 .. {passes} LOOP
        UPDATE {relation} SET {change};
        COMMIT;
    END LOOP;
END $$"""


def large_documents(session, build):
    """Some definitions of 1 MB, each with the path of a scalar in its
    middle."""
    source = generate.Source(91)
    rows = []
    for i in range(4):
        tree = crd(source, 1000e3)
        paths = list(scalar_paths(tree))
        place = json.dumps([str(part) for part in paths[len(paths) // 2]])
        rows.append((i, "{%s}" % place[1:-1], json.dumps(tree)))
    sql.load(session, "large_documents",
             [("i", "int"), ("place", "text[]"), ("doc", "jsonb")], rows,
             build, "external")
    return float(session.query(
        "SELECT avg(octet_length(doc::text)) FROM large_documents"))


def make_large(session, ways, compression, count):
    made = []
    for way in ways:
        relation = large_name(way, compression)
        session.query(LARGE_TABLE.format(relation=relation,
                                         compression=compression))
        session.query(
            "INSERT INTO %s SELECT k, 'row ' || k, 0, place, doc "
            "FROM generate_series(1, %d) AS k, large_documents "
            "WHERE i = k %% 4 ORDER BY k" % (relation, count))
        if way.track(session, relation):
            made.append(way)
    quiet_changelogs(session)
    return made


def large_name(way, compression):
    return "large_%s_%s" % (way.name, compression)


def quiet_changelogs(session):
    """No autovacuum of logs while something is measured."""
    session.query("""
DO $$
DECLARE
    log regclass;
BEGIN
    FOR log IN SELECT oid FROM pg_class WHERE relkind = 'r'
        AND (relispartition OR relnamespace::regnamespace::text ~ '^peer_')
    LOOP
        EXECUTE format('ALTER TABLE %s SET (""" + QUIET + """)', log);
    END LOOP;
END $$""")


def large(session, ways, compression, rounds, quick, report, log):
    count = 4 if quick else LARGE_COUNT
    passes = 20 if quick else 100
    ways = make_large(session, ways, compression, count)
    open_sessions(ways)
    costs = {}

    def relation(way):
        return large_name(way, compression)

    def alone(template):
        return lambda way, turn: template.format(
            relation=relation(way), rows=count, first=0,
            change="touched = touched + 1", passes=1 if way.peer else passes)

    for kind, template in (("alone", AT_ONCE), ("alone, by row", ROW_BY_ROW)):
        log("changelog: documents of 1 MB, %s, left %s" % (compression, kind))
        run_kind(kind, alone(template), ways, rounds, 2,
                 lambda way: count * (1 if way.peer else passes), session,
                 relation, costs)

    log("changelog: documents of 1 MB, %s, one key changed" % compression)
    run_kind("key", lambda way, turn:
             "UPDATE %s SET doc = jsonb_set(doc, place, '\"changed in round "
             "%d\"')" % (relation(way), turn), ways, rounds, 2,
             lambda way: count, session, relation, costs)
    close_sessions(ways)
    for way in ways:
        session.query("DROP TABLE %s CASCADE" % relation(way))
    report_large(costs, ways, compression, report)
    return costs


LARGE_HEADER = ("UPDATE", "", "a row", "", "half of the rounds",
                "WAL, bytes a row", "log, bytes a row")


def report_large(costs, ways, compression, report):
    rows = cost_rows("one statement", costs["alone"], ways, minus,
                     microseconds)
    rows += cost_rows("a statement a row", costs["alone, by row"], ways,
                      minus, microseconds)
    header = list(LARGE_HEADER)
    header[3] = "us more than without"
    report.section("Changelog: UPDATE that leaves a document of 1 MB alone, "
                   + compression, table(header, rows))
    header[3] = "/ without"
    report.section("Changelog: UPDATE of one nested key of a document of "
                   "1 MB, " + compression, table(
                       header[1:], [row[1:] for row in cost_rows(
                           "", costs["key"], ways, ratio, ratio_text)]))
    for kind, title in (("alone", "one statement"),
                        ("alone, by row", "a statement a row")):
        report.at_most(
            "changelog, UPDATE that leaves 1 MB alone, %s, %s: us more a row"
            % (title, compression),
            median(costs[kind].against_none(OURS, minus)) / 1e3, 10)
    report.at_most(
        "changelog, UPDATE of one key of 1 MB, %s: against no trigger"
        % compression, median(costs["key"].against_none(OURS, ratio)),
        {"pglz": 1.3, "lz4": 1.4}[compression])
    grown = statistics.mean(costs["key"].log[OURS])
    report.bar("changelog, UPDATE of one key of 1 MB, %s: bytes of log a "
               "change" % compression, "%.0f" % grown, "less than 4096",
               grown < 4096)


def ratio_text(value):
    return "%.3f" % value


# ---- small rows ---------------------------------------------------------

SMALL_TABLE = """
CREATE TABLE small_{name} (id int PRIMARY KEY, name text, replicas int,
    doc jsonb, changed_on date)
WITH (fillfactor = 45, """ + QUIET + ")"

SMALL_DOCUMENT = """jsonb_build_object('apiVersion', 'v1', 'metadata',
    jsonb_build_object('name', 'service-' || k, 'namespace', 'storefront'),
    'spec', jsonb_build_object('image', 'registry.example/web:1.' || k % 90,
        'replicas', k % 7, 'ports', jsonb_build_array(8080, 8443), 'env',
        jsonb_build_object('LOG_LEVEL', 'info', 'POOL_SIZE', k % 50,
            'TOPIC', 'storefront.orders.created.v' || k % 9)),
    'status', jsonb_build_object('phase', 'Running', 'ready', true))"""


def small_statements(relation, rows, turn):
    """The statements of a round, each of which changes all rows.  A round has
    keys of its own, as new objects have."""
    first = turn * rows
    image = "doc = jsonb_set(doc, '{spec,image}', '\"registry.example/web:" \
        "2.%d.%d\"')"
    return (
        ("INSERT", "INSERT INTO %s SELECT k, 'service ' || k, k %% 7, %s, "
         "'2025-01-01' FROM generate_series(%d, %d) AS k"
         % (relation, SMALL_DOCUMENT, first + 1, first + rows)),
        ("UPDATE", "UPDATE %s SET " % relation + image % (turn, 1)),
        ("UPDATE, a statement a row", ROW_BY_ROW.format(
            relation=relation, rows=rows, first=first, passes=1,
            change=image % (turn, 2))),
        ("UPDATE of another column",
         "UPDATE %s SET replicas = replicas + 1" % relation),
        ("DELETE", "DELETE FROM %s" % relation))


SMALL_BARS = ("INSERT", "UPDATE", "DELETE")


def small(session, ways, rounds, quick, report, log):
    count = 500 if quick else 5000
    tracked = []
    for way in ways:
        session.query(SMALL_TABLE.format(name=way.name))
        if way.track(session, "small_" + way.name):
            tracked.append(way)
    quiet_changelogs(session)
    size = float(session.query(
        "SELECT avg(octet_length(%s::text)) FROM generate_series(1, 100) k"
        % SMALL_DOCUMENT))
    open_sessions(tracked)
    costs = {}
    log("changelog: rows with a document of %.0f bytes" % size)
    for turn in range(rounds + 1):
        for way in tracked:
            if way.peer and turn > 4:
                continue
            relation = "small_" + way.name
            for kind, statement in small_statements(relation, count, turn):
                one(kind, way, statement, count, turn, session, relation,
                    costs)
    close_sessions(tracked)
    for way in tracked:
        session.query("DROP TABLE small_%s CASCADE" % way.name)
    rows = []
    for kind in costs:
        rows += cost_rows(kind, costs[kind], tracked, minus, microseconds)
    report.section(
        "Changelog: rows of 5 columns with a document of %.0f bytes" % size,
        "One statement for %d rows, unless it says otherwise." % count,
        table(("", "", "a row", "us more than without", "half of the rounds",
               "WAL, bytes a row", "log, bytes a row"), rows))
    for title in (OURS, STATEMENT):
        for kind in SMALL_BARS:
            if title in costs[kind].ns:
                report.at_most(
                    "changelog, small rows, %s%s: us more a row" % (
                        kind, "" if title == OURS else
                        ", statement-level"),
                    median(costs[kind].against_none(title, minus)) / 1e3, 15)
    return costs


# ---- going back ---------------------------------------------------------

# Each step changes another line of the text.
TEXT_STEP = "UPDATE long_text SET doc = replace(doc, E'\\nline ' || k * 13 " \
    "|| ' ', E'\\nchanged line ' || k * 13 || ' ')"
JSONB_STEP = "UPDATE long_jsonb SET doc = diffgen_apply(doc, patch) " \
    "FROM steps WHERE n = k"

# Kind, what makes the first document, the step from one to the next.
LONG_KINDS = (
    ("jsonb", "SELECT doc FROM long_first", JSONB_STEP, "diffgen_at"),
    ("text", "SELECT string_agg('line ' || k || ' ' || md5(k::text) || "
     "' and more', E'\\n') FROM generate_series(1, 19500) AS k", TEXT_STEP,
     "diffgen_at_text"))


def make_long(session, kind, first, step, changes):
    """A row and its history; the rows logged and the document's size."""
    relation = "long_" + kind
    session.query("CREATE TABLE %s (id int PRIMARY KEY, "
                  "doc %s COMPRESSION lz4)" % (relation, kind))
    session.query("INSERT INTO %s SELECT 1, (%s)" % (relation, first))
    session.query("CREATE TABLE %s_first AS SELECT doc FROM %s"
                  % (relation, relation))
    session.query("SELECT diffgen_track('%s')" % relation)
    session.query("DO $$ BEGIN FOR k IN 1 .. %d LOOP %s; COMMIT; END LOOP; "
                  "END $$" % (changes, step))
    session.query("VACUUM ANALYZE " + relation)
    session.query("VACUUM ANALYZE %s_changelog" % relation)
    return [float(value) for value in session.query(
        "SELECT (SELECT count(*) FROM %s_changelog WHERE operation = "
        "'update'), octet_length(doc::text) FROM %s"
        % (relation, relation)).split("|")]


def going_back(session, build, quick, report, log):
    """diffgen_at from the live document to where it was first."""
    changes = 100 if quick else 1005
    source = generate.Source(95)
    tree = crd(source, 1000e3)
    sql.load(session, "steps", [("n", "int"), ("patch", "jsonb")],
             [(n + 1, json.dumps(patch)) for n, patch in enumerate(
                 Editor(source, tree).history(changes, 2))], build)
    sql.load(session, "long_first", [("doc", "jsonb")],
             [(json.dumps(tree),)], build, "external")
    rows = []
    raw = {}
    for kind, first, step, function in LONG_KINDS:
        log("changelog: %d changes of a %s of 1 MB" % (changes, kind))
        logged, size = make_long(session, kind, first, step, changes)
        times, again, memory = there_and_back(session, kind, function)
        raw[kind] = times
        rows.append((
            "%s of %s, %d changes" % (kind, size_text(size), logged),
            time_text(median(times)), time_text(median(again)),
            size_text(max(memory)), "%.2f" % (max(memory) / size)))
        what = "changelog, %s over %d changes of 1 MB" % (function, logged)
        report.at_most(what + ": s", median(times) / 1e9, 1)
        report.at_most(what + ": peak memory against the document",
                       max(memory) / size, 10)
        session.query("DROP TABLE long_%s CASCADE" % kind)
    report.section(
        "Changelog: back to the first version", table(
            ("", "first call of a session", "next call",
             "peak memory (RssAnon)", "/ the document"), rows))
    return raw


def there_and_back(session, kind, function):
    """Times of the first and of the next call in a session, and the memory
    that both took at most."""
    began = session.query("SELECT min(changed_at) FROM long_%s_changelog "
                          "WHERE operation = 'update'" % kind)
    query = "SELECT %s('long_%s', 'doc', timestamptz '%s' " \
        "- interval '1 microsecond', 1)" % (function, kind, began)
    if session.query("SELECT (%s) = doc FROM long_%s_first"
                     % (query, kind)) != "t":
        raise sql.WorkerError("the first version is another")
    size = "SELECT octet_length(%s((%s)))" % (
        "jsonb_typeof" if kind == "jsonb" else "", query)
    times, again, memory = [], [], []
    for _ in range(5):
        fresh = sql.Session()
        before = fresh.memory()
        peak = sql.Peak(fresh, 0.001)
        peak.start()
        times.append(fresh.time(size)[0])
        again.append(fresh.time(size)[0])
        peak.stop()
        memory.append(peak.most - before)
        fresh.close()
    return times, again, memory


def attempt(raw, part, log, measure, *arguments):
    """One group of measurements; the others go on where it fails."""
    try:
        raw[part] = measure(*arguments)
    except sql.WorkerError as error:
        log("  no %s: %s" % (part, error))


def run(build, rounds, archive, quick, report, log):
    session = sql.prepare(report, log)
    if session is None:
        return {}
    rounds = 3 if quick else max(rounds, sql.LEAST_ROUNDS)
    ways = all_ways(session, log)
    raw = {}
    size = large_documents(session, build)
    log("changelog: the documents of 1 MB have %s" % size_text(size))
    for compression in ("pglz", "lz4"):
        attempt(raw, "large, " + compression, log, large, session, ways,
                compression, rounds, quick, report, log)
    attempt(raw, "small", log, small, session, ways, rounds, quick, report,
            log)
    attempt(raw, "at", log, going_back, session, build, quick, report, log)
    for compression in ("pglz", "lz4"):
        attempt(raw, "backfill, " + compression, log, backfill.run, session,
                compression, build, archive, quick, report, log)
    session.close()
    sql.drop_database()
    return {part: {kind: costs.ns for kind, costs in found.items()}
            if part.startswith(("large", "small")) else found
            for part, found in raw.items()}
