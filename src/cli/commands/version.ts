/**
 * `lattice version`.
 *
 * @module
 */
import type { CommandContext } from "../context.ts";
import { EXIT_OK } from "../exit_codes.ts";
import { VERSION } from "../version_number.ts";
import { describeRuntime } from "../../platform/process.ts";

/** What this build can do; names that scripts may ask for. */
const CAPABILITIES = ["sha1", "sha256", "refs-files"] as const;

/** Prints version, runtime, platform and capabilities. */
export function run({ output }: CommandContext): number {
  const runtime = describeRuntime();
  if (output.json) {
    output.value({
      version: VERSION,
      runtime: runtime.name,
      runtime_version: runtime.version,
      platform: runtime.platform,
      capabilities: CAPABILITIES,
    });
  } else {
    output.lines([
      `lattice ${VERSION}`,
      `runtime: ${runtime.name} ${runtime.version}`,
      `platform: ${runtime.platform}`,
      `capabilities: ${CAPABILITIES.join(", ")}`,
    ]);
  }
  return EXIT_OK;
}
