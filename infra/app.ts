#!/usr/bin/env node
/** The stacks, by lifetime. `npx cdk deploy --all -c stage=…`; the context keys are in config.ts. */
import { App, Validations } from 'aws-cdk-lib';
import { EdictChecks } from './nag.ts';
import { readConfig } from './config.ts';
import { ObservabilityStack } from './stacks/observability.ts';
import { PipelineStack } from './stacks/pipeline.ts';
import { StateStack } from './stacks/state.ts';

const app = new App();
const config = readConfig((key) => app.node.tryGetContext(key));
const env = {
  ...(config.account === undefined ? {} : { account: config.account }),
  ...(config.region === undefined ? {} : { region: config.region }),
};
const state = new StateStack(app, 'State', { config, env });
const { resources, findings, policies, quarantine, bus } = state;
new PipelineStack(app, 'Pipeline', { config, env, resources, findings, policies, quarantine, bus });
new ObservabilityStack(app, 'Observability', { config, env });
Validations.of(app).addPlugins(new EdictChecks());
