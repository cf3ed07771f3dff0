/** The most values, members, lists and objects that one message may have: what is short may hold its reader for seconds. */
export const maxJsonParts = 1_000_000;

const [quote, comma, colon, backslash] = [0x22, 0x2c, 0x3a, 0x5c];
/** So far a string is gone through by hand; a longer one by a search. */
const shortString = 32;

/** Whether a text has more parts or levels than that, said before anything is made of it. It need not be JSON. */
export function isBeyond(text: Buffer, most: { readonly parts: number; readonly levels: number }): boolean {
  if (text.length <= Math.min(most.parts, most.levels)) return false;
  let parts = 0;
  let levels = 0;
  for (let at = 0; at < text.length; at++) {
    const byte = text[at] ?? 0;
    if (byte === quote) at = endOfString(text, at + 1);
    else if (byte === comma || byte === colon) parts++;
    else if ((byte | 0x20) === 0x7b)
      [parts, levels] = [parts + 1, levels + 1]; // an opening bracket of either kind
    else if ((byte | 0x20) === 0x7d) levels--;
    if (parts > most.parts || levels > most.levels) return true;
  }
  return false;
}

/** Where the string ends that is open at `from`. */
function endOfString(text: Buffer, from: number): number {
  for (let at = from; at < text.length;) {
    for (const near = at + shortString; at < near && at < text.length; at++)
      if (text[at] === backslash) at++;
      else if (text[at] === quote) return at;
    const end = text.indexOf(quote, at);
    if (end < 0) break;
    let escapes = end;
    while (escapes > at && text[escapes - 1] === backslash) escapes--;
    if ((end - escapes) % 2 === 0) return end;
    at = end + 1;
  }
  return text.length;
}
