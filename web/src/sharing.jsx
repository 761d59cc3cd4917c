import { useEffect, useRef, useState } from 'react';
import { ToolbarButton, useGraphiQL, useGraphiQLActions } from '@graphiql/react';
import { linkTo, pageUrl } from './link.js';
import { isQuery } from './operations.js';
import { showVariables } from './editor.jsx';

/** Runs the operation in the URL once the editors are ready. */
export function RunLink({ link }) {
  const { run, setOperationName } = useGraphiQLActions();
  const ready = useGraphiQL(s =>
    Boolean(s.queryEditor && s.variableEditor && s.headerEditor && s.responseEditor),
  );
  useEffect(() => {
    if (!ready || !link) return;
    if (link.variables) showVariables();
    if (link.operationName) setOperationName(link.operationName);
    if (isQuery(link.query, link.operationName)) run();
  }, [ready, link]);
  return null;
}

/** Updates the URL of the page with each change in the editor. */
export function AddressBar() {
  const link = useGraphiQL(s => linkTo(s.tabs[s.activeTabIndex]));
  const shown = useRef(link);
  useEffect(() => {
    if (link === shown.current) return;
    shown.current = link;
    history.replaceState(null, '', link ?? pageUrl());
  }, [link]);
  return null;
}

export function CopyLink() {
  const link = useGraphiQL(s => linkTo(s.tabs[s.activeTabIndex]));
  const [copied, setCopied] = useState(null);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(link);
      setCopied(link);
    } catch {
      // Browsers allow the clipboard only on localhost and over HTTPS.
      prompt('Link to this query:', link);
    }
  };
  const label = !link
    ? 'Cannot share: the query is empty or too long for a link'
    : copied === link
      ? 'Link copied'
      : 'Copy link to this query';
  return (
    <ToolbarButton label={label} onClick={copy} disabled={!link}>
      <svg className="graphiql-toolbar-icon" viewBox="0 0 24 24" fill="none" stroke="currentColor" strokeWidth="1.8" strokeLinecap="round" aria-hidden="true">
        <path d="M10 14a4.5 4.5 0 0 0 6.4 0l3.2-3.2a4.5 4.5 0 0 0-6.4-6.4l-1.4 1.4" />
        <path d="M14 10a4.5 4.5 0 0 0-6.4 0l-3.2 3.2a4.5 4.5 0 0 0 6.4 6.4l1.4-1.4" />
      </svg>
    </ToolbarButton>
  );
}
