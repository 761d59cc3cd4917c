// Checks a running server with third-party audits and clients (GraphQL over HTTP, WebSocket, SSE), and with raw WebSockets that
// violate the protocol.
//   npm ci && npm run http -- http://127.0.0.1:8000
// The server must have the example story. INIT_SECONDS is its timeout for `connection_init` (default 10).
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { serverAudits } from 'graphql-http';
import { createClient as createEventClient } from 'graphql-sse';
import { createClient as createSocketClient } from 'graphql-ws';
import WebSocket from 'ws';
import { PROTOCOL, Socket } from './socket.mjs';
import { exports } from './exports.mjs';
import { run } from './steps.mjs';

if (!process.argv[2]) throw new Error('the server URL is missing: npm run http -- http://127.0.0.1:8000');
const address = new URL('/graphql', process.argv[2]).href;
const socketAddress = address.replace(/^http/, 'ws');
const initSeconds = Number(process.env.INIT_SECONDS ?? 10);

const titleQuery = '{ event(slug: "visit-of-kadhimi-to-mikdam") { title } }';
const unknownField = '{ nothingOfThisName }';
const unreadable = '{ event(';
const changesSubscription = 'subscription { changes { cursor node { id kind operation } } }';
const resumedSubscription = 'subscription ($after: String) { changes(after: $after) { cursor node { id kind operation } } }';

/** Rejects if the promise takes longer. */
const within = async (seconds, promise) => {
  const late = new AbortController();
  try {
    const limit = sleep(seconds * 1000, undefined, { signal: late.signal }).then(() => {
      throw new Error(`no response within ${seconds} seconds`);
    });
    return await Promise.race([promise, limit]);
  } finally {
    late.abort();
  }
};

/** Runs a query in one plain HTTP request and returns its data. */
const runQuery = async query => {
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

const answersQuery = async client => {
  const { data, errors } = await first(client, { query: titleQuery });
  assert.equal(errors, undefined);
  assert.ok(data.event.title);
};

/** Checks that a subscription stays open while the client runs queries, and ends when the client closes it. */
const opensSubscription = async (client, opened) => {
  const changes = client.iterate({ query: changesSubscription }, { connected: () => opened?.resolve() });
  let ended;
  const change = changes.next().then(
    ({ value }) => (ended = value ? value.errors : new Error('the server ended the stream')),
    error => (ended = error),
  );
  await within(10, opened?.promise);
  await answersQuery(client);
  assert.equal(ended, undefined);
  await changes.return();
  await within(10, change);
  await answersQuery(client);
};

/** Checks that a subscription that resumes after a cursor delivers the same changes as the list after that cursor. */
const resumesSubscription = async client => {
  const { changes } = await runQuery('{ changes(first: 6) { edges { cursor node { id kind operation } } } }');
  const [start, ...expected] = changes.edges;
  assert.ok(expected.length, 'the list of changes is empty');
  const stream = client.iterate({ query: resumedSubscription, variables: { after: start.cursor } });
  const seen = [];
  while (seen.length < expected.length) {
    const { value, done } = await within(10, stream.next());
    assert.ok(!done, 'the server ended the stream');
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

/** Runs a step that opens WebSockets, and closes them afterwards. */
const withSockets = step => async () => {
  const sockets = [];
  const open = async (protocols, headers) => {
    const socket = new Socket(socketAddress, protocols, headers);
    sockets.push(socket);
    return within(10, socket.opened());
  };
  const openInitialized = async () => {
    const socket = await open();
    socket.send({ type: 'connection_init' });
    assert.deepEqual(await socket.next(), { type: 'connection_ack' });
    return socket;
  };
  try {
    await step({ open, openInitialized });
  } finally {
    for (const { ws } of sockets) ws.terminate();
  }
};

/** Checks that the socket is closed with this code, without a message before it. */
const expectClose = async (socket, code, seconds) => assert.deepEqual(await socket.next(seconds), { closed: code });

/** Checks that the next message is the reply to a ping, so no other message was pending. */
const respondsToPing = async socket => {
  const payload = { mark: Math.random() };
  socket.send({ type: 'ping', payload });
  assert.deepEqual(await socket.next(), { type: 'pong', payload });
};

/** Checks that each message, sent on a new initialized socket, closes that socket with this code. */
const closesWith = (code, ...messages) =>
  withSockets(async ({ openInitialized }) => {
    for (const message of messages) {
      const socket = await openInitialized();
      socket.send(message);
      await expectClose(socket, code).catch(error => {
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
  'graphql-ws: a query': withSocketClient(answersQuery),

  'graphql-ws: a subscription opens and ends': withSocketClient(client => opensSubscription(client)),

  'graphql-ws: a subscription resumes after a cursor': withSocketClient(resumesSubscription),

  'graphql-ws: an invalid query': withSocketClient(async client => {
    for (const query of [unknownField, unreadable]) {
      // The client throws the payload of an `error` message.
      const errors = await first(client, { query }).then(() => assert.fail('the invalid query was executed'), errors => errors);
      assert.ok(Array.isArray(errors) && errors[0].message, `no list of errors: ${errors.message ?? errors}`);
    }
    await answersQuery(client);
  }),

  'graphql-ws: a wrong key closes with 4403': async () => {
    const connectionParams = { authorization: 'Bearer this-is-not-a-key' };
    const refused = withSocketClient(answersQuery, { connectionParams, on: {} });
    const close = await refused().then(() => assert.fail('the wrong key was accepted'), close => close);
    assert.equal(close.code, 4403, close.message);
  },

  'graphql-sse: a query': withEventClient(answersQuery),

  'graphql-sse: a subscription opens and ends': withEventClient(client => {
    const opened = {};
    opened.promise = new Promise(resolve => (opened.resolve = resolve));
    return opensSubscription(client, opened);
  }),

  'graphql-sse: a subscription resumes after a cursor': withEventClient(resumesSubscription),

  'graphql-sse: an invalid query': withEventClient(async client => {
    const { data, errors } = await first(client, { query: unknownField });
    assert.equal(data, undefined);
    assert.ok(errors[0].message);
    // A document that cannot be parsed may be rejected with status 400 before the stream starts.
    const refused = await first(client, { query: unreadable }).catch(error => error);
    assert.ok(refused.errors?.[0].message ?? refused.response?.status === 400, String(refused));
    await answersQuery(client);
  }),
};

const sockets = {
  'socket: ping and pong, before and after connection_init': withSockets(async ({ open }) => {
    const socket = await open();
    await respondsToPing(socket);
    socket.send({ type: 'connection_init', payload: {} });
    assert.deepEqual(await socket.next(), { type: 'connection_ack' });
    await respondsToPing(socket);
    socket.send({ type: 'ping' });
    assert.deepEqual(await socket.next(), { type: 'pong' });
    socket.send({ type: 'pong', payload: {} });
    await respondsToPing(socket);
  }),

  'socket: a query gets one next, then complete, and its id can be reused': withSockets(async ({ openInitialized }) => {
    const socket = await openInitialized();
    for (const _ of [1, 2]) {
      socket.send(subscribe('q', titleQuery));
      const { payload, ...next } = await socket.next();
      assert.deepEqual(next, { id: 'q', type: 'next' });
      assert.ok(payload.data.event.title);
      assert.deepEqual(await socket.next(), { id: 'q', type: 'complete' });
      await respondsToPing(socket);
    }
  }),

  'socket: operations run concurrently': withSockets(async ({ openInitialized }) => {
    const socket = await openInitialized();
    socket.send(subscribe('live', changesSubscription));
    socket.send(subscribe('q', titleQuery));
    assert.equal((await socket.next()).type, 'next');
    assert.deepEqual(await socket.next(), { id: 'q', type: 'complete' });
    await respondsToPing(socket);
  }),

  'socket: the id of a completed subscription can be reused': withSockets(async ({ openInitialized }) => {
    const socket = await openInitialized();
    for (const _ of [1, 2]) {
      socket.send(subscribe('live', changesSubscription));
      socket.send({ id: 'live', type: 'complete' });
    }
    await respondsToPing(socket);
  }),

  'socket: complete for an unknown id is ignored': withSockets(async ({ openInitialized }) => {
    const socket = await openInitialized();
    socket.send({ id: 'unknown', type: 'complete' });
    await respondsToPing(socket);
  }),

  'socket: an invalid query gets one error, and the socket stays open': withSockets(async ({ openInitialized }) => {
    const socket = await openInitialized();
    for (const query of [unknownField, unreadable, '']) {
      socket.send(subscribe('q', query));
      const { payload, ...error } = await socket.next();
      assert.deepEqual(error, { id: 'q', type: 'error' });
      assert.ok(payload[0].message);
      await respondsToPing(socket);
    }
  }),

  'socket: the supported one of several subprotocols is chosen': withSockets(async ({ open }) => {
    const { ws } = await open(['graphql-ws', PROTOCOL]);
    assert.equal(ws.protocol, PROTOCOL);
  }),

  'socket: no subprotocol closes with 4406': withSockets(async ({ open }) => expectClose(await open([]), 4406)),

  'socket: an unsupported subprotocol closes with 4406': withSockets(async ({ open }) => {
    // Sent as a plain header, because `ws` fails if the server chooses none of the subprotocols that it was given.
    await expectClose(await open([], { 'sec-websocket-protocol': 'graphql-ws' }), 4406);
  }),

  'socket: no connection_init in time closes with 4408': withSockets(async ({ open, openInitialized }) => {
    const initialized = await openInitialized();
    const start = Date.now();
    await expectClose(await open(), 4408, initSeconds + 5);
    const seconds = (Date.now() - start) / 1000;
    assert.ok(seconds > initSeconds - 0.5, `closed after only ${seconds} seconds`);
    await respondsToPing(initialized);
  }),

  'socket: a second connection_init closes with 4429': closesWith(4429, { type: 'connection_init' }),

  'socket: subscribe before connection_ack closes with 4401': withSockets(async ({ open }) => {
    const socket = await open();
    socket.send(subscribe('q', titleQuery));
    await expectClose(socket, 4401);
  }),

  'socket: an id that is in use closes with 4409': withSockets(async ({ openInitialized }) => {
    for (const query of [changesSubscription, titleQuery]) {
      const socket = await openInitialized();
      socket.send(subscribe('live', changesSubscription));
      socket.send(subscribe('live', query));
      await expectClose(socket, 4409);
    }
  }),

  'socket: invalid JSON closes with 4400': closesWith(4400, '{', '', 'hello'),

  'socket: JSON that is no object closes with 4400': closesWith(4400, '[]', 'null', '7', '"ping"'),

  'socket: an unknown type closes with 4400': closesWith(4400, { type: 'start', id: 'q' }, { type: 7 }, {}),

  'socket: a message type that only servers send closes with 4400': closesWith(
    4400,
    { type: 'connection_ack' },
    { type: 'next', id: 'q' },
  ),

  'socket: a malformed message closes with 4400': closesWith(
    4400,
    subscribe('', titleQuery),
    subscribe(undefined, titleQuery),
    subscribe(7, titleQuery),
    { id: 'q', type: 'subscribe' },
    subscribe('q', undefined),
    subscribe('q', 7),
    subscribe('q', titleQuery, { variables: [] }),
    subscribe('q', titleQuery, { operationName: 7 }),
    { type: 'complete' },
    { type: 'ping', payload: 'text' },
  ),

  'socket: a client that stops reading is disconnected, and others are not affected': withSockets(async ({ openInitialized }) => {
    const { changes } = await runQuery('{ changes(first: 1) { edges { cursor } } }');
    // Responses repeat the long aliases, so that the story's hundred changes exceed the system's socket buffers.
    const aliases = Array.from({ length: 100 }, (_, n) => `${'long'.repeat(150)}${n}: cursor`);
    const wide = `subscription ($after: String) { changes(after: $after) { ${aliases.join(' ')} } }`;
    const replay = socket => {
      for (const id of ['a', 'b', 'c', 'd']) {
        socket.send(subscribe(id, wide, { variables: { after: changes.edges[0].cursor } }));
      }
    };
    const [stopped, reader, other] = [await openInitialized(), await openInitialized(), await openInitialized()];
    stopped.ws.pause();
    replay(stopped);
    replay(reader);
    for (const start = Date.now(); stopped.ws.readyState === WebSocket.OPEN; ) {
      assert.ok(Date.now() - start < 60_000, 'the socket is still open after 60 seconds');
      await within(5, Promise.all([respondsToPing(other), runQuery(titleQuery)]));
      // A paused socket notices that it was closed only when it writes.
      stopped.send({ type: 'pong' });
      await sleep(200);
    }
    let message;
    reader.send({ type: 'ping' });
    do message = await reader.next();
    while (message.type === 'next');
    assert.deepEqual(message, { type: 'pong' });
  }),

  'socket: a frame of 2 MB closes with 1009': closesWith(1009, subscribe('q', `${titleQuery} #${'x'.repeat(2_000_000)}`)),
};

await run({ ...Object.fromEntries(audits), ...clients, ...sockets, ...exports(process.argv[2]) });
