"""The benchmark's driver; test/bench/run starts it with a server to use."""

import argparse
import json
import os
import platform
import subprocess
import sys
import time

import changelog
import documents
import families
import hard
import json_patch
import report
import sql
import text
import workers

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
PARTS = ("text", "hard", "sql", "json", "memory", "cancel", "changelog")

# How the titles of a part's tables and lines of the summary begin.
TITLES = {"text": ("Text:", "text,", "minimal:", "default:"),
          "hard": ("Hard inputs", "hard inputs", "memory: 40 bytes"),
          "sql": ("SQL:", "text through SQL", "jsonb through SQL"),
          "json": ("Patches:", "Apply", "diffgen_", "ignore with"),
          "memory": ("Memory of", "memory: RssAnon"),
          "cancel": ("Cancel", "cancel"),
          "changelog": ("Changelog", "changelog")}


def arguments():
    parser = argparse.ArgumentParser(prog="test/bench/run")
    parser.add_argument("--only", default=",".join(PARTS),
                        help="parts to run, of " + ", ".join(PARTS))
    parser.add_argument("--rounds", type=int, default=5,
                        help="runs of which the median counts (default 5)")
    parser.add_argument("--quick", action="store_true",
                        help="small sets: to see whether it works")
    parser.add_argument("--data", default=os.path.join(
        os.path.dirname(TOP), "shared", "data", "crd-history.tar.xz"),
        help="archive of real CRD histories; left out when not there")
    parser.add_argument("--build", default=os.path.join(TOP, "build",
                                                        "bench"),
                        help="where workers and documents go")
    parser.add_argument("--source", default=TOP,
                        help="checkout whose core is measured")
    parser.add_argument("--write", action="store_true",
                        help="put the last results of all parts into "
                        "test/bench/README.md")
    options = parser.parse_args()
    options.parts = options.only.split(",")
    for part in options.parts:
        if part not in PARTS:
            parser.error("there is no part \"%s\"" % part)
    return options


def log(message):
    print(message, flush=True)


def first_line(*argv):
    try:
        done = subprocess.run(argv, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True)
        return done.stdout.strip().split("\n")[0]
    except OSError:
        return "not there"


def package_version(name):
    try:
        done = subprocess.run(["dpkg-query", "-W", "-f", "${Version}", name],
                              stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL, text=True)
        return done.stdout.strip() or "not there"
    except OSError:
        return "not there"


def processor():
    with open("/proc/cpuinfo") as file:
        for line in file:
            if line.startswith("model name"):
                name = line.split(":", 1)[1].strip()
                if name.startswith("AMD EPYC"):
                    return "an AMD EPYC"
                return "an " + name
    return platform.machine()


def versions(pg_config):
    rows = [("PostgreSQL", first_line(pg_config, "--version")),
            ("C compiler", first_line("gcc", "--version")),
            ("libgit2", package_version("libgit2-dev")),
            ("git", first_line("git", "--version")),
            ("`similar`", package_version("librust-similar-dev")),
            ("rustc", first_line("rustc", "--version")),
            ("gotextdiff",
             package_version("golang-github-hexops-gotextdiff-dev")),
            ("evanphx/json-patch",
             package_version("golang-github-evanphx-json-patch-dev")),
            ("go", first_line("go", "version")),
            ("fast-json-patch, rfc6902", "3.1.1, 5.1.2"),
            ("node", first_line("node", "--version")),
            ("GNU diff", first_line("diff", "--version")),
            ("Python", platform.python_version()),
            ("Text::Diff", package_version("libtext-diff-perl"))]
    return report.table(("what", "version"), rows)


def write_readme(markdown):
    """Puts the results between the two markers of README.md."""
    path = os.path.join(HERE, "README.md")
    begin, end = "<!-- results -->\n", "<!-- end of results -->\n"
    with open(path) as file:
        readme = file.read()
    head, rest = readme.split(begin, 1)
    tail = rest.split(end, 1)[1]
    with open(path, "w") as file:
        file.write(head + begin + "\n" + markdown + "\n" + end + tail)


def run_part(part, options, tools, sets, hard_sets, directory):
    """Runs a part and keeps what it found in the build directory."""
    found = report.Report(log)
    build, rounds = options.build, options.rounds
    raw = None
    if part == "text":
        raw = text.run(tools, sets, rounds, found, log)
    elif part == "hard":
        raw = hard.run(tools, hard_sets, documents.extreme_set(directory),
                       rounds, found, log)
    elif part == "sql":
        raw = sql.run(sets, rounds, build, found, log)
    elif part == "json":
        raw = json_patch.run(tools, sets, rounds, build, found, log)
    elif part == "memory":
        sql.run_memory(build, found, log, options.quick)
    elif part == "cancel":
        sql.run_cancel(hard_sets[-1], list(families.FAMILIES), build, found,
                       log)
    elif part == "changelog":
        raw = changelog.run(build, rounds, options.data, options.quick, found,
                            log)
    with open(os.path.join(build, "part-%s.json" % part), "w") as file:
        json.dump({"sections": found.sections, "bars": found.bars,
                   "raw": raw}, file, indent=1)
    return found


def written(part):
    """Lines of the summary and tables of a part, as README.md has them."""
    with open(os.path.join(HERE, "README.md")) as file:
        results = file.read().split("<!-- results -->\n", 1)[1]
    bars, sections = [], []
    for section in results.split("\n### ")[1:]:
        if section.startswith("Bars"):
            bars = [line for line in section.split("\n")
                    if line[2:].startswith(TITLES[part])]
        elif section.startswith(TITLES[part]):
            sections.append("### " + section.rstrip("\n") + "\n")
    return bars, sections


def all_results(options, pg_config):
    """Markdown of the last run of every part, which is in the build
    directory or else in README.md."""
    bars, sections = [], []
    for part in PARTS:
        path = os.path.join(options.build, "part-%s.json" % part)
        if os.path.exists(path):
            with open(path) as file:
                found = json.load(file)
            bars += report.summary(found["bars"]).split("\n")[2:]
            sections += found["sections"]
        else:
            log("results of %s: those of README.md" % part)
            old_bars, old_sections = written(part)
            bars += old_bars
            sections += old_sections
    machine = "%d cores of %s; %s" % (os.cpu_count(), processor(),
                                      platform.system())
    return "Machine: %s. Medians of %d runs.\n\n### Bars\n\n%s\n%s\n\n" \
        "%s\n\n### Versions\n\n%s" % (
            machine, options.rounds, report.summary([]), "\n".join(bars),
            "\n".join(sections), versions(pg_config))


def main():
    options = arguments()
    pg_config = os.environ.get("PG_CONFIG", "pg_config")
    began = time.monotonic()
    os.makedirs(options.build, exist_ok=True)
    directory = os.path.join(options.build, "documents")
    tools, sets, hard_sets = None, [], []
    if {"text", "hard", "json"} & set(options.parts):
        log("building the workers in " + options.build)
        tools = workers.Tools(options.build, options.source, pg_config, log)
    if {"text", "sql", "json"} & set(options.parts):
        log("making the documents")
        sets = documents.text_sets(directory, options.data, options.quick)
    if {"hard", "cancel"} & set(options.parts):
        hard_sets = documents.hard_sets(directory, options.quick)
    bars = []
    for part in options.parts:
        bars += run_part(part, options, tools, sets, hard_sets,
                         directory).bars

    markdown = all_results(options, pg_config)
    with open(os.path.join(options.build, "results.md"), "w") as file:
        file.write(markdown + "\n")
    if options.write:
        write_readme(markdown)
    log("\n" + report.summary(bars))
    for name, why in (tools.missing if tools else {}).items():
        log("left out: %s: %s" % (name, why.split("\n")[0]))
    log("done in %.0f s; the last results of all parts are in %s" % (
        time.monotonic() - began, os.path.join(options.build, "results.md")))
    return 1 if any(bar[3] is False for bar in bars) else 0


if __name__ == "__main__":
    sys.exit(main())
