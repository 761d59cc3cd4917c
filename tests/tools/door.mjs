// Does a running server keep the protocols? Audits and clients that others wrote ask it, and raw sockets break the rules.
//   npm ci && npm run door -- http://127.0.0.1:8000
// The server has the example story. INIT_SECONDS is its time for `connection_init`, 10 when left out.
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { serverAudits } from 'graphql-http';
import { createClient as createEventClient } from 'graphql-sse';
import { createClient as createSocketClient } from 'graphql-ws';
import WebSocket from 'ws';
import { PROTOCOL, Socket } from './socket.mjs';
import { exports } from './exports.mjs';
import { run } from './steps.mjs';

if (!process.argv[2]) throw new Error('say where the server is: npm run door -- http://127.0.0.1:8000');
const address = new URL('/graphql', process.argv[2]).href;
const socketAddress = address.replace(/^http/, 'ws');
const initSeconds = Number(process.env.INIT_SECONDS ?? 10);

const question = '{ event(slug: "visit-of-kadhimi-to-mikdam") { title } }';
const unknownField = '{ nothingOfThisName }';
const unreadable = '{ event(';
const live = 'subscription { changes { cursor node { id kind operation } } }';
const resumed = 'subscription ($after: String) { changes(after: $after) { cursor node { id kind operation } } }';

/** Fails when the promise takes longer. */
const within = async (seconds, promise) => {
  const late = new AbortController();
  try {
    const limit = sleep(seconds * 1000, undefined, { signal: late.signal }).then(() => {
      throw new Error(`no answer in ${seconds} seconds`);
    });
    return await Promise.race([promise, limit]);
  } finally {
    late.abort();
  }
};

/** Asks in one plain request. */
const ask = async query => {
  const response = await fetch(address, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/graphql-response+json' },
    body: JSON.stringify({ query }),
    signal: AbortSignal.timeout(10_000),
  });
  const { data, errors } = await response.json();
  if (errors) throw new Error(errors.map(({ message }) => message).join('\n'));
  return data;
};

const first = async (client, request) => {
  const { value } = await within(10, client.iterate(request).next());
  return value;
};

const answers = async client => {
  const { data, errors } = await first(client, { query: question });
  assert.equal(errors, undefined);
  assert.ok(data.event.title);
};

/** A change stream stays open while the client does other things, and ends when the client says so. */
const opens = async (client, opened) => {
  const changes = client.iterate({ query: live }, { connected: () => opened?.resolve() });
  let ended;
  const change = changes.next().then(
    ({ value }) => (ended = value ? value.errors : new Error('the server ended it')),
    error => (ended = error),
  );
  await within(10, opened?.promise);
  await answers(client);
  assert.equal(ended, undefined);
  await changes.return();
  await within(10, change);
  await answers(client);
};

/** Behind a cursor the stream brings the changes that the query lists there. */
const resumes = async client => {
  const { changes } = await ask('{ changes(first: 6) { edges { cursor node { id kind operation } } } }');
  const [start, ...expected] = changes.edges;
  assert.ok(expected.length, 'the list of changes is empty');
  const stream = client.iterate({ query: resumed, variables: { after: start.cursor } });
  const seen = [];
  while (seen.length < expected.length) {
    const { value, done } = await within(10, stream.next());
    assert.ok(!done, 'the server ended it');
    assert.equal(value.errors, undefined);
    seen.push(value.data.changes);
  }
  await stream.return();
  assert.deepEqual(seen, expected);
};

const withSocketClient = (step, options) => async () => {
  const closed = [];
  const client = createSocketClient({
    url: socketAddress,
    webSocketImpl: WebSocket,
    retryAttempts: 0,
    lazyCloseTimeout: 2000,
    on: { closed: ({ code }) => closed.push(code) },
    ...options,
  });
  try {
    await step(client);
    assert.deepEqual(closed, []);
  } finally {
    await client.dispose();
  }
};

const withEventClient = step => async () => {
  const client = createEventClient({ url: address, retryAttempts: 0 });
  try {
    await step(client);
  } finally {
    client.dispose();
  }
};

/** A step that may open sockets; none outlives it. */
const withSockets = step => async () => {
  const sockets = [];
  const open = async (protocols, headers) => {
    const socket = new Socket(socketAddress, protocols, headers);
    sockets.push(socket);
    return within(10, socket.opened());
  };
  const greet = async () => {
    const socket = await open();
    socket.send({ type: 'connection_init' });
    assert.deepEqual(await socket.next(), { type: 'connection_ack' });
    return socket;
  };
  try {
    await step({ open, greet });
  } finally {
    for (const { ws } of sockets) ws.terminate();
  }
};

/** The next that arrives is the close with this code: nothing comes in front of it. */
const closes = async (socket, code, seconds) => assert.deepEqual(await socket.next(seconds), { closed: code });

/** The next that arrives answers a ping: nothing else was on its way. */
const lives = async socket => {
  const payload = { mark: Math.random() };
  socket.send({ type: 'ping', payload });
  assert.deepEqual(await socket.next(), { type: 'pong', payload });
};

/** Each message, sent on a socket of its own that was greeted, closes it with this code. */
const refuses = (code, ...messages) =>
  withSockets(async ({ greet }) => {
    for (const message of messages) {
      const socket = await greet();
      socket.send(message);
      await closes(socket, code).catch(error => {
        throw new Error(`${JSON.stringify(message).slice(0, 100)}: ${error.message}`);
      });
    }
  });

const subscribe = (id, query, more) => ({ id, type: 'subscribe', payload: { query, ...more } });

const audits = serverAudits({ url: address }).map(({ id, name, fn }) => {
  const step = async () => {
    const { status, reason } = await fn();
    if (status !== 'ok') throw new Error(`${status}: ${reason}`);
  };
  return [`graphql-http ${id}: ${name}`, step];
});

const clients = {
  'graphql-ws: a query': withSocketClient(answers),

  'graphql-ws: a subscription opens and ends': withSocketClient(client => opens(client)),

  'graphql-ws: a subscription behind a cursor': withSocketClient(resumes),

  'graphql-ws: an invalid query': withSocketClient(async client => {
    for (const query of [unknownField, unreadable]) {
      // The client throws what an `error` message holds.
      const errors = await first(client, { query }).then(() => assert.fail('it was answered'), errors => errors);
      assert.ok(Array.isArray(errors) && errors[0].message, `no list of errors: ${errors.message ?? errors}`);
    }
    await answers(client);
  }),

  'graphql-ws: a wrong key closes with 4403': async () => {
    const connectionParams = { authorization: 'Bearer this-is-no-key' };
    const refused = withSocketClient(answers, { connectionParams, on: {} });
    const close = await refused().then(() => assert.fail('it was let in'), close => close);
    assert.equal(close.code, 4403, close.message);
  },

  'graphql-sse: a query': withEventClient(answers),

  'graphql-sse: a subscription opens and ends': withEventClient(client => {
    const opened = {};
    opened.promise = new Promise(resolve => (opened.resolve = resolve));
    return opens(client, opened);
  }),

  'graphql-sse: a subscription behind a cursor': withEventClient(resumes),

  'graphql-sse: an invalid query': withEventClient(async client => {
    const { data, errors } = await first(client, { query: unknownField });
    assert.equal(data, undefined);
    assert.ok(errors[0].message);
    // What cannot be parsed may be refused before the stream begins.
    const refused = await first(client, { query: unreadable }).catch(error => error);
    assert.ok(refused.errors?.[0].message ?? refused.response?.status === 400, String(refused));
    await answers(client);
  }),
};

const sockets = {
  'socket: ping and pong, before and after the greeting': withSockets(async ({ open }) => {
    const socket = await open();
    await lives(socket);
    socket.send({ type: 'connection_init', payload: {} });
    assert.deepEqual(await socket.next(), { type: 'connection_ack' });
    await lives(socket);
    socket.send({ type: 'ping' });
    assert.deepEqual(await socket.next(), { type: 'pong' });
    socket.send({ type: 'pong', payload: {} });
    await lives(socket);
  }),

  'socket: a query brings one next, then complete, and its id is free again': withSockets(async ({ greet }) => {
    const socket = await greet();
    for (const _ of [1, 2]) {
      socket.send(subscribe('q', question));
      const { payload, ...next } = await socket.next();
      assert.deepEqual(next, { id: 'q', type: 'next' });
      assert.ok(payload.data.event.title);
      assert.deepEqual(await socket.next(), { id: 'q', type: 'complete' });
      await lives(socket);
    }
  }),

  'socket: operations run side by side': withSockets(async ({ greet }) => {
    const socket = await greet();
    socket.send(subscribe('live', live));
    socket.send(subscribe('q', question));
    assert.equal((await socket.next()).type, 'next');
    assert.deepEqual(await socket.next(), { id: 'q', type: 'complete' });
    await lives(socket);
  }),

  'socket: the id of a completed subscription is free again': withSockets(async ({ greet }) => {
    const socket = await greet();
    for (const _ of [1, 2]) {
      socket.send(subscribe('live', live));
      socket.send({ id: 'live', type: 'complete' });
    }
    await lives(socket);
  }),

  'socket: complete for an unknown id is ignored': withSockets(async ({ greet }) => {
    const socket = await greet();
    socket.send({ id: 'unknown', type: 'complete' });
    await lives(socket);
  }),

  'socket: an invalid query brings one error, and the socket stays open': withSockets(async ({ greet }) => {
    const socket = await greet();
    for (const query of [unknownField, unreadable, '']) {
      socket.send(subscribe('q', query));
      const { payload, ...error } = await socket.next();
      assert.deepEqual(error, { id: 'q', type: 'error' });
      assert.ok(payload[0].message);
      await lives(socket);
    }
  }),

  'socket: of several protocols the right one is taken': withSockets(async ({ open }) => {
    const { ws } = await open(['graphql-ws', PROTOCOL]);
    assert.equal(ws.protocol, PROTOCOL);
  }),

  'socket: no protocol closes with 4406': withSockets(async ({ open }) => closes(await open([]), 4406)),

  'socket: another protocol closes with 4406': withSockets(async ({ open }) => {
    // As a plain header, since the package refuses an answer that takes none of the protocols it knows of.
    await closes(await open([], { 'sec-websocket-protocol': 'graphql-ws' }), 4406);
  }),

  'socket: no connection_init in time closes with 4408': withSockets(async ({ open, greet }) => {
    const greeted = await greet();
    const start = Date.now();
    await closes(await open(), 4408, initSeconds + 5);
    const seconds = (Date.now() - start) / 1000;
    assert.ok(seconds > initSeconds - 0.5, `already after ${seconds} seconds`);
    await lives(greeted);
  }),

  'socket: a second connection_init closes with 4429': refuses(4429, { type: 'connection_init' }),

  'socket: subscribe before connection_ack closes with 4401': withSockets(async ({ open }) => {
    const socket = await open();
    socket.send(subscribe('q', question));
    await closes(socket, 4401);
  }),

  'socket: an id that is in use closes with 4409': withSockets(async ({ greet }) => {
    for (const query of [live, question]) {
      const socket = await greet();
      socket.send(subscribe('live', live));
      socket.send(subscribe('live', query));
      await closes(socket, 4409);
    }
  }),

  'socket: invalid JSON closes with 4400': refuses(4400, '{', '', 'hello'),

  'socket: JSON that is no object closes with 4400': refuses(4400, '[]', 'null', '7', '"ping"'),

  'socket: an unknown type closes with 4400': refuses(4400, { type: 'start', id: 'q' }, { type: 7 }, {}),

  'socket: what a server says closes with 4400': refuses(4400, { type: 'connection_ack' }, { type: 'next', id: 'q' }),

  'socket: a malformed message closes with 4400': refuses(
    4400,
    subscribe('', question),
    subscribe(undefined, question),
    subscribe(7, question),
    { id: 'q', type: 'subscribe' },
    subscribe('q', undefined),
    subscribe('q', 7),
    subscribe('q', question, { variables: [] }),
    subscribe('q', question, { operationName: 7 }),
    { type: 'complete' },
    { type: 'ping', payload: 'text' },
  ),

  'socket: who stops reading is cut off, and nobody else notices': withSockets(async ({ greet }) => {
    const { changes } = await ask('{ changes(first: 1) { edges { cursor } } }');
    // Answers repeat the names, so that the story's hundred changes are more than the system keeps for who stopped.
    const aliases = Array.from({ length: 100 }, (_, n) => `${'long'.repeat(150)}${n}: cursor`);
    const wide = `subscription ($after: String) { changes(after: $after) { ${aliases.join(' ')} } }`;
    const replay = socket => {
      for (const id of ['a', 'b', 'c', 'd']) {
        socket.send(subscribe(id, wide, { variables: { after: changes.edges[0].cursor } }));
      }
    };
    const [stopped, reader, other] = [await greet(), await greet(), await greet()];
    stopped.ws.pause();
    replay(stopped);
    replay(reader);
    for (const start = Date.now(); stopped.ws.readyState === WebSocket.OPEN; ) {
      assert.ok(Date.now() - start < 60_000, 'it is still open after 60 seconds');
      await within(5, Promise.all([lives(other), ask(question)]));
      // A socket that does not read learns of its end when it writes.
      stopped.send({ type: 'pong' });
      await sleep(200);
    }
    let message;
    reader.send({ type: 'ping' });
    do message = await reader.next();
    while (message.type === 'next');
    assert.deepEqual(message, { type: 'pong' });
  }),

  'socket: a frame of 2 MB closes with 1009': refuses(1009, subscribe('q', `${question} #${'x'.repeat(2_000_000)}`)),
};

await run({ ...Object.fromEntries(audits), ...clients, ...sockets, ...exports(process.argv[2]) });
