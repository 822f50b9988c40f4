// An S3 server that nobody here wrote (s3rver), on loopback, behind a wire that can be cut. Prints its port; ends with
// its standard input. Arguments: folder, how many connections are cut in the middle of a request.
// SPDX-License-Identifier: Apache-2.0
import { createRequire } from 'node:module';
import net from 'node:net';

const require = createRequire(new URL('../../web/package.json', import.meta.url));
const S3rver = require('s3rver');
const [directory, cuts] = process.argv.slice(2);
const server = new S3rver({ port: 0, address: '127.0.0.1', silent: true, directory, resetOnClose: false, configureBuckets: [{ name: 'runs' }] });
const { port } = await server.run();

let left = Number(cuts ?? 0);
const wire = net.createServer((client) => {
  const upstream = net.connect(port, '127.0.0.1');
  const end = () => { client.destroy(); upstream.destroy(); };
  client.on('error', end).on('close', end);
  upstream.on('error', end).on('close', end);
  if (left > 0) {
    --left;
    client.once('data', () => end());
    return;
  }
  client.pipe(upstream).pipe(client);
});
wire.listen(0, '127.0.0.1', () => console.log(wire.address().port));
process.stdin.resume().on('end', () => process.exit(0));
