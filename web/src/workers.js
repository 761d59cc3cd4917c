/* global WORKERS -- file names by label, filled in by build.mjs */

// Must be set before monaco is loaded, so this module is the first import of main.jsx.
globalThis.MonacoEnvironment = {
  getWorker(_id, label) {
    return new Worker(new URL(WORKERS[label] ?? WORKERS.editor, import.meta.url));
  },
};
