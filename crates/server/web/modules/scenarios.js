/**
 * The scenario player of the simulator: what can be played, what is playing, and how far it is.
 *
 * @typedef {{name: string, title: string, duration: number}} Scenario `duration` in seconds
 * @typedef {{state: "running" | "ended", seed: number, at: number, done: number, failed: number, passed: number, steps: number}} Progress `at` in
 *   seconds of the scenario; steps are done, were refused, or were passed over
 */
import {Refused, Rest} from "./rest.js";

const PATH = "/sim/v1/scenarios";
const NOT_FOUND = 404;

const rest = new Rest(null);

/**
 * What can be played, and the ids of what is playing.
 *
 * @returns {Promise<{scenarios: Scenario[], running: string[]} | null>} null where there is no player
 * @throws {Refused} when the server says anything else
 */
export async function scenarios() {
    const answer = await unlessGone(rest.get(PATH));
    return answer && {
        scenarios: answer.builtIn,
        running: answer.running.filter((/** @type {any} */ {state}) => state === "running").map((/** @type {any} */ {id}) => id),
    };
}

/**
 * @param {{name: string, seed?: number, speed?: number}} wanted without a seed, the server draws one
 * @returns {Promise<string>} its id
 * @throws {Refused}
 */
export async function play(wanted) {
    return (await rest.post(PATH, wanted)).id;
}

/**
 * @param {string} id
 * @returns {Promise<Progress | null>} null once the server has forgotten it
 * @throws {Refused}
 */
export async function progressOf(id) {
    return unlessGone(rest.get(`${PATH}/${encodeURIComponent(id)}`));
}

/**
 * @param {string} id
 * @throws {Refused}
 */
export async function stop(id) {
    await unlessGone(rest.delete(`${PATH}/${encodeURIComponent(id)}`));
}

/**
 * @param {Promise<any>} asked
 * @returns {Promise<any | null>}
 */
async function unlessGone(asked) {
    try {
        return await asked;
    } catch (error) {
        if (error instanceof Refused && error.httpStatus === NOT_FOUND) {
            return null;
        }
        throw error;
    }
}
