/**
 * The media of interactions as the desk knows them: one row for each, and a new medium is a new row.
 *
 * Owns the names that differ between media: paths, members of notifications, message types, final states, what cards
 * show and ask for. Knows nothing of the network and of the page. What the server does not have is left out of what is
 * read, so a row may be ahead of the server.
 *
 * @typedef {import("./desk-state.js").Interaction} Interaction
 * @typedef {import("./desk-state.js").Resource} Resource
 * @typedef {import("./operation-form.js").Form} Form
 * @typedef {import("./media-outside.js").Customer} Customer
 *
 * @typedef {object} Capability
 * @property {string} name `operationName`; possible while `capabilities` lists it
 * @property {string} [listedAs] or this, where no known server lists the operation itself
 *
 * @typedef {Capability & {
 *   label: string,
 *   icon: import("./icon.js").IconName,
 *   look?: string,
 *   shortcut?: "accept",
 *   parameters?: (agent: import("./session.js").Agent) => Record<string, unknown>,
 * }} Operation a button of the card: `look` is a class, `shortcut` the key that answers calls
 *
 * @typedef {object} Transcript
 * @property {string} messageType of the notifications that go on with it
 * @property {string[]} paths their members that may name the resource
 *
 * @typedef {object} Medium
 * @property {string} key of the row, `data-medium` of its cards, and its name at the simulator
 * @property {string} word what a person calls it, before its title in the middle of a sentence
 * @property {(resource: Resource) => string} collection below `/api/v2/me/`
 * @property {string} subresource of `/api/v2/me`
 * @property {string[]} lists members of that answer that may hold them; spellings differ between editions
 * @property {string[]} members of a notification that may hold the resource
 * @property {string} stateMessage `messageType` of a notification with a whole resource
 * @property {Transcript | null} transcript null: nobody talks
 * @property {string[]} finalStates after which nothing more can happen
 * @property {{name: string, by: "key" | "keys", all: "without" | "keys" | "each"}} deletes the operation that deletes one pair,
 *     its parameter, and how all are deleted: by `DeleteUserData` without a parameter, by naming all, by naming each in turn
 * @property {string | null} writes the operation that sends a text; null: nothing can be written
 * @property {Operation[]} operations in the order of the buttons; calls have a card of their own and none here
 * @property {Form[]} forms what wants a line of text first, in the order of the buttons after these
 * @property {string} reference what the id at the foot of a card is called
 * @property {Customer | null} customer what the panel Outside does as the other side; null: calls have forms of their own
 * @property {(interaction: Interaction) => string} title who or what it is about
 * @property {(resource: Resource) => string[]} detail what stands beside the state
 * @property {(resource: Resource) => Array<[string, string]>} facts what it says about itself, by name
 * @property {(resource: Resource) => string} body its text, where it is no conversation
 */
import {dateText} from "./duration.js";
import {DEFERRED_WORK, disposition, LINK, TALK, TRANSFER, TRANSFER_OR_ADD, WORK} from "./media-operations.js";
import * as customers from "./media-outside.js";

/** @type {Medium} */
export const CALL = {
    key: "call",
    word: "call with",
    collection: () => "calls",
    subresource: "calls",
    lists: ["calls"],
    members: ["call"],
    stateMessage: "CallStateChangeMessage",
    transcript: null,
    finalStates: ["Released", "Completed"],
    deletes: {name: "DeleteUserDataPair", by: "key", all: "without"},
    writes: null,
    operations: [],
    forms: [],
    reference: "ConnID",
    customer: null,
    title: () => "Call",
    detail: ({callType}) => [callType].filter(Boolean),
    facts: () => [],
    body: () => "",
};

/** @type {Medium} */
export const SMS = {
    ...CALL,
    key: "sms",
    word: "SMS with",
    collection: () => "smsessions",
    subresource: "smsessions",
    lists: ["smsessions", "smssessions"],
    members: ["smsession", "smssession"],
    stateMessage: "SMSsessionStateChangeMessage",
    transcript: {messageType: "MessageLogUpdated", paths: ["smsessionPath", "smssessionPath"]},
    finalStates: ["Completed", "Revoked"],
    deletes: {name: "DeleteUserData", by: "keys", all: "keys"},
    writes: "SendMessage",
    operations: TALK,
    forms: [TRANSFER_OR_ADD, LINK, disposition()],
    reference: "Session",
    customer: customers.SMS,
    title: (interaction) => customerOf(interaction) ?? "SMS",
    detail: () => ["SMS"],
};

/** @type {Medium} */
const CHAT = {
    ...SMS,
    key: "chat",
    word: "chat with",
    collection: () => "chats",
    subresource: "chats",
    lists: ["chats"],
    members: ["chat"],
    stateMessage: "ChatStateChangeMessage",
    transcript: {messageType: "MessageLogUpdated", paths: ["chatPath"]},
    reference: "Chat",
    customer: customers.CHAT,
    title: (interaction) => customerOf(interaction) ?? "Chat",
    detail: () => ["Chat"],
};

/** @type {Medium} */
const FACEBOOK = {
    ...SMS,
    key: "facebook",
    word: "Facebook session with",
    collection: () => "facebooksession",
    subresource: "facebooksessions",
    lists: ["facebooksessions"],
    members: ["facebooksession"],
    stateMessage: "FacebooksessionStateChangeMessage",
    transcript: {messageType: "MessageLogUpdated", paths: ["facebooksessionPath"]},
    forms: [TRANSFER, LINK, disposition()],
    customer: customers.FACEBOOK,
    title: (interaction) => customerOf(interaction) ?? "Facebook",
    detail: () => ["Facebook"],
    facts: ({comment}) => present([["Comment", comment]]),
};

/** @type {Medium} */
const IM = {
    ...SMS,
    key: "im",
    word: "instant messages with",
    collection: () => "im-sessions",
    subresource: "imSessions",
    lists: ["imSessions"],
    members: ["imSession"],
    stateMessage: "IMSessionStateChangeMessage",
    transcript: {messageType: "IMLogUpdateMessage", paths: ["imSessionPath"]},
    deletes: {name: "DeleteUserData", by: "key", all: "each"},
    operations: TALK,
    forms: [],
    customer: customers.IM,
    title: (interaction) => interaction.resource.participants?.[0]?.phoneNumber ?? customerOf(interaction) ?? "Instant messages",
    detail: () => ["Instant messages"],
};

/** @type {Medium} */
const EMAIL = {
    ...SMS,
    key: "email",
    word: "e-mail about",
    collection: () => "emails",
    subresource: "emails",
    lists: ["emails"],
    members: ["email"],
    stateMessage: "EmailStateChangeMessage",
    transcript: null,
    writes: null,
    operations: WORK,
    forms: [TRANSFER, disposition("Transfer")],
    reference: "E-mail",
    customer: customers.EMAIL,
    title: ({resource}) => resource.subject ?? "E-mail",
    detail: () => ["E-mail"],
    facts: ({from, to, receivedDate}) => present([["From", from], ["To", to], ["Received", dateText(receivedDate)]]),
    body: ({text}) => text ?? "",
};

/** @type {Medium} */
const WORKITEM = {
    ...EMAIL,
    key: "workitem",
    word: "work item about",
    collection: () => "workitems",
    subresource: "workitems",
    lists: ["workitems"],
    members: ["workitem"],
    stateMessage: "WorkitemStateChangeMessage",
    operations: DEFERRED_WORK,
    reference: "Work item",
    customer: customers.WORKITEM,
    title: ({resource}) => resource.subject ?? "Work item",
    detail: () => ["Work item"],
    facts: ({receivedDate}) => present([["Received", dateText(receivedDate)]]),
    body: () => "",
};

/** @type {Medium} */
const OPENMEDIA = {
    ...WORKITEM,
    key: "openmedia",
    word: "open media of type",
    collection: ({mediaType}) => `openmedia/${encodeURIComponent(mediaType)}`,
    subresource: "openmedia",
    lists: ["openmedia"],
    members: ["openmedia"],
    stateMessage: "OpenmediaStateChangeMessage",
    operations: WORK,
    forms: [TRANSFER],
    reference: "Open media",
    customer: customers.OPENMEDIA,
    title: ({resource}) => resource.mediaType ?? "Open media",
    detail: () => ["Open media"],
    facts: ({openmediaType, receivedDate}) => present([["Type", openmediaType], ["Received", dateText(receivedDate)]]),
};

/** @type {Medium} */
const TWITTER = {
    ...EMAIL,
    key: "twitter",
    word: "message on",
    collection: () => "twitter",
    subresource: "twitters",
    lists: ["twitters"],
    members: ["twitter"],
    stateMessage: "TwitterStateChangeMessage",
    reference: "Message",
    customer: customers.TWITTER,
    title: () => "Twitter",
    detail: ({twitterType}) => [twitterType].filter(Boolean),
    facts: ({receivedDate}) => present([["Received", dateText(receivedDate)]]),
};

/** @type {ReadonlyArray<Medium>} */
export const MEDIA = Object.freeze([CALL, SMS, CHAT, EMAIL, WORKITEM, OPENMEDIA, IM, FACEBOOK, TWITTER]);

/**
 * @param {Capability} capability
 * @param {Set<string>} can what `capabilities` lists
 * @returns {boolean}
 */
export function isPossible({name, listedAs}, can) {
    return can.has(name) || (listedAs !== undefined && can.has(listedAs));
}

/**
 * The medium of a notification with a whole resource, and the resource.
 *
 * @param {Record<string, any>} data
 * @returns {{medium: Medium, resource: Resource} | null}
 */
export function resourceOf(data) {
    const medium = MEDIA.find(({stateMessage}) => stateMessage === data.messageType);
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
    const path = MEDIA.flatMap(({transcript}) => transcript?.messageType === data.messageType ? transcript?.paths ?? [] : [])
        .map((member) => data[member]).find(Boolean);
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
 * @param {Array<[string, unknown]>} facts
 * @returns {Array<[string, string]>} those that have a value
 */
function present(facts) {
    return facts.flatMap(([name, value]) => typeof value === "string" && value !== "" ? [/** @type {[string, string]} */ ([name, value])] : []);
}
