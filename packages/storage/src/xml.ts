/** An element of the few XML answers that stores give: listings, errors, settings. Attributes are read over. */
export interface XmlElement {
  readonly name: string;
  readonly children: readonly XmlElement[];
  /** Of an element without children; not trimmed. */
  readonly text: string;
}

/** Bounds that stop an answer made to exhaust us; a full page of a listing has 7,000 elements. */
export const xmlLimits = { maxElements: 100_000, maxDepth: 16 } as const;

const token =
  /<\?xml[^<>?]*\?>|<([A-Za-z][\w.-]*)((?:\s+[\w:.-]+\s*=\s*(?:"[^"<]*"|'[^'<]*'))*)\s*(\/?)>|<\/([A-Za-z][\w.-]*)\s*>|[^<]+/y;
const entities = new Map([
  ['lt', '<'],
  ['gt', '>'],
  ['amp', '&'],
  ['quot', '"'],
  ['apos', "'"],
]);

/**
 * A strict reader of a small XML: elements, attributes, text and the standard entities, and nothing else. `null` for whatever
 * is not that: a document type, a comment, CDATA, a prefix, mixed content, a second root, too many or too deep.
 */
export function parseXml(bytes: Uint8Array): XmlElement | null {
  let source: string;
  try {
    source = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return null;
  }
  const top: Open = { name: '', children: [], text: '' };
  const stack: Open[] = [top];
  let elements = 0;
  for (let at = 0; at < source.length; at = token.lastIndex) {
    token.lastIndex = at;
    const match = token.exec(source);
    const open = stack.at(-1);
    if (match === null || open === undefined) return null;
    const [whole, started, , empty, ended] = match;
    if (started !== undefined) {
      if (++elements > xmlLimits.maxElements || stack.length > xmlLimits.maxDepth) return null;
      const element: Open = { name: started, children: [], text: '' };
      open.children.push(element);
      if (empty === '') stack.push(element);
    } else if (ended !== undefined) {
      if (open.name !== ended || stack.length === 1) return null;
      if (open.children.length > 0 && open.text.trim() !== '') return null;
      stack.pop();
    } else if (whole.startsWith('<?')) {
      if (at !== 0) return null;
    } else {
      const text = decoded(whole);
      if (text === null) return null;
      open.text += text;
    }
  }
  const [root] = top.children;
  return stack.length === 1 && top.children.length === 1 && top.text.trim() === '' ? (root ?? null) : null;
}

interface Open {
  readonly name: string;
  readonly children: Open[];
  text: string;
}

/** The text of the element reached by these names, each time the first; `undefined`: there is none. */
export function xmlText(
  element: XmlElement | null | undefined,
  ...path: readonly string[]
): string | undefined {
  return path.reduce<XmlElement | undefined>(
    (at, name) => at?.children.find((c) => c.name === name),
    element ?? undefined,
  )?.text;
}

/** For what we send. */
export function xmlEscaped(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}

function decoded(text: string): string | null {
  let faulty = false;
  const result = text.replaceAll(/&([^;&\s]{0,10};?)/g, (_, raw: string) => {
    const name = raw.endsWith(';') ? raw.slice(0, -1) : '';
    const code = /^#(?:(\d{1,7})|x([\da-f]{1,6}))$/i.exec(name);
    const point =
      code === null ? NaN : Number.parseInt(code[1] ?? code[2] ?? '', code[1] === undefined ? 16 : 10);
    const plain = entities.get(name);
    if (plain === undefined && !(point > 0 && point <= 0x10ffff)) faulty = true;
    return plain ?? (faulty ? '' : String.fromCodePoint(point));
  });
  return faulty ? null : result;
}
