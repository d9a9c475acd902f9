/** Who may call the front door: every claim by itself, and what proves nothing. */
import { SignJWT, UnsecuredJWT } from 'jose';
import { beforeAll, describe, expect, it } from 'vitest';
import { makeAzureCaller } from '../../../shared/adapters/http-auth/azure-caller.ts';
import { makeGoogleCaller } from '../../../shared/adapters/http-auth/google-caller.ts';
import type { CheckCaller } from '../../../shared/adapters/http-auth/caller.ts';
import { azure, claims, google, kid, makeIssuer } from '../../support/tokens.ts';

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
  const wrong: readonly (readonly ['azure' | 'google', string, object, RegExp])[] = [
    ['azure', 'of another audience', { ...claims.azure, aud: 'api://other' }, /claim aud/],
    [
      'azure',
      'of another issuer',
      { ...claims.azure, iss: 'https://login.microsoftonline.com/other/v2.0' },
      /claim iss/,
    ],
    ['azure', 'of another tenant', { ...claims.azure, tid: 'other' }, /tid/],
    ['azure', 'of another application', { ...claims.azure, azp: 'other' }, /azp/],
    ['azure', 'of no application', { ...claims.azure, azp: undefined }, /azp/],
    ['azure', 'of two applications', { ...claims.azure, appid: 'other' }, /azp/],
    ['azure', 'without a role', { ...claims.azure, roles: undefined }, /roles/],
    ['azure', 'in another role', { ...claims.azure, roles: ['Reader'] }, /roles/],
    ['azure', 'whose role is a text', { ...claims.azure, roles: azure.role }, /roles/],
    ['google', 'of another audience', { ...claims.google, aud: 'https://other.example' }, /claim aud/],
    ['google', 'of another issuer', { ...claims.google, iss: 'https://accounts.example' }, /claim iss/],
    ['google', 'of another account', { ...claims.google, email: 'x@example.iam.gserviceaccount.com' }, /email/],
    ['google', 'with an unverified address', { ...claims.google, email_verified: false }, /email_verified/],
    ['google', 'whose address is verified by a text', { ...claims.google, email_verified: 'true' }, /email_verified/],
  ];
  it.each(wrong)('%s: %s', async (door, _what, payload, why) => {
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
    const forged = [
      await stranger.token(claims.azure),
      await issuer.curveToken(claims.azure),
      await stranger.token(claims.azure, { kid: 'unknown' }),
      new UnsecuredJWT({ ...claims.azure }).setExpirationTime('1h').encode(),
      await new SignJWT(claims.azure)
        .setProtectedHeader({ alg: 'HS256', kid })
        .setExpirationTime('1h')
        .sign(new TextEncoder().encode(JSON.stringify(issuer.published.keys[0]))),
    ];
    for (const token of forged) expect(await check.azure(bearer(token))).toMatchObject({ is: 'refused' });
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
