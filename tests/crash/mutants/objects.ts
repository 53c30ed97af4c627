/**
 * Mutants that store objects wrongly.
 *
 * @module
 */
import type { Mutant } from "./mutant.ts";
import { GIT_DIR, mutateDisk, OPS, withoutFlushOf, withoutFlushOfFolder } from "./seam.ts";

const PACKS = `${GIT_DIR}/objects/pack`;

/** An object that refs lead to is gone or damaged. */
const LOST = /leads to nothing|is damaged/;

const isFanOut = (path: string) => /\/objects\/[0-9a-f]{2}$/.test(path);

/** Mutants that store objects wrongly. */
export const objectMutants: readonly Mutant[] = [
  {
    name: "pack not flushed",
    breaks: "A pack gets its name before its content is durable.",
    in: "program",
    mutation: withoutFlushOf((path) => path.includes("/tmp_pack_")),
    caughtIn: { "a batch": LOST },
  },
  {
    name: "index not flushed",
    breaks: "The index of a pack gets its name before its content is durable.",
    in: "program",
    mutation: withoutFlushOf((path) => path.includes("/tmp_idx_")),
    // The `.keep` is another name of the index: a torn one is no longer known for ours.
    caughtIn: { "a batch": /leads to nothing|is damaged|\.keep is left/ },
  },
  {
    name: "packs' folder not flushed",
    breaks: "The names of a pack and of its index are not made durable before a ref leads into it.",
    in: "program",
    mutation: withoutFlushOfFolder((path) => path === PACKS),
    caughtIn: { "a batch": LOST },
  },
  {
    name: "index named before its pack",
    breaks: "A kill between the two renames leaves an index without a pack.",
    in: "program",
    mutation: mutateDisk((disk) => {
      let pack: [from: string, to: string] | null = null;
      return {
        rename(from, to) {
          if (to.startsWith(PACKS) && to.endsWith(".pack")) {
            pack = [from, to];
            return;
          }
          disk.rename(from, to);
          if (pack !== null) disk.rename(...pack);
          pack = null;
        },
      };
    }),
    caughtIn: { "a batch": /has no pack/ },
  },
  {
    name: "no .keep",
    breaks: "A pack has no .keep, so git gc takes it before a ref leads into it.",
    in: "program",
    mutation: mutateDisk((disk) => ({
      link: (existing, path) => path.endsWith(".keep") ? undefined : disk.link(existing, path),
    })),
    caughtIn: { "a batch beside git gc": LOST },
  },
  {
    name: ".keep removed too early",
    breaks: "The .keep of a pack goes before the refs lead into it.",
    in: "program",
    mutation: mutateDisk((disk) => ({
      syncDirectory(path) {
        disk.syncDirectory(path);
        if (path !== OPS) return;
        for (const { name } of disk.list(PACKS)!) if (name.endsWith(".keep")) disk.unlink(`${PACKS}/${name}`);
      },
    })),
    caughtIn: { "a batch beside git gc": LOST },
  },
  {
    name: "loose object not flushed",
    breaks: "A loose object gets its name before its content is durable.",
    in: "program",
    mutation: withoutFlushOf((path) => path.includes("/tmp_obj_")),
    caughtIn: { "one ref moves": LOST },
  },
  {
    name: "loose object's folder not flushed",
    breaks: "The name of a loose object is not made durable before a ref leads to it.",
    in: "program",
    mutation: withoutFlushOfFolder(isFanOut),
    caughtIn: { "one ref moves": LOST },
  },
  {
    name: "object that is there already not flushed",
    breaks: "An object that somebody else wrote is believed to be durable because it can be seen.",
    in: "program",
    mutation: withoutFlushOf((path) => path.includes("/objects/") && !path.includes("/tmp_")),
    caughtIn: { "an object that nobody flushed": LOST },
  },
];
