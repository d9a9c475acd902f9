import type { Json } from '../../shared/model/json.ts';
import { detectForm } from '../../shared/mappings/dialects/index.ts';
import { mapDocument, type MappedResource } from '../../shared/mappings/document.ts';

/** A resource of a plan that is created, or, with `before`, changed. */
export interface Planned {
  readonly address: string;
  readonly after: { readonly [attribute: string]: Json };
  readonly unknown?: Json;
  readonly actions?: readonly string[];
  /** What the configuration says, where references matter. */
  readonly expressions?: Json;
}

/** A plan in the form of `terraform show -json`. */
export function plan(...resources: readonly Planned[]): Json {
  const names = (address: string) => address.split('.') as [string, string];
  return {
    format_version: '1.2',
    terraform_version: '1.9.0',
    resource_changes: resources.map(({ address, after, unknown, actions }) => ({
      address,
      mode: 'managed',
      type: names(address)[0],
      name: names(address)[1],
      change: { actions: [...(actions ?? ['create'])], before: null, after, after_unknown: unknown ?? {} },
    })),
    configuration: {
      root_module: {
        resources: resources.map(({ address, after, expressions }) => ({
          address,
          mode: 'managed',
          type: names(address)[0],
          name: names(address)[1],
          expressions:
            expressions ?? Object.fromEntries(Object.keys(after).map((k) => [k, { constant_value: after[k] ?? null }])),
        })),
      },
    },
  };
}

/** Every resource of a document that is of a known form. */
export function mapped(document: Json): readonly MappedResource[] {
  const form = detectForm(document);
  if (form === undefined) throw new Error('the document is of no known form');
  return mapDocument(form.read(document, {})).resources;
}

/** The only resource of a document. */
export function only(document: Json): MappedResource {
  const resources = mapped(document);
  const [resource] = resources;
  if (resource === undefined || resources.length !== 1) throw new Error(`${resources.length} resources`);
  return resource;
}
