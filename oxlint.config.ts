import { defineConfig } from 'oxlint';
import { arrows } from './scripts/arrows.ts';

const print = ['stdout', 'stderr'].map((property) => ({
  object: 'process',
  property,
  message: 'only packages/cli/src/voice.ts prints',
}));

export default defineConfig({
  plugins: ['eslint', 'typescript', 'unicorn', 'oxc', 'import', 'promise', 'vitest'],
  categories: { correctness: 'error', suspicious: 'error' },
  ignorePatterns: ['**/dist/**', '**/node_modules/**', 'coverage/**', 'docs/reference/**'],
  rules: {
    'typescript/no-floating-promises': 'error',
    'typescript/no-misused-promises': 'error',
    'typescript/await-thenable': 'error',
    'typescript/return-await': ['error', 'error-handling-correctness-only'],
    'typescript/no-explicit-any': 'error',
    'typescript/no-unsafe-argument': 'error',
    'typescript/no-unsafe-assignment': 'error',
    'typescript/no-unsafe-call': 'error',
    'typescript/no-unsafe-member-access': 'error',
    'typescript/no-unsafe-return': 'error',
    'typescript/only-throw-error': 'error',
    'typescript/prefer-readonly': 'error',
    'typescript/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
    'typescript/consistent-type-imports': 'error',
    'typescript/no-namespace': 'error',
    'oxc/no-const-enum': 'error', // plain enums are refused by tsc (erasableSyntaxOnly)
    'eslint/eqeqeq': 'error',
    'eslint/no-var': 'error',
    'eslint/prefer-const': 'error',
    'eslint/no-console': 'error',
    'eslint/no-restricted-properties': ['error', ...print],
    'import/extensions': ['error', 'always', { ignorePackages: true }],
    'import/no-default-export': 'error',
    'import/no-cycle': 'error',
    'import/no-commonjs': 'error',
    'unicorn/prefer-node-protocol': 'error',

    'eslint/no-shadow': 'off', // short names such as `path` and `name` recur on purpose
    'typescript/consistent-return': 'off', // `return void response.end()` ends a handler
    'unicorn/require-module-specifiers': 'off', // `export {};` is a package that has nothing to export yet
    'unicorn/consistent-function-scoping': 'off', // helpers live next to their only use
    'typescript/no-unsafe-type-assertion': 'off', // a brand's one constructor is an assertion
    'vitest/require-mock-type-parameters': 'off', // we do not mock our own code
  },
  overrides: [
    {
      files: [
        'packages/cli/src/voice.ts',
        'packages/*/test/**',
        'scripts/**',
        'bench/**',
        'examples/**',
        'conformance/*.ts',
        'interop/**',
        'stores/**',
      ],
      rules: { 'eslint/no-console': 'off', 'eslint/no-restricted-properties': 'off' },
    },
    {
      files: ['packages/*/test/**', 'scripts/**/*.test.ts'],
      rules: { 'typescript/unbound-method': 'off' },
    },
    {
      files: ['bench/**', 'scripts/**', 'examples/**'], // small programs: some are imported for what they do, one is empty
      rules: { 'import/no-unassigned-import': 'off', 'unicorn/no-empty-file': 'off' },
    },
    {
      files: ['**/*.js', '**/*.mjs'], // no types to be aware of
      rules: {
        'typescript/no-unsafe-argument': 'off',
        'typescript/no-unsafe-assignment': 'off',
        'typescript/no-unsafe-call': 'off',
        'typescript/no-unsafe-member-access': 'off',
        'typescript/no-unsafe-return': 'off',
      },
    },
    { files: ['*.config.ts', 'examples/**/*.config.js'], rules: { 'import/no-default-export': 'off' } },
    ...arrows,
  ],
});
