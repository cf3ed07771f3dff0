import json from '@rollup/plugin-json';

const plugin = json();
const context = {
  error({ message, id }) {
    throw new Error(`${id}: ${message}`);
  },
};

export const transform = ({ code, id }) => plugin.transform.call(context, code, id);
