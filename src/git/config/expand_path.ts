/**
 * `~/` and `~user/` at the beginning of paths in configuration (git-config, "pathname").
 *
 * @module
 */
import { LatticeError } from "../../platform/errors.ts";
import type { System } from "../../platform/system.ts";
import { bytesToName } from "../../platform/text.ts";

/** An account of the machine. */
export interface Account {
  readonly name: string;
  /** Full name and more, separated by commas. */
  readonly gecos: string;
  readonly home: string;
}

/**
 * The path that a setting means. What does not begin with a tilde is given back as it is.
 *
 * @throws {LatticeError} `invalid_data`: there is no such user, or `HOME` is not set.
 */
export function expandPath(system: Pick<System, "disk" | "env">, path: string): string {
  if (!path.startsWith("~")) return path;
  const slash = path.indexOf("/");
  const user = slash < 0 ? path.slice(1) : path.slice(1, slash);
  const home = user === "" ? system.env["HOME"] : findAccount(system, ([name]) => name === user)?.home;
  if (home === undefined) {
    throw new LatticeError("invalid_data", `cannot expand the folder of a user in ${JSON.stringify(path)}`, {
      hint: user === "" ? "set HOME" : `write the path of the folder instead of ~${user}`,
      details: { path },
    });
  }
  return slash < 0 ? home : home.replace(/\/$/, "") + path.slice(slash);
}

/** The first account in `/etc/passwd` whose fields are the wanted ones. */
export function findAccount(
  { disk }: Pick<System, "disk">,
  wanted: (fields: readonly string[]) => boolean,
): Account | null {
  const bytes = disk.readFile("/etc/passwd");
  if (bytes === null) return null;
  for (const line of bytesToName(bytes).split("\n")) {
    const fields = line.split(":");
    if (fields.length < 7 || !wanted(fields)) continue;
    return { name: fields[0]!, gecos: fields[4]!, home: fields[5]! };
  }
  return null;
}
