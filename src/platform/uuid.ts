/**
 * How a UUID of version 7 is written (RFC 9562, section 5.7), for the layers that must know ids apart from anything
 * else that a file might hold.
 *
 * @module
 */

import { isLowerHex } from "./ascii.ts";

/** Whether a text is a UUID of version 7 in lower-case digits, with nothing before or behind it. */
export function isUuidVersion7(text: string): boolean {
  return text.length === 36 && text[8] === "-" && text[13] === "-" && text[18] === "-" && text[23] === "-" &&
    isLowerHex(text.slice(0, 8)) && isLowerHex(text.slice(9, 13)) && isLowerHex(text.slice(14, 18)) &&
    isLowerHex(text.slice(19, 23)) && isLowerHex(text.slice(24)) && text[14] === "7" && "89ab".includes(text[19]!);
}
