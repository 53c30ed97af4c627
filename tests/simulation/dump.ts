/**
 * A simulated file system from and to plain values.
 *
 * @module
 */
import { compareNames, decodeUtf8, toHex, utf8 } from "../../src/platform/text.ts";
import type { Storage } from "./storage.ts";
import { ROOT, type Tree } from "./tree.ts";

/** Files by absolute path: text or bytes; `null` an empty folder; `{ link }` a symbolic link. Folders above come by themselves. */
export type TreeSource = Record<string, string | Uint8Array | null | { link: string }>;

/**
 * Everything by path, in byte order: a folder's path ends with a slash and holds its mode, a file's value is its
 * mode and its text (or its bytes as `hex:…`), a symbolic link's is `-> ` and where to.
 */
export type TreeDump = Record<string, string>;

/** Puts files into storage. */
export function plantTree(storage: Storage, source: TreeSource): void {
  for (const [path, value] of Object.entries(source)) {
    const parts = path.split("/").filter((part) => part !== "");
    const last = parts.pop();
    if (last === undefined) continue;
    let folder = ROOT;
    for (const part of parts) folder = enter(storage, folder, part);
    if (value === null) {
      enter(storage, folder, last);
    } else if (typeof value === "object" && "link" in value) {
      const { timeUs } = storage;
      const ino = storage.bear({ kind: "symlink", mode: 0o777, timeUs, target: value.link }, folder);
      storage.setNames("plant", [{ folder, name: last, ino }]);
    } else {
      const ino = storage.bear({ kind: "file", mode: 0o644, timeUs: storage.timeUs }, folder);
      storage.setNames("plant", [{ folder, name: last, ino }]);
      storage.write(ino, 0, typeof value === "string" ? utf8(value) : value, path);
    }
  }
}

function enter(storage: Storage, folder: number, name: string): number {
  const present = storage.visible.get(folder)!.entries.get(name);
  if (present !== undefined) return present;
  const ino = storage.bear({ kind: "directory", mode: 0o755, timeUs: storage.timeUs }, folder);
  storage.setNames("plant", [{ folder, name, ino }]);
  return ino;
}

/** Shows a state as plain values. */
export function dumpTree(tree: Tree): TreeDump {
  const dump: TreeDump = {};
  const visit = (ino: number, path: string): void => {
    const { birth, mode, content, entries } = tree.get(ino)!;
    if (birth.kind === "symlink") {
      dump[path] = `-> ${birth.target}`;
    } else if (birth.kind === "file") {
      const text = decodeUtf8(content);
      dump[path] = `${mode.toString(8)} ${text ?? `hex:${toHex(content)}`}`;
    } else {
      if (ino !== ROOT) dump[`${path}/`] = mode.toString(8);
      for (const [name, child] of [...entries].sort(([a], [b]) => compareNames(a, b))) visit(child, `${path}/${name}`);
    }
  };
  visit(ROOT, "");
  return dump;
}
