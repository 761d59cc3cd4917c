const endpoint = new URL('graphql', document.baseURI);

/**
 * GraphiQL's own fetcher shows "Unexpected token '<'" when a proxy answers with a page, and its
 * Stop button does not end a request; hence this one, which returns an observable.
 */
export function fetcher({ query, variables, operationName }, { headers } = {}) {
  return {
    subscribe(observer) {
      const abort = new AbortController();
      send({ query, variables, operationName }, headers, abort.signal).then(result => {
        if (abort.signal.aborted) return;
        observer.next(result);
        observer.complete();
      });
      return { unsubscribe: () => abort.abort() };
    },
  };
}

async function send(request, headers, signal) {
  let response;
  let text;
  try {
    response = await fetch(endpoint, {
      method: 'POST',
      headers: {
        accept: 'application/graphql-response+json, application/json;q=0.9',
        'content-type': 'application/json',
        ...headers,
      },
      body: JSON.stringify(request),
      signal,
    });
    text = await response.text();
  } catch (error) {
    return failure(`Cannot reach ${endpoint}: is the server running? (${error.message})`);
  }
  try {
    const result = JSON.parse(text);
    if (result && typeof result === 'object') return result;
  } catch {}
  const status = `${response.status} ${response.statusText}`.trim();
  const excerpt = text.trim().slice(0, 500);
  return failure(
    `${endpoint} answered ${status} without JSON: ${excerpt || '(an empty body)'}`,
  );
}

const failure = message => ({ errors: [{ message }] });
