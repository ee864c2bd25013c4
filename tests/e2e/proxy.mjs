// A thin TCP proxy before the real server: it notes what the app asks for and can cut a connection in
// the middle of a request or an answer, as a lift does, or answer everything itself, as a station's wireless
// network does. It changes no byte.

import { connect, createServer } from 'node:net';
import { once } from 'node:events';

const REQUEST = /(GET|POST|DELETE) (\/api\/v1\/\S*) HTTP\/1\.1\r\n([\s\S]*?)\r\n\r\n/g;

export class Proxy {
  #server = null;
  #sockets = new Set();
  /** `{method, path, range}` of every request to the API, in order */
  requests = [];
  /** path → `{after, when}`: of its answer so many bytes come through, and when that promise is kept the
   * connection is gone, once. Whoever promises has seen that they arrived: a break takes back what a
   * browser has not read yet. */
  cuts = new Map();
  /** path → so many bytes of its request (head included) come through, then the connection is gone, once */
  upCuts = new Map();
  /** what it answers to everything in the server's place: status line, headers, body */
  portal = null;

  /** Listens, on a free port if none is named, and passes everything on to `origin`. */
  async start(origin, at = 0) {
    const { hostname, port } = new URL(origin);
    this.#server = createServer((client) => this.#pass(client, connect(Number(port), hostname)));
    this.#server.listen(at, '127.0.0.1');
    await once(this.#server, 'listening');
    this.origin = `http://127.0.0.1:${this.#server.address().port}`;
  }

  async stop() {
    for (const socket of this.#sockets) socket.destroy();
    this.#server?.close();
  }

  #pass(client, upstream) {
    let cut = null;
    const end = () => {
      client.destroy();
      upstream.destroy();
    };
    for (const socket of [client, upstream]) {
      this.#sockets.add(socket);
      socket.on('error', end).on('close', end);
    }
    let up = null;
    client.on('data', (bytes) => {
      if (this.portal !== null) return void client.end(this.portal);
      for (const [, method, path, head] of bytes.toString('latin1').matchAll(REQUEST)) {
        this.requests.push({ method, path, range: /^range: (.*)$/im.exec(head)?.[1] ?? null });
        cut ??= this.#takeCut(path);
        if (this.upCuts.has(path)) {
          up = this.upCuts.get(path);
          this.upCuts.delete(path);
        }
      }
      if (up === null) return void upstream.write(bytes);
      const through = bytes.subarray(0, up);
      up -= through.length;
      // What has come through is there before the connection is gone.
      upstream.write(through, () => { if (up === 0) upstream.end(); });
    });
    upstream.on('data', (bytes) => {
      if (cut === null) return void client.write(bytes);
      if (cut.after <= 0) return;
      client.write(bytes.subarray(0, cut.after));
      cut.after -= bytes.length;
      if (cut.after <= 0) void cut.when.then(end);
    });
  }

  #takeCut(path) {
    const cut = this.cuts.get(path);
    this.cuts.delete(path);
    return cut ? { ...cut } : null;
  }
}
