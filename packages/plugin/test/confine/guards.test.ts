/** Guards decide with what no plugin can exchange. Read from their sources, because one forgotten `.includes()` undoes them. */
import { readdirSync, readFileSync } from 'node:fs';
import nodeModule from 'node:module';
import path from 'node:path';
import { parse } from 'acorn';
import { describe, expect, test } from 'vitest';

const folder = path.join(import.meta.dirname, '../../src/confine/preload');
const guards = readdirSync(folder).filter(
  (name) =>
    name.endsWith('-guards.ts') ||
    ['built-ins.ts', 'denied.ts', 'loader.ts', 'network.ts', 'primordials.ts'].includes(name),
);

interface Node {
  readonly type: string;
  readonly start: number;
  readonly [name: string]: unknown;
}

const isNode = (value: unknown): value is Node =>
  typeof value === 'object' && value !== null && typeof Reflect.get(value, 'type') === 'string';
const below = (node: Node): readonly Node[] => Object.values(node).flat().filter(isNode);
const member = (node: Node, name: string): Node | null => {
  const found = node[name];
  return isNode(found) ? found : null;
};

/** What is wrong in the functions of a guard. What stands outside them runs before any plugin. */
function faults(source: string): readonly string[] {
  const text = nodeModule.stripTypeScriptTypes(source);
  const program = parse(text, { ecmaVersion: 'latest', sourceType: 'module' }) as unknown as Node;
  const declared = new Set(['undefined', 'arguments']);
  const fromNode = new Set<string>();
  declare(program, declared, fromNode);
  const found: string[] = [];
  const visit = (node: Node, inside: boolean, parent: Node | null): void => {
    if (node.type === 'ImportDeclaration') return;
    const wrong = inside ? wrongIn(node, parent, declared, fromNode) : null;
    if (wrong !== null) found.push(`line ${text.slice(0, node.start).split('\n').length}: ${wrong}`);
    const isFunction = /^(?:FunctionDeclaration|FunctionExpression|ArrowFunctionExpression)$/.test(node.type);
    for (const child of below(node)) visit(child, inside || isFunction, node);
  };
  visit(program, false, null);
  return found;
}

function declare(node: Node, declared: Set<string>, fromNode: Set<string>): void {
  if (node.type === 'ImportDeclaration') {
    const from = String(member(node, 'source')?.['value']);
    for (const one of below(node))
      if (from.startsWith('node:')) fromNode.add(String(member(one, 'local')?.['name']));
  }
  const names: (Node | null)[] = [member(node, 'local')];
  if (node.type === 'VariableDeclarator' || /^(?:Function|Class)/.test(node.type))
    names.push(member(node, 'id'));
  if (Array.isArray(node['params'])) names.push(...node['params'].filter(isNode));
  for (const name of names) if (name !== null) bind(name, declared);
  for (const child of below(node)) declare(child, declared, fromNode);
}

function bind(pattern: Node, declared: Set<string>): void {
  if (pattern.type === 'Identifier') declared.add(String(pattern['name']));
  else if (pattern.type === 'Property') bind(member(pattern, 'value') ?? pattern, declared);
  else if (pattern.type === 'AssignmentPattern') bind(member(pattern, 'left') ?? pattern, declared);
  else for (const child of below(pattern)) bind(child, declared);
}

function wrongIn(
  node: Node,
  parent: Node | null,
  declared: ReadonlySet<string>,
  fromNode: ReadonlySet<string>,
): string | null {
  const callee = member(node, 'callee');
  if (/^(?:Call|New)Expression$/.test(node.type) && callee?.type === 'MemberExpression') {
    // An element of a list of ours is a function of ours; `super(…)` and the like are no members.
    if (callee['computed'] !== true) return 'a method is called';
  }
  if (
    /^(?:ForOfStatement|YieldExpression|TaggedTemplateExpression|AwaitExpression|ArrayPattern)$/.test(
      node.type,
    )
  )
    return `${node.type} asks for a method`;
  if (node.type === 'SpreadElement' && parent?.type !== 'ObjectExpression') return 'a list is spread';
  if (node.type === 'BinaryExpression' && node['operator'] === 'instanceof')
    return 'instanceof asks for a method';
  if (node.type === 'Literal' && 'regex' in node) return 'a regular expression';
  if (node.type !== 'Identifier') return null;
  const name = String(node['name']);
  const isName =
    (parent?.type === 'MemberExpression' && parent['property'] === node && parent['computed'] !== true) ||
    (/^(?:Property|MethodDefinition|PropertyDefinition)$/.test(parent?.type ?? '') &&
      parent?.['key'] === node &&
      parent['computed'] !== true &&
      parent['shorthand'] !== true);
  if (isName) return null;
  if (fromNode.has(name)) return `${name} of Node, which is exchanged with it`;
  return declared.has(name) ? null : `the global ${name}`;
}

test.each(guards)('%s uses nothing that a plugin can exchange', (name) => {
  expect(faults(readFileSync(path.join(folder, name), 'utf8'))).toEqual([]);
});

test('all of them are read', () => {
  expect(guards.length).toBe(8);
});

describe('what is found', () => {
  const wrong: Readonly<Record<string, string>> = {
    'a method of a list': 'const list = []; export function f(a) { return list.includes(a); }',
    'a method of a text': 'export const f = (a) => a.startsWith("_");',
    'a method of a dictionary': 'const known = new Map(); export const f = (a) => known.has(a);',
    'a global': 'export const f = (a) => String(a);',
    'a global class': 'export const f = (a) => new Map(a);',
    'a module of Node': 'import { hash } from "node:crypto"; export const f = (a) => hash("sha256", a);',
    'a member of a module of Node': 'import path from "node:path"; export const f = (a) => path.sep + a;',
    'a loop over a list': 'export function f(a) { for (const b of a) return b; }',
    'a spread list': 'const g = (a) => a; export const f = (...a) => g(...a);',
    'a pattern of a list': 'export function f([a]) { return a; }',
    'a regular expression': 'export const f = (a) => /x/ === a;',
    'a class asked whose it is': 'class A {} export const f = (a) => a instanceof A;',
  };
  test.each(Object.entries(wrong))('%s', (_, source) => expect(faults(source).length).toBeGreaterThan(0));

  test('and what is right is not', () => {
    const source = `import { call, get } from './primordials.ts'; const before = [1].includes(1);
      export function f(a, ...rest) { const { b } = a; let text = ''; for (let at = 0; at < rest.length; at++) text += rest[at]; return before && typeof b === 'string' ? { ...a, b } : call(get(a, 'c'), a, [b, text]); }`;
    expect(faults(source)).toEqual([]);
  });
});
