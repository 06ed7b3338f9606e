/**
 * The outside world of the demo: `/sim/v1`, spoken without anybody's login.
 */
import {changeLeaves} from "./latency.js";
import {CALL} from "./media.js";
import {Rest} from "./rest.js";
import {typingOperation} from "./typing.js";
import {jsonObject} from "./user-data.js";

const rest = new Rest(null);

/**
 * A customer calls.
 *
 * @param {{to: string, from: string, userData?: Record<string, unknown>}} call
 * @returns {Promise<{id: string, connId: string}>}
 */
export function placeCall(call) {
    return rest.post("/sim/v1/calls", call);
}

/**
 * A customer writes, or work is handed in.
 *
 * @param {{medium: string, to: string} & Record<string, string>} interaction
 * @returns {Promise<{id: string}>}
 */
export function offer(interaction) {
    return rest.post("/sim/v1/interactions", interaction);
}

/**
 * The outside party of a call, or the customer of another interaction, acts.
 *
 * @param {{medium: import("./media.js").Medium, id: string}} party
 * @param {"Answer" | "Hangup" | "SendMessage" | "SendUrl" | "Leave" | "Revoke"} operationName
 * @param {{text?: string, url?: string}} [parameters]
 */
export function act({medium, id}, operationName, parameters = {}) {
    changeLeaves(id);
    return rest.post(`/sim/v1/${medium === CALL ? "calls" : "interactions"}/${encodeURIComponent(id)}`, {operationName, ...parameters});
}

/**
 * The customer is writing, or no longer.
 *
 * @param {string} id
 * @param {boolean} started
 */
export function tellTyping(id, started) {
    return rest.post(`/sim/v1/interactions/${encodeURIComponent(id)}`, {operationName: typingOperation(started)});
}

/**
 * Somebody who is not on the call changes its user data.
 *
 * @param {string} id
 * @param {string} thirdPartyDn
 * @param {"AttachUserData" | "UpdateUserData" | "DeleteUserDataPair" | "DeleteUserData"} operationName
 * @param {string} key
 * @param {string} json the value as JSON text
 */
export function changeAsThirdParty(id, thirdPartyDn, operationName, key, json) {
    /** @type {Array<[string, string]>} */
    const members = [["operationName", JSON.stringify(operationName)], ["thirdPartyDn", JSON.stringify(thirdPartyDn)]];
    if (operationName === "DeleteUserDataPair") {
        members.push(["key", JSON.stringify(key)]);
    } else if (operationName !== "DeleteUserData") {
        members.push(["userData", jsonObject([[key, json]])]);
    }
    changeLeaves(id);
    return rest.post(`/sim/v1/calls/${encodeURIComponent(id)}`, jsonObject(members));
}
