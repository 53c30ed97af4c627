/**
 * The cache commands of the binary on a FUSE file system, which other hosts might share: their locks are PID lock files.
 *
 * @module
 */
import { CHECKS, placeOn } from "../cache_checks.ts";
import { fuse } from "./mount.ts";

using mount = await fuse();
for (const [name, check] of Object.entries(CHECKS)) {
  try {
    await check(placeOn(mount.place), "pid");
  } catch (cause) {
    throw new Error(`${name}: ${String(cause)}`, { cause });
  }
}
