#!/usr/bin/env node
// Each part is loaded when it is needed: `--version` is asked by scripts and prompts all the time.
const args = process.argv.slice(2);
if (args.length === 1 && (args[0] === '--version' || args[0] === '-V')) {
  const [{ version }, { print }] = await Promise.all([import('./version.ts'), import('./print.ts')]);
  print(1, `${version()}\n`);
} else {
  const { run } = await import('./program.ts');
  process.exitCode = await run(args);
}
