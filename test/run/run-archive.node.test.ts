// A run in one zip archive: it reads as its folder does, other tools read it, and nothing in it leads outside.

import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { zipSync } from "fflate";
import { beforeEach, describe, expect, it } from "vitest";
import { packRun } from "../../src/run/pack-run.node.ts";
import { writeArchive } from "../../src/run/run-archive.node.ts";
import { runHash } from "../../src/run/run-hash.node.ts";
import { openRun } from "../../src/run/run-reader.node.ts";
import { createRunWriter } from "../../src/run/run-writer.node.ts";
import { errorOf } from "../helpers/errors.ts";
import { recordSteps, smallRun } from "../helpers/small-run.ts";
import { ROOT } from "../helpers/sources.ts";
import { useTemporaryFolder } from "../helpers/temporary-folder.ts";

const folder = useTemporaryFolder();
const archive = () => folder.at("a.pkrun.zip");
beforeEach(async () => {
  const run = smallRun({ checkpointEvery: 4 });
  await recordSteps(await createRunWriter(folder.at("a.pkrun"), run), run, { steps: 6, status: "complete" });
});

describe("packRun(path, out)", () => {
  it("gives an archive that reads as the folder does, and packs again to the same bytes", async () => {
    const bytes = await packRun(folder.at("a.pkrun"), archive());
    expect(readFileSync(archive()).length).toBe(bytes);
    const [run, packed] = [await openRun(folder.at("a.pkrun")), await openRun(archive())];
    const { checkpoint: _, path: __, ...same } = run;
    expect(packed).toMatchObject(same);
    for (const step of run.checkpoints) expect(await packed.checkpoint(step)).toEqual(await run.checkpoint(step));
    expect(await runHash(packed)).toBe(await runHash(run));
    await packRun(archive(), folder.at("b.zip"));
    expect(readFileSync(folder.at("b.zip"))).toEqual(readFileSync(archive()));
  });

  it("packs runs of the first layout", async () => {
    const old = join(ROOT, "fixtures/runs/first-momentum.pkrun");
    await packRun(old, archive());
    expect(await runHash(await openRun(archive()))).toBe(await runHash(await openRun(old)));
  });

  it("gives what Python's zipfile takes for whole and reads", async () => {
    await packRun(folder.at("a.pkrun"), archive());
    const script =
      "import sys,zipfile; z=zipfile.ZipFile(sys.argv[1]); print(z.testzip(), len(z.namelist()), z.read('manifest.json')==open(sys.argv[2],'rb').read())";
    const told = execFileSync("python3", ["-c", script, archive(), folder.at("a.pkrun/manifest.json")], {
      encoding: "utf8",
    });
    expect(told.trim()).toBe("None 12 True");
  });
});

describe("openRun(archive)", () => {
  it("reads archives of other tools, with the run's folder in them or without it, in Zip64 too", async () => {
    const hash = await runHash(await openRun(folder.at("a.pkrun")));
    const script = [
      "import sys,os,zipfile",
      "def pack(out, top, far):",
      "  with zipfile.ZipFile(out, 'w') as z:",
      "    for root, _, files in os.walk(sys.argv[1]):",
      "      for name in files:",
      "        path = os.path.join(root, name)",
      "        with z.open(zipfile.ZipInfo(top + os.path.relpath(path, sys.argv[1])), 'w', force_zip64=far) as f: f.write(open(path, 'rb').read())",
      "pack(sys.argv[2] + '/top.zip', 'a.pkrun/', False)",
      "pack(sys.argv[2] + '/bare.zip', '', False)",
      "zipfile.ZIP64_LIMIT = 100; zipfile.ZIP_FILECOUNT_LIMIT = 3",
      "pack(sys.argv[2] + '/far.zip', '', True)",
    ].join("\n");
    execFileSync("python3", ["-c", script, folder.at("a.pkrun"), folder.at()]);
    for (const name of ["top.zip", "bare.zip", "far.zip"])
      expect(await runHash(await openRun(folder.at(name)))).toBe(hash);
  });

  it("refuses archives that are compressed, cut off, changed, or not of a run", async () => {
    await packRun(folder.at("a.pkrun"), archive());
    const whole = readFileSync(archive());
    const failures: string[] = [];
    const attempt = async (bytes: Uint8Array) => {
      writeFileSync(archive(), bytes);
      failures.push(await errorOf(() => openRun(archive()), folder.at()));
    };
    await attempt(zipSync({ "manifest.json": new Uint8Array(500) }));
    await attempt(zipSync({ "readme.txt": [new Uint8Array(5), { level: 0 }] }));
    await attempt(whole.subarray(0, whole.length - 30));
    await attempt(new TextEncoder().encode("not a zip archive, but long enough for one"));
    await attempt(new Uint8Array(0));
    const changed = Uint8Array.from(whole);
    changed[whole.indexOf("pathkernel 0.1.0")] ^= 1;
    await attempt(changed);
    const claims = Uint8Array.from(whole);
    new DataView(claims.buffer).setUint32(claims.length - 6, 0xfffffff0, true); // where the directory begins
    await attempt(claims);
    const many = Uint8Array.from(whole);
    new DataView(many.buffer).setUint16(many.length - 12, 60_000, true);
    await attempt(many);
    expect(failures).toMatchInlineSnapshot(`
      [
        "InvalidRunError: a.pkrun.zip: must be stored, not compressed (zip -0), got method 8 for manifest.json",
        "InvalidRunError: a.pkrun.zip: a run must hold manifest.json, got no such file (the folder must be copied whole, or the run trained again)",
        "InvalidRunError: a.pkrun.zip: must be a whole zip archive, got 6304 bytes that do not end as one",
        "InvalidRunError: a.pkrun.zip: must be a whole zip archive, got 42 bytes that do not end as one",
        "InvalidRunError: a.pkrun.zip: must be a whole zip archive, got 0 bytes that do not end as one",
        "InvalidRunError: a.pkrun.zip/manifest.json: must have the checksum of the archive, got a damaged entry",
        "InvalidRunError: a.pkrun.zip: must hold its directory, got 12 entries in 807 bytes from 4294967280 on, in 6334 bytes",
        "InvalidRunError: a.pkrun.zip: must hold its directory, got 60000 entries in 807 bytes from 5505 on, in 6334 bytes",
      ]
    `);
  });

  it("refuses names that lead outside, and what is there twice", async () => {
    const failures = [];
    for (const name of ["../manifest.json", "/etc/passwd", "a\\b", "C:/x", "a//b", "a/./b", "a\0b"]) {
      writeArchive(archive(), [[name, new Uint8Array(3)]]);
      failures.push(await errorOf(() => openRun(archive()), folder.at()));
    }
    writeArchive(archive(), [
      ["manifest.json", new Uint8Array(3)],
      ["manifest.json", new Uint8Array(4)],
    ]);
    failures.push(await errorOf(() => openRun(archive()), folder.at()));
    expect(failures).toMatchInlineSnapshot(`
      [
        "InvalidRunError: a.pkrun.zip: must name files within it, got "../manifest.json"",
        "InvalidRunError: a.pkrun.zip: must name files within it, got "/etc/passwd"",
        "InvalidRunError: a.pkrun.zip: must name files within it, got "a\\\\b"",
        "InvalidRunError: a.pkrun.zip: must name files within it, got "C:/x"",
        "InvalidRunError: a.pkrun.zip: must name files within it, got "a//b"",
        "InvalidRunError: a.pkrun.zip: must name files within it, got "a/./b"",
        "InvalidRunError: a.pkrun.zip: must name files within it, got "a\\u0000b"",
        "InvalidRunError: a.pkrun.zip: must name each file once, got manifest.json twice",
      ]
    `);
  });

  it("names the archives of that folder that may have been meant", async () => {
    await packRun(folder.at("a.pkrun"), folder.at("mnist.pkrun.zip"));
    mkdirSync(folder.at("mnist.pkrun"));
    expect(await errorOf(() => openRun(folder.at("mnits.pkrun")), folder.at())).toMatchInlineSnapshot(
      `"RunNotFoundError: no run at mnits.pkrun (did you mean mnist.pkrun, mnist.pkrun.zip?)"`,
    );
  });
});

it("writeArchive leaves what was there, and no temporary file, when it cannot finish", async () => {
  cpSync(folder.at("a.pkrun/manifest.json"), archive());
  function* parts(): Generator<readonly [string, Uint8Array]> {
    yield ["a", new Uint8Array(3)];
    throw new Error("gone");
  }
  expect(await errorOf(() => writeArchive(archive(), parts()))).toBe("Error: gone");
  expect(readFileSync(archive())).toEqual(readFileSync(folder.at("a.pkrun/manifest.json")));
  expect(execFileSync("ls", ["-A", folder.at()], { encoding: "utf8" }).trim().split("\n")).toEqual([
    "a.pkrun",
    "a.pkrun.zip",
  ]);
});
