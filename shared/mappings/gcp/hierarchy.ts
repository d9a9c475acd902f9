/** What is set on the projects, folders and organisation above a resource: dependencies of it, nearest first. */
import type { Body, NativeResource } from '../../model/native.ts';
import type { Dependency, Parts } from '../mapping.ts';

/** A project, at most ten levels of folders, an organisation. */
const MAX_LEVELS = 12;
const NAMES: readonly string[] = Array.from({ length: MAX_LEVELS }, (_, i) => `ancestor_${i}`);

/** The dependencies of a resource on one mapping's resources at every level above it (`ancestors` of its asset). */
export const levelsAbove = (mapping: string): { readonly [name: string]: Dependency } =>
  Object.fromEntries(
    NAMES.map((name, i) => [
      name,
      {
        mapping,
        on: (native: NativeResource) => {
          const ancestors = native.extra?.ancestors;
          const ancestor = Array.isArray(ancestors) ? (ancestors as readonly Body[])[i] : undefined;
          return typeof ancestor === 'string' ? { id: `//cloudresourcemanager.googleapis.com/${ancestor}` } : undefined;
        },
      },
    ]),
  );

/** The levels above a resource, nearest first; `parts` is undefined for one that was never seen. */
export const levels = (parts: Parts): readonly { readonly name: string; readonly parts: Parts | undefined }[] =>
  NAMES.filter((name) => parts.depends(name)).map((name) => ({ name, parts: parts.dependency(name) }));
