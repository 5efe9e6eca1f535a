"""The SQL functions on stored documents, against only reading them."""

import os
import re
import subprocess
import threading
import time

import generate
from report import mean, median, size_text, table, time_text, three
from workers import WorkerError

LEAST_ROUNDS = 9

MARK = "-- end of answer --"

TIME_FUNCTION = """
CREATE OR REPLACE FUNCTION bench_time(query text, OUT ns float8, OUT value text)
LANGUAGE plpgsql AS $$
DECLARE began timestamptz := clock_timestamp();
BEGIN
	EXECUTE query INTO value;
	ns := extract(epoch FROM clock_timestamp() - began) * 1e9;
END $$;
"""

PEER_FUNCTIONS = {
    "plpython3u": """
CREATE OR REPLACE FUNCTION bench_difflib(old text, new text) RETURNS text
LANGUAGE plpython3u AS $$
import difflib
return "".join(difflib.unified_diff(old.splitlines(True),
									new.splitlines(True), "before", "after"))
$$;""",
    "plperlu": """
CREATE OR REPLACE FUNCTION bench_text_diff(old text, new text) RETURNS text
LANGUAGE plperlu AS $$
use Text::Diff;
return diff(\\$_[0], \\$_[1], { STYLE => "Unified" });
$$;"""}


class Session:
    """One psql, kept open: one backend."""

    def __init__(self, database="diffgen_bench"):
        self.process = subprocess.Popen(
            ["psql", "-XqAt", "-v", "VERBOSITY=sqlstate", "-d", database],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True)
        self.pid = None
        for setting in ("client_min_messages = warning",
                        "max_parallel_workers_per_gather = 0", "jit = off"):
            self.query("SET " + setting)
        self.pid = int(self.query("SELECT pg_backend_pid()"))

    def send(self, command):
        if not command.startswith("\\"):
            command += ";"
        self.process.stdin.write(command + "\n\\echo " + MARK + "\n")
        self.process.stdin.flush()

    def receive(self):
        lines = []
        for line in self.process.stdout:
            if line.rstrip("\n") == MARK:
                return "\n".join(lines)
            lines.append(line.rstrip("\n"))
        raise WorkerError("psql ended: " + " ".join(lines))

    def query(self, command):
        """The answer as text; an error of the server is a WorkerError."""
        self.send(command)
        answer = self.receive()
        error = re.search(r"^(psql:.*)?(ERROR|FATAL): .*", answer, re.M)
        if error:
            raise WorkerError(error.group(0))
        return answer

    def processor_time(self):
        """Nanoseconds that the backend was running so far, or None where
        the kernel does not tell: the clock that clock_getcpuclockid() gives
        for a process."""
        try:
            return time.clock_gettime(~self.pid << 3 | 2) * 1e9
        except OSError:
            return None

    def time(self, query):
        """Nanoseconds of processor time that the backend took, and the
        value.  As in worker.h, that is what a clock shows on an idle
        machine."""
        began = self.processor_time()
        ns, value = self.query("SELECT ns, value FROM bench_time($query$%s"
                               "$query$)" % query).split("|", 1)
        if began is None:
            return float(ns), value
        return self.processor_time() - began, value

    def elapsed(self, command):
        """Nanoseconds of processor time that a command of any kind takes;
        of the clock where the kernel does not tell."""
        began, clock = self.processor_time(), time.monotonic()
        self.query(command)
        if began is None:
            return (time.monotonic() - clock) * 1e9
        return self.processor_time() - began

    def has_function(self, signature):
        return self.query("SELECT to_regprocedure('%s') IS NOT NULL"
                          % signature) == "t"

    def memory(self, field="RssAnon"):
        with open("/proc/%d/status" % self.pid) as file:
            for line in file:
                if line.startswith(field + ":"):
                    return int(line.split()[1]) * 1024
        raise WorkerError("no %s in /proc" % field)

    def close(self):
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()


def copy_text(value):
    for a, b in (("\\", "\\\\"), ("\t", "\\t"), ("\n", "\\n"),
                 ("\r", "\\r")):
        value = value.replace(a, b)
    return value


def load(session, name, columns, rows, build, storage=""):
    """Makes a table and fills it; columns is a list of (name, type)."""
    path = os.path.join(build, "table.copy")
    with open(path, "w") as file:
        for row in rows:
            file.write("\t".join(copy_text(str(value)) for value in row))
            file.write("\n")
    session.query("DROP TABLE IF EXISTS " + name)
    session.query("CREATE TABLE %s (%s)" % (name, ", ".join(
        "%s %s" % column for column in columns)))
    for column, kind in columns:
        if kind not in ("text", "jsonb"):
            continue
        if storage == "external":
            session.query("ALTER TABLE %s ALTER %s SET STORAGE EXTERNAL"
                          % (name, column))
        elif storage:
            session.query("ALTER TABLE %s ALTER %s SET COMPRESSION %s"
                          % (name, column, storage))
    session.query("\\copy %s from '%s'" % (name, path))
    session.query("VACUUM ANALYZE " + name)
    os.remove(path)


def load_sets(session, sets, build, log):
    """Tables pairs_TYPE_COMPRESSION (set, i, old, new)."""
    rows = []
    for pair_set in sets:
        for i in range(len(pair_set.pairs)):
            old, new = pair_set.texts(i)
            rows.append((pair_set.name, i, old.decode(), new.decode()))
    json_sets = {pair_set.name for pair_set in sets if pair_set.json}
    for kind in ("text", "jsonb"):
        for compression in ("pglz", "lz4"):
            log("  loading %s, %s" % (kind, compression))
            load(session, "pairs_%s_%s" % (kind, compression),
                 [("set", "name"), ("i", "int"), ("old", kind),
                  ("new", kind)],
                 [row for row in rows
                  if kind == "text" or row[0] in json_sets],
                 build, compression)


def interleaved(session, queries, rounds):
    """Median ns of each query, run in turn; queries is {title: sql}.  More
    rounds than elsewhere, for a query is short and the bars are close; but
    not of the queries that take long.

    Each query has a fresh session of its own.  What it costs to allocate a
    large value depends on what the C library keeps of memory freed before,
    and so on what else a session has done."""
    times = {title: [] for title in queries}
    values = {}
    sessions = {title: Session() for title in queries}
    try:
        for turn in range(max(rounds, LEAST_ROUNDS) + 1):
            for title, query in queries.items():
                if turn > rounds and sum(times[title]) > 1e9:
                    continue
                ns, values[title] = sessions[title].time(query)
                if turn > 0:        # the first round warms up
                    times[title].append(ns)
    finally:
        for fresh in sessions.values():
            fresh.close()
    return {title: median(found) for title, found in times.items()}, values


TEXT_QUERIES = (
    ("detoast only", "ascii(old) + ascii(new)", None),
    ("**diffgen**", "length(diffgen(old, new))", "diffgen(text,text,jsonb)"),
    ("diffgen, octet_length", "octet_length(diffgen(old, new))",
     "diffgen(text,text,jsonb)"),
    ("diffgen_stat", "(diffgen_stat(old, new)).added",
     "diffgen_stat(text,text,jsonb)"),
    ("`old = new`", "(old = new)::int", None),
    ("plpython3 difflib", "length(bench_difflib(old, new))",
     "bench_difflib(text,text)"),
    ("plperl Text::Diff", "length(bench_text_diff(old, new))",
     "bench_text_diff(text,text)"),
)

JSONB_QUERIES = (
    ("detoast only", "length(jsonb_typeof(old) || jsonb_typeof(new))", None),
    ("**diffgen**", "length(diffgen(old, new))",
     "diffgen(jsonb,jsonb,jsonb)"),
    ("diffgen, octet_length", "octet_length(diffgen(old, new))",
     "diffgen(jsonb,jsonb,jsonb)"),
    ("diffgen_stat", "(diffgen_stat(old, new)).added",
     "diffgen_stat(jsonb,jsonb,jsonb)"),
    ("`old = new`", "(old = new)::int", None),
    ("jsonb_pretty of both",
     "length(jsonb_pretty(old)) + length(jsonb_pretty(new))", None),
)

JSONB_BARS = {("history", "pglz"): 1.10, ("history", "lz4"): 1.25,
              ("far", "pglz"): 1.2, ("far", "lz4"): 1.45}


def build_queries(session, templates, table_name, pair_set, slow_pairs):
    queries = {}
    for title, expression, function in templates:
        if function and not session.has_function(function):
            continue
        where = "WHERE set = '%s'" % pair_set.name
        if title.startswith("pl"):
            if table_name.endswith("lz4"):
                continue        # what they take does not depend on it
            where += " AND i < %d" % slow_pairs
        # A short pair is read many times over, else the query is timed.
        source = table_name
        if pair_set.kind == "story":
            source += ", generate_series(1, 200)"
        queries[title] = "SELECT sum(%s) FROM %s %s" % (expression, source,
                                                        where)
    return queries


def per_pair(title, pair_set, slow_pairs):
    if pair_set.kind == "story":
        return 200
    if title.startswith("pl"):
        return min(slow_pairs, len(pair_set.pairs))
    return len(pair_set.pairs)


def run(sets, rounds, build, report, log):
    session = prepare(report, log)
    if session is None:
        return {}
    load_sets(session, sets, build, log)
    raw = {}
    slow_pairs = 1
    for kind, templates in (("text", TEXT_QUERIES),
                            ("jsonb", JSONB_QUERIES)):
        rows = []
        for pair_set in sets:
            if kind == "jsonb" and not pair_set.json:
                continue
            for compression in ("pglz", "lz4"):
                if kind == "text" and pair_set.kind == "real far":
                    continue
                queries = build_queries(
                    session, templates, "pairs_%s_%s" % (kind, compression),
                    pair_set, slow_pairs)
                log("sql: %s, %s, %s" % (kind, pair_set.title, compression))
                try:
                    times, _ = interleaved(session, queries, rounds)
                except WorkerError as error:
                    log("  " + str(error))
                    continue
                floor = times["detoast only"] / per_pair("", pair_set, 0)
                for title, ns in times.items():
                    each = ns / per_pair(title, pair_set, slow_pairs)
                    rows.append((pair_set.title, compression, title,
                                 time_text(each), "%.3f" % (each / floor)))
                    raw["/".join((kind, pair_set.name, compression,
                                  title))] = each
                limit = JSONB_BARS.get((pair_set.kind, compression))
                if kind == "jsonb" and limit and "**diffgen**" in times:
                    report.at_most(
                        "jsonb through SQL, %s, %s: against detoast only"
                        % (pair_set.title, compression),
                        times["**diffgen**"] / times["detoast only"], limit)
        report.section(
            "SQL: %s" % kind,
            "Per pair. `length` counts characters, so that the query pays for "
            "the size of the result, too; `octet_length` does not." +
            (" Procedural languages: the first pair of a set."
             if kind == "text" else ""),
            table(("set", "compression", "", "mean a pair",
                   "/ detoast only"), rows))
    session.close()
    return raw


def fresh_database():
    """A database of our own, so that nothing else on the server matters."""
    session = Session("postgres")
    session.query("DROP DATABASE IF EXISTS diffgen_bench")
    session.query("CREATE DATABASE diffgen_bench TEMPLATE template0")
    session.close()


def drop_database():
    session = Session("postgres")
    session.query("DROP DATABASE IF EXISTS diffgen_bench WITH (FORCE)")
    session.close()


def prepare(report, log):
    try:
        fresh_database()
        session = Session()
        session.query("CREATE EXTENSION diffgen")
        session.query(TIME_FUNCTION)
    except (WorkerError, OSError) as error:
        log("no SQL part: %s" % error)
        return None
    for language, function in PEER_FUNCTIONS.items():
        try:
            session.query("CREATE EXTENSION IF NOT EXISTS " + language)
            session.query(function)
        except WorkerError as error:
            log("  without %s: %s" % (language, error))
    return session


# ---- memory of a backend ------------------------------------------------

class Peak(threading.Thread):
    """Samples the RssAnon of a backend until told to stop."""

    def __init__(self, session, interval=0.02):
        super().__init__(daemon=True)
        self.session = session
        self.interval = interval
        self.most = 0
        self.samples = []
        self.done = threading.Event()

    def run(self):
        while not self.done.wait(self.interval):
            self.samples.append(self.session.memory())
            self.most = max(self.most, self.samples[-1])

    def stop(self):
        self.done.set()
        self.join()


def run_memory(build, report, log, quick):
    session = prepare(report, log)
    if session is None:
        return
    trees = generate.history(41, 800e3, 2, 14)
    old, new = (generate.to_json(tree) for tree in trees)
    many = 1000 if quick else 10000
    rows = []
    for kind in ("text", "jsonb"):
        if not session.has_function("diffgen(%s,%s,jsonb)" % (kind, kind)):
            log("memory: no diffgen on %s yet, skipped" % kind)
            continue
        load(session, "one_" + kind, [("old", kind), ("new", kind)],
             [(old, new)], build, "lz4")
        sizes = {}
        for count in (100, many):
            log("memory: %d diffs of %s" % (count, kind))
            one = Session()
            before = one.memory()
            peak = Peak(one)
            peak.start()
            # A series in the select list is not kept; one in FROM is.
            one.query("SELECT sum(length(diffgen(old, new))) FROM "
                      "(SELECT generate_series(1, %d)) AS s, one_%s"
                      % (count, kind))
            peak.stop()
            sizes[count] = one.memory()
            rows.append((kind, count, size_text(before),
                         size_text(max(peak.most, sizes[count])),
                         size_text(sizes[count])))
            one.close()
        report.at_most("memory: RssAnon after %d diffs of %s, %s a side, "
                       "against after 100" % (many, kind,
                                              size_text(len(old))),
                       sizes[many] / sizes[100], 1.05)
    report.section("Memory of a backend (RssAnon)", table(
        ("documents", "diffs in one query", "before", "peak", "after"),
        rows))
    session.close()


# ---- cancel -------------------------------------------------------------

def run_cancel(pair_set, names, build, report, log):
    """statement_timeout and pg_cancel_backend while a hard input is diffed."""
    session = prepare(report, log)
    if session is None:
        return
    rows = []
    worst = None
    for kind in ("text", "jsonb"):
        if not session.has_function("diffgen(%s,%s,jsonb)" % (kind, kind)):
            log("cancel: no diffgen on %s yet, skipped" % kind)
            continue
        load_hard(session, pair_set, names, kind, build)
        for family in names:
            log("cancel: %s, %s" % (kind, family))
            cells = []
            for algorithm in ("myers", "patience", "histogram", "minimal"):
                query = ("SELECT length(diffgen(old, new, '{\"algorithm\": "
                         "\"%s\"}')) FROM hard_%s WHERE name = '%s'"
                         % (algorithm, kind, family))
                elapsed, cancelled = by_timeout(session, query)
                if not cancelled:
                    cells.append("done in %.0f ms" % elapsed)
                    continue
                late = elapsed - 50
                other = by_cancel(session, query)
                if other is not None:
                    late = max(late, other)
                cells.append("%.0f ms" % max(late, 0))
                if worst is None or late > worst[0]:
                    worst = (late, kind, family, algorithm)
            rows.append([kind, family] + cells)
    report.section(
        "Cancel: time to end after the request, %s" % pair_set.title,
        "The later of `statement_timeout = 50ms` and `pg_cancel_backend` "
        "after 50 ms.",
        table(("", "family", "myers", "patience", "histogram", "minimal"),
              rows))
    if worst:
        report.bar("cancel: latest end after the request",
                   "%.0f ms (%s, %s, %s)" % worst, "at most 100 ms",
                   worst[0] <= 100)
    session.close()


def load_hard(session, pair_set, names, kind, build):
    rows = []
    for i, family in enumerate(names):
        values = []
        for text in pair_set.texts(i):
            text = text.decode()
            if kind == "jsonb":
                text = "[%s]" % ",".join('"%s"' % line
                                         for line in text.split("\n"))
            values.append(text)
        rows.append([family] + values)
    load(session, "hard_" + kind,
         [("name", "varchar"), ("old", kind), ("new", kind)], rows, build,
         "external")


def by_timeout(session, query):
    """Milliseconds until the query ended, and whether it was cancelled."""
    session.query("SET statement_timeout = '50ms'")
    began = time.monotonic()
    cancelled = False
    try:
        session.query(query)
    except WorkerError as error:
        if "57014" not in str(error):
            raise
        cancelled = True
    elapsed = (time.monotonic() - began) * 1e3
    session.query("SET statement_timeout = 0")
    return elapsed, cancelled


def by_cancel(session, query):
    """Milliseconds from pg_cancel_backend to the end, or None where the
    query was done before."""
    other = Session()
    session.send(query)
    time.sleep(0.05)
    began = time.monotonic()
    other.query("SELECT pg_cancel_backend(%d)" % session.pid)
    answer = session.receive()
    late = (time.monotonic() - began) * 1e3
    other.close()
    return late if "57014" in answer else None
