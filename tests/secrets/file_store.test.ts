import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import process from "node:process";
import { createSecretStore } from "../../src/secrets/create_store.ts";
import { SecretReadError, SecretWriteError } from "../../src/secrets/errors.ts";
import { FileSecretStore } from "../../src/secrets/file_store.ts";
import { LatticeError } from "../../src/platform/errors.ts";
import { SECRET_BYTES_MAX } from "../../src/secrets/secret_store.ts";
import { systemIn } from "../cli/command_line.ts";
import { test } from "../harness.ts";
import { SimDisk } from "../simulation/sim_disk.ts";
import { SimSystem } from "../simulation/sim_system.ts";
import { temporaryFolder } from "../temporary_folder.ts";
import { CASES } from "./conformance.ts";

function freshPath(): string {
  const folder = temporaryFolder();
  chmodSync(folder, 0o700);
  return `${folder}/secrets.toml`;
}

for (const { name, run } of CASES) {
  test(`a file: ${name}`, async () => {
    const path = freshPath();
    await run({ open: () => FileSecretStore.withPath(path), bytesMax: SECRET_BYTES_MAX });
  });

  if (name.startsWith("writers at the same time")) continue; // there, one process alone waits for ever for itself
  test(`a file on the simulated disk, by a PID lock file: ${name}`, async () => {
    const disk = SimDisk.fromTree({ "/h": null });
    disk.shared = true;
    const system = new SimSystem(disk, { env: { LATTICE_HOME: "/h/deep/er" } });
    await run({ open: () => createSecretStore("file", { system }), bytesMax: SECRET_BYTES_MAX });
  });
}

/** A file with a secret in it. */
async function stored(): Promise<{ path: string; folder: string; store: FileSecretStore }> {
  const path = freshPath();
  const store = FileSecretStore.withPath(path);
  await store.set("key", "hunter2");
  return { path, folder: path.slice(0, path.lastIndexOf("/")), store };
}

async function refusal(action: Promise<unknown>): Promise<LatticeError> {
  try {
    await action;
  } catch (error) {
    assert.ok(error instanceof LatticeError, String(error));
    for (let at: unknown = error; at instanceof Error; at = at.cause) assert.ok(!`${at.stack}`.includes("hunter2"));
    return error;
  }
  return assert.fail("it was not refused");
}

test("folder and file are their owner's alone", async () => {
  const { path, folder } = await stored();
  assert.deepEqual([statSync(folder).mode & 0o7777, statSync(path).mode & 0o7777], [0o700, 0o600]);
  assert.equal(readFileSync(path, "utf8"), 'key = "hunter2"\n');
});

for (const mode of [0o644, 0o640, 0o604, 0o660, 0o602, 0o601]) {
  test(`a file of mode ${mode.toString(8)} is refused, and chmod 600 mends it`, async () => {
    const { path, store } = await stored();
    chmodSync(path, mode);
    for (const action of [store.get("key"), store.list(), store.set("key", "new"), store.delete("key")]) {
      const error = await refusal(action);
      assert.deepEqual([error.code, error.details["path"]], ["io", path]);
      assert.match(error.hint!, /^chmod 600 /);
    }
    execFileSync("sh", ["-c", (await refusal(store.get("key"))).hint!.split(",")[0]!]);
    assert.equal(await store.get("key"), "hunter2");
  });
}

for (const mode of [0o777, 0o770, 0o1777, 0o750, 0o705]) {
  test(`a folder of mode ${mode.toString(8)} is refused where a secret is read, and chmod 700 mends it`, async () => {
    const { folder, store } = await stored();
    chmodSync(folder, mode);
    const error = await refusal(store.get("key"));
    assert.equal(error.code, "io");
    execFileSync("sh", ["-c", error.hint!]);
    assert.equal(await store.get("key"), "hunter2");
  });
}

test("a folder that others may write to, or that holds more, is not used and not changed", async () => {
  for (
    const [mode, entry, hint] of [
      [0o775, "config.toml", /^chmod 700 /],
      [0o1777, "config.toml", /^chmod 700 /],
      [0o755, "passwd", /^name a folder for nothing else in LATTICE_HOME/],
      [0o777, "passwd", /^name a folder for nothing else in LATTICE_HOME/],
    ] as const
  ) {
    const folder = temporaryFolder();
    writeFileSync(`${folder}/${entry}`, "");
    chmodSync(folder, mode);
    const error = await refusal(FileSecretStore.withPath(`${folder}/secrets.toml`).set("key", "hunter2"));
    assert.ok(error instanceof SecretWriteError);
    assert.equal(error.code, "io");
    assert.match(error.hint!, hint);
    assert.equal(statSync(folder).mode & 0o7777, mode);
    assert.equal(existsSync(`${folder}/secrets.toml`), false);
  }
});

test("a folder that holds nothing but lattice's own files is made private when the first secret comes in", async () => {
  const folder = temporaryFolder();
  writeFileSync(`${folder}/config.toml`, "");
  chmodSync(folder, 0o755);
  await FileSecretStore.withPath(`${folder}/secrets.toml`).set("key", "v");
  assert.equal(statSync(folder).mode & 0o7777, 0o700);
});

test("a folder that is a link to nothing is told as that", async () => {
  const link = `${temporaryFolder()}/link`;
  symlinkSync("nowhere", link);
  const error = await refusal(FileSecretStore.withPath(`${link}/secrets.toml`).set("key", "v"));
  assert.equal(error.code, "io");
  assert.match(error.message, /link" is a symbolic link that leads to nothing/);
  assert.match(error.hint!, /^put back the folder/);
});

test("a file or a folder of somebody else is refused, root or not", async () => {
  if (process.getuid?.() !== 0) return; // nobody else gives files away
  for (const whose of ["file", "folder"] as const) {
    const { path, folder, store } = await stored();
    chownSync(whose === "file" ? path : folder, 12_345, 12_345);
    for (const action of [store.get("key"), store.set("key", "new")]) {
      const error = await refusal(action);
      assert.deepEqual([error.code, error.details["uid"]], ["io", 12_345]);
      assert.match(error.hint!, /chown 0 .* && chmod/);
    }
  }
});

test("a symbolic link, a folder and a pipe in place of the file are refused, and nothing behind them is touched", async () => {
  const { path, store } = await stored();
  renameSync(path, `${path}.real`);
  symlinkSync(`${path}.real`, path);
  for (const action of [store.get("key"), store.set("key", "new")]) {
    const error = await refusal(action);
    assert.equal(error.code, "unsupported");
    assert.match(error.hint!, /chmod 600/);
  }
  assert.equal(readFileSync(`${path}.real`, "utf8"), 'key = "hunter2"\n');
  const command = (await refusal(store.get("key"))).hint!.replace("put the file itself in its place: ", "");
  execFileSync("sh", ["-c", command]);
  assert.equal(await store.get("key"), "hunter2");
  for (const make of [(at: string) => mkdirSync(at), (at: string) => execFileSync("mkfifo", ["-m", "600", at])]) {
    const other = freshPath();
    make(other);
    assert.equal((await refusal(FileSecretStore.withPath(other).get("key"))).code, "unsupported");
    assert.equal((await refusal(FileSecretStore.withPath(other).set("key", "x"))).code, "unsupported");
  }
});

test("a folder that is a symbolic link leads to the folder that is judged", async () => {
  const { path, folder } = await stored();
  const link = `${temporaryFolder()}/link`;
  symlinkSync(folder, link);
  const store = FileSecretStore.withPath(`${link}/secrets.toml`);
  await store.set("other", "v");
  assert.match(readFileSync(path, "utf8"), /other = "v"/);
  chmodSync(folder, 0o755);
  assert.equal((await refusal(store.get("key"))).code, "io");
});

/** A machine with a secret in a file, and what somebody does right behind one of the calls that look at the file. */
async function attacked(
  operation: string,
  nth: number,
  attack: (attacker: SimDisk, path: string) => void,
): Promise<{ store: FileSecretStore; path: string; disk: SimDisk; arm: () => void; happened: () => boolean }> {
  const path = "/h/.lattice/secrets.toml";
  const disk = SimDisk.fromTree({ "/h": null, "/evil": 'key = "evil"\n' });
  disk.chmod("/evil", 0o600);
  const store = FileSecretStore.ofUser({ system: new SimSystem(disk, { env: { HOME: "/h" } }) });
  await store.set("key", "mine");
  let [seen, done] = [0, false];
  const attacker = disk.forNeighbour();
  const arm = () =>
    disk.observe((record) => {
      if (record.operation !== operation || record.path !== path || ++seen !== nth) return;
      done = true;
      attack(attacker, path);
    });
  return { store, path, disk, arm, happened: () => done };
}

test("what is put in the place of the file between the look at it and its opening is not read", async () => {
  for (
    const [operation, nth] of [["lstat", 1], ["lstat", 2], ["openRead", 1], ["file.stat", 1], ["file.stat", 2]] as const
  ) {
    const { store, arm, happened } = await attacked(operation, nth, (attacker, path) => {
      attacker.unlink(path);
      attacker.symlink("/evil", path);
    });
    arm();
    const value = await store.get("key").catch((error: unknown) => error);
    assert.ok(happened(), `${operation} ${nth}`);
    assert.ok(value === "mine" || value instanceof SecretReadError, `${operation} ${nth}: ${String(value)}`);
  }
});

test("the file that was opened is judged, not the one of its name", async () => {
  const { store, path, disk, arm, happened } = await attacked("file.stat", 1, (attacker, path) => {
    attacker.rename("/evil", path);
  });
  disk.chmod(path, 0o644);
  arm();
  await assert.rejects(store.get("key"), (error) => error instanceof SecretReadError && error.code === "io");
  assert.ok(happened());
});

test("a folder that somebody else made just before us gets no secret", async () => {
  const disk = SimDisk.fromTree({ "/h": null });
  const system = new SimSystem(disk, { env: { HOME: "/h" } });
  const host = { ...system.host, userId: disk.storage.userId + 1 }; // whatever is made there is another one's
  const store = FileSecretStore.ofUser({ system: Object.create(system, { host: { value: host } }) as SimSystem });
  await assert.rejects(store.set("key", "v"), (error) => error instanceof SecretWriteError && error.code === "io");
  assert.deepEqual(disk.list("/h/.lattice"), []);
});

const DAMAGED: readonly (readonly [string, string | Uint8Array])[] = [
  ["is no TOML", 'key = "hunter2'],
  ["holds half a line", "hunter2"],
  ["holds a number", "key = 5\nother = 'hunter2'\n"],
  ["holds a table", "[table]\nkey = 'hunter2'\n"],
  ["has a key twice", "key = 'hunter2'\nkey = 'hunter2'\n"],
  ["is not UTF-8", Uint8Array.of(0x6b, 0x3d, 0x22, 0xff, 0x22)],
  ["is a page of NULs", new Uint8Array(4096)],
];

for (const [what, content] of DAMAGED) {
  test(`a file that ${what} is told and left alone`, async () => {
    const { path, store } = await stored();
    writeFileSync(path, content);
    const before = readFileSync(path);
    for (const action of [store.get("key"), store.list(), store.set("key", "new"), store.delete("key")]) {
      const error = await refusal(action);
      assert.deepEqual([error.code, error.details["path"]], ["invalid_data", path]);
    }
    assert.deepEqual(readFileSync(path), before);
  });
}

test("a file beyond its limit is not read into memory", async () => {
  const { path, store } = await stored();
  execFileSync("truncate", ["-s", "65M", path]);
  assert.equal((await refusal(store.get("key"))).code, "invalid_data");
});

test("createSecretStore() of any other name lists the two, and of none of the folders says which to set", () => {
  assert.equal(createSecretStore("keychain").provider, "keychain");
  const refused = (provider: string, env: Record<string, string>) => {
    const system = new SimSystem(SimDisk.fromTree({}), { env });
    try {
      createSecretStore(provider, { system });
    } catch (error) {
      if (error instanceof LatticeError) return error;
    }
    return assert.fail("it was not refused");
  };
  for (const provider of ["vault", "", "File", "__proto__", "file "]) {
    const error = refused(provider, { HOME: "/h" });
    assert.match(error.message, /file, keychain/);
    assert.equal(error.code, "usage");
  }
  for (const env of [{}, { HOME: "", LATTICE_HOME: "" }]) {
    const error = refused("file", env as Record<string, string>);
    assert.match(`${error.message}; ${error.hint}`, /HOME.*LATTICE_HOME/);
  }
});

test("LATTICE_HOME moves the folder, and it, and HOME, may count from the working folder", async () => {
  const folder = temporaryFolder();
  const places = [
    [{ LATTICE_HOME: `${folder}/a/` }, `${folder}/a`],
    [{ LATTICE_HOME: "b/c" }, `${folder}/b/c`],
    [{ HOME: "d" }, `${folder}/d/.lattice`],
  ] as const;
  for (const [env, expected] of places) {
    const system = systemIn({ cwd: folder, env });
    const store = FileSecretStore.ofUser({ system });
    await store.set("key", "v");
    assert.equal(store.path, `${expected}/secrets.toml`);
    assert.equal(statSync(expected).mode & 0o7777, 0o700);
  }
});

test("each value that comes into memory is told to who keeps it out of what is printed", async () => {
  const { path } = await stored();
  const told: string[] = [];
  const store = FileSecretStore.withPath(path, { onValue: (value) => void told.push(value) });
  await store.set("other", "second");
  assert.deepEqual([...new Set(told)].sort(), ["hunter2", "second"]);
});
