/** What others wrote, as a text of one line that moves no cursor and turns no direction around. */
export function plain(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, ' ');
}
