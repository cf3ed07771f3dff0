import type { JsonOutput } from '@ragnos/tuf';
import type { Random } from './random.ts';

/** JSON that a mutator may change. */
export type Tree = null | boolean | number | string | Tree[] | { [name: string]: Tree };
export type Path = readonly (string | number)[];

export function treeOf(json: JsonOutput): Tree {
  return JSON.parse(JSON.stringify(json)) as Tree; // what JSON.parse returns is one
}

export function isObject(tree: Tree | undefined): tree is { [name: string]: Tree } {
  return typeof tree === 'object' && tree !== null && !Array.isArray(tree);
}

export function at(tree: Tree, path: Path): Tree | undefined {
  let found: Tree | undefined = tree;
  for (const step of path) {
    if (Array.isArray(found) && typeof step === 'number') found = found[step];
    else if (isObject(found) && typeof step === 'string') found = found[step];
    else return undefined;
  }
  return found;
}

/** Puts `value` there, or takes away what is there. A path that leads nowhere changes nothing. */
export function put(tree: Tree, path: Path, value: Tree | undefined): void {
  const parent = at(tree, path.slice(0, -1));
  const last = path.at(-1);
  if (Array.isArray(parent) && typeof last === 'number')
    if (value === undefined) parent.splice(last, 1);
    else parent[last] = value;
  else if (isObject(parent) && typeof last === 'string')
    if (value === undefined) Reflect.deleteProperty(parent, last);
    else Object.defineProperty(parent, last, { value, enumerable: true, configurable: true, writable: true });
}

/** Every place in `tree` but the tree itself. */
export function pathsOf(tree: Tree, before: Path = []): Path[] {
  if (Array.isArray(tree))
    return tree.flatMap((item, index) => [[...before, index], ...pathsOf(item, [...before, index])]);
  if (!isObject(tree)) return [];
  return Object.entries(tree).flatMap(([name, item]) => [
    [...before, name],
    ...pathsOf(item, [...before, name]),
  ]);
}

const odd: readonly Tree[] = [
  null, true, false, 0, 1, 2, 3, -1, 4, 2 ** 31 - 1, 2 ** 31, Number.MAX_SAFE_INTEGER, '', 'abc', '1', '../x', 'é',
  '*', 'root', '2000-01-01T00:00:00Z', '2040-01-01T00:00:00Z', '9999-12-31T23:59:59Z', '1.0.0', [], {}, [[]], ['a'],
]; // prettier-ignore

/** Beyond 2^53 there is nothing that canonical JSON could sign; how such numbers are refused, changes of the text ask. */
function neighbour(value: number, step: number): number {
  return Number.isSafeInteger(value + step) ? value + step : value - step;
}

/** One change at one place, told in words. */
export function mutateTree(tree: Tree, random: Random): string {
  const path = random.pick(pathsOf(tree));
  const where = path.join('.');
  const value = at(tree, path) ?? null;
  const parent = at(tree, path.slice(0, -1));
  const last = path.at(-1);
  switch (random.below(6)) {
    case 0:
      put(tree, path, undefined);
      return `${where} taken away`;
    case 1: {
      if (typeof value !== 'string' || value === '') break;
      const cut = random.below(value.length);
      const text = `${value.slice(0, cut)}${random.pick(['', 'a', '0', '*', '/', ' '])}${value.slice(cut + 1)}`;
      put(tree, path, text);
      return `${where} has another character`;
    }
    case 2:
      if (typeof value !== 'number') break;
      put(tree, path, neighbour(value, random.pick([-2, -1, 1, 2])));
      return `${where} is another number`;
    case 3:
      if (!Array.isArray(parent)) break;
      parent.push(value);
      return `${where} stands twice`;
    case 4:
      if (!isObject(parent) || typeof last !== 'string') break;
      put(tree, [...path.slice(0, -1), `${last}${random.pick(['x', '/', '.json'])}`], value);
      return `${where} has a neighbour`;
    default:
  }
  const other = structuredClone(random.pick(odd));
  put(tree, path, other);
  return `${where} is ${JSON.stringify(other)}`;
}
