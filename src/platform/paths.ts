/**
 * Paths as texts.
 *
 * @module
 */
import type { System } from "./system.ts";

/** The folder that holds an absolute path; that of `/` is itself. */
export function folderOf(path: string): string {
  const slash = path.lastIndexOf("/");
  return slash <= 0 ? "/" : path.slice(0, slash);
}

/** A path, made absolute by the folder it is relative to. */
export function joinPath(folder: string, path: string): string {
  if (path.startsWith("/")) return path;
  return folder.endsWith("/") ? folder + path : `${folder}/${path}`;
}

/** The path that a user gave, absolute: a relative one counts from the working folder, which else is not asked for. */
export function absolutePath({ host }: Pick<System, "host">, path: string): string {
  return path.startsWith("/") ? path : joinPath(host.workingDirectory, path);
}
