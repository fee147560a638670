// Distances between names, by hand.

import { expect, it } from "vitest";
import { editDistance, nearestName, nearestNames } from "../../src/numeric/nearest-name.ts";

it.each([
  ["", "", 0],
  ["", "abc", 3],
  ["adam", "adam", 0],
  ["adma", "adam", 1], // a swap
  ["adm", "adam", 1], // an insertion
  ["kitten", "sitting", 3], // two replacements, one insertion
  ["ca", "abc", 3], // optimal string alignment does not edit inside a swap (unrestricted Damerau-Levenshtein: 2)
])("editDistance(%j, %j) is %i, in both directions", (a, b, distance) => {
  expect([editDistance(a, b), editDistance(b, a)]).toEqual([distance, distance]);
});

it("nearestNames(name, names) gives those within a third of the letters, nearest first", () => {
  const names = ["sgd", "adam", "adamw", "rmsprop"];
  expect(nearestNames("adma", names)).toEqual(["adam"]);
  expect(nearestNames("Adamw2", names)).toEqual(["adamw", "adam"]);
  expect(nearestNames("rprop", names)).toEqual([]);
  expect(nearestNames("sg", names)).toEqual(["sgd"]);
});

it("nearestName(name, names) gives the nearest one, or undefined", () => {
  expect(nearestName("adma", new Set(["adamw", "adam"]))).toBe("adam");
  expect(nearestName("rprop", ["sgd"])).toBeUndefined();
});
