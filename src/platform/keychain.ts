/**
 * The system's own keychain: Secret Service, macOS Keychain, Windows Credential Manager.
 *
 * Bun brings the calls along. Deno has none; on Linux it asks `secret-tool` of libsecret, with the attributes that Bun
 * gives its entries, so that both find the same ones. A value is never an argument of a program: it goes by its input.
 *
 * @module
 */
import { LatticeError } from "./errors.ts";
import { bun } from "./runtime.ts";
import type { System } from "./system.ts";
import { decodeUtf8, utf8 } from "./text.ts";

/** Entries of one service by name. Names and values hold no NUL, and neither is empty. */
export interface Keychain {
  /** The longest value in bytes. */
  readonly bytesMax: number;
  /** `null`: there is no such entry. */
  get(name: string): Promise<string | null>;
  /** Makes an entry, or replaces it. */
  set(name: string, value: string): Promise<void>;
  /** Removes an entry; one that is not there is fine. */
  delete(name: string): Promise<void>;
}

/** For how long the keychain is waited for, in milliseconds: where a person may be asked for a password, and elsewhere. */
const PATIENCE_MS = { desktop: 120_000, headless: 10_000 };

/** `secret-tool` cuts what is longer, and says that all is well. */
const SECRET_TOOL_BYTES_MAX = 8191;

/** By which Bun knows entries that it made. */
const BUN_SCHEMA = "com.oven-sh.bun.Secret";

/**
 * Opens the keychain of the user's session.
 *
 * @param service Whose entries.
 * @throws {LatticeError} `unsupported`: there is none here; the message says what is missing.
 */
export function openKeychain(system: System, service: string): Keychain {
  const { env, host } = system;
  if (host.platform === "linux" && !hasSession(system)) {
    throw missing("there is no D-Bus session (DBUS_SESSION_BUS_ADDRESS is not set)");
  }
  const patienceMs = env["DISPLAY"] || env["WAYLAND_DISPLAY"] ? PATIENCE_MS.desktop : PATIENCE_MS.headless;
  if (bun !== undefined) return new BunKeychain(service, patienceMs);
  if (host.platform === "linux") return new SecretTool(service, patienceMs);
  throw missing("Deno has no way to it on this platform that keeps values out of arguments");
}

/** Without a session libsecret would try to start one, which nobody would end. */
function hasSession({ env, disk }: System): boolean {
  const { DBUS_SESSION_BUS_ADDRESS, XDG_RUNTIME_DIR } = env;
  if (DBUS_SESSION_BUS_ADDRESS !== undefined && DBUS_SESSION_BUS_ADDRESS !== "") return true;
  return XDG_RUNTIME_DIR?.startsWith("/") === true && disk.stat(`${XDG_RUNTIME_DIR}/bus`) !== null;
}

function missing(reason: string, cause?: unknown): LatticeError {
  return new LatticeError("unsupported", `no keychain is to be had: ${reason}`, {
    hint: "use --provider file, or run it in a session with a Secret Service (Debian: libsecret-1-0, gnome-keyring)",
    cause,
  });
}

/** What Bun calls its errors when it is not the keychain that is missing, but leave. */
const REFUSALS: ReadonlySet<string> = new Set([
  "ERR_SECRETS_ACCESS_DENIED",
  "ERR_SECRETS_AUTH_FAILED",
  "ERR_SECRETS_INTERACTION_NOT_ALLOWED",
  "ERR_SECRETS_INTERACTION_REQUIRED",
  "ERR_SECRETS_USER_CANCELED",
]);

class BunKeychain implements Keychain {
  readonly bytesMax = Infinity;

  constructor(private readonly service: string, private readonly patienceMs: number) {}

  get(name: string): Promise<string | null> {
    return this.ask((secrets) => secrets.get({ service: this.service, name }));
  }

  set(name: string, value: string): Promise<void> {
    return this.ask((secrets) => secrets.set({ service: this.service, name, value }));
  }

  async delete(name: string): Promise<void> {
    await this.ask((secrets) => secrets.delete({ service: this.service, name }));
  }

  /** A dialog that nobody answers, or a service that does not, must not stop the program for ever. */
  private async ask<T>(question: (secrets: NonNullable<typeof bun>["secrets"]) => Promise<T>): Promise<T> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(noAnswer(this.patienceMs)), this.patienceMs);
    });
    try {
      return await Promise.race([question(bun!.secrets), late]);
    } catch (cause) {
      throw cause instanceof LatticeError ? cause : keychainError(cause);
    } finally {
      clearTimeout(timer);
    }
  }
}

function noAnswer(patienceMs: number): LatticeError {
  return new LatticeError("unsupported", `the keychain does not answer within ${patienceMs / 1000} s`, {
    hint: "unlock it, or use --provider file",
  });
}

function keychainError(cause: unknown): unknown {
  const { code, message } = cause as { code?: unknown; message?: string };
  if (typeof code !== "string" || !code.startsWith("ERR_SECRETS_")) return cause;
  return REFUSALS.has(code) ? refused(`${message}`, cause) : refusedOrMissing(`${message}`, cause);
}

/** What libsecret says is the only way to tell that the keychain is there and closed. */
function refusedOrMissing(said: string, cause?: unknown): LatticeError {
  return /\blocked\b|dismissed/i.test(said) ? refused(said, cause) : missing(said, cause);
}

function refused(reason: string, cause?: unknown): LatticeError {
  return new LatticeError("unsupported", `the keychain refuses: ${reason}`, {
    hint: "unlock it and allow access when it asks, or use --provider file",
    cause,
  });
}

/** How a run of `secret-tool` ended. */
interface ToolResult {
  readonly status: number | null;
  readonly stdout: Uint8Array;
  readonly stderr: Uint8Array;
  readonly error?: unknown;
}

class SecretTool implements Keychain {
  readonly bytesMax = SECRET_TOOL_BYTES_MAX;

  constructor(private readonly service: string, private readonly patienceMs: number) {}

  get(name: string): Promise<string | null> {
    const { status, stdout } = this.run("lookup", [], name);
    if (status !== 0) return Promise.resolve(null);
    return Promise.resolve(decodeUtf8(stdout) ?? "");
  }

  set(name: string, value: string): Promise<void> {
    this.run("store", [`--label=${this.service}/${name}`], name, value);
    return Promise.resolve();
  }

  delete(name: string): Promise<void> {
    this.run("clear", [], name);
    return Promise.resolve();
  }

  /** Ends with 1 and says nothing where there is no such entry. */
  private run(verb: string, options: string[], name: string, value?: string): ToolResult {
    const attributes = ["xdg:schema", BUN_SCHEMA, "service", this.service, "account", name];
    const result = spawnTool([verb, ...options, "--", ...attributes], value, this.patienceMs);
    const { status, stderr, error } = result;
    if (error !== undefined) throw toolError(error, this.patienceMs);
    const said = new TextDecoder().decode(stderr).trim().replace(/^secret-tool: /, "");
    const isRefused = status !== 0 && (said !== "" || verb === "store");
    if (isRefused) throw refusedOrMissing(said === "" ? `secret-tool ended with ${status}` : said);
    return result;
  }
}

function spawnTool(args: string[], input: string | undefined, timeoutMs: number): ToolResult {
  const { process } = globalThis as unknown as { process: { getBuiltinModule(id: string): unknown } };
  const { spawnSync } = process.getBuiltinModule("node:child_process") as {
    spawnSync(program: string, args: string[], options: Record<string, unknown>): ToolResult;
  };
  try {
    return spawnSync("secret-tool", args, {
      input: utf8(input ?? ""),
      stdio: ["pipe", "pipe", "pipe"],
      timeout: timeoutMs,
      maxBuffer: 64 * 1024 * 1024,
    });
  } catch (error) {
    return { status: null, stdout: new Uint8Array(), stderr: new Uint8Array(), error };
  }
}

function toolError(cause: unknown, patienceMs: number): unknown {
  const { code, name } = cause as { code?: string; name?: string };
  if (code === "ETIMEDOUT") return noAnswer(patienceMs);
  if (code === "ENOENT") return missing("secret-tool is not installed (Debian: libsecret-tools)", cause);
  return name === "NotCapable"
    ? missing("secret-tool may not be run: --allow-run=secret-tool is needed", cause)
    : cause;
}
