/**
 * The other side of each medium: what whoever begins an interaction says of it at the simulator, and can do afterwards.
 *
 * @typedef {object} Said a member of `POST /sim/v1/interactions`, and what the form has in it at first
 * @property {string} name
 * @property {string} label
 * @property {string} value
 * @property {"line" | "text"} [size] a part of a line where none is said; text has several lines
 *
 * @typedef {object} Customer
 * @property {string} label what the panel calls the medium
 * @property {Said[]} says
 * @property {boolean} talks writes messages and leaves
 * @property {boolean} links sends addresses of pages
 * @property {boolean} types tells that something is being written
 * @property {boolean} revokes it may be taken back until somebody accepts it
 */

/** @type {Customer} */
const TALKS = {label: "", says: [], talks: true, links: true, types: false, revokes: true};

/** @type {Customer} */
const HANDS_IN = {label: "", says: [], talks: false, links: false, types: false, revokes: true};

/** @type {Customer} */
export const SMS = {
    ...TALKS,
    label: "SMS",
    says: [
        {name: "from", label: "From", value: "+15550123"},
        {name: "nickname", label: "Name", value: "Johanna"},
        {name: "text", label: "Text", value: "Hello, is my order on its way?", size: "line"},
    ],
    types: true,
    revokes: false,
};

/** @type {Customer} */
export const CHAT = {
    ...TALKS,
    label: "Chat",
    says: [
        {name: "from", label: "From", value: "sam@example.com"},
        {name: "nickname", label: "Name", value: "Sam"},
        {name: "text", label: "Text", value: "Hi, I cannot sign in.", size: "line"},
    ],
    types: true,
};

/** @type {Customer} */
export const EMAIL = {
    ...HANDS_IN,
    label: "E-mail",
    says: [
        {name: "from", label: "From", value: "noor@example.com"},
        {name: "address", label: "Addressed to", value: "help@example.com"},
        {name: "subject", label: "Subject", value: "Order 4711 came without its lid", size: "line"},
        {name: "text", label: "Text", value: "Good morning,\n\nthe pot is here, its lid is not. Could you send it?\n\nNoor", size: "text"},
    ],
};

/** @type {Customer} */
export const WORKITEM = {
    ...HANDS_IN,
    label: "Work item",
    says: [
        {name: "from", label: "From", value: "billing"},
        {name: "subject", label: "Subject", value: "Check invoice 2026-118", size: "line"},
    ],
};

/** @type {Customer} */
export const OPENMEDIA = {
    ...HANDS_IN,
    label: "Open media",
    says: [
        {name: "from", label: "From", value: "+15550155"},
        {name: "mediaType", label: "Media type", value: "fax"},
        {name: "openmediaType", label: "Type", value: "Inbound", size: "line"},
    ],
};

/** @type {Customer} */
export const IM = {
    ...TALKS,
    label: "Instant messages",
    says: [
        {name: "from", label: "From", value: "+15550177"},
        {name: "text", label: "Text", value: "Are you there?", size: "line"},
    ],
    links: false,
    revokes: false,
};

/** @type {Customer} */
export const FACEBOOK = {
    ...TALKS,
    label: "Facebook",
    says: [
        {name: "from", label: "From", value: "kim.k"},
        {name: "nickname", label: "Name", value: "Kim"},
        {name: "comment", label: "Comment", value: "Nice page", size: "line"},
        {name: "text", label: "Text", value: "When do you open?", size: "line"},
    ],
};

/** @type {Customer} */
export const TWITTER = {
    ...HANDS_IN,
    label: "Twitter",
    says: [
        {name: "from", label: "From", value: "@pat"},
        {name: "twitterType", label: "Type", value: "DirectMessage"},
        {name: "text", label: "Text", value: "Still waiting for my parcel.", size: "line"},
    ],
};
