/**
 * Hosts of a network: a namespace each, linked to this one by a cable that can be cut. Needs to be root. They are gone with the
 * test's process.
 *
 * @module
 */
import { spawn, spawnSync } from "node:child_process";
import process from "node:process";

const WATCH = 'cat >/dev/null; for name in "$@"; do ip netns del "$name"; done';

let made = 0;

/** A host. */
export class NetworkHost {
  private constructor(
    /** Of its namespace. */
    readonly name: string,
    private readonly cable: string,
    /** By which it reaches us. */
    readonly us: string,
  ) {}

  /** Makes one. */
  static make(): NetworkHost {
    const number = made++;
    const name = `lattice-${process.pid}-${number}`;
    const cable = `lat${process.pid % 100_000}x${number}`;
    // 198.18.0.0/15 is set aside for measurements (RFC 2544): nobody is there.
    const net = `198.18.${process.pid % 256}.${number * 4}`.split(".").slice(0, 3).join(".");
    const [us, them] = [number * 4 + 1, number * 4 + 2].map((last) => `${net}.${last}`) as [string, string];
    ip("netns", "add", name);
    const watcher = spawn("/bin/sh", ["-c", WATCH, "sh", name], {
      cwd: "/",
      detached: true,
      stdio: ["pipe", "ignore", "ignore"],
    });
    watcher.unref();
    (watcher.stdin as unknown as { unref?(): void } | null)?.unref?.();
    ip("link", "add", cable, "type", "veth", "peer", "name", "uplink", "netns", name);
    ip("addr", "add", `${us}/30`, "dev", cable);
    ip("link", "set", cable, "up");
    ip("-n", name, "addr", "add", `${them}/30`, "dev", "uplink");
    ip("-n", name, "link", "set", "uplink", "up");
    return new NetworkHost(name, cable, us);
  }

  /** The command line that runs a program there. */
  command(program: string, args: readonly string[]): [string, string[]] {
    return ["ip", ["netns", "exec", this.name, program, ...args]];
  }

  /** Nothing arrives any more, on either side. */
  cut(): void {
    ip("link", "set", this.cable, "down");
  }

  /** As it was. */
  restore(): void {
    ip("link", "set", this.cable, "up");
  }
}

function ip(...args: string[]): void {
  const { status, stderr, error } = spawnSync("ip", args, { encoding: "utf8" });
  if (status !== 0) throw new Error(`ip ${args.join(" ")}: ${stderr ?? error}`);
}
