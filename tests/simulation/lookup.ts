/**
 * From a path to an inode, with the errors and their order as Linux has them (path_resolution(7)).
 *
 * @module
 */
import { nameToBytes } from "../../src/platform/text.ts";
import { ROOT, type Tree } from "./tree.ts";

/** Where a path leads. */
export interface Place {
  /** Inode number of the folder that holds the last name. */
  folder: number;
  /** The last name; empty for `/`, `.` and `..`. */
  name: string;
  /** What stands under that name; `null`: nothing. */
  ino: number | null;
}

/** Why a path leads nowhere. */
export class LookupFailure {
  constructor(readonly errno: string) {}
}

const LINKS_FOLLOWED_MAX = 40;
const NAME_BYTES_MAX = 255;

/**
 * Looks a path up.
 *
 * @param follow Whether a symbolic link at the very end is followed.
 * @returns The place (its `ino` may be `null`), or the failure.
 */
export function lookup(tree: Tree, path: string, follow: boolean): Place | LookupFailure {
  let rest = path.split("/").filter((part) => part !== "").reverse();
  let folder = ROOT;
  let place: Place = { folder: ROOT, name: "", ino: ROOT };
  let followed = 0;
  for (let part = rest.pop(); part !== undefined; part = rest.pop()) {
    const here = tree.get(folder)!;
    if (here.birth.kind !== "directory") return new LookupFailure("ENOTDIR");
    if (part === "." || part === "..") {
      if (part === "..") folder = here.parent;
      place = { folder, name: "", ino: folder };
      continue;
    }
    if (part.length > NAME_BYTES_MAX / 3 && nameToBytes(part).length > NAME_BYTES_MAX) {
      return new LookupFailure("ENAMETOOLONG");
    }
    const ino = here.entries.get(part) ?? null;
    place = { folder, name: part, ino };
    if (ino === null) {
      if (rest.length > 0) return new LookupFailure("ENOENT");
      break;
    }
    const { birth } = tree.get(ino)!;
    if (birth.kind === "symlink" && (follow || rest.length > 0)) {
      if (++followed > LINKS_FOLLOWED_MAX) return new LookupFailure("ELOOP");
      if (birth.target.startsWith("/")) folder = ROOT;
      place = { folder, name: "", ino: folder };
      rest = rest.concat(birth.target.split("/").filter((piece) => piece !== "").reverse());
    } else {
      folder = ino;
    }
  }
  return place;
}
