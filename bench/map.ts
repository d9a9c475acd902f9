/** From native documents to facts, in each dialect that changes or plans come in. */
import { globSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { detectForm } from '../shared/mappings/dialects/index.ts';
import { mapDocument } from '../shared/mappings/document.ts';
import type { Json } from '../shared/model/json.ts';
import type { Benchmark, Row } from './benchmark.ts';
import { cpuMsOften } from './measure.ts';
import { writePlan } from './plan.ts';

const root = join(import.meta.dirname, '..');

/** The dialects of what is live, by how the native examples are named. */
const LIVE = {
  'aws.config': 'AWS Config item',
  'azure.arm-rest': 'ARM body (REST)',
  'azure.arm-graph': 'Resource Graph row',
  'azure.notification': 'Azure resource notification',
  'gcp.cai': 'CAI asset',
} as const;

const LIMIT_MICROSECONDS = 150;

const mapOne = (document: Json): number => {
  const form = detectForm(document);
  return form === undefined ? 0 : mapDocument(form.read(document, {})).resources.length;
};

export const map: Benchmark = {
  name: 'map',
  title: 'Mapping: a native document (parsed JSON) to facts, its form detected',
  async run({ work, quick }) {
    const rows: Row[] = [];
    const runs = quick ? 5 : 25;
    for (const [prefix, title] of Object.entries(LIVE)) {
      const paths = globSync(`policies/*/*/examples/*/${prefix}*.json`, { cwd: root });
      const texts = [...new Set(paths.map((path) => readFileSync(join(root, path), 'utf8')))];
      const documents = texts.map((text) => JSON.parse(text) as Json);
      if (documents.length === 0) throw new Error(`no example is called ${basename(prefix)}*.json`);
      const ms = cpuMsOften(runs, () => documents.forEach(mapOne));
      const what = `${title} (${documents.length} documents)`;
      rows.push({ what, value: (1000 * ms) / documents.length, unit: 'µs', atMost: LIMIT_MICROSECONDS });
    }
    const path = join(work, 'plan-map.json');
    const { resources } = writePlan(path, quick ? 600 : 3000);
    const plan = JSON.parse(readFileSync(path, 'utf8')) as Json;
    const ms = cpuMsOften(Math.ceil(runs / 3), () => mapOne(plan));
    const what = `plan resource (${resources} resources)`;
    rows.push({ what, value: (1000 * ms) / resources, unit: 'µs', atMost: LIMIT_MICROSECONDS });
    return rows;
  },
};
