// Every client library that we know to be in use, against the real server: connect, a thousand
// messages, a kill, recovery. The rows are in `matrix/rows.js`, the story in `matrix/story.js`.

import { after, describe, test } from "node:test";

import { rows, title } from "./matrix/rows.js";
import { story } from "./matrix/story.js";
import { print } from "./matrix/report.js";

/** Rows at a time; most of a row is waiting for a client's own back-off. */
const ABREAST = 6;

describe("matrix", { concurrency: ABREAST }, () => {
  const seen = new Map();
  after(() => print(rows, seen));
  for (const row of rows) {
    test(`${title(row)}: connects, receives in order, survives a kill`, async () => {
      const notes = {};
      seen.set(row, notes);
      await story(row, (step, what) => {
        notes[step] = what;
      });
      notes.passed = true;
    });
  }
});
