import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { asOf, sendingOf, subscriptionsOf } from '../../../cli/stack/deliveries.ts';
import { localIngestUrl } from '../../../cli/stack/front-doors.ts';
import { configEvent } from '../../../shared/mappings/dialects/aws-config.ts';
import { caiFeed } from '../../../shared/mappings/dialects/cai.ts';
import { eventGrid } from '../../../shared/mappings/dialects/event-grid.ts';
import { detectForm } from '../../../shared/mappings/dialects/index.ts';
import type { DocumentForm } from '../../../shared/mappings/form.ts';
import { isAppError } from '../../../shared/model/errors.ts';
import type { Json } from '../../../shared/model/json.ts';

const NOW = '2026-11-25T09:00:00.000Z';
const policies = join(import.meta.dirname, '..', '..', '..', 'policies');
const INTENDED = new Set(['terraform-plan', 'terraform-state', 'cloudformation', 'arm-template', 'aws-api']);

interface Example {
  readonly file: string;
  readonly form: DocumentForm;
  readonly document: Json;
}

/** Every native example that is one document of a known form. */
const examples: readonly Example[] = readdirSync(policies, { recursive: true, encoding: 'utf8' })
  .filter((file) => /\/examples\/\w+\/.*\.(?:json|yaml)$/.test(file))
  .flatMap((file) => {
    const text = readFileSync(join(policies, file), 'utf8');
    try {
      const document = (file.endsWith('.json') ? JSON.parse(text) : parse(text, { logLevel: 'silent' })) as Json;
      const form = detectForm(document);
      return form === undefined ? [] : [{ file, form, document }];
    } catch {
      return []; // several documents, or tags of CloudFormation
    }
  });
/** Listed without content: a feed tells of contents. */
const bare = /listed-without-content/;
const live = examples.filter(({ form, file }) => !INTENDED.has(form.id) && !bare.test(file));

describe('documents as their providers would send them', () => {
  it('are there to be tried', () => {
    expect(live.length).toBeGreaterThan(100);
    expect(new Set(live.map((e) => e.form.id)).size).toBeGreaterThanOrEqual(7);
  });

  it.each(live.map((e) => [e.file, e] as const))('%s speaks of the same resources', (_file, { form, document }) => {
    const sending = sendingOf(form, document, NOW);

    const announced = sending.deliveries.flatMap((d) => {
      switch (d.door) {
        case 'aws':
          return configEvent.read({ source: d.source, 'detail-type': d.detailType, detail: d.detail }, {});
        case 'azure':
          return eventGrid.read(d.body, {});
        case 'google':
          return caiFeed.read(d.asset, {});
      }
    });

    const told = new Set([...announced.map((n) => n.id), ...Object.keys(sending.arm)]);
    for (const { id } of form.read(document, { orderKey: NOW })) expect(told, id).toContain(id);
    expect(sending.deliveries.length).toBeGreaterThan(0);
  });

  it.each(live.map((e) => [e.file, e] as const))(
    '%s can be told as if it happened now',
    (_file, { form, document }) => {
      const at = '2030-01-01T00:00:00.000Z';
      for (const d of asOf(sendingOf(form, document, NOW), at).deliveries) {
        const natives =
          d.door === 'aws'
            ? configEvent.read({ 'detail-type': d.detailType, source: d.source, detail: d.detail }, {})
            : d.door === 'azure'
              ? eventGrid.read(d.body, {})
              : caiFeed.read(d.asset, {});
        for (const native of natives)
          expect(native.orderKey === '' || native.orderKey.startsWith('2030-01-01')).toBe(true);
      }
    },
  );

  it('are refused where nothing has changed yet, with what to do', () => {
    const intended = examples.filter(({ form }) => form.id === 'terraform-plan' || form.id === 'arm-template');
    expect(intended.length).toBeGreaterThan(20);
    for (const { form, document } of intended) {
      const attempt = (): unknown => sendingOf(form, document, NOW);
      expect(attempt).toThrow(/edict check/);
      try {
        attempt();
      } catch (error) {
        expect(isAppError(error, 'INPUT_INVALID')).toBe(true);
      }
    }
  });

  it('are refused where no feed would announce them', () => {
    const listed = examples.filter(({ file }) => bare.test(file));
    expect(listed.length).toBeGreaterThan(0);
    for (const { form, document } of listed)
      expect(() => sendingOf(form, document, NOW)).toThrow(/without its content/);
  });

  it('name the Azure subscriptions that they are of', () => {
    const azure = live.filter((e) => e.form.id === 'event-grid' || e.form.id === 'arm-resource');
    expect(azure.length).toBeGreaterThan(10);
    for (const { form, document } of azure)
      expect(subscriptionsOf(sendingOf(form, document, NOW))).toEqual(['6f0d2c1e-4b57-4a19-9d3e-2f8a7c5b1e90']);
  });
});

it('finds the HTTP API under the one endpoint of the local AWS', () => {
  expect(localIngestUrl('http://127.0.0.1:4566', 'https://abc123.execute-api.us-east-1.amazonaws.com')).toBe(
    'http://127.0.0.1:4566/_aws/execute-api/abc123/$default',
  );
});
