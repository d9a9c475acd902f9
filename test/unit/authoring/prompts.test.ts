import { describe, expect, it } from 'vitest';
import { DEFAULT_AUTHORING } from '../../../shared/adapters/anthropic/config.ts';
import { formaliseRequest, repairRequest, systemOf } from '../../../shared/authoring/prompts.ts';
import { kinds } from '../../../shared/kinds/index.ts';

const asked = (role: 'author' | 'second') => ({ system: systemOf(role, kinds), maxTokens: 1000 });

describe('the two formalisations', () => {
  it('are of different models, and are asked in different words', () => {
    const { author, second } = DEFAULT_AUTHORING.models;
    expect(author).not.toBe(second);
    const [[catalogue, asAuthor], [same, asSecond]] = [systemOf('author', kinds), systemOf('second', kinds)];
    expect(catalogue).toBe(same);
    expect(asAuthor).not.toBe(asSecond);
  });

  it('begin with the same bytes whatever is asked, and the sentence is last', () => {
    const requests = [
      formaliseRequest('author', 'formalise', 'One.', asked('author')),
      formaliseRequest('author', 'deletion', 'Another.', asked('author')),
      repairRequest('author', 'A third.', '{}', 'It is wrong.', asked('author')),
    ];
    for (const { system, prompt, schema } of requests) {
      expect(system).toEqual(requests[0]?.system);
      expect(schema).toBe(requests[0]?.schema);
      expect(prompt.at(-1)?.is).toBe('intent');
    }
  });
});
