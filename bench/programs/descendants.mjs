import { readdirSync, readFileSync } from 'node:fs';

/** Memory in MB of all processes below this one, shared pages counted once among those that share them; NaN without /proc. */
export function memoryBelow(pid = process.pid) {
  return childrenOf(pid).reduce((sum, child) => sum + pss(child) + memoryBelow(child), 0);
}

/** Milliseconds of processor time of this process and all below it so far. */
function cpu(pid = process.pid) {
  const own = threads(pid).map((task) => Number(look(`/proc/${pid}/task/${task}/schedstat`).split(' ')[0]));
  return (
    own.reduce((sum, ns) => sum + ns / 1e6, 0) + childrenOf(pid).reduce((sum, child) => sum + cpu(child), 0)
  );
}

function childrenOf(pid) {
  return threads(pid).flatMap((task) =>
    look(`/proc/${pid}/task/${task}/children`).split(' ').filter(Boolean).map(Number),
  );
}

const pss = (pid) => Number(/^Pss: +(\d+) kB/m.exec(look(`/proc/${pid}/smaps_rollup`))?.[1] ?? 0) / 1024;

/** Processes and threads may end while they are looked at. */
function threads(pid) {
  try {
    return readdirSync(`/proc/${pid}/task`);
  } catch {
    return [];
  }
}

function look(file) {
  try {
    return readFileSync(file, 'latin1');
  } catch {
    return '';
  }
}

/**
 * `start` gives something with `call` and `close`; prints the milliseconds that were asked for. Of calls three times a round:
 * of one after the other, of one among sixteen, and the processor's for one of those that came one after the other.
 */
export async function answer(what, times, start) {
  const timed = async (action) => {
    const began = performance.now();
    const value = await action();
    return [performance.now() - began, value];
  };
  const list = [];
  if (what === 'start') {
    (await start()).close();
    for (let n = 0; n < times; n++) {
      const [ms, one] = await timed(start);
      list.push(ms);
      await one.close();
    }
  } else if (what === 'call') {
    const one = await start();
    const text = 'x'.repeat(170); // 200 bytes with what is around it
    for (let n = 0; n < 3000; n++) await one.call(text);
    for (let n = 0; n < times; n++) {
      const before = cpu();
      const [alone] = await timed(async () => {
        for (let call = 0; call < 1000; call++) await one.call(text);
      });
      const busy = cpu() - before;
      const [together] = await timed(async () => {
        const lane = async () => {
          for (let call = 0; call < 64; call++) await one.call(text);
        };
        await Promise.all(Array.from({ length: 16 }, lane));
      });
      list.push(alone / 1000, together / 1024, busy / 1000);
    }
    await one.close();
  } else {
    // After each of `steps`: how many there are, the milliseconds of starting them, the memory they take.
    const all = [];
    let sum = 0;
    for (const step of [2, 10, 20, 50]) {
      const [ms] = await timed(async () => {
        while (all.length < step) all.push(...(await Promise.all([start(), start()])));
      });
      sum += ms;
      list.push(step, sum, memoryBelow());
    }
    await Promise.all(all.map((one) => one.close()));
  }
  console.log(JSON.stringify(list));
}
