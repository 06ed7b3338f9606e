// The rows as `docs/INTEROP.md` shows them. `node matrix/doc.js` writes them into it; a test sees
// that they are there.

import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

import { rows } from "./rows.js";
import { CUTS, MANY, MISSED } from "./story.js";

const DOC = new URL("../../../docs/INTEROP.md", import.meta.url);
const BLOCK = /(?<=<!-- rows, written by tests\/interop\/matrix\/doc\.js -->\n)[^]*?(?=<!-- end of rows -->)/;
const COLUMNS = [
  "Client",
  "Version",
  "Transport",
  "Mode",
  `${MANY} messages`,
  `${MISSED} more around a kill`,
  "Back within",
];

/** The table that belongs there. */
export function table() {
  const lines = rows.map(({ name, version, remark, transport, mode, ack, replay, backWithin }) => [
    remark ? `${name}, ${remark}` : name,
    version,
    transport,
    mode,
    ack ? `each once, in order, over ${CUTS} cut lines` : "each once, in order",
    replay ? "each once, in order" : "lost, and none comes late",
    `${backWithin} s`,
  ]);
  return [COLUMNS, COLUMNS.map(() => "---"), ...lines].map((cells) => `| ${cells.join(" | ")} |\n`).join("");
}

/** The table that is there. */
export function written() {
  const found = BLOCK.exec(readFileSync(DOC, "utf8"));
  if (!found) throw new Error("docs/INTEROP.md has no place for the rows");
  return found[0];
}

if (process.argv[1] === fileURLToPath(import.meta.url) && written() !== table()) {
  writeFileSync(DOC, readFileSync(DOC, "utf8").replace(BLOCK, table));
}
