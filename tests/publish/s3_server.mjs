// An S3 server that nobody here wrote, on loopback, behind a wire that can be cut. Prints the wire's port; ends with its
// standard input. Arguments: folder; how many connections are cut; after how many bytes from the client (default: the
// first ones are swallowed); the port of a server that is running already (default: s3rver is started on the folder).
// SPDX-License-Identifier: Apache-2.0
import { createRequire } from 'node:module';
import net from 'node:net';

const [directory, cuts, after, running] = process.argv.slice(2);

async function startS3rver() {
  const require = createRequire(new URL('../../web/package.json', import.meta.url));
  const S3rver = require('s3rver');
  const server = new S3rver({ port: 0, address: '127.0.0.1', silent: true, directory, resetOnClose: false, configureBuckets: [{ name: 'runs' }] });
  return (await server.run()).port;
}
const port = running ? Number(running) : await startS3rver();

let left = Number(cuts ?? 0);
let passed = 0; // bytes over all connections since the last cut
const wire = net.createServer((client) => {
  const upstream = net.connect(port, '127.0.0.1');
  const end = () => { client.destroy(); upstream.destroy(); };
  client.on('error', end).on('close', end);
  upstream.on('error', end).on('close', end);
  client.on('data', (bytes) => {
    passed += bytes.length;
    if (left > 0 && passed > Number(after ?? 0)) {
      --left;
      passed = 0;
      end();
    } else if (!upstream.write(bytes)) {
      client.pause();
    }
  });
  upstream.on('drain', () => client.resume());
  upstream.pipe(client);
});
wire.listen(0, '127.0.0.1', () => console.log(wire.address().port));
process.stdin.resume().on('end', () => process.exit(0));
