/**
 * Paths as strings: what they come to, and what stands inside a folder.
 *
 * @module
 */

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
