/**
 * Eight processes that increment one ref fifty times each, at once.
 *
 * The ref walks along a list of blobs; an increment swaps the blob for the next one of the list. It is one call: when
 * it loses, its message says where the ref is now, and the next call starts from there. A lost update would leave the
 * ref before the end of the list.
 *
 * @module
 */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { gitText } from "../git_oracle.ts";
import { makeRepository, refValue, storeBlobs, writeFiles } from "./runner/repository.ts";
import type { Competitor, Workload } from "./runner/workload.ts";

const PROCESSES = 8;
const INCREMENTS = 50;
const REF = "refs/counter/value";

/** `$1`: the file with the list; the rest: the command, up to `update-ref`. Without programs besides that command. */
const WORKER = `mapfile -t list < "$1"; shift
declare -A place; for index in "\${!list[@]}"; do place[\${list[index]}]=$index; done
at=0 won=0
while ((won < ${INCREMENTS})); do
  if message=$("$@" update-ref ${REF} "\${list[at + 1]}" "\${list[at]}" 2>&1); then
    won=$((won + 1)) at=$((at + 1))
  elif [[ $message =~ is\\ at\\ ([0-9a-f]{40}) ]]; then
    at=\${place[\${BASH_REMATCH[1]}]}
  elif [[ $message != *lock* ]]; then
    echo "$message" >&2; exit 1
  fi
done`;

/** `$1`: the worker, the rest: its arguments. Fails when a worker fails. */
const ALL_WORKERS = `pids=()
for ((number = 0; number < ${PROCESSES}; number++)); do bash "$@" & pids+=($!); done
for pid in "\${pids[@]}"; do wait "$pid" || exit 1; done`;

/** The workload. */
export const contention: Workload = {
  name: "contention",
  work: `${PROCESSES} x ${INCREMENTS} contended increments, 0 lost`,
  rounds: 3,
  prepare({ lattice, folder }) {
    const input = folder();
    const total = PROCESSES * INCREMENTS;
    const paths = writeFiles(join(input, "values"), Array.from({ length: total + 1 }, (_, value) => `${value}\n`));
    const worker = join(input, "worker.sh");
    writeFileSync(worker, WORKER);

    function competitor(
      limits: Pick<Competitor, "name" | "ratioMax">,
      flushAll: boolean,
      program: string[],
    ): Competitor {
      return {
        ...limits,
        turn() {
          const repository = makeRepository(folder(), flushAll);
          const oids = storeBlobs(repository, paths);
          gitText(["update-ref", REF, oids[0]!], repository);
          const list = join(repository, "list");
          writeFileSync(list, `${oids.join("\n")}\n`);
          return {
            command: { program: "bash", args: ["-c", ALL_WORKERS, "bash", worker, list, ...program], cwd: repository },
            verify() {
              const lost = total - oids.indexOf(refValue(repository, REF));
              assert.equal(lost, 0, `${lost} of ${total} updates were lost`);
            },
          };
        },
      };
    }
    return [
      competitor({ name: "lattice" }, false, [lattice, "git"]),
      competitor({ name: "git, default", ratioMax: 4 }, false, ["git"]),
      competitor({ name: "git, all flushed" }, true, ["git"]),
    ];
  },
};
