// Builds dist/, the files that the server embeds. Each file is compressed here, once.
import { createHash } from 'node:crypto';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { gzip } from 'pako';
import { licenses } from './licenses.mjs';

const root = dirname(fileURLToPath(import.meta.url));
process.chdir(root);

const options = {
  absWorkingDir: root,
  bundle: true,
  charset: 'utf8',
  define: { 'process.env.NODE_ENV': '"production"' },
  // The notices are collected in licenses.txt instead.
  legalComments: 'none',
  metafile: true,
  minify: true,
  outdir: 'dist/assets',
  target: 'es2022',
  write: false,
};

const workers = await build({
  ...options,
  entryPoints: {
    'editor.worker': 'monaco-editor/esm/vs/editor/editor.worker.js',
    'graphql.worker': 'monaco-graphql/esm/graphql.worker.js',
    'json.worker': 'monaco-editor/esm/vs/language/json/json.worker.js',
  },
  format: 'iife',
});

// graphiql-explorer requires graphql as CommonJS. A second copy would not only be large: graphql
// refuses a schema that the other copy built.
const oneGraphql = {
  name: 'one-graphql',
  setup({ onResolve, resolve }) {
    onResolve({ filter: /^graphql$/ }, ({ kind, path, resolveDir }) =>
      kind === 'require-call' ? resolve(path, { kind: 'import-statement', resolveDir }) : null,
    );
  },
};

const assets = new Map();
const named = new Map();

// Names contain a hash of the contents, so browsers may cache the files forever.
function add(file, contents) {
  const hash = createHash('sha256').update(contents).digest('hex').slice(0, 10);
  const name = file.replace(/\.[^.]+$/, `.${hash}$&`);
  assets.set(name, contents);
  named.set(file, name);
}

for (const { path, contents } of workers.outputFiles) add(path.split('/').pop(), contents);

const page = await build({
  ...options,
  alias: {
    'prettier/parser-babel': './src/prettier-jsonc.js',
    'prettier/plugins/estree': './src/prettier-jsonc.js',
    // The same file under its old name, and then bundled twice.
    'prettier/parser-graphql': 'prettier/plugins/graphql',
  },
  define: {
    ...options.define,
    WORKERS: JSON.stringify({
      editor: named.get('editor.worker.js'),
      graphql: named.get('graphql.worker.js'),
      json: named.get('json.worker.js'),
    }),
  },
  entryPoints: ['src/main.jsx'],
  format: 'esm',
  jsx: 'automatic',
  loader: { '.ttf': 'file' },
  // The font is named in the CSS, so esbuild must do its hashing.
  assetNames: '[name].[hash]',
  plugins: [oneGraphql],
});

for (const { path, contents } of page.outputFiles) {
  const file = path.split('/').pop();
  if (file.endsWith('.ttf')) assets.set(file, contents);
  else add(file, contents);
}

add('licenses.txt', await licenses([workers.metafile, page.metafile]));

const html = (await readFile('src/index.html', 'utf8')).replace(
  /\{\{(.+?)\}\}/g,
  (_, file) => `assets/${named.get(file)}`,
);

await rm('dist', { recursive: true, force: true });
await mkdir('dist/assets', { recursive: true });
await write('index.html', html);
for (const [name, contents] of assets) await write(join('assets', name), contents);

// pako and not node:zlib: zlib's output differs between processors and releases of Node, this is
// the same everywhere. Its header has no time and no file name.
async function write(name, contents) {
  const compressed = gzip(contents, { level: 9 });
  await writeFile(join('dist', `${name}.gz`), compressed);
  console.log(`${compressed.length.toString().padStart(9)}  dist/${name}.gz`);
}
