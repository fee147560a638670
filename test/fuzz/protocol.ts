// What the fuzzer and the processes that read its inputs say to each other.

import type { Job } from "./shares.ts";

export interface Request {
  readonly seed: number;
  readonly job: Job;
  /** A folder that the input may be put into. */
  readonly folder: string;
  /** Only write the input to this folder. */
  readonly save?: string;
}

export interface Response {
  /** What was done to the input. */
  readonly note: string;
  /** "read", or the tag of the error. */
  readonly outcome: string;
  /** What is wrong: an error of no known kind, or something wrong with what was read. */
  readonly fault?: string;
  /** Of the processor: what the machine does besides does not count. */
  readonly milliseconds: number;
  /** By the clock. */
  readonly elapsed: number;
  /** By how much the memory in use grew at most. */
  readonly bytes: number;
}
