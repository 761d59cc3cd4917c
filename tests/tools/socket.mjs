// A raw WebSocket client without protocol logic: it sends any message, and queues everything received, including the close.
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import WebSocket from 'ws';

export const PROTOCOL = 'graphql-transport-ws';

export class Socket {
  #received = [];
  #wake = () => {};

  constructor(address, protocols = [PROTOCOL], headers = {}) {
    let fault;
    this.ws = new WebSocket(address, protocols, { headers });
    this.ws.on('message', data => this.#receive(JSON.parse(data)));
    this.ws.on('error', error => (fault = error.message));
    this.ws.on('close', code => this.#receive({ closed: code, ...(fault && { fault }) }));
  }

  #receive(what) {
    // Servers may send a ping at any time.
    if (what.type === 'ping') return this.send({ type: 'pong' });
    this.#received.push(what);
    this.#wake();
  }

  async opened() {
    await once(this.ws, 'open');
    return this;
  }

  /** Sends a string as it is, and any other value as JSON. */
  send(message) {
    this.ws.send(typeof message === 'string' ? message : JSON.stringify(message));
  }

  /** Returns the next received message, or `{ closed: code }`. */
  async next(seconds = 10) {
    if (!this.#received.length) {
      await Promise.race([new Promise(wake => (this.#wake = wake)), sleep(seconds * 1000, undefined, { ref: false })]);
    }
    if (!this.#received.length) throw new Error(`nothing received within ${seconds} seconds`);
    return this.#received.shift();
  }
}
