/** Installing hooks and taking them away: what is kept, what is refused, and what a crash leaves. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import {
  appendFileSync,
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { openRepository } from "../../src/git/open.ts";
import { installHook, uninstallHooks } from "../../src/hooks/installation.ts";
import { DiskError } from "../../src/platform/disk.ts";
import type { System } from "../../src/platform/system.ts";
import { lattice } from "../cli/command_line.ts";
import { temporaryFolder } from "../fixtures.ts";
import { gitText } from "../git_oracle.ts";
import { systemOf } from "../git/system_of.ts";
import { test } from "../harness.ts";

const OLD = "#!/bin/sh\nexit 0\n";

/** A repository whose folder of hooks holds what is given. */
function repositoryWith(hooks: Record<string, string> = {}): { folder: string; hooks: string } {
  const folder = temporaryFolder();
  gitText(["init", "-q", "-b", "main", "--template=", folder], folder);
  const place = join(folder, ".git/hooks");
  if (Object.keys(hooks).length > 0) mkdirSync(place);
  for (const [name, text] of Object.entries(hooks)) writeFileSync(join(place, name), text, { mode: 0o755 });
  return { folder, hooks: place };
}

/** Every file of a folder: kind, permissions, content. */
function everythingIn(folder: string): Record<string, string> {
  if (!existsSync(folder)) return {};
  return Object.fromEntries(
    readdirSync(folder).sort().map((name) => {
      const path = join(folder, name);
      const stat = lstatSync(path);
      const content = stat.isSymbolicLink() ? `-> ${readlinkSync(path)}` : readFileSync(path, "utf8");
      return [name, `${(stat.mode & 0o7777).toString(8)} ${content}`];
    }),
  );
}

async function states(folder: string): Promise<string[]> {
  const { stdout } = await lattice(["--json", "hook", "status"], { cwd: folder });
  return (JSON.parse(stdout) as { state: string }[]).map(({ state }) => state);
}

test("hook install makes hooks that run, and again changes nothing; uninstall leaves the folder as it was", async () => {
  const { folder, hooks } = repositoryWith();
  const first = await lattice(["hook", "install", "pre-push", "reference-transaction"], { cwd: folder });
  assert.equal(first.exit, 0, first.stderr);
  const installed = everythingIn(hooks);
  assert.deepEqual(Object.keys(installed), ["pre-push", "reference-transaction"]);
  for (const content of Object.values(installed)) assert.match(content, /^755 #!\/bin\/sh\n# lattice hook 1 /);
  assert.deepEqual(await states(folder), ["installed", "installed"]);
  const again = await lattice(["hook", "install", "pre-push"], { cwd: folder });
  assert.match(again.stderr, /^already installed: /);
  assert.deepEqual(everythingIn(hooks), installed);
  assert.equal((await lattice(["hook", "uninstall"], { cwd: folder })).exit, 0);
  assert.deepEqual(everythingIn(hooks), {});
  const none = await lattice(["--json", "hook", "uninstall"], { cwd: folder });
  assert.deepEqual([none.exit, none.stdout], [0, "{}\n"]);
});

test("hook install takes the names of its hooks alone, wherever they stand, and installs none beside another", async () => {
  for (const name of ["pre-commit", "../../evil", "../../../evil", "x/y", ""]) {
    for (const names of [[name], ["pre-push", name], [name, "reference-transaction"]]) {
      const { folder, hooks } = repositoryWith();
      const { exit, stderr } = await lattice(["hook", "install", ...names], { cwd: folder });
      assert.deepEqual([exit, /hint: use one of pre-push, reference-transaction/.test(stderr)], [2, true], stderr);
      assert.deepEqual([existsSync(hooks), readdirSync(folder), existsSync(join(folder, "../evil"))], [
        false,
        [".git"],
        false,
      ]);
    }
  }
});

test("hook uninstall puts back exactly what was there: a program, one that may not run, a symbolic link", async () => {
  const { folder, hooks } = repositoryWith({ "pre-push": OLD, "pre-commit": OLD });
  writeFileSync(join(folder, "script"), OLD, { mode: 0o755 });
  symlinkSync("../../script", join(hooks, "reference-transaction"));
  for (const mode of [0o755, 0o700, 0o644]) {
    chmodSync(join(hooks, "pre-push"), mode);
    const before = everythingIn(hooks);
    const inode = lstatSync(join(hooks, "pre-push")).ino;
    const both = await lattice(["hook", "install", "pre-push", "reference-transaction"], { cwd: folder });
    assert.equal(both.exit, 0, both.stderr);
    assert.equal(everythingIn(hooks)["pre-push.before-lattice"], before["pre-push"]);
    assert.equal((await lattice(["hook", "install"], { cwd: folder })).exit, 0);
    assert.equal((await lattice(["hook", "uninstall"], { cwd: folder })).exit, 0);
    assert.deepEqual(everythingIn(hooks), before);
    assert.equal(lstatSync(join(hooks, "pre-push")).ino, inode, "the very same file");
  }
});

test("hook uninstall refuses, and changes nothing, where somebody changed a hook since", async () => {
  const cases: [string, (hooks: string) => void, string[]][] = [
    ["ours was edited", (hooks) => appendFileSync(join(hooks, "pre-push"), "true\n"), ["changed", "installed"]],
    ["the kept one was edited", (hooks) => appendFileSync(join(hooks, "pre-push.before-lattice"), "true\n"), [
      "kept_changed",
      "installed",
    ]],
    ["the kept one may not run any more", (hooks) => chmodSync(join(hooks, "pre-push.before-lattice"), 0o600), [
      "kept_changed",
      "installed",
    ]],
    ["the kept one is gone", (hooks) => rmSync(join(hooks, "pre-push.before-lattice")), ["kept_changed", "installed"]],
    ["another tool put its own there", (hooks) => writeFileSync(join(hooks, "pre-push"), "#!/bin/sh\n"), [
      "replaced",
      "installed",
    ]],
  ];
  for (const [what, meddle, expected] of cases) {
    const { folder, hooks } = repositoryWith({ "pre-push": OLD });
    await lattice(["hook", "install", "pre-push", "reference-transaction"], { cwd: folder });
    meddle(hooks);
    const before = everythingIn(hooks);
    assert.deepEqual(await states(folder), expected, what);
    const refused = await lattice(["hook", "uninstall"], { cwd: folder });
    assert.equal(refused.exit, 3, `${what}: ${refused.stderr}`);
    assert.match(refused.stderr, /pre-push/);
    assert.match(refused.stderr, /\nhint: /);
    assert.deepEqual(everythingIn(hooks), before, what);
  }
});

test("hook uninstall goes on where our hook was simply removed, and puts the old one back", async () => {
  const { folder, hooks } = repositoryWith({ "pre-push": OLD });
  await lattice(["hook", "install"], { cwd: folder });
  rmSync(join(hooks, "pre-push"));
  assert.deepEqual(await states(folder), ["removed", "none"]);
  assert.equal((await lattice(["hook", "uninstall"], { cwd: folder })).exit, 0);
  assert.deepEqual(everythingIn(hooks), { "pre-push": `755 ${OLD}` });
});

test("hook install refuses to lose what somebody wrote, and --force replaces a changed hook of ours", async () => {
  const { folder, hooks } = repositoryWith({ "pre-push": OLD });
  await lattice(["hook", "install"], { cwd: folder });
  const installed = everythingIn(hooks);
  appendFileSync(join(hooks, "pre-push"), "true\n");
  assert.equal((await lattice(["hook", "install"], { cwd: folder })).exit, 3);
  const forced = await lattice(["hook", "install", "--force"], { cwd: folder });
  assert.match(forced.stderr, /^updated: /);
  assert.deepEqual(everythingIn(hooks), installed);

  appendFileSync(join(hooks, "pre-push.before-lattice"), "true\n"); // edited on purpose: noted anew
  assert.equal((await lattice(["hook", "install"], { cwd: folder })).exit, 0);
  assert.deepEqual(await states(folder), ["installed", "none"]);

  writeFileSync(join(hooks, "pre-push"), "#!/bin/sh\n"); // another tool's, and the kept one would be lost
  const before = everythingIn(hooks);
  assert.equal((await lattice(["hook", "install", "--force"], { cwd: folder })).exit, 3);
  assert.deepEqual(everythingIn(hooks), before);

  rmSync(join(hooks, "pre-push"));
  mkdirSync(join(hooks, "pre-push"));
  rmSync(join(hooks, "pre-push.before-lattice"));
  assert.equal((await lattice(["hook", "install"], { cwd: folder })).exit, 8);
  assert.equal((await lattice(["hook", "install", "post-commit"], { cwd: folder })).exit, 2);
});

test("hooks go where git looks for them: core.hooksPath, a home folder, a linked worktree", async () => {
  const { folder } = repositoryWith();
  const home = temporaryFolder();
  const env = { HOME: home };
  const linked = join(temporaryFolder(), "linked");
  gitText(["commit", "-q", "--allow-empty", "-m", "1"], folder);
  gitText(["worktree", "add", "-q", linked], folder);
  const placeOf = async (cwd: string) => {
    const { stdout } = await lattice(["--json", "hook", "status"], { cwd, env });
    return (JSON.parse(stdout) as { path: string }[])[0]!.path;
  };
  const expected = async (cwd: string) => {
    const path = gitText(["-c", `safe.directory=*`, "rev-parse", "--path-format=absolute", "--git-path", "hooks"], cwd);
    assert.equal(await placeOf(cwd), `${path}/pre-push`);
  };
  await expected(folder);
  await expected(linked);
  for (const setting of ["tools/hooks", "tools/hooks/", `${home}/absolute`]) {
    gitText(["config", "core.hooksPath", setting], folder);
    const installed = await lattice(["hook", "install"], { cwd: folder, env });
    assert.equal(installed.exit, 0, installed.stderr);
    const place = setting.startsWith("/") ? setting : join(folder, setting);
    assert.ok(existsSync(join(place, "pre-push")), setting);
    assert.equal((await lattice(["hook", "uninstall"], { cwd: folder, env })).exit, 0);
    assert.deepEqual(readdirSync(place), []);
  }
  gitText(["config", "core.hooksPath", "~/mine"], folder);
  assert.equal(await placeOf(linked), `${home}/mine/pre-push`);
  gitText(["config", "core.hooksPath", "relative"], folder);
  assert.equal(await placeOf(linked), `${linked}/relative/pre-push`);
  gitText(["config", "core.hooksPath", "/dev/null"], folder);
  const off = await lattice(["hook", "install"], { cwd: folder, env });
  assert.deepEqual([off.exit, off.stderr.split(":")[1]], [8, " the hooks of this repository are turned off"]);
});

/**
 * The same world, whose disk stops for good before a call.
 *
 * @param links Whether there are hard links.
 */
function dyingAt(system: System, call: number, links: boolean): { system: System } {
  let count = 0;
  const disk = new Proxy(system.disk, {
    get(target, name: keyof System["disk"]) {
      const method = target[name] as (...args: unknown[]) => unknown;
      if (typeof method !== "function") return method;
      return (...args: unknown[]) => {
        const changes = /^(?:create|link|rename|unlink|symlink|makeDirectory|syncDirectory|chmod)$/.test(name);
        if (changes && ++count >= call) throw new Error("killed");
        if (name === "link" && !links) throw new DiskError("EPERM", "link", String(args[1]));
        return method.apply(target, args);
      };
    },
  });
  return { system: Object.create(system, { disk: { value: disk } }) as System };
}

/** What may be there before, and whether there are hard links. */
const BEFORE: [Record<string, string>, boolean][] = [[{}, true], [{ "pre-push": OLD }, true], [
  { "pre-push": OLD },
  false,
]];

/** Whether a step is cut off by a dying disk. */
function dies(step: () => void): boolean {
  try {
    step();
    return false;
  } catch (error) {
    assert.equal((error as Error).message, "killed");
    return true;
  }
}

test("an installation that is killed at any call leaves a hook that runs, and can be repeated or taken back", () => {
  let points = 0;
  for (const [hooks, links] of BEFORE) {
    const other = repositoryWith(hooks);
    installHook(openRepository(systemOf(other.folder)), "pre-push", null, false);
    for (let call = 1;; call++) {
      const place = repositoryWith(hooks);
      const before = everythingIn(place.hooks);
      const open = (limit = Infinity) => openRepository(dyingAt(systemOf(place.folder), limit, links).system);
      if (!dies(() => installHook(open(call), "pre-push", null, false))) break;
      points++;
      const left = everythingIn(place.hooks);
      const runs = left["pre-push"] === before["pre-push"] ||
        left["pre-push"] === everythingIn(other.hooks)["pre-push"];
      assert.ok(runs, JSON.stringify(left));
      installHook(open(), "pre-push", null, false);
      assert.deepEqual(everythingIn(place.hooks), everythingIn(other.hooks), `killed before call ${call}`);
      uninstallHooks(open());
      assert.deepEqual(everythingIn(place.hooks), before);
    }
  }
  assert.ok(points >= 12, String(points));
});

test("an uninstallation that is killed at any call leaves a hook that runs, and can be repeated", () => {
  for (const [hooks, links] of BEFORE) {
    for (let call = 1;; call++) {
      const place = repositoryWith(hooks);
      const before = everythingIn(place.hooks);
      const open = (limit = Infinity) => openRepository(dyingAt(systemOf(place.folder), limit, links).system);
      installHook(open(), "pre-push", null, false);
      const installed = everythingIn(place.hooks)["pre-push"];
      if (!dies(() => void uninstallHooks(open(call)))) break;
      const left = everythingIn(place.hooks)["pre-push"];
      assert.ok(left === before["pre-push"] || left === installed, `killed before call ${call}`);
      uninstallHooks(open());
      assert.deepEqual(everythingIn(place.hooks), before, `killed before call ${call}`);
    }
  }
});

test("without hard links, a hook that our one was removed from goes back to its place by a copy", () => {
  const place = repositoryWith({ "pre-push": OLD });
  const before = everythingIn(place.hooks);
  const open = () => openRepository(dyingAt(systemOf(place.folder), Infinity, false).system);
  installHook(open(), "pre-push", null, false);
  rmSync(join(place.hooks, "pre-push"));
  uninstallHooks(open());
  assert.deepEqual(everythingIn(place.hooks), before);
});

test("a hook of any size is kept without being read into memory at once", () => {
  const { folder, hooks } = repositoryWith({ "pre-push": OLD });
  const size = 3 * 1024 * 1024 + 5; // several pieces, the last one short
  truncateSync(join(hooks, "pre-push"), size);
  const digest = createHash("sha256").update(readFileSync(join(hooks, "pre-push"))).digest("hex");
  const system = systemOf(folder);
  const disk = Object.create(system.disk, {
    readFile: {
      value: (path: string, bytesMax?: number) => {
        assert.ok(bytesMax !== undefined || (system.disk.lstat(path)?.size ?? 0) < size, path);
        return system.disk.readFile(path, bytesMax);
      },
    },
  });
  const repository = openRepository(Object.create(system, { disk: { value: disk } }) as System);
  assert.equal(installHook(repository, "pre-push", null, false), "installed");
  const installed = readFileSync(join(hooks, "pre-push"), "utf8");
  assert.equal(/^# before: 755 (.*)$/m.exec(installed)?.[1], digest);
  assert.equal(uninstallHooks(repository).length, 1);
  assert.equal(lstatSync(join(hooks, "pre-push")).size, size);
});
