import { useEffect, useRef } from 'react';
import { pick, useGraphiQL, useGraphiQLActions } from '@graphiql/react';

/** Widens the editor: filters make long lines, and GraphiQL's default sizes show only 30 characters of them. */
export function widenEditor() {
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

/** Stops a subscription when the tab changes. GraphiQL's New tab button leaves it running, and it writes into the new tab. */
export function StopWithTab() {
  const { stop } = useGraphiQLActions();
  const subscription = useGraphiQL(s => s.subscription);
  const tab = useGraphiQL(s => s.tabs[s.activeTabIndex].id);
  const startedIn = useRef(tab);
  useEffect(() => {
    startedIn.current = tab;
  }, [subscription]);
  useEffect(() => {
    if (tab !== startedIn.current) stop();
  }, [tab]);
  return null;
}

/** Opens the variables pane by clicking its button: GraphiQL has no API for it. */
export function showVariables() {
  document.querySelector('.graphiql-editor-tools [data-name="variables"]')?.click();
}
