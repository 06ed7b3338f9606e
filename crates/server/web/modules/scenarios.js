/**
 * The scenario player of the simulator: what can be played, what is playing, and how far it is.
 *
 * @typedef {{name: string, description: string}} Scenario
 * @typedef {{state: "running" | "ended", seed: number | string, at: number, done: number, steps: number, failed: number}} Progress `at` in seconds
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
        scenarios: (answer.scenarios ?? []).map((/** @type {any} */ one) => typeof one === "string"
            ? {name: one, description: ""}
            : {name: one.name, description: one.description ?? ""}),
        running: (answer.running ?? [])
            .filter((/** @type {any} */ one) => (one.state ?? "running") === "running")
            .map((/** @type {any} */ one) => one.id ?? one),
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
    const answer = await unlessGone(rest.get(`${PATH}/${encodeURIComponent(id)}`));
    return answer && {failed: 0, ...answer};
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
