// cometd-nodejs-server at http://127.0.0.1:PORT/cometd: `npm run cometd-nodejs-server -- PORT`.
// Holds connects for three seconds, forgets sessions after four.
'use strict';
const http = require('node:http');
const cometd = require('cometd-nodejs-server');
const acknowledgement = require('cometd-nodejs-server/ack-extension.js');

const port = Number(process.argv[2] ?? 18002);
const bayeux = cometd.createCometDServer({ timeout: 3000, maxInterval: 4000, sweepPeriod: 200 });
bayeux.addExtension(new acknowledgement.AcknowledgedMessagesExtension());
const server = http.createServer((request, response) => {
  if (new URL(request.url, 'http://h').pathname.startsWith('/cometd')) {
    bayeux.handle(request, response);
    return;
  }
  response.writeHead(404);
  response.end();
});
server.listen(port, '127.0.0.1', () => {
  console.log(`cometd-nodejs-server on http://127.0.0.1:${server.address().port}/cometd`);
});
