"""Filling a changelog from snapshots, against only reading them.

Reading is a query that decompresses each document once and does nothing with
it.  Time is processor time of one backend; how much faster two processes are
is told by the clock, and is right on a machine that does nothing else.
"""

import time

import snapshots
import sql
from report import median, size_text, table, time_text

READ = "SELECT sum(length(jsonb_typeof(doc))) FROM {source}"

HISTORIES = """SELECT id, diffgen_snapshots(doc, taken_at, '{{}}'
ORDER BY taken_at) AS changes FROM {source} GROUP BY id"""

AGGREGATE = "SELECT sum(cardinality(changes)) FROM (" + HISTORIES + ") s"

# Reading in the first of these forms, for what the machine lets two processes
# gain at best.
READ_GROUPS = """SELECT id, sum(length(jsonb_typeof(doc))) AS length
FROM {source} GROUP BY id"""

# The two forms of the manual that run in parallel.
BY_FUNCTION = "SELECT id, history_of(id) AS changes FROM keys"

CREATE = "CREATE UNLOGGED TABLE histories AS "

# Two workers, and a leader that only collects: the planner sees no gain in
# one worker that shares whole partitions with the leader.
PARALLEL = """
SET max_parallel_workers_per_gather = 2;
SET parallel_leader_participation = off;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET enable_partitionwise_aggregate = on;
SET min_parallel_table_scan_size = 0"""

FUNCTION = """
CREATE OR REPLACE FUNCTION history_of(key int) RETURNS diffgen_change[]
LANGUAGE sql STABLE PARALLEL SAFE COST 100000
RETURN (SELECT diffgen_snapshots(doc, taken_at, '{{}}' ORDER BY taken_at)
    FROM {source} WHERE id = key)"""

CALL = "CALL diffgen_backfill('{source}', 'objects', '{{id}}', 'doc', 'n', " \
    "'taken_at')"

BARS = {"pglz": 1.4, "lz4": 2}

ONLY_READING = "reading only"


def observed(statement):
    """Nanoseconds of processor time, samples of RssAnon, and at the end
    VmHWM, of a fresh session that runs a statement."""
    fresh = sql.Session()
    peak = sql.Peak(fresh, 0.05)
    peak.start()
    ns = fresh.elapsed(statement)
    peak.stop()
    most = fresh.memory("VmHWM")
    fresh.close()
    return ns, (peak.samples, most)


def clock_of(statement, sessions=1, settings=""):
    """Nanoseconds until as many sessions at once have run a statement."""
    running = [sql.Session() for _ in range(sessions)]
    for session in running:
        for line in filter(None, settings.strip().split("\n")):
            session.query(line.rstrip(";"))
    began = time.monotonic()
    for session in running:
        session.send(statement)
    answers = [session.receive() for session in running]
    clock = (time.monotonic() - began) * 1e9
    for session in running:
        session.close()
    for answer in answers:
        if "ERROR" in answer:
            raise sql.WorkerError(answer)
    return clock


def make_target(session, source, compression):
    """A tracked table with the last snapshot of each object."""
    session.query("DROP TABLE IF EXISTS objects CASCADE")
    session.query("DROP TABLE IF EXISTS objects_changelog CASCADE")
    session.query("CREATE TABLE objects (id int PRIMARY KEY, "
                  "doc jsonb COMPRESSION %s)" % compression)
    session.query("INSERT INTO objects SELECT id, doc FROM %s WHERE n = %d"
                  % (source, snapshots.SNAPSHOTS_A_KEY - 1))
    session.query("VACUUM ANALYZE objects")
    session.query("SELECT diffgen_track('objects')")
    session.query("CHECKPOINT")


def changes_made(session):
    return int(session.query("SELECT count(*) FROM objects_changelog "
                             "WHERE change_id < 0"))


def flat(samples):
    """The usual memory of the last quarter of a run against that of the
    first: a row that takes more than others is not growth."""
    if len(samples) < 8:
        return float("nan")
    quarter = len(samples) // 4
    return median(samples[-quarter:]) / median(samples[:quarter])


def two_processes(session, source, compression, found, log):
    """By the clock: the parallel queries of the manual, and two sessions."""
    log("changelog: backfill, %s, two processes" % compression)
    session.query(FUNCTION.format(source=source))
    # A page of keys is what a process takes at a time.
    session.query("CREATE TABLE keys WITH (fillfactor = 10) AS "
                  "SELECT DISTINCT id FROM %s" % source)
    session.query("ALTER TABLE keys SET (parallel_workers = 4)")
    session.query("VACUUM ANALYZE keys")
    for title, query in (
            (ONLY_READING, READ_GROUPS.format(source=source)),
            ("partition-wise", HISTORIES.format(source=source)),
            ("history_of", BY_FUNCTION)):
        clocks = []
        for settings in ("", PARALLEL):
            session.query("DROP TABLE IF EXISTS histories")
            session.query("CHECKPOINT")
            clocks.append(clock_of(CREATE + query, 1, settings))
        found[title] = clocks
    session.query("DROP TABLE histories, keys")
    clocks = []
    for sessions in (1, 2):
        make_target(session, source, compression)
        clocks.append(clock_of(CALL.format(source=source), sessions))
    found["diffgen_backfill"] = clocks


def run(session, compression, build, archive, quick, report, log):
    keys = 60 if quick else 500
    source = "snapshots_" + compression
    count = keys * snapshots.SNAPSHOTS_A_KEY
    log("changelog: making %d snapshots, %s" % (count, compression))
    session.query("DROP TABLE IF EXISTS snapshots_pglz, snapshots_lz4")
    snapshots.load_series(session, keys, 700e3, archive, build)
    snapshots.fill(session, source, keys, compression)
    size, stored, rows = (float(value) for value in session.query(
        "SELECT avg(octet_length(doc::text)) FILTER (WHERE n = 0), "
        "sum(pg_column_size(doc)), count(*) FROM " + source).split("|"))
    if rows != count:
        raise sql.WorkerError("%d snapshots, not %d" % (rows, count))

    times = {}
    memory = {}
    for turn in range(2):
        log("changelog: backfill, %s, round %d" % (compression, turn + 1))
        for title, query in (("read", READ), ("aggregate", AGGREGATE)):
            ns, memory[title] = observed(query.format(source=source))
            times.setdefault(title, []).append(ns)
    make_target(session, source, compression)
    ns, memory["backfill"] = observed(CALL.format(source=source))
    times["backfill"] = [ns]
    entries = changes_made(session)
    clocks = {}
    two_processes(session, source, compression, clocks, log)
    if changes_made(session) != entries:
        raise sql.WorkerError("two sessions made other entries than one")
    session.query("DROP TABLE objects CASCADE")
    session.query("DROP TABLE %s CASCADE" % source)
    tell(compression, count, size, stored, entries, times, memory, clocks,
         report)
    return {"times": times, "clocks": clocks}


TITLES = (("read", "read each once"),
          ("aggregate", "**diffgen_snapshots**"),
          ("backfill", "**diffgen_backfill**"))


def tell(compression, count, size, stored, entries, times, memory, clocks,
         report):
    floor = median(times["read"])
    rows = []
    for name, title in TITLES:
        ns = median(times[name])
        samples, most = memory[name]
        rows.append((title, time_text(ns), time_text(ns / count),
                     "%.3f" % (ns / floor), size_text(max(samples)),
                     "%.2f" % flat(samples), size_text(most)))
    speed_rows = [(title, time_text(one), time_text(two), "%.2f" % (one / two))
                  for title, (one, two) in clocks.items()]
    report.section(
        "Changelog: backfill of %d snapshots of %s, %s" % (
            count, size_text(size), compression),
        "%d entries; the snapshots are %s compressed. Memory: peak of "
        "RssAnon, its median in the last quarter of the run against that "
        "in the first, and VmHWM, which counts shared buffers." % (
            entries, size_text(stored)),
        table(("", "processor time", "a snapshot", "/ reading",
               "peak memory", "last quarter / first", "VmHWM"), rows),
        "By the clock:",
        table(("", "one process", "two", "times as fast"), speed_rows))
    for name, title in TITLES[1:]:
        title = title.strip("*")
        report.at_most("changelog, %s of %d snapshots, %s: against reading "
                       "each once" % (title, count, compression),
                       median(times[name]) / floor, BARS[compression])
        samples = memory[name][0]
        if len(samples) >= 8:
            report.at_most(
                "changelog, %s of %d snapshots, %s: memory in the last "
                "quarter of the run against the first" % (
                    title, count, compression), flat(samples), 1.1)
    for title, (one, two) in clocks.items():
        if title == ONLY_READING:
            continue
        report.bar("changelog, backfill by %s, %s: two processes against one"
                   % (title, compression), "%.2f" % (one / two),
                   "at least 1.8", one / two >= 1.8)
