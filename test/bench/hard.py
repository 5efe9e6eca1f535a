"""Inputs that are hard for diff algorithms: growth, caps and quality."""

import os

import families
from report import median, size_text, table, time_text, three
from text import apply_diff, edit_lines
from workers import WorkerError

ALGORITHMS = ("myers", "patience", "histogram")
LONGEST_NS = 2e9                # what no input may take
GROWTH = 12                     # from the smallest size to the eightfold
MOST_NS = 10e9                  # of a job's runs together
EXTRA_EDITS = 1.05              # against libgit2, at the smallest size
# Makes the C library keep what is freed, instead of giving it back to the
# kernel and clearing new pages for the next diff.
KEEP = {"MALLOC_MMAP_THRESHOLD_": "1073741824",
        "MALLOC_TRIM_THRESHOLD_": "4294967296",
        "MALLOC_TOP_PAD_": "67108864"}
MEMORY_A_LINE = 40
MEMORY_FIXED = 1 << 20

# Worker, algorithm, name in the tables.
WORK = tuple(("diffgen", algorithm, algorithm) for algorithm in ALGORITHMS) \
    + (("libgit2", "myers", "libgit2"),)


def timed(jobs, rounds):
    """Median ns and exact of each job, a (worker, pair, algorithm), in turn:
    what is compared with each other is measured at the same time.  Fewer
    rounds where one takes long, a single one where it is `minimal`."""
    found = [[] for _ in jobs]
    exact = [1 for _ in jobs]
    for turn in range(rounds):
        for i, (worker, pair, algorithm) in enumerate(jobs):
            times = found[i]
            if None in times or sum(times) > MOST_NS:
                continue
            calls = max(1, int(300e3 / times[0])) if times else 1
            try:
                ns, _, exact[i] = worker.run(pair, calls, 0, algorithm, 30)
                times.append(max(ns, 1))
            except WorkerError:
                times.append(None)
    return [(None if None in times else median(times), exact[i])
            for i, times in enumerate(found)]


def edits_of(worker, pair, algorithm, scratch, check=None):
    try:
        diff, _ = worker.dump(pair, scratch, algorithm, 60)
    except WorkerError:
        return None
    if check is not None:
        old, new = check.texts(pair)
        if apply_diff(old, diff) != new:
            raise SystemExit("WRONG: %s, pair %d, %s does not give the new "
                             "document" % (check.name, pair, algorithm))
    return edit_lines(diff)


def show(ns, exact=1):
    if ns is None:
        return "timeout"
    return time_text(ns) + ("" if exact else " (capped)")


def run(tools, sets, extreme, rounds, report, log):
    scratch = os.path.join(tools.build, "output")
    names = list(families.FAMILIES)
    times = {}                  # (family, algorithm, set) -> ns, exact
    edits = {}                  # (family, what) -> edit lines, smallest size
    memory = []
    workers = {(name, pair_set.name): tools.start(name, pair_set.list_path)
               for pair_set in sets
               for name in tools.have("diffgen", "libgit2")}
    kept = {pair_set.name: tools.start("diffgen", pair_set.list_path, KEEP)
            for pair_set in (sets[0], sets[-1]) if tools.have("diffgen")}
    slow = {name: tools.start(name, sets[0].list_path)
            for name in tools.have("similar")}
    for i, family in enumerate(names):
        log("hard: " + family)
        keys, jobs = [], []
        for name, algorithm, key in WORK:
            for pair_set in sets:
                if (name, pair_set.name) in workers:
                    keys.append((family, key, pair_set.name))
                    jobs.append((workers[name, pair_set.name], i, algorithm))
        for algorithm in ALGORITHMS:
            for set_name, worker in kept.items():
                keys.append((family, algorithm + " kept", set_name))
                jobs.append((worker, i, algorithm))
        times.update(zip(keys, timed(jobs, rounds)))
        once = [(key, worker, algorithm) for key, worker, algorithm in (
            ("minimal", workers.get(("diffgen", sets[0].name)), "minimal"),
            ("similar", slow.get("similar"), "myers")) if worker]
        found = timed([(worker, i, algorithm)
                       for _, worker, algorithm in once], 1)
        for (key, _, _), value in zip(once, found):
            times[family, key, sets[0].name] = value
        for name, algorithm, key in WORK + (("diffgen", "minimal", "minimal"),
                                            ("similar", "myers", "similar")):
            worker = slow.get(name) or workers.get((name, sets[0].name))
            if worker and times[family, key, sets[0].name][0] is not None:
                edits[family, key] = edits_of(
                    worker, i, algorithm, scratch,
                    sets[0] if name == "diffgen" else None)
    for worker in (list(workers.values()) + list(kept.values()) +
                   list(slow.values())):
        worker.close()
    judge(tools, sets[0], names, edits, scratch)
    if tools.have("diffgen"):
        for pair_set in sets:
            memory += peaks(tools, pair_set, names)
    tables(sets, names, times, edits, report)
    if tools.have("diffgen"):
        bars(sets, names, times, edits, report)
        memory_table(memory, report)
    extremes(tools, extreme, rounds, report)
    return {"times": {"/".join(key): value for key, value in times.items()},
            "edits": {"/".join(key): value for key, value in edits.items()}}


def judge(tools, pair_set, names, edits, scratch):
    lcs = tools.start("lcs", pair_set.list_path)
    git = tools.start("process", pair_set.list_path)
    for i, family in enumerate(names):
        text, _ = lcs.dump(i, scratch, "1e9", timeout=300)
        edits[family, "fewest"] = int(text) if text else None
        edits[family, "git --minimal"] = edits_of(git, i, "git-minimal",
                                                  scratch)
    lcs.close()
    git.close()


def peaks(tools, pair_set, names):
    """Peak memory of each family by itself: lines of the changed middle (of
    both sides, all that is not a common head or tail), bytes above the
    documents and the result."""
    found = []
    for i, family in enumerate(names):
        one = os.path.join(tools.build, "one-list")
        with open(one, "w") as file:
            file.write("%s\t%s\n" % pair_set.pairs[i])
        old, new = [text.split(b"\n") for text in pair_set.texts(i)]
        head = 0
        while head < min(len(old), len(new)) and old[head] == new[head]:
            head += 1
        tail = 0
        while tail < min(len(old), len(new)) - head and \
                old[-1 - tail] == new[-1 - tail]:
            tail += 1
        middle = len(old) + len(new) - 2 * (head + tail)
        for algorithm in ALGORITHMS:
            worker = tools.start("diffgen", one)
            before = worker.memory("VmRSS")
            _, size, _ = worker.run(0, 1, 0, algorithm + "-script")
            peak = worker.memory("VmHWM") - before
            worker.close()
            found.append((family, pair_set.title, algorithm, middle, peak))
    return found


def growth_of(times, family, key, sets):
    """Time at the largest size over that at the smallest, or None."""
    small = times.get((family, key, sets[0].name), (None,))[0]
    large = times.get((family, key, sets[-1].name), (None,))[0]
    return large / small if small and large else None


def growth_text(times, family, key, sets):
    growth = growth_of(times, family, key, sets)
    return three(growth) if growth else ""


def tables(sets, names, times, edits, report):
    def cell(family, key, pair_set):
        value = times.get((family, key, pair_set.name))
        return show(*value) if value else ""

    rows = []
    for family in names:
        for key in ALGORITHMS + ("libgit2",):
            if (family, key, sets[0].name) not in times:
                continue
            row = [cell(family, key, pair_set) for pair_set in sets]
            rows.append([family, key if key == "libgit2" else
                         "diffgen " + key] + row +
                        [growth_text(times, family, key, sets),
                         growth_text(times, family, key + " kept", sets)])
    report.section(
        "Hard inputs: time",
        "\"Memory kept\": the growth when the C library keeps what is freed "
        "(`MALLOC_TRIM_THRESHOLD_` and the like). Otherwise the large sizes "
        "also pay the kernel for clearing the same pages at every diff, and "
        "the small ones do not.",
        table(["family", ""] + [pair_set.title for pair_set in sets] +
              ["growth", "memory kept"], rows))

    rows = []
    for family in names:
        row = [family]
        for key in ("myers", "patience", "histogram", "minimal", "fewest",
                    "git --minimal", "libgit2", "similar"):
            value = edits.get((family, key))
            row.append("" if value is None else value)
        for key in ("minimal", "similar"):
            row.append(cell(family, key, sets[0]))
        rows.append(row)
    report.section(
        "Hard inputs: edit lines at %s" % sets[0].title,
        "\"Fewest\" is by a plain table of longest common subsequences.",
        table(["family", "diffgen", "patience", "histogram", "minimal",
               "fewest", "git --minimal", "libgit2", "similar 2.2.1",
               "time of minimal", "time of similar"], rows))


def bars(sets, names, times, edits, report):
    growth, growth_kept, slowest, quality, minimal = [], [], [], [], []
    for family in names:
        for algorithm in ALGORITHMS:
            series = [times[family, algorithm, pair_set.name][0]
                      for pair_set in sets]
            if None in series:
                slowest.append((float("inf"), family, algorithm))
                continue
            growth.append((series[-1] / series[0], family, algorithm))
            growth_kept.append((growth_of(times, family, algorithm + " kept",
                                          sets), family, algorithm))
            slowest.append((max(series), family, algorithm))
        theirs = edits.get((family, "libgit2"))
        if theirs:
            quality.append((edits[family, "myers"] / theirs, family,
                            "myers"))
        best = edits.get((family, "fewest"))
        if best is not None and edits.get((family, "minimal")) is not None:
            minimal.append((edits[family, "minimal"] - best, family,
                            "minimal"))
    for what, found, limit, text in (
            ("growth of time from %s to %s" % (sets[0].title,
                                               sets[-1].title),
             growth, GROWTH, lambda v: "%.1f" % v),
            ("the same, memory kept", growth_kept, GROWTH,
             lambda v: "%.1f" % v),
            ("longest time", slowest, LONGEST_NS, time_text),
            ("edit lines at %s against libgit2, default" % sets[0].title,
             quality, EXTRA_EDITS, lambda v: "%.3f" % v),
            ("minimal: edit lines above the fewest", minimal, 0, str)):
        if not found:
            continue
        worst = max(found)
        over = sorted((item for item in found if item[0] > limit),
                      reverse=True)
        report.bar("hard inputs: " + what,
                   "worst %s (%s, %s)%s" % (
                       text(worst[0]), worst[1], worst[2],
                       "; %d over: %s" % (len(over), ", ".join(
                           "%s %s %s" % (f, a, text(v)) for v, f, a in over))
                       if over else ""),
                   "at most " + text(limit), not over)


def memory_table(memory, report):
    worst = {}
    for family, title, algorithm, middle, peak in memory:
        bound = MEMORY_A_LINE * middle + MEMORY_FIXED
        key = (title, algorithm)
        if key not in worst or peak / bound > worst[key][0]:
            worst[key] = (peak / bound, family, middle, peak)
    report.section(
        "Hard inputs: peak memory of finding the script",
        "Above the two documents; the family that comes nearest to the "
        "bound of 40 bytes a line of the changed middle (both sides) and "
        "1 MB.",
        table(("lines", "algorithm", "family", "lines in the middle",
               "peak", "bytes a line", "of the bound"),
              [(title, algorithm, family, middle, size_text(peak),
                "%.1f" % (peak / max(1, middle)), "%.2f" % share)
               for (title, algorithm), (share, family, middle, peak)
               in worst.items()]))
    share, family, middle, peak = max(worst.values())
    report.bar("memory: 40 bytes a line of the changed middle + 1 MB",
               "worst %.2f of it (%s, %d lines, %s)"
               % (share, family, middle, size_text(peak)), "at most 1",
               share <= 1)


def extremes(tools, extreme, rounds, report):
    scratch = os.path.join(tools.build, "output")
    titles = ("one line of 10 MB", "1,000,000 lines, 1% random edits")
    rows = []
    for title, i in zip(titles, range(2)):
        row = [title]
        ours = None
        for name, algorithms in (("diffgen", ALGORITHMS),
                                 ("libgit2", ("myers",)),
                                 ("similar", ("myers",))):
            if not tools.have(name):
                row += [""] * (len(algorithms) + 1)
                continue
            worker = tools.start(name, extreme.list_path)
            for algorithm in algorithms:
                ns, exact = timed([(worker, i, algorithm)], rounds)[0]
                row.append(show(ns, exact))
                if name == "diffgen":
                    ours = max(ours or 0, ns or float("inf"))
            row.append(edits_of(worker, i, algorithms[0], scratch,
                                extreme if name == "diffgen" else None))
            worker.close()
        rows.append(row)
        if ours:
            report.bar("hard inputs: %s, slowest algorithm" % title,
                       time_text(ours), "at most 2 s", ours <= LONGEST_NS)
    report.section("Hard inputs: large ones", table(
        ("", "diffgen myers", "patience", "histogram", "edit lines",
         "libgit2", "edit lines", "similar 2.2.1", "edit lines"), rows))
