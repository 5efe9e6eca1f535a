"""Builds the workers, starts them and talks to them.

A worker is a process that holds a set of pairs in memory and diffs one when
asked; peers/worker.h has the requests.  A peer whose compiler or library is
missing is left out, with the reason.
"""

import os
import select
import shutil
import subprocess
import time

PEERS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "peers")

GOPATH = "/usr/share/gocode"            # where Debian keeps Go's libraries
CARGO_REGISTRY = "/usr/share/cargo/registry"    # and Rust's


class WorkerError(Exception):
    pass


class Worker:
    """One process, loaded with the pairs of a set."""

    def __init__(self, name, argv, list_path, env=None):
        self.name = name
        self.argv = argv
        self.list_path = list_path
        self.env = env
        self.process = None
        self.start()

    def start(self):
        self.process = subprocess.Popen(
            self.argv + [self.list_path], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, env=self.env)
        self.buffer = b""
        self.answer(120, "ready")

    def answer(self, timeout, word):
        out = self.process.stdout.fileno()
        end = time.monotonic() + timeout
        while b"\n" not in self.buffer:
            left = end - time.monotonic()
            if left <= 0 or not select.select([out], [], [], left)[0]:
                self.restart()
                raise WorkerError("timeout")
            got = os.read(out, 65536)
            if not got:
                self.process.wait()
                raise WorkerError("%s ended with status %s" % (
                    self.name, self.process.returncode))
            self.buffer += got
        line, self.buffer = self.buffer.split(b"\n", 1)
        words = line.decode().split()
        if words[0] != word:
            raise WorkerError("%s: %s" % (self.name, line.decode()))
        return words[1:]

    def ask(self, request, timeout):
        self.process.stdin.write(request.encode() + b"\n")
        self.process.stdin.flush()
        return self.answer(timeout, "ok")

    def run(self, pair, calls=1, warmup=1, algorithm="myers", timeout=120):
        """Nanoseconds a call, bytes of output, exact (1, 0 or -1)."""
        ns, size, exact = self.ask("run %d %d %d %s" % (
            pair, calls, warmup, algorithm), timeout)
        return float(ns), int(size), int(exact)

    def dump(self, pair, path, algorithm="myers", timeout=120):
        """The output itself, and exact."""
        size, exact = self.ask("dump %d %s %s" % (pair, algorithm, path),
                               timeout)
        with open(path, "rb") as file:
            return file.read(), int(exact)

    def memory(self, field):
        """VmRSS, VmHWM, ... of the process, in bytes."""
        with open("/proc/%d/status" % self.process.pid) as file:
            for line in file:
                if line.startswith(field + ":"):
                    return int(line.split()[1]) * 1024
        raise WorkerError("no %s in /proc" % field)

    def close(self):
        if self.process.poll() is None:
            self.process.stdin.close()
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.process.stdout.close()

    def restart(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()
        self.start()


class Tools:
    """What could be built: how to start each worker, and why others cannot."""

    def __init__(self, build, source, pg_config, log):
        self.build = build
        self.source = source
        self.pg_config = pg_config
        self.log = log
        self.commands = {}
        self.missing = {}
        self.env = dict(os.environ, GOMAXPROCS="1")
        os.makedirs(build, exist_ok=True)
        for name, builder in (
                ("floor", lambda: self.c_worker("floor", [])),
                ("lcs", lambda: self.c_worker("lcs", [])),
                ("diffgen", self.diffgen),
                ("libgit2", lambda: self.c_worker("libgit2", ["-lgit2"])),
                ("similar", self.similar),
                ("gotextdiff", lambda: self.go_worker(
                    "gotextdiff", "github.com/hexops/gotextdiff")),
                ("process", lambda: self.c_worker("process", [])),
                ("mergepatch", lambda: self.go_worker(
                    "mergepatch", "github.com/evanphx/json-patch")),
                ("json-patch", self.json_patch)):
            try:
                self.commands[name] = builder()
                log("  built the worker of " + name)
            except (WorkerError, OSError) as error:
                self.missing[name] = str(error)
                log("  no worker of %s: %s" % (name, error))

    def start(self, name, list_path, env=None):
        return Worker(name, self.commands[name], list_path,
                      dict(self.env, **(env or {})))

    def have(self, *names):
        return [name for name in names if name in self.commands]

    def call(self, argv, cwd=None, env=None):
        done = subprocess.run(argv, cwd=cwd, env=env, text=True,
                              stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT)
        if done.returncode != 0:
            raise WorkerError("%s failed:\n%s" % (argv[0],
                                                  done.stdout[-2000:]))
        return done.stdout

    def c_worker(self, name, libraries):
        target = os.path.join(self.build, name + "_worker")
        self.call(["gcc", "-O2", "-g", "-Wall", "-Wextra", "-o", target,
                   os.path.join(PEERS, name + "_worker.c")] + libraries)
        return [target]

    def pg(self, what):
        return self.call([self.pg_config, "--" + what]).strip()

    def diffgen(self):
        """The core as the server has it, but for -DFRONTEND: the same
        optimisation as the Makefile's."""
        core = os.path.join(self.source, "src", "core")
        sources = sorted(os.path.join(core, name)
                         for name in os.listdir(core) if name.endswith(".c"))
        if os.path.join(core, "text_diff.c") not in sources:
            raise WorkerError("src/core has no text_diff.c")
        target = os.path.join(self.build, "diffgen_worker")
        self.call(["gcc", "-O3", "-g", "-fno-strict-aliasing", "-fwrapv",
                   "-DFRONTEND", "-D_GNU_SOURCE",
                   "-I" + os.path.join(self.source, "src"),
                   "-I" + self.pg("includedir-server"), "-o", target,
                   os.path.join(PEERS, "diffgen_worker.c")] + sources +
                  ["-L" + self.pg("pkglibdir"), "-L" + self.pg("libdir"),
                   "-lpgcommon", "-lpgport", "-lm"])
        return [target]

    def similar(self):
        if not os.path.isdir(os.path.join(CARGO_REGISTRY, "similar-2.2.1")):
            raise WorkerError("no similar-2.2.1 in " + CARGO_REGISTRY)
        crate = os.path.join(self.build, "similar")
        home = os.path.join(self.build, "cargo")
        shutil.copytree(os.path.join(PEERS, "similar"), crate,
                        dirs_exist_ok=True)
        os.makedirs(home, exist_ok=True)
        with open(os.path.join(home, "config.toml"), "w") as file:
            file.write('[source.crates-io]\nreplace-with = "debian"\n'
                       '[source.debian]\ndirectory = "%s"\n' % CARGO_REGISTRY)
        # Old cargos read the name without an extension only.
        shutil.copy(os.path.join(home, "config.toml"),
                    os.path.join(home, "config"))
        os.remove(os.path.join(home, "config.toml"))
        self.call(["cargo", "build", "--release", "--offline", "--quiet"],
                  cwd=crate, env=dict(self.env, CARGO_HOME=home))
        return [os.path.join(crate, "target", "release", "similar_worker")]

    def go_worker(self, name, package):
        if not os.path.isdir(os.path.join(GOPATH, "src", package)):
            raise WorkerError("no %s in %s" % (package, GOPATH))
        target = os.path.join(self.build, name + "_worker")
        self.call(["go", "build", "-o", target, "."],
                  cwd=os.path.join(PEERS, name),
                  env=dict(self.env, GO111MODULE="off", GOPATH=GOPATH,
                           GOCACHE=os.path.join(self.build, "go-cache")))
        return [target]

    def json_patch(self):
        modules = os.path.join(self.build, "node_modules")
        if not os.path.isdir(os.path.join(modules, "rfc6902")):
            self.call(["npm", "install", "--no-save", "--no-package-lock",
                       "--no-audit", "--no-fund", "--prefix", self.build,
                       "fast-json-patch@3.1.1", "rfc6902@5.1.2"])
        self.env["BENCH_NODE_MODULES"] = modules
        return ["node", os.path.join(PEERS, "json_patch_worker.js")]
