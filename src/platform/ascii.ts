/**
 * What characters of ASCII a text consists of, found out one by one.
 *
 * A regular expression would say the same in a line. But the first that a process uses takes 0.05 to 0.1 ms and every
 * further one 0.01 to 0.02, and a short command, which takes 10 ms, asked a dozen of these questions.
 *
 * @module
 */

/** Whether a text consists of hexadecimal digits of either case, and of one at least. */
export function isHex(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit < 0x30 || unit > 0x66 || (unit > 0x39 && unit < 0x41) || (unit > 0x46 && unit < 0x61)) return false;
  }
  return text !== "";
}

/** Whether a text consists of hexadecimal digits in lower case, and of one at least. */
export function isLowerHex(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit < 0x30 || unit > 0x66 || (unit > 0x39 && unit < 0x61)) return false;
  }
  return text !== "";
}

/** Whether a UTF-16 unit is a decimal digit. */
export function isDigit(unit: number): boolean {
  return unit >= 0x30 && unit <= 0x39;
}

/** Whether a UTF-16 unit is a letter. */
export function isLetter(unit: number): boolean {
  return (unit >= 0x61 && unit <= 0x7a) || (unit >= 0x41 && unit <= 0x5a);
}
