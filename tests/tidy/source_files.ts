/**
 * The project's own files, for the tests that keep its rules.
 *
 * @module
 */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The folder of the project. */
export const root: string = fileURLToPath(new URL("../../", import.meta.url));

/** A file of the project. */
export interface SourceFile {
  /** Relative to the project. */
  readonly path: string;
  readonly text: string;
}

/** One import of a file. */
export interface Import {
  /** As it is written. */
  readonly specifier: string;
  /** The imported file relative to the project; `null` for a package or a module of the runtime. */
  readonly path: string | null;
  /** Only types: gone at run time. */
  readonly typeOnly: boolean;
}

/** Never looked into: not ours, or made from other files. */
const FOREIGN = ["node_modules", "dist", ".git", "generated"];

/** Files below a folder of the project whose name ends in one of these. */
export function filesBelow(folder: string, endings: readonly string[]): SourceFile[] {
  const files: SourceFile[] = [];
  for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
    if (FOREIGN.includes(entry.name)) continue;
    const path = folder === "." ? entry.name : `${folder}/${entry.name}`;
    if (entry.isDirectory()) files.push(...filesBelow(path, endings));
    else if (endings.some((ending) => entry.name.endsWith(ending))) {
      files.push({ path, text: readFileSync(join(root, path), "utf8") });
    }
  }
  return files;
}

/** Source without comments, each line where it was. Strings stay. */
export function withoutComments(text: string): string {
  const pattern = /"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`(?:[^`\\]|\\[^])*`|\/\*[^]*?\*\/|\/\/[^\n]*/g;
  return text.replace(pattern, (part) => part.startsWith("/") ? part.replace(/[^\n]/g, " ") : part);
}

/** Source without comments and without the content of plain strings, for rules about names. */
export function namesOnly(text: string): string {
  return withoutComments(text).replace(/"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'/g, '""');
}

/** What a file imports, statically or when it needs it. */
export function importsOf(file: SourceFile): Import[] {
  const code = withoutComments(file.text);
  const found: Import[] = [];
  const add = (specifier: string, typeOnly: boolean) => {
    const path = specifier.startsWith(".") ? join(dirname(file.path), specifier) : null;
    found.push({ specifier, path, typeOnly });
  };
  for (const [, kind, specifier = ""] of code.matchAll(/^(?:import|export)( type)? (?:[^;"]*? from )?"([^"]+)";/gm)) {
    add(specifier, kind !== undefined);
  }
  for (const [, specifier = ""] of code.matchAll(/\bimport\("([^"]+)"\)/g)) add(specifier, false);
  return found;
}
