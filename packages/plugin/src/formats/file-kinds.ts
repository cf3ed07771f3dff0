import type { JsonOutput, Reader } from '@ragnos/tuf';
import type { ExtensionPolicy } from '../capabilities/extensions.ts';
import { readLines, refuseUnknown } from './common.ts';

/** As a file's name ends, so that a word with a dot or in capitals, which could mean something else, is not guessed at. */
const ending = /^(?:[a-z0-9_+~-]+(?:\.[a-z0-9_+~-]+)*)?$/;

/** `{ "allow": ["js", "json", ""], "refuse": ["d.ts"] }`: one of the two, or both. @throws MalformedMetadataError */
export function readFileKinds(reader: Reader): ExtensionPolicy {
  const list = (name: string): readonly string[] | undefined =>
    reader.has(name) ? readEndings(reader, name) : undefined;
  const kinds = { allow: list('allow'), refuse: list('refuse') };
  refuseUnknown(reader);
  if (kinds.allow === undefined && kinds.refuse === undefined) reader.fail('allow', 'allow, refuse, or both');
  return kinds;
}

function readEndings(reader: Reader, name: string): readonly string[] {
  const endings = readLines(reader, name, 64);
  return endings.every((one) => ending.test(one))
    ? endings
    : reader.fail(name, 'endings such as "js", in lower case and without the dot');
}

export function fileKindsToJson({ allow, refuse }: ExtensionPolicy): JsonOutput {
  return { ...(allow === undefined ? {} : { allow }), ...(refuse === undefined ? {} : { refuse }) };
}

/** `only files .js, .json, without an ending; no files .exe` */
export function fileKindsWords({ allow, refuse }: ExtensionPolicy): string {
  const said = (endings: readonly string[]): string =>
    endings.map((one) => (one === '' ? 'without an ending' : `.${one}`)).join(', ');
  const only =
    allow === undefined ? [] : [allow.length === 0 ? 'no files at all' : `only files ${said(allow)}`];
  return [...only, ...(refuse === undefined ? [] : [`no files ${said(refuse)}`])].join('; ');
}
