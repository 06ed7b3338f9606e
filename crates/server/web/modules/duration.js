/**
 * Durations, latencies and dates as people read them. Pure, but for the reader's language and time zone.
 */

/**
 * @param {number} milliseconds
 * @returns {string} "0:07", "12:40" or "1:02:03"
 */
export function clockText(milliseconds) {
    const seconds = Math.max(0, Math.floor(milliseconds / 1000));
    const hours = Math.floor(seconds / 3600);
    const minutes = Math.floor(seconds / 60) % 60;
    const two = (/** @type {number} */ number) => String(number).padStart(2, "0");
    return hours > 0
        ? `${hours}:${two(minutes)}:${two(seconds % 60)}`
        : `${minutes}:${two(seconds % 60)}`;
}

/**
 * The same as an ISO 8601 duration, for the `datetime` of a `<time>`.
 *
 * @param {number} milliseconds
 * @returns {string}
 */
export function isoDuration(milliseconds) {
    return `PT${Math.max(0, Math.floor(milliseconds / 1000))}S`;
}

/**
 * @param {number} milliseconds
 * @returns {string} "0.8 ms", "12 ms" or "1.4 s"
 */
export function latencyText(milliseconds) {
    if (milliseconds >= 1000) {
        return `${(milliseconds / 1000).toFixed(1)} s`;
    }
    return milliseconds < 9.95 ? `${milliseconds.toFixed(1)} ms` : `${Math.round(milliseconds)} ms`;
}

/**
 * @param {string | undefined} date as the server writes it: "2026-11-22 14:14:58.822+0000"
 * @returns {string | undefined} as the reader's place writes it, or as it came if it is no such date
 */
export function dateText(date) {
    const [, day, time, hours, minutes] = /^(\S+) (\S+)([+-]\d\d)(\d\d)$/.exec(date ?? "") ?? [];
    const at = new Date(`${day}T${time}${hours}:${minutes}`);
    return Number.isNaN(at.getTime()) ? date : at.toLocaleString([], {dateStyle: "medium", timeStyle: "short"});
}
