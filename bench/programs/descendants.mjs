import { readdirSync, readFileSync } from 'node:fs';

/** Memory in MB of all processes below this one, shared pages counted once among those that share them; NaN without /proc. */
export function memoryBelow(pid = process.pid) {
  return childrenOf(pid).reduce((sum, child) => sum + pss(child) + memoryBelow(child), 0);
}

function childrenOf(pid) {
  return readdirSync(`/proc/${pid}/task`).flatMap((task) =>
    readFileSync(`/proc/${pid}/task/${task}/children`, 'latin1').split(' ').filter(Boolean).map(Number),
  );
}

function pss(pid) {
  try {
    return (
      Number(/^Pss: +(\d+) kB/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'latin1'))?.[1] ?? 0) / 1024
    );
  } catch {
    return 0;
  }
}

/** `start` gives something with `call` and `close`; prints the milliseconds that were asked for. */
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
      const [ms] = await timed(async () => {
        for (let call = 0; call < 1000; call++) await one.call(text);
      });
      list.push(ms / 1000);
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
