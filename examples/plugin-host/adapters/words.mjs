import words from './index.js';

export const transform = ({ text }) => new Promise((resolve) => words(text, resolve));
