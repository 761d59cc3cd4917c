import { operationFacts } from './operations.js';

// Browsers, proxies and chat programs handle URLs of this length.
const MAX_URL_LENGTH = 8000;

/** Returns the operation in the URL of the page, or null. */
export function readLink() {
  const parameters = new URLSearchParams(location.search);
  const query = parameters.get('query');
  return query && {
    query,
    variables: reformat(parameters.get('variables'), 2),
    operationName: parameters.get('operationName'),
  };
}

/** Returns the URL that opens this tab, or null if the tab is empty or the URL would be too long. */
export function linkTo({ query, variables, operationName }) {
  if (!query?.trim()) return null;
  const url = pageUrl();
  url.searchParams.set('query', query);
  const json = reformat(variables);
  if (json) url.searchParams.set('variables', json);
  if (operationName && operationFacts(query).operations.length > 1) {
    url.searchParams.set('operationName', operationName);
  }
  return url.href.length > MAX_URL_LENGTH ? null : url.href;
}

/** Returns the URL of the page without an operation. */
export function pageUrl() {
  const url = new URL(location.href);
  for (const name of ['query', 'variables', 'operationName']) url.searchParams.delete(name);
  return url;
}

// Variables that are unfinished or have comments are not valid JSON and stay as they are.
function reformat(json, indent) {
  try {
    const value = JSON.parse(json || 'null');
    return value && Object.keys(value).length ? JSON.stringify(value, null, indent) : '';
  } catch {
    return json;
  }
}
