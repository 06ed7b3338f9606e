/**
 * A laptop that sleeps for longer than its session lives. When it wakes, the page shows its user every number published
 * meanwhile, in order, whatever became of its connections.
 */
import assert from "node:assert/strict";
import {mkdtemp, rm, writeFile} from "node:fs/promises";
import {tmpdir} from "node:os";
import {join} from "node:path";
import {after, before, describe, test} from "node:test";
import {setTimeout as pause} from "node:timers/promises";
import {beganAgainOnlyWhenNeeded, expiries} from "./expiries.js";
import {Reader, settings} from "./reader.js";
import {startServer} from "./server.js";
import {Site} from "./site.js";
import {Sleeper} from "./sleeper.js";

const SOME = 50;
const MAX_INTERVAL_MS = 2000;
/** How much longer it sleeps than its session lives. */
const LONGER_MS = 1000;
const PATIENCE_MS = 20_000;

describe("a laptop that sleeps for longer than its session lives", () => {
    let folder;
    let server;
    let sleeper;

    before(async () => {
        folder = await mkdtemp(join(tmpdir(), "encke-sleep-"));
        const config = join(folder, "encke.toml");
        await writeFile(config, settings(MAX_INTERVAL_MS));
        [sleeper, server] = await Promise.all([Sleeper.launch(), startServer({config})]);
    });

    after(async () => {
        await sleeper?.close();
        await server?.stop();
        await rm(folder, {recursive: true, force: true});
    });

    for (const transport of ["long-polling", "websocket"]) {
        for (const network of ["waits for it", "forgets its connections"]) {
            test(`misses nothing over ${transport} where the network ${network}`, async () => {
                const site = await Site.before(server.url);
                const expiredBefore = await expiries(server);
                let reader;
                try {
                    reader = await Reader.open(sleeper.browser, site, {replay: "", transport});
                    await reader.publish(server, SOME);
                    await reader.showsAll();
                    const begun = await reader.seen();
                    assert.equal(begun.transport, transport);

                    await sleeper.sleep();
                    await reader.publish(server, SOME);
                    if (network === "forgets its connections") {
                        site.cut();
                    }
                    await reader.publish(server, SOME);
                    await sessionsEnded(server);
                    await reader.publish(server, SOME);
                    await pause(LONGER_MS);
                    await sleeper.wake();

                    await reader.subscribes(2);
                    await reader.publish(server, SOME);
                    await reader.showsAll();
                    const seen = await reader.seen();
                    assert.equal(seen.transport, transport);
                    assert.equal(seen.sessions[0], begun.sessions[0]);
                    beganAgainOnlyWhenNeeded(seen, await expiries(server) - expiredBefore);
                } finally {
                    await sleeper.wake();
                    await reader?.close();
                    await site.close();
                }
            });
        }
    }
});

async function sessionsEnded(server) {
    const deadline = Date.now() + PATIENCE_MS;
    for (;;) {
        const metrics = await (await fetch(`${server.url}/metrics`)).text();
        const sessions = /^encke_sessions\{endpoint="cometd"\} (\d+)$/m.exec(metrics);
        if (sessions?.[1] === "0") {
            return;
        }
        assert.ok(Date.now() < deadline, `sessions: ${sessions?.[1]}`);
        await pause(20);
    }
}
