/**
 * The context facts of a resource, by configured rules: one documented file, `edict.config.yaml`.
 *
 * The most specific source wins: a tag on the resource, then the account map, then (in the CLI) what the pipeline says.
 * A tag that was looked for and is not there is `none`; where tags could not be seen the answer is unknown.
 */
import { contextFacts } from '../kinds/context.ts';
import { conform } from '../kinds/conform.ts';
import { type FactSpec, type FactState, type FactStates, NONE } from '../model/fact.ts';
import type { NativeResource } from '../model/native.ts';
import type { ContextConfig } from './context-config.ts';

export type { ContextConfig };

/** What holds without a configuration file: the usual tag keys and words. */
export const DEFAULT_CONTEXT: ContextConfig = {
  version: 1,
  environment: {
    tag_keys: ['environment', 'env', 'stage'],
    values: {
      production: ['production', 'prod', 'prd', 'live'],
      staging: ['staging', 'stage', 'stg', 'preprod', 'pre-production'],
      development: ['development', 'dev'],
      test: ['test', 'testing', 'qa', 'uat'],
      sandbox: ['sandbox', 'sbx', 'playground'],
      other: ['other'],
    },
  },
  data_classification: {
    tag_keys: ['data_classification', 'data-classification', 'dataclassification', 'classification'],
    values: {
      public: ['public'],
      internal: ['internal'],
      confidential: ['confidential'],
      restricted: ['restricted', 'secret'],
    },
  },
  owner: { tag_keys: ['owner', 'team'] },
};

type Tags = NativeResource['tags'];
type Ruled = 'environment' | 'data_classification' | 'owner';

/** What the context rules look at. */
export interface ContextSubject {
  readonly cloud: string;
  readonly account: string | undefined;
  readonly region: string | undefined;
  readonly tags: Tags;
}

/** `production-eu` and `prod2` are not `production`, but nobody should take them for something else either. */
function soundsLike(said: string, words: readonly (string | undefined)[]): boolean {
  const known = new Set(words.map((word) => word?.toLowerCase()));
  return said.split(/[^a-z0-9]+/).some((word) => known.has(word) || known.has(word.replace(/\d+$/, '')));
}

function fromTags(rule: Ruled, config: ContextConfig, tags: Tags): FactState | 'absent' {
  const keys = config[rule]?.tag_keys ?? [];
  if (keys.length === 0) return 'absent';
  if (tags.state === 'unknown') return tags;
  for (const key of keys) {
    const index = tags.value.findIndex((t) => t.key.toLowerCase() === key.toLowerCase());
    const tag = tags.value[index];
    // A tag without a value says nothing: as if it were not there.
    if (tag === undefined || tag.value.trim() === '') continue;
    // Among the tags that were not seen may be one that says more than this one.
    if (key !== keys[0] && tags.closed !== true) break;
    const known = {
      state: 'known',
      at: tags.state === 'known' ? tags.at : '',
      native: `tag ${tag.key}=${tag.value.slice(0, 128)}`,
    } as const;
    if (rule === 'owner') return { ...known, value: tag.value };
    const values = config[rule]?.values ?? {};
    const said = tag.value.trim().toLowerCase();
    const match = Object.entries(values).find(([, spelled]) => spelled?.some((s) => s.toLowerCase() === said));
    if (match !== undefined) return { ...known, value: match[0] };
    if (rule === 'environment' && !soundsLike(said, Object.values(values).flat())) return { ...known, value: 'other' };
    return { state: 'unknown', why: 'invalid', at: known.at, detail: `tag ${tag.key} has a value that no rule knows` };
  }
  if (tags.closed !== true) return { state: 'unknown', why: 'not_collected', detail: 'not all tags were seen' };
  return 'absent';
}

function ruled(rule: Ruled, config: ContextConfig, subject: ContextSubject): FactState {
  const tagged = fromTags(rule, config, subject.tags);
  if (tagged !== 'absent') return tagged;
  const accounts = config.accounts ?? {};
  const { account } = subject;
  if (account === undefined) {
    return Object.values(accounts).some((a) => a[rule] !== undefined)
      ? { state: 'unknown', why: 'not_collected', detail: 'the account is not known' }
      : none(subject.tags);
  }
  const entries = Object.entries(accounts);
  const entry =
    entries.find(([id]) => id.toLowerCase() === account.toLowerCase()) ??
    entries.find(([, { number }]) => number === account);
  const value = entry?.[1][rule];
  if (value !== undefined) return { state: 'known', value, at: '', native: `account map: ${account}` };
  if (entry === undefined && subject.cloud === 'gcp') {
    const open = entries.find(([id, e]) => e[rule] !== undefined && mayNameOneProject(id, e.number, account));
    if (open !== undefined) {
      const detail = `whether project ${account} is ${open[0]} of the account map is not known: give its number there`;
      return { state: 'unknown', why: 'not_collected', detail };
    }
  }
  return none(subject.tags);
}

const PROJECT_ID = /^[a-z][a-z0-9-]{4,28}[a-z0-9]$/;
const DIGITS = /^\d+$/;
const AWS_ACCOUNT = /^\d{12}$/;

/** Live data names a GCP project by its number, a plan by its id: without both an entry may be the other name of it. */
function mayNameOneProject(key: string, number: string | undefined, account: string): boolean {
  if (number !== undefined) return false;
  return DIGITS.test(account) ? PROJECT_ID.test(key) : DIGITS.test(key) && !AWS_ACCOUNT.test(key);
}

const none = (tags: Tags): FactState => ({ state: 'known', value: NONE, at: tags.state === 'known' ? tags.at : '' });

/** Every context fact's state. Pure: the same subject and configuration, the same facts. */
export function resolveContext(config: ContextConfig, subject: ContextSubject): FactStates {
  const notSaid = (what: string): FactState => ({
    state: 'unknown',
    why: 'not_collected',
    detail: `the document does not say the ${what}`,
  });
  const { account, region, tags } = subject;
  const states: Record<string, FactState> = {
    cloud: { state: 'known', value: subject.cloud, at: '' },
    account: account === undefined ? notSaid('account') : { state: 'known', value: account, at: '' },
    region:
      region === undefined
        ? notSaid('region')
        : { state: 'known', value: region.toLowerCase() === 'global' ? NONE : region, at: '' },
    environment: ruled('environment', config, subject),
    data_classification: ruled('data_classification', config, subject),
    owner: ruled('owner', config, subject),
    tags,
  };
  for (const [fact, state] of Object.entries(states)) states[fact] = conform(contextFacts[fact] as FactSpec, state);
  return states;
}

/** Fills in what the pipeline knows where the document says nothing (unknown or none): `--context environment=production`. */
export function withPipelineContext(states: FactStates, said: { readonly [fact: string]: string }): FactStates {
  const merged: Record<string, FactState> = { ...states };
  for (const [fact, value] of Object.entries(said)) {
    const spec = contextFacts[fact];
    const state = states[fact];
    if (spec === undefined || state === undefined) continue;
    const silent = state.state === 'unknown' || (typeof state.value === 'object' && 'none' in state.value);
    if (silent) merged[fact] = conform(spec, { state: 'known', value, at: '', native: 'said by the caller' });
  }
  return merged;
}
