/** The cache commands, on a file system of this machine; `mounts.test.ts` has the same on a FUSE file system. */
import { test } from "../harness.ts";
import { CHECKS, placeOn } from "./cache_checks.ts";

for (const [name, check] of Object.entries(CHECKS)) {
  test(`cache of the binary (local disk): ${name}`, async () => {
    await check(placeOn(), "flock");
  });
}
