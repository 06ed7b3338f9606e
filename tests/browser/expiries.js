/**
 * How often the server has given a session up because its client was silent, by the server's own count.
 *
 * A machine that stalls for longer than a session lives ends one more of them, and the client rightly begins another. So
 * a test does not say how many sessions there were, but that each one after the first took the place of one that the
 * server had ended: a client that shakes hands without need has more sessions than that.
 */
import assert from "node:assert/strict";

const EXPIRED = /^encke_sessions_expired_total\{endpoint="cometd"\} (\d+)$/m;

/**
 * @param {{url: string}} server
 * @returns {Promise<number>} since it started
 */
export async function expiries(server) {
    const metrics = await (await fetch(`${server.url}/metrics`)).text();
    const counted = EXPIRED.exec(metrics);
    assert.ok(counted, "the server counts sessions that expire");
    return Number(counted[1]);
}

/**
 * The page began again, no oftener than it had to, and missed nothing each time.
 *
 * @param {{sessions: string[], statuses: string[], gaps: unknown[]}} seen on the page
 * @param {number} expired sessions that the server gave up meanwhile
 * @param {number} [moves] new sessions that the client begins of its own accord, with another transport
 */
export function beganAgainOnlyWhenNeeded({sessions, statuses, gaps}, expired, moves = 0) {
    assert.ok(sessions.length >= 2, "the session is another");
    assert.equal(new Set(sessions).size, sessions.length, "each session is a new one");
    assert.ok(sessions.length - 1 <= expired + moves, `${sessions.length} sessions, though ${expired} were given up`);
    assert.deepEqual([statuses[0], ...new Set(statuses.slice(1))], ["new", "resumed"]);
    assert.deepEqual(gaps, []);
}
