import { operationFacts } from './operations.js';

// What browsers, proxies and chat programs pass on unharmed.
const LONGEST_URL = 8000;

/** The operation that the address asks for, or null. */
export function readLink() {
  const parameters = new URLSearchParams(location.search);
  const query = parameters.get('query');
  return query && {
    query,
    variables: reformat(parameters.get('variables'), 2),
    operationName: parameters.get('operationName'),
  };
}

/** The address that opens this tab, or null if there is nothing to share or it would be too long. */
export function linkTo({ query, variables, operationName }) {
  if (!query?.trim()) return null;
  const url = pageUrl();
  url.searchParams.set('query', query);
  const json = reformat(variables);
  if (json) url.searchParams.set('variables', json);
  if (operationName && operationFacts(query).operations.length > 1) {
    url.searchParams.set('operationName', operationName);
  }
  return url.href.length > LONGEST_URL ? null : url.href;
}

/** The address of this page without an operation. */
export function pageUrl() {
  const url = new URL(location.href);
  for (const name of ['query', 'variables', 'operationName']) url.searchParams.delete(name);
  return url;
}

// Variables may be unfinished or have comments: then they stay as they are.
function reformat(json, indent) {
  try {
    const value = JSON.parse(json || 'null');
    return value && Object.keys(value).length ? JSON.stringify(value, null, indent) : '';
  } catch {
    return json;
  }
}
