/** Counts checks and prints those that fail; `npm run test:peers` ends with its last line. */
export class Tally {
  #passed = 0;
  #failed = 0;
  #skipped = 0;

  /** One check: `problem` is what is wrong, `null` if nothing is. */
  check(name: string, problem: string | null): void {
    if (problem === null) {
      this.#passed++;
      return;
    }
    this.#failed++;
    console.log(`FAIL ${name}: ${problem}`);
  }

  skip(name: string, why: string): void {
    this.#skipped++;
    console.log(`skip ${name}: ${why}`);
  }

  get passed(): number {
    return this.#passed;
  }

  get failed(): number {
    return this.#failed;
  }

  get line(): string {
    return `${this.#passed} passed, ${this.#failed} failed${this.#skipped === 0 ? '' : `, ${this.#skipped} skipped`}`;
  }
}

/** Runs `work` on every item, at most two at a time. */
export async function twoAtATime<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const left = [...items];
  const worker = async (): Promise<void> => {
    for (let item = left.shift(); item !== undefined; item = left.shift()) await work(item);
  };
  await Promise.all([worker(), worker()]);
}
