/**
 * The page's one voice for screen readers: a polite live region in index.html.
 */

/**
 * Says a sentence. Several in one turn are said together, so that none replaces another.
 *
 * @param {string} sentence
 */
export function announce(sentence) {
    waiting.push(sentence);
    if (waiting.length === 1) {
        setTimeout(() => {
            const region = document.getElementById("announcer");
            if (region) {
                region.textContent = waiting.join(". ");
            }
            waiting.length = 0;
        }, 100);
    }
}

/** @type {string[]} */
const waiting = [];
