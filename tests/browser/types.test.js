/**
 * The types that the desk's comments claim, checked by the TypeScript compiler. Nothing is compiled to run.
 */
import assert from "node:assert/strict";
import {spawnSync} from "node:child_process";
import {test} from "node:test";
import {fileURLToPath} from "node:url";

test("types in the desk's comments hold", () => {
    const here = fileURLToPath(new URL(".", import.meta.url));
    const {status, stdout} = spawnSync(process.execPath, ["node_modules/typescript/bin/tsc", "-p", "tsconfig.json"], {cwd: here, encoding: "utf8"});
    assert.equal(status, 0, stdout);
});
