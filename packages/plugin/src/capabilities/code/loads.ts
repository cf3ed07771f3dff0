import { ownPath, type Where } from './arguments.ts';
import type { AnyNode, Call } from './ast.ts';

/** Another file that a program names: to load it, to start it, or as a path beside itself. */
export interface Load {
  readonly specifier: string;
  readonly how: 'import' | 'require' | 'file';
  /** Only the beginning is known: whatever begins like this may be meant. */
  readonly isPrefix: boolean;
  /** Where a module is named to be loaded, and how sure it is that this is done; absent of paths. */
  readonly at?: { readonly offset: number; readonly surely: Surely };
}

/** `always` when the program runs; `tried`: it goes on if that fails. */
export type Surely = 'always' | 'perhaps' | 'tried';

/** What is inside may never be run, or later. */
export const mayNotRun: ReadonlySet<AnyNode['type']> = new Set<AnyNode['type']>([
  'FunctionDeclaration',
  'FunctionExpression',
  'ArrowFunctionExpression',
  'PropertyDefinition',
  'IfStatement',
  'ConditionalExpression',
  'LogicalExpression',
  'SwitchStatement',
  'CatchClause',
  'ForStatement',
  'ForInStatement',
  'ForOfStatement',
  'WhileStatement',
]);

/** What a call names besides `require` and `import()`: workers, children, paths beside the module. */
export function loadsOfCall(node: Call, where: Where): readonly Load[] {
  const { resolver, scope } = where;
  const [first] = node.arguments;
  const { callee } = node;
  if (first === undefined) return [];
  if (callee.type === 'MemberExpression' && callee.object.type === 'MetaProperty')
    return resolver.propertyName(callee, scope) === 'resolve' ? loadsOfSource(first, 'import', where) : [];
  const names = resolver.references(callee, scope).map((ref) => ref.join('.'));
  if (names.some((name) => /^\.require\.resolve$/.test(name))) return loadsOfSource(first, 'require', where);
  if (names.some((name) => /^(?:worker_threads)?\.Worker$|^child_process\.fork$/.test(name)))
    return startedFile(first, where);
  return names.some((name) => /^\.URL$|^path\.(?:(?:posix|win32)\.)?(?:join|resolve)$/.test(name))
    ? wholePath(node, where)
    : [];
}

/** `__dirname + '/x.js'` and `${import.meta.dirname}/x.js`. */
export function loadsOfText(node: AnyNode, where: Where): readonly Load[] {
  const begins =
    node.type === 'TemplateLiteral'
      ? node.quasis[0]?.value.cooked === ''
      : node.type === 'BinaryExpression' &&
        node.operator === '+' &&
        /^(?:Identifier|MemberExpression)$/.test(node.left.type);
  return begins ? wholePath(node, where) : [];
}

function wholePath(node: AnyNode, where: Where): readonly Load[] {
  const found = ownPath(node, where);
  return found?.whole === true ? [{ specifier: found.path, how: 'file', isPrefix: false }] : [];
}

/** Empty: nothing is known of what it names. */
export function loadsOfSource(
  source: AnyNode,
  how: 'import' | 'require',
  where: Where,
  nesting = 0,
): readonly Load[] {
  const { resolver, scope } = where;
  const text = resolver.text(source, scope);
  if (text !== null) return [{ specifier: text, how, isPrefix: false }];
  if (source.type === 'ConditionalExpression' && nesting < 8)
    return [source.consequent, source.alternate].flatMap((one) =>
      loadsOfSource(one, how, where, nesting + 1),
    );
  const own = ownPath(source, where);
  if (own !== null) return [{ specifier: own.path, how: own.whole ? how : 'file', isPrefix: !own.whole }];
  const beginning = beginningOf(source, where);
  return beginning === '' ? [] : [{ specifier: beginning, how, isPrefix: true }];
}

/** A worker's or a child's text is relative to the working folder: looked for there and beside the module. */
function startedFile(node: AnyNode, where: Where): readonly Load[] {
  const text = where.resolver.text(node, where.scope);
  if (text !== null)
    return [
      { specifier: text, how: 'file', isPrefix: false },
      { specifier: `${'../'.repeat(where.depth)}${text}`, how: 'file', isPrefix: false },
    ];
  const own = ownPath(node, where);
  return own === null ? [] : [{ specifier: own.path, how: 'file', isPrefix: !own.whole }];
}

/** The constant text that a template or a sum begins with. */
function beginningOf(node: AnyNode, { resolver, scope }: Where): string {
  if (node.type === 'TemplateLiteral') return node.quasis[0]?.value.cooked ?? '';
  let left: AnyNode = node;
  for (let step = 0; step < 64 && left.type === 'BinaryExpression' && left.operator === '+'; step += 1) {
    left = left.left;
    const text = resolver.text(left, scope);
    if (text !== null) return text;
  }
  return left.type === 'TemplateLiteral' ? (left.quasis[0]?.value.cooked ?? '') : '';
}
