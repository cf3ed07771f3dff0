/** JSON as an attacker writes it: also what our own writer refuses to. */
export type Json = null | boolean | number | string | Verbatim | readonly Json[] | Fields;
export type Fields = { [name: string]: Json };

/** A value that is written as `text` and signed as `canonical`. */
export class Verbatim {
  readonly text: string;
  readonly canonical: string;

  constructor(text: string, canonical = text) {
    this.text = text;
    this.canonical = canonical;
  }
}

function isList(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}

function write(value: Json, quote: (text: string) => string, verbatim: (value: Verbatim) => string): string {
  if (typeof value === 'string') return quote(value);
  if (value === null || typeof value !== 'object') return String(value);
  if (value instanceof Verbatim) return verbatim(value);
  if (isList(value)) return `[${value.map((item) => write(item, quote, verbatim)).join(',')}]`;
  const members = Object.keys(value)
    .toSorted()
    .map((name) => `${quote(name)}:${write(value[name] ?? null, quote, verbatim)}`);
  return `{${members.join(',')}}`;
}

/** What is signed. Names are ASCII here, so that UTF-16 order is code point order. */
export function canonical(value: Json): string {
  const quote = (text: string): string => `"${text.replaceAll(/[\\"]/g, String.raw`\$&`)}"`;
  return write(value, quote, (verbatim) => verbatim.canonical);
}

/** What is served. */
export function text(value: Json): string {
  return write(
    value,
    (plain) => JSON.stringify(plain),
    (verbatim) => verbatim.text,
  );
}

/** The elements of a list; none if it is absent. */
export function list(value: Json | undefined): readonly Json[] {
  return value !== undefined && isList(value) ? value : [];
}

/** The object at `path` inside `value`, to be changed. */
export function at(value: Json | undefined, ...path: readonly (string | number)[]): Fields {
  let here: Json | undefined = value;
  for (const step of path) {
    if (here === null || typeof here !== 'object' || here instanceof Verbatim)
      throw new Error(`nothing at ${step}`);
    here = isList(here) ? here[Number(step)] : here[step];
  }
  if (here === null || typeof here !== 'object' || here instanceof Verbatim || isList(here))
    throw new Error(`no object at ${path.join('.')}`);
  return here;
}
