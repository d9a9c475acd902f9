/** docs/identities.md: what each identity of a deployment may do, from the synthesised templates. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { App } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { readConfig } from '../../infra/config.ts';
import { addEdict } from '../../infra/edict.ts';
import type { Generator } from '../gen.ts';

/** A deployment with everything configured: no identity is left out for want of what it serves. */
const CONTEXT: { readonly [key: string]: string } = {
  stage: 'prod',
  bundle: 'false',
  slackSecretName: 'edict/slack',
  organizationId: 'o-abcdefghij',
  azureTenantId: '11111111-2222-4333-8444-555555555555',
  azureAudience: 'api://edict',
  azureSubscriptions: 'aaaaaaaa-0000-4000-8000-000000000001',
  azureClientId: '99999999-2222-4333-8444-555555555555',
  googleAudience: 'https://edict.example/google/assets',
  googleServiceAccount: 'push@example.iam.gserviceaccount.com',
  googleSubscription: 'projects/example/subscriptions/edict',
  googleScope: 'organizations/123',
  awsReaderRole: 'edict-reader',
  awsExternalId: 'edict-0123456789',
  authoringSecretName: 'edict/model',
};

interface Statement {
  readonly Effect: string;
  readonly Action: string | readonly string[];
  readonly Resource: unknown;
  readonly Condition?: { readonly [operator: string]: unknown };
}
interface PolicyProperties {
  readonly PolicyDocument: { readonly Statement: readonly Statement[] };
  readonly Roles?: readonly { readonly Ref?: string }[];
}

/** A resource as people call it: its logical id without the hash, or the pattern of its name. */
function nameOf(resource: unknown): string {
  const text = (value: unknown): string => {
    if (typeof value === 'string') return value;
    if (Array.isArray(value)) return value.map(text).join('');
    if (typeof value !== 'object' || value === null) return '';
    const [[key, of] = ['', '']] = Object.entries(value);
    if (key === 'Ref')
      return String(of).startsWith('AWS::') ? `<${String(of).slice(5).toLowerCase()}>` : named(String(of));
    if (key === 'Fn::GetAtt') return named(String(Array.isArray(of) ? of[0] : of));
    if (key === 'Fn::Join' && Array.isArray(of)) return (of[1] as readonly unknown[]).map(text).join(String(of[0]));
    // A reference to another stack, by the name of its output.
    if (key === 'Fn::GetStackOutput') {
      const output = JSON.stringify((of as { readonly OutputName?: unknown }).OutputName);
      return named(output.replace(/^.*(?:Exports|Publish)Output(?:FnGetAtt|Ref)|"/g, ''));
    }
    if (key === 'Fn::ImportValue') return named(text(of).replace(/^.*ExportsOutput(?:FnGetAtt|Ref)/, ''));
    return text(of);
  };
  const named = (id: string): string => id.replace(/[0-9A-F]{8}(?:\w*)$/, '');
  return text(resource).replaceAll('|', '\\|');
}

function rowsOf(template: Template): readonly string[] {
  const rows: string[] = [];
  for (const [id, { Properties }] of Object.entries(template.findResources('AWS::IAM::Policy'))) {
    const { PolicyDocument, Roles = [] } = Properties as PolicyProperties;
    const who = (Roles[0]?.Ref ?? id).replace(/(?:Function)?(?:Service)?Role[0-9A-F]{8}.*$/, '');
    for (const { Action, Resource, Condition } of PolicyDocument.Statement) {
      const actions = [Action]
        .flat()
        .map((a) => `\`${a}\``)
        .join(' ');
      const resources = [...new Set([Resource].flat().map(nameOf))].map((r) => `\`${r}\``).join(' ');
      const only = Condition === undefined ? '' : `\`${JSON.stringify(Condition).replaceAll('|', '\\|')}\``;
      rows.push(`| ${who} | ${actions} | ${resources} | ${only} |`);
    }
  }
  return rows.toSorted();
}

export const identities: Generator = {
  name: 'identities',
  owns: ['docs/identities.md'],
  files: (root) => {
    const { context } = JSON.parse(readFileSync(join(root, 'cdk.json'), 'utf8')) as {
      readonly context: Record<string, unknown>;
    };
    const app = new App({ context: { ...context, ...CONTEXT } });
    const stacks = addEdict(
      app,
      readConfig((key) => app.node.tryGetContext(key)),
    );
    const sections = Object.entries(stacks).flatMap(([name, stack]) => {
      if (stack === undefined) return [];
      const rows = rowsOf(Template.fromStack(stack));
      if (rows.length === 0) return [];
      return [`## ${name}\n\n| identity | may | on | only if |\n| --- | --- | --- | --- |\n${rows.join('\n')}\n`];
    });
    return {
      'docs/identities.md': `# What each identity may do

Written by \`npm run gen\` from the synthesised templates of a deployment with everything configured; do not edit it. Names
are those of the constructs, \`<account>\` and \`<region>\` those of the deployment. That nothing is on every resource but what
names none, and why, is held by [test/infra/stacks.test.ts](../test/infra/stacks.test.ts) and cdk-nag. The roles that other
accounts give are in [onboarding/](../onboarding), held by [test/infra/onboarding.test.ts](../test/infra/onboarding.test.ts).

${sections.join('\n')}`,
    };
  },
};
