/**
 * `lattice meta list`.
 *
 * @module
 */
import type { CommandContext } from "../context.ts";
import { EXIT_OK } from "../exit_codes.ts";
import { MetadataStore } from "../../metadata/store.ts";

/** Prints the branches that have metadata. */
export async function run({ output, openRepository }: CommandContext): Promise<number> {
  const store = new MetadataStore(await openRepository());
  if (output.json) output.value(store.listAll());
  else output.lines(store.list());
  return EXIT_OK;
}
