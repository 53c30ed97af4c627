/**
 * The real system with the environment of the tests, for comparisons with git.
 *
 * @module
 */
import { realSystem } from "../../src/platform/real_system.ts";
import type { System } from "../../src/platform/system.ts";
import { gitEnvironment } from "../git_oracle.ts";

/**
 * A system whose variables are those that git has in tests.
 *
 * @param cwd Working directory, absolute.
 * @param env More variables; they win.
 * @param userId Effective user, when another than ours is to be played.
 */
export function systemOf(cwd: string, env: Record<string, string> = {}, userId?: number): System {
  const host = Object.create(realSystem.host, {
    workingDirectory: { value: cwd },
    ...(userId === undefined ? {} : { userId: { value: userId } }),
  }) as System["host"];
  const clock = { ...realSystem.clock, timeZoneMinutes: () => 0 }; // TZ=UTC, as git has it
  return { ...realSystem, clock, host, env: { ...gitEnvironment, ...env } };
}
