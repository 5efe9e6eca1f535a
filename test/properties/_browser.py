"""A browser, what to show it, and TAP: for the programs that judge pages.

Drives headless Chromium by the DevTools protocol, over two pipes.
"""
import base64
import json
import os
import shutil
import subprocess
import sys
import tempfile

CHROMIUM = ("chromium", "chromium-browser", "google-chrome")

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
        # what has come into view is drawn one frame later
        self.call("Runtime.evaluate", awaitPromise=True, expression=
                  "new Promise(r => requestAnimationFrame(() => requestAnimationFrame(r)))")
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


# The contrast between text and what is behind it, as WCAG computes it.
CONTRAST = """((selector) => {
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
  for (const e of document.querySelectorAll(selector)) {
    const a = light(getComputedStyle(e).color), b = light(behind(e));
    worst = Math.min(worst, (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05));
  }
  return worst;
})(%s)"""


def contrast(browser, selector):
    """The least contrast of the elements that a selector picks."""
    return browser.ask(CONTRAST % json.dumps(selector))


def judge(*checks):
    """Runs checks, each with a Tap and a Browser, or skips all of them."""
    program = next(filter(None, map(shutil.which, CHROMIUM)), None)
    if program is None:
        print("1..0 # SKIP there is no Chromium; on Debian: apt-get install chromium")
        return
    tap = Tap()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        browser = Browser(program, folder)
        try:
            for check in checks:
                check(tap, browser)
        finally:
            browser.close()
    print("1..%d" % tap.count)
    sys.exit(tap.failed > 0)
