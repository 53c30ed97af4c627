/** Programs that run beside us, on the real system. */
import assert from "node:assert/strict";
import { realSystem } from "../../src/platform/real_system.ts";
import type { RunningProgram } from "../../src/platform/system.ts";
import { concatBytes } from "../../src/platform/text.ts";
import { test } from "../harness.ts";

function start(command: string[], env?: Record<string, string>): RunningProgram {
  return realSystem.start(command, { cwd: "/", stdout: "read", ...(env === undefined ? {} : { env }) });
}

async function outputOf(program: RunningProgram): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for await (const part of program.output) parts.push(Uint8Array.from(part));
  return concatBytes(parts);
}

const endOf = async (program: RunningProgram) => ({ text: await outputOf(program), ...(await program.ended) });

test("a program that runs beside us gives all that it prints, and its exit code", async () => {
  const large = await endOf(start(["head", "-c", "3000000", "/dev/zero"]));
  assert.deepEqual([large.text.length, large.exitCode], [3_000_000, 0]);
  const PATH = realSystem.env["PATH"]!;
  const told = await endOf(start(["sh", "-c", 'printf %s "$PWD $A ${HOME-none}"; exit 3'], { A: "1", PATH }));
  assert.deepEqual([new TextDecoder().decode(told.text), told.exitCode], ["/ 1 none", 3]);
});

test("a program that runs beside us and ends by a signal, or is stopped, has 128 and its number", async () => {
  assert.deepEqual(await endOf(start(["sh", "-c", "kill -HUP $$"])), { text: new Uint8Array(), exitCode: 129 });
  assert.deepEqual(await start(["sh", "-c", "kill -34 $$"]).ended, { exitCode: 162 }, "a signal without a name");
  for (const [signal, exitCode] of [["SIGTERM", 143], ["SIGINT", 130], ["SIGKILL", 137]] as const) {
    const program = start(["sleep", "60"]);
    program.stop(signal);
    assert.deepEqual(await program.ended, { exitCode });
  }
});

test("a program that has ended can be stopped all the same, whether that was noticed or not", async () => {
  for (const isNoticed of [false, true]) {
    const program = start(["true"]);
    assert.equal((await outputOf(program)).length, 0); // so it has ended, or is about to
    if (isNoticed) await program.ended;
    program.stop();
    program.stop("SIGKILL");
    await program.ended;
    program.stop();
  }
});

test("a program that cannot be started ends as in shells, says why, and prints nothing", async () => {
  for (const [path, exitCode, startErrno] of [["/no/such", 127, "ENOENT"], ["/etc", 126, "EACCES"]] as const) {
    const program = start([path]);
    assert.deepEqual(await endOf(program), { text: new Uint8Array(), exitCode, startErrno });
    program.stop();
  }
});
