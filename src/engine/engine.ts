// Compiles graphs to ONNX Runtime sessions and runs them on host arrays.

import type { InferenceSession, OnnxValue } from "onnxruntime-common";
import { EngineError } from "../errors.ts";
import { GraphBuilder, valueIn } from "../graph/builder.ts";
import { resolveDim } from "../graph/dim.ts";
import { writeOnnx } from "../graph/onnx/writer.ts";
import type { Graph, Value } from "../graph/types.ts";
import { type DType, type RealDType, type Tensor, type TypedArrayOf, zeros } from "../numeric/tensor.ts";
import { channelBlockOf } from "./channel-block.ts";
import { lowerGraph } from "./lower/lower.ts";
import { machineMemory } from "./machine-memory.ts";
import { type LoadedOrt, loadOrt, type Provider, providerNames } from "./ort.ts";
import { passedInputs } from "./passed-inputs.ts";
import { batchOf, Room } from "./room.ts";
import { SessionCache } from "./session-cache.ts";

export type Feeds = Readonly<Record<string, Tensor>>;

/** A result that stayed on the card that computed it: programs of its engine read it there, and nothing else does. */
export interface Held {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly onCard: OnnxValue & { dispose(): void };
}

/** A compiled graph. Inputs and outputs are host arrays by name; reals have the engine's dtype. */
export interface Program {
  readonly graph: Graph;
  /**
   * Runs the graph. `into` gives arrays that the engine writes results to instead of new ones. Inputs are never changed.
   * EngineError when an input is missing, or of the wrong shape or dtype, or when the run would take more than the engine's
   * `memoryLimit`.
   */
  run(feeds: Readonly<Record<string, Tensor | Held>>, into?: Feeds): Promise<Record<string, Tensor>>;
}

export interface EngineOptions {
  /** Element type of every real value of every program. */
  readonly dtype: RealDType;
  /** What computes; webgpu has float32 only. Default: cpu. */
  readonly provider?: Provider;
  /** Threads within one operator; results are bit-equal only at equal numbers of threads. Default: 2. */
  readonly threads?: number;
  /**
   * Bytes that the values of one run may occupy at once, by the shapes that were inferred (`graph/live-bytes.ts`); a graph or a batch
   * that needs more is refused before the engine sees it. Default: the memory of this machine, 4 GiB where it is not known.
   */
  readonly memoryLimit?: number;
  /** Compiled programs that are kept; the least recently used one beyond them is released and compiled again when needed. */
  readonly cachedPrograms?: number;
  /** Told, in one line, when the engine is slower than it could be. */
  readonly warn?: (message: string) => void;
}

export interface EngineInfo {
  readonly name: string;
  readonly version: string;
  readonly threads: number;
  /** Absent: cpu. */
  readonly provider?: Provider;
}

const DEFAULT_CACHED_PROGRAMS = 64;

/** More than any machine has cores; a session opens them all, and dies of a million. */
export const MOST_THREADS = 1024;

/** Owns programs; `release` frees them all. Obtained by `openEngine`. */
export class Engine {
  readonly dtype: RealDType;
  readonly info: EngineInfo;
  /** Whether results can stay on a card: without it every array goes there and back, at 1.4 GB/s on an H100. */
  readonly holds: boolean;
  private readonly loaded: LoadedOrt;
  private readonly writes: boolean;
  private readonly programs = new WeakMap<Graph, Program>();
  private readonly sessions: SessionCache;
  private readonly holding: SessionCache;
  private readonly room: Room;

  constructor(loaded: LoadedOrt, options: EngineOptions) {
    const { dtype, threads = 2, cachedPrograms = DEFAULT_CACHED_PROGRAMS, provider = "cpu" } = options;
    this.loaded = loaded;
    this.writes = loaded.writes ?? false;
    this.dtype = dtype;
    this.room = new Room(dtype, options.memoryLimit ?? machineMemory());
    this.holds = provider === "webgpu";
    this.sessions = new SessionCache(cachedPrograms, (graph) => this.open(graph));
    this.holding = new SessionCache(cachedPrograms, (graph) => this.open(graph, "gpu-buffer"));
    const versions = loaded.ort.env.versions;
    const info = { name: loaded.name, version: versions?.common ?? "unknown", threads };
    this.info = provider === "cpu" ? info : { ...info, provider };
  }

  /** The program of a graph; compiled on first use, one for each graph object. */
  compile(graph: Graph): Program {
    const known = this.programs.get(graph);
    if (known) return known;
    const program: Program = { graph, run: (feeds, into) => this.run(graph, feeds, into) };
    this.programs.set(graph, program);
    return program;
  }

  /** Frees every session, one that is running when its run ends. Programs may still be run: they are compiled anew. */
  async release(): Promise<void> {
    await this.sessions.release();
    await this.holding.release();
  }

  private run(
    graph: Graph,
    feeds: Readonly<Record<string, Tensor | Held>>,
    into: Feeds | undefined,
  ): Promise<Record<string, Tensor>> {
    return this.sessions.with(graph, async (session) => {
      this.room.require(graph, feeds);
      const batch = this.writes ? batchOf(graph, feeds) : undefined;
      const passed = passedInputs(graph);
      const fetches = Object.fromEntries(
        graph.outputs.map((name) => {
          return [name, passed.has(name) ? null : this.fetchFor(valueIn(graph, name), into?.[name], batch)];
        }),
      );
      const results = await this.results(session, graph, feeds, fetches);
      for (const name of passed) into?.[name]?.data.set(results[name].data as never);
      const outputs: Record<string, Tensor> = {};
      for (const name of graph.outputs) {
        const result = results[name];
        outputs[name] = { dtype: result.type as DType, shape: result.dims, data: result.data as TypedArrayOf[DType] };
      }
      return outputs;
    });
  }

  /** Runs a graph and leaves its results on the card; the caller disposes of them. RangeError where there is none. */
  hold(graph: Graph, feeds: Feeds): Promise<Record<string, Held>> {
    if (!this.holds) throw new RangeError("hold: the engine's provider must be webgpu, got cpu");
    return this.holding.with(graph, async (session) => {
      this.room.require(graph, feeds);
      const fetches = Object.fromEntries(graph.outputs.map((name) => [name, null]));
      const results = await this.results(session, graph, feeds, fetches);
      return Object.fromEntries(
        graph.outputs.map((name) => {
          const { type, dims } = results[name];
          return [name, { dtype: type as DType, shape: dims, onCard: results[name] }] as const;
        }),
      );
    });
  }

  /** What a result is written to: what is given, else a new array of its shape; null where the runtime makes a better one. */
  private fetchFor({ dtype, shape }: Value, given: Tensor | undefined, batch: number | undefined): OnnxValue | null {
    if (given) return this.wrapped(given);
    if (batch === undefined) return null;
    const type = dtype === "real" ? this.dtype : dtype;
    return this.wrapped(
      zeros(
        type,
        shape.map((dim) => resolveDim(dim, batch)),
      ),
    );
  }

  private wrapped({ dtype, data, shape }: Tensor): OnnxValue {
    return new this.loaded.ort.Tensor(dtype, data as never, shape);
  }

  private results(
    session: InferenceSession,
    graph: Graph,
    feeds: Readonly<Record<string, Tensor | Held>>,
    fetches: Readonly<Record<string, OnnxValue | null>>,
  ): Promise<InferenceSession.ReturnType> {
    const inputs: Record<string, OnnxValue> = {};
    for (const name of session.inputNames) {
      const feed = feeds[name];
      if (!feed)
        throw new EngineError(`internal: program input ${name} must be fed, got ${Object.keys(feeds).join(", ")}`);
      inputs[name] = "onCard" in feed ? feed.onCard : this.wrapped(feed);
    }
    return session.run(inputs, fetches).catch((cause: unknown) => {
      throw engineErrorOf("could not run", graph, cause);
    });
  }

  private async open(graph: Graph, results?: "gpu-buffer"): Promise<InferenceSession> {
    const onCpu = this.info.provider !== "webgpu" && this.dtype === "float32";
    const convolves = onCpu && graph.nodes.some(({ op }) => op === "Conv");
    const channelBlock = convolves ? await channelBlockOf(this.loaded.ort) : 1;
    this.room.admit(graph, graph);
    const lowered = lowerGraph(graph, { dtype: this.dtype, channelBlock });
    this.room.admit(graph, lowered);
    const bytes = writeOnnx(lowered, { real: this.dtype });
    try {
      return await this.loaded.ort.InferenceSession.create(bytes, {
        ...(this.info.provider && { executionProviders: [this.info.provider] }),
        ...(results && { preferredOutputLocation: results }),
        intraOpNumThreads: this.info.threads,
        interOpNumThreads: 1,
        // "basic" moves Transposes into Slices: 20.7 ms a step of a small CNN against 15.2. "all" gains nothing more, takes longer to
        // create, and fuses layer normalisation into a float64 kernel that is wrong by 4e-11.
        graphOptimizationLevel: "disabled",
        // Threads that spin between operators take 1 to 2 % less (contributions at one checkpoint a tenth); those that go on after a run starve the next session
        // (a kernel by several graphs: 148 ms against 87).
        extra: { session: { intra_op: { allow_spinning: "1" }, force_spinning_stop: "1" } },
        logSeverityLevel: 3,
      });
    } catch (cause) {
      throw engineErrorOf("refused", graph, cause);
    }
  }
}

const oneLine = (message: string): string => message.trim().replace(/\s+/g, " ");

/** One line on what the engine did not do, and why. */
function engineErrorOf(what: string, { nodes }: Graph, cause: unknown): EngineError {
  const ops = [...new Set(nodes.map((node) => node.op))].join(", ");
  const why = oneLine((cause as Error).message);
  return new EngineError(`the engine ${what} a graph of ${nodes.length} nodes (${ops}): ${why}`, { cause });
}

/** EngineError unless the engine's provider has a device here. */
async function checkDevice(engine: Engine): Promise<void> {
  const b = new GraphBuilder();
  const program = engine.compile(b.build({ y: b.op("Relu", [b.input("x", "real", ["N"])]) }));
  try {
    await program.run({ x: { dtype: "float32", shape: [1], data: Float32Array.of(1) } });
  } catch (cause) {
    await engine.release();
    const why = ((cause as Error).cause as Error | undefined)?.message ?? (cause as Error).message;
    // ONNX Runtime puts the place in its sources and the condition in front of what happened.
    const what = oneLine(why).replace(/^.* was false\. /, "");
    throw new EngineError(`no WebGPU device could be opened: ${what}`, {
      cause,
      hint: "use provider cpu, or a machine (a browser) with a graphics card that WebGPU knows",
    });
  }
}

/** Opens an engine on the fastest ONNX Runtime that is installed; EngineError where the provider has no device. */
export async function openEngine(options: EngineOptions): Promise<Engine> {
  const { dtype, threads = 1, provider = "cpu", memoryLimit = 1, warn } = options;
  if (dtype !== "float32" && dtype !== "float64")
    throw new RangeError(`openEngine: dtype must be float32 or float64, got ${dtype}`);
  if (!Number.isSafeInteger(threads) || threads < 1 || threads > MOST_THREADS)
    throw new RangeError(`openEngine: threads must be an integer from 1 to ${MOST_THREADS}, got ${threads}`);
  if (!(memoryLimit > 0)) throw new RangeError(`openEngine: memoryLimit must be a positive number, got ${memoryLimit}`);
  if (!providerNames.includes(provider))
    throw new RangeError(`openEngine: provider must be ${providerNames.join(" or ")}, got ${provider}`);
  if (provider === "webgpu" && dtype !== "float32")
    throw new RangeError(`openEngine: dtype must be float32 on provider webgpu, which has no float64, got ${dtype}`);
  const engine = new Engine(await loadOrt(warn, provider), options);
  if (provider !== "cpu") await checkDevice(engine);
  return engine;
}
