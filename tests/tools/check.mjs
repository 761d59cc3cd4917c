// Checks that client tools accept the committed schema.
//   npm ci && npm run check [-- another.graphql]
import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { composeServices } from '@apollo/composition';
import { codegen } from '@graphql-codegen/core';
import * as typescript from '@graphql-codegen/typescript';
import * as operations from '@graphql-codegen/typescript-operations';
import { Source, buildASTSchema, parse, validate, validateSchema } from 'graphql';
import relayCompiler from 'relay-compiler';
import { run } from './steps.mjs';

const here = import.meta.dirname;
const schemaFile = resolve(process.argv[2] ?? join(here, '../../schema.graphql'));
const examples = join(here, '../../examples/mikdam/queries');

// Rules of graphql-schema-linter that are disabled, with the reason. All others are enabled.
const disabledRules = {
  'type-fields-sorted-alphabetically': 'fields are in the order in which a reader needs them',
  'interface-fields-sorted-alphabetically': 'as above',
  'input-object-fields-sorted-alphabetically': 'as above',
  'enum-values-sorted-alphabetically': 'values are grouped by meaning: kinds of violence together, OTHER last',
};

const sdl = parse(new Source(readFileSync(schemaFile, 'utf8'), 'schema.graphql'));
const schema = buildASTSchema(sdl);
const queries = readdirSync(examples)
  .filter(name => name.endsWith('.graphql'))
  .map(name => ({
    location: name,
    document: parse(new Source(readFileSync(join(examples, name), 'utf8'), name)),
  }));

const scratch = mkdtempSync(join(tmpdir(), 'newsgraph-tools-'));
const bin = name => join(here, 'node_modules/.bin', name);
const execute = (program, args, cwd = here) => execFileSync(program, args, { cwd, encoding: 'utf8', stdio: 'pipe' });
const throwErrors = errors => {
  const lines = errors.map(({ message, source, locations }) => `${source.name}:${locations[0].line} ${message}`);
  if (lines.length) throw new Error(lines.join('\n'));
};

const steps = {
  'graphql-js: the schema': () => throwErrors(validateSchema(schema)),

  'graphql-js: the example queries': () => {
    if (!queries.length) throw new Error('no queries found');
    throwErrors(queries.flatMap(({ document }) => validate(schema, document)));
  },

  'graphql-schema-linter: the schema': () => {
    const rules = readdirSync(join(here, 'node_modules/graphql-schema-linter/lib/rules'))
      .map(file => file.replace('.js', '').replaceAll('_', '-'))
      .filter(rule => !(rule in disabledRules));
    execute(bin('graphql-schema-linter'), ['--rules', rules.join(), '--format', 'compact', schemaFile]);
  },

  '@apollo/composition: a supergraph of this subgraph and another': () => {
    const program = process.env.NEWSGRAPH ?? join(here, '../../target/debug/newsgraph');
    const parts = {
      newsgraph: execute(program, ['schema', '--federation']),
      ratings: readFileSync(join(here, 'federation/ratings.graphql'), 'utf8'),
    };
    const subgraphs = Object.entries(parts).map(([name, text]) => ({ name, url: `http://${name}`, typeDefs: parse(text) }));
    const { errors, supergraphSdl } = composeServices(subgraphs);
    if (errors?.length) throw new Error(errors.map(({ message }) => message).join('\n'));
    const { Event } = buildASTSchema(parse(supergraphSdl), { assumeValidSDL: true }).getTypeMap();
    for (const field of ['title', 'rating']) if (!Event.getFields()[field]) throw new Error(`Event has no ${field}`);
  },

  'relay-compiler: a project with pages': () => {
    const project = join(scratch, 'relay');
    cpSync(join(here, 'relay'), join(project, 'src'), { recursive: true });
    cpSync(schemaFile, join(project, 'schema.graphql'));
    const config = { src: './src', schema: './schema.graphql', language: 'typescript' };
    writeFileSync(join(project, 'relay.config.json'), JSON.stringify(config));
    execute(relayCompiler, ['--noWatchman', '--output', 'quiet-with-errors', 'relay.config.json'], project);
  },

  'graphql-codegen and tsc: types for the example queries': async () => {
    const generate = async (filename, plugin) => {
      const code = await codegen({
        filename,
        schema: sdl,
        documents: queries,
        pluginMap: { plugin },
        plugins: [{ plugin: {} }],
        config: { strictScalars: true, scalars: { DateTime: 'string', JSON: 'unknown' } },
      });
      writeFileSync(join(scratch, filename), code);
    };
    await generate('schema.ts', typescript);
    await generate('operations.ts', operations);
    execute(bin('tsc'), ['--noEmit', '--strict', '--ignoreConfig', 'schema.ts', 'operations.ts'], scratch);
  },
};

await run(steps);
rmSync(scratch, { recursive: true });
