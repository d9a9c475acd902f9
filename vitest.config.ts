import { defineConfig } from 'vitest/config';

/** One project per layer of tests, by folder. Order: cheapest first. */
const layers = ['unit', 'property', 'contract', 'policy', 'infra', 'integration', 'drills', 'e2e'] as const;
/** Layers that start servers and processes: one file at a time, patient timeouts. */
const serial: readonly string[] = ['integration', 'drills', 'e2e'];
const timeoutMs: Readonly<Record<string, number>> = {
  property: 120_000,
  contract: 120_000,
  policy: 120_000,
  infra: 120_000,
  integration: 180_000,
  // The full number of histories takes a quarter of an hour.
  drills: process.env['EDICT_DRILLS'] === 'full' ? 7_200_000 : 240_000,
  e2e: 900_000,
};

export default defineConfig({
  test: {
    passWithNoTests: false,
    allowOnly: false,
    projects: [
      ...layers.map((name) => ({
        test: {
          name,
          environment: 'node' as const,
          include: [`test/${name}/**/*.test.ts`],
          allowOnly: false,
          testTimeout: timeoutMs[name] ?? 10_000,
          hookTimeout: timeoutMs[name] ?? 10_000,
          fileParallelism: !serial.includes(name),
        },
      })),
      {
        test: {
          name: 'types',
          include: [],
          allowOnly: false,
          typecheck: {
            enabled: true,
            only: true,
            checker: 'tsc',
            include: ['test/types/**/*.test-d.ts'],
            tsconfig: 'test/types/tsconfig.json',
          },
        },
      },
    ],
  },
});
