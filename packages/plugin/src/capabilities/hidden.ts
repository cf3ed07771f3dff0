import { isAscii, isUtf8 } from 'node:buffer';

/** Characters that nobody sees, where they cannot be what they are for. `line` counts from 1. */
export interface Hidden {
  readonly kind: 'bidi' | 'invisible';
  readonly line: number;
  readonly what: string;
}

/** Embeddings, overrides and isolates turn the order of what is shown: code then reads as something else than it is. */
const bidi = /[\u202a-\u202e\u2066-\u2069]/u;
/** The flags of England, Scotland and Wales: a black flag, letters as tags, the end mark. */
const flag = /\u{1f3f4}[\u{e0030}-\u{e0039}\u{e0061}-\u{e007a}]{1,6}\u{e007f}/gu;
const tag = /[\u{e0000}-\u{e007f}]/u;
/** A selector for a glyph belongs to an emoji, a symbol or a digit of a keycap; one of the long list to a Han character. */
const lostSelector = /(?:^|[^\P{ASCII}0-9#*])[\ufe00-\ufe0f]|(?:^|[^\p{Script=Han}])[\u{e0100}-\u{e01ef}]/u;
/** More of them in a row than any writing needs. */
const longRun =
  /[\p{Default_Ignorable_Code_Point}--[\u3164\u115f\u1160\uffa0]]{4,}|[\u3164\u115f\u1160\uffa0]{2,}/v;
const longRunOfText = /\p{Default_Ignorable_Code_Point}{12,}/u;

/**
 * Looks for what GlassWorm and Trojan Source hid in. Code is looked at more strictly: texts for people may turn their direction,
 * and a single joiner inside a string of code is right in many languages. One byte that is no UTF-8 hides nothing, since Node
 * and models read on behind it: only what is `other`, and cannot be a text, is left out for it.
 */
export function findHidden(bytes: Uint8Array, sort: 'code' | 'text' | 'other'): Hidden | null {
  if (isAscii(bytes) || (sort === 'other' && !isUtf8(bytes) && bytes.includes(0))) return null;
  const isCode = sort === 'code';
  const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes).replace(/^\ufeff/, '');
  if (!/\p{Default_Ignorable_Code_Point}|[\u202a-\u202e\u2066-\u2069]/u.test(text)) return null;
  for (const [index, raw] of text.split('\n').entries()) {
    const line = raw.replaceAll(flag, '');
    const at = index + 1;
    const found = isCode && bidi.exec(line);
    if (found)
      return {
        kind: 'bidi',
        line: at,
        what: `the invisible ${named(found[0])} turns the order of what is shown`,
      };
    const hidden =
      tag.exec(line) ?? (isCode ? (longRun.exec(line) ?? lostSelector.exec(line)) : longRunOfText.exec(line));
    if (hidden !== null)
      return {
        kind: 'invisible',
        line: at,
        what: `${count(hidden[0])} beginning with ${named(hidden[0].replace(/^\P{Default_Ignorable_Code_Point}/u, ''))}`,
      };
  }
  return null;
}

function count(text: string): string {
  const length = text.match(/\p{Default_Ignorable_Code_Point}/gu)?.length ?? 0;
  return length === 1 ? 'an invisible character' : `${length} invisible characters`;
}

function named(text: string): string {
  return `U+${(text.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`;
}

const anyHidden = /\p{Default_Ignorable_Code_Point}/u;
/** From where a name, or what follows an escape in one, may begin; each stretch once, since a long one must not be slow. */
const nameWithHidden =
  /(?:(?<![\p{ID_Continue}$\u200c\u200d])[\p{ID_Start}$_]|\})[\p{ID_Continue}$\u200c\u200d]*?\p{Default_Ignorable_Code_Point}|[\u3164\u115f\u1160\uffa0]/u;

/** Whether an invisible character stands where it could be part of a name, in code or in a text; behind an emoji it does not. */
export function mayHideInName(text: string): boolean {
  return anyHidden.test(text) && nameWithHidden.test(text);
}
