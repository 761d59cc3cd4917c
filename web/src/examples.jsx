import { pick, useGraphiQL, useGraphiQLActions } from '@graphiql/react';
import { operationFacts } from './operations.js';
import { showVariables } from './editor.jsx';

/** Loads the server's example queries. Returns none if the server has none, is slow, or fails. */
export async function loadExamples() {
  try {
    const response = await fetch('examples.json', { signal: AbortSignal.timeout(3000) });
    const examples = await response.json();
    return examples.map(({ name, title, query, variables }) => ({
      name,
      title,
      query,
      variables: variables ? JSON.stringify(variables, null, 2) : '',
    }));
  } catch {
    return [];
  }
}

export const examplesPlugin = examples => ({
  title: 'Examples',
  icon: ExamplesIcon,
  content: () => <ExamplesPane examples={examples} />,
});

function ExamplesPane({ examples }) {
  const { tabs, activeTabIndex } = useGraphiQL(pick('tabs', 'activeTabIndex'));
  const open = useOpenExample();
  return (
    <section aria-label="Examples" className="examples">
      <h2>Examples</h2>
      <p>
        Click a query to open and run it. The full schema is in{' '}
        <a href="schema.graphql">schema.graphql</a>.
      </p>
      <ul>
        {examples.map(example => (
          <li key={example.name}>
            <button
              type="button"
              aria-current={isIn(tabs[activeTabIndex], example)}
              onClick={() => open(example)}
            >
              {example.title}
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}

function useOpenExample() {
  const { addTab, changeTab, run, setOperationFacts, stop } = useGraphiQLActions();
  const { activeTabIndex, queryEditor, tabs, variableEditor } = useGraphiQL(
    pick('activeTabIndex', 'queryEditor', 'tabs', 'variableEditor'),
  );
  return example => {
    stop();
    const openAlready = tabs.findIndex(tab => isIn(tab, example));
    if (openAlready < 0) {
      if (queryEditor.getValue().trim()) addTab();
      queryEditor.setValue(example.query);
      variableEditor.setValue(example.variables);
    } else if (openAlready !== activeTabIndex) {
      changeTab(openAlready);
    }
    if (example.variables) showVariables();
    // GraphiQL parses an edit only after 100 ms. Until then it would run the query under the previous operation name.
    const { type, ...facts } = operationFacts(example.query);
    setOperationFacts(facts);
    if (type === 'query') run();
  };
}

const isIn = (tab, example) =>
  tab.query === example.query && (tab.variables ?? '') === example.variables;

function ExamplesIcon(props) {
  return (
    <svg height="1em" viewBox="0 0 24 24" fill="none" stroke="currentColor" strokeWidth="1.5" {...props}>
      <path strokeLinecap="round" strokeLinejoin="round" d="M9 6h12M9 12h12M9 18h12" />
      <path strokeLinejoin="round" d="m2.5 3.5 4 2.5-4 2.5zM2.5 9.5l4 2.5-4 2.5zM2.5 15.5l4 2.5-4 2.5z" />
    </svg>
  );
}
