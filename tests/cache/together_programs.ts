/**
 * Programs of simulated processes that use one cache.
 *
 * @module
 */
import { Cache } from "../../src/cache/cache.ts";
import { utf8 } from "../../src/platform/text.ts";
import type { SimulatedProcess } from "../simulation/together.ts";

/** What {@link useCache} is to do. */
export interface CacheInput {
  readonly folder: string;
  readonly steps: readonly ("refresh" | "force" | "put" | "get" | "clean")[];
}

/** What it tells; `content` is `null` where there is none. */
export type CacheFact =
  | { readonly is: "refreshing" | "fetching" | "fetched" | "reading" }
  | { readonly is: "read"; readonly content: string | null };

/** Does its steps on the entry `a`. Every content is another one. */
export async function useCache({ system, tell }: SimulatedProcess, { folder, steps }: CacheInput): Promise<string[]> {
  const cache = new Cache(folder, { timeoutMs: Infinity, command: "test" }, system);
  const said = (fact: CacheFact) => tell(fact);
  const outcomes: string[] = [];
  for (const [index, step] of steps.entries()) {
    const content = `${system.host.pid}, ${index}`;
    switch (step) {
      case "put":
        await cache.put("a", content);
        break;
      case "refresh":
      case "force": {
        said({ is: "refreshing" });
        const { refreshed } = await cache.refresh("a", function* () {
          said({ is: "fetching" });
          yield utf8(content.slice(0, 3));
          yield utf8(content.slice(3));
          said({ is: "fetched" });
        }, { force: step === "force" });
        outcomes.push(refreshed ? "fetched" : "found");
        break;
      }
      case "get": {
        said({ is: "reading" });
        const found = cache.get("a");
        said({ is: "read", content: found === undefined ? null : new TextDecoder().decode(found.content) });
        break;
      }
      case "clean":
        outcomes.push(...cache.clean().removed);
    }
  }
  return outcomes;
}
