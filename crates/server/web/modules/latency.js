/**
 * From the click to the desk: how long a change made on this page took to arrive as a notification.
 *
 * A notification carries no time, and a clock on another machine would be of no use anyway. But a change that was
 * made on this page has both ends here, on one monotonic clock. Changes that came from elsewhere have no number.
 */

/** A notification later than this after the click was caused by something else. */
const BELIEVED_MS = 10_000;

/** @type {Map<string, {at: number, seenBy: WeakSet<object>}>} */
const clicks = new Map();

/** Ids remembered; the oldest goes first. */
const REMEMBERED = 64;

/**
 * A change of this resource leaves the page now.
 *
 * @param {string} id
 */
export function changeLeaves(id) {
    clicks.delete(id);
    clicks.set(id, {at: performance.now(), seenBy: new WeakSet()});
    for (const oldest of clicks.keys()) {
        if (clicks.size <= REMEMBERED) {
            break;
        }
        clicks.delete(oldest);
    }
}

/**
 * A notification about this resource arrived at a desk.
 *
 * @param {string} id
 * @param {object} desk each desk is told once per change
 * @returns {number | null} milliseconds since the change left, if it left from here
 */
export function changeArrives(id, desk) {
    const click = clicks.get(id);
    if (!click || click.seenBy.has(desk)) {
        return null;
    }
    click.seenBy.add(desk);
    const milliseconds = performance.now() - click.at;
    return milliseconds <= BELIEVED_MS ? milliseconds : null;
}
