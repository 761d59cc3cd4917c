import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

const NOTICE = /^(licen[sc]e|copying|notice|third-?party-?notices)/i;

// Packages published without the license file of their repository.
const SAME_LICENSE_AS = {
  '@graphiql/plugin-doc-explorer': 'graphiql',
  '@graphiql/plugin-explorer': 'graphiql',
  '@graphiql/plugin-history': 'graphiql',
  'react-compiler-runtime': 'react',
  'react-remove-scroll-bar': 'react-remove-scroll',
};

// Missing from the notices of monaco-editor.
const ICONS = `The icon font codicon.ttf inside monaco-editor is by Microsoft Corporation,
https://github.com/microsoft/vscode-codicons, under the Creative Commons Attribution 4.0
International license, https://creativecommons.org/licenses/by/4.0/legalcode`;

/** Returns the license notices of every package whose code is in the bundles. Fails if a package has none. */
export async function licenses(metafiles) {
  const folders = new Set();
  for (const { outputs } of metafiles) {
    for (const { inputs } of Object.values(outputs)) {
      for (const input of Object.keys(inputs)) {
        const folder = input.match(/^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//);
        if (folder) folders.add(folder[1]);
      }
    }
  }

  const packagesByText = new Map();
  for (const folder of [...folders].sort()) {
    const { name, version, license } = JSON.parse(await readFile(join(folder, 'package.json')));
    const source = SAME_LICENSE_AS[name] ? join('node_modules', SAME_LICENSE_AS[name]) : folder;
    const files = (await readdir(source)).filter(file => NOTICE.test(file)).sort();
    if (!files.length) throw new Error(`${name} ${version} has no license file: add it to SAME_LICENSE_AS in licenses.mjs`);
    for (const file of files) {
      const text = (await readFile(join(source, file), 'utf8')).replace(/\r\n/g, '\n').trim();
      const packages = packagesByText.get(text) ?? new Set();
      packagesByText.set(text, packages.add(`${name} ${version} (${license})`));
    }
  }

  const rule = '='.repeat(80);
  packagesByText.set(ICONS, ['codicon.ttf (CC-BY-4.0)']);
  return [...packagesByText]
    .map(([text, packages]) => `${rule}\n${[...packages].join('\n')}\n${rule}\n\n${text}\n`)
    .join('\n');
}
