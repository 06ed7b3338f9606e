// The matrix: which client, over which transport, in which mode.
//
// A mode is what the client is given besides: nothing, the acknowledgement extension, or a way to
// ask for what it missed.

const LP = "long-polling";
const WS = "websocket";

const COMETD = { 3: "3.1.14", 4: "4.0.9", 5: "5.0.23", 7: "7.0.19", 8: "8.0.11", 9: "9.0.0" };

const clients = [
  ...Object.entries(COMETD).map(([major, version]) => ({
    name: `cometd ${version}`,
    driver: ["cometd.js", major],
    transports: [LP, WS],
    modes: ["plain", "ack", "ack, replay"],
  })),
  { name: "faye 1.4.3", driver: ["faye.js"], transports: [LP, WS], modes: ["plain"] },
  {
    name: "jsforce 3.12.0",
    driver: ["jsforce.js"],
    transports: [LP, WS],
    modes: ["plain", "replay"],
    // It takes what the server offers, and reads positions from the payload.
    obedient: true,
    stamped: true,
  },
  {
    name: "aiocometd-ng 0.5.6",
    driver: ["aiocometd_client.py"],
    transports: [LP, WS],
    modes: ["plain", "replay"],
    // By a name it keeps cookies, by an address it does not.
    host: "localhost",
  },
  {
    name: "aiocometd-ng without cookies",
    driver: ["aiocometd_client.py"],
    transports: [LP, WS],
    modes: ["plain"],
  },
  { name: "baiocas 2.0.0", driver: ["baiocas_client.py"], transports: [LP], modes: ["plain", "ack"] },
];

/** One row for each thing that has to work. */
export const rows = clients.flatMap(({ transports, modes, ...client }) =>
  transports.flatMap((transport) => modes.map((mode) => ({ ...client, transport, mode }))),
);
