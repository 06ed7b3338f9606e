// Faye at http://127.0.0.1:PORT/cometd: `npm run faye -- PORT`. Holds connects for three seconds.
'use strict';
const http = require('node:http');
const faye = require('faye');

// Whoever closes a held callback-polling request makes Faye write a response twice, which ends the
// process. Here it goes on, so that the rest can be measured.
process.on('uncaughtException', (error) => console.error(`would have ended: ${error.message}`));

const port = Number(process.argv[2] ?? 18001);
const server = http.createServer((_, response) => {
  response.writeHead(404);
  response.end();
});
new faye.NodeAdapter({ mount: '/cometd', timeout: 3 }).attach(server);
server.listen(port, '127.0.0.1', () => {
  console.log(`faye on http://127.0.0.1:${server.address().port}/cometd`);
});
