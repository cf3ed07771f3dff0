import resolve from '@rollup/plugin-node-resolve';
import yaml from '@rollup/plugin-yaml';
import { fromVault } from './from-vault.js';

export default {
  input: 'main.js',
  output: { dir: 'built', format: 'es' },
  plugins: [resolve(), fromVault('acme/rollup-json'), yaml()],
};
