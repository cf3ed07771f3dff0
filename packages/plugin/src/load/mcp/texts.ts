import { textDigest } from '../../formats/texts.ts';
import { isObject } from './json-rpc.ts';

/**
 * What an MCP server shows to a model, as the manifest signs it: the sha256 of a tool or prompt as `tools/list` and
 * `prompts/list` give it, all of it (name, title, description, schemas, annotations, icons, whatever else is there), written
 * as RFC 8785 has it: members sorted by their UTF-16 code units, numbers and texts as ECMAScript writes them.
 */
export function textHash(item: unknown): string {
  return textDigest(canonical(item));
}

/** The key, among `prompts`, of what a server tells about itself to the model when it is connected to. */
export const instructionsName = '(instructions)';

/** What is hashed, and stands in the manifest beside its digest. */
export function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (!isObject(value)) return JSON.stringify(value) ?? 'null';
  const members = Object.keys(value)
    .filter((name) => value[name] !== undefined)
    .toSorted((a, b) => (a < b ? -1 : 1))
    .map((name) => `${JSON.stringify(name)}:${canonical(value[name])}`);
  return `{${members.join(',')}}`;
}
