#!/usr/bin/env node
/** The stacks, by lifetime. `npx cdk deploy --all -c stage=…`; the context keys are in config.ts. */
import { App } from 'aws-cdk-lib';
import { readConfig } from './config.ts';
import { addEdict } from './edict.ts';

const app = new App();
addEdict(
  app,
  readConfig((key) => app.node.tryGetContext(key)),
);
