/** Who may call the front door: every claim by itself, and what proves nothing. */
import { beforeAll, describe, expect, it } from 'vitest';
import { makeAzureCaller } from '../../../shared/adapters/http-auth/azure-caller.ts';
import { makeGoogleCaller } from '../../../shared/adapters/http-auth/google-caller.ts';
import type { CheckCaller } from '../../../shared/adapters/http-auth/caller.ts';
import { azure, claims, forgedTokens, google, makeIssuer, WRONG_CLAIMS } from '../../support/tokens.ts';

let issuer: Awaited<ReturnType<typeof makeIssuer>>;
let stranger: Awaited<ReturnType<typeof makeIssuer>>;
let check: { azure: CheckCaller; google: CheckCaller };
beforeAll(async () => {
  issuer = await makeIssuer();
  stranger = await makeIssuer();
  check = {
    azure: makeAzureCaller(azure, { keys: issuer.keys }),
    google: makeGoogleCaller(google, { keys: issuer.keys }),
  };
});
const bearer = (token: string): string => `Bearer ${token}`;

describe('a caller is known', () => {
  it.each([
    ['azure', claims.azure],
    ['azure', claims.azureV1],
    ['google', claims.google],
    ['google', { ...claims.google, iss: 'accounts.google.com' }],
  ] as const)('%s by %j', async (door, payload) => {
    expect(await check[door](bearer(await issuer.token(payload)))).toMatchObject({ is: 'known' });
  });
});

describe('a caller is refused', () => {
  it.each(WRONG_CLAIMS)('%s: %s', async (door, _what, payload, why) => {
    expect(await check[door](bearer(await issuer.token({ ...payload })))).toEqual({
      is: 'refused',
      why: expect.stringMatching(why),
    });
  });

  it('with an expired token, an unexpiring one and one for later', async () => {
    expect(await check.azure(bearer(await issuer.token(claims.azure, { expiresIn: -120 })))).toMatchObject({
      is: 'refused',
      why: expect.stringContaining('exp'),
    });
    expect(await check.azure(bearer(await issuer.unexpiringToken(claims.azure)))).toMatchObject({
      is: 'refused',
      why: expect.stringContaining('exp'),
    });
    const later = await issuer.token({ ...claims.azure, nbf: Math.floor(Date.now() / 1000) + 3600 });
    expect(await check.azure(bearer(later))).toMatchObject({ is: 'refused' });
  });

  it('with a forged token: another key, our key id; another kind of key; another key id; no signature; a shared secret', async () => {
    for (const token of await forgedTokens(issuer, stranger, claims.azure))
      expect(await check.azure(bearer(token))).toMatchObject({ is: 'refused' });
  });

  it('whose signed claims were changed', async () => {
    const [head = '', , signature = ''] = (await issuer.token(claims.google)).split('.');
    const changed = Buffer.from(JSON.stringify({ ...claims.google, exp: 4_000_000_000, sub: 'x' })).toString(
      'base64url',
    );
    expect(await check.google(bearer(`${head}.${changed}.${signature}`))).toMatchObject({ is: 'refused' });
  });

  it.each([undefined, '', 'Bearer', 'Bearer not-a-token', 'Basic dXNlcjpwYXNz', 'Bearer a.b.c d.e.f'])(
    'with the header %s',
    async (header) => {
      expect(await check.azure(header)).toMatchObject({ is: 'refused' });
    },
  );

  it('and the reason names no value of the token', async () => {
    const got = await check.azure(bearer(await issuer.token({ ...claims.azure, tid: 'secret-tenant' })));
    expect(JSON.stringify(got)).not.toContain('secret-tenant');
  });
});

describe('a caller cannot be checked', () => {
  it('while the keys cannot be fetched: that proves nothing', async () => {
    const failing = makeAzureCaller(azure, { keys: () => Promise.reject(new TypeError('fetch failed')) });
    expect(await failing(bearer(await issuer.token(claims.azure)))).toMatchObject({ is: 'uncheckable' });
  });

  it('but no token at all is refused without asking for keys', async () => {
    const failing = makeAzureCaller(azure, { keys: () => Promise.reject(new TypeError('fetch failed')) });
    expect(await failing(undefined)).toMatchObject({ is: 'refused' });
  });
});
