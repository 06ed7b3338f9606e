/**
 * The guided minute, step by step: what is said, where it points, how it is known that it was done, and how it is done
 * for whom would rather watch.
 *
 * Pure looking: a step is done when the desks show that it is, whoever did it and however.
 *
 * @typedef {import("./session.js").AgentSession} AgentSession
 * @typedef {import("./desk-state.js").Interaction} Interaction
 * @typedef {import("./views.js").View} View
 * @typedef {{alice: AgentSession, bob: AgentSession}} Desks
 *
 * @typedef {object} Step
 * @property {string} title
 * @property {string} text
 * @property {View} view where it happens
 * @property {string} at selector of what it points to
 * @property {string} label of the button that does it, or goes on
 * @property {(desks: Desks) => boolean} [possible] false: something before it came undone, and the guide goes back
 * @property {(desks: Desks) => boolean} [done] none: the person says so
 * @property {(desks: Desks) => Promise<unknown>} [work] none: the button goes on
 */
import {CALL} from "./media.js";
import {placeCall} from "./simulator.js";

const KEY = "AccountNumber";
const VALUE = "12345";

const ALICE = '.pane[data-user="alice"]';
const BOB = '.pane[data-user="bob"]';
const LIVE_CALL = '.card[data-medium="call"]:not(.ended)';

/** @type {ReadonlyArray<Step>} */
export const STEPS = Object.freeze([
    {
        title: "Ring Bob",
        text: "You sit at Alice\u2019s desk. Dial 15001, which is Bob.",
        view: "0",
        at: `${ALICE} .dial, ${ALICE} .colleagues`,
        label: "Dial for me",
        done: (desks) => shared(desks) !== undefined,
        work: ({alice, bob}) => alice.dial(bob.agent.dn),
    },
    {
        title: "Answer as Bob",
        text: "It rings on Bob\u2019s desk. Nobody reloaded anything: Encke pushed it there.",
        view: "1",
        at: `${BOB} ${LIVE_CALL} .card-head + .controls`,
        label: "Answer for me",
        possible: (desks) => shared(desks) !== undefined,
        done: (desks) => shared(desks)?.bob.resource.state !== "Ringing",
        work: async (desks) => {
            const call = shared(desks);
            if (call) {
                await desks.bob.operate(call.bob, "Answer");
            }
        },
    },
    {
        title: "Attach something to the call",
        text: "Back at Alice\u2019s desk: type a key and a value below \u201cUser data\u201d and press Attach.",
        view: "0",
        at: `${ALICE} ${LIVE_CALL} .pair-form`,
        label: "Attach for me",
        possible: (desks) => shared(desks) !== undefined,
        done: (desks) => Object.keys(shared(desks)?.alice.resource.userData ?? {}).length > 0,
        work: async (desks) => {
            const call = shared(desks);
            if (call) {
                await desks.alice.putPair(call.alice, "AttachUserData", KEY, JSON.stringify(VALUE));
            }
        },
    },
    {
        title: "There it is, on Bob\u2019s desk",
        text: "Every desk that has the call was told, once and in order. Change it on one: it lights up on the other. The event log below shows the raw notification.",
        view: "1",
        at: `${BOB} ${LIVE_CALL} .user-data`,
        label: "Next",
        possible: (desks) => shared(desks) !== undefined,
    },
    {
        title: "Be the customer",
        text: "In \u201cOutside\u201d customers call, chat and mail. Place a call and see it ring at Alice\u2019s desk.",
        view: "outside",
        at: ".outside form[aria-label=\"Call in\"]",
        label: "Call for me",
        done: ({alice, bob}) => [alice, bob].some((session) => calls(session).some(({resource}) => resource.callType === "Inbound")),
        work: ({alice}) => placeCall({to: alice.agent.dn, from: "+15550100", userData: {Reason: "Delivery"}}),
    },
    {
        title: "That is Encke",
        text: "Answer the customer, hold, transfer, add Carol: every button is one request of the API that real desktops use, and the event logs show them all.",
        view: "0",
        at: `${ALICE} .card:first-child:not(.ended) .card-head + .controls`,
        label: "Finish",
    },
]);

/**
 * The call that both have on their desks, as each of them sees it.
 *
 * @param {Desks} desks
 * @returns {{alice: Interaction, bob: Interaction} | undefined}
 */
function shared({alice, bob}) {
    for (const call of calls(alice)) {
        const other = calls(bob).find(({id}) => id === call.id);
        if (other) {
            return {alice: call, bob: other};
        }
    }
}

/**
 * @param {AgentSession} session
 * @returns {Interaction[]}
 */
function calls(session) {
    return session.state.list().filter(({medium, endedAt}) => medium === CALL && endedAt === null);
}
