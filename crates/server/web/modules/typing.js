/**
 * Tells others that somebody is writing: once when it begins, and once when it is over or nothing was written for a while.
 *
 * One after the other, so that the end never overtakes the beginning. What is refused is nobody's trouble.
 */

/** A pause that is longer is the end of it. */
const PAUSE_MS = 5_000;

/**
 * @param {boolean} started
 * @returns {"SendStartTypingNotification" | "SendStopTypingNotification"}
 */
export function typingOperation(started) {
    return started ? "SendStartTypingNotification" : "SendStopTypingNotification";
}

export class Typing {
    /** Whether others are to be told; until it is set nobody is. */
    isAllowed = false;
    #tell;
    #isTold = false;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    #pause;
    /** @type {Promise<unknown>} */
    #last = Promise.resolve();

    /**
     * @param {HTMLInputElement} input what is written in
     * @param {(started: boolean) => Promise<unknown>} tell
     */
    constructor(input, tell) {
        this.#tell = tell;
        input.addEventListener("input", () => {
            if (input.value === "") {
                this.stop();
                return;
            }
            if (!this.#isTold && this.isAllowed) {
                this.#isTold = true;
                this.#send(true);
            }
            clearTimeout(this.#pause);
            this.#pause = setTimeout(() => this.stop(), PAUSE_MS);
        });
    }

    /** It is written, or given up. Resolves when the others were told. */
    async stop() {
        clearTimeout(this.#pause);
        if (this.#isTold) {
            this.#isTold = false;
            this.#send(false);
        }
        await this.#last;
    }

    /** @param {boolean} started */
    #send(started) {
        this.#last = this.#last.then(() => this.isAllowed && this.#tell(started)).catch(() => {});
    }
}
