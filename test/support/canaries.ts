import type { Json } from '../../shared/model/json.ts';

/** What must be seen nowhere. */
export const NEEDLE = 'pLaNtEd5ecRet';
/** Secrets, made up, in the forms in which their issuers write them: the kind, and the text. */
export const CANARIES: {
  readonly [kind: string]: { readonly note?: string; readonly [key: string]: Json | undefined };
} = {
  'AWS access key id': { note: 'AKIAPLANTEDPLANTED12' },
  'AWS secret key by name': { secretAccessKey: `${NEEDLE}0123456789abcdef` },
  'GitHub token': { note: `ghp_${NEEDLE}0123456789abcdefghijk` },
  'GitHub fine-grained token': { note: `github_pat_${NEEDLE}0123456789abcdefghijk` },
  'GitLab token': { note: `glpat-${NEEDLE}0123456789` },
  'Slack bot token': { note: `xoxb-1234567890-${NEEDLE}` },
  'Stripe key': { note: `sk_live_${NEEDLE}0123` },
  'model API key': { note: `sk-${NEEDLE}0123456789abcdef` },
  'Google API key': { note: `AIza${NEEDLE}0123456789abcdefghijklm` },
  'Google OAuth token': { note: `ya29.${NEEDLE}0123456789` },
  'JSON web token': { note: `eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ${NEEDLE}In0.${NEEDLE}` },
  'private key': { note: `-----BEGIN RSA PRIVATE KEY-----\nMII${NEEDLE}\n-----END RSA PRIVATE KEY-----` },
  'storage account key': { note: `DefaultEndpointsProtocol=https;AccountKey=${NEEDLE}=;EndpointSuffix=x` },
  'shared access signature': { note: `https://x.blob.core.windows.net/c?sv=1&sig=${NEEDLE}%3D` },
  'password in a URL': { note: `postgres://admin:${NEEDLE}@db.example.com/x` },
  'password in a text': { note: `password=${NEEDLE}` },
  'password by name': { masterUserPassword: NEEDLE },
  'environment variable': { environment: { variables: { ANYTHING: NEEDLE } } },
  'user data': { userData: NEEDLE },
  'client secret in an embedded JSON': { policy: JSON.stringify({ nested: [{ clientSecret: NEEDLE }] }) },
  'pair of name and value': { parameters: [{ name: 'api_key', value: NEEDLE }] },
  'webhook address': { webhookUrl: `https://hooks.example.com/${NEEDLE}` },
};
/** Whether a text holds any of them. */
export const shows = (text: string): boolean => text.includes(NEEDLE) || text.includes('AKIAPLANTED');
