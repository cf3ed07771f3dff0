import { childrenOf, type AnyNode, type Program } from './ast.ts';

/** What a name may stand for: the expression it was given, or a part of it by destructuring; or an imported module. */
export type Value =
  | { readonly node: AnyNode; readonly scope: Scope; readonly path: readonly string[] }
  | { readonly module: string; readonly path: readonly string[] };

/** Names of one block, function or program. A name without values is one that nothing is known of: a parameter. */
export class Scope {
  readonly parent: Scope | null;
  readonly holdsVars: boolean;
  readonly names = new Map<string, Value[]>();

  constructor(parent: Scope | null, holdsVars: boolean) {
    this.parent = parent;
    this.holdsVars = holdsVars;
  }

  /** The values of the nearest name; null if no scope declares it: then it is a global one. */
  find(name: string): Value[] | null {
    return this.names.get(name) ?? this.parent?.find(name) ?? null;
  }

  declare(name: string): Value[] {
    const values = this.names.get(name) ?? [];
    this.names.set(name, values);
    return values;
  }

  forVars(): Scope {
    return this.holdsVars || this.parent === null ? this : this.parent.forVars();
  }
}

export interface Scopes {
  readonly top: Scope;
  /** By the node that opens it. */
  readonly inner: ReadonlyMap<AnyNode, Scope>;
  /** What is assigned to names that nothing declares: they are global, and may still stand for these values. */
  readonly assigned: ReadonlyMap<string, readonly Value[]>;
}

/** Real scopes, not names alone: minified code uses one name for everything, and a parameter `fetch` must hide no other fetch. */
export function scopesOf(program: Program): Scopes {
  const top = new Scope(null, true);
  const inner = new Map<AnyNode, Scope>([[program, top]]);
  const assignments: (readonly [name: string, value: Value, scope: Scope])[] = [];
  const walk = (node: AnyNode, outer: Scope): void => {
    const scope = opens(node) ? new Scope(outer, holdsVars(node)) : outer;
    if (scope !== outer) inner.set(node, scope);
    declare(node, outer, scope, assignments);
    for (const child of childrenOf(node)) walk(child, scope);
  };
  for (const child of childrenOf(program)) walk(child, top);
  const assigned = new Map<string, Value[]>();
  for (const [name, value, scope] of assignments) {
    const known = scope.find(name);
    if (known !== null) known.push(value);
    else assigned.set(name, [...(assigned.get(name) ?? []), value]);
  }
  return { top, inner, assigned };
}

const functions: readonly string[] = [
  'FunctionDeclaration',
  'FunctionExpression',
  'ArrowFunctionExpression',
  'StaticBlock',
];
const varHolders: ReadonlySet<string> = new Set(functions);
const openers: ReadonlySet<string> = new Set([
  ...functions,
  'BlockStatement',
  'ForStatement',
  'ForInStatement',
  'ForOfStatement',
  'SwitchStatement',
  'CatchClause',
  'ClassBody',
  'ClassDeclaration',
  'ClassExpression',
]);

function opens(node: AnyNode): boolean {
  return openers.has(node.type);
}

function holdsVars(node: AnyNode): boolean {
  return varHolders.has(node.type);
}

type Assignments = (readonly [name: string, value: Value, scope: Scope])[];

function declare(node: AnyNode, outer: Scope, scope: Scope, assignments: Assignments): void {
  switch (node.type) {
    case 'FunctionDeclaration':
    case 'ClassDeclaration':
      if (node.id !== null) outer.declare(node.id.name);
      break;
    case 'FunctionExpression':
    case 'ClassExpression':
      if (node.id !== null && node.id !== undefined) scope.declare(node.id.name);
      break;
    case 'CatchClause':
      if (node.param !== null && node.param !== undefined)
        bind(node.param, null, (name) => scope.declare(name));
      break;
    case 'VariableDeclaration': {
      const home = node.kind === 'var' ? outer.forVars() : outer;
      for (const { id, init } of node.declarations) {
        const value = init === null || init === undefined ? null : { node: init, scope: outer, path: [] };
        bind(id, value, (name) => home.declare(name));
      }
      break;
    }
    case 'ImportDeclaration':
      for (const part of node.specifiers) {
        const imported = part.type === 'ImportSpecifier' ? nameOf(part.imported) : null;
        const path = imported === null || imported === 'default' ? [] : [imported];
        outer.declare(part.local.name).push({ module: String(node.source.value), path });
      }
      break;
    case 'AssignmentExpression':
      bind(node.left, { node: node.right, scope, path: [] }, (name) => {
        const values: Value[] = [];
        const push = (value: Value): number => assignments.push([name, value, scope]);
        return Object.assign(values, { push });
      });
      break;
    default:
  }
  if ('params' in node) for (const param of node.params) bind(param, null, (name) => scope.declare(name));
}

function nameOf(node: { readonly type: string; readonly name?: string; readonly value?: unknown }): string {
  return node.name ?? String(node.value);
}

/** Gives every name in a pattern its part of `value`; members of something else than a name are nobody's. */
function bind(
  pattern: AnyNode,
  value: Value | null,
  home: (name: string) => { push(value: Value): number },
): void {
  const part = (key: string): Value | null =>
    value === null ? null : { ...value, path: [...value.path, key] };
  switch (pattern.type) {
    case 'Identifier': {
      const values = home(pattern.name);
      if (value !== null) values.push(value);
      return;
    }
    case 'AssignmentPattern':
      bind(pattern.left, value, home);
      return;
    case 'RestElement':
      bind(pattern.argument, value, home);
      return;
    case 'ArrayPattern':
      for (const [index, item] of pattern.elements.entries())
        if (item !== null) bind(item, part(String(index)), home);
      return;
    case 'ObjectPattern':
      for (const property of pattern.properties)
        if (property.type === 'RestElement') bind(property.argument, value, home);
        else {
          const { key } = property;
          const name =
            key.type === 'Identifier' && !property.computed
              ? key.name
              : key.type === 'Literal'
                ? String(key.value)
                : '?';
          bind(property.value, part(name), home);
        }
      return;
    default:
  }
}
