/**
 * What YAML templates write that JSON ones do not: the short forms of functions. By itself, because the parser of YAML is
 * large, and whoever reads anything else does not want it.
 */
import type { CollectionTag, ScalarTag } from 'yaml';
import { isMap, isSeq, Pair, Scalar, YAMLMap, YAMLSeq } from 'yaml';
import type { Json } from '../../model/json.ts';

/** The short forms that take a text. `!GetAtt A.B` is a list of two in the long form; `!Condition X` keeps its name. */
const longForm = (name: string, argument: unknown): Json => {
  if (name === 'Ref' || name === 'Condition') return { [name]: argument as Json };
  if (name === 'GetAtt' && typeof argument === 'string') {
    const dot = argument.indexOf('.');
    return { 'Fn::GetAtt': dot < 0 ? [argument] : [argument.slice(0, dot), argument.slice(dot + 1)] };
  }
  return { [`Fn::${name}`]: argument as Json };
};

const SHORT_FORMS = [
  'And',
  'Base64',
  'Cidr',
  'Condition',
  'Equals',
  'FindInMap',
  'GetAtt',
  'GetAZs',
  'If',
  'ImportValue',
  'Join',
  'Length',
  'Not',
  'Or',
  'Ref',
  'Select',
  'Split',
  'Sub',
  'ToJsonString',
  'Transform',
] as const;

const scalarTag = (name: string): ScalarTag => ({ tag: `!${name}`, resolve: (text) => longForm(name, text) });

const collectionTag = (name: string, collection: 'seq' | 'map'): CollectionTag => ({
  tag: `!${name}`,
  collection,
  resolve: (node) => {
    if (!isSeq(node) && !isMap(node)) return node;
    // The node itself stays in the document, so that the places of what is inside it are kept.
    const inner: YAMLMap | YAMLSeq = isSeq(node) ? new YAMLSeq() : new YAMLMap();
    inner.items = node.items as never; // never: a sequence's items and a map's are typed apart, and stay with their own kind here
    if (node.range !== undefined) inner.range = node.range;
    const map = new YAMLMap<Scalar<string>, unknown>();
    if (node.range !== undefined) map.range = node.range;
    map.items.push(new Pair(new Scalar(name === 'Ref' || name === 'Condition' ? name : `Fn::${name}`), inner));
    return map;
  },
});

/**
 * `customTags` that read a tag as its long form: `!Rain::Embed x` is `{'Fn::Rain::Embed': 'x'}`. A function that nobody
 * knows is an unresolved value, whatever stands after it.
 */
export const tagsNamed = (names: readonly string[]): readonly (ScalarTag | CollectionTag)[] =>
  names.flatMap((name) => [scalarTag(name), collectionTag(name, 'seq'), collectionTag(name, 'map')]);

/** The `customTags` with which `yaml` reads a template's short forms (`!Ref`, `!Sub` …) as their long forms. */
export const cfnTags: readonly (ScalarTag | CollectionTag)[] = tagsNamed(SHORT_FORMS);
