/** A line of what a model reads, and which member it is of: `inputSchema.properties.to.description`; empty for a text alone. */
export interface TextLine {
  readonly label: string;
  readonly text: string;
}

const maxDepth = 64;

/** A signed text as lines, in its own characters. What is no JSON, or nested too deep to be read, is one line. */
export function textLines(text: string): readonly TextLine[] {
  const lines: TextLine[] = [];
  try {
    if (walk(JSON.parse(text), '', 0, lines)) return lines;
  } catch {
    // not of a server that anybody asked: no tool passes for it
  }
  return [{ label: '', text }];
}

/** `false` = too deep. */
function walk(value: unknown, label: string, depth: number, lines: TextLine[]): boolean {
  if (depth > maxDepth) return false;
  if (typeof value === 'string') {
    const plain = value.includes('\n') || !looksLikeJson(value);
    for (const text of plain ? value.split('\n') : [JSON.stringify(value)]) lines.push({ label, text });
    return true;
  }
  const members: readonly (readonly [string, unknown])[] = Array.isArray(value)
    ? Array.from<unknown>(value).map((item, at) => [`${label}[${at}]`, item] as const)
    : typeof value === 'object' && value !== null
      ? Object.entries(value).map(([name, item]) => [below(label, name), item] as const)
      : [];
  if (members.length === 0) {
    lines.push({ label, text: JSON.stringify(value) });
    return true;
  }
  return members.every(([name, item]) => walk(item, name, depth + 1, lines));
}

/** Such a text is written in quotes: `"true"` says something else than `true`. */
function looksLikeJson(text: string): boolean {
  return /^(?:["[{]|-?\d|(?:true|false|null)$)/.test(text);
}

function below(label: string, name: string): string {
  const plain = /^[\w$-]{1,100}$/.test(name) ? name : JSON.stringify(name);
  return label === '' ? plain : `${label}.${plain}`;
}
