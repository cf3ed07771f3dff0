import type { CapabilityName } from '../items.ts';
import { isEnvName } from '../capabilities.ts';
import { fileNeeds, valueOf, type Where } from './arguments.ts';
import { childrenOf, isPrototypeCall, type AnyNode, type Call, type Program } from './ast.ts';
import { loadsOfCall, loadsOfSource, loadsOfText, mayNotRun, type Load, type Surely } from './loads.ts';
import { isFunctionMaker, Resolver, type Reference } from './resolve.ts';
import { isHarmlessVariable, loadsNative, ruleOf } from './rules.ts';
import { scopesOf, type Scope } from './scope.ts';
import type { FileUses, Remark, Use } from './use.ts';

/** How an expression is used decides what a module as a whole means there. */
type Role = 'value' | 'called' | 'made' | 'kept' | 'tested';

/** All that one program uses. `depth`: how many folders deep it lies in the plugin. */
export function usesOf(program: Program, depth: number): FileUses {
  const scopes = scopesOf(program);
  const visitor = new Visitor(new Resolver(scopes), scopes.inner, depth);
  for (const child of childrenOf(program)) visitor.visit(child, scopes.top, 'value', null);
  return visitor;
}

class Visitor implements FileUses {
  readonly uses: Use[] = [];
  readonly remarks: Remark[] = [];
  readonly loads: Load[] = [];
  readonly #resolver: Resolver;
  readonly #inner: ReadonlyMap<AnyNode, Scope>;
  readonly #depth: number;
  #surely: Surely = 'always';

  constructor(resolver: Resolver, inner: ReadonlyMap<AnyNode, Scope>, depth: number) {
    this.#resolver = resolver;
    this.#inner = inner;
    this.#depth = depth;
  }

  visit(node: AnyNode, outer: Scope, role: Role, call: Call | null): void {
    const scope = this.#inner.get(node) ?? outer;
    const into = (child: AnyNode | null | undefined, as: Role): void => {
      if (child !== null && child !== undefined) this.visit(child, scope, as, null);
    };
    const before = this.#surely;
    if (node.type === 'TryStatement') this.#surely = 'tried';
    else if (before === 'always' && mayNotRun.has(node.type)) this.#surely = 'perhaps';
    try {
      switch (node.type) {
        case 'Identifier':
          this.#named(node.name, node);
          this.#reference(node, scope, role, call);
          return;
        case 'MemberExpression':
          this.#reference(node, scope, role, call);
          this.#constructed(node, scope);
          if (node.computed) into(node.property, 'tested');
          if (node.object.type !== 'Identifier') into(node.object, 'tested');
          return;
        case 'CallExpression':
        case 'NewExpression':
          this.#call(node, scope, role);
          return;
        case 'ImportExpression':
          this.#load(node, node.source, scope, 'import', this.#surely === 'tried' ? 'tried' : 'perhaps');
          this.#reference(node, scope, role, null);
          into(node.source, 'value');
          return;
        case 'ImportDeclaration':
          this.#imported(String(node.source.value), node);
          return;
        case 'ExportAllDeclaration':
        case 'ExportNamedDeclaration':
          this.#exported(node, into);
          return;
        case 'VariableDeclarator':
          into(node.id, 'tested');
          into(node.init, 'kept');
          return;
        case 'AssignmentExpression':
          into(node.left, 'tested');
          into(node.right, node.left.type === 'MemberExpression' ? 'value' : 'kept');
          return;
        case 'LogicalExpression':
          into(node.left, node.operator === '&&' || role === 'tested' ? 'tested' : role);
          into(node.right, role);
          return;
        case 'ConditionalExpression':
          into(node.test, 'tested');
          into(node.consequent, role);
          into(node.alternate, role);
          return;
        case 'ChainExpression':
        case 'ParenthesizedExpression':
          this.visit(node.expression, scope, role, call);
          return;
        case 'AwaitExpression':
          into(node.argument, role);
          return;
        case 'SequenceExpression':
          for (const [index, item] of node.expressions.entries())
            if (index === node.expressions.length - 1) this.visit(item, scope, role, call);
            else into(item, 'tested');
          return;
        case 'IfStatement':
          into(node.test, 'tested');
          into(node.consequent, 'value');
          into(node.alternate, 'value');
          return;
        case 'UnaryExpression':
        case 'BinaryExpression':
        case 'ExpressionStatement':
          this.loads.push(...loadsOfText(node, this.#where(scope)));
          for (const child of childrenOf(node)) into(child, 'tested');
          return;
        case 'Property':
        case 'PropertyDefinition':
        case 'MethodDefinition':
          if (node.computed) into(node.key, 'tested');
          else if (node.key.type === 'Identifier') this.#named(node.key.name, node.key);
          into(node.value, role === 'tested' ? 'tested' : 'value');
          return;
        case 'ObjectPattern':
        case 'ArrayPattern':
          for (const child of childrenOf(node)) into(child, 'tested');
          return;
        case 'TemplateLiteral':
          this.loads.push(...loadsOfText(node, this.#where(scope)));
          for (const child of node.expressions) into(child, 'value');
          return;
        case 'LabeledStatement':
          into(node.body, 'value');
          return;
        case 'BreakStatement':
        case 'ContinueStatement':
        case 'MetaProperty':
          return;
        default:
          if ('params' in node) for (const param of node.params) into(param, 'tested');
          for (const child of childrenOf(node))
            if (!('params' in node && node.params.some((param) => param === child))) into(child, 'value');
      }
    } finally {
      this.#surely = before;
    }
  }

  #call(node: Call, scope: Scope, role: Role): void {
    const { callee } = node;
    this.visit(callee, scope, node.type === 'NewExpression' ? 'made' : 'called', node);
    const [first] = node.arguments;
    const loaded = node.type === 'CallExpression' ? this.#resolver.loaded(node, scope) : undefined;
    if (loaded !== undefined && first !== undefined) this.#load(node, first, scope, 'require', this.#surely);
    else this.loads.push(...loadsOfCall(node, this.#where(scope)));
    const known = this.#resolver.references(node, scope).length > 0;
    if (known) this.#reference(node, scope, role, null);
    const unwraps = known && loaded === undefined;
    for (const item of node.arguments) this.visit(item, scope, unwraps ? 'kept' : 'value', null);
  }

  /** What a name or a chain of members stands for, judged once for the whole chain. */
  #reference(node: AnyNode, scope: Scope, role: Role, call: Call | null): void {
    for (const ref of this.#resolver.references(node, scope)) this.#judge(ref, node, scope, role, call);
  }

  #judge(ref: Reference, node: AnyNode, scope: Scope, role: Role, call: Call | null): void {
    const what = ref.filter((part) => part !== '').join('.');
    if (ref[0] === 'process' && ref[1] === 'env') return this.#environment(ref, node, role);
    if (what === 'eval' && ref[0] === '') {
      if (role !== 'tested') this.#add('eval', '', node, what);
      return;
    }
    if (isFunctionMaker(ref)) {
      const code = call?.arguments.at(-1);
      const text = code === undefined ? null : this.#resolver.text(code, scope);
      // What every second library finds the global object with.
      const isIdiom = text !== null && /^\s*return this;?\s*$/.test(text);
      if ((role === 'called' || role === 'made') && !isIdiom) this.#add('eval', '', node, what);
      return;
    }
    if (ref[0] === '' && ref[1] === 'WebAssembly') {
      this.remarks.push({ kind: 'webassembly', offset: node.start, what });
      return;
    }
    // A module kept under a name, or asked whether it is there, has done nothing yet.
    const whole = ref.length === 1 || (ref.length === 2 && ref[1] === 'promises');
    if (role === 'tested' || (role === 'kept' && (whole || ref[0] === ''))) return;
    if (whole && role === 'called') return;
    const rule = ruleOf(ref);
    if (rule === null || this.#isKnownBinding(ref, call, scope)) return;
    const where = this.#where(scope);
    const value = call === null ? null : valueOf(rule.value, call.arguments, where);
    const needs = fileNeeds(rule.uses, ref, call, where);
    for (const capability of needs) {
      if (value === 'own' && capability === 'fs.read') continue;
      this.#add(capability, value === 'own' ? null : value, node, what);
    }
  }

  /** lodash and its kin ask Node's internals for what a type is, safer-buffer for how long a text may be. */
  #isKnownBinding(ref: Reference, call: Call | null, scope: Scope): boolean {
    const [first] = call?.arguments ?? [];
    if (ref.join('.') !== 'process.binding') return false;
    return first === undefined || /^(?:util|buffer)$/.test(this.#resolver.text(first, scope) ?? '');
  }

  #environment(ref: Reference, node: AnyNode, role: Role): void {
    const name = ref[2];
    if (name === undefined ? role === 'tested' || role === 'kept' : isHarmlessVariable(name)) return;
    if (name !== undefined && isEnvName(name)) this.#add('env', name, node, `process.env.${name}`);
    else
      this.remarks.push({ kind: 'environment', offset: node.start, what: 'process.env by computed names' });
  }

  /** `(async () => {}).constructor('code')`, and every `.constructor.constructor`. */
  #constructed(node: AnyNode & { readonly type: 'MemberExpression' }, scope: Scope): void {
    if (this.#resolver.propertyName(node, scope) !== 'constructor') return;
    let object: AnyNode = node.object;
    if (object.type === 'ParenthesizedExpression') object = object.expression;
    if (object.type === 'CallExpression' && object.arguments[0] !== undefined && isPrototypeCall(object))
      object = object.arguments[0];
    const isFunction = object.type === 'FunctionExpression' || object.type === 'ArrowFunctionExpression';
    const twice =
      object.type === 'MemberExpression' && this.#resolver.propertyName(object, scope) === 'constructor';
    if (isFunction || twice) this.#add('eval', '', node, 'the constructor of a function');
  }

  #where(scope: Scope): Where {
    return { resolver: this.#resolver, scope, depth: this.#depth };
  }

  #load(node: AnyNode, source: AnyNode, scope: Scope, how: 'import' | 'require', surely: Surely): void {
    const at = { offset: node.start, surely };
    this.loads.push(...loadsOfSource(source, how, this.#where(scope)).map((one) => ({ ...one, at })));
    const specifier = this.#resolver.text(source, scope);
    if (specifier !== null) this.#specifier(specifier, node);
    else
      this.remarks.push({ kind: 'computed-module', offset: node.start, what: 'a module by a computed name' });
  }

  #imported(specifier: string, node: AnyNode): void {
    const at = { offset: node.start, surely: 'always' as const };
    this.loads.push({ specifier, how: 'import', isPrefix: false, at });
    this.#specifier(specifier, node);
  }

  #specifier(specifier: string, node: AnyNode): void {
    if (/^(?:data|blob):/i.test(specifier))
      this.#add('eval', '', node, `import of ${specifier.slice(0, 12)}…`);
    else if (loadsNative(specifier)) this.#add('native', '', node, specifier.slice(0, 100));
  }

  /** What is exported from a built-in module is at everybody's disposal. */
  #exported(
    node: AnyNode & { readonly type: 'ExportAllDeclaration' | 'ExportNamedDeclaration' },
    into: (child: AnyNode | null | undefined, as: Role) => void,
  ): void {
    if (node.source === null || node.source === undefined) {
      if (node.type === 'ExportNamedDeclaration')
        if (node.declaration === null || node.declaration === undefined)
          for (const { local } of node.specifiers) into(local, 'value');
        else into(node.declaration, 'value');
      return;
    }
    const module = String(node.source.value);
    this.#imported(module, node);
    const names =
      node.type === 'ExportAllDeclaration'
        ? [null]
        : node.specifiers.map(({ local }) =>
            local.type === 'Identifier' ? local.name : String(local.value),
          );
    for (const name of names) {
      const ref = [module.replace(/^node:/, ''), ...(name === null || name === 'default' ? [] : [name])];
      for (const capability of ruleOf(ref)?.uses ?? []) this.#add(capability, null, node, ref.join('.'));
    }
  }

  #named(name: string, node: AnyNode): void {
    if (/[^\0-\x7f]/.test(name) && /\p{Default_Ignorable_Code_Point}/u.test(name))
      this.remarks.push({
        kind: 'hidden-name',
        offset: node.start,
        what: 'a name with an invisible character',
      });
  }

  #add(capability: CapabilityName, value: string | null, node: AnyNode, what: string): void {
    const isSwitch = capability === 'native' || capability === 'worker' || capability === 'eval';
    this.uses.push({ capability, value: isSwitch ? '' : value, offset: node.start, what });
  }
}
