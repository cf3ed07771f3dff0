import type { AnyNode } from './ast.ts';
import type { Scope, Scopes, Value } from './scope.ts';

/**
 * What an expression may stand for: `['fs', 'promises', 'readFile']` of the module fs, `['', 'process', 'env']` of the global
 * object. A part that cannot be told is `?`.
 */
export type Reference = readonly string[];

const maxDepth = 24;
const maxText = 4096;
const maxReferences = 8;
/** Most of what is asked about, and nothing to remember an answer for. */
const isNothing: ReadonlySet<string> = new Set([
  'Literal',
  'ThisExpression',
  'BinaryExpression',
  'UnaryExpression',
  'UpdateExpression',
  'FunctionExpression',
  'ArrowFunctionExpression',
  'ObjectExpression',
  'ArrayExpression',
]);

/** Resolves names and constant texts of one file. Bounded: what is nested deeper than anybody writes is not known. */
export class Resolver {
  readonly #assigned: Scopes['assigned'];
  // Each question is answered once: minified code chains names so that asking anew would never end.
  readonly #references = new Map<AnyNode, readonly Reference[]>();
  readonly #names = new Map<readonly Value[], readonly Reference[]>();
  readonly #texts = new Map<AnyNode, string | null>();

  constructor({ assigned }: Scopes) {
    this.#assigned = assigned;
  }

  /** Empty if nothing is known of it. */
  references(node: AnyNode, scope: Scope, depth = 0): readonly Reference[] {
    if (isNothing.has(node.type)) return [];
    if (node.type === 'Identifier') return depth > maxDepth ? [] : this.#named(node.name, scope, depth + 1);
    const known = this.#references.get(node);
    if (known !== undefined || depth > maxDepth) return known ?? [];
    this.#references.set(node, []); // whoever asks meanwhile goes in a circle
    const found = this.#find(node, scope, depth + 1);
    this.#references.set(node, found);
    return found;
  }

  #find(node: AnyNode, scope: Scope, next: number): readonly Reference[] {
    switch (node.type) {
      case 'MemberExpression': {
        const name = this.propertyName(node, scope, next);
        return this.references(node.object, scope, next).map((ref) => extend(ref, name ?? '?'));
      }
      case 'ChainExpression':
      case 'ParenthesizedExpression':
        return this.references(node.expression, scope, next);
      case 'AwaitExpression':
        return this.references(node.argument, scope, next);
      case 'SequenceExpression': {
        const last = node.expressions.at(-1);
        return last === undefined ? [] : this.references(last, scope, next);
      }
      case 'AssignmentExpression':
        return this.references(node.right, scope, next);
      case 'LogicalExpression':
        return some([
          ...this.references(node.left, scope, next),
          ...this.references(node.right, scope, next),
        ]);
      case 'ConditionalExpression':
        return some([
          ...this.references(node.consequent, scope, next),
          ...this.references(node.alternate, scope, next),
        ]);
      case 'ImportExpression': {
        const name = this.text(node.source, scope, next);
        return name === null ? [] : [[moduleName(name)]];
      }
      case 'CallExpression':
        return this.#called(node, scope, next);
      default:
        return [];
    }
  }

  /** Of `a.b` and `a['b']`; null if it is computed from what is not constant. */
  propertyName(
    node: AnyNode & { readonly type: 'MemberExpression' },
    scope: Scope,
    depth = 0,
  ): string | null {
    if (node.computed) return this.text(node.property, scope, depth);
    return node.property.type === 'Identifier' ? node.property.name : null;
  }

  /** The module that a call of require and its kin loads: its name, null if that is computed; undefined if it is no such call. */
  loaded(
    node: AnyNode & { readonly type: 'CallExpression' },
    scope: Scope,
    depth = 0,
  ): string | null | undefined {
    const loads = this.references(node.callee, scope, depth).some(isLoader);
    const [first] = node.arguments;
    if (!loads || first === undefined) return undefined;
    const name = this.text(first, scope, depth);
    return name === null ? null : moduleName(name);
  }

  /** A text that is the same at every run, as far as that can be told without running. */
  text(node: AnyNode, scope: Scope, depth = 0): string | null {
    if (node.type === 'Literal') return literal(node.value);
    const known = this.#texts.get(node);
    if (known !== undefined || depth > maxDepth) return known ?? null;
    this.#texts.set(node, null);
    const text = this.#text(node, scope, depth + 1);
    const found = text === null || text.length > maxText ? null : text;
    this.#texts.set(node, found);
    return found;
  }

  #text(node: AnyNode, scope: Scope, depth: number): string | null {
    switch (node.type) {
      case 'TemplateLiteral': {
        let text = '';
        for (const [index, quasi] of node.quasis.entries()) {
          text += quasi.value.cooked ?? '';
          const inside = node.expressions[index];
          if (inside === undefined) continue;
          const part = this.text(inside, scope, depth);
          if (part === null) return null;
          text += part;
        }
        return text;
      }
      case 'BinaryExpression': {
        if (node.operator !== '+') return null;
        const [left, right] = [this.text(node.left, scope, depth), this.text(node.right, scope, depth)];
        return left === null || right === null ? null : left + right;
      }
      case 'Identifier': {
        const values = scope.find(node.name);
        const [only] = values ?? [];
        return values?.length === 1 && only !== undefined && 'node' in only && only.path.length === 0
          ? this.text(only.node, only.scope, depth)
          : null;
      }
      case 'CallExpression':
        return this.#calledText(node, scope, depth);
      default:
        return null;
    }
  }

  /** The usual disguises of a constant: joined, reversed, from character codes, base64. */
  #calledText(
    node: AnyNode & { readonly type: 'CallExpression' },
    scope: Scope,
    depth: number,
  ): string | null {
    const { callee } = node;
    const [first] = node.arguments;
    const given = first === undefined ? null : this.text(first, scope, depth);
    if (callee.type === 'Identifier')
      return callee.name === 'atob' && given !== null ? decode(given, 'base64') : null;
    if (callee.type !== 'MemberExpression') return null;
    const method = this.propertyName(callee, scope, depth);
    const { object } = callee;
    if (method === 'fromCharCode' || method === 'fromCodePoint') {
      const codes = node.arguments.map((item) => Number(this.text(item, scope, depth) ?? Number.NaN));
      return codes.every((code) => code >= 0 && code <= 0x10_ff_ff) ? String.fromCodePoint(...codes) : null;
    }
    if (method === 'join') return this.#list(object, scope, depth)?.join(given ?? ',') ?? null;
    if (method === 'concat') {
      const parts = [object, ...node.arguments].map((item) => this.text(item, scope, depth));
      return parts.includes(null) ? null : parts.join('');
    }
    if (method !== 'toString' || object.type !== 'CallExpression') return null;
    const [bytes, encoding] = object.arguments;
    const from = this.references(object.callee, scope, depth).some(
      (ref) => ref.slice(-2).join('.') === 'Buffer.from',
    );
    const text = bytes === undefined ? null : this.text(bytes, scope, depth);
    const kind = encoding === undefined ? 'utf8' : this.text(encoding, scope, depth);
    return !from || text === null ? null : kind === 'base64' || kind === 'hex' ? decode(text, kind) : text;
  }

  #list(node: AnyNode, scope: Scope, depth: number): readonly string[] | null {
    if (depth > maxDepth) return null;
    if (node.type === 'ArrayExpression') {
      const items = node.elements.map((item) => (item === null ? null : this.text(item, scope, depth + 1)));
      return items.every((item) => item !== null) ? items : null;
    }
    if (node.type !== 'CallExpression' || node.callee.type !== 'MemberExpression') return null;
    const method = this.propertyName(node.callee, scope, depth);
    if (method === 'reverse') return this.#list(node.callee.object, scope, depth + 1)?.toReversed() ?? null;
    if (method !== 'split') return null;
    const [by] = node.arguments;
    const text = this.text(node.callee.object, scope, depth + 1);
    const separator = by === undefined ? null : this.text(by, scope, depth + 1);
    return text === null || separator === null ? null : text.split(separator);
  }

  #named(name: string, scope: Scope, depth: number): readonly Reference[] {
    const values = scope.find(name);
    if (values?.length === 0) return [];
    const given = values ?? this.#assigned.get(name);
    const found = given === undefined ? [] : this.#allValued(given, depth);
    return values === null ? some([global(name), ...found]) : found;
  }

  #allValued(values: readonly Value[], depth: number): readonly Reference[] {
    const known = this.#names.get(values);
    if (known !== undefined) return known;
    this.#names.set(values, []);
    const found: Reference[] = [];
    for (const value of values) {
      found.push(...this.#valued(value, depth));
      if (found.length >= maxReferences) break;
    }
    const few = some(found);
    this.#names.set(values, few);
    return few;
  }

  #valued(value: Value, depth: number): readonly Reference[] {
    const start =
      'module' in value ? [[moduleName(value.module)]] : this.references(value.node, value.scope, depth);
    return start.map((ref) => value.path.reduce(extend, ref));
  }

  #called(
    node: AnyNode & { readonly type: 'CallExpression' },
    scope: Scope,
    depth: number,
  ): readonly Reference[] {
    const loaded = this.loaded(node, scope, depth);
    if (typeof loaded === 'string') return [[loaded]];
    if (this.references(node.callee, scope, depth).some((ref) => ref.join('.') === 'module.createRequire'))
      return [['', 'require']];
    // What compilers put around a require: __toESM(require('fs')), _interopRequireWildcard(require('fs')).
    const [first] = node.arguments;
    const wraps =
      node.callee.type === 'Identifier' && /import|interop|toESM|require|wildcard/i.test(node.callee.name);
    if (first === undefined || !(wraps || node.callee.type === 'SequenceExpression')) return [];
    return this.references(first, scope, depth).filter(({ length }) => length === 1);
  }
}

/** `fs/promises` is the member `promises` of fs; a default export is the module. */
function extend(ref: Reference, name: string): Reference {
  if (name === 'default' && ref.length === 1) return ref;
  const isGlobal = ref[0] === '' && (ref.length === 1 || (ref.length === 2 && globalNames.has(ref[1] ?? '')));
  if (isGlobal) return global(name);
  return ref.length > 12 ? ref : [...ref, name];
}

const globalNames: ReadonlySet<string> = new Set(['globalThis', 'global', 'window', 'self']);

function global(name: string): Reference {
  return name === 'process' ? ['process'] : ['', name];
}

/** Without `node:`. */
export function moduleName(specifier: string): string {
  return specifier.replace(/^node:/, '');
}

/** require, and what it hides behind. */
function isLoader(ref: Reference): boolean {
  return /^(?:\.require|\.require\.main\.require|\.module\.require|\.module\.parent\.require|process\.mainModule\.require|process\.getBuiltinModule|module\._load|\.module\.constructor\._load|\.require\.call)$/.test(
    ref.join('.'),
  );
}

function literal(value: unknown): string | null {
  const text = typeof value === 'string' ? value : typeof value === 'number' ? String(value) : null;
  return text === null || text.length > maxText ? null : text;
}

function decode(text: string, kind: 'base64' | 'hex'): string {
  return Buffer.from(text, kind).toString();
}

function some(references: readonly Reference[]): readonly Reference[] {
  return references.length > maxReferences ? references.slice(0, maxReferences) : references;
}

/** Function, or its call and apply; `Function.call.bind(f)` is an idiom that makes no code. */
export function isFunctionMaker(ref: Reference): boolean {
  const [root, name = '', method = 'call'] = ref;
  const makes = root === '' && /^(?:Function|AsyncFunction|GeneratorFunction)$/.test(name);
  return makes && ref.length <= 3 && (method === 'call' || method === 'apply');
}
