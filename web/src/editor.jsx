import { useEffect } from 'react';
import { pick, useGraphiQL } from '@graphiql/react';

/** Filters make long lines: GraphiQL's own sizes leave room for 30 characters of them. */
export function moreRoom() {
  localStorage.setItem('graphiql:docExplorerFlex', '0.25');
  localStorage.setItem('graphiql:editorFlex', '1.3');
}

export function SmallerFont() {
  const editors = useGraphiQL(
    pick('queryEditor', 'variableEditor', 'headerEditor', 'responseEditor'),
  );
  useEffect(() => {
    for (const editor of Object.values(editors)) editor?.updateOptions({ fontSize: 13 });
  }, [editors]);
  return null;
}

/** GraphiQL keeps whether its lower pane is open to itself, so this presses its button. */
export function showVariables() {
  document.querySelector('.graphiql-editor-tools [data-name="variables"]')?.click();
}
