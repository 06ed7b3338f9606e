// What `docs/INTEROP.md` says of the matrix is what the matrix is, and every version in it is the
// one that is installed.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { table, written } from "./matrix/doc.js";
import { rows } from "./matrix/rows.js";

test("docs/INTEROP.md shows the rows of the matrix (`npm run doc` writes them)", () => {
  assert.equal(written(), table());
});

test("rows name the versions that are pinned", () => {
  const { devDependencies } = JSON.parse(readFileSync(new URL("package.json", import.meta.url), "utf8"));
  const python = readFileSync(new URL("drivers/requirements.txt", import.meta.url), "utf8");
  const pinned = new Map(python.split("\n").map((line) => line.split("==")));
  for (const { package: name, version } of rows) {
    const found = devDependencies[name]?.split("@").at(-1) ?? pinned.get(name);
    assert.equal(found, version, name);
  }
});
