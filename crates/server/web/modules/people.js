/**
 * The people of the demo contact centre: who can be picked, and whom a number belongs to.
 *
 * Only a phone book for the eye. Who may do what is the server's business, and a name or number that is not in here
 * works just as well.
 *
 * @typedef {{user: string, name: string, dn: string, role: string}} Person
 */

/** The password of everybody in the demo; documented, and good for nothing outside it. */
export const DEMO_PASSWORD = "demo";

/** @type {ReadonlyArray<Person>} */
export const PEOPLE = Object.freeze([
    {user: "alice", name: "Alice", dn: "15000", role: "Agent"},
    {user: "bob", name: "Bob", dn: "15001", role: "Agent"},
    {user: "carol", name: "Carol", dn: "15002", role: "Agent"},
    {user: "dave", name: "Dave", dn: "15003", role: "Agent"},
    {user: "erin", name: "Erin", dn: "15009", role: "Supervisor"},
]);

/**
 * @param {string} number
 * @returns {{title: string, detail: string}} the name with the number below it, or the number alone
 */
export function nameOfNumber(number) {
    const person = PEOPLE.find(({dn}) => dn === number);
    return person ? {title: person.name, detail: number} : {title: number, detail: ""};
}

/**
 * @param {string} number
 * @returns {boolean} whether it is the number of somebody in here
 */
export function isColleague(number) {
    return PEOPLE.some(({dn}) => dn === number);
}

/**
 * @param {string} user
 * @returns {string} the user's name with a capital, where no better one is known
 */
export function nameOfUser(user) {
    const person = PEOPLE.find((candidate) => candidate.user === user);
    return person ? person.name : user.charAt(0).toUpperCase() + user.slice(1);
}
