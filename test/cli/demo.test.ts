// The demo from end to end on the bundled digits.

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { type CliResult, cli, listing, temporaryFolder } from "../helpers/cli.ts";

const folder = temporaryFolder();
const out = join(folder, "demo");
let result: CliResult;

beforeAll(async () => {
  result = await cli(["demo", "-o", out], { env: { npm_lifecycle_event: "start" } });
});

describe("demo", () => {
  it("prints three ledgers, the last of a misclassified image, and how to go on", () => {
    const { code, stdout, stderr } = result;
    expect(code).toBe(0);
    const titles = stdout.match(/^test:\d+: predicted \d, label \d.*$/gm) ?? [];
    expect(titles).toHaveLength(3);
    expect(titles.map((title) => title.includes("(misclassified)"))).toEqual([false, false, true]);
    expect(stdout).toContain(`  npm run -s pathkernel -- explain ${join(out, "digits.pkrun")} --query test:9,20`);
    expect(stderr).toMatch(/trained 225 steps in .*, accuracy \d.* % on training, \d.* % on test examples/);
    expect(stderr).toMatch(/explained 3 predictions in /);
  });

  it("writes the run and a report that needs nothing beside itself", () => {
    expect(listing(out).filter((path) => !path.includes("/"))).toEqual(["digits.pkrun", "report.html"]);
    const html = readFileSync(join(out, "report.html"), "utf8");
    expect(html).toMatch(/^<!doctype html>/);
    expect(html).not.toMatch(/<script|(?:src|href)="(?!data:|#)/);
    for (const [title] of result.stdout.matchAll(/^test:\d+/gm)) expect(html).toContain(title);
  });

  it("leaves a run that verifies", async () => {
    const { code, stdout } = await cli(["verify", join(out, "digits.pkrun"), "--query", "test:0-4"]);
    expect(stdout).toMatch(/^residual +holds/m);
    expect(code).toBe(0);
  });

  it("replaces a run in the user's folder only with --force, and gives --json", async () => {
    const refused = await cli(["demo", "digits", "-o", out]);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain("replace it with --force");
    const { code, stdout } = await cli(["demo", "digits", "-o", out, "--force", "--json"]);
    expect(code).toBe(0);
    const value = JSON.parse(stdout);
    expect(value).toMatchObject({
      schema: "pathkernel.demo/1",
      run: join(out, "digits.pkrun"),
      report: join(out, "report.html"),
    });
    expect(value.accuracy.test).toBeGreaterThan(0.85);
    expect(value.rows.map((row: { label: string; predicted: string }) => row.label === row.predicted)).toEqual([
      true,
      true,
      false,
    ]);
    for (const row of value.rows) expect(row.residualRelative).toBeLessThanOrEqual(value.tolerance);
    expect(existsSync(value.report)).toBe(true);
  });
});
