// Ctrl-C in a process that does not end by itself: the first asks, the same press again changes nothing, the second ends.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { describe, expect, it } from "vitest";

describe("interruptSignal(stderr)", () => {
  it("aborts at the first Ctrl-C, takes what comes within 0.3 s for the same press, and ends the process at the next", async () => {
    const program = join(import.meta.dirname, "../helpers/interrupted.ts");
    const child = spawn(process.execPath, ["--import", import.meta.resolve("tsx"), program]);
    try {
      const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
      const line = async (): Promise<string> => (await lines.next()).value;
      let stderr = "";
      child.stderr.on("data", (piece: Buffer) => {
        stderr += piece;
      });
      expect(await line()).toBe("ready");
      child.kill("SIGINT");
      expect([await line(), await line()]).toEqual(["aborted", "pressed"]);
      child.kill("SIGINT");
      expect(await line()).toBe("pressed");
      child.kill("SIGUSR2");
      expect(await line()).toBe("later");
      const ended = once(child, "exit");
      child.kill("SIGINT");
      expect(await ended).toEqual([null, "SIGINT"]);
      expect(stderr).toBe("\nstopping; what is done is kept (Ctrl-C again ends at once)\n");
    } finally {
      child.kill("SIGKILL");
    }
  });
});
