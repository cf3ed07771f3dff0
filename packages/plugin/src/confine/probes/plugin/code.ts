import nodeModule, { registerHooks as hooksByName } from 'node:module';
import { pathToFileURL } from 'node:url';
import type v8 from 'node:v8';
import { type Attempts, exchanged, own, use } from './target.ts';

const require = nodeModule.createRequire(import.meta.url);
const url = (file: string): string => pathToFileURL(file).href;
const imported = async (specifier: string): Promise<unknown> => {
  const module: unknown = await import(specifier);
  return Reflect.get(Object(module) as object, 'default');
};
const text = (secret: string): string => JSON.stringify(secret);

export const codeAttempts: Attempts = {
  'import-outside': async ({ outside }) => imported(url(`${outside}/code.mjs`)),
  'import-unsigned': async ({ granted }) => imported(url(`${granted}/code.mjs`)),
  'import-link': async ({ granted }) => imported(url(`${granted}/link/code.mjs`)),
  'require-unsigned': ({ granted }) => require(`${granted}/code.cjs`) as unknown,
  'import-data': async ({ secret }) => imported(`data:text/javascript,export default ${text(secret)}`),
  'import-changed': async () => imported(url(`${own}/changed.mjs`)),
  'import-added': async () => imported(url(`${own}/added.mjs`)),
  'require-changed': () => require(`${own}/changed.cjs`) as unknown,
  eval: ({ secret }) =>
    Reflect.apply(Reflect.get(globalThis, 'eval') as (code: string) => unknown, undefined, [text(secret)]),
  function: ({ secret }) => construct(() => undefined, secret)(),
  'async-function': async ({ secret }) => construct(async () => undefined, secret)(),
  'generator-function': ({ secret }) => {
    const made = construct(function* none() {}, secret)() as Generator<unknown, unknown>;
    return made.next().value;
  },
  'vm-context': ({ secret }) => use.vm.runInThisContext(text(secret)) as unknown,
  'vm-script': ({ secret }) => new use.vm.Script(text(secret)).runInThisContext() as unknown,
  'vm-new-context': ({ secret }) => use.vm.runInNewContext(text(secret)) as unknown,
  'vm-function': ({ secret }) => (use.vm.compileFunction(`return ${text(secret)}`) as () => unknown)(),
  'module-compile': ({ secret }) => {
    const Module = nodeModule;
    const made = new Module(`${own}/main.js`);
    const compile = Reflect.get(made, '_compile') as (code: string, file: string) => void;
    Reflect.apply(compile, made, [`module.exports = ${text(secret)}`, `${own}/main.js`]);
    return made.exports as unknown;
  },
  'module-extension': ({ granted }) => {
    const Module = nodeModule;
    const made = new Module(`${granted}/code.cjs`);
    const extensions = Reflect.get(Module, '_extensions') as Record<
      string,
      (module: object, file: string) => void
    >;
    extensions['.js']?.(made, `${granted}/code.cjs`);
    return made.exports as unknown;
  },
  'module-wrapper': ({ secret }) => {
    const wrapper = Reflect.get(nodeModule, 'wrapper') as string[];
    const [head = ''] = wrapper;
    wrapper[0] = `${head} module.exports = ${text(secret)}; return;`;
    try {
      return require('./plain.cjs') as unknown;
    } finally {
      wrapper[0] = head;
    }
  },
  'module-hooks': async ({ secret }) => hooked(nodeModule.registerHooks, secret),
  'module-hooks-named': async ({ secret }) => hooked(hooksByName, secret),
  'module-register': ({ secret }) => {
    const { register } = nodeModule;
    register('data:text/javascript,');
    return secret;
  },
  'get-built-in': ({ secret }) => {
    const found: unknown = process.getBuiltinModule('node:inspector');
    return found === undefined ? '' : secret;
  },
  binding: ({ secret }) => {
    const get: unknown = Reflect.get(process, 'binding');
    const found: unknown = Reflect.apply(get as (name: string) => unknown, process, ['fs']);
    return typeof found === 'object' ? secret : '';
  },
  'inspector-open': ({ secret }) => {
    const inspector = use.inspector;
    inspector.open(0, '127.0.0.1');
    const open = inspector.url() !== undefined;
    inspector.close();
    return open ? secret : '';
  },
  'inspector-session': async ({ secret }) => {
    const { Session } = use.inspector;
    const session = new Session();
    session.connect();
    return new Promise((resolve, reject) => {
      session.post('Runtime.evaluate', { expression: text(secret) }, (error, { result }) => {
        if (error === null) resolve(result.value);
        else reject(error);
      });
    });
  },
  'engine-flags-exchanged': async ({ secret }) => {
    const name = ['node', 'v8'].join(':');
    const prototype: object = nodeModule.prototype;
    const { setFlagsFromString } = await exchanged(
      prototype,
      'require',
      () => ({}),
      async () =>
        exchanged(
          Object,
          'defineProperty',
          () => ({}),
          async () => import(name) as Promise<typeof v8>,
        ),
    );
    setFlagsFromString('--allow-natives-syntax');
    return secret;
  },
  'engine-flags': ({ secret }) => {
    use.v8.setFlagsFromString('--allow-natives-syntax');
    return secret;
  },
};

/** A module that is nowhere, made of text by a hook of the loader. */
async function hooked(registerHooks: typeof hooksByName, secret: string): Promise<unknown> {
  const source = `export default ${text(secret)}`;
  const hooks = registerHooks({
    resolve: (specifier, context, next) =>
      specifier.startsWith('made-up:') ? { url: specifier, shortCircuit: true } : next(specifier, context),
    load: (from, context, next) =>
      from.startsWith('made-up:') ? { format: 'module', source, shortCircuit: true } : next(from, context),
  });
  try {
    return await imported(`made-up:${performance.now()}`);
  } finally {
    hooks.deregister();
  }
}

/** The constructor that a kind of function has, which makes functions of text. */
function construct(sample: () => unknown, secret: string): () => unknown {
  const Constructor = Reflect.get(Object.getPrototypeOf(sample) as object, 'constructor') as new (
    code: string,
  ) => () => unknown;
  return new Constructor(`return ${text(secret)}`);
}
