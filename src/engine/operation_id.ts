/**
 * Ids of operations: UUID version 7 (RFC 9562, section 5.7), whose text sorts by time.
 *
 * @module
 */
import type { System } from "../platform/system.ts";
import { toHex } from "../platform/text.ts";
import { isUuidVersion7 } from "../platform/uuid.ts";

/** Whether a text is what an operation id looks like. */
export const isOperationId: (text: string) => boolean = isUuidVersion7;

/**
 * Makes an id that sorts behind the last one even where the clock was set back.
 *
 * @param last The newest id known, or `null`.
 */
export function newOperationId(system: System, last: string | null): string {
  const lastMs = last === null ? -1 : operationTimeMs(last);
  const nowMs = system.clock.nowMs();
  const timeMs = nowMs >= lastMs + 1 ? nowMs : lastMs + 1;
  const bytes = new Uint8Array(16);
  bytes.set(system.randomBytes(10), 6);
  for (let i = 5, rest = timeMs; i >= 0; i--, rest = (rest - rest % 256) / 256) bytes[i] = rest % 256;
  bytes[6] = (bytes[6]! & 0x0f) | 0x70;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  const digits = toHex(bytes);
  const first = `${digits.slice(0, 8)}-${digits.slice(8, 12)}-${digits.slice(12, 16)}`;
  return `${first}-${digits.slice(16, 20)}-${digits.slice(20)}`;
}

/** When an id was made, in milliseconds since 1970. */
export function operationTimeMs(id: string): number {
  return parseInt(id.slice(0, 8) + id.slice(9, 13), 16);
}
