import type { JsonOutput, Reader } from '@ragnos/tuf';
import { hash } from 'node:crypto';
import type { Capabilities } from '../capabilities/capabilities.ts';
import { isVisible } from '../capabilities/visible.ts';

/**
 * What tools and prompts say to a model, by name, as it is hashed: what the capabilities of a manifest list by digest, whoever
 * decides about it has to be able to read. Not every listed one has to be there.
 */
export interface SignedTexts {
  readonly tools: ReadonlyMap<string, string>;
  readonly prompts: ReadonlyMap<string, string>;
}

/** Of all texts of a manifest together, in UTF-8. */
export const maxTextBytes = 256 * 1024;
/** Of tools, and of prompts. */
export const maxTexts = 1000;
/** Characters of a tool's or prompt's name. */
export const maxTextName = 200;

/** Whether a tool or prompt can be listed under `name`: one that is seen, on one line. */
export function isTextName(name: string): boolean {
  return name.trim() !== '' && Array.from(name).length <= maxTextName && isVisible(name);
}

const sorts = ['tools', 'prompts'] as const;

/** Hex sha256 of a text: what the capabilities list. */
export function textDigest(text: string): string {
  return hash('sha256', text, 'hex');
}

/** A text that is not the listed one is none: the manifest is refused. */
export function readSignedTexts(
  reader: Reader,
  capabilities: Pick<Capabilities, 'tools' | 'prompts'>,
): SignedTexts {
  let bytes = 0;
  const read = (sort: (typeof sorts)[number]): ReadonlyMap<string, string> => {
    if (!reader.has(sort)) return new Map();
    const texts = reader.object(sort);
    return new Map(
      texts.names().map((name) => {
        const text = texts.string(name);
        bytes += Buffer.byteLength(text);
        if (bytes > maxTextBytes) reader.fail(sort, `at most ${maxTextBytes} bytes of texts`);
        if (capabilities[sort].get(name) !== textDigest(text))
          reader.fail(sort, `the text that the capabilities list for ${JSON.stringify(name.slice(0, 100))}`);
        return [name, text];
      }),
    );
  };
  return { tools: read('tools'), prompts: read('prompts') };
}

export function signedTextsToJson({ tools, prompts }: SignedTexts): JsonOutput {
  return { tools, prompts };
}

/** As many as a manifest holds, by name; `leftOut` are too many for it. */
export function fittingTexts(texts: SignedTexts): { readonly texts: SignedTexts; readonly leftOut: number } {
  let [bytes, leftOut] = [0, 0];
  const fitting = (sort: (typeof sorts)[number]): ReadonlyMap<string, string> =>
    new Map(
      [...texts[sort]]
        .toSorted(([a], [b]) => (a < b ? -1 : 1))
        .filter(([, text]) => {
          const size = Buffer.byteLength(text);
          const fits = bytes + size <= maxTextBytes;
          if (fits) bytes += size;
          else leftOut += 1;
          return fits;
        }),
    );
  return { texts: { prompts: fitting('prompts'), tools: fitting('tools') }, leftOut };
}

/** What somebody should know of `leftOut`. */
export function tooLong(leftOut: number): string {
  return `too long for the manifest: ${leftOut} of their texts, of which it has the digests alone`;
}
