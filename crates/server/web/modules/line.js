/**
 * A line of a form that is sent again and again: a pair, a message, a number to dial.
 *
 * It is empty as soon as it is sent, so whoever types fast loses nothing and sends nothing twice. Lines go out one
 * after the other, in the order in which they were sent. A refused one comes back, unless something new is there.
 *
 * @typedef {import("./action.js").Problem} Problem
 */

export class Line {
    #fields;
    #problem;
    /** @type {Promise<void>} the one sent last */
    #last = Promise.resolve();

    /**
     * @param {[HTMLInputElement, ...Array<HTMLInputElement | HTMLSelectElement>]} fields the first gets the focus
     * @param {Problem} problem
     */
    constructor(fields, problem) {
        this.#fields = fields;
        this.#problem = problem;
    }

    /**
     * @param {HTMLElement} button is marked busy meanwhile
     * @param {(values: string[]) => Promise<unknown>} work gets the values of the fields, in their order
     */
    send(button, work) {
        const values = this.#fields.map(({value}) => value);
        for (const field of this.#fields) {
            if (field instanceof HTMLSelectElement) {
                field.selectedIndex = 0;
            } else {
                field.value = "";
            }
        }
        this.#fields[0].focus();
        this.#last = this.#last.then(() => this.#perform(button, values, work));
    }

    /**
     * @param {HTMLElement} button
     * @param {string[]} values
     * @param {(values: string[]) => Promise<unknown>} work
     */
    async #perform(button, values, work) {
        button.setAttribute("aria-busy", "true");
        try {
            await work(values);
            this.#problem.clear();
        } catch (error) {
            this.#problem.show(error);
            if (this.#fields.every((field) => field instanceof HTMLSelectElement || field.value === "")) {
                this.#fields.forEach((field, index) => {
                    field.value = values[index] ?? "";
                });
            }
        } finally {
            button.removeAttribute("aria-busy");
        }
    }
}
