import { describe, expect, it } from 'vitest';
import { ANSWER_SCHEMA, KINDS_SCHEMA, PARAPHRASES_SCHEMA } from '../../../shared/authoring/answer.ts';
import { catalogueOf, indexOfKinds } from '../../../shared/authoring/catalogue.ts';
import { contextFacts, kinds } from '../../../shared/kinds/index.ts';
import { isObject } from '../../../shared/model/json.ts';

describe('the catalogue', () => {
  const text = catalogueOf(kinds);
  it('names every kind, fact, field and enum value with its meaning', () => {
    let looked = 0;
    for (const specs of [contextFacts, ...kinds.map((k) => k.facts)]) {
      for (const [name, { says, shape }] of Object.entries(specs)) {
        expect(text).toContain(`- ${name} (`);
        expect(text).toContain(says);
        if (shape.type === 'enum') expect(text).toContain(shape.values.join(', '));
        if (shape.type === 'list' && shape.of.type === 'record')
          for (const field of Object.keys(shape.of.fields)) expect(text).toContain(`    - ${field} (`);
        looked++;
      }
    }
    expect(looked).toBeGreaterThan(20);
    for (const { id } of kinds) expect(indexOfKinds(kinds)).toContain(`- ${id}: `);
  });

  it('is the same bytes each time, and of the kinds that are asked for only', () => {
    expect(catalogueOf([...kinds])).toBe(text);
    expect(catalogueOf(kinds.slice(0, 1))).not.toContain('backup_retention_days (');
  });
});

describe('the schemas of answers', () => {
  const KEYWORDS = ['type', 'properties', 'required', 'additionalProperties', 'items', 'enum', 'description'];
  it('keep to what structured output takes: closed objects, every key required, no recursion, no bounds', () => {
    let objects = 0;
    const look = (schema: unknown): void => {
      if (!isObject(schema)) throw new Error('not a schema');
      for (const keyword of Object.keys(schema)) expect(KEYWORDS).toContain(keyword);
      if (schema['type'] === 'object') {
        objects++;
        const properties = schema['properties'] as { readonly [key: string]: unknown };
        expect(schema['additionalProperties']).toBe(false);
        expect(schema['required']).toEqual(Object.keys(properties));
        for (const of of Object.values(properties)) look(of);
      }
      if (schema['items'] !== undefined) look(schema['items']);
    };
    for (const schema of [ANSWER_SCHEMA, KINDS_SCHEMA, PARAPHRASES_SCHEMA]) look(schema);
    expect(objects).toBeGreaterThan(8);
  });
});
