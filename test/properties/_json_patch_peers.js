/*
 * _json_patch_peers.js
 *	  What fast-json-patch and rfc6902 make of documents and patches.
 *
 * usage: node _json_patch_peers.js MODULES < requests > answers
 *
 * One JSON object a line.  {old, new} is answered by the patches that the two
 * libraries make; {doc, patch} by the documents that they make of it, or by
 * their error.
 */
"use strict";
const path = require("path");
const readline = require("readline");
const modules = path.resolve(process.argv[2]);
const fjp = require(path.join(modules, "fast-json-patch"));
const rfc6902 = require(path.join(modules, "rfc6902"));

const isArray = Array.isArray;
const isContainer = (x) => typeof x === "object" && x !== null;
const clone = (x) => JSON.parse(JSON.stringify(x));

function attempt(f) {
	try {
		return { ok: f() };
	} catch (e) {
		return { error: String(e.name || e) };
	}
}

function patches(a, b) {
	/* fast-json-patch compares only two objects or two arrays */
	const alike = isContainer(a) && isContainer(b) && isArray(a) === isArray(b);

	return {
		fjp: alike ? fjp.compare(a, b) : null,
		fjp_invertible: alike ? fjp.compare(a, b, true) : null,
		rfc6902: rfc6902.createPatch(a, b),
	};
}

function applied(doc, patch) {
	return {
		fjp: attempt(() => fjp.applyPatch(clone(doc), clone(patch), true).newDocument),
		rfc6902: attempt(() => {
			/* it changes its argument, which cannot be done to a whole document */
			const holder = { doc: clone(doc) };
			const errors = rfc6902.applyPatch(holder, patch.map((op) => {
				const moved = Object.assign(clone(op), { path: "/doc" + op.path });
				if ("from" in op)
					moved.from = "/doc" + op.from;
				return moved;
			}));
			for (const error of errors)
				if (error !== null)
					throw error;
			return holder.doc;
		}),
	};
}

readline.createInterface({ input: process.stdin, crlfDelay: Infinity })
	.on("line", (line) => {
		const request = JSON.parse(line);
		const answer = "patch" in request ?
			applied(request.doc, request.patch) :
			patches(request.old, request.new);

		process.stdout.write(JSON.stringify(answer) + "\n");
	});
