// Policy of the package, as tests: exact versions, licence, engines, exports, nothing fetched behind npm's back.

import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { describe, expect, it, onTestFinished } from "vitest";
import { VERSION } from "../src/version.ts";
import { ROOT, readSources } from "./helpers/sources.ts";

interface LockedPackage {
  readonly version?: string;
  readonly resolved?: string;
  readonly integrity?: string;
  readonly hasInstallScript?: boolean;
  readonly dev?: boolean;
  readonly license?: string;
  readonly engines?: Readonly<Record<string, string>>;
}

const readText = (path: string) => readFileSync(join(ROOT, path), "utf8");
const manifest = JSON.parse(readText("package.json"));
const lock: { packages: Record<string, LockedPackage> } = JSON.parse(readText("package-lock.json"));
const locked = Object.entries(lock.packages).filter(([path]) => path !== "");
const nameOf = (path: string) => path.slice(path.lastIndexOf("node_modules/") + "node_modules/".length);

/** The version that is asked for, of a package under its own name or under another one. */
const versionIn = (asked: string) => asked.replace(/^npm:.+@/, "");

describe("package.json", () => {
  it("is pathkernel, MIT, an ES module for Node 20 and later", () => {
    const { name, license, type, engines } = manifest;
    expect({ name, license, type, engines }).toEqual({
      name: "pathkernel",
      license: "MIT",
      type: "module",
      engines: { node: ">=20" },
    });
    expect(readText("LICENSE")).toMatch(/^MIT License\n\nCopyright \(c\) \d{4} pathkernel contributors\n/);
  });

  it("has the version that runs and reports carry", () => {
    expect(VERSION).toBe(manifest.version);
    expect(readText("CHANGELOG.md")).toContain(`## ${manifest.version}`);
  });

  it("pins every dependency to one exact version", () => {
    const { dependencies, devDependencies, optionalDependencies, peerDependencies } = manifest;
    const all = Object.entries({ ...devDependencies, ...peerDependencies, ...optionalDependencies, ...dependencies });
    expect(all.filter(([, version]) => !/^\d+\.\d+\.\d+$/.test(versionIn(String(version))))).toEqual([]);
  });

  it("lists the types of every export first and publishes only what is built, and the recorders of other programs", () => {
    for (const target of Object.values(manifest.exports)) {
      if (typeof target === "object") expect(Object.keys(target as object)[0]).toBe("types");
    }
    expect(manifest.files).toEqual(["dist", "integrations", "CHANGELOG.md"]);
    expect(manifest.bin).toEqual({ pathkernel: "dist/cli/main.js" });
  });

  it("declares every package that src/ imports, as what users install", () => {
    const installed = Object.keys({
      ...manifest.dependencies,
      ...manifest.optionalDependencies,
      ...manifest.peerDependencies,
    });
    const imported = new Set<string>();
    for (const text of readSources(["src"], /\.ts$/).values()) {
      for (const [, name] of text.matchAll(
        /^(?:import|export)[^"']*? from "([^."][^"]*)"|import\("([^."][^"]*)"\)/gm,
      )) {
        if (name && !name.startsWith("node:")) imported.add(name.split("/", name.startsWith("@") ? 2 : 1).join("/"));
      }
    }
    expect([...imported].filter((name) => !installed.includes(name))).toEqual([]);
  });
});

describe("what is published", () => {
  it("builds, with declarations, and has the public names of the source", { timeout: 240_000 }, async () => {
    // Below node_modules, so that the built files find the packages that they import.
    const cache = join(ROOT, "node_modules/.cache");
    mkdirSync(cache, { recursive: true });
    // Of this process: another may run the tests of another copy with the same packages.
    const outDir = mkdtempSync(join(cache, "pathkernel-build-"));
    onTestFinished(() => rmSync(outDir, { recursive: true, force: true }));
    const tsc = join(ROOT, "node_modules/typescript/bin/tsc");
    // Types are what `npm run check` sees to.
    const args = [tsc, "-p", "tsconfig.build.json", "--noCheck", "--outDir", outDir];
    const { stdout } = spawnSync(process.execPath, args, { cwd: ROOT, encoding: "utf8" });
    expect(stdout).toBe("");
    const builtNames = async (file: string) => Object.keys(await import(pathToFileURL(join(outDir, file)).href)).sort();
    expect(await builtNames("index.js")).toEqual(Object.keys(await import("../src/index.ts")).sort());
    expect(await builtNames("node.js")).toEqual(Object.keys(await import("../src/node.ts")).sort());
    expect(await builtNames("figures.js")).toEqual(Object.keys(await import("../src/figures.ts")).sort());
    for (const target of Object.values(manifest.exports).flatMap((each) => Object.values(each as object))) {
      if (target.startsWith("./dist/")) expect(existsSync(join(outDir, target.slice(7))), target).toBe(true);
    }
    expect(readFileSync(join(outDir, "cli/main.js"), "utf8")).toMatch(/^#!\/usr\/bin\/env node\n/);
  });
});

describe("package-lock.json", () => {
  it("names no registry: the user's own is asked, and the hash decides", () => {
    expect(locked.filter(([, { resolved }]) => resolved !== undefined).map(([path]) => path)).toEqual([]);
    expect(locked.filter(([, { integrity }]) => !integrity?.startsWith("sha512-")).map(([path]) => path)).toEqual([]);
    expect(readText(".npmrc")).toContain("omit-lockfile-registry-resolved=true");
  });

  it("locks the versions that package.json asks for", () => {
    const { dependencies, devDependencies, optionalDependencies } = manifest;
    const asked = Object.entries({ ...devDependencies, ...optionalDependencies, ...dependencies });
    const isLocked = ([name, version]: [string, unknown]) =>
      lock.packages[`node_modules/${name}`]?.version === versionIn(String(version));
    expect(asked.filter((one) => !isLocked(one))).toEqual([]);
  });

  it("runs no install script: packages that have one work without it", () => {
    // fsevents is macOS's file watching: its script compiles nothing when the prebuilt file is there.
    const scripts = locked.filter(([, { hasInstallScript }]) => hasInstallScript).map(([path]) => nameOf(path));
    const refused = Object.entries(manifest.allowScripts).filter(([, allowed]) => allowed === false);
    expect(scripts.filter((name) => name !== "fsevents" && !refused.some(([other]) => other === name))).toEqual([]);
    // npm 10 knows no allowScripts and would fetch CUDA libraries; the script reads this line from its environment.
    expect(readText(".npmrc")).toContain("onnxruntime-node-install=skip");
  });
});
