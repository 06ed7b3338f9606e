/**
 * The form by which the outside world begins something that is no call: a medium, whom it is for, and what the medium
 * wants to know.
 *
 * @typedef {import("./outside-parties.js").Party} Party
 * @typedef {import("./media-outside.js").Said} Said
 */
import {element, field} from "./element.js";
import {MEDIA} from "./media.js";
import {form, wide} from "./outside-form.js";
import {PEOPLE} from "./people.js";
import {offer} from "./simulator.js";

export class OutsideBegin {
    node;
    #choice = element("select", {on: {change: () => this.#ask()}});
    #to = element("select", {}, ...PEOPLE.map(({user, name}) => element("option", {value: user}, name)));
    #fields = element("div", {class: "fields"});
    /** @type {Map<string, HTMLInputElement | HTMLTextAreaElement>} what is asked, by the member it becomes */
    #said = new Map();

    /** @param {(party: Party) => void} onBegin */
    constructor(onBegin) {
        this.#choice.append(...MEDIA.flatMap(({key, customer}) => customer === null ? [] : element("option", {value: key}, customer.label)));
        this.node = form("Write in", "Send in", async () => {
            const medium = MEDIA.find(({key}) => key === this.#choice.value);
            if (!medium?.customer) return;
            const said = Object.fromEntries([...this.#said].map(([name, {value}]) => [name, value.trim()]).filter(([, value]) => value !== ""));
            const {id} = await offer({...said, medium: medium.key, to: this.#to.value});
            onBegin({medium, id, name: said.nickname ?? said.subject ?? said.from ?? medium.customer.label, to: this.#to.selectedOptions[0]?.text ?? this.#to.value});
        }, field("Medium", this.#choice), field("To", this.#to), wide(this.#fields));
        this.#ask();
    }

    /** Asks what the chosen medium wants. What was changed by hand stays where the next one asks it too. */
    #ask() {
        const customer = MEDIA.find(({key}) => key === this.#choice.value)?.customer;
        const changed = new Map([...this.#said].filter(([, input]) => input.value !== input.defaultValue).map(([name, {value}]) => [name, value]));
        this.#said = new Map((customer?.says ?? []).map((said) => [said.name, control(said)]));
        for (const [name, value] of changed) {
            const input = this.#said.get(name);
            if (input) {
                input.value = value;
            }
        }
        this.#fields.replaceChildren(...(customer?.says ?? []).map(({name, label, size}) => {
            const node = field(label, /** @type {HTMLElement} */ (this.#said.get(name)));
            return size === undefined ? node : wide(node);
        }));
    }
}

/**
 * @param {Said} said
 * @returns {HTMLInputElement | HTMLTextAreaElement}
 */
function control({name, value, size}) {
    const attributes = {required: name === "from" || name === "mediaType", autocomplete: "off"};
    return size === "text"
        ? element("textarea", {...attributes, rows: "4"}, value)
        : element("input", {...attributes, type: "text", value});
}
