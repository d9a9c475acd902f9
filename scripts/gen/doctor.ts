import * as z from 'zod';
import { CHECKS } from '../../cli/doctor/checks.ts';
import { type Check, LIMIT_MS, PLACES } from '../../cli/doctor/check.ts';
import { doctorSchema } from '../../cli/doctor/report.ts';
import type { Generator } from '../gen.ts';

const TITLES = { stack: 'The stack', aws: 'AWS', azure: 'Azure', gcp: 'Google Cloud' } as const;

const HEAD = `# What \`edict doctor\` looks at

Written by \`npm run gen\` from the table in \`cli/doctor\`; do not edit it.

\`npx edict doctor [--stage <stage>] [--region <region>] [--format table|json]\` asks all of it at once, each check for at most
${LIMIT_MS / 1000} seconds, and changes nothing. AWS is asked with the credentials of the environment, Azure as \`az login\` or its variables
say, Google Cloud with the application default credentials. Those are yours and not those of the functions: what the functions
themselves may is told by what they heard, listed and were refused (\`…-events\`, \`…-inventory\`, \`…-permissions\`) and by whom
the clouds trust (\`…-federation\`).

AWS Config is looked at in the account and the region of the deployment. With \`--member <stack>\` it looks at
an account of the organisation instead, or at another region, with that account's credentials: at its stack of
[onboarding/aws](../onboarding/aws/member.yaml), its recorder, and what could not be delivered.

| sign | status | means |
| --- | --- | --- |
| ✓ | \`ok\` | it was seen to be there |
| ✗ | \`missing\` | it was seen not to be there |
| ? | \`unknown\` | it could not be seen: refused, throttled, not answered in time, or in a form that is not known. Never ok |
| - | \`not_applicable\` | it is not configured, or the local stack has no such thing |

| exit code | means |
| --- | --- |
| 0 | everything that applies is there |
| 1 | something is missing, or could not be seen |
| 2 | there is no such deployment, or an option could not be used |

\`--format json\` is stable: its schema is [doctor.schema.json](doctor.schema.json), and within \`version: 1\` keys are added, never
renamed or removed. A check has one answer, or one for each thing that is not right (\`where\`).
`;

const section = (c: Check): string =>
  [
    `### ${c.id}`,
    `**Looks that** ${c.what}. ${c.local === undefined ? '' : `On the local stack not: ${c.local}. `}${c.member === undefined ? '' : 'Also in a member account. '}It needs: ${c.needs}.`,
    `**Otherwise:** ${c.otherwise}`,
    `**Do:** ${c.todo.replace(/\.$/, '')}.`,
    '',
  ]
    .join('\n\n')
    // A place to be filled in is no tag.
    .replaceAll('<', '&lt;');

/** A section for each check, and the schema of the JSON. */
export const doctor: Generator = {
  name: 'doctor',
  owns: ['docs/doctor.md', 'docs/doctor.schema.json'],
  files: () => ({
    'docs/doctor.md': [
      HEAD,
      ...PLACES.flatMap((place) => [`## ${TITLES[place]}\n`, ...CHECKS.filter((c) => c.where === place).map(section)]),
    ]
      .join('\n')
      .replace(/\n{3,}/g, '\n\n')
      .trimEnd()
      .concat('\n'),
    'docs/doctor.schema.json': `${JSON.stringify(z.toJSONSchema(doctorSchema), null, 2)}\n`,
  }),
};
