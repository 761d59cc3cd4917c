import { readEvents } from './events.js';
import { operationFacts } from './operations.js';

const endpoint = new URL('graphql', document.baseURI);

/**
 * Sends operations and returns an observable of their results. It replaces GraphiQL's own fetcher,
 * which has three faults: it shows "Unexpected token '<'" when a proxy responds with an HTML page,
 * its Stop button does not cancel a request, and it subscribes over WebSockets, which cannot send
 * the headers of the headers pane.
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
    // A rejected subscription gets a plain JSON response, like a query.
    if (!response.headers.get('content-type')?.startsWith('text/event-stream')) {
      text = await response.text();
    }
  } catch (error) {
    yield failure(`Cannot reach ${endpoint}: is the server running? (${error.message})`);
    return;
  }
  if (text === undefined) {
    yield* streamResults(response.body);
    return;
  }
  const status = `${response.status} ${response.statusText}`.trim();
  yield parseResult(text, `responded with ${status}`);
}

async function* streamResults(body) {
  let reason = 'the stream ended early';
  try {
    for await (const { type, data } of readEvents(body)) {
      if (type === 'complete') return;
      if (type === 'next') yield parseResult(data, 'sent an event');
    }
  } catch (error) {
    reason = error.message;
  }
  yield failure(`The connection to ${endpoint} was lost: run the subscription again (${reason})`);
}

function parseResult(text, what) {
  try {
    const result = JSON.parse(text);
    if (result && typeof result === 'object') return result;
  } catch {}
  const excerpt = text.trim().slice(0, 500);
  return failure(`${endpoint} ${what}, but not with JSON: ${excerpt || '(an empty body)'}`);
}

const failure = message => ({ errors: [{ message }] });
