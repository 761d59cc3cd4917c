// Sends hostile requests and opens hostile connections to a running server, while a second client sends cheap queries.
//   npm run hostile -- http://127.0.0.1:8000 PID
// The server must have the example story; PID is its process, whose memory is measured (Linux).
// It fails when a request is answered without a code and advice, when the memory grows by 96 MB or more, when a cheap query takes
// longer than a second, or when the server ends.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import http2 from 'node:http2';
import net from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import WebSocket from 'ws';

const [address, process_id] = process.argv.slice(2);
if (!address || !process_id) throw new Error('the URL or process id is missing: npm run hostile -- http://127.0.0.1:8000 PID');
const base = new URL(address);
const MAX_GROWTH = 96 << 20;
const MAX_PROBE = 1000;

/** Memory of the server in bytes. */
const memory = () => Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${process_id}/status`, 'utf8'))[1]) * 1024;

const post = (body, headers = {}, path = '/graphql') =>
  fetch(new URL(path, base), {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/graphql-response+json', ...headers },
    body: typeof body === 'string' || body instanceof Uint8Array ? body : JSON.stringify(body),
    signal: AbortSignal.timeout(20_000),
  });
const get = path => fetch(new URL(path, base), { headers: { accept: 'application/json' }, signal: AbortSignal.timeout(20_000) });
const query = (text, variables) => () => post({ query: text, variables });
const repeat = (count, text) => Array.from({ length: count }, (_, at) => text.replaceAll('#', at)).join(' ');
const letters = count => 'bdfghjklmn'.repeat(count / 10);
const nested = (count, open, close) => open.repeat(count) + close.repeat(count);
const nul = 'x\u0000y';
const text = name => `query ($t: String!) { ${name} }`;
const doubling = Array.from({ length: 30 }, (_, at) => `fragment f${at} on Query { ...f${at + 1} ...f${at + 1} }`).join(' ');
const cursor = Buffer.from(JSON.stringify(['people LABEL', nul, 1])).toString('base64url');

// Each must be refused.
const REQUESTS = {
  'a name of 60,000 letters': query(text('people(filter: {name: {matches: $t}}) { suggestions }'), { t: letters(60_000) }),
  'a search of 60,000 letters': query(text('search(text: $t) { suggestions }'), { t: letters(60_000) }),
  'a search of 5,000 words': query(text('search(text: $t) { totalCount }'), { t: 'word '.repeat(5000) }),
  'a name of 100 words': query(text('people(filter: {name: {matches: $t}}) { totalCount }'), { t: 'word '.repeat(100) }),
  'NUL in a slug': query(text('people(filter: {slug: {eq: $t}}) { totalCount }'), { t: nul }),
  'NUL in a label': query(text('people(filter: {label: {eq: $t}}) { totalCount }'), { t: nul }),
  'NUL in a name': query(text('people(filter: {name: {matches: $t}}) { totalCount }'), { t: nul }),
  'NUL in a search': query(text('search(text: $t) { totalCount }'), { t: nul }),
  'NUL in a URL': query(text('articles(filter: {url: {eq: $t}}) { totalCount }'), { t: nul }),
  'NUL in a literal': query('{ event(slug: "x\\u0000y") { id } }'),
  'NUL in an id': query('query ($t: ID!) { node(id: $t) { id } }', { t: nul }),
  'NUL in a cursor': query(`{ people(after: "${cursor}") { totalCount nodes { id } } }`),
  'a filter of 900 kB': query(text('people(filter: {slug: {eq: $t}}) { totalCount }'), { t: 'x'.repeat(900_000) }),
  'a page of 100,000': query('{ events(first: 100000) { nodes { id } } }'),
  'lists in lists in lists': query('{ events(first: 500) { nodes { participations(first: 500) { nodes { event { articles(first: 500) { nodes { id } } } } } } } }'),
  'fragments that double': query(`{ ...f0 } ${doubling} fragment f30 on Query { __typename }`),
  'a fragment that spreads itself': query('{ ...f } fragment f on Query { ...f }'),
  'ten thousand brackets': query(`{ a(b: ${nested(10_000, '[', ']')}) }`),
  'a thousand levels of fields': query(`{ ${'a { '.repeat(1000)} b ${'} '.repeat(1000)} }`),
  'forty-five thousand tokens': query('a '.repeat(45_000)),
  'three hundred root fields': query(`{ ${repeat(300, 'a#: __typename')} }`),
  'three hundred aliases': query(`{ events { ${repeat(300, 'a#: totalCount')} } }`),
  'three hundred directives': query(`{ __typename ${'@skip(if: true) '.repeat(300)} }`),
  'forty-five unknown fields': query(`{ ${repeat(45, 'unknown#')} }`),
  'facets with 600 values': query(`{ events { ${repeat(190, 'a#: facets(by: [TYPE, PLACE, STANDING], first: 600) { by }')} } }`),
  'a body of 2 MB': () => post({ query: `{ __typename } #${'x'.repeat(2_000_000)}` }),
  'a body that is not JSON': () => post('{"query": '),
  'a deep JSON body': () => post(`{"query": "{ __typename }", "variables": {"a": ${nested(2000, '[', ']')}}}`),
  'fifty thousand values': query('query ($i: [ID!]!) { nodes(ids: $i) { id } }', { i: Array(50_000).fill('x') }),
  'a compressed body': () => post(new Uint8Array([31, 139, 8, 0]), { 'content-encoding': 'gzip' }),
  'a form': () => post('query={__typename}', { 'content-type': 'application/x-www-form-urlencoded' }),
  'a mutation by GET': () => get(`/graphql?query=${encodeURIComponent('mutation { unmerge(id: "x") { id } }')}`),
  'a batch': () => post([{ query: '{ __typename }' }]),
  'a wrong digest': () => post({ query: '{ __typename }', extensions: { persistedQuery: { version: 1, sha256Hash: '0'.repeat(64) } } }),
  'a key in the URL': () => get('/graphql?query={__typename}&api_key=secret'),
  'an invalid key': () => post({ query: '{ __typename }' }, { authorization: `Bearer ${'x'.repeat(4000)}` }),
  'two fields under one key': query('{ a: events(first: 1) { totalCount } a: events(first: 2) { totalCount } }'),
  'an input field given twice': query('{ events(filter: {title: {isNull: true, isNull: false}}) { totalCount } }'),
  'two root fields of a subscription': query('subscription { a: changes { cursor } b: changes { cursor } }'),
  'an export with an unknown filter': () => get(`/export/event.jsonl?filter=${encodeURIComponent('{"titel": {}}')}`),
  'an export with NUL': () => get(`/export/event.jsonl?filter=${encodeURIComponent(JSON.stringify({ slug: { eq: nul } }))}`),
  'an export of an unknown type': () => get('/export/nothing.csv'),
};

/** Opens a TCP connection and sends bytes; never reads. */
const silent = (bytes = '') => {
  const socket = net.connect(+base.port, base.hostname, () => socket.write(bytes));
  socket.on('error', () => {}).pause();
  return () => socket.destroy();
};
/** Sends a header a byte at a time. */
const slowHeaders = () => {
  const socket = net.connect(+base.port, base.hostname, () => socket.write('GET / HTTP/1.1\r\nx: '));
  const timer = setInterval(() => socket.writable && socket.write('x'), 200);
  socket.on('error', () => {}).on('close', () => clearInterval(timer));
  return () => socket.destroy();
};
/** A WebSocket that sends pings and reads nothing. */
const pings = () => {
  const socket = new WebSocket(new URL('/graphql', base).href.replace(/^http/, 'ws'), 'graphql-transport-ws');
  const payload = Buffer.alloc(125, 7);
  let timer;
  socket.on('error', () => {}).on('open', () => {
    socket._socket.pause();
    timer = setInterval(() => { for (let at = 0; at < 2000 && socket.bufferedAmount < 1 << 20; at++) socket.ping(payload); }, 5);
  });
  return () => { clearInterval(timer); socket.terminate(); };
};
/** A WebSocket that never says who it is. */
const uninitialized = () => {
  const socket = new WebSocket(new URL('/graphql', base).href.replace(/^http/, 'ws'), 'graphql-transport-ws');
  socket.on('error', () => {});
  return () => socket.terminate();
};
/** HTTP/2 requests with a flow-control window of zero, so that no response may be sent. */
const noWindow = () => {
  const session = http2.connect(base.origin, { settings: { initialWindowSize: 0 } });
  session.on('error', () => {});
  for (let at = 0; at < 20; at++) session.request({ ':path': '/export/graph.jsonl', accept: '*/*' }).on('error', () => {});
  return () => session.destroy();
};

const CONNECTIONS = [
  ...Array(8).fill(() => silent()),
  ...Array(4).fill(() => silent('PRI * HTTP/2.0\r\n')),
  ...Array(4).fill(() => silent('POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n{')),
  ...Array(5).fill(slowHeaders),
  ...Array(4).fill(pings),
  ...Array(3).fill(uninitialized),
  ...Array(4).fill(noWindow),
];

// Connections and caches of the server are not what is measured.
for (let at = 0; at < 30; at++) await (await post({ query: '{ events(first: 50) { totalCount nodes { id title } } }' })).text();
const before = memory();
let slowest = 0;
let probes = 0;
let isDone = false;
const probing = (async () => {
  while (!isDone) {
    const started = performance.now();
    const response = await post({ query: '{ events(first: 1) { totalCount } }' });
    const { data } = await response.json();
    assert.ok(data.events.totalCount > 0);
    slowest = Math.max(slowest, performance.now() - started);
    probes += 1;
    await sleep(100);
  }
})();

const close = CONNECTIONS.map(open => open());
await sleep(3000);
let refused = 0;
for (let round = 0; round < 3; round++) {
  for (const [name, send] of Object.entries(REQUESTS)) {
    const response = await send();
    const body = await response.text();
    let error;
    try {
      [error] = JSON.parse(body).errors;
    } catch {
      assert.fail(`${name}: the response (${response.status}) has no errors: ${body.slice(0, 300)}`);
    }
    assert.match(error.extensions?.code ?? '', /^[A-Z_]+$/, `${name}: ${body.slice(0, 300)}`);
    assert.notEqual(error.extensions.code, 'INTERNAL', `${name}: ${body.slice(0, 300)}`);
    assert.ok(error.message.length > 20, `${name}: ${error.message}`);
    assert.ok(body.length < 20_000, `${name}: the refusal has ${body.length} bytes`);
    refused += 1;
  }
}
await sleep(2000);
const grown = memory() - before;
isDone = true;
await probing;
for (const end of close) end();
console.log(`${Object.keys(REQUESTS).length} hostile requests refused (${refused} in all), ${CONNECTIONS.length} hostile connections, memory grew by ${(grown / 1e6).toFixed(1)} MB, ${probes} cheap queries, the slowest ${slowest.toFixed(0)} ms`);
assert.ok(grown < MAX_GROWTH, `the memory grew by ${grown} bytes`);
assert.ok(slowest < MAX_PROBE, `a cheap query took ${slowest.toFixed(0)} ms`);
process.exit(0);
