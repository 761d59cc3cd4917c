import { useEffect, useRef } from 'react';
import { pick, useGraphiQL, useGraphiQLActions } from '@graphiql/react';

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

/** GraphiQL's New tab button leaves a subscription running, which then writes into the new tab. */
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

/** GraphiQL keeps whether its lower pane is open to itself, so this presses its button. */
export function showVariables() {
  document.querySelector('.graphiql-editor-tools [data-name="variables"]')?.click();
}
