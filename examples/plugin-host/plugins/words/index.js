'use strict';

// CommonJS, one function, and a callback: as plugins were written once.
// oxlint-disable-next-line import/no-commonjs -- it is an example of one
module.exports = function words(text, done) {
  const count = text.split(/\s+/).filter(Boolean).length;
  done(`${text.trimEnd()}\n\n${count} words\n`);
};
