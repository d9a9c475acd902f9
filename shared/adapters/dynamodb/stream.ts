import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import type { ResourceImage } from '../../pipeline/stages.ts';
import { decodeHead, STATE } from './resource-item.ts';

/** A record of the resources table's stream, as Lambda delivers it (only what is read here). */
export interface StreamRecord {
  readonly eventName?: 'INSERT' | 'MODIFY' | 'REMOVE' | undefined;
  readonly dynamodb?:
    | {
        readonly Keys?: { readonly [attribute: string]: { readonly S?: string } | undefined } | undefined;
        readonly NewImage?: { readonly [attribute: string]: unknown } | undefined;
      }
    | undefined;
}

/** The image to publish; undefined for a record of anything but a hot item with something pending. */
export function imageOf(record: StreamRecord): ResourceImage | undefined {
  const image = record.dynamodb?.NewImage;
  if (record.eventName === 'REMOVE' || image === undefined) return undefined;
  const item = unmarshall(image as Record<string, AttributeValue>);
  return item['item'] === STATE && Array.isArray(item['pending']) ? decodeHead(item) : undefined;
}
