#!/usr/bin/env python3
"""Opens what diffgen_timeline_html makes in a browser, and checks what is seen.

Connects to the server as psql does (PGHOST, PGPORT, ...), to a database that
it makes and drops.  Prints TAP; without Chromium everything is skipped.

Usage: timeline_browser.py [--screenshot FILE] [--page FILE]

--screenshot takes the picture of the documentation, --page keeps the page that
it is taken of.
"""
import argparse
import datetime
import json
import os
import random
import subprocess
import time

from _browser import HOSTILE, contrast, judge, visible

DATABASE = "diffgen_timeline"
UTC = datetime.timezone.utc


def psql(script, database=DATABASE):
    """What a script prints."""
    done = subprocess.run(
        ["psql", "-XqAt", "-v", "ON_ERROR_STOP=1", "-d", database],
        input=script.encode(), stdout=subprocess.PIPE, check=True,
        env=dict(os.environ, PGCLIENTENCODING="UTF8", PGTZ="UTC"))
    return done.stdout


def literal(text):
    return "'" + text.replace("'", "''") + "'"


# ---------------------------------------------------------------------------
# A cluster over three weeks
# ---------------------------------------------------------------------------

def deployment(name, namespace, image, replicas, memory):
    return {
        "apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": name, "namespace": namespace,
                     "labels": {"app": name, "team": "platform"}},
        "spec": {"replicas": replicas, "strategy": {"type": "RollingUpdate"},
                 "template": {"spec": {"containers": [
                     {"name": name, "image": "registry.example.com/%s:%s" % (name, image),
                      "env": [{"name": "LOG_LEVEL", "value": "info"}],
                      "ports": [{"containerPort": 8080, "protocol": "TCP"}],
                      "resources": {"requests": {"cpu": "250m", "memory": memory},
                                    "limits": {"memory": memory}}}]}}}}


def config_map(name, namespace, **data):
    return {"apiVersion": "v1", "kind": "ConfigMap",
            "metadata": {"name": name, "namespace": namespace}, "data": data}


def secret(name, namespace, password):
    return {"apiVersion": "v1", "kind": "Secret", "type": "Opaque",
            "metadata": {"name": name, "namespace": namespace},
            "data": {"password": password}}


class Cluster:
    """Writes the SQL of changes to objects, with who made them and when."""

    def __init__(self):
        self.objects = {}
        self.script = []

    def change(self, at, who, role, application, key, new, **context):
        where = "(kind, namespace, name) = (%s, %s, %s)" % tuple(map(literal, key))
        if new is None:
            change = "DELETE FROM objects WHERE %s;" % where
            self.objects.pop(key, None)
        elif key in self.objects:
            change = "UPDATE objects SET object = %s WHERE %s;" % (literal(json.dumps(new)), where)
        else:
            change = "INSERT INTO objects VALUES (%s, %s);" % (
                ", ".join(map(literal, key)), literal(json.dumps(new)))
        if new is not None:
            self.objects[key] = json.loads(json.dumps(new))
        if who:
            context["user"] = who
        self.script.append(
            "BEGIN; SET LOCAL diffgen.context = %s; %s "
            "INSERT INTO times VALUES (pg_current_xact_id(), '%s', %s, %s); COMMIT;"
            % (literal(json.dumps(context)), change, at.isoformat(), literal(role),
               literal(application)))

    def edit(self, at, who, role, application, key, edit, **context):
        new = json.loads(json.dumps(self.objects[key]))
        edit(new)
        self.change(at, who, role, application, key, new, **context)


def container(o):
    return o["spec"]["template"]["spec"]["containers"][0]


def make_cluster():
    """Three weeks of several people's work."""
    rng = random.Random(7)
    cluster = Cluster()
    start = datetime.datetime(2026, 11, 2, tzinfo=UTC)
    apps = ["checkout", "catalog", "payments", "search", "gateway", "sessions"]
    at = start + datetime.timedelta(hours=8, minutes=2)
    for n, app in enumerate(apps):
        cluster.change(at + datetime.timedelta(seconds=3 * n), None, "argocd", "argocd-sync",
                       ("Deployment", "prod", app),
                       deployment(app, "prod", "2.%d.0" % n, 2 + n % 3, "256Mi"),
                       commit="4be1f07")
    cluster.change(at + datetime.timedelta(minutes=1), None, "argocd", "argocd-sync",
                   ("ConfigMap", "prod", "gateway-routes"),
                   config_map("gateway-routes", "prod", timeout="30s", retries="2",
                              routes="/cart checkout\n/pay payments\n"), commit="4be1f07")
    cluster.change(at + datetime.timedelta(minutes=2), None, "argocd", "argocd-sync",
                   ("Secret", "prod", "payments-db"), secret("payments-db", "prod", "aHVudGVyMg=="),
                   commit="4be1f07")
    patch = {app: 0 for app in apps}
    people = ["ann@example.com", "chen@example.com", "maria@example.com"]
    for day in range(0, 19):
        date = start + datetime.timedelta(days=day)
        if date.weekday() >= 5:
            continue
        moments = sorted(rng.uniform(8.8, 17.5) for _ in range(rng.choice([2, 4, 5, 7, 8, 10, 12])))
        for hour in moments:
            at = date + datetime.timedelta(hours=hour)
            app = rng.choice(apps)
            key = ("Deployment", "prod", app)
            what = rng.random()
            if what < 0.55:
                patch[app] += 1
                image = "registry.example.com/%s:2.%d.%d" % (app, apps.index(app), patch[app])
                cluster.edit(at, None, "argocd", "argocd-sync", key,
                             lambda o: container(o).update(image=image),
                             commit="%07x" % rng.getrandbits(28))
            elif what < 0.8:
                replicas = rng.randint(2, 9)
                cluster.edit(at, rng.choice(people), "oncall", "kubectl", key,
                             lambda o: o["spec"].update(replicas=replicas))
            else:
                level = rng.choice(["info", "debug", "warning"])
                cluster.edit(at, rng.choice(people), "oncall", "kubectl", key,
                             lambda o: container(o)["env"][0].update(value=level),
                             ticket="OPS-%d" % rng.randint(400, 480))
    # an evening to be looked into
    night = start + datetime.timedelta(days=18, hours=19, minutes=4, seconds=11)
    routes = ("ConfigMap", "prod", "gateway-routes")
    pay = ("Deployment", "prod", "payments")

    def later(minutes):
        return night + datetime.timedelta(minutes=minutes)

    cluster.edit(later(0), None, "argocd", "argocd-sync", pay,
                 lambda o: container(o).update(image="registry.example.com/payments:3.0.0"),
                 commit="9d2c11e")
    cluster.edit(later(9.2), "chen@example.com", "oncall", "kubectl", pay,
                 lambda o: (o["spec"].update(replicas=12),
                            container(o)["resources"]["limits"].update(memory="1Gi"),
                            container(o)["resources"]["requests"].update(memory="512Mi")),
                 ticket="INC-77")
    cluster.edit(later(14.6), "chen@example.com", "oncall", "kubectl", routes,
                 lambda o: o["data"].update(timeout="5s", retries="0"), ticket="INC-77")
    cluster.edit(later(21.1), "maria@example.com", "oncall", "psql",
                 ("Secret", "prod", "payments-db"),
                 lambda o: o["data"].update(password="Y29ycmVjdA=="), ticket="INC-77")
    cluster.change(later(24.5), "maria@example.com", "oncall", "kubectl",
                   ("Deployment", "prod", "sessions"), None, ticket="INC-77")
    cluster.edit(later(31.9), "chen@example.com", "oncall", "kubectl", pay,
                 lambda o: (container(o).update(image="registry.example.com/payments:2.2.9"),
                            container(o)["env"].append({"name": "FEATURE_LEDGER", "value": "off"})),
                 ticket="INC-77")
    return """CREATE TABLE objects (kind text, namespace text, name text, object jsonb,
    PRIMARY KEY (kind, namespace, name));
SELECT diffgen_track('objects', '{object}', '{"preset": "kubernetes"}');
CREATE TABLE times (xid xid8 PRIMARY KEY, at timestamptz, role name, application text);
%s
UPDATE objects_changelog l SET changed_at = t.at, changed_by = t.role, application = t.application
FROM times t WHERE t.xid = l.transaction_id;
UPDATE objects_changelog SET changed_at = '2026-11-02 07:55+00', changed_by = 'ann', application = 'psql'
WHERE operation = 'track';
""" % "\n".join(cluster.script)


def page_of(call):
    return psql("SELECT diffgen_timeline_html(%s);" % call)


def set_up(*_):
    psql("SET client_min_messages = warning; DROP DATABASE IF EXISTS %s; CREATE DATABASE %s TEMPLATE template0 ENCODING 'UTF8';"
         % (DATABASE, DATABASE), "postgres")
    psql("CREATE EXTENSION diffgen;")
    psql(make_cluster())


# ---------------------------------------------------------------------------
# What is seen
# ---------------------------------------------------------------------------

TROUBLE = ("Runtime.exceptionThrown", "Runtime.consoleAPICalled",
           "Log.entryAdded", "Page.javascriptDialogOpening")


def check_quiet(tap, browser, name):
    """The page makes no noise, and asks for nothing."""
    tap.equal([e for e in browser.events if e["method"] in TROUBLE], [],
              "%s: no errors, no messages, no dialogs" % name)
    tap.equal({e["params"]["request"]["url"][:7] for e in browser.events
               if e["method"] == "Network.requestWillBeSent"}, {"file://"},
              "%s: nothing is loaded but the page" % name)


def check_entries(tap, browser):
    """Who changed what and when is there, and unfolds."""
    browser.open(page_of("'objects'"))
    count = int(psql("SELECT count(*) FROM objects_changelog;"))
    tap.equal(browser.ask("document.querySelectorAll('ol > li').length"), count,
              "each change is an entry")
    first = browser.ask("document.querySelector('summary').innerText").split()
    tap.equal(first, ["19:36:05", "update", "Deployment", "/", "prod", "/", "payments",
                      "\u2026containers[payments].env[FEATURE_LEDGER]",
                      "\u2026template.spec.containers[payments].image",
                      "chen@example.com", "as", "oncall", "+6", "\u22122"],
              "an entry says when, what and who")
    tap.equal(browser.ask("[...document.querySelectorAll('h2')].map(e => e.innerText)"),
              psql("SELECT DISTINCT changed_at::date, to_char(changed_at, 'FMDay, FMDD Mon YYYY') "
                   "FROM objects_changelog ORDER BY 1 DESC \\g (format=unaligned fieldsep='\t')")
              .decode().replace("\t", "\n").splitlines()[1::2], "days are headings")
    shown = "document.querySelector('%s .diffgen').checkVisibility()"
    entry = "#c%d" % int(psql("SELECT max(change_id) FROM objects_changelog;"))
    tap.equal(browser.ask(shown % entry), False, "a diff is folded")
    browser.ask("document.querySelector('%s summary').click()" % entry)
    tap.equal(browser.ask(shown % entry), True, "and unfolds")
    words = browser.ask("[...document.querySelectorAll('%s mark')].map(e => e.innerText)" % entry)
    tap.ok("2" in words and "9" in words, "with its words marked", words)
    deleted = int(psql("SELECT change_id FROM objects_changelog WHERE operation = 'delete';"))
    lines = browser.ask("[...document.querySelectorAll('#c%d .dg-t')].map(e => e.textContent)" % deleted)
    tap.ok(any('"name": "sessions"' in line for line in lines),
           "a deleted document is there", lines[:5])
    tap.ok("hunter2" not in browser.ask("document.documentElement.outerHTML") and
           "aHVudGVyMg" not in browser.ask("document.documentElement.outerHTML"),
           "a redacted value is not")
    check_quiet(tap, browser, "objects")
    people = browser.ask("[...document.querySelectorAll('.tl-people li')].map(e => e.innerText)")
    tap.equal(people, psql(
        "SELECT coalesce(context->>'user', changed_by) || ' ' || count(*) FROM objects_changelog "
        "WHERE document IS NOT NULL GROUP BY coalesce(context->>'user', changed_by) "
        "ORDER BY count(*) DESC, 1;").decode().splitlines(), "who changed how much is told")


BARS = """[...document.querySelectorAll('.tl-bar')].map(bar => {
  const parts = [...bar.querySelectorAll('rect:not(.tl-hit)')];
  const boxes = parts.map(p => p.getBoundingClientRect());
  return {label: bar.querySelector('title').textContent,
          height: boxes.reduce((sum, box) => sum + box.height, 0),
          bottom: Math.max(...boxes.map(box => box.bottom)),
          top: Math.min(...boxes.map(box => box.top)),
          left: boxes[0].left, right: boxes[0].right,
          kinds: parts.map(p => [p.className.baseVal, p.getBoundingClientRect().height]),
          target: bar.getAttribute('href')};
})"""


def check_chart(tap, browser):
    """The bars are as many and as high as the changes say."""
    browser.screenshot(1000, 800)
    browser.open(page_of("'objects'"))
    bars = browser.ask(BARS)
    days = [line.split("|") for line in psql(
        "SELECT to_char(changed_at, 'FMDay, FMDD Mon YYYY'), count(*), "
        "count(*) FILTER (WHERE operation = 'update'), count(*) FILTER (WHERE operation = 'insert'), "
        "count(*) FILTER (WHERE operation = 'delete'), max(array[extract(epoch from changed_at), change_id]) "
        "FROM objects_changelog WHERE document IS NOT NULL "
        "GROUP BY 1, changed_at::date ORDER BY changed_at::date;").decode().splitlines()]
    tap.equal([bar["label"].split(":")[0] for bar in bars], [day[0] for day in days],
              "a day with changes has a bar")
    grid = browser.ask("[...document.querySelectorAll('.tl-grid line')].map(l => l.getBoundingClientRect().top)")
    top, bottom = min(grid), max(grid)
    most = int(browser.ask("document.querySelector('.tl-y span').innerText"))
    scale = (bottom - top) / most
    tap.ok(all(abs(bar["height"] - int(day[1]) * scale) < 0.1 for bar, day in zip(bars, days)),
           "its height is their number", bars, days)
    tap.ok(all(abs(bar["bottom"] - bottom) < 0.6 and abs(bar["bottom"] - bar["top"] - bar["height"]) < 0.1
               for bar in bars), "it stands on the ground, without gaps", bars, bottom)
    want = [[["tl-b%d" % kind, int(n) * scale] for kind, n in enumerate(day[2:5]) if n != "0"]
            for day in days]
    tap.ok(all(len(bar["kinds"]) == len(kinds) and
               all(a[0] == b[0] and abs(a[1] - b[1]) < 0.1 for a, b in zip(bar["kinds"], kinds))
               for bar, kinds in zip(bars, want)), "its parts are the operations", bars, want)
    tap.ok(all(a["right"] < b["left"] for a, b in zip(bars, bars[1:])), "bars stand side by side")
    tap.equal([int(bar["target"][2:]) for bar in bars],
              [int(float(day[5].strip("{}").split(",")[1])) for day in days],
              "a bar leads to its newest entry")
    browser.ask("document.querySelector('.tl-bar').dispatchEvent("
                "new MouseEvent('click', {bubbles: true, cancelable: true}))")
    target = bars[0]["target"][1:]
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline and not browser.ask(
            "document.getElementById('%s').firstElementChild.open" % target):
        time.sleep(0.05)
    tap.ok(browser.ask("document.getElementById('%s').firstElementChild.open" % target),
           "which opens when it is clicked")
    # fine-grained: an hour of the evening
    browser.open(page_of("'objects', NULL, '{\"from\": \"2026-11-20 19:00+00\", \"to\": \"2026-11-20 20:00+00\"}'"))
    tap.equal((browser.ask("document.querySelector('figcaption strong').innerText"),
               [bar["label"] for bar in browser.ask(BARS)][:2]),
              ("Changes per minute", ["20 Nov 2026 19:04: 1 change (1 changed)",
                                      "20 Nov 2026 19:13: 1 change (1 changed)"]),
              "an hour is shown by minutes")


def check_semantics(tap, browser):
    """A screen reader finds headings, lists, a named chart; keys unfold."""
    browser.open(page_of("'objects'"))
    nodes = [n for n in browser.call("Accessibility.getFullAXTree")["nodes"]
             if not n.get("ignored")]
    roles = [n.get("role", {}).get("value") for n in nodes]
    named = {(n["role"]["value"], n["name"]["value"]) for n in nodes if n.get("name")}
    tap.ok("main" in roles and "search" in roles and "list" in roles, "landmarks", set(roles))
    tap.ok(("heading", "Changes of objects") in named and
           ("heading", "Friday, 20 Nov 2026") in named, "headings", sorted(named)[:20])
    tap.ok(("group", "Changes per day") in named, "the chart has a name")
    described = [n["description"]["value"] for n in nodes if n.get("description")]
    tap.ok(any("114 changes, at most" in d for d in described), "and says what it shows", described)
    tap.ok(any(role == "link" and name.startswith("Friday, 20 Nov 2026: ") for role, name in named),
           "bars have names", sorted(named)[:40])
    tap.ok(("searchbox", "Find in the entries") in named, "so has the search box")
    browser.ask("document.querySelector('summary').focus()")
    for kind in ("keyDown", "keyUp"):
        browser.call("Input.dispatchKeyEvent", type=kind, key="Enter", code="Enter", text="\r",
                     windowsVirtualKeyCode=13)
    tap.equal(browser.ask("document.querySelector('details').open"), True,
              "the Enter key unfolds an entry")
    tap.equal(browser.ask("document.querySelectorAll('[onclick],[onload],[onerror],[onmouseover]').length"),
              0, "no handlers in attributes")


def check_find(tap, browser):
    """The search box leaves what has all words, in the diffs too."""
    browser.open(page_of("'objects'"))
    browser.ask("(() => { const box = document.querySelector('input'); box.value = 'FEATURE_ledger chen'; "
                "box.dispatchEvent(new Event('input')); })()")
    tap.equal(browser.ask("[...document.querySelectorAll('ol > li')].filter(e => e.checkVisibility()).length"),
              1, "words are found")
    tap.equal(browser.ask("document.querySelector('output').value"), "1 of 115", "and counted")
    tap.equal(browser.ask("[...document.querySelectorAll('h2')].filter(e => e.checkVisibility()).length"),
              1, "days without one are gone")
    browser.ask("document.querySelector('button').click()")
    tap.equal(browser.ask("document.querySelectorAll('details[open]').length"), 1,
              "what is found can be unfolded")
    check_quiet(tap, browser, "search")


def check_without_script(tap, browser):
    """Without the script nothing is missing but the search box."""
    browser.call("Emulation.setScriptExecutionDisabled", value=True)
    browser.open(page_of("'objects'"))
    tap.equal(browser.ask("document.querySelector('form').checkVisibility()"), False,
              "without scripts there is no search box")
    browser.ask("document.querySelector('summary').click()")
    tap.equal(browser.ask("document.querySelector('details').open"), True, "but entries unfold")
    browser.call("Emulation.setScriptExecutionDisabled", value=False)


def check_look(tap, browser):
    """It can be read, light and dark, on small screens and large ones."""
    page = page_of("'objects'")
    colours = {}
    for scheme in ("light", "dark"):
        browser.media(prefers_color_scheme=scheme)
        browser.open(page)
        browser.ask("document.querySelectorAll('ol > li > details').forEach((d, i) => { d.open = i < 12; })")
        colours[scheme] = browser.ask("getComputedStyle(document.body).backgroundColor")
        worst = contrast(browser, "h1, h2, p, figcaption, figcaption strong, .tl-y span, time, .tl-op, "
                         ".tl-what > *, .tl-who, .tl-who small, .tl-num ins, .tl-num del, dt, dd, dd code, a, "
                         ".tl-sql, .tl-people b, .tl-people span, button, input, .dg-t, td.dg-n, mark, .dg-hunk th")
        tap.ok(worst >= 4.5, "contrast is 4.5 or more when " + scheme, worst)
        for width in (320, 400, 768, 1280):
            browser.screenshot(width, 800)
            tap.ok(browser.ask("document.documentElement.scrollWidth") <= width,
                   "%s: nothing sticks out at %d pixels" % (scheme, width),
                   browser.ask("document.documentElement.scrollWidth"))
    browser.media()
    tap.ok(colours["light"] != colours["dark"], "dark is not light", colours)
    browser.screenshot(1280, 800)
    edges = browser.ask("[...document.querySelectorAll('summary')].slice(0, 30).map(s => "
                        "[...s.children].map(c => Math.round(c.getBoundingClientRect().left)).join())")
    tap.equal(len(set(edges)), 1, "columns are aligned")


def check_hostile(tap, browser):
    """Whatever is in the changelog is text."""
    psql("""CREATE TABLE hostile (id text PRIMARY KEY, doc jsonb, note text);
SELECT diffgen_track('hostile');
INSERT INTO hostile SELECT %s || n, '{}', '' FROM generate_series(1, %d) n;
""" % (literal(HOSTILE[0]), len(HOSTILE)))
    script = []
    for n, text in enumerate(HOSTILE, 1):
        quoted = "convert_from('\\x%s', 'UTF8')" % text.encode().hex()
        script.append("""BEGIN;
SELECT set_config('diffgen.context', jsonb_build_object('user', {0}, {0}, {0})::text, true);
SELECT set_config('application_name', left({0}, 63), true);
UPDATE hostile SET doc = jsonb_build_object({0}, {0}), note = {0} WHERE id LIKE '%>{1}';
COMMIT;
UPDATE hostile_changelog SET changed_by = left({0}, 60)::name, paths = paths || {0},
    document = CASE WHEN change_id % 3 = 0 THEN {0} ELSE document END
WHERE id LIKE '%>{1}';
""".format(quoted, n))
    script.append("DELETE FROM hostile; UPDATE hostile_changelog SET diff = diff || %s WHERE change_id %% 7 = 0;"
                  % literal("\n" + HOSTILE[1]))
    psql("\n".join(script))
    role = psql("SELECT current_user;").decode().strip()
    for layout in ("unified", "side-by-side"):
        options = {"layout": layout, "title": HOSTILE[1], "who": ["user"]}
        browser.open(page_of("'hostile', NULL, convert_from('\\x%s', 'UTF8')::jsonb"
                             % json.dumps(options).encode().hex()))
        browser.ask("document.querySelectorAll('details').forEach(d => { d.open = true; })")
        tap.equal(browser.ask("window.hit"), None, "hostile data runs nothing, " + layout)
        tap.equal(browser.ask("document.querySelectorAll('script').length"), 1, "makes no script")
        tap.equal(browser.ask("document.querySelectorAll('style').length"), 2, "no style")
        tap.equal(browser.ask("document.querySelectorAll('img, iframe, object, base, link, template').length"),
                  0, "no element that loads")
        tap.equal(browser.ask("[...document.querySelectorAll('a')].filter(a => !/^#c(-?\\d+|hanges)$/"
                              ".test(a.getAttribute('href'))).length"), 0, "no link that leads away")
        tap.equal(browser.ask("[...document.querySelectorAll('*')].filter(e => [...e.attributes].some("
                              "a => /^on/.test(a.name))).length"), 0, "no handler")
        tap.equal(browser.ask("document.querySelectorAll('ol > li').length"),
                  int(psql("SELECT count(*) FROM hostile_changelog;")), "all entries are there")
        tap.equal(browser.ask("[...document.querySelectorAll('ol > li')].every("
                              "e => e.parentElement.parentElement.parentElement.localName == 'main')"),
                  True, "where they should be")
        people = set(browser.ask("[...document.querySelectorAll('.tl-people b')].map(e => e.textContent)"))
        tap.ok(people <= {visible(text) for text in HOSTILE} | {role} and len(people) == 8,
               "names show as they are", people)
        tap.equal(browser.ask("document.title"), HOSTILE[1], "so does the title")
        check_quiet(tap, browser, "hostile, " + layout)


def check_size(tap, browser):
    """10,000 entries open, and do not take much more than twice as long as 5,000."""
    psql("""CREATE TABLE many (id int PRIMARY KEY, doc jsonb);
SELECT diffgen_track('many');
INSERT INTO many SELECT i, '{"a": 0, "b": {"c": [1, 2, 3], "d": "text"}}' FROM generate_series(1, 100) i;
DO $$ BEGIN FOR i IN 1..99 LOOP
    UPDATE many SET doc = jsonb_set(doc, '{b,d}', to_jsonb('text ' || i)); 
END LOOP; END $$;
""")
    spent = {}
    for limit in (5000, 10000) * 3:
        out = psql("EXPLAIN (ANALYZE, TIMING OFF) SELECT length(diffgen_timeline_html('many', NULL, "
                   "'{\"operation\": [\"insert\", \"update\"], \"limit\": %d}'));" % limit).decode()
        millis = float(out.split("Execution Time: ")[1].split()[0])
        spent[limit] = min(spent.get(limit, millis), millis)
    print("# 5,000 entries: %.0f ms, 10,000: %.0f ms" % (spent[5000], spent[10000]))
    tap.ok(spent[10000] < 4 * spent[5000], "time is linear", spent)
    page = page_of("'many', NULL, '{\"operation\": [\"insert\", \"update\"], \"limit\": 10000}'")
    started = time.monotonic()
    browser.open(page)
    tap.equal(browser.ask("document.querySelectorAll('ol > li').length"), 10000,
              "10,000 entries are there")
    print("# %.1f MB, opened in %.1f s" % (len(page) / 1e6, time.monotonic() - started))


def clean_up(*_):
    psql("DROP DATABASE %s;" % DATABASE, "postgres")


def check_screenshot(tap, browser, path, page_path):
    page = page_of("'objects', NULL, '{\"title\": \"Changes in cluster prod-eu\"}'")
    browser.open(page)
    browser.ask("document.querySelectorAll('details')[3].open = true")
    picture = browser.screenshot(1040, 860)
    tap.ok(len(picture) > 10000, "a picture was taken", len(picture))
    for name, data in ((path, picture), (page_path, page)):
        if name:
            with open(name, "wb") as file:
                file.write(data)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--screenshot", metavar="FILE")
    parser.add_argument("--page", metavar="FILE")
    args = parser.parse_args()
    judge(set_up, check_entries, check_chart, check_semantics,
          check_find, check_without_script, check_look, check_hostile, check_size,
          lambda tap, browser: check_screenshot(tap, browser, args.screenshot, args.page),
          clean_up)


if __name__ == "__main__":
    main()
