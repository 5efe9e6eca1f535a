#!/usr/bin/env python3
"""Opens what diffgen_html makes in a browser, and checks what is seen.

Drives headless Chromium by the DevTools protocol.  Connects to the server as
psql does (PGHOST, PGPORT, ...) and needs the extension installed.  Prints TAP;
without Chromium everything is skipped.

Usage: html_browser.py [--screenshot FILE]
"""
import argparse
import base64
import json
import os
import subprocess
import time

from _browser import HOSTILE, contrast, judge, visible

BEFORE = """apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  labels:
    app: web
    tier: front
spec:
  replicas: 2
  strategy:
    type: RollingUpdate
  template:
    spec:
      containers:
      - name: web
        image: registry.example.com/web:1.25.3
        resources:
          limits:
            memory: 256Mi
            cpu: 500m
        env:
        - name: LOG_LEVEL
          value: info
        - name: GREETING
          value: <b>hello</b> & "welcome"
        ports:
        - containerPort: 8080
          protocol: TCP
"""
AFTER = (BEFORE.replace("replicas: 2", "replicas: 5").replace("1.25.3", "1.27.0")
         .replace("256Mi", "512Mi").replace("value: info", "value: debug")
         .replace("welcome", "goodbye")
         .replace("        ports:", "        - name: \u540d\u524d\n"
                  "          value: \u4e16\u754c\n        ports:"))

def html_of(old, new, diff_options, html_options):
    """The page for two documents."""
    script = """SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS diffgen;
SELECT diffgen_html(diffgen(convert_from(decode('%s', 'base64'), 'UTF8'),
  convert_from(decode('%s', 'base64'), 'UTF8'),
  convert_from(decode('%s', 'base64'), 'UTF8')::jsonb), '%s');
""" % (*(base64.b64encode(text.encode()).decode()
         for text in (old, new, json.dumps(diff_options))),
       json.dumps(dict(html_options, page=True)))
    done = subprocess.run(["psql", "-XqAt", "-v", "ON_ERROR_STOP=1"],
                          input=script.encode(), stdout=subprocess.PIPE,
                          env=dict(os.environ, PGCLIENTENCODING="UTF8"),
                          check=True)
    return done.stdout


ROWS = """[...document.querySelectorAll('.dg-t')].map(t => {
  let note = t.querySelector('.dg-e');
  return t.innerText.slice(0, t.innerText.length - (note ? note.innerText.length : 0));
})"""

def check_hostile(tap, browser):
    """What a document holds is text, whatever it is."""
    new = "\n".join(HOSTILE)
    for layout in ("unified", "side-by-side"):
        browser.open(html_of("old\n", new, {"labels": ["<i>a</i>", "b'\"><script>"]},
                             {"layout": layout}))
        texts = browser.ask(ROWS)
        tap.equal(texts[-len(HOSTILE):], [visible(line) for line in HOSTILE],
                  "hostile lines show as text, " + layout)
        tap.equal(browser.ask("window.hit"), None, "and run nothing")
        tap.equal(browser.ask("document.querySelectorAll('script, img, a, i').length"),
                  0, "and make no elements")
        tap.equal(browser.ask("document.querySelectorAll('style').length"), 1,
                  "nor a style")
        tap.equal([e["method"] for e in browser.events
                   if e["method"] == "Page.javascriptDialogOpening"], [],
                  "and no dialog opens")
        tap.equal([e["params"]["request"]["url"][:7] for e in browser.events
                   if e["method"] == "Network.requestWillBeSent"], ["file://"],
                  "and nothing is loaded but the page")
        tap.equal(browser.ask("document.title"),
                  "<i>a</i> to " + "\"b'\\\"><script>\"", "the title is text too")


def check_semantics(tap, browser):
    """A screen reader finds a table, and removed and added lines."""
    browser.open(html_of(BEFORE, AFTER, {}, {}))
    nodes = browser.call("Accessibility.getFullAXTree")["nodes"]
    roles = [n.get("role", {}).get("value") for n in nodes if not n.get("ignored")]
    rows = browser.ask("document.querySelectorAll('tr').length")
    tap.equal(roles.count("table"), 1, "there is a table")
    tap.equal(roles.count("row"), rows, "with rows")
    tap.equal(roles.count("columnheader"), 4, "and headings of its columns")
    tap.ok("caption" in roles or "Caption" in roles, "and a caption", set(roles))
    tap.ok(roles.count("deletion") >= 5 and roles.count("insertion") >= 7,
           "removed and added lines are named so", set(roles))
    texts = [n["name"]["value"] for n in nodes
             if n.get("role", {}).get("value") == "StaticText"]
    tap.equal((texts.count("removed"), texts.count("added")), (5, 7),
              "and a screen reader hears it")
    marks = browser.ask("[...document.querySelectorAll('.dg-s')].map(e => e.innerText.trim())")
    tap.ok("-removed" in [m.replace("\n", "") for m in marks] and
           "+added" in [m.replace("\n", "") for m in marks],
           "and have marks, not colour alone", marks)
    words = browser.ask("[...document.querySelectorAll('mark')].map(e => e.innerText)")
    tap.ok({"2", "5", "256Mi", "512Mi", "info", "debug"} <= set(words),
           "changed words are marked", words)
    lines = browser.ask("[...document.querySelectorAll('tr')].map(r => "
                        "[...r.querySelectorAll('.dg-n')].map(n => n.innerText))")
    tap.ok(["9", ""] in lines and ["", "9"] in lines and ["8", "8"] in lines,
           "lines have their numbers", lines)


def check_look(tap, browser):
    """Light, dark and paper can all be read."""
    many = "".join("line %d\n" % i for i in range(100))
    changed = many.replace("line 50\n", "line fifty\r\n")
    browser.open(html_of(many, changed, {"context": 100}, {}))
    shown = "getComputedStyle(document.querySelector('.dg-more')).display"
    back = "getComputedStyle(document.querySelector('.diffgen')).backgroundColor"
    colours = {}
    for scheme in ("light", "dark"):
        browser.media(prefers_color_scheme=scheme)
        colours[scheme] = browser.ask(back)
        worst = contrast(browser, ".dg-t, .dg-n, .dg-s, .dg-hunk th, mark, "
                         ".dg-x, .dg-e, caption, .dg-fold td")
        tap.ok(worst >= 4.5, "contrast is 4.5 or more when " + scheme, worst)
    tap.ok(colours["light"] != colours["dark"], "dark is not light", colours)

    tap.equal(browser.ask(shown), "none", "long context is folded")
    browser.ask("document.querySelector('.dg-fold input').click()")
    tap.equal(browser.ask(shown), "table-row-group", "and opens")
    browser.ask("document.querySelector('.dg-fold input').click()")
    browser.media("print")
    tap.equal(browser.ask(shown), "table-row-group", "on paper it is open")
    browser.media()

    browser.call("Emulation.setDeviceMetricsOverride", width=320, height=600,
                 deviceScaleFactor=1, mobile=True)
    browser.open(html_of("a " * 500 + "\n", "a " * 499 + "b\n", {}, {}))
    tap.ok(browser.ask("document.documentElement.scrollWidth") <= 320,
           "long lines are broken on a narrow screen",
           browser.ask("document.documentElement.scrollWidth"))


def check_size(tap, browser):
    """A long diff still opens."""
    page = html_of("", "".join("line <%d>\n" % i for i in range(100000)), {}, {})
    started = time.monotonic()
    browser.open(page)
    tap.equal(browser.ask("document.querySelectorAll('ins').length"), 100000,
              "100,000 lines are there")
    tap.equal(browser.ask("[...document.querySelectorAll('.dg-t')].pop().innerText"),
              "line <99999>", "to the last")
    print("# opened in %.1f s" % (time.monotonic() - started))


def check_screenshot(tap, browser, path):
    browser.open(html_of(BEFORE, AFTER, {"context": 12, "labels":
                                         ["deployment/web@41", "deployment/web@42"]},
                         {"layout": "side-by-side"}))
    browser.screenshot(900, 100)
    height = browser.ask("document.documentElement.scrollHeight")
    picture = browser.screenshot(900, int(height))
    tap.ok(len(picture) > 10000, "a picture was taken", len(picture))
    if path:
        with open(path, "wb") as file:
            file.write(picture)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--screenshot", metavar="FILE")
    args = parser.parse_args()
    judge(check_semantics, check_hostile, check_look, check_size,
          lambda tap, browser: check_screenshot(tap, browser, args.screenshot))


if __name__ == "__main__":
    main()
