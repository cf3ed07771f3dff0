/** Returns a greeting for `name`. */
export function greet(name) {
  return `hello, ${name}`;
}
