/**
 * A browser that can be put to sleep as a laptop's lid does it: every process of it stops where it stands, and goes on
 * much later as if nothing had been.
 */
import {readFile, readdir} from "node:fs/promises";
import {chromium} from "playwright-core";
import {options} from "./browser.js";

export class Sleeper {
    /** @type {import("playwright-core").Browser} */
    browser;
    #server;

    static async launch() {
        const sleeper = new Sleeper();
        sleeper.#server = await chromium.launchServer(options());
        sleeper.browser = await chromium.connect(sleeper.#server.wsEndpoint());
        return sleeper;
    }

    /** Nothing may be asked of the browser until it wakes. */
    async sleep() {
        const stopped = await this.#signal("SIGSTOP");
        if (stopped < 3) {
            throw new Error(`a browser of ${stopped} processes`);
        }
    }

    async wake() {
        await this.#signal("SIGCONT");
    }

    async close() {
        await this.wake();
        await this.#server.close();
    }

    /** Sends a signal to every process of the browser; how many there are. */
    async #signal(signal) {
        const family = await descendants(this.#server.process().pid);
        for (const pid of family) {
            try {
                process.kill(pid, signal);
            } catch (error) {
                // A process that nobody needed any more may have ended meanwhile.
                if (error.code !== "ESRCH") {
                    throw error;
                }
            }
        }
        return family.length;
    }
}

/** A process and all that come from it, the oldest first. */
async function descendants(first) {
    const parents = new Map();
    for (const name of await readdir("/proc")) {
        if (/^\d+$/.test(name)) {
            // The name in parentheses may hold anything; after it come the state and the parent.
            const stat = await readFile(`/proc/${name}/stat`, "utf8").catch(() => "");
            parents.set(Number(name), Number(/^.*\) \S (\d+)/s.exec(stat)?.[1]));
        }
    }
    const family = [first];
    for (const parent of family) {
        family.push(...[...parents].filter(([, of]) => of === parent).map(([pid]) => pid));
    }
    return family;
}
