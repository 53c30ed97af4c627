/**
 * `lattice --version`: what it costs to start at all.
 *
 * @module
 */
import assert from "node:assert/strict";
import type { Workload } from "./runner/workload.ts";

/** The workload. */
export const version: Workload = {
  name: "version",
  work: "--version",
  rounds: 61,
  prepare: ({ lattice, helloWorld }) => [
    {
      name: "lattice",
      turn: () => ({
        command: { program: lattice, args: ["--version"], cwd: "/" },
        verify: (stdout) => assert.match(stdout, /^lattice \d+\.\d+\.\d+\S*\n$/),
      }),
    },
    {
      name: "hello-world binary",
      ratioMax: 1.3,
      turn: () => ({
        command: { program: helloWorld, args: [], cwd: "/" },
        verify: (stdout) => assert.equal(stdout, "hello world\n"),
      }),
    },
  ],
};
