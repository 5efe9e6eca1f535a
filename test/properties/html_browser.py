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
import shutil
import subprocess
import sys
import tempfile
import time

CHROMIUM = ("chromium", "chromium-browser", "google-chrome")

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

# What must show as text and do nothing.
HOSTILE = [
    "<script>window.hit = 1; alert(1)</script>",
    "</td></tr></table></div></style><script>window.hit = 2</script>",
    "<img src=x onerror='window.hit = 3'>",
    "<style>*{display:none!important}</style>",
    "]]> <!-- --> <![CDATA[ <?php ?>",
    "&lt;not an entity&gt; &amp; &#60;b&#62;",
    "<a href=\"javascript:window.hit=4\">x</a>",
    "\" onmouseover=\"window.hit=5",
    "user\u202e\u2066 // admin\u2069 \u2066",
    "zero\u200bwidth\ufeff",
    "esc \x1b[31m bell \x07 nul-like \\0 &#0; return \r end",
    "\u2028line and paragraph separator\u2029",
]


def visible(line):
    """A line as the page shows it."""
    out = ""
    for c in line:
        code = ord(c)
        if code < 0x20 and c != "\t" or code == 0x7f:
            out += "^" + chr(code ^ 0x40)
        elif code in (0x200b, 0xfeff, 0x200e, 0x200f) or \
                0x2028 <= code <= 0x202e or 0x2066 <= code <= 0x2069:
            out += "U+%04X" % code
        else:
            out += c
    return out


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


class Browser:
    """A Chromium that is spoken to over two pipes."""

    def __init__(self, program, folder):
        to_read, self.to_write = os.pipe()
        self.from_read, from_write = os.pipe()
        self.folder = folder

        def connect():
            # Chromium reads commands from 3 and writes answers to 4
            os.dup2(to_read, 20)
            os.dup2(from_write, 21)
            os.dup2(20, 3)
            os.dup2(21, 4)

        self.process = subprocess.Popen(
            [program, "--headless", "--no-sandbox", "--disable-gpu",
             "--hide-scrollbars", "--remote-debugging-pipe",
             "--user-data-dir=" + os.path.join(folder, "profile")],
            preexec_fn=connect, close_fds=False, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL)
        os.close(to_read)
        os.close(from_write)
        self.buffer = b""
        self.last_id = 0
        self.session = None
        self.events = []
        target = self.call("Target.createTarget", url="about:blank")
        self.session = self.call("Target.attachToTarget", flatten=True,
                                 targetId=target["targetId"])["sessionId"]
        for domain in ("Page", "Runtime", "Network"):
            self.call(domain + ".enable")

    def receive(self):
        """The next message; events are kept."""
        while b"\0" not in self.buffer:
            data = os.read(self.from_read, 1 << 20)
            if not data:
                raise RuntimeError("the browser has gone")
            self.buffer += data
        message, self.buffer = self.buffer.split(b"\0", 1)
        message = json.loads(message)
        if "method" in message:
            self.events.append(message)
            if message["method"] == "Page.javascriptDialogOpening":
                self.last_id += 1
                self.send("Page.handleJavaScriptDialog", {"accept": True})
        return message

    def send(self, method, params):
        message = {"id": self.last_id, "method": method, "params": params}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.to_write, json.dumps(message).encode() + b"\0")

    def call(self, method, **params):
        self.last_id += 1
        call_id = self.last_id
        self.send(method, params)
        while True:
            message = self.receive()
            if message.get("id") == call_id:
                if "error" in message:
                    raise RuntimeError("%s: %s" % (method, message["error"]))
                return message["result"]

    def open(self, page):
        """Loads a page, and forgets what happened before."""
        path = os.path.join(self.folder, "page.html")
        with open(path, "wb") as file:
            file.write(page)
        self.events = []
        self.call("Page.navigate", url="file://" + path)
        while not any(e["method"] == "Page.loadEventFired" for e in self.events):
            self.receive()

    def ask(self, expression):
        """The value of an expression in the page."""
        result = self.call("Runtime.evaluate", expression=expression,
                           returnByValue=True)
        if "exceptionDetails" in result:
            raise RuntimeError(result["exceptionDetails"])
        return result["result"].get("value")

    def media(self, media="", **features):
        self.call("Emulation.setEmulatedMedia", media=media,
                  features=[{"name": k.replace("_", "-"), "value": v}
                            for k, v in features.items()])

    def screenshot(self, width, height):
        self.call("Emulation.setDeviceMetricsOverride", width=width,
                  height=height, deviceScaleFactor=1, mobile=False)
        data = self.call("Page.captureScreenshot", format="png")["data"]
        return base64.b64decode(data)

    def close(self):
        self.session = None
        self.call("Browser.close")
        self.process.wait(30)


class Tap:
    def __init__(self):
        self.count = self.failed = 0

    def ok(self, passed, name, *details):
        self.count += 1
        self.failed += not passed
        print("%sok %d - %s" % ("" if passed else "not ", self.count, name),
              flush=True)
        if not passed:
            for detail in details:
                print("# " + repr(detail)[:2000])

    def equal(self, got, want, name):
        self.ok(got == want, name, got, want)


ROWS = """[...document.querySelectorAll('.dg-t')].map(t => {
  let note = t.querySelector('.dg-e');
  return t.innerText.slice(0, t.innerText.length - (note ? note.innerText.length : 0));
})"""

# The contrast between text and what is behind it, as WCAG computes it.
CONTRAST = """(() => {
  const light = c => {
    const [r, g, b] = c.match(/[\\d.]+/g).slice(0, 3).map(v => v / 255)
      .map(v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = e => {
    while (e && getComputedStyle(e).backgroundColor == 'rgba(0, 0, 0, 0)')
      e = e.parentElement;
    return e ? getComputedStyle(e).backgroundColor : 'rgb(255, 255, 255)';
  };
  let worst = 99;
  for (const e of document.querySelectorAll(
      '.dg-t, .dg-n, .dg-s, .dg-hunk th, mark, .dg-x, .dg-e, caption, .dg-fold td')) {
    const a = light(getComputedStyle(e).color), b = light(behind(e));
    worst = Math.min(worst, (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05));
  }
  return worst;
})()"""


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
        worst = browser.ask(CONTRAST)
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
    program = next(filter(None, map(shutil.which, CHROMIUM)), None)
    if program is None:
        print("1..0 # SKIP there is no Chromium; on Debian: apt-get install chromium")
        return
    tap = Tap()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        browser = Browser(program, folder)
        try:
            check_semantics(tap, browser)
            check_hostile(tap, browser)
            check_look(tap, browser)
            check_size(tap, browser)
            check_screenshot(tap, browser, args.screenshot)
        finally:
            browser.close()
    print("1..%d" % tap.count)
    sys.exit(tap.failed > 0)


if __name__ == "__main__":
    main()
