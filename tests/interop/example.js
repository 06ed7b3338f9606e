// A program of `examples/` as a child process: on a free port, killed by its pid.

import { spawn } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const here = path.dirname(fileURLToPath(import.meta.url));
const binaries = path.dirname(process.env.ENCKE_BIN ?? path.join(here, "../../target/debug/encke"));
const START_LIMIT_MS = 20_000;

export class Example {
  #child;

  /** Starts it and resolves when it listens; `url` is that of its Bayeux endpoint. */
  static async start(name) {
    const example = new Example();
    const binary = path.join(binaries, "examples", name);
    example.#child = spawn(binary, ["127.0.0.1:0"], { stdio: ["ignore", "pipe", "inherit"] });
    example.url = await new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`${name} does not listen`)), START_LIMIT_MS);
      example.#child.once("error", (error) => reject(new Error(`cannot start ${binary}: ${error.message}`)));
      example.#child.once("exit", (code, signal) => reject(new Error(`${name} ended with ${code ?? signal}`)));
      // Read to the end, or the program would block on a full pipe.
      createInterface({ input: example.#child.stdout }).on("line", (line) => {
        const found = line.match(/listening on (http:\/\/\S+)/);
        if (found) {
          clearTimeout(timer);
          resolve(found[1]);
        }
      });
    });
    return example;
  }

  async stop() {
    const gone = once(this.#child, "exit");
    this.#child.kill("SIGKILL");
    await gone;
  }
}
