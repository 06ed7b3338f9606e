// The real server as a child process: on a free port, killed by its pid, its data in a temporary
// folder that outlives a kill, so that a restart finds what was on disk.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const here = path.dirname(fileURLToPath(import.meta.url));
const binary = process.env.ENCKE_BIN ?? path.join(here, "../../target/debug/encke");
const START_LIMIT_MS = 20_000;
const LOG_LINES = 200;

export class Server {
  #child;
  #folder;
  #log = [];

  /** Starts `encke demo`, with settings of its own if there are any, and resolves when it listens. */
  static async start({ config = "" } = {}) {
    const server = new Server();
    server.#folder = await mkdtemp(path.join(tmpdir(), "encke-interop-"));
    await writeFile(path.join(server.#folder, "encke.toml"), config);
    await server.#spawn("127.0.0.1:0");
    return server;
  }

  /** Ends the process at once, as `kill -9` does, and waits until it is gone. */
  async kill() {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      const gone = once(this.#child, "exit");
      this.#child.kill("SIGKILL");
      await gone;
    }
  }

  /** Starts it again: same port, same data. */
  async restart() {
    await this.#spawn(new URL(this.url).host);
  }

  async stop() {
    await this.kill();
    await rm(this.#folder, { recursive: true, force: true });
  }

  /** A request to the REST API as one of the demo's people; path relative to `/api/v2/`. */
  async rest(user, method, path, body) {
    const response = await fetch(`${this.url}/api/v2/${path}`, {
      method,
      headers: { authorization: basic(user), "content-type": "application/json" },
      body: body === undefined ? undefined : typeof body === "string" ? body : JSON.stringify(body),
    });
    return { status: response.status, text: await response.text() };
  }

  /** A POST that must be answered with exactly {"statusCode":0}. */
  async operate(user, path, body) {
    const answer = await this.rest(user, "POST", path, body);
    if (answer.status !== 200 || answer.text !== '{"statusCode":0}') {
      throw new Error(`${user} POST ${path}: ${answer.status} ${answer.text}\n${this.log()}`);
    }
  }

  async get(user, path) {
    const answer = await this.rest(user, "GET", path);
    if (answer.status !== 200) throw new Error(`${user} GET ${path}: ${answer.status} ${answer.text}`);
    return JSON.parse(answer.text);
  }

  /** Dials from the user's first device; the id of the user's only call that is not released. */
  async dial(user, phoneNumber) {
    const { devices } = await this.get(user, "me/devices?fields=*");
    const body = { operationName: "Dial", destination: { phoneNumber } };
    await this.operate(user, `me/devices/${devices[0].id}/calls`, body);
    const { calls } = await this.get(user, "me/calls?fields=*");
    const live = calls.filter((call) => call.state !== "Released");
    if (live.length !== 1) throw new Error(`one call of ${user}: ${JSON.stringify(calls)}`);
    return live[0].id;
  }

  /** A POST to the simulator, path relative to `/sim/v1/`. */
  async simulate(path, body) {
    const response = await fetch(`${this.url}/sim/v1/${path}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });
    const answer = await response.json();
    if (answer.statusCode !== 0) throw new Error(`simulate ${path}: ${JSON.stringify(answer)}`);
    return answer;
  }

  log() {
    return this.#log.join("\n");
  }

  async #spawn(listen) {
    const environment = Object.fromEntries(
      Object.entries(process.env).filter(([name]) => !name.startsWith("ENCKE_")),
    );
    const data = path.join(this.#folder, "data");
    this.#child = spawn(binary, ["demo", "--listen", listen, "--data", data, "--config", "encke.toml"], {
      cwd: this.#folder,
      env: environment,
      stdio: ["ignore", "ignore", "pipe"],
    });
    this.url = await new Promise((resolve, reject) => {
      const give_up = (why) => reject(new Error(`${why}; the log:\n${this.log()}`));
      const timer = setTimeout(() => give_up("the server does not listen"), START_LIMIT_MS);
      this.#child.once("error", (error) => give_up(`cannot start ${binary}: ${error.message}`));
      this.#child.once("exit", (code) => give_up(`the server ended with ${code}`));
      createInterface({ input: this.#child.stderr }).on("line", (line) => {
        this.#log.push(line);
        if (this.#log.length > LOG_LINES) this.#log.shift();
        const found = line.match(/listening on (http:\/\/\S+)/);
        if (found) {
          clearTimeout(timer);
          resolve(found[1]);
        }
      });
    });
  }
}

/** The Authorization header of one of the demo's people, who share a password. */
export function basic(user) {
  return `Basic ${Buffer.from(`${user}:demo`).toString("base64")}`;
}
