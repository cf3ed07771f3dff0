/** The part of a package.json that says which file is meant. Anything may stand in it. */
export interface PackageData {
  readonly name: string | null;
  readonly isModule: boolean;
  readonly main: string | null;
  /** As it stands; undefined and null: there are none. */
  readonly exports: unknown;
  readonly imports: unknown;
}

/** How a program asks for another one: Node looks differently for the two. */
export type Asks = 'import' | 'require';

const maxNesting = 16;
const conditions: Readonly<Record<Asks, ReadonlySet<string>>> = {
  import: new Set(['node', 'import', 'module-sync', 'node-addons', 'default']),
  require: new Set(['node', 'require', 'module-sync', 'node-addons', 'default']),
};

/** Null: Node would refuse to load anything beside it. */
export function readPackageData(bytes: Uint8Array): PackageData | null {
  try {
    const json: unknown = JSON.parse(new TextDecoder().decode(bytes));
    if (!isRecord(json)) return null;
    const { name, type, main, exports, imports } = json;
    return {
      name: typeof name === 'string' ? name : null,
      isModule: type === 'module',
      main: typeof main === 'string' ? main : null,
      exports,
      imports,
    };
  } catch {
    return null;
  }
}

/** What `exports` has for a subpath (`.`, `./x`): a path that begins with `./`. Null: the package does not hand it out. */
export function exportedTarget(exports: unknown, subpath: string, asks: Asks): string | null {
  const isMap = isRecord(exports) && Object.keys(exports).some((key) => key.startsWith('.'));
  const found = isMap
    ? matched(exports, subpath, asks)
    : subpath === '.'
      ? chosen(exports, '', asks, 0)
      : undefined;
  return found !== undefined && found !== null && isOwn(found) ? found : null;
}

/** What `imports` has for `#x`: a path that begins with `./`, or another package. */
export function importedTarget(imports: unknown, specifier: string, asks: Asks): string | null {
  if (!isRecord(imports) || specifier === '#') return null;
  const found = matched(imports, specifier, asks) ?? null;
  return found === null || (found.startsWith('.') && !isOwn(found)) ? null : found;
}

/** The exact key, or the pattern with the longest beginning: PATTERN_KEY_COMPARE of Node's documentation. */
function matched(map: Readonly<Record<string, unknown>>, key: string, asks: Asks): string | null | undefined {
  if (Object.hasOwn(map, key) && !key.includes('*')) return chosen(map[key], '', asks, 0);
  let best: { readonly pattern: string; readonly base: string; readonly rest: string } | null = null;
  for (const pattern of Object.keys(map)) {
    const [base = '', tail, ...more] = pattern.split('*');
    if (tail === undefined || more.length > 0 || !key.startsWith(base) || key === base) continue;
    if (key.length < pattern.length || !key.endsWith(tail)) continue;
    const isBetter =
      best === null ||
      base.length > best.base.length ||
      (base.length === best.base.length && pattern.length > best.pattern.length);
    if (isBetter) best = { pattern, base, rest: key.slice(base.length, key.length - tail.length) };
  }
  return best === null ? undefined : chosen(map[best.pattern], best.rest, asks, 0);
}

/** The first condition that holds, in the order of the file. Undefined: none does; null: it says that there is nothing. */
function chosen(target: unknown, star: string, asks: Asks, nesting: number): string | null | undefined {
  if (target === null || nesting > maxNesting) return null;
  if (typeof target === 'string') return target.replaceAll('*', () => star);
  if (Array.isArray(target)) {
    let last: null | undefined;
    for (const item of target) {
      const found = chosen(item, star, asks, nesting + 1);
      if (typeof found === 'string' && (isOwn(found) || !found.startsWith('.'))) return found;
      if (found === null) last = null;
    }
    return last;
  }
  if (!isRecord(target)) return undefined;
  for (const [condition, item] of Object.entries(target)) {
    if (!conditions[asks].has(condition)) continue;
    const found = chosen(item, star, asks, nesting + 1);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Below the package's own folder, and of no package inside it. */
function isOwn(path: string): boolean {
  const [first, ...names] = path.split(/[/\\]/);
  return first === '.' && !names.some((name) => /^(?:\.\.?|node_modules)$/i.test(decoded(name)));
}

/** A specifier of `import` is a URL; what is no valid one names nothing. */
export function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
