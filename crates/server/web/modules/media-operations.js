/**
 * What agents do with interactions: the buttons and forms of a card, as rows that media share.
 *
 * A server lists most of it in `capabilities`. Some of it works though no known server lists it, on whatever lists
 * another operation; `listedAs` names that one.
 *
 * @typedef {import("./media.js").Operation} Operation
 * @typedef {import("./operation-form.js").Form} Form
 */
import {PEOPLE} from "./people.js";

/** @type {Operation} */
const ACCEPT = {name: "Accept", label: "Accept", icon: "take", look: "primary", shortcut: "accept", parameters: ({name}) => ({nickname: name})};

/** @type {Operation} */
const REJECT = {name: "Reject", label: "Reject", icon: "close", look: "danger"};

/** @type {Operation} */
const COMPLETE = {name: "Complete", label: "Complete", icon: "done"};

/** @type {Operation[]} where people talk */
export const TALK = [{...ACCEPT, icon: "talk"}, REJECT, {name: "Leave", label: "Leave", icon: "leave"}, COMPLETE];

/** @type {Operation[]} where something is worked on */
export const WORK = [ACCEPT, REJECT, COMPLETE];

/** @type {Operation[]} where it may be put off */
export const DEFERRED_WORK = [
    ACCEPT, REJECT,
    {name: "PullFromWorkbin", label: "Take from workbin", icon: "retrieve", look: "primary"},
    {name: "PlaceInWorkbin", label: "To the workbin", icon: "hold", listedAs: "Transfer"},
    COMPLETE,
];

/** @type {Omit<Form, "label" | "ways">} */
const COLLEAGUE = {
    icon: "others",
    field: "Name of a colleague",
    placeholder: "Colleague",
    suggestions: ({user}) => PEOPLE.filter((person) => person.user !== user).map(({user: value, name}) => ({value, label: name})),
    parameters: (targetUser) => ({targetUser}),
};

/** @type {Form} several agents talk with a customer, or one after the other */
export const TRANSFER_OR_ADD = {
    ...COLLEAGUE,
    label: "Transfer or add",
    ways: [
        {name: "Transfer", label: "Transfer"},
        {name: "Invite", label: "Add"},
        {name: "Consult", label: "Ask, unseen by the customer"},
    ],
};

/** @type {Form} */
export const TRANSFER = {...COLLEAGUE, label: "Transfer", ways: [{name: "Transfer", label: "Transfer to"}]};

/** @type {Form} */
export const LINK = {
    label: "Link",
    icon: "link",
    field: "Address of a page",
    placeholder: "https://",
    input: {type: "url", maxlength: "2048"},
    ways: [{name: "SendUrl", label: "Send link", listedAs: "SendMessage"}],
    parameters: (url) => ({url}),
};

/**
 * @param {string} [listedAs]
 * @returns {Form}
 */
export function disposition(listedAs) {
    return {
        label: "Disposition",
        icon: "edit",
        field: "How it ended",
        placeholder: "How it ended",
        suggestions: () => ["Solved", "Call back", "Nobody there", "Spam"].map((value) => ({value, label: value})),
        ways: [{name: "SetDisposition", label: "Set disposition", listedAs}],
        parameters: (text) => ({disposition: text}),
    };
}
