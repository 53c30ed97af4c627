/** Programs of the system: whether they are there, and how they are installed, as root and where apt-get is. */
import { spawnSync } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import process from "node:process";
import { run } from "./setup.mjs";

/** Whether a program is in PATH. */
export function isThere(program) {
  return (process.env.PATH ?? "").split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false; // not in this folder of PATH, or not executable there
    }
  });
}

/** Whether packages can be installed here at all. */
export function canInstall() {
  return process.getuid?.() === 0 && isThere("apt-get");
}

/** Installs Debian packages and says so; throws where it cannot. */
export function install(packages) {
  console.log(`installing: apt-get install ${packages.join(" ")}`);
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  spawnSync("apt-get", ["update", "-qq"], { stdio: ["ignore", "ignore", "inherit"], env }); // stale lists may do
  run("apt-get", ["install", "-y", "-qq", "--no-install-recommends", ...packages], { env });
}
