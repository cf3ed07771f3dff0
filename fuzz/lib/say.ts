// oxlint-disable eslint/no-console -- the one file of the folder that prints
export function say(line: string): void {
  console.log(line);
}

/** What goes on meanwhile. */
export function mention(line: string): void {
  console.error(line);
}
