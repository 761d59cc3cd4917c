// Opens the page of a running server in headless Chromium, cut off from everything else:
//   node test/page.mjs [http://127.0.0.1:8000/] [screenshot.png]
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { chromium } from 'playwright-core';

const base = new URL(process.argv[2] ?? process.env.NEWSGRAPH_URL ?? 'http://127.0.0.1:8000/');
const screenshot = process.argv[3] ?? process.env.SCREENSHOT;

let browser;
let context;
let examples;
const troubles = [];
const sent = [];

before(async () => {
  browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
  examples = await (await fetch(new URL('examples.json', base))).json();
  await newVisitor();
});

after(() => browser?.close());

async function newVisitor(colorScheme = 'light') {
  await context?.close();
  context = await browser.newContext({ colorScheme, viewport: { width: 1280, height: 800 } });
  await context.exposeFunction('reportViolation', text => troubles.push(`CSP: ${text}`));
  await context.addInitScript(() =>
    document.addEventListener('securitypolicyviolation', event =>
      globalThis.reportViolation(`${event.violatedDirective} ${event.blockedURI}`),
    ),
  );
  await context.route('**/*', route => {
    const url = new URL(route.request().url());
    if (url.origin === base.origin) return route.continue();
    troubles.push(`request to ${url}`);
    return route.abort();
  });
  context.on('request', request => {
    if (request.method() === 'POST') sent.push(request.postDataJSON().query);
  });
  context.on('weberror', error => troubles.push(`page error: ${error.error().stack}`));
  context.on('console', message => {
    // The query builder keeps lists but cannot edit them, and says so here.
    if (message.text().startsWith('arg mismatch')) return;
    if (message.type() === 'error') troubles.push(`console: ${message.text()}`);
  });
}

async function open(parameters = {}) {
  const page = await context.newPage();
  const url = new URL(base);
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
  await page.goto(url.href);
  await page.locator('.graphiql-query-editor .monaco-editor').waitFor();
  return page;
}

// The text of an editor: what is on the screen has only the lines that are in view.
const text = (page, file) =>
  page.evaluate(
    name => globalThis.__MONACO.editor.getModels().find(m => m.uri.path.endsWith(name)).getValue(),
    file,
  );
const query = page => text(page, 'operation.graphql');
const variables = async page => JSON.parse(await text(page, 'variables.json'));

async function result(page) {
  await page.waitForFunction(() =>
    globalThis.__MONACO?.editor
      .getModels()
      .find(model => model.uri.path.endsWith('response.json'))
      ?.getValue(),
  );
  return JSON.parse(await text(page, 'response.json'));
}

function assertData({ data, errors }) {
  assert.equal(errors, undefined);
  assert.ok(data && Object.keys(data).length);
}

const addressHas = (page, name, value) =>
  page.waitForFunction(
    ([name, value]) => new URLSearchParams(location.search).get(name) === value,
    [name, value],
  );

test('the first visit shows the first example, and it runs', async () => {
  const page = await open();
  assert.equal(await page.title(), 'newsgraph');
  assert.equal(await query(page), examples[0].query);
  assert.deepEqual(sent.filter(sent => sent === examples[0].query), []);
  await page.getByRole('button', { name: 'Execute query' }).click();
  assertData(await result(page));
  if (screenshot) await page.screenshot({ path: screenshot });

  await page.getByRole('button', { name: examples[1].title, exact: true }).click();
  await page.waitForFunction(() => document.querySelectorAll('[role=tab]').length === 2);
  assert.equal(await query(page), examples[1].query);
  assertData(await result(page));
  await addressHas(page, 'query', examples[1].query);
  await page.close();
});

test('tabs are kept, and the pane of examples opens from the side bar', async () => {
  const page = await open();
  assert.equal(await query(page), examples[1].query);
  await page.getByRole('button', { name: 'Hide Examples' }).click();
  await page.getByRole('button', { name: 'Show Examples' }).click();
  await page.getByRole('button', { name: examples[0].title, exact: true }).click();
  assert.equal(await query(page), examples[0].query);
  assertData(await result(page));
  await page.close();
});

test('a link opens its query before the kept tabs, and runs it', async () => {
  const link = {
    query: 'query A { a: __typename }\nquery B($no: Boolean!) { b: __typename ... @skip(if: $no) { c: __typename } }',
    variables: '{"no":true}',
    operationName: 'B',
  };
  const page = await open(link);
  assert.equal(await query(page), link.query);
  assert.deepEqual(await variables(page), { no: true });
  const { data, errors } = await result(page);
  assert.equal(errors, undefined);
  assert.deepEqual(Object.keys(data), ['b']);
  await page.close();
});

test('the address follows the editor, up to a length', async () => {
  const page = await open({ query: '{ a: __typename }' });
  const type = async value => {
    await page.locator('.graphiql-query-editor .monaco-editor').first().click();
    await page.keyboard.press('ControlOrMeta+A');
    await page.keyboard.insertText(value);
  };
  await type('{ changed: __typename');
  assert.match(await query(page), /^\{ changed: __typename/);
  await addressHas(page, 'query', await query(page));
  await type(`# ${'long '.repeat(2000)}`);
  await addressHas(page, 'query', null);
  await page.close();
});

test('a link to a mutation waits for the reader', async () => {
  const mutation = 'mutation FromLink { __typename }';
  const page = await open({ query: mutation });
  assert.equal(await query(page), mutation);
  // The schema has come, so that the page is past the moment when it would have run the link.
  await page.getByRole('button', { name: 'Show Documentation Explorer' }).click();
  await page.getByText('Root Types').waitFor();
  await page.waitForTimeout(500);
  assert.ok(!sent.includes(mutation));
  await page.close();
});

test('a subscription waits for the reader, runs, and ends by the Stop button or with its tab', async () => {
  const subscription = 'subscription { changes { cursor node { kind operation } } }';
  const page = await open({ query: subscription });
  const isIt = request =>
    request.method() === 'POST' && request.postDataJSON().query === subscription;
  const run = page.getByRole('button', { name: 'Execute query' });
  const stop = page.getByRole('button', { name: 'Stop query' });
  const ways = [() => stop.click(), () => page.getByRole('button', { name: 'New tab' }).click()];
  for (const end of ways) {
    const [response] = await Promise.all([
      page.waitForResponse(response => isIt(response.request())),
      run.click(),
    ]);
    const type = response.headers()['content-type'];
    if (!type?.startsWith('text/event-stream')) {
      const text = (await response.text()).slice(0, 500);
      assert.fail(`the server has no such subscription: ${response.status()} ${type} ${text}`);
    }
    await page.waitForTimeout(1000);
    // Nothing has to change while this runs, so there may be nothing to show.
    const shown = await text(page, 'response.json');
    if (shown) assertData(JSON.parse(shown));
    assert.ok(await stop.isVisible(), `it ended by itself: ${shown}`);
    const [request] = await Promise.all([page.waitForEvent('requestfailed', isIt), end()]);
    assert.equal(request.failure().errorText, 'net::ERR_ABORTED');
    await run.waitFor();
    assert.doesNotMatch(await text(page, 'response.json'), /"errors"/);
  }
  assert.equal(sent.filter(sent => sent === subscription).length, ways.length);
  await page.close();
});

test('a lost subscription shows an error, a completed one does not', async () => {
  const query = 'subscription { a: __typename }';
  const event = 'event: next\r\ndata: {"data":{"a":"A"}}\r\n\r\n';
  for (const last of ['', 'event: complete\r\ndata:\r\n\r\n']) {
    const page = await open({ query });
    await page.route(new URL('graphql', base).href, route =>
      route.request().postDataJSON().query === query
        ? route.fulfill({ contentType: 'text/event-stream', body: `:\r\n\r\n${event}${last}` })
        : route.continue(),
    );
    await page.getByRole('button', { name: 'Execute query' }).click();
    await result(page);
    await page.getByRole('button', { name: 'Execute query' }).waitFor();
    const shown = await result(page);
    if (last) assert.deepEqual(shown, { data: { a: 'A' } });
    else assert.match(shown.errors[0].message, /was lost/);
    await page.close();
  }
});

test('every example is listed, runs, and has nothing underlined in red', async () => {
  await newVisitor();
  const page = await open();
  const buttons = page.getByRole('region', { name: 'Examples' }).getByRole('button');
  assert.deepEqual(await buttons.allTextContents(), examples.map(({ title }) => title));
  for (const { title, query: text } of examples) {
    const [response] = await Promise.all([
      page.waitForResponse(response => response.request().postDataJSON()?.query === text),
      page.getByRole('button', { name: title, exact: true }).click(),
    ]);
    assertData(await response.json());
    assert.equal(await query(page), text);
    // What monaco-graphql finds comes half a second after an edit.
    await page.waitForTimeout(800);
    assert.deepEqual(await page.evaluate(() => globalThis.__MONACO.editor.getModelMarkers({})), []);
  }
  await page.close();
});

test('every pane opens, in the dark too', async () => {
  await newVisitor('dark');
  const page = await open();
  for (const pane of ['Documentation Explorer', 'Examples', 'History', 'Query builder']) {
    const button = page.getByRole('button', { name: new RegExp(`^(Show|Hide) ${pane}$`) });
    if ((await button.getAttribute('aria-label')).startsWith('Show')) await button.click();
    await page.locator('.graphiql-plugin', { hasText: /\w/ }).waitFor();
  }
  await page.getByRole('button', { name: 'Execute query' }).click();
  assertData(await result(page));
  if (screenshot) await page.screenshot({ path: screenshot.replace(/(\.\w+)?$/, '-dark$1') });
  await page.close();
});

test('nothing was asked of another host, refused by the policy or thrown', () => {
  assert.deepEqual(troubles, []);
});
