// `pathkernel experiments` and `reproduce`: lists, files, exit codes, interruption, and refusals.

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { InterruptedError } from "../../src/cli/failure.ts";
import { experimentIds } from "../../src/experiments/registry.ts";
import { cli, listing, temporaryFolder } from "../helpers/cli.ts";

const folder = temporaryFolder();
/** A second at quick size. */
const ID = "domingos/query-cost";

describe("experiments", () => {
  it("lists every experiment with its claim, or those of a source", async () => {
    const { code, stdout } = await cli(["experiments"]);
    expect(code).toBe(0);
    for (const id of experimentIds) expect(stdout).toContain(`${id}  `);
    const some = await cli(["experiments", "domingos"]);
    expect(some.stdout).toContain(`${ID}  `);
    expect(some.stdout).not.toContain("lhermitte/");
    expect((await cli(["experiments", "nobody"])).stderr).toContain("source must be one of domingos,");
  });

  it("gives claims, bounds with their reasons and parameters as JSON", async () => {
    const value = JSON.parse((await cli(["experiments", "--json"])).stdout);
    expect(value.experiments.map(({ id }: { id: string }) => id)).toEqual(experimentIds);
    const own = value.experiments.find(({ id }: { id: string }) => id === ID);
    expect(own.claim).toContain("scalability");
    expect(own.expectations[0]).toMatchObject({ bound: "between -0.01 and 0.01", central: true });
    expect(own.parameters.full.length).toBeGreaterThan(0);
  });
});

describe("reproduce", () => {
  it("writes report, numbers, table and figures, prints the verdict, and writes the same bytes again", async () => {
    const runs: Record<string, string>[] = [];
    for (const name of ["first", "second"]) {
      const out = join(folder, name);
      const { code, stdout } = await cli(["reproduce", ID, "--seeds", "2", "-o", out]);
      expect(code).toBe(0);
      expect(stdout).toContain(`${ID}  holds, `);
      expect(stdout).toContain("holds      slope of log operations");
      expect(listing(out)).toEqual(["operations.svg", "report.html", "result.json", "table.csv"]);
      const same = ["operations.svg", "result.json", "table.csv"];
      runs.push(Object.fromEntries(same.map((file) => [file, readFileSync(join(out, file), "utf8")])));
    }
    expect(runs[1]).toEqual(runs[0]);
    const html = readFileSync(join(folder, "first/report.html"), "utf8");
    expect(html).toMatch(/^<!doctype html>/);
    expect(html).not.toMatch(/<script|(?:src|href)="(?!data:|#)/);
    for (const words of ["The claim", "why this bound", "pathkernel reproduce domingos/query-cost --seeds 2"])
      expect(html).toContain(words);
  });

  it("exits with 3 where a claim does not hold, and has written everything", async () => {
    const out = join(folder, "fails");
    const { code, stdout } = await cli([
      "reproduce",
      "domingos/no-representation-learning",
      "--seeds",
      "1",
      "-o",
      out,
      "--json",
    ]);
    expect(code).toBe(3);
    const [own] = JSON.parse(stdout).experiments;
    expect(own.verdict).toBe("does not hold");
    expect(own.checks.some(({ outcome }: { outcome: string }) => outcome === "fails")).toBe(true);
    expect(existsSync(join(out, "report.html"))).toBe(true);
  });

  it("leaves a result that is in the user's folder unless --force says otherwise", async () => {
    const out = join(folder, "twice");
    const again = ["reproduce", ID, "--seeds", "2", "-o", out];
    expect((await cli(again)).code).toBe(0);
    const refused = await cli(again);
    expect(refused).toEqual({
      code: 1,
      stdout: "",
      stderr: `error: ${join(out, "report.html")} exists already. replace it with --force, or name another folder\n`,
    });
    expect((await cli([...again, "--force"])).code).toBe(0);
  });

  it("ends with 130 where it is interrupted", async () => {
    const controller = new AbortController();
    controller.abort(new InterruptedError());
    const { code } = await cli(["reproduce", ID, "-o", join(folder, "none")], { signal: controller.signal });
    expect(code).toBe(130);
  });

  it("refuses what it does not know, with the nearest name", async () => {
    const { code, stderr } = await cli(["reproduce", "domingos/fig1", "-o", join(folder, "x")]);
    expect(code).toBe(2);
    expect(stderr).toContain('an experiment of that id must exist, got "domingos/fig1". did you mean domingos/fig-1?');
    expect((await cli(["reproduce"])).stderr).toContain("an experiment or --all must be given");
    expect((await cli(["reproduce", ID, "--all"])).stderr).toContain("either an experiment or --all must be given");
    expect((await cli(["reproduce", ID, "--seeds", "0"])).stderr).toContain("--seeds must be a whole number >= 1");
  });
});
