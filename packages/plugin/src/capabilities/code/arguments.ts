import { formatEndpoint, parseEndpoint } from '../endpoint.ts';
import { placeProblem } from '../place.ts';
import type { CapabilityName } from '../items.ts';
import type { AnyNode, Call } from './ast.ts';
import type { Reference, Resolver } from './resolve.ts';
import type { ValueOf } from './rules.ts';
import type { Scope } from './scope.ts';

/** What the arguments of a call say of the place, host or program; null where they do not say. */
export interface Where {
  readonly resolver: Resolver;
  readonly scope: Scope;
  /** How many folders deep the file lies in the plugin: `..` further up leaves it. */
  readonly depth: number;
}

/** `own`: the plugin's own files, or a descriptor: no capability is needed. Null: it cannot be told. */
export function valueOf(kind: ValueOf, args: readonly AnyNode[], where: Where): string | null {
  const [first, second] = args;
  switch (kind) {
    case 'place':
      return first === undefined ? null : placeOf(first, where);
    case 'url':
      return first === undefined ? null : endpointOfUrl(first, where);
    case 'host':
      return endpointOfHost(first, second, where);
    case 'program':
      return programOf(args, where);
    case 'shell':
      return 'sh';
    case 'node':
      return 'node';
    case 'none':
      return null;
  }
}

/** A place with a beginning that is known: the rest may be computed, the beginning covers it. */
function placeOf(node: AnyNode, where: Where): string | null {
  if (node.type === 'Literal' && typeof node.value === 'number') return 'own'; // standard input and its kin
  const { parts, whole } = pathParts(node, where, 0);
  const [root, ...rest] = parts.flatMap((part) => (part.startsWith('$own/') ? part.split('/') : [part]));
  if (root === undefined) return null;
  if (root === ':memory:' || root === '/dev/stdin' || root === '/dev/null') return 'own';
  const names = rest.flatMap((part) => part.split('/')).filter((part) => part !== '' && part !== '.');
  if (root === '$own') return ownPlace(names, where.depth);
  const climbs = names.includes('..');
  const place = root === '/' ? `/${names.join('/')}` : [root.replace(/\/$/, ''), ...names].join('/');
  if (climbs || placeProblem(place) !== null || !/^[$/]/.test(place)) return null;
  return whole || place !== '/' ? place : null;
}

/** A path beside the module, as `./x` or `../x`; null if it is none. Not `whole`: something computed follows. */
export function ownPath(
  node: AnyNode,
  where: Where,
): { readonly path: string; readonly whole: boolean } | null {
  const { parts, whole } = pathParts(node, where, 0);
  const [root, ...rest] = parts.join('/').split('/');
  if (root !== '$own') return null;
  const names: string[] = [];
  for (const name of rest)
    if (name === '..' && names.length > 0 && names.at(-1) !== '..') names.pop();
    else if (name !== '' && name !== '.') names.push(name);
  const isFolder = names.length === 0 || names.at(-1) === '..';
  return { path: ['.', ...names, ...(isFolder && !whole ? [''] : [])].join('/'), whole };
}

/** Reading below its own folder needs nothing; climbing out of it cannot be told from here. */
function ownPlace(names: readonly string[], depth: number): string | null {
  let level = depth;
  for (const name of names) {
    level += name === '..' ? -1 : 1;
    if (level < 0) return null;
  }
  return 'own';
}

interface Parts {
  readonly parts: readonly string[];
  /** Nothing computed was left out at the end. */
  readonly whole: boolean;
}

const unknown: Parts = { parts: [], whole: false };

function pathParts(node: AnyNode, where: Where, nesting: number): Parts {
  const { resolver, scope } = where;
  if (nesting > 16) return unknown;
  const text = resolver.text(node, scope);
  if (text !== null) return { parts: text.startsWith('/') ? ['/', text] : [text], whole: true };
  const inside = (child: AnyNode, at: Where = where): Parts => pathParts(child, at, nesting + 1);
  const root = rootOf(node, where);
  if (root !== null) return { parts: [root], whole: true };
  switch (node.type) {
    case 'Identifier': {
      const values = scope.find(node.name);
      const [only] = values ?? [];
      return values?.length === 1 && only !== undefined && 'node' in only && only.path.length === 0
        ? inside(only.node, { ...where, scope: only.scope })
        : unknown;
    }
    case 'AwaitExpression':
      return inside(node.argument);
    case 'BinaryExpression':
      return node.operator === '+' ? inOrder([inside(node.left), inside(node.right)]) : unknown;
    case 'TemplateLiteral':
      return inOrder(
        node.quasis.flatMap(({ value }, index) => {
          const expression = node.expressions[index];
          const literal = { parts: [value.cooked ?? ''], whole: true };
          return [
            ...(value.cooked === '' ? [] : [literal]),
            ...(expression === undefined ? [] : [inside(expression)]),
          ];
        }),
      );
    case 'NewExpression':
    case 'CallExpression': {
      const [name = ''] = resolver.references(node.callee, scope).map((ref) => ref.join('.'));
      const [first, second] = node.arguments;
      if (name === '.URL')
        return second === undefined || first === undefined
          ? unknown
          : inOrder([inside(second), up(inside(first))]);
      if (
        /^url\.fileURLToPath$|^path\.(?:(?:posix|win32)\.)?(?:normalize|dirname)$/.test(name) &&
        first !== undefined
      ) {
        const found = inside(first);
        return name.endsWith('dirname') ? { parts: [...found.parts, '..'], whole: found.whole } : found;
      }
      const joins = /^path\.(?:(?:posix|win32)\.)?(?:join|resolve)$/.test(name);
      return joins ? inOrder(node.arguments.map((item) => inside(item))) : unknown;
    }
    default:
      return unknown;
  }
}

/** A URL relative to a module: the module's own name goes. */
function up(parts: Parts): Parts {
  return { parts: ['..', ...parts.parts], whole: parts.whole };
}

function inOrder(all: readonly Parts[]): Parts {
  const parts: string[] = [];
  for (const one of all) {
    parts.push(...one.parts);
    if (!one.whole) return { parts, whole: false };
  }
  return { parts, whole: true };
}

function rootOf(node: AnyNode, { resolver, scope }: Where): string | null {
  if (node.type === 'MemberExpression' && node.object.type === 'MetaProperty') {
    const name = resolver.propertyName(node, scope);
    if (name === 'dirname') return '$own';
    return name === 'url' || name === 'filename' ? '$own/module' : null;
  }
  const callee = node.type === 'CallExpression' ? node.callee : null;
  for (const ref of resolver.references(callee ?? node, scope)) {
    const name = ref.join('.');
    if (callee === null && name === '.__dirname') return '$own';
    if (callee === null && name === '.__filename') return '$own/module';
    if (callee === null && /^process\.env\.(?:HOME|USERPROFILE)$/.test(name)) return '$home';
    if (callee !== null && name === 'os.homedir') return '$home';
    if (callee !== null && name === 'os.tmpdir') return '$temp';
    if (callee !== null && name === 'process.cwd') return '$project';
  }
  return null;
}

function endpointOfUrl(node: AnyNode, where: Where): string | null {
  const { resolver, scope } = where;
  if (node.type === 'ObjectExpression') return endpointOfObject(node, where, 443);
  const { callee, first } =
    node.type === 'NewExpression'
      ? { callee: node.callee, first: node.arguments[0] }
      : { callee: null, first: undefined };
  if (
    callee !== null &&
    first !== undefined &&
    resolver.references(callee, scope).some((ref) => ref.join('.') === '.URL')
  )
    return endpointOfUrl(first, where);
  const known = resolver.text(node, scope) ?? beginning(node, where);
  const match = /^(https?|wss?):\/\/([^/?#\s@]+)(?=[/?#]|$)/i.exec(known ?? '');
  const [, scheme = '', authority = ''] = match ?? [];
  const standard = /s$/i.test(scheme) ? 443 : 80;
  const port = /:(\d+)$/.exec(authority);
  return match === null
    ? null
    : endpoint(
        port === null ? authority : authority.slice(0, -port[0].length),
        port === null ? standard : Number(port[1]),
      );
}

/** The constant text that a template or a sum begins with, if the host is inside it as a whole. */
function beginning(node: AnyNode, { resolver, scope }: Where): string | null {
  if (node.type === 'TemplateLiteral') {
    const text = node.quasis[0]?.value.cooked ?? '';
    return /^\w+:\/\/[^/]+\//.test(text) ? text : null;
  }
  if (node.type !== 'BinaryExpression' || node.operator !== '+') return null;
  let left: AnyNode = node;
  for (let step = 0; step < 64 && left.type === 'BinaryExpression' && left.operator === '+'; step += 1) {
    left = left.left;
    const text = resolver.text(left, scope);
    if (text !== null) return /^\w+:\/\/[^/]+\//.test(text) ? text : null;
  }
  return null;
}

function endpointOfHost(
  first: AnyNode | undefined,
  second: AnyNode | undefined,
  where: Where,
): string | null {
  if (first?.type === 'ObjectExpression') return endpointOfObject(first, where, null);
  const { resolver, scope } = where;
  const port = first === undefined ? null : Number(resolver.text(first, scope) ?? Number.NaN);
  const host = second === undefined ? null : resolver.text(second, scope);
  return port === null || host === null ? null : endpoint(host, port);
}

function endpointOfObject(
  node: AnyNode & { readonly type: 'ObjectExpression' },
  where: Where,
  standard: number | null,
): string | null {
  const found = new Map<string, string | null>();
  for (const property of node.properties)
    if (property.type === 'Property' && property.key.type === 'Identifier' && !property.computed)
      found.set(property.key.name, where.resolver.text(property.value, where.scope));
  const host = found.get('hostname') ?? found.get('host') ?? null;
  const port = found.has('port') ? Number(found.get('port') ?? Number.NaN) : standard;
  return host === null || port === null ? null : endpoint(host, port);
}

function endpoint(host: string, port: number): string | null {
  const text = `${host.toLowerCase()}:${port}`;
  const parsed = parseEndpoint(text);
  return parsed === null ? null : formatEndpoint(parsed);
}

function programOf(args: readonly AnyNode[], { resolver, scope }: Where): string | null {
  const [first] = args;
  if (first === undefined) return null;
  const shell = args.some(
    (item) =>
      item.type === 'ObjectExpression' &&
      item.properties.some(
        (property) =>
          property.type === 'Property' &&
          property.key.type === 'Identifier' &&
          property.key.name === 'shell' &&
          !(property.value.type === 'Literal' && property.value.value === false),
      ),
  );
  if (shell) return 'sh';
  if (resolver.references(first, scope).some((ref) => ref.join('.') === 'process.execPath')) return 'node';
  const text = resolver.text(first, scope);
  return text !== null && /^(?:[A-Za-z0-9_][\w.+-]{0,99}|\/[\w./+-]+)$/.test(text) ? text : null;
}

/** `fs.open` writes unless its flags say that it only reads. */
export function fileNeeds(
  uses: readonly CapabilityName[],
  ref: Reference,
  call: Call | null,
  { resolver, scope }: Where,
): readonly CapabilityName[] {
  if (!/^open(?:Sync)?$/.test(ref.at(-1) ?? '') || call === null) return uses;
  const [, flags] = call.arguments;
  const text = flags === undefined ? 'r' : resolver.text(flags, scope);
  const isCallback = flags?.type === 'ArrowFunctionExpression' || flags?.type === 'FunctionExpression';
  return text === 'r' || text === 'rs' || isCallback ? ['fs.read'] : uses;
}
