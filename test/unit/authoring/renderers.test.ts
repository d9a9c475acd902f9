/** Renderers: drafts and their changes, what is dropped, and the context. Round trips: test/property/renderers.test.ts. */
import { describe, expect, it } from 'vitest';
import { edited, GONE } from '../../../shared/authoring/renderers/document.ts';
import { factsIn, renderNative } from '../../../shared/authoring/renderers/render.ts';
import type { FactState, FactValue } from '../../../shared/model/fact.ts';

const known = (value: FactValue): FactState => ({ state: 'known', value, at: '' });
const names = (...args: Parameters<typeof renderNative>): readonly string[] => renderNative(...args).map((r) => r.name);

describe('changes of a draft', () => {
  it('sets, appends, takes away, and makes what is missing', () => {
    const draft = { a: { list: [1], gone: true } };
    const after = edited(draft, [
      { '/a/list/-': 2, '/a/made/0/deep': 'x' },
      { '/a/gone': GONE, '/b/none/there': GONE, '/a/list/0': 9 },
    ]);
    expect(after).toEqual({ a: { list: [9, 2], made: [{ deep: 'x' }] } });
    expect(draft).toEqual({ a: { list: [1], gone: true } });
  });

  it('applies in order: what was made before is changed further', () => {
    expect(edited({}, [{ '/p/$text/Statement/-': 1 }, { '/p/$text/Statement/-': 2 }])).toEqual({
      p: { $text: { Statement: [1, 2] } },
    });
  });
});

describe('what is rendered', () => {
  it('is nothing where no document can say it', () => {
    expect(names('object_store', { encryption: known('none') })).toEqual([]);
    expect(names('model_endpoint', { public_network: known(true), static_keys: { state: 'unknown', why: 'denied' } }))
      // Of a live account everything is shown: only what is planned, or a notice, can leave it open.
      .toEqual(['azure.arm-template-openai.json', 'azure.notification-openai.json', 'terraform-azurerm-openai.json']);
    expect(names('no_such_kind', {})).toEqual([]);
  });

  it('does not take what is only assumed for known, unless it is asked to', () => {
    const facts = { public_read: known(true) };
    const cfn = { only: ['aws.cfn'] };
    expect(names('object_store', facts, cfn)).toEqual([]);
    expect(names('object_store', facts, { ...cfn, assumed: true })).toEqual(['aws.cfn-s3-bucket.json']);
    const [document] = renderNative('object_store', facts, { ...cfn, assumed: true });
    expect(factsIn('object_store', document?.text ?? '')?.[0]?.['public_read']?.state).toBe('assumed');
  });

  it('keeps to what a service takes', () => {
    const days = (n: number): readonly string[] => names('sql_database', { backup_retention_days: known(n) });
    expect(days(90)).toEqual(['gcp.cai-sql-instance.json', 'terraform-google-sql-instance.json']);
    expect(days(366)).toEqual([]);
    expect(days(3)).not.toContain('terraform-azurerm-postgresql.json');
    expect(days(3)).toContain('terraform-azurerm-mysql.json');
  });

  it('says where it is, and for whom', () => {
    const said = {
      cloud: 'gcp',
      account: 'acme-other',
      region: 'us-central1',
      owner: 'payments',
      environment: 'production',
    };
    const facts = Object.fromEntries(Object.entries(said).map(([fact, value]) => [fact, known(value)]));
    const documents = renderNative('object_store', facts);
    expect(documents.map((d) => d.name)).toEqual([
      'gcp.cai-storage-bucket.json',
      'terraform-google-storage-bucket.json',
    ]);
    for (const { text } of documents) {
      const [got] = factsIn('object_store', text) ?? [];
      for (const [fact, value] of Object.entries(said)) expect(got?.[fact]).toMatchObject({ value });
    }
  });

  it('takes a value for a text and nothing else', () => {
    const owner = known('"}, "properties": {"allowblobpublicaccess": true}, "x": {"');
    for (const { text } of renderNative('object_store', { owner, public_access_blocked: known(true) }))
      expect(factsIn('object_store', text)?.[0]?.['public_access_blocked']).toMatchObject({ value: true });
    // Google Cloud takes no such label: no document there pretends to have it.
    expect(names('object_store', { owner }, { only: ['gcp', 'terraform-google'] })).toEqual([]);
  });
});
