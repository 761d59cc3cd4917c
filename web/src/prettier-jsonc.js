import { applyEdits, format } from 'jsonc-parser';

// GraphiQL loads prettier's JavaScript parser and printer (half a megabyte) only to indent
// variables. build.mjs replaces both with this prettier plugin.
export const parsers = {
  jsonc: {
    parse: text => ({ text }),
    astFormat: 'jsonc',
    locStart: () => 0,
    locEnd: node => node.text.length,
  },
};

export const printers = {
  jsonc: {
    print({ node: { text } }) {
      return applyEdits(text, format(text, undefined, { insertSpaces: true, tabSize: 2 }));
    },
  },
};
