import { type App, Validations } from 'aws-cdk-lib';
import type { EdictConfig } from './config.ts';
import { EdictChecks } from './nag.ts';
import { AuthoringStack } from './stacks/authoring.ts';
import { ObservabilityStack } from './stacks/observability.ts';
import { PipelineStack } from './stacks/pipeline.ts';
import { StateStack } from './stacks/state.ts';

/** Adds the stacks of one deployment to an app, by lifetime, and the checks that they must pass. */
export function addEdict(app: App, config: EdictConfig) {
  const env = {
    ...(config.account === undefined ? {} : { account: config.account }),
    ...(config.region === undefined ? {} : { region: config.region }),
  };
  const state = new StateStack(app, 'State', { config, env });
  const { resources, findings, policies, quarantine, archive, bus } = state;
  const pipeline = new PipelineStack(app, 'Pipeline', {
    config,
    env,
    resources,
    findings,
    policies,
    quarantine,
    archive,
    bus,
  });
  const { authoring: configured } = config;
  const authoring =
    configured === undefined
      ? undefined
      : new AuthoringStack(app, 'Authoring', { config, env, policies, authoring: configured });
  const queues = [...pipeline.queues, ...(authoring?.queues ?? [])];
  const observability = new ObservabilityStack(app, 'Observability', { config, env, queues });
  Validations.of(app).addPlugins(new EdictChecks());
  return { state, pipeline, authoring, observability };
}
