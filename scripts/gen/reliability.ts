/** docs/reliability.md: what was drilled, what must hold, what was seen, and where what is drilled elsewhere is. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Generator } from '../gen.ts';

interface Seen {
  readonly on: string;
  readonly seen: string;
}
interface Kept {
  readonly id: string;
  readonly done: string;
  readonly holds: string;
  readonly ci?: Seen;
  readonly full?: Seen;
}

/** A test in another layer: its file, and words that its title has. */
type Elsewhere = readonly [file: string, title: string];
/** What can go wrong, the drills of it (ids), and the tests of it that are elsewhere. */
interface Line {
  readonly what: string;
  readonly drills?: readonly string[];
  readonly elsewhere?: readonly Elsewhere[];
}

const LINES: readonly Line[] = [
  {
    what: 'Documents arrive in any order, twice, late',
    drills: ['order'],
    elsewhere: [
      ['test/property/order.test.ts', 'every finding was told as often as it changed'],
      ['test/policy/service.test.ts', 'end the same in any order of their documents'],
    ],
  },
  {
    what: 'A function dies at any moment',
    drills: ['deaths', 'deaths-of-the-sweep', 'deaths-of-the-canary', 'deaths-of-slack-actions'],
    elsewhere: [
      ['test/property/concurrency.test.ts', 'end in the same items as one that does one thing after the other'],
      ['test/e2e/service.test.ts', 'while its functions are being killed'],
    ],
  },
  {
    what: 'Everything is delivered again',
    drills: ['redelivery'],
    elsewhere: [['test/e2e/service.test.ts', 'changes nothing when everything is told again']],
  },
  {
    what: 'Poison: a change, a policy, a bundle, Slack',
    drills: ['poisoned-change', 'poisoned-policy', 'poisoned-bundle', 'poisoned-slack'],
    elsewhere: [
      ['test/policy/engine.test.ts', 'isolates a policy that traps'],
      ['test/unit/pipeline/active.test.ts', 'stays the last good one'],
    ],
  },
  {
    what: 'A provider refuses, throttles, breaks, says half or nothing',
    drills: ['provider-faults'],
    elsewhere: [
      ['test/property/evidence.test.ts', 'never turns what was not compliant into a pass'],
      ['test/property/reconcile.test.ts', 'closes exactly what is gone'],
      ['test/integration/azure.test.ts', 'that is refused says denied, and not gone'],
    ],
  },
  { what: 'Clocks differ; news is late or from the future', drills: ['clock-skew'] },
  { what: 'Ten thousand changes to one resource', drills: ['one-resource'] },
  { what: 'The stores throttle', drills: ['store-throttling'] },
  {
    what: 'An account is lost from the organisation or from the lists',
    drills: ['account-lost'],
    elsewhere: [['test/unit/service/reconcile.test.ts', 'that is an account lost, not everything deleted']],
  },
  {
    what: 'Two write at once: a resource, an exception, a bundle',
    drills: ['two-evaluators', 'two-deciders', 'two-releases'],
    elsewhere: [
      ['test/unit/pipeline/races.test.ts', 'lose no document, and without the condition on the revision they do'],
      ['test/property/exceptions.test.ts', 'one wins, and what stands is what was decided'],
      ['test/unit/pipeline/shadow.test.ts', 'one wins, the other is told by whom'],
    ],
  },
  {
    what: 'One event in a hundred is lost',
    drills: ['dropped-events'],
  },
  {
    what: 'A bundle is activated in a storm',
    drills: ['activation-in-a-storm'],
    elsewhere: [['test/unit/pipeline/races.test.ts', 'a commit from the old bundle is redone with the new one']],
  },
  {
    what: 'Forged, replayed and oversized webhook calls; addresses in messages and in the configuration',
    drills: ['forged-calls', 'replayed-calls', 'oversized-calls', 'ssrf'],
    elsewhere: [
      ['test/unit/service/event-grid-door.test.ts', 'no URL of the message is fetched'],
      ['test/integration/ingest.test.ts', 'are fetched from the configured address alone'],
      ['test/integration/azure.test.ts', 'our token goes nowhere else'],
    ],
  },
  {
    what: 'Bombs and paths in files; hostile names and texts',
    drills: ['bombs', 'name-injection', 'path-traversal'],
    elsewhere: [
      ['test/integration/cli/check.test.ts', 'is never what a symbolic link in a folder leads to'],
      ['test/unit/cli/findings.test.ts', 'disarms what a spreadsheet would run'],
      ['test/unit/cli/transition-line.test.ts', 'lets no name steer the terminal'],
    ],
  },
  {
    what: 'Secrets in documents',
    drills: ['canary-secrets'],
    elsewhere: [
      ['test/property/secrets.test.ts', 'end nowhere'],
      ['test/e2e/service.test.ts', 'keeps no secret that a document holds'],
    ],
  },
];

function sectionOf({ id, done, holds, ci, full }: Kept): string {
  const seen = [
    ...(ci === undefined ? [] : [`- **Seen** (${ci.on}): ${ci.seen}.`]),
    ...(full === undefined ? [] : [`- **Seen in full** (${full.on}): ${full.seen}.`]),
  ];
  return `### ${id}\n\n- **Done**: ${done}.\n- **Must hold**: ${holds}.\n${seen.join('\n')}\n`;
}

export const reliability: Generator = {
  name: 'reliability',
  owns: ['docs/reliability.md'],
  files: (root) => {
    const file = join(root, 'test/drills/seen.json');
    const kept = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as { readonly [id: string]: Kept }) : {};
    const named = new Set(LINES.flatMap(({ drills = [] }) => drills));
    for (const id of Object.keys(kept))
      if (!named.has(id)) throw new Error(`the drill ${id} is in no line of the page`);
    const rows = LINES.map(({ what, drills = [], elsewhere = [] }) => {
      for (const id of drills) if (kept[id] === undefined) throw new Error(`the drill ${id} was never run`);
      const tests = elsewhere.map(([path, title]) => {
        if (!readFileSync(join(root, path), 'utf8').includes(title)) throw new Error(`${path} has no test “${title}”`);
        return `[${path.replace(/^test\//, '')}](../${path}): “… ${title} …”`;
      });
      return `| ${what} | ${drills.map((id) => `[${id}](#${id})`).join(', ')} | ${tests.join('<br>')} |`;
    });
    const sections = LINES.flatMap(({ drills = [] }) => drills.flatMap((id) => kept[id] ?? [])).map(sectionOf);
    return {
      'docs/reliability.md': `# Reliability: what was drilled

Written by the drills (\`EDICT_WRITE=1 npm run drills\`, then \`npm run gen\`); edit neither this page nor its figures. A
drill (\`test/drills\`) is a test: it runs with \`npm test\`, and fails where what must hold does not. It runs in one process
over the real stages and functions with stores in memory, where every call can be made to fail or to be the last one; what
needs the deployed stack is in \`test/e2e\`, on the local AWS. \`npm run drills -- --full\` does the full number of histories.

| what goes wrong | drills | tests elsewhere |
| --- | --- | --- |
${rows.join('\n')}

Not drilled: authoring is not among the functions that are killed at each call; it holds no state that a verdict or a finding
depends on.

${sections.join('\n')}`,
    };
  },
};
