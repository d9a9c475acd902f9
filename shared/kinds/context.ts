import { CLOUDS } from '../model/cloud.ts';
import { type FactSpec, listOf, oneOf, optional, string } from '../model/fact.ts';

export const ENVIRONMENTS = ['production', 'staging', 'development', 'test', 'sandbox', 'other'] as const;
export const DATA_CLASSIFICATIONS = ['public', 'internal', 'confidential', 'restricted'] as const;

/** Facts that every resource of every kind has; resolved by the context rules (see shared/context/context.ts). */
export const contextFacts: { readonly [fact: string]: FactSpec } = {
  cloud: oneOf([...CLOUDS], 'The cloud (or platform) the resource lives in.'),
  account: string('The account (AWS account, Azure subscription, GCP project) the resource belongs to.', {
    fold: true,
  }),
  region: optional(string('The region or location; none for a global resource.', { fold: true })),
  environment: optional(
    oneOf([...ENVIRONMENTS], 'What the resource is used for, by the account map or a tag; none if neither says so.'),
  ),
  data_classification: optional(
    oneOf(
      [...DATA_CLASSIFICATIONS],
      'How sensitive its data is, by the account map or a tag; none if neither says so.',
    ),
  ),
  owner: optional(
    string('The team that answers for it, by a tag or the account map; none if neither says so.', { fold: true }),
  ),
  tags: listOf('Its tags (AWS, Azure) or labels (GCP, Kubernetes), keys as the provider spells them.', {
    key: string('The key.', { fold: false }),
    value: string('The value.', { fold: false }),
  }),
};
