// A worker around fast-json-patch and rfc6902: two JSON texts to an RFC 6902
// patch as text. What is timed is parse, compare and stringify, as a program
// pays that has the documents as text. The requests are those of worker.h.
"use strict";
const fs = require("fs");
const readline = require("readline");
// The packages are installed into the benchmark's own build directory.
const modules = process.env.BENCH_NODE_MODULES;
const { compare } = require(modules + "/fast-json-patch");
const { createPatch } = require(modules + "/rfc6902");

const pairs = fs.readFileSync(process.argv[2], "utf8").trim().split("\n")
  .map(line => line.split("\t").map(path => fs.readFileSync(path, "utf8")));

function diff(before, after, algorithm) {
  const patch = algorithm === "rfc6902" ? createPatch : compare;
  return JSON.stringify(patch(JSON.parse(before), JSON.parse(after)));
}

// Processor time in nanoseconds, that of the collector's threads included.
function now() {
  const usage = process.cpuUsage();
  return (usage.user + usage.system) * 1000;
}

console.log("ready " + pairs.length);
readline.createInterface({ input: process.stdin }).on("line", request => {
  const words = request.split(" ");
  const [before, after] = pairs[Number(words[1])];
  if (words[0] === "run") {
    const calls = Number(words[2]);
    for (let i = 0; i < Number(words[3]); i++) diff(before, after, words[4]);
    let size = 0;
    const start = now();
    for (let i = 0; i < calls; i++) {
      size = diff(before, after, words[4]).length;
    }
    const ns = (now() - start) / calls;
    console.log(`ok ${ns.toFixed(1)} ${size} -1`);
  } else {
    const text = diff(before, after, words[2]);
    fs.writeFileSync(words[3], text);
    console.log(`ok ${text.length} -1`);
  }
});
