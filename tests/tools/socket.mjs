// A socket without a client's manners: it sends what it is told to and keeps all that arrives in order, the close too.
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import WebSocket from 'ws';

export const PROTOCOL = 'graphql-transport-ws';

export class Socket {
  #arrived = [];
  #wake = () => {};

  constructor(address, protocols = [PROTOCOL], headers = {}) {
    let fault;
    this.ws = new WebSocket(address, protocols, { headers });
    this.ws.on('message', data => this.#arrive(JSON.parse(data)));
    this.ws.on('error', error => (fault = error.message));
    this.ws.on('close', code => this.#arrive({ closed: code, ...(fault && { fault }) }));
  }

  #arrive(what) {
    // A server may ask at any time whether anybody is there.
    if (what.type === 'ping') return this.send({ type: 'pong' });
    this.#arrived.push(what);
    this.#wake();
  }

  async opened() {
    await once(this.ws, 'open');
    return this;
  }

  /** Text goes as it is, all else as JSON. */
  send(message) {
    this.ws.send(typeof message === 'string' ? message : JSON.stringify(message));
  }

  /** What came next: a message, or how the socket was closed. */
  async next(seconds = 10) {
    if (!this.#arrived.length) {
      await Promise.race([new Promise(wake => (this.#wake = wake)), sleep(seconds * 1000, undefined, { ref: false })]);
    }
    if (!this.#arrived.length) throw new Error(`nothing came in ${seconds} seconds`);
    return this.#arrived.shift();
  }
}
