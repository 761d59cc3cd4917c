import './workers.js';
import { createRoot } from 'react-dom/client';
import { GraphiQL, HISTORY_PLUGIN } from 'graphiql';
import { explorerPlugin } from '@graphiql/plugin-explorer';
import '@graphiql/react/style.css';
import '@graphiql/plugin-doc-explorer/style.css';
import '@graphiql/plugin-history/style.css';
import '@graphiql/plugin-explorer/style.css';
// Not graphiql/style.css, which includes all of monaco's styles a second time.
import 'graphiql/graphiql.css';
import './style.css';
import { widenEditor, SmallerFont, StopWithTab } from './editor.jsx';
import { examplesPlugin, loadExamples } from './examples.jsx';
import { fetcher } from './fetcher.js';
import { readLink } from './link.js';
import { AddressBar, CopyLink, RunLink } from './sharing.jsx';

const link = readLink();
const examples = await loadExamples();
const firstVisit = !localStorage.getItem('graphiql:tabState');
const start = link ?? (firstVisit ? examples[0] : undefined);
if (firstVisit) widenEditor();

const title = 'Query builder';
const plugins = [HISTORY_PLUGIN, { ...explorerPlugin({ title }), title }];
if (examples.length) plugins.unshift(examplesPlugin(examples));

createRoot(document.getElementById('root')).render(
  <GraphiQL
    fetcher={fetcher}
    plugins={plugins}
    visiblePlugin={firstVisit && !link ? 'Examples' : undefined}
    defaultQuery=""
    initialQuery={start?.query}
    initialVariables={start?.variables}
    // Without this, GraphiQL forgets the setting "Persist headers" at each load.
    shouldPersistHeaders={localStorage.getItem('graphiql:shouldPersistHeaders') === 'true'}
    showPersistHeadersSettings
  >
    <GraphiQL.Logo>
      <a className="graphiql-logo-link" href=".">newsgraph</a>
    </GraphiQL.Logo>
    <GraphiQL.Toolbar>
      {({ prettify, merge, copy }) => (
        <>
          {prettify}
          {merge}
          {copy}
          <CopyLink />
        </>
      )}
    </GraphiQL.Toolbar>
    <SmallerFont />
    <StopWithTab />
    <RunLink link={link} />
    <AddressBar />
  </GraphiQL>,
);
