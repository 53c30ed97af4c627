/**
 * The file in which PostgreSQL's programs look for passwords ("The Password File" in the documentation of libpq).
 *
 * @module
 */
import type { System } from "../platform/system.ts";

/** A file of passwords is read up to here, in bytes. */
const FILE_BYTES_MAX = 1 << 20;

const OTHERS = 0o077;

/**
 * The password for a server.
 *
 * @param path The file; `.pgpass` in the home folder when nothing is said.
 * @param wanted Host, port, database and user.
 * @returns `undefined`: there is none, or the file can be read by others, and is not believed then.
 */
export function passwordFromFile(
  { disk, env }: System,
  path: string | undefined,
  wanted: readonly string[],
): string | undefined {
  const file = path ?? (env["HOME"]?.startsWith("/") ? `${env["HOME"]}/.pgpass` : undefined);
  if (file === undefined) return undefined;
  const stat = disk.stat(file);
  if (stat === null || stat.kind !== "file" || (stat.mode & OTHERS) !== 0) return undefined;
  const bytes = disk.readFile(file, FILE_BYTES_MAX);
  if (bytes === null) return undefined;
  for (const line of new TextDecoder().decode(bytes).split("\n")) {
    if (line.startsWith("#")) continue;
    const fields = fieldsOf(line.replace(/\r$/, ""));
    const fits = wanted.every((value, index) => fields[index] === "*" || unescaped(fields[index]) === value);
    if (fields.length === wanted.length + 1 && fits) return unescaped(fields.at(-1));
  }
  return undefined;
}

/** Fields are separated by colons; a backslash takes the meaning from what follows it. */
function fieldsOf(line: string): string[] {
  const fields = line.match(/(?:\\.|[^:\\])*(?::|$)/g) ?? [];
  return fields.slice(0, -1).map((field) => field.replace(/:$/, ""));
}

function unescaped(field: string | undefined): string | undefined {
  return field?.replace(/\\(.)/g, "$1");
}
