/** What may be called of a module, however it exports it. */
import { expect, test } from 'vitest';
import { vaultOf, worldWith } from './plugins.ts';

test('a CommonJS function that carries others, as lodash does', async () => {
  const code = `function all(x) { return x; }
all.camelCase = (text) => text.replace(/ (.)/g, (_, letter) => letter.toUpperCase());
module.exports = all;
`;
  const world = await worldWith("export { default } from './all.cjs';", { files: { 'all.cjs': code } });
  const vault = await vaultOf(world);
  const handle = await vault.load('acme/hello', { mode: 'process' });
  expect(handle.functions).toEqual(['camelCase', 'default']);
  expect(await handle.call('camelCase', 'held by default')).toBe('heldByDefault');
  expect(await handle.call('default', 42)).toBe(42);
});
