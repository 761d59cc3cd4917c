import { Kind, parse } from 'graphql';

/** Returns the facts about a document that GraphiQL needs before it can run it; none if it does not parse. */
export function operationFacts(query, operationName) {
  let documentAST;
  try {
    documentAST = parse(query);
  } catch {
    return { operations: [] };
  }
  const operations = documentAST.definitions.filter(d => d.kind === Kind.OPERATION_DEFINITION);
  const chosen = operationName
    ? operations.find(operation => operation.name?.value === operationName)
    : operations[0];
  return { documentAST, operations, operationName: chosen?.name?.value, type: chosen?.operation };
}

/** Returns whether an operation may run without a click: a link or an example must never write. */
export const isQuery = (query, operationName) =>
  operationFacts(query, operationName).type === 'query';
