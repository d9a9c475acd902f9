/** The stored examples of a policy as a table: which native document, of which cloud and dialect, gets which verdict. */
import type { AuthoredPolicy } from '../../shared/authoring/intent.ts';
import { nativeForms } from '../../shared/authoring/renderers/render.ts';
import { type Column, fit, tableOf } from '../table.ts';
import { plain, style } from '../terminal.ts';

/** A native document that is stored with a policy. */
export interface ExampleFile {
  readonly path: string;
  readonly verdict: string;
  readonly cloud: string;
  /** What it is a document of: `aws.config-rds-instance`. */
  readonly form: string;
  /** What the file name says beyond that: `judged-3`. */
  readonly what: string;
  readonly text: string;
}

const VERDICTS = ['violation', 'compliant', 'not_applicable', 'unknown'];
const TITLES: { readonly [cloud: string]: string } = { aws: 'AWS', azure: 'Azure', gcp: 'GCP' };
const words = (verdict: string): string => verdict.replaceAll('_', ' ');

/** The native documents among the files of a policy's folder: by cloud, form, verdict. */
export function exampleFiles({ files, policy }: Pick<AuthoredPolicy, 'files' | 'policy'>): readonly ExampleFile[] {
  // The longest name first: one form's name may begin another's.
  const forms = (nativeForms[policy.kind] ?? []).toSorted((a, b) => b.name.length - a.name.length);
  const found = Object.entries(files).flatMap(([path, text]): readonly ExampleFile[] => {
    const [folder, verdict = '', name] = path.split('/');
    if (folder !== 'examples' || name === undefined) return [];
    const form = forms.find((f) => name.startsWith(f.name));
    const stem = name.replace(/\.[a-z]+$/, '');
    const of = form === undefined ? { form: stem, what: '' } : { form: form.name, what: restOf(stem, form.name) };
    return [{ path, verdict, cloud: TITLES[form?.cloud ?? ''] ?? 'Another form', ...of, text }];
  });
  const order = ({ cloud, form, verdict, path }: ExampleFile): string =>
    `${cloud} ${form} ${VERDICTS.indexOf(verdict)} ${path}`;
  return found.toSorted((a, b) => inOrder.compare(order(a), order(b)));
}
/** `judged-2` before `judged-10`. */
const inOrder = new Intl.Collator('en', { numeric: true });
const restOf = (stem: string, form: string): string => stem.slice(form.length).replace(/^-/, '');

interface Row {
  readonly cloud: string;
  readonly form: string;
  readonly of: ReadonlyMap<string, readonly ExampleFile[]>;
}

/** The example table: for each cloud and form how many documents get which verdict, and in which files. */
export function exampleLines(policy: Pick<AuthoredPolicy, 'files' | 'policy'>): readonly string[] {
  const files = exampleFiles(policy);
  if (files.length === 0) return ['There are none: no native document could be written that has these facts.'];
  const paint = style(process.stdout);
  const rows = [...Map.groupBy(files, (f) => `${f.cloud} ${f.form}`).values()].flatMap((own): readonly Row[] => {
    const [first] = own;
    return first === undefined ? [] : [{ ...first, of: Map.groupBy(own, (f) => f.verdict) }];
  });
  const verdicts = VERDICTS.filter((v) => files.some((f) => f.verdict === v));
  const numberOf = (v: string): Column<Row> => ({
    title: words(v),
    of: ({ of }) => String(of.get(v)?.length ?? 0).padStart(words(v).length),
  });
  const columns: readonly Column<Row>[] = [
    { title: 'cloud', of: ({ cloud }) => cloud },
    { title: 'document', of: ({ form }) => plain(form) },
    ...verdicts.map(numberOf),
  ];
  const [head = '', ...body] = tableOf(rows, columns, { paint, width: undefined, foldAt: 2 }).trimEnd().split('\n');
  const missing = Object.values(TITLES).filter((cloud) => !files.some((f) => f.cloud === cloud));
  return [
    head,
    ...body.flatMap((line, i) => [line, paint('dim', `  ${filesOf(rows[i])}`)]),
    ...(missing.length === 0 ? [] : [paint('yellow', `There is no document of ${missing.join(', ')}.`)]),
  ];
}

/** What is longer stands whole where a document is chosen, and in the folder: `examples/<verdict>/<document>-<this>`. */
const LONGEST_NAME = 30;
const filesOf = (row: Row | undefined): string =>
  [...(row?.of ?? [])]
    .map(
      ([verdict, of]) => `${words(verdict)}: ${of.map((f) => plain(fit(f.what || f.form, LONGEST_NAME))).join(', ')}`,
    )
    .join('; ');
