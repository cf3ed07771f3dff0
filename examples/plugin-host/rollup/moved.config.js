import resolve from '@rollup/plugin-node-resolve';
import { fromVault } from './from-vault.js';

export default {
  input: 'main.js',
  output: { dir: 'built', format: 'es' },
  plugins: [resolve(), fromVault('acme/rollup-json'), fromVault('acme/rollup-yaml')],
};
