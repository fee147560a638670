// When the start scripts install, and when they leave node_modules alone.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { ROOT } from "../helpers/sources.ts";

// By a computed name, because plain JavaScript brings no types: it runs before TypeScript is installed.
const { isInstalled } = await import(join(ROOT, "scripts/install.mjs"));

const lock = {
  packages: {
    "": { name: "pathkernel" },
    "node_modules/zod": { version: "4.6.7" },
    "node_modules/@esbuild/darwin-arm64": { version: "0.28.2", optional: true },
    studio: { version: "0.1.0" },
    "node_modules/studio": { link: true },
  },
};
const installed = { "node_modules/zod": { version: "4.6.7" }, studio: { version: "0.1.0" } };

describe("isInstalled(lock, installed)", () => {
  it("holds when every package is there; those of other platforms may be absent", () => {
    expect(isInstalled(lock, { packages: installed })).toBe(true);
    const real = JSON.parse(readFileSync(join(ROOT, "package-lock.json"), "utf8"));
    expect(isInstalled(real, JSON.parse(readFileSync(join(ROOT, "node_modules/.package-lock.json"), "utf8")))).toBe(
      true,
    );
  });

  it("does not hold without node_modules, with a package missing, or with one at another version", () => {
    expect(isInstalled(lock, undefined)).toBe(false);
    expect(isInstalled(lock, { packages: { studio: { version: "0.1.0" } } })).toBe(false);
    expect(isInstalled(lock, { packages: { ...installed, "node_modules/zod": { version: "4.6.6" } } })).toBe(false);
    const other = { "node_modules/@esbuild/darwin-arm64": { version: "0.28.1" } };
    expect(isInstalled(lock, { packages: { ...installed, ...other } })).toBe(false);
  });
});
