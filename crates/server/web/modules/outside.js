/**
 * The panel "Outside": customers who call and write, and a third party that changes data of a call it is not on.
 *
 * It knows what it started itself and what the open desks show; everything it does goes through the simulator.
 *
 * @typedef {import("./session.js").AgentSession} AgentSession
 */
import {element, field} from "./element.js";
import {OutsideBegin} from "./outside-begin.js";
import {form, wide} from "./outside-form.js";
import {OutsideParties} from "./outside-parties.js";
import {OutsideScenario} from "./outside-scenario.js";
import {CALL} from "./media.js";
import {PEOPLE} from "./people.js";
import {changeAsThirdParty, placeCall} from "./simulator.js";
import {valueAsJson} from "./user-data.js";

export class Outside {
    node;
    #parties = new OutsideParties();
    #scenario = new OutsideScenario();
    #begin = new OutsideBegin((party) => this.#parties.remember(party));
    #callChoice = element("select", {required: true});
    /** @type {AgentSession[]} */
    #sessions = [];
    #refresh = () => this.#show();

    constructor() {
        this.node = element("aside", {"class": "outside", "id": "outside", "aria-label": "Outside world"},
            element("header", {class: "outside-head"},
                element("h2", {}, "Outside"),
                element("p", {}, "Be the customer.")),
            this.#callForm(),
            this.#begin.node,
            this.#scenario.node,
            this.#parties.node,
            this.#thirdPartyForm());
        this.#show();
    }

    /** @param {AgentSession[]} sessions of the open desks */
    attend(sessions) {
        for (const session of this.#sessions) {
            session.removeEventListener("interaction", this.#refresh);
            session.removeEventListener("desk", this.#refresh);
        }
        this.#sessions = sessions;
        for (const session of sessions) {
            session.addEventListener("interaction", this.#refresh);
            session.addEventListener("desk", this.#refresh);
        }
        if (sessions.length > 0) {
            this.#scenario.look();
        }
        this.#show();
    }

    #show() {
        this.#parties.show(this.#sessions);
        const calls = new Map();
        for (const session of this.#sessions) {
            for (const {medium, id, endedAt, resource} of session.state.list()) {
                if (medium === CALL && endedAt === null && !calls.has(id)) {
                    calls.set(id, `${session.agent.name} \u00b7 ${(resource.participants ?? []).map((/** @type {any} */ one) => one.phoneNumber).join(", ")}`);
                }
            }
        }
        const known = [...this.#callChoice.options].map(({value, text}) => `${value} ${text}`).join();
        const wanted = [...calls].map(([id, label]) => `${id} ${label}`).join();
        if (known !== wanted || this.#callChoice.options.length === 0) {
            const chosen = this.#callChoice.value;
            this.#callChoice.replaceChildren(...[...calls].map(([id, label]) => element("option", {value: id, selected: id === chosen}, label)));
            if (calls.size === 0) {
                this.#callChoice.append(element("option", {value: ""}, "No call on an open desk"));
            }
        }
    }

    #callForm() {
        const from = element("input", {type: "tel", value: "+15550100", required: true, autocomplete: "off"});
        const to = element("select", {}, ...PEOPLE.map(({dn, name}) => element("option", {value: dn}, `${name} \u00b7 ${dn}`)));
        const key = element("input", {type: "text", autocomplete: "off", placeholder: "optional"});
        const value = element("input", {type: "text", autocomplete: "off", placeholder: "optional"});
        return form("Call in", "Place call", async () => {
            const userData = key.value.trim() === "" ? undefined : {[key.value.trim()]: value.value};
            const {id} = await placeCall({to: to.value, from: from.value.trim(), userData});
            this.#parties.remember({medium: CALL, id, name: from.value.trim(), to: to.selectedOptions[0]?.text ?? to.value});
        }, field("From", from), field("To", to), field("Key", key), field("Value", value));
    }

    #thirdPartyForm() {
        const dn = element("input", {type: "text", value: "7777", required: true, autocomplete: "off"});
        const operation = element("select", {}, ...["AttachUserData", "UpdateUserData", "DeleteUserDataPair", "DeleteUserData"]
            .map((name) => element("option", {value: name}, name)));
        const key = element("input", {type: "text", autocomplete: "off", required: true});
        const value = element("input", {type: "text", autocomplete: "off"});
        operation.addEventListener("change", () => {
            key.disabled = operation.value === "DeleteUserData";
            value.disabled = operation.value.startsWith("Delete");
        });
        return form("Third party", "Change data", async () => {
            await changeAsThirdParty(this.#callChoice.value, dn.value.trim(), /** @type {any} */ (operation.value), key.value.trim(), valueAsJson(value.value, "text"));
        }, wide(field("Call", this.#callChoice)), wide(field("Operation", operation)), wide(field("By the DN, which is not on the call", dn)), field("Key", key), field("Value", value));
    }
}
