import { bool, oneOf } from '../model/fact.ts';
import { defineKind } from '../model/kind.ts';

/** S3 bucket, Azure storage account (with its containers), Cloud Storage bucket. */
export const objectStore = defineKind('object_store', {
  title: 'Object store',
  facts: {
    public_read: bool(
      'Someone who was not given access by name (anonymous, or any account of the provider) can read or list at least one object.',
    ),
    public_write: bool(
      'Someone who was not given access by name (anonymous, or any account of the provider) can write, delete or re-permission at least one object or the store.',
    ),
    public_access_blocked: bool(
      'A switch on the store, its account or its organisation makes public access impossible whatever is configured below it.',
    ),
    encryption: oneOf(
      ['none', 'provider_key', 'customer_key'],
      'The key that new objects get at rest without the writer asking: customer_key only for a key that the customer controls.',
    ),
    tls_only: bool('Every request that does not use TLS is refused, for all callers, actions and objects.'),
    versioned: bool('An overwritten or deleted object can be recovered from an older version.'),
    access_logged: bool("Access to objects is logged by the store's own logging."),
  },
});
