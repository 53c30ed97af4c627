/**
 * Paths as strings: joining, parents, and the path that a user meant.
 *
 * @module
 */

/** A path, made absolute by the folder it is relative to. */
export function joinPath(folder: string, path: string): string {
  if (path.startsWith("/")) return path;
  return folder.endsWith("/") ? folder + path : `${folder}/${path}`;
}

/** The folder that holds a path. */
export function parentPath(path: string): string {
  const slash = path.lastIndexOf("/");
  return slash <= 0 ? "/" : path.slice(0, slash);
}

/** An absolute path without `.`, `..`, doubled and final slashes; symbolic links are not looked at. */
export function normalizePath(path: string): string {
  const parts: string[] = [];
  for (const part of path.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== "" && part !== ".") parts.push(part);
  }
  return `/${parts.join("/")}`;
}

/**
 * What stands behind a folder in a path.
 *
 * @returns Empty for the folder itself, `null` when the path is not inside of it.
 */
export function pathInside(folder: string, path: string): string | null {
  if (path === folder) return "";
  const stem = folder.endsWith("/") ? folder : `${folder}/`;
  return path.startsWith(stem) ? path.slice(stem.length) : null;
}
