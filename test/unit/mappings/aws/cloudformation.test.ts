import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseDocument } from 'yaml';
import { isAppError } from '../../../../shared/model/errors.ts';
import type { Json } from '../../../../shared/model/json.ts';
import type { ReadOptions } from '../../../../shared/mappings/form.ts';
import { Unresolved } from '../../../../shared/model/native.ts';
import { cfnTags } from '../../../../shared/mappings/dialects/cloudformation-yaml.ts';
import { cloudFormation } from '../../../../shared/mappings/dialects/cloudformation.ts';
import { template } from '../../../support/aws-documents.ts';

type Fields = { readonly [key: string]: Json };
const SECTIONS: Fields = {
  Parameters: {
    Open: { Type: 'String' },
    Set: { Type: 'String', Default: 'set' },
    Number: { Type: 'Number', Default: 7 },
    List: { Type: 'CommaDelimitedList', Default: 'a, b,c' },
    Stored: { Type: 'AWS::SSM::Parameter::Value<String>', Default: '/path/of/the/parameter' },
  },
  Mappings: { M: { eu: { size: 'large' } } },
  Conditions: {
    Yes: { 'Fn::Equals': ['a', 'a'] },
    No: { 'Fn::Not': [{ Condition: 'Yes' }] },
    Maybe: { 'Fn::Equals': [{ Ref: 'Open' }, 'x'] },
    Same: { 'Fn::Equals': [{ Ref: 'Open' }, { Ref: 'Open' }] },
    AndNo: { 'Fn::And': [{ Condition: 'Maybe' }, { Condition: 'No' }] },
    OrYes: { 'Fn::Or': [{ Condition: 'Maybe' }, { Condition: 'Yes' }] },
    AndMaybe: { 'Fn::And': [{ Condition: 'Maybe' }, { Condition: 'Yes' }] },
    Round: { Condition: 'Round' },
  },
};
/** The value of a property of the only resource. */
const value = (expression: Json, options: ReadOptions = {}) => {
  const document = template(
    { R: { Type: 'AWS::X::Y', Properties: { P: expression } }, K: { Type: 'AWS::KMS::Key' } },
    SECTIONS,
  );
  const body = cloudFormation.read(document, options)[0]?.body as { P?: unknown } | undefined;
  return body?.P;
};
const open = (detail: unknown, refs: readonly string[]) => new Unresolved(detail as string, refs);
const either = (condition: string): Json => ({ 'Fn::If': [condition, 'yes', 'no'] });

describe('intrinsic functions', () => {
  test.each<[string, Json, unknown]>([
    ['a parameter with a default', { Ref: 'Set' }, 'set'],
    ['a number', { Ref: 'Number' }, 7],
    ['a list', { Ref: 'List' }, ['a', 'b', 'c']],
    ['a parameter without one', { Ref: 'Open' }, open('${Open}', ['Open'])],
    ['a parameter of Systems Manager: its default is a name', { Ref: 'Stored' }, open('${Stored}', ['Stored'])],
    ['a resource', { Ref: 'K' }, open('${K}', ['K'])],
    ['GetAtt as a list', { 'Fn::GetAtt': ['K', 'Arn'] }, open('${K.Arn}', ['K'])],
    ['GetAtt as a text', { 'Fn::GetAtt': 'K.Arn' }, open('${K.Arn}', ['K'])],
    ['the account', { Ref: 'AWS::AccountId' }, open('${AWS::AccountId}', ['AWS::AccountId'])],
    ['the partition', { Ref: 'AWS::Partition' }, 'aws'],
    ['no value', { Ref: 'AWS::NoValue' }, undefined],
    ['Sub', { 'Fn::Sub': '${Set}-${!Literal}-${AWS::Partition}' }, 'set-${Literal}-aws'],
    ['Sub with variables', { 'Fn::Sub': ['${a}/${Set}', { a: { 'Fn::Select': [1, { Ref: 'List' }] } }] }, 'b/set'],
    [
      'Sub of what is not known',
      { 'Fn::Sub': 'arn:${AWS::Partition}:x:::${K.Arn}/${Open}' },
      open('arn:aws:x:::${K.Arn}/${Open}', ['K', 'Open']),
    ],
    ['Join', { 'Fn::Join': ['-', ['a', { Ref: 'Set' }, 1]] }, 'a-set-1'],
    ['Join without no value', { 'Fn::Join': ['-', ['a', { Ref: 'AWS::NoValue' }, 'b']] }, 'a-b'],
    ['Join of what is not known', { 'Fn::Join': ['', ['a', { Ref: 'K' }]] }, open('a${K}', ['K'])],
    ['Join of a list that is not known', { 'Fn::Join': [',', { 'Fn::GetAZs': '' }] }, open(expect.any(String), [])],
    ['Split and Select', { 'Fn::Select': ['1', { 'Fn::Split': ['.', 'a.b.c'] }] }, 'b'],
    ['Select beyond the list', { 'Fn::Select': [9, ['a']] }, open(expect.any(String), [])],
    ['Base64', { 'Fn::Base64': 'hé' }, 'aMOp'],
    ['FindInMap', { 'Fn::FindInMap': ['M', 'eu', 'size'] }, 'large'],
    ['FindInMap with a default', { 'Fn::FindInMap': ['M', 'us', 'size', { DefaultValue: 'small' }] }, 'small'],
    ['FindInMap that finds nothing', { 'Fn::FindInMap': ['M', 'us', 'size'] }, open(expect.any(String), [])],
    [
      'FindInMap by the region',
      { 'Fn::FindInMap': ['M', { Ref: 'AWS::Region' }, 'size'] },
      open(expect.any(String), ['AWS::Region']),
    ],
    ['ToJsonString', { 'Fn::ToJsonString': { a: { Ref: 'Set' } } }, '{"a":"set"}'],
    ['ImportValue', { 'Fn::ImportValue': 'x' }, open('Fn::ImportValue', [])],
    ['a value that is fetched', '{{resolve:ssm:x}}', open('{{resolve:ssm:x}}', [])],
    ['an object with more keys is no function', { Ref: 'Set', other: 1 }, { Ref: 'Set', other: 1 }],
    ['a list without no value', ['a', { Ref: 'AWS::NoValue' }], ['a']],
  ])('%s', (_, expression, expected) => {
    expect(value(expression)).toEqual(expected);
  });
  test('what the caller says', () => {
    const options = {
      account: '111122223333',
      region: 'cn-north-1',
      parameters: { Open: 'said', Set: 'other', List: ['x'] },
    };
    expect(value({ Ref: 'Open' }, options)).toBe('said');
    expect(value({ Ref: 'Set' }, options)).toBe('other');
    expect(value({ Ref: 'List' }, options)).toEqual(['x']);
    expect(value({ 'Fn::Sub': '${AWS::Partition}/${AWS::Region}/${AWS::AccountId}' }, options)).toBe(
      'aws-cn/cn-north-1/111122223333',
    );
  });
});

describe('conditions', () => {
  test.each([
    ['Yes', 'yes'],
    ['No', 'no'],
    ['Same', 'yes'],
    ['AndNo', 'no'],
    ['OrYes', 'yes'],
  ])('%s decides', (condition, expected) => {
    expect(value(either(condition))).toBe(expected);
  });
  test.each(['Maybe', 'AndMaybe', 'Round', 'Absent'])('%s does not', (condition) => {
    expect(value(either(condition))).toBeInstanceOf(Unresolved);
    expect(value({ 'Fn::If': [condition, 'same', 'same'] })).toBe('same');
  });
  test('a resource whose condition is false is not created; one that is not decided may be', () => {
    const resources = Object.fromEntries(['Yes', 'No', 'Maybe'].map((c) => [c, { Type: 'AWS::X::Y', Condition: c }]));
    expect(cloudFormation.read(template(resources, SECTIONS), {}).map((n) => n.id)).toEqual(['Yes', 'Maybe']);
  });
  test('what the caller says decides', () => {
    const resources = { R: { Type: 'AWS::X::Y', Condition: 'Maybe' } };
    expect(cloudFormation.read(template(resources, SECTIONS), { parameters: { Open: 'y' } })).toEqual([]);
  });
});

describe('resources', () => {
  const read = (resources: Json) => cloudFormation.read(template(resources, SECTIONS), {});
  test('any type, with id, name, tags and the types that it refers to', () => {
    const [native] = read({
      B: {
        Type: 'AWS::S3::Bucket',
        Properties: { BucketName: 'shop', Key: { Ref: 'K' }, Tags: [{ Key: 'env', Value: { Ref: 'Set' } }] },
      },
      K: { Type: 'AWS::KMS::Key' },
    });
    expect(native).toMatchObject({
      dialect: 'aws.cfn',
      type: 'AWS::S3::Bucket',
      id: 'B',
      name: 'shop',
      pointer: '/Resources/B/Properties',
      complete: true,
      creates: true,
      tags: { state: 'known', closed: true, value: [{ key: 'env', value: 'set' }] },
      extra: { types: { K: 'AWS::KMS::Key' } },
    });
  });
  test('a tag that is not known leaves the tags open', () => {
    const [native] = read({
      B: { Type: 'AWS::S3::Bucket', Properties: { Tags: [{ Key: 'env', Value: { Ref: 'Open' } }] } },
    });
    expect(native?.tags).toMatchObject({ state: 'known', closed: false, value: [] });
  });
  test('a loop makes each of its resources', () => {
    const natives = read({
      'Fn::ForEach::Buckets': [
        'Name',
        { Ref: 'List' },
        { 'Bucket${Name}': { Type: 'AWS::S3::Bucket', Properties: { BucketName: { 'Fn::Sub': 'shop-${Name}' } } } },
      ],
    });
    expect(natives.map((n) => [n.id, n.name])).toEqual([
      ['Bucketa', 'shop-a'],
      ['Bucketb', 'shop-b'],
      ['Bucketc', 'shop-c'],
    ]);
  });
  test('a resource without a type is refused', () => {
    expect(() => read({ R: { Properties: {} } })).toThrow(
      expect.objectContaining({ code: 'EVENT_INVALID', details: expect.objectContaining({ pointer: '/Resources/R' }) }),
    );
  });
});

describe('YAML short forms', () => {
  const parse = (text: string): Json => parseDocument(text, { customTags: [...cfnTags] }).toJS() as Json;
  test.each<[string, Json]>([
    ['!Ref A', { Ref: 'A' }],
    ['!GetAtt A.B.C', { 'Fn::GetAtt': ['A', 'B.C'] }],
    ['!GetAtt [A, B]', { 'Fn::GetAtt': ['A', 'B'] }],
    ["!Sub '${A}/*'", { 'Fn::Sub': '${A}/*' }],
    ["!Sub ['${x}', {x: !Ref A}]", { 'Fn::Sub': ['${x}', { x: { Ref: 'A' } }] }],
    ['!If [C, !Ref A, !Ref AWS::NoValue]', { 'Fn::If': ['C', { Ref: 'A' }, { Ref: 'AWS::NoValue' }] }],
    [
      '!And [!Condition A, !Not [!Equals [a, b]]]',
      { 'Fn::And': [{ Condition: 'A' }, { 'Fn::Not': [{ 'Fn::Equals': ['a', 'b'] }] }] },
    ],
    ["!Join ['', [a, !GetAtt B.Arn]]", { 'Fn::Join': ['', ['a', { 'Fn::GetAtt': ['B', 'Arn'] }]] }],
    ['!FindInMap [M, !Ref AWS::Region, x]', { 'Fn::FindInMap': ['M', { Ref: 'AWS::Region' }, 'x'] }],
    ['!Base64 {Ref: A}', { 'Fn::Base64': { Ref: 'A' } }],
    ['!ImportValue x', { 'Fn::ImportValue': 'x' }],
  ])('%s', (text, expected) => {
    expect(parse(text)).toEqual(expected);
  });
});

describe('any input', () => {
  test('is a template or not, and a template is read or refused with EVENT_INVALID', () => {
    const leaf = fc.oneof(
      fc.string(),
      fc.integer(),
      fc.boolean(),
      fc.constant(null),
      fc.constantFrom('A', 'B', 'AWS::NoValue', '${A}'),
    );
    const { tree } = fc.letrec<{ tree: unknown }>((tie) => ({
      tree: fc.oneof(
        { depthSize: 'small' },
        leaf,
        fc.array(tie('tree'), { maxLength: 3 }),
        fc
          .tuple(
            fc.constantFrom(
              'Ref',
              'Fn::If',
              'Fn::Sub',
              'Fn::Join',
              'Fn::Select',
              'Fn::Split',
              'Fn::GetAtt',
              'Fn::FindInMap',
              'Fn::Equals',
              'Fn::Not',
              'Condition',
              'x',
            ),
            tie('tree'),
          )
          .map(([k, v]) => ({ [k]: v })),
      ),
    }));
    const resource = fc.record(
      { Type: fc.constant('AWS::S3::Bucket'), Properties: tree, Condition: fc.oneof(leaf, tree) },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(
        fc.record({
          Resources: fc.oneof(
            tree,
            fc.dictionary(fc.constantFrom('A', 'B', 'Fn::ForEach::X'), fc.oneof(resource, tree)),
          ),
          Parameters: tree,
          Conditions: fc.oneof(tree, fc.dictionary(fc.constantFrom('A', 'B'), tree)),
          Mappings: tree,
        }),
        (any) => {
          const document = JSON.parse(JSON.stringify(any)) as Json;
          cloudFormation.detect(document);
          try {
            cloudFormation.read(document, {});
          } catch (error) {
            if (!isAppError(error, 'EVENT_INVALID')) throw error;
          }
        },
      ),
    );
  });
  test('deeper than any template is not known, and does not break', () => {
    let deep: Json = 'x';
    for (let i = 0; i < 5000; i++) deep = { 'Fn::Join': ['', [deep]] };
    expect(value(deep)).toBeInstanceOf(Unresolved);
  });
});
