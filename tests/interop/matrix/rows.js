// The matrix: which client, over which transport, in which mode, and what it then may rely on.
//
// A mode is what the client is given besides: nothing, the acknowledgement extension, or a way to
// ask for what it missed. `docs/INTEROP.md` shows these rows.

const LP = "long-polling";
const WS = "websocket";

/** What each mode gives the client: with `ack` nothing is lost over cut connections, with `replay` over a killed server. */
export const MODES = {
  plain: { ack: false, replay: false },
  ack: { ack: true, replay: false },
  replay: { ack: false, replay: true },
  "ack, replay": { ack: true, replay: true },
};

const COMETD = { 3: "3.1.14", 4: "4.0.9", 5: "5.0.23", 7: "7.0.19", 8: "8.0.11", 9: "9.0.0" };

const clients = [
  ...Object.entries(COMETD).map(([major, version]) => ({
    name: "cometd",
    version,
    package: `cometd${major}`,
    driver: ["cometd.js", major],
    transports: [LP, WS],
    modes: ["plain", "ack", "ack, replay"],
  })),
  {
    name: "faye",
    version: "1.4.3",
    package: "faye",
    driver: ["faye.js"],
    transports: [LP, WS],
    modes: ["plain"],
  },
  {
    name: "jsforce",
    version: "3.12.0",
    package: "@jsforce/jsforce-node",
    driver: ["jsforce.js"],
    transports: [LP, WS],
    modes: ["plain", "replay"],
    // It takes what the server offers, and reads positions from the payload.
    obedient: true,
    stamped: true,
    // It is not told how long to wait before it tries again, and waits five seconds.
    backWithin: 20,
  },
  {
    name: "aiocometd-ng",
    version: "0.5.6",
    package: "aiocometd-ng",
    driver: ["aiocometd_client.py"],
    transports: [LP, WS],
    modes: ["plain", "replay"],
    // By a name it keeps cookies, by an address it does not.
    host: "localhost",
  },
  {
    name: "aiocometd-ng",
    version: "0.5.6",
    package: "aiocometd-ng",
    remark: "without cookies",
    driver: ["aiocometd_client.py"],
    transports: [LP, WS],
    modes: ["plain"],
  },
  {
    name: "baiocas",
    version: "2.0.0",
    package: "baiocas",
    driver: ["baiocas_client.py"],
    transports: [LP],
    modes: ["plain", "ack"],
  },
];

/** One row for each thing that has to work. */
export const rows = clients.flatMap(({ transports, modes, ...client }) =>
  transports.flatMap((transport) =>
    modes.map((mode) => ({ host: "127.0.0.1", backWithin: 10, ...client, transport, mode, ...MODES[mode] })),
  ),
);

/** What a row is called. */
export function title({ name, version, remark, transport, mode }) {
  return `${name} ${version}${remark ? ` ${remark}` : ""}, ${transport}, ${mode}`;
}
