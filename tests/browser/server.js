/**
 * A real `encke demo` of this test's own: started on a free port, ended by its process id.
 *
 * The binary is `target/debug/encke`, or what ENCKE_BIN names.
 */
import {spawn} from "node:child_process";
import {once} from "node:events";
import {fileURLToPath} from "node:url";
import readline from "node:readline";

const BINARY = process.env.ENCKE_BIN ?? fileURLToPath(new URL("../../target/debug/encke", import.meta.url));
const READY = /listening on (http:\/\/\S+)/;
const READY_WITHIN_MS = 20_000;

/**
 * @param {{listen?: string, data?: string, config?: string}} [options] `config` names a file
 * @returns {Promise<Server>}
 */
export async function startServer({listen = "127.0.0.1:0", data, config} = {}) {
    const child = spawn(BINARY, ["demo", "--listen", listen, ...(data ? ["--data", data] : []), ...(config ? ["--config", config] : [])],
        {stdio: ["ignore", "ignore", "pipe"]});
    const said = [];
    const url = await new Promise((resolve, reject) => {
        const failed = (why) => {
            child.kill("SIGKILL");
            reject(new Error(`${BINARY}: ${why}\n${said.join("\n")}`));
        };
        const deadline = setTimeout(() => failed("not ready in time"), READY_WITHIN_MS);
        child.once("error", (error) => failed(error.message));
        child.once("exit", (code) => failed(`ended with ${code}`));
        // Read to the end, or the server would block on a full pipe.
        readline.createInterface({input: child.stderr}).on("line", (line) => {
            if (said.length < 200) {
                said.push(line);
            }
            const ready = READY.exec(line);
            if (ready) {
                clearTimeout(deadline);
                child.removeAllListeners("exit");
                resolve(ready[1]);
            }
        });
    });
    return new Server(child, url);
}

class Server {
    #child;

    constructor(child, url) {
        this.#child = child;
        this.url = url;
    }

    /** Host and port, to listen on again. */
    get address() {
        return new URL(this.url).host;
    }

    /**
     * @param {NodeJS.Signals} [signal]
     */
    async stop(signal = "SIGTERM") {
        if (this.#child.exitCode === null && this.#child.signalCode === null) {
            const gone = once(this.#child, "exit");
            this.#child.kill(signal);
            await gone;
        }
    }

    /** A request as an agent. */
    async asAgent(user, path, body) {
        return this.#send(path, body, {Authorization: `Basic ${btoa(`${user}:demo`)}`});
    }

    /** A request to the simulator. */
    async outside(path, body) {
        return this.#send(`/sim/v1/${path}`, body, {});
    }

    async #send(path, body, headers) {
        const response = await fetch(this.url + path, body === undefined
            ? {headers}
            : {method: "POST", headers: {...headers, "Content-Type": "application/json"}, body: JSON.stringify(body)});
        const answer = await response.json();
        if (answer.statusCode !== 0) {
            throw new Error(`${path} answered ${response.status} ${JSON.stringify(answer)}`);
        }
        return answer;
    }
}
