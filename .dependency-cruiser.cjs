/**
 * The layers of docs/architecture.md, as errors.
 *
 *   model <- kinds <- mappings, policy <- ports <- pipeline, authoring <- adapters <- functions, cli
 *
 * A layer may import itself and what stands in its row of `mayImport`, nothing else of the project.
 * test/contract/architecture.test.ts plants forbidden imports and sees each of them rejected.
 */

/** Layer -> folders it may import besides itself. The order is the order of the arrow above. */
const mayImport = {
  'shared/model': [],
  'shared/kinds': ['shared/model'],
  'shared/mappings': ['shared/model', 'shared/kinds'],
  'shared/policy': ['shared/model', 'shared/kinds'],
  'shared/ports': ['shared/model', 'shared/kinds', 'shared/mappings', 'shared/policy'],
  'shared/pipeline': ['shared/model', 'shared/kinds', 'shared/mappings', 'shared/policy', 'shared/ports'],
  'shared/authoring': ['shared/model', 'shared/kinds', 'shared/mappings', 'shared/policy', 'shared/ports'],
  'shared/runtime': ['shared/model'],
  'shared/adapters': ['shared'],
  functions: ['shared'],
  cli: ['shared', 'policies'],
  // The stacks know the model (names, constants), what each function wants in its environment and which addresses it takes: never its code.
  infra: ['shared/model', 'shared/runtime/env', 'shared/runtime/address'],
};

/** Layers without I/O: no SDK, no file system, no network. (The clock: scripts/check-source.ts.) */
const pure = ['model', 'kinds', 'mappings', 'policy', 'ports', 'pipeline', 'authoring'];
const pureFolders = `^shared/(${pure.join('|')})/`;

/** Packages that compute and do nothing else, and packages of types only. */
const purePackages = ['zod', 'yaml', 'jsonc-parser', 'ipaddr\\.js', 'ajv', '@slack/types', '@types/[^/]+'];
/** Parts of Node that compute and do nothing else. */
const pureBuiltins = ['buffer', 'crypto', 'util', 'zlib'];

const project = '^(shared|functions|infra|cli|local|bench|scripts|test|policies)(/|$)';

const layerRules = Object.entries(mayImport).map(([layer, below]) => ({
  name: `layer-${layer.replace('shared/', '')}`,
  comment: `${layer} may import itself${below.length === 0 ? '' : ` and ${below.join(', ')}`}, and no other part of the project.`,
  severity: 'error',
  from: { path: `^${layer}/` },
  to: { path: project, pathNot: [layer, ...below].map((folder) => `^${folder}(/|\\.|$)`) },
}));

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    ...layerRules,
    {
      name: 'pure-no-packages',
      comment: 'A pure layer imports no SDK: only packages that compute. Put the call behind a port, in an adapter.',
      severity: 'error',
      from: { path: pureFolders },
      to: {
        dependencyTypes: ['npm', 'npm-dev', 'npm-optional', 'npm-peer', 'npm-no-pkg', 'npm-unknown'],
        pathNot: `node_modules/(${purePackages.join('|')})(/|$)`,
      },
    },
    {
      name: 'pure-no-io',
      comment: 'A pure layer reads no file, no network, no process: only parts of Node that compute.',
      severity: 'error',
      from: { path: pureFolders },
      to: { dependencyTypes: ['core'], pathNot: `^(node:)?(${pureBuiltins.join('|')})$` },
    },
    {
      name: 'one-function-one-folder',
      comment: 'A function does not import another function: what two of them need is in shared/.',
      severity: 'error',
      from: { path: '^functions/([^/]+)/' },
      to: { path: '^functions/([^/]+)/', pathNot: '^functions/$1/' },
    },
    {
      name: 'shipped-no-dev',
      comment: 'What is shipped imports no development dependency except types.',
      severity: 'error',
      from: { path: '^(shared|functions|cli)/' },
      to: {
        dependencyTypes: ['npm-dev'],
        dependencyTypesNot: ['type-only'],
        pathNot: 'node_modules/(@types/|@slack/types)',
      },
    },
    {
      name: 'no-circular',
      comment: 'A cycle has no first file to read.',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'no-unresolvable',
      comment: 'An import that resolves to nothing.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true, pathNot: '^(aws-lambda|sarif)$' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    // Anchored: many packages are read from a folder named dist of their own.
    exclude: { path: '^(\\.bin|\\.venv|\\.edict|cdk\\.out|dist|coverage)/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
    },
    skipAnalysisNotInRules: true,
  },
};
