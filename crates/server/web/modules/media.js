/**
 * The media of interactions as the desk knows them: one row for each, and a new medium is a new row.
 *
 * Owns the names that differ between media: paths, members of notifications, message types, final states, what buttons
 * ask for. Knows nothing of the network and of the page. What the server does not have is left out of what is read, so
 * a row may be ahead of the server.
 *
 * @typedef {import("./desk-state.js").Interaction} Interaction
 * @typedef {import("./desk-state.js").Resource} Resource
 *
 * @typedef {object} Operation a button of the interaction's card; shown while `capabilities` lists it
 * @property {string} name `operationName`
 * @property {string} label
 * @property {"answer" | "hangup" | "leave" | "done"} icon
 * @property {string} [look] class of the button
 * @property {"accept"} [shortcut] pressed by the key that answers calls
 * @property {(agent: import("./session.js").Agent) => Record<string, unknown>} [parameters]
 *
 * @typedef {object} Medium
 * @property {string} key of the row, and `data-medium` of its cards
 * @property {string} word what a person calls it, in the middle of a sentence
 * @property {string} collection below `/api/v2/me/`, and the subresource of `/api/v2/me`
 * @property {string[]} lists members of that answer that may hold them; spellings differ between editions
 * @property {string[]} members of a notification that may hold the resource
 * @property {string[]} stateMessages `messageType` of a notification with a whole resource
 * @property {string[]} transcriptPaths members of `MessageLogUpdated` that may name the resource; empty: no transcript
 * @property {string[]} finalStates after which nothing more can happen
 * @property {{name: string, by: "key" | "keys"}} deletes the operation that deletes one pair, and its parameter
 * @property {string | null} writes the operation that sends a text; null: nothing can be written
 * @property {Operation[]} operations in the order of the buttons; calls have a card of their own and none here
 * @property {string} reference what the id at the foot of a card is called
 * @property {string | null} simulated path below `/sim/v1/` where the customer of one acts; null: no customer
 * @property {(interaction: Interaction) => string} title who or what it is with
 * @property {(resource: Resource) => string[]} detail what stands beside the state
 */

/** @type {Medium} */
export const CALL = {
    key: "call",
    word: "call",
    collection: "calls",
    lists: ["calls"],
    members: ["call"],
    stateMessages: ["CallStateChangeMessage"],
    transcriptPaths: [],
    finalStates: ["Released", "Completed"],
    deletes: {name: "DeleteUserDataPair", by: "key"},
    writes: null,
    operations: [],
    reference: "ConnID",
    simulated: "calls",
    title: () => "Call",
    detail: ({callType}) => [callType].filter(Boolean),
};

/** @type {Medium} */
export const SMS = {
    key: "sms",
    word: "SMS",
    collection: "smsessions",
    lists: ["smsessions", "smssessions"],
    members: ["smsession", "smssession"],
    stateMessages: ["SMSsessionStateChangeMessage"],
    transcriptPaths: ["smsessionPath", "smssessionPath"],
    finalStates: ["Completed"],
    deletes: {name: "DeleteUserData", by: "keys"},
    writes: "SendMessage",
    operations: conversationOperations(),
    reference: "Session",
    simulated: "smssessions",
    title: (interaction) => customerOf(interaction) ?? "SMS",
    detail: () => ["SMS"],
};

/** @type {ReadonlyArray<Medium>} */
export const MEDIA = Object.freeze([CALL, SMS]);

/**
 * The medium of a notification with a whole resource, and the resource.
 *
 * @param {Record<string, any>} data
 * @returns {{medium: Medium, resource: Resource} | null}
 */
export function resourceOf(data) {
    const medium = MEDIA.find(({stateMessages}) => stateMessages.includes(data.messageType));
    const resource = medium?.members.map((member) => data[member]).find(Boolean);
    return medium && resource?.id ? {medium, resource} : null;
}

/**
 * The id of the interaction whose transcript a notification goes on with.
 *
 * @param {Record<string, any>} data
 * @returns {string | null}
 */
export function transcriptIdOf(data) {
    if (data.messageType !== "MessageLogUpdated") {
        return null;
    }
    const path = MEDIA.flatMap(({transcriptPaths}) => transcriptPaths).map((member) => data[member]).find(Boolean);
    return typeof path === "string" ? path.slice(path.lastIndexOf("/") + 1) : null;
}

/**
 * All that an answer to `GET /api/v2/me` lists, each with its medium.
 *
 * @param {Record<string, any>} user
 * @returns {Array<{medium: Medium, resource: Resource}>}
 */
export function resourcesOf(user) {
    return MEDIA.flatMap((medium) => medium.lists
        .flatMap((list) => user[list] ?? [])
        .map((/** @type {Resource} */ resource) => ({medium, resource})));
}

/**
 * The customer's name, also after the customer left.
 *
 * @param {Interaction} interaction
 * @returns {string | null}
 */
function customerOf({resource, transcript}) {
    const isCustomer = (/** @type {any} */ who) => who?.type === "Customer" && who.nickname;
    const customer = (resource.participants ?? []).find(isCustomer) ?? transcript.map(({from}) => from).find(isCustomer);
    return customer?.nickname ?? null;
}

/**
 * What an agent does with a conversation.
 *
 * @returns {Operation[]}
 */
function conversationOperations() {
    return [
        {name: "Accept", label: "Accept", icon: "answer", look: "primary", shortcut: "accept", parameters: ({name}) => ({nickname: name})},
        {name: "Reject", label: "Reject", icon: "hangup", look: "danger"},
        {name: "Leave", label: "Leave", icon: "leave"},
        {name: "Complete", label: "Complete", icon: "done"},
    ];
}
