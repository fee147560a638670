// Progress on stderr: a bar with an estimate in a terminal, a line for each tenth or half minute elsewhere.

import cliProgress from "cli-progress";
import type { Progress } from "../train/train.ts";
import { formatSeconds } from "./format.ts";
import type { TextStream } from "./io.ts";
import type { Output } from "./output.ts";

export interface ProgressReporter {
  report(progress: Progress): void;
  /** Clears the bar. Safe to call twice. */
  end(): void;
}

/** Redraws per second. */
const FPS = 10;
/** Milliseconds between two lines where there is no terminal, unless a tenth was done before. */
const LINE_INTERVAL = 30_000;
/** What is done sooner (ms) says nothing where there is no terminal. */
const PATIENCE = 1000;
const BAR_WIDTH = 24;

const SILENT: ProgressReporter = { report: () => {}, end: () => {} };

/** Reports for this command's stderr; silent with --quiet, and with --json unless a person is watching. */
export function startProgress(output: Output): ProgressReporter {
  if (!output.talks) return SILENT;
  const { stderr, now = Date.now } = output.io;
  return stderr.isTTY ? barReporter(stderr) : lineReporter(stderr, now);
}

/** Seconds that are left if the rest goes as fast as what is done. */
function secondsLeft({ done, total }: Progress, elapsed: number): number {
  return done === 0 ? Number.NaN : ((elapsed / done) * (total - done)) / 1000;
}

function lineOf(progress: Progress, elapsed: number): string {
  const { stage, done, total, note } = progress;
  const percent = total === 0 ? 100 : Math.floor((100 * done) / total);
  const left = secondsLeft(progress, elapsed);
  const parts = [
    `${stage} ${String(percent).padStart(3)} %`,
    note,
    left > 0 ? `${formatSeconds(left)} left` : undefined,
  ];
  return parts.filter((part) => part !== undefined).join(" · ");
}

function barReporter(stream: TextStream): ProgressReporter {
  let stage: string | undefined;
  let started = 0;
  let last: Progress | undefined;
  const format = (options: cliProgress.Options, { progress }: cliProgress.Params): string => {
    const full = Math.round(progress * BAR_WIDTH);
    const bar =
      (options.barCompleteString ?? "").slice(0, full) + (options.barIncompleteString ?? "").slice(full, BAR_WIDTH);
    return `${bar} ${last === undefined ? "" : lineOf(last, Date.now() - started)}`;
  };
  const bar = new cliProgress.SingleBar(
    {
      stream: stream as NodeJS.WritableStream,
      fps: FPS,
      format,
      clearOnComplete: true,
      hideCursor: true,
      // Ctrl-C is ours.
      gracefulExit: false,
    },
    cliProgress.Presets.shades_classic,
  );
  return {
    report(progress) {
      last = progress;
      if (progress.stage !== stage) {
        bar.stop();
        [stage, started] = [progress.stage, Date.now()];
        bar.start(progress.total, progress.done);
      } else bar.update(progress.done);
    },
    end: () => bar.stop(),
  };
}

/** One line for each tenth of a stage, or each half minute of the clock `now`; exported for its test. */
export function lineReporter(stream: TextStream, now: () => number): ProgressReporter {
  let stage: string | undefined;
  let [started, written, tenth] = [0, 0, 0];
  return {
    report(progress) {
      const time = now();
      if (progress.stage !== stage) [stage, started, written, tenth] = [progress.stage, time, time, 0];
      const reached = Math.floor((10 * progress.done) / Math.max(1, progress.total));
      if (time - started < PATIENCE || (reached <= tenth && time - written < LINE_INTERVAL)) return;
      [written, tenth] = [time, reached];
      stream.write(`${lineOf(progress, time - started)}\n`);
    },
    end: () => {},
  };
}
