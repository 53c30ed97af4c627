/**
 * The transactions that the crash tests try.
 *
 * @module
 */
import { undo } from "../../src/operations/undo.ts";
import type { Scenario } from "../simulation/explore.ts";
import { blob, commit, deleteRef, EMPTY_TREE, runStep, setRef, transactionScenario } from "./scenarios.ts";

const [one, two, three] = [blob("one"), blob("two"), blob("three")];
const [c1, c2, c3] = [commit("1"), commit("2"), commit("3")];

const both = {
  updates: [setRef("refs/meta/a", one), setRef("refs/meta/b", two)],
  objects: [one, two],
};
const many = Array.from({ length: 70 }, (_, i) => blob(`doc ${i}`));
const batch = { updates: many.map((doc, i) => setRef(`refs/meta/x${i}`, doc)), objects: many };
const branch = {
  updates: [{ ...setRef("refs/heads/main", c1), keepContent: false }, setRef("refs/meta/a", one)],
  objects: [EMPTY_TREE, c1, one],
};
const moved = {
  updates: [{ ...setRef("refs/heads/main", c2), keepContent: false }, setRef("refs/meta/a", two)],
  objects: [c2, two],
};

/** All of them, in the order of their size. */
export const scenarios: Promise<Scenario>[] = [
  transactionScenario(
    "a first ref",
    [],
    (writer) => runStep(writer, { updates: [setRef("refs/meta/a", one)], objects: [one] }),
  ),
  transactionScenario(
    "one ref moves",
    [both],
    (writer) => runStep(writer, { updates: [setRef("refs/meta/a", three)], objects: [three] }),
  ),
  transactionScenario(
    "one loose ref is deleted",
    [both],
    (writer) => runStep(writer, { updates: [deleteRef("refs/meta/a")], objects: [] }),
  ),
  transactionScenario("three loose refs", [both], (writer) =>
    runStep(writer, {
      updates: [setRef("refs/meta/a", three), setRef("refs/meta/b", one), setRef("refs/meta/d/e", two)],
      objects: [three],
    })),
  transactionScenario(
    "a deletion beside a change",
    [both],
    (writer) =>
      runStep(writer, { updates: [deleteRef("refs/meta/a"), setRef("refs/meta/b", three)], objects: [three] }),
  ),
  transactionScenario("a batch", [both], (writer) => runStep(writer, batch)),
  transactionScenario("packed refs are deleted and changed", [batch], (writer) =>
    runStep(writer, {
      updates: [deleteRef("refs/meta/x1"), deleteRef("refs/meta/x2"), setRef("refs/meta/x3", three)],
      objects: [three],
    })),
  transactionScenario("a packed ref with a loose file is deleted", [batch, {
    updates: [setRef("refs/meta/x1", three)],
    objects: [three],
  }], (writer) => runStep(writer, { updates: [deleteRef("refs/meta/x1")], objects: [] })),
  transactionScenario("HEAD's branch and a document", [branch], (writer) => runStep(writer, moved)),
  transactionScenario(
    "through a symbolic ref",
    [branch],
    (writer) => runStep(writer, { updates: [{ ...setRef("HEAD", c3), keepContent: false }], objects: [c3] }),
  ),
  transactionScenario(
    "undo of one",
    [both, { updates: [setRef("refs/meta/a", three)], objects: [three] }],
    (writer) => {
      undo(writer, undefined);
    },
  ),
  transactionScenario("undo of branch and document", [branch, moved], (writer) => {
    undo(writer, undefined);
  }),
];
