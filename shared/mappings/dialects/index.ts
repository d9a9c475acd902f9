import type { Json } from '../../model/json.ts';
import type { DocumentForm } from '../form.ts';
import { armResource, resourceGraph } from './arm.ts';
import { awsApi } from './aws-api.ts';
import { configEvent, configHistory, configItem, configSelect } from './aws-config.ts';
import { caiAsset, caiFeed } from './cai.ts';
import { cloudFormation } from './cloudformation.ts';
import { armTemplate } from './arm-template.ts';
import { eventGrid } from './event-grid.ts';
import { terraformPlan, terraformState } from './terraform.ts';

/** Every form of document that Edict reads: one line each, most specific first. */
export const forms: readonly DocumentForm[] = [
  terraformPlan,
  terraformState,
  eventGrid,
  armTemplate,
  resourceGraph,
  armResource,
  caiFeed,
  caiAsset,
  configEvent,
  configItem,
  configHistory,
  configSelect,
  cloudFormation,
  awsApi,
];

/** The form of a document, by its content; undefined if it is of no known form. */
export const detectForm = (document: Json): DocumentForm | undefined => forms.find((form) => form.detect(document));
