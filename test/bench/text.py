"""The text engine in memory against its peers: time, memory, edit lines."""

import os
import re

from report import mean, median, size_text, table, time_text, three
from workers import WorkerError

# Name in the tables, worker, algorithm, least rounds.
PEERS = (
    ("memcmp of both", "floor", "memcmp"),
    ("newlines of both, memchr", "floor", "memchr"),
    ("**diffgen**", "diffgen", "myers"),
    ("diffgen, script only", "diffgen", "myers-script"),
    ("diffgen, minimal", "diffgen", "minimal"),
    ("libgit2", "libgit2", "myers"),
    ("similar 2.2.1", "similar", "myers"),
    ("gotextdiff", "gotextdiff", "myers"),
    ("GNU diff (process)", "process", "gnu"),
)

# A timed run lasts at least this long, so that reading the clock and waking
# up do not show.
LEAST_NS = 300e3

LCS_CELLS = 2e9

HUNK = re.compile(rb"@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@")


def edit_lines(diff):
    """Lines added and removed by a unified diff, by the hunks' own counts."""
    edits = 0
    left = right = 0
    for line in diff.split(b"\n"):
        if left > 0 or right > 0:
            mark = line[:1]
            if mark == b"-":
                left -= 1
                edits += 1
            elif mark == b"+":
                right -= 1
                edits += 1
            elif mark != b"\\":
                left -= 1
                right -= 1
        else:
            match = HUNK.match(line)
            if match:
                left = int(match.group(2) or 1)
                right = int(match.group(4) or 1)
    return edits


def split_lines(text):
    lines = text.split(b"\n")
    last = lines.pop()
    return [line + b"\n" for line in lines] + ([last] if last else [])


def apply_diff(old, diff):
    """Applies a unified diff exactly; raises ValueError where it does not
    fit.  A benchmark of wrong answers would be worth nothing."""
    old_lines = split_lines(old)
    result = []
    at = 0
    lines = diff.split(b"\n")
    i = 0
    while i < len(lines):
        match = HUNK.match(lines[i])
        i += 1
        if not match:
            continue
        left = int(match.group(2) or 1)
        right = int(match.group(4) or 1)
        start = int(match.group(1)) - (1 if left else 0)
        result += old_lines[at:start]
        at = start
        while left > 0 or right > 0:
            mark, body = lines[i][:1], lines[i][1:] + b"\n"
            i += 1
            if i < len(lines) and lines[i][:1] == b"\\":
                body = body[:-1]
                i += 1
            if mark in (b" ", b"-"):
                if old_lines[at] != body:
                    raise ValueError("line %d differs" % (at + 1))
                at += 1
                left -= 1
            if mark in (b" ", b"+"):
                result.append(body)
                right -= 1
    return b"".join(result + old_lines[at:])


class Measured:
    """What one peer did on one set."""

    def __init__(self):
        self.times = []             # median of each pair, ns
        self.edits = []             # of each pair
        self.bytes = 0
        self.exact = True
        self.memory = None          # peak above the documents
        self.failed = None


def calibrate(worker, pair, algorithm):
    ns, _, _ = worker.run(pair, 1, 1, algorithm)
    return max(1, min(2000, int(LEAST_NS / max(ns, 1))))


def measure_set(tools, pair_set, rounds, peers, scratch):
    """Times every peer on every pair, the peers interleaved."""
    names = sorted({worker for _, worker, _ in peers})
    workers = {name: tools.start(name, pair_set.list_path)
               for name in tools.have(*names)}
    results = {}
    for i in range(len(pair_set.pairs)):
        active = []
        for title, name, algorithm in peers:
            if name not in workers:
                continue
            result = results.setdefault(title, Measured())
            if result.failed:
                continue
            try:
                calls = calibrate(workers[name], i, algorithm)
                active.append((result, workers[name], algorithm, calls, []))
            except WorkerError as error:
                result.failed = str(error)
        for turn in range(rounds):
            # Who follows whom changes from round to round.
            for j in range(len(active)):
                result, worker, algorithm, calls, times = \
                    active[(j + turn) % len(active)]
                ns, size, exact = worker.run(i, calls, 1, algorithm)
                times.append(ns)
                if turn == 0:
                    result.bytes += size
                    result.exact = result.exact and exact != 0
        for result, _, _, _, times in active:
            result.times.append(median(times))
    for title, name, algorithm in peers:
        result = results.get(title)
        if result and not result.failed and name != "floor" and \
                not algorithm.endswith("-script"):
            count_edits(workers[name], pair_set, algorithm, result, scratch,
                        name == "diffgen")
    for worker in workers.values():
        worker.close()
    return results


def count_edits(worker, pair_set, algorithm, result, scratch, check):
    for i in range(len(pair_set.pairs)):
        diff, _ = worker.dump(i, scratch, algorithm)
        result.edits.append(edit_lines(diff))
        if check:
            old, new = pair_set.texts(i)
            if apply_diff(old, diff) != new:
                raise SystemExit("WRONG: %s, pair %d, %s does not give the "
                                 "new document" % (pair_set.name, i,
                                                   algorithm))


def measure_memory(tools, pair_set, peers):
    """Peak of a fresh process that diffs every pair once, above what it had
    when all documents were loaded."""
    peaks = {}
    for title, name, algorithm in peers:
        if name in ("floor", "process") or not tools.have(name):
            continue
        worker = tools.start(name, pair_set.list_path)
        before = worker.memory("VmRSS")
        try:
            for i in range(len(pair_set.pairs)):
                worker.run(i, 1, 0, algorithm)
            peaks[title] = max(0, worker.memory("VmHWM") - before)
        except WorkerError:
            pass
        worker.close()
    return peaks


def fewest_edits(tools, pair_set, scratch):
    """Of each pair: fewest edit lines by the table, or None where it would
    be too large; and those of git diff --minimal."""
    table_edits, git_edits = [], []
    lcs = tools.start("lcs", pair_set.list_path)
    git = tools.start("process", pair_set.list_path)
    for i in range(len(pair_set.pairs)):
        text, _ = lcs.dump(i, scratch, "%.0f" % LCS_CELLS, timeout=300)
        table_edits.append(int(text) if text else None)
        try:
            diff, _ = git.dump(i, scratch, "git-minimal")
            git_edits.append(edit_lines(diff))
        except WorkerError:
            git_edits.append(None)
    lcs.close()
    git.close()
    return table_edits, git_edits


def run(tools, sets, rounds, report, log):
    scratch = os.path.join(tools.build, "output")
    history_edits = [0, 0, 0, 0]    # default, minimal, fewest, git minimal
    wrong_minimal = worse_than_git = judged = 0
    raw = {}
    for pair_set in sets:
        log("text: %s, %d pairs" % (pair_set.title, len(pair_set.pairs)))
        results = measure_set(tools, pair_set, rounds, PEERS, scratch)
        memory = measure_memory(tools, pair_set, PEERS)
        fewest, git = fewest_edits(tools, pair_set, scratch)
        section(pair_set, results, memory, fewest, git, report)
        bars(pair_set, results, report)
        raw[pair_set.name] = {
            title: {"times_ns": r.times, "edits": r.edits, "bytes": r.bytes,
                    "failed": r.failed, "memory": memory.get(title)}
            for title, r in results.items()}
        raw[pair_set.name]["fewest"] = fewest
        raw[pair_set.name]["git minimal"] = git

        ours = results.get("**diffgen**")
        minimal = results.get("diffgen, minimal")
        if ours and minimal and minimal.edits and ours.edits:
            for i, edits in enumerate(minimal.edits):
                best = fewest[i] if fewest[i] is not None else git[i]
                judged += 1
                wrong_minimal += fewest[i] is not None and edits != fewest[i]
                worse_than_git += git[i] is not None and edits > git[i]
                if pair_set.kind != "story":
                    history_edits[0] += ours.edits[i]
                    history_edits[1] += edits
                    history_edits[2] += best if best is not None else edits
    if judged:
        report.bar("minimal: pairs with more edit lines than the LCS table's",
                   "%d of %d" % (wrong_minimal, judged), "0",
                   wrong_minimal == 0)
        report.bar("minimal: pairs with more edit lines than git diff "
                   "--minimal", "%d of %d" % (worse_than_git, judged), "0",
                   worse_than_git == 0)
        report.at_most(
            "default: edit lines in total against the fewest, all histories",
            history_edits[0] / max(1, history_edits[2]), 1.01,
            "%.4f (%d / %d)" % (history_edits[0] / max(1, history_edits[2]),
                                history_edits[0], history_edits[2]))
    return raw


def section(pair_set, results, memory, fewest, git, report):
    rows = []
    ours = results.get("**diffgen**")
    base = mean(ours.times) if ours and ours.times else None
    for title, result in results.items():
        if result.failed:
            rows.append((title, result.failed, "", "", "", "", ""))
            continue
        average = mean(result.times)
        rows.append((
            title, time_text(average), time_text(median(result.times)),
            three(base / average) if base else "",
            size_text(memory[title]) if title in memory else "",
            sum(result.edits) if result.edits else "",
            result.bytes or ""))
    size, lines = pair_set.shape()
    total = sum(best if best is not None else other or 0
                for best, other in zip(fewest, git))
    by_table = sum(best is not None for best in fewest)
    report.section(
        "Text: %s" % pair_set.title,
        "%d pairs; a document has %s and %.0f lines on average. Fewest edit "
        "lines: %d (%d pairs by the table, the others by git diff --minimal)."
        % (len(pair_set.pairs), size_text(size), lines, total, by_table),
        table(("", "mean a pair", "median", "diffgen / this",
               "peak memory above the documents", "edit lines",
               "bytes out"), rows))


def bars(pair_set, results, report):
    def average(title):
        result = results.get(title)
        return mean(result.times) if result and result.times else None

    ours = average("**diffgen**")
    git = average("libgit2")
    similar = average("similar 2.2.1")
    if ours is None:
        return
    if pair_set.kind == "story":
        report.at_most("text, %s: time, us" % pair_set.title, ours / 1e3, 3)
        return
    if pair_set.kind == "history":
        limits = (0.03, 0.06)
        floor = average("memcmp of both") + \
            average("newlines of both, memchr")
        report.at_most("text, %s: against memcmp + memchr"
                       % pair_set.title, ours / floor, 0.5)
    elif pair_set.kind in ("far", "blocks"):
        limits = (0.25, 0.12)
    else:
        return
    if git:
        report.at_most("text, %s: against libgit2" % pair_set.title,
                       ours / git, limits[0])
    if similar:
        report.at_most("text, %s: against similar 2.2.1" % pair_set.title,
                       ours / similar, limits[1])
