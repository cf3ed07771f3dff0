import { contentTypeOf, type ObjectMeta } from '@ragnos/storage';

/** Everything of the log but what is pending carries its content in its name, or never has another one. */
export function logMeta(key: string): ObjectMeta {
  return {
    contentType: key.endsWith('.jsonl') ? 'application/jsonl' : contentTypeOf(key),
    cacheControl: 'public, max-age=31536000, immutable',
  };
}
