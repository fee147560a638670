import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { SOFTWARE, VERSION } from "../src/version.ts";

it("the version that runs and reports carry is that of package.json", () => {
  const { name, version } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));
  expect(VERSION).toBe(version);
  expect(SOFTWARE).toBe(`${name} ${version}`);
});
