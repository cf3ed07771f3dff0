import yaml from '@rollup/plugin-yaml';

const plugin = yaml();

export const transform = ({ code, id }) => plugin.transform(code, id);
