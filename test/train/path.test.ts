// Lines of a path: chords begin at multiples of k, and are the same however many checkpoints are stored.

import { describe, expect, it, vi } from "vitest";
import type { Run } from "../../src/run/types.ts";
import { trainInMemory } from "../../src/train/memory-training.ts";
import { type PathEvent, type PathOptions, pathBackwards } from "../../src/train/path.ts";
import { planReversal } from "../../src/train/reversal.ts";
import { Stepper } from "../../src/train/stepper.ts";
import type { Task } from "../../src/train/task.ts";
import { optimizerChoice } from "../helpers/optimizer-choices.ts";
import { smallTask } from "../helpers/tasks.ts";

const { task, params, batches } = await smallTask({ steps: 13, hidden: [4], optimizer: optimizerChoice("adam decay") });
const recorded = (checkpointEvery: number): Promise<Run> => trainInMemory(task, { params, batches, checkpointEvery });
const [all, few] = [await recorded(1), await recorded(5)];

async function walked(run: Run, options?: PathOptions, by: Task = task): Promise<PathEvent[]> {
  const events: PathEvent[] = [];
  for await (const event of pathBackwards(by, run, options)) events.push(event);
  return events;
}

/** "9-13" for a line of steps 9 to 12, "9" for a step, "jump 9". */
const named = (events: readonly PathEvent[]): string[] =>
  events.map((event) => {
    if (event.kind === "line") return `${event.first}-${event.end}`;
    return event.kind === "step" ? `${event.from.step}` : `jump ${event.recorded.step}`;
  });

/** The run with another stored state before `step`. */
const moved = (run: Run, step: number): Run => ({
  ...run,
  checkpoint: async (s) => {
    const stored = await run.checkpoint(s);
    return s === step ? { ...stored, params: stored.params.map((w: number) => w + 1e-3) as Float64Array } : stored;
  },
});

describe("pathBackwards(task, run, options)", () => {
  it("gives each step its own line unless chords are asked for", async () => {
    const events = await walked(few);
    expect(named(events).slice(0, 4)).toEqual(["12-13", "12", "11-12", "11"]);
    expect(events).toHaveLength(26);
  });

  it.each([2, 4, 5, 7, 13, 50])("walks chords of %i steps, the same for few checkpoints as for all", async (chord) => {
    const [fromFew, fromAll] = [await walked(few, { chord }), await walked(all, { chord })];
    const lines = fromAll.filter((event) => event.kind === "line");
    expect(lines.map(({ first }) => first)).toEqual(
      Array.from({ length: Math.ceil(13 / chord) }, (_, j) => j * chord).reverse(),
    );
    for (const { first, end, from, to } of lines) {
      expect(from).toEqual((await all.checkpoint(first)).params);
      expect(to).toEqual((await all.checkpoint(end)).params);
    }
    expect(fromFew).toEqual(fromAll);
  });

  it("walks the same chords where states are held in parts, and looks for beginnings among those held", async () => {
    const long = await smallTask({ steps: 60, hidden: [4], optimizer: optimizerChoice("sgd") });
    const recordedLong = (checkpointEvery: number) => trainInMemory(long.task, { ...long, checkpointEvery });
    const [everyStep, ends] = [await recordedLong(1), await recordedLong(60)];
    const advance = vi.spyOn(Stepper.prototype, "advance");
    const events = await walked(ends, { chord: 7, replayMemory: 1 }, long.task);
    const taken = advance.mock.calls.length;
    advance.mockRestore();
    expect(events).toEqual(await walked(everyStep, { chord: 7 }, long.task));
    // Eight states are held. From the stored checkpoint the beginnings alone would take 7 + 14 + ... + 56 = 252.
    const { replayed } = planReversal(ends.checkpoints, 8);
    expect(taken - replayed).toBeLessThan(60);
  });

  it("leads chords over jumps, which come after the steps that follow them", async () => {
    // The replay goes on from the state that was moved, and misses the next one too.
    const run = moved(few, 5);
    const events = await walked(run, { chord: 4 });
    expect(named(events)).toEqual([
      ...["12-13", "12", "8-12", "11", "10", "jump 10", "9", "8"],
      ...["4-8", "7", "6", "5", "jump 5", "4", "0-4", "3", "2", "1", "0"],
    ]);
    expect(events.find((e) => e.kind === "line" && e.end === 8)).toMatchObject({
      from: (await all.checkpoint(4)).params,
    });
    expect(events.find((e) => e.kind === "jump" && e.recorded.step === 5)).toMatchObject({
      replayed: await all.checkpoint(5),
      recorded: await run.checkpoint(5),
    });
  });

  it("walks a part of the steps, and takes those of some chords apart", async () => {
    const steps = named(await walked(few, { chord: 4, range: { first: 4, end: 12 }, apart: { first: 8, end: 12 } }));
    expect(steps).toEqual(["11-12", "11", "10-11", "10", "9-10", "9", "8-9", "8", "4-8", "7", "6", "5", "4"]);
  });

  it("replays nothing where every state is stored", async () => {
    const idle = { engine: { compile: () => expect.unreachable("nothing may run") } } as unknown as Task;
    expect(named(await walked(all, { chord: 7 }, idle))[0]).toBe("7-13");
  });
});
