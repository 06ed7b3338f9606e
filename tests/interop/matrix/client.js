// A client library in a process of its own, obeying a driver: `drivers/wire.js` says how they talk.

import { spawn } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const PATIENCE_MS = 30_000;
const LOG_LINES = 60;
const here = path.dirname(fileURLToPath(import.meta.url));
const drivers = path.join(here, "../drivers");
const python = process.env.ENCKE_PYTHON ?? path.join(here, "../../../target/xtask/python/bin/python");

export class Client {
  /** Everything the driver told, in order. */
  told = [];
  /** The `data` of every message, in order of arrival. */
  received = [];
  #child;
  #log = [];
  #waiting = new Set();

  /** Starts a driver: the name of its file, with what it needs to know. */
  constructor([file, ...words]) {
    const [program, flags] = file.endsWith(".py") ? [python, ["-X", "utf8"]] : [process.execPath, ["--no-warnings"]];
    this.#child = spawn(program, [...flags, path.join(drivers, file), ...words], {
      stdio: ["pipe", "pipe", "pipe", "pipe"],
    });
    this.#child.once("error", (error) => {
      this.#note(`cannot start ${program}, which \`cargo xtask interop\` sets up: ${error.message}`);
      this.#hear({ told: "exit" });
    });
    this.#child.once("close", (code, signal) => this.#hear({ told: "exit", code, signal }));
    this.#child.stdin.on("error", () => {});
    const [, stdout, stderr, wire] = this.#child.stdio;
    for (const stream of [stdout, stderr]) createInterface({ input: stream }).on("line", (line) => this.#note(line));
    createInterface({ input: wire }).on("line", (line) => this.#hear(JSON.parse(line)));
  }

  order(name, more = {}) {
    this.#child.stdin.write(`${JSON.stringify({ do: name, ...more })}\n`);
  }

  /** Resolves with the `count`-th thing told under this name, once it was told. */
  async toldOf(name, count = 1) {
    const told = () => this.told.filter((thing) => thing.told === name)[count - 1];
    await this.until(`"${name}", time ${count}`, told);
    return told();
  }

  /** Resolves when `seen` is true; fails with what the client did instead. */
  until(what, seen) {
    return new Promise((resolve, reject) => {
      const done = (settle, value) => {
        clearTimeout(timer);
        this.#waiting.delete(look);
        settle(value);
      };
      const look = () => {
        if (seen()) done(resolve);
        else if (this.#gone()) done(reject, this.#failure(`${what}: the client ended before`));
      };
      const timer = setTimeout(() => done(reject, this.#failure(`${what}: not in time`)), PATIENCE_MS);
      this.#waiting.add(look);
      look();
    });
  }

  async stop() {
    if (this.#child.pid !== undefined && this.#child.exitCode === null && this.#child.signalCode === null) {
      const gone = once(this.#child, "exit");
      this.#child.kill("SIGKILL");
      await gone;
    }
  }

  #hear(thing) {
    if (thing.told === "message") this.received.push(thing.data);
    else this.told.push(thing);
    for (const look of [...this.#waiting]) look();
  }

  #note(line) {
    this.#log.push(line);
    if (this.#log.length > LOG_LINES) this.#log.shift();
  }

  #gone() {
    return this.told.at(-1)?.told === "exit";
  }

  #failure(what) {
    const told = this.told.slice(-8).map((thing) => JSON.stringify(thing));
    const last = JSON.stringify(this.received.slice(-3));
    const seen = [`${this.received.length} messages, the last ${last}`, ...told, "its own output:", ...this.#log];
    return new Error(`${what}\n${seen.join("\n")}`);
  }
}
