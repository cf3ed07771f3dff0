/** Plain JavaScript, as are all programs here: stripping types at start would be in every figure. */
/** Imported by every Node program of the benchmarks: reports the peak memory of the process as it exits. */
// Not imported: that would load more of Node than an empty script has.
const { writeSync } = process.getBuiltinModule('node:fs');

process.on('exit', () => writeSync(1, `\n{"memory": ${process.resourceUsage().maxRSS / 1024}}\n`));
