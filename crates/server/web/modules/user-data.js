/**
 * What changed between two states of a user-data map, and how values are written.
 *
 * A notification carries the whole map and does not say which key changed, so the desk compares. Pure: no DOM, no
 * clock. A key that the call holds twice arrives as its last value, since that is what JSON.parse keeps.
 *
 * @typedef {Record<string, unknown>} UserData
 * @typedef {{kind: "added" | "changed" | "removed", before?: unknown, after?: unknown}} PairChange
 */

/**
 * Compares two maps. Keys that kept their value are not in the answer.
 *
 * @param {UserData} before
 * @param {UserData} after
 * @returns {Map<string, PairChange>}
 */
export function compareUserData(before, after) {
    /** @type {Map<string, PairChange>} */
    const changes = new Map();
    for (const [key, value] of Object.entries(after)) {
        if (!Object.hasOwn(before, key)) {
            changes.set(key, {kind: "added", after: value});
        } else if (JSON.stringify(before[key]) !== JSON.stringify(value)) {
            changes.set(key, {kind: "changed", before: before[key], after: value});
        }
    }
    for (const [key, value] of Object.entries(before)) {
        if (!Object.hasOwn(after, key)) {
            changes.set(key, {kind: "removed", before: value});
        }
    }
    return changes;
}

/**
 * The value as a person reads it: strings bare, everything else as JSON.
 *
 * @param {unknown} value
 * @returns {string}
 */
export function readableValue(value) {
    return typeof value === "string" ? value : JSON.stringify(value);
}

/**
 * The JSON type of a value, in the words of the JSON specification.
 *
 * @param {unknown} value
 * @returns {"string" | "number" | "boolean" | "null" | "array" | "object"}
 */
export function jsonType(value) {
    if (value === null) {
        return "null";
    }
    if (Array.isArray(value)) {
        return "array";
    }
    return /** @type {"string" | "number" | "boolean" | "object"} */ (typeof value);
}

/**
 * The JSON text of a typed value. Text becomes a JSON string; JSON is checked and then passed on as it was typed, so
 * that `1.10` and integers beyond 2^53 reach the server digit for digit.
 *
 * @param {string} typed
 * @param {"text" | "json"} as
 * @returns {string}
 * @throws {SyntaxError} when `as` is "json" and the text is none
 */
export function valueAsJson(typed, as) {
    if (as === "text") {
        return JSON.stringify(typed);
    }
    JSON.parse(typed);
    return typed.trim();
}

/**
 * A JSON object text out of names and JSON texts, in the order given.
 *
 * @param {Array<[string, string]>} members
 * @returns {string}
 */
export function jsonObject(members) {
    return `{${members.map(([name, json]) => `${JSON.stringify(name)}:${json}`).join(",")}}`;
}
