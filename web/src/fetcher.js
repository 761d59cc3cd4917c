import { readEvents } from './events.js';
import { operationFacts } from './operations.js';

const endpoint = new URL('graphql', document.baseURI);

/**
 * GraphiQL's own fetcher shows "Unexpected token '<'" when a proxy answers with a page, its Stop
 * button does not end a request, and it subscribes over web sockets, which cannot send the headers
 * of the headers pane; hence this one, which returns an observable.
 */
export function fetcher({ query, variables, operationName }, { headers } = {}) {
  return {
    subscribe(observer) {
      const abort = new AbortController();
      const results = send({ query, variables, operationName }, headers, abort.signal);
      pass(results, observer, abort.signal);
      return { unsubscribe: () => abort.abort() };
    },
  };
}

async function pass(results, observer, signal) {
  for await (const result of results) {
    if (signal.aborted) return;
    observer.next(result);
  }
  if (!signal.aborted) observer.complete();
}

async function* send(request, headers, signal) {
  const { type } = operationFacts(request.query, request.operationName);
  let response;
  let text;
  try {
    response = await fetch(endpoint, {
      method: 'POST',
      headers: {
        accept:
          type === 'subscription'
            ? 'text/event-stream'
            : 'application/graphql-response+json, application/json;q=0.9',
        'content-type': 'application/json',
        ...headers,
      },
      body: JSON.stringify(request),
      signal,
    });
    // A subscription that is refused is answered like a query.
    if (!response.headers.get('content-type')?.startsWith('text/event-stream')) {
      text = await response.text();
    }
  } catch (error) {
    yield failure(`Cannot reach ${endpoint}: is the server running? (${error.message})`);
    return;
  }
  if (text === undefined) {
    yield* changes(response.body);
    return;
  }
  const status = `${response.status} ${response.statusText}`.trim();
  yield parseResult(text, `answered ${status}`);
}

async function* changes(body) {
  let reason = 'it ended too early';
  try {
    for await (const { type, data } of readEvents(body)) {
      if (type === 'complete') return;
      if (type === 'next') yield parseResult(data, 'sent an event');
    }
  } catch (error) {
    reason = error.message;
  }
  yield failure(`The connection to ${endpoint} broke off: run the subscription again (${reason})`);
}

function parseResult(text, what) {
  try {
    const result = JSON.parse(text);
    if (result && typeof result === 'object') return result;
  } catch {}
  const excerpt = text.trim().slice(0, 500);
  return failure(`${endpoint} ${what} without JSON: ${excerpt || '(an empty body)'}`);
}

const failure = message => ({ errors: [{ message }] });
