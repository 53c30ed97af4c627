/**
 * What this process was given, byte for byte: runtimes decode the environment and the working folder, and replace
 * bytes that are not UTF-8 by U+FFFD. Linux keeps the bytes themselves, and they are asked for only where that mark
 * shows up.
 *
 * @module
 */
import { realDisk } from "./real_disk.ts";
import { bytesToName, nameToBytes } from "./text.ts";

/** Environment variables. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** What a decoder puts in place of bytes that are not UTF-8. */
const REPLACEMENT = "\uFFFD";

/**
 * The environment with values as in `text.ts`.
 *
 * @param decoded As the runtime tells it; returned itself where nothing was lost.
 */
export function exactEnvironment(decoded: Environment): Environment {
  if (!JSON.stringify(decoded).includes(REPLACEMENT)) return decoded; // the fastest look at all of them: 0.02 ms
  const lossy = Object.entries(decoded).filter(([, value]) => value?.includes(REPLACEMENT) === true);
  const bytes = realDisk.readFile("/proc/self/environ");
  if (bytes === null) return decoded;
  const given = parseEnvironment(bytes);
  const exact: Record<string, string | undefined> = { ...decoded };
  for (const [name, value] of lossy) {
    const text = given.get(name);
    // One that was changed since the start is what the runtime says.
    if (text !== undefined && new TextDecoder().decode(nameToBytes(text)) === value) exact[name] = text;
  }
  return exact;
}

/** Variables of a block as execve(2) takes it: `name=value`, each ended by a zero byte. The first of a name counts. */
function parseEnvironment(bytes: Uint8Array): Map<string, string> {
  const values = new Map<string, string>();
  for (const entry of bytesToName(bytes).split("\0")) {
    const equals = entry.indexOf("=");
    if (equals > 0 && !values.has(entry.slice(0, equals))) {
      values.set(entry.slice(0, equals), entry.slice(equals + 1));
    }
  }
  return values;
}

/** A working folder with its name as in `text.ts`. */
export function exactWorkingDirectory(decoded: string): string {
  return decoded.includes(REPLACEMENT) ? realDisk.readLink("/proc/self/cwd") ?? decoded : decoded;
}
