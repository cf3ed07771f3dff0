import json from '@rollup/plugin-json';
import resolve from '@rollup/plugin-node-resolve';
import yaml from '@rollup/plugin-yaml';

export default {
  input: 'main.js',
  output: { dir: 'built', format: 'es' },
  plugins: [resolve(), json(), yaml()],
};
