/**
 * A session of its own with a real Secret Service: `gnome-keyring-daemon` on a private D-Bus, its keyring in a temporary
 * folder, unlocked by a password. It ends with the process that began it.
 *
 * @module
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import process from "node:process";
import { temporaryFolder } from "../temporary_folder.ts";

/** What the session is like. */
export type SessionKind =
  /** With an unlocked keyring. */
  | "unlocked"
  /** With a service whose keyring nobody unlocks. */
  | "locked"
  /** With a service that does not answer any more. */
  | "silent"
  /** With no service on the bus. */
  | "empty";

/** A session. */
export interface KeychainSession extends AsyncDisposable {
  /** The environment of whoever is to use it; `LATTICE_HOME` is the folder of the lock. */
  readonly env: Readonly<Record<string, string>>;
}

/** `gnome-keyring-daemon` goes to the background before it is on the bus: whoever asks at once may find nobody there. */
const UNTIL_IT_ANSWERS =
  'tries=0; until [ -z "$(secret-tool lookup no such 2>&1)" ]; do [ $((tries+=1)) -lt 400 ] || exit 1; sleep 0.05; done';

/** The last line tells the caller that all is ready; then it lasts until the caller is gone. */
const PROGRAMS: Readonly<Record<SessionKind, string>> = {
  unlocked: `printf password | gnome-keyring-daemon --unlock --components=secrets >&2
${UNTIL_IT_ANSWERS}`,
  locked: `gnome-keyring-daemon --start --components=secrets >&2
${UNTIL_IT_ANSWERS}`,
  silent: `printf password | gnome-keyring-daemon --foreground --unlock --components=secrets >&2 &
daemon=$!
${UNTIL_IT_ANSWERS}
kill -STOP $daemon`,
  empty: ":",
};

/** The configuration of a bus that starts no service by itself. */
const BARE_BUS = `<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>session</type><listen>unix:tmpdir=/tmp</listen><auth>EXTERNAL</auth>
<policy context="default"><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/></policy>
</busconfig>
`;

/**
 * Begins a session.
 *
 * @param home The folder of its keyring, to go on with that of an earlier one.
 */
export async function keychainSession(kind: SessionKind, home: string = temporaryFolder()): Promise<KeychainSession> {
  const runtime = temporaryFolder();
  for (const folder of ["lattice", "data"]) mkdirSync(`${home}/${folder}`, { recursive: true, mode: 0o700 });
  const own = {
    PATH: process.env["PATH"] ?? "/usr/bin:/bin",
    HOME: home,
    XDG_RUNTIME_DIR: runtime,
    XDG_DATA_HOME: `${home}/data`,
    LATTICE_HOME: `${home}/lattice`,
    LC_ALL: "C.UTF-8",
  };
  writeFileSync(`${runtime}/bus.conf`, BARE_BUS);
  const script = `${
    PROGRAMS[kind]
  }\nprintf '%s\\n' "$DBUS_SESSION_BUS_ADDRESS"\ncat >/dev/null\n[ -z "$daemon" ] || kill -KILL $daemon`;
  const child = spawn("dbus-run-session", ["--config-file", `${runtime}/bus.conf`, "--", "sh", "-c", script], {
    env: own,
    stdio: ["pipe", "pipe", "ignore"],
  });
  const address = await firstLine(child);
  return {
    env: { ...own, DBUS_SESSION_BUS_ADDRESS: address },
    async [Symbol.asyncDispose]() {
      const gone = once(child, "close");
      child.stdin!.end();
      await gone;
    },
  };
}

async function firstLine(child: ChildProcess): Promise<string> {
  let text = "";
  for await (const chunk of child.stdout!) {
    text += new TextDecoder().decode(chunk as Uint8Array);
    if (text.includes("\n")) return text.slice(0, text.indexOf("\n"));
  }
  throw new Error("the session ended before it began: is gnome-keyring-daemon installed?");
}
