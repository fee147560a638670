// The rules of the tree, as tests: floors, no cycles, sizes, where Node's own modules may be used, how files begin.

import { readFileSync } from "node:fs";
import { builtinModules } from "node:module";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { findCycle, importedFiles, importsOf, ROOT, readSources, type Sources } from "./helpers/sources.ts";

/** Folders of src/ from the ground up; a file imports from lower floors and from its own folder. */
const FLOORS: readonly (readonly string[])[] = [
  ["errors.ts", "version.ts"],
  ["numeric"],
  ["graph"],
  ["differentiate", "engine"],
  ["models", "losses", "readouts", "optimizers", "schedules", "regularisers", "data", "run"],
  ["train"],
  ["kernels", "flows"],
  ["explain", "machines"],
  ["diagnose"],
  ["figures"],
  ["reports", "experiments"],
  ["server"],
  ["cli"],
];
/** The public entries: they only re-export, and so stand outside the floors; no folder imports them. */
const ENTRIES: readonly string[] = ["index.ts", "node.ts", "figures.ts", "adversaries.ts", "diagnostics.ts"];
const MAX_LINES = 400;

const src = readSources(["src"], /\.ts$/);
const code = readSources(["src", "test", "bench", "scripts"], /\.(ts|mjs|py)$/);

const roomOf = (path: string) => path.split("/")[1];
const floorOf = (path: string) => FLOORS.findIndex((rooms) => rooms.includes(roomOf(path)));
const linesOf = (text: string) => text.split("\n").length - (text.endsWith("\n") ? 1 : 0);

/** Imports that go up, sideways to another room of the floor, to an entry, or to a file that does not exist. */
function forbiddenImports(sources: Sources): string[] {
  const found: string[] = [];
  for (const path of sources.keys()) {
    for (const target of importedFiles(sources, path)) {
      const [from, to] = [floorOf(path), floorOf(target)];
      const allowed = ENTRIES.includes(roomOf(path)) || roomOf(path) === roomOf(target) || (to >= 0 && to < from);
      if (!allowed || !sources.has(target)) found.push(`${path} -> ${target}`);
    }
  }
  return found;
}

/** Files that import a module of Node outside the rooms that may. */
function nodeImports(sources: Sources): string[] {
  const allowed = /^src\/(cli|server)\/|\.node\.ts$/;
  const isBuiltin = (name: string) => name.startsWith("node:") || builtinModules.includes(name);
  return [...sources]
    .filter(([path, text]) => !allowed.test(path) && importsOf(text).some(isBuiltin))
    .map(([path]) => path);
}

/** Files of src/ whose first line (after `#!`) is not a comment of at least three words. */
function withoutFirstSentence(sources: Sources): string[] {
  const sentence = /^(#!.*\n)?\/\/ \S+ \S+ \S+/;
  return [...sources].filter(([, text]) => !sentence.test(text)).map(([path]) => path);
}

/** Files in which something is drawn without a seed: fast-check draws other inputs in every run where it has none. */
function withoutSeed(sources: Sources): string[] {
  const count = (text: string, pattern: RegExp) => text.match(pattern)?.length ?? 0;
  const isUnseeded = (text: string) => count(text, /\bfc\.assert\(/g) > count(text, /\{ seed: \d+/g);
  return [...sources].filter(([, text]) => isUnseeded(text) || /Math\.random\(/.test(text)).map(([path]) => path);
}

describe("the tree of src/", () => {
  it("has only folders that stand on a floor, and at its root only what everything may import, and the entries", () => {
    expect([...src.keys()].filter((path) => floorOf(path) < 0 && !ENTRIES.includes(roomOf(path)))).toEqual([]);
  });

  it("is described in src/README.md, one line a folder", () => {
    const readme = readFileSync(join(ROOT, "src/README.md"), "utf8");
    const folders = new Set([...src.keys()].map(roomOf).filter((room) => !room.endsWith(".ts")));
    expect([...folders].filter((folder) => !readme.includes(`| \`${folder}/\` |`))).toEqual([]);
  });

  it("imports only from lower floors or the own folder, types included", () => {
    expect(forbiddenImports(src)).toEqual([]);
  });

  it("has no import cycles", () => {
    expect(findCycle(src)).toBeUndefined();
  });

  it("uses Node's modules only in cli/, server/ and *.node.ts", () => {
    expect(nodeImports(src)).toEqual([]);
  });

  it("reaches from index.ts and figures.ts no file that needs Node", () => {
    const reached = new Set(["src/index.ts", "src/figures.ts"]);
    for (const path of reached) for (const target of importedFiles(src, path)) reached.add(target);
    expect([...reached].filter((path) => /^src\/(cli|server)\/|\.node\.ts$/.test(path))).toEqual([]);
    expect(reached.size).toBeGreaterThan(20); // the walk has gone somewhere
  });

  it("has entries that only re-export", () => {
    const statement = /^(\/\/.*|export (type )?(\*|\{[^}]*\}) from "[^"]+";|\s*)$/;
    for (const entry of ENTRIES) {
      const text = (src.get(`src/${entry}`) ?? "").replace(/\/\*[\s\S]*?\*\//g, "").replace(/\{[^}]*\}/g, "{}");
      expect(text.split("\n").filter((line) => !statement.test(line))).toEqual([]);
    }
  });

  it("begins each file with one comment sentence and exports nothing by default", () => {
    expect(withoutFirstSentence(src)).toEqual([]);
    expect([...src].filter(([, text]) => /^export default\b/m.test(text)).map(([path]) => path)).toEqual([]);
  });
});

describe("every file of src/, test/, bench/ and scripts/", () => {
  it(`has at most ${MAX_LINES} lines`, () => {
    const long = [...code].filter(([, text]) => linesOf(text) > MAX_LINES);
    expect(long.map(([path, text]) => `${path}: ${linesOf(text)}`)).toEqual([]);
  });

  it("has a kebab-case name that says what it is", () => {
    const names = [...code.keys()].map((path) => path.slice(path.lastIndexOf("/") + 1));
    expect(names.filter((name) => !/^[a-z0-9]+([-.][a-z0-9]+)*$/.test(name) && !name.endsWith(".py"))).toEqual([]);
    expect(names.filter((name) => /^(utils?|helpers?|misc|common)\./.test(name))).toEqual([]);
  });

  it("draws nothing without a seed: what fails once fails again", () => {
    expect(withoutSeed(code)).toEqual([]);
  });

  it("imports no file of another package's insides and nothing outside the repository", () => {
    const outside = (path: string) => importedFiles(code, path).filter((target) => /^\.\.|node_modules/.test(target));
    expect([...code.keys()].filter((path) => path.endsWith(".ts")).flatMap(outside)).toEqual([]);
  });
});

describe("these checks", () => {
  const tree = (files: Record<string, string>): Sources => new Map(Object.entries(files));
  const upward = {
    "src/graph/a.ts": 'import type { B } from "../run/b.ts";',
    "src/run/b.ts": 'export type { C } from "../data/c.ts";\nconst d = await import("../train/d.ts");',
    "src/data/c.ts": 'import { sum } from "../numeric/sum.ts";\n// import { d } from "../train/d.ts";',
    "src/numeric/sum.ts": "",
    "src/train/d.ts": 'import { missing } from "../numeric/missing.ts";',
  };

  it("find imports that go up, sideways or nowhere, in every form of import, and none in comments", () => {
    expect(forbiddenImports(tree(upward))).toEqual([
      "src/graph/a.ts -> src/run/b.ts",
      "src/run/b.ts -> src/data/c.ts",
      "src/run/b.ts -> src/train/d.ts",
      "src/train/d.ts -> src/numeric/missing.ts",
    ]);
  });

  it("find a cycle, and none where two files import a third", () => {
    const a = 'import { b } from "./b.ts";\nimport { c } from "./c.ts";';
    const b = 'import { c } from "./c.ts";';
    expect(findCycle(tree({ "src/run/a.ts": a, "src/run/b.ts": b, "src/run/c.ts": "" }))).toBeUndefined();
    const cycle = findCycle(tree({ "src/run/a.ts": a, "src/run/b.ts": b, "src/run/c.ts": 'import "./a.ts";' }));
    expect(cycle).toEqual(["src/run/a.ts", "src/run/b.ts", "src/run/c.ts", "src/run/a.ts"]);
  });

  it("find Node's modules with and without their prefix, and a missing first sentence", () => {
    const files = {
      "src/run/a.ts": 'import "fs";',
      "src/run/b.ts": 'import "node:path";',
      "src/run/c.node.ts": 'import "fs";',
    };
    expect(nodeImports(tree(files))).toEqual(["src/run/a.ts", "src/run/b.ts"]);
    const starts = {
      "src/cli/main.ts": "#!/usr/bin/env node\n// The command line itself.",
      "src/cli/a.ts": "const a = 1;",
    };
    expect(withoutFirstSentence(tree(starts))).toEqual(["src/cli/a.ts"]);
  });

  it("find a property and a number that are drawn without a seed", () => {
    const draws = ["fc.assert", "Math.random"].map((call) => `${call}(`);
    const files = {
      "test/a.test.ts": `${draws[0]}property);`,
      "test/b.test.ts": `${draws[0]}property, { seed: 1 });\n${draws[0]}property, { numRuns: 8 });`,
      "test/c.test.ts": `${draws[0]}property, { seed: 1, numRuns: 8 });`,
      "src/d.ts": `${draws[1]});`,
    };
    expect(withoutSeed(tree(files))).toEqual(["test/a.test.ts", "test/b.test.ts", "src/d.ts"]);
  });
});
