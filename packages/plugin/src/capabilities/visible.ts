/** What nobody sees, or what turns or breaks what is seen. Two look like nothing without being called so: an empty Braille cell, an empty note. */
const unseen = /[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2800\u{1d159}]/gu;

/** Whoever wrote a text did so for a screen of somebody else: what is not seen there, or turns what is, is written as an escape. */
export function visible(text: string): string {
  return text.toWellFormed().replaceAll(unseen, (character) => escaped(character));
}

/** Whether all of a name is seen: one in which something is not could be taken for another. */
export function isVisible(name: string): boolean {
  return visible(name) === name;
}

function escaped(character: string): string {
  if (character === '\n') return '\\n';
  if (character === '\t') return '\\t';
  return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
}

/** In quotes, on one line, as far as anybody reads. */
export function quoted(text: string, max = 300): string {
  const characters = Array.from(visible(text));
  if (characters.length <= max) return `"${characters.join('')}"`;
  return `"${characters.slice(0, max).join('')}…" (${characters.length} characters)`;
}
