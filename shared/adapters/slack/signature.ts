import { createHmac, timingSafeEqual } from 'node:crypto';
import type { HttpRequest } from '../http-auth/http.ts';

/** A call that is older, or from later than this, is refused. */
const WINDOW_SECONDS = 300;

/**
 * The signature of a call that Slack signed with this secret a short while ago; undefined: it did not.
 * https://docs.slack.dev/authentication/verifying-requests-from-slack, read 2026-11-25: `v0=` and the hexadecimal
 * HMAC-SHA256 of `v0:<timestamp>:<body>`, of the body as it came.
 */
export function signatureOf(request: HttpRequest, secret: string, nowMs: number): string | undefined {
  const timestamp = request.headers['x-slack-request-timestamp'] ?? '';
  const given = request.headers['x-slack-signature'] ?? '';
  if (!/^\d{1,12}$/.test(timestamp) || Math.abs(nowMs / 1000 - Number(timestamp)) > WINDOW_SECONDS) return undefined;
  const expected = sign(secret, timestamp, request.body);
  const [a, b] = [Buffer.from(given), Buffer.from(expected)];
  return a.length === b.length && timingSafeEqual(a, b) ? expected : undefined;
}

/** What Slack signs a call with. */
export const sign = (secret: string, timestamp: string, body: string): string =>
  `v0=${createHmac('sha256', secret).update(`v0:${timestamp}:${body}`).digest('hex')}`;
