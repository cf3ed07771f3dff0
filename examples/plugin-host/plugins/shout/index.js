export function transform({ text }) {
  return text.replaceAll(/^# .*$/gm, (line) => line.toUpperCase());
}
