/** What the compiler holds a caller to. Each line that must not compile says so, and `tsc -b` fails where it does. */
import type { CallSettings, PluginContext, PluginHandle } from '@ragnos/plugin';
import { expectTypeOf, test } from 'vitest';
import type * as plugins from './plugins.ts';

/** A plain interface, as a package would export it. */
interface Hello {
  greet(params: { readonly name: string }): string;
  count: (params: { readonly to: number }) => AsyncGenerator<number>;
  later: (params?: { readonly ms: number }) => Promise<AsyncIterable<string>>;
  now: () => Date;
  shout: (params: null, context: PluginContext) => Promise<string>;
  readonly version: string;
}

type Call = PluginHandle<Hello>['call'];
const call = (async () => Promise.reject(new Error('never called'))) as unknown as Call;

test('names are those of the interface, and of its functions', () => {
  expectTypeOf(call).parameter(0).toEqualTypeOf<'greet' | 'count' | 'later' | 'now' | 'shout'>();
  // @ts-expect-error no function of this name
  void (() => call('nope'));
  // @ts-expect-error no function, though a member
  void (() => call('version'));
});

test('parameters are checked, and left out only where the function does without', () => {
  void (() => [
    call('greet', { name: 'Ada' }, { timeoutMs: 5 }),
    call('later'),
    call('later', { ms: 1 }),
    call('now'),
    call('now', null, { timeoutMs: 5 }),
    call('shout', null, { input: (async function* () {})() }),
  ]);
  // @ts-expect-error it needs a name
  void (() => call('greet'));
  // @ts-expect-error nothing is no name
  void (() => call('greet', undefined));
  // @ts-expect-error no such member
  void (() => call('greet', { nmae: 'Ada' }));
  // @ts-expect-error a number
  void (() => call('later', { ms: '1' }));
  // @ts-expect-error a misspelt setting
  void (() => call('now', null, { timeout: 5 }));
  expectTypeOf<Parameters<typeof call<'greet'>>>().toEqualTypeOf<
    [name: 'greet', params: { readonly name: string }, settings?: CallSettings]
  >();
});

test('what comes back is awaited, and a stream for a stream', () => {
  expectTypeOf<ReturnType<typeof call<'greet'>>>().toEqualTypeOf<Promise<string>>();
  expectTypeOf<ReturnType<typeof call<'count'>>>().toEqualTypeOf<Promise<AsyncIterableIterator<number>>>();
  expectTypeOf<ReturnType<typeof call<'later'>>>().toEqualTypeOf<Promise<AsyncIterableIterator<string>>>();
  expectTypeOf<ReturnType<typeof call<'shout'>>>().toEqualTypeOf<Promise<string>>();
});

test('a module is an interface too, whatever else it exports', () => {
  type CallModule = PluginHandle<typeof plugins>['call'];
  expectTypeOf<'moduleFiles'>().toExtend<Parameters<CallModule>[0]>();
});

test('without an interface every name goes, and nothing is known of what comes back', () => {
  type Any = PluginHandle['call'];
  expectTypeOf<Any>().parameter(0).toEqualTypeOf<string>();
  expectTypeOf<Awaited<ReturnType<Any>>>().toEqualTypeOf<unknown>();
});

test('an author knows what a function is handed', () => {
  expectTypeOf<PluginContext['signal']>().toEqualTypeOf<AbortSignal>();
  expectTypeOf<PluginContext['input']>().toEqualTypeOf<AsyncIterable<unknown> | undefined>();
  expectTypeOf<PluginContext['emit']>().returns.toEqualTypeOf<Promise<void>>();
});
