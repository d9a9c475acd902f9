/** From documents to resources with facts: which documents speak of one world, and are mapped together. */
import { isAppError } from '../../shared/model/errors.ts';
import { isObject, type Json } from '../../shared/model/json.ts';
import type { NativeResource } from '../../shared/model/native.ts';
import type { ContextConfig } from '../../shared/mappings/context.ts';
import { detectForm, forms } from '../../shared/mappings/dialects/index.ts';
import { mapDocument, type MappedResource, type Unsupported } from '../../shared/mappings/document.ts';
import type { DocumentForm, ReadOptions } from '../../shared/mappings/form.ts';
import { openFile, type Source, type SourceDocument } from './documents.ts';
import { findFiles, type InputFile } from './files.ts';
import { type Problem, problem, type Skipped } from './problem.ts';

export interface InputOptions {
  readonly context: ContextConfig;
  readonly read: ReadOptions;
  readonly maxBytes: number;
}

/** Where a native resource was read. */
export type SourceOf = (native: NativeResource) => Source | undefined;

/** What to say of documents that people take for a plan. */
const LOOK_ALIKES: readonly (readonly [test: (document: Json) => boolean, reason: string, action: string])[] = [
  [
    (d) => isObject(d) && 'lineage' in d && 'terraform_version' in d,
    'it is a raw Terraform state',
    'run "terraform show -json" and check its output',
  ],
  [
    (d) => isObject(d) && '@level' in d && '@message' in d,
    'it is the log of a Terraform run',
    'run "terraform show -json <plan>" and check its output',
  ],
];

function unknownForm({ source, value }: SourceDocument): Problem {
  const alike = LOOK_ALIKES.find(([test]) => test(value));
  if (alike !== undefined) return problem(source.label, alike[1], alike[2]);
  const known = forms.map((form) => form.title).join('; ');
  return problem(source.label, 'it is of no known form', `known are: ${known}`);
}

/** Plans and templates are worlds of their own: their addresses mean nothing elsewhere. */
const isOwnWorld = (form: DocumentForm): boolean =>
  form.dialect === 'terraform' || form.dialect === 'aws.cfn' || form.id.includes('template');

/**
 * Reads inputs and maps them. Plans and templates are mapped one by one, as they are read; documents of what is live
 * (Config items, ARM bodies, assets) speak of one world across all files, so they are mapped together at the end.
 */
export class Inputs {
  readonly skipped: Skipped[] = [];
  readonly problems: Problem[] = [];
  /** Documents of a known form. */
  documents = 0;
  files = 0;
  readonly #unsupported = new Map<string, number>();
  readonly #options: InputOptions;
  readonly #sources = new WeakMap<NativeResource, Source>();

  constructor(options: InputOptions) {
    this.#options = options;
  }

  readonly sourceOf: SourceOf = (native) => this.#sources.get(native);

  /** Native types that no mapping knows, sorted. */
  get unsupported(): readonly Unsupported[] {
    return [...this.#unsupported]
      .map(([nativeType, count]) => ({ nativeType, count }))
      .sort((a, b) => (a.nativeType < b.nativeType ? -1 : 1));
  }

  /** The resources of the inputs. Never throws over what is in them: see `problems`. */
  async *resources(
    args: readonly string[],
    reading: (file: string) => void,
  ): AsyncGenerator<readonly MappedResource[]> {
    const found = findFiles(args);
    this.skipped.push(...found.skipped);
    this.problems.push(...found.problems);
    const live: NativeResource[] = [];
    for (const file of found.files) {
      reading(file.path);
      const documents = await this.#open(file);
      // A document is let go of when its resources have been read: half of a plan is never looked at.
      for (let next = documents.pop(); next !== undefined; next = documents.pop()) {
        const form = this.#form(next, file.named);
        const natives = form === undefined ? [] : this.#read(form, next);
        next = undefined;
        if (form !== undefined && isOwnWorld(form)) yield this.#map(natives);
        else for (const native of natives) live.push(native);
      }
    }
    if (live.length > 0) yield this.#map(live);
    for (const folder of found.folders) {
      const below = `${folder.replace(/\/+$/, '')}/`;
      const used = this.#used.some((name) => name.startsWith(below));
      if (!used && !this.problems.some((p) => p.document.startsWith(below))) {
        this.problems.push(
          problem(folder, 'no document in it is of a known form', 'check that it is the folder you mean'),
        );
      }
    }
  }

  readonly #used: string[] = [];

  /** The documents of a file, last one first. */
  async #open(file: InputFile): Promise<SourceDocument[]> {
    const opened = await openFile(file, this.#options.maxBytes);
    if (opened.is === 'broken') this.problems.push(opened.problem);
    else if (opened.is === 'other') this.skipped.push({ document: file.path, reason: opened.reason });
    else {
      this.files++;
      return opened.documents.toReversed();
    }
    return [];
  }

  #form(document: SourceDocument, named: boolean): DocumentForm | undefined {
    const form = detectForm(document.value);
    if (form !== undefined) {
      this.documents++;
      this.#used.push(document.source.file);
      return form;
    }
    const unknown = unknownForm(document);
    if (named) this.problems.push(unknown);
    else this.skipped.push({ document: document.source.label, reason: unknown.reason });
    return undefined;
  }

  #read(form: DocumentForm, { source, value }: SourceDocument): readonly NativeResource[] {
    try {
      const natives = form.read(value, this.#options.read);
      for (const native of natives) this.#sources.set(native, source);
      return natives;
    } catch (error) {
      if (error instanceof RangeError) {
        this.problems.push(problem(source.label, 'it is nested too deeply', 'check what wrote it'));
      } else if (isAppError(error)) {
        const { pointer, reason } = error.details;
        const place = typeof pointer === 'string' ? source.place(pointer) : undefined;
        const why = typeof reason === 'string' ? reason : error.message;
        this.problems.push(problem(source.label, why, `correct the document (read as: ${form.title})`, place ?? null));
      } else {
        // A defect of a reader. The document is not judged, and says so.
        const why = error instanceof Error ? error.message : String(error);
        this.problems.push(problem(source.label, `it could not be read as ${form.title}: ${why}`, 'report this'));
      }
      return [];
    }
  }

  #map(natives: readonly NativeResource[]): readonly MappedResource[] {
    const { resources, unsupported } = mapDocument(natives, { context: this.#options.context });
    for (const { nativeType, count } of unsupported) {
      this.#unsupported.set(nativeType, (this.#unsupported.get(nativeType) ?? 0) + count);
    }
    return resources;
  }
}
