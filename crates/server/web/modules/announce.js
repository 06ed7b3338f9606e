/**
 * The page's one voice for screen readers: a polite live region in index.html.
 */

/**
 * Says a sentence. Several at once are said together, so that none replaces another; in a flood only the last are.
 *
 * @param {string} sentence
 */
export function announce(sentence) {
    waiting.push(sentence);
    waiting.splice(0, Math.max(0, waiting.length - SAID_TOGETHER));
    if (!isDue) {
        isDue = true;
        setTimeout(() => {
            isDue = false;
            const region = document.getElementById("announcer");
            if (region) {
                region.textContent = waiting.join(". ");
            }
            waiting.length = 0;
        }, 100);
    }
}

const SAID_TOGETHER = 5;

/** @type {string[]} */
const waiting = [];
let isDue = false;
