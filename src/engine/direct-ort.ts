// Sessions of the native ONNX Runtime that write results where they are told to, by its C API: the package's own sessions copy every result
// into fresh memory, those too that were already written to an array given for them (1.30).

import type { InferenceSession, OnnxValue } from "onnxruntime-common";
import { type CApi, type Koffi, openCApi, type Pointer, words } from "./c-api.ts";
import type { Ort } from "./common-api.ts";
import { DirectTensor, Slots, TYPES } from "./slots.ts";

/** The name by which the library is found again that onnxruntime-node has loaded: of Linux and Windows. On macOS it is a path. */
export const libraryNames: readonly string[] = ["libonnxruntime.so.1", "onnxruntime.dll"];

const LEVELS = { disabled: 0, basic: 1, extended: 2, layout: 3, all: 99 } as const;
/** What a session tells of itself where nothing is said: warnings. */
const SEVERITY = 2;
const CPU = [0, 0] as const;

/** { a: { b: "1" } } as "a.b": "1". */
function* configEntries(extra: Readonly<Record<string, unknown>>, before = ""): Generator<[string, string]> {
  for (const [key, value] of Object.entries(extra)) {
    if (typeof value === "object" && value !== null)
      yield* configEntries(value as Readonly<Record<string, unknown>>, `${before}${key}.`);
    else yield [before + key, String(value)];
  }
}

/** What lives as long as the process. */
interface Shared {
  readonly api: CApi;
  readonly env: Pointer;
  readonly memory: Pointer;
  readonly allocator: Pointer;
}

function share(api: CApi): Shared {
  const out = words(1);
  const made = (call: () => void): Pointer => {
    call();
    return out[0];
  };
  return {
    api,
    env: made(() => api.createEnv(SEVERITY, "pathkernel", out)),
    memory: made(() => api.createCpuMemoryInfo(...CPU, out)),
    allocator: made(() => api.defaultAllocator(out)),
  };
}

type Feeds = Readonly<Record<string, OnnxValue>>;
type Fetches = Readonly<Record<string, OnnxValue | null>>;

/** The part of a session that the engine uses. */
class DirectSession {
  private readonly shared: Shared;
  private pointer: Pointer | undefined;
  private readonly inputs: Slots;
  private readonly outputs: Slots;
  private readonly free: () => void;

  constructor(shared: Shared, bytes: Uint8Array, options: InferenceSession.SessionOptions) {
    this.shared = shared;
    const pointer = open(shared, bytes, options);
    this.pointer = pointer;
    const { api, memory } = shared;
    const [inputs, outputs] = [
      new Slots(namesOf(shared, pointer, api.inputCount, api.inputName), api, memory),
      new Slots(namesOf(shared, pointer, api.outputCount, api.outputName), api, memory),
    ];
    this.inputs = inputs;
    this.outputs = outputs;
    // What this is called by must not lead back to the session.
    this.free = () => {
      inputs.release();
      outputs.release();
      api.releaseSession(pointer);
    };
    forgotten.register(this, this.free, this);
  }

  get inputNames(): readonly string[] {
    return this.inputs.names;
  }

  get outputNames(): readonly string[] {
    return this.outputs.names;
  }

  /** As of the common API: outputs that are given are written to, for the others arrays are made. Other work may come before it. */
  run(feeds: Feeds, fetches: Fetches = {}): Promise<Record<string, OnnxValue>> {
    return new Promise((resolve, reject) => {
      setImmediate(() => {
        try {
          resolve(this.runNow(feeds, fetches));
        } catch (error) {
          reject(error);
        }
      });
    });
  }

  async release(): Promise<void> {
    if (this.pointer === undefined) return;
    forgotten.unregister(this);
    this.pointer = undefined;
    this.free();
  }

  private runNow(feeds: Feeds, fetches: Fetches): Record<string, OnnxValue> {
    if (this.pointer === undefined) throw new Error("a session must not be released before it is run");
    const { inputs, outputs, shared } = this;
    const { api } = shared;
    inputs.names.forEach((name, k) => {
      inputs.put(k, feeds[name] as unknown as DirectTensor);
    });
    outputs.names.forEach((name, k) => {
      const target = fetches[name];
      if (target) outputs.put(k, target as unknown as DirectTensor);
      else outputs.leave(k);
    });
    const [given, asked] = [inputs.names.length, outputs.names.length];
    api.run(this.pointer, null, inputs.addresses, inputs.values, given, outputs.addresses, asked, outputs.values);
    return Object.fromEntries(
      outputs.names.map((name, k) => [name, fetches[name] ?? this.copyOf(outputs.values[k])] as const),
    );
  }

  /** A value of the runtime's own as a tensor; the value is freed. */
  private copyOf(value: Pointer): OnnxValue {
    const { api } = this.shared;
    const out = words(1);
    api.typeAndShape(value, out);
    const [info, code] = [out[0], new Int32Array(new ArrayBuffer(4))];
    try {
      api.elementType(info, code);
      api.dimensionCount(info, out);
      const dims = new BigInt64Array(new ArrayBuffer(8 * Number(out[0])));
      api.dimensions(info, dims, dims.length);
      const found = Object.entries(TYPES).find(([, [own]]) => own === code[0]);
      if (!found)
        throw new Error(`an output must have one of the types ${Object.keys(TYPES).join(", ")}, got ${code[0]}`);
      const [type, [, Numbers]] = found;
      const shape = Array.from(dims, Number);
      const length = shape.reduce((product, axis) => product * axis, Numbers.prototype.BYTES_PER_ELEMENT as number);
      api.tensorData(value, out);
      const bytes = length === 0 ? new ArrayBuffer(0) : api.koffi.view(out[0], length).slice(0);
      return new DirectTensor(type, new Numbers(bytes), shape) as unknown as OnnxValue;
    } finally {
      api.releaseTypeAndShape(info);
      api.releaseValue(value);
    }
  }
}

/** Frees sessions that nobody holds any more and nobody has released. */
const forgotten = new FinalizationRegistry<() => void>((release) => release());

function open({ api, env }: Shared, bytes: Uint8Array, options: InferenceSession.SessionOptions): Pointer {
  const { intraOpNumThreads, interOpNumThreads, graphOptimizationLevel, logSeverityLevel, extra = {} } = options;
  const out = words(1);
  api.createSessionOptions(out);
  const settings = out[0];
  try {
    if (intraOpNumThreads !== undefined) api.setIntraOpThreads(settings, intraOpNumThreads);
    if (interOpNumThreads !== undefined) api.setInterOpThreads(settings, interOpNumThreads);
    if (graphOptimizationLevel !== undefined) api.setOptimization(settings, LEVELS[graphOptimizationLevel]);
    if (logSeverityLevel !== undefined) api.setLogSeverity(settings, logSeverityLevel);
    for (const [key, value] of configEntries(extra)) api.addConfigEntry(settings, key, value);
    api.createSessionFromArray(env, bytes, bytes.byteLength, settings, out);
    return out[0];
  } finally {
    api.releaseSessionOptions(settings);
  }
}

function namesOf(
  { api, allocator }: Shared,
  session: Pointer,
  count: CApi["inputCount"],
  name: CApi["inputName"],
): readonly string[] {
  const out = words(1);
  count(session, out);
  return Array.from({ length: Number(out[0]) }, (_, k) => {
    name(session, k, allocator, out);
    const [pointer] = out;
    const value = api.koffi.decode.string(pointer);
    api.free(allocator, pointer);
    return value;
  });
}

const opened = new WeakMap<Ort, Promise<Ort | undefined>>();

async function find(native: Ort, libraries: readonly string[]): Promise<Ort | undefined> {
  try {
    const koffi = await import("koffi");
    for (const library of libraries) {
      const api = tryOpen(koffi, library);
      if (!api || api.version !== (native.env.versions as { node?: string }).node) continue;
      const shared = share(api);
      const create = async (bytes: Uint8Array, options: InferenceSession.SessionOptions = {}): Promise<DirectSession> =>
        new DirectSession(shared, bytes, options);
      return {
        env: native.env,
        Tensor: DirectTensor as unknown as Ort["Tensor"],
        InferenceSession: { create } as unknown as Ort["InferenceSession"],
      };
    }
  } catch {
    // Without koffi the package's own sessions do.
  }
  return undefined;
}

function tryOpen(koffi: Koffi, library: string): CApi | undefined {
  try {
    return openCApi(koffi, library);
  } catch {
    return undefined;
  }
}

/**
 * The runtime that onnxruntime-node has loaded, for sessions on processors; undefined where koffi is not there, or the library not found under
 * its name.
 *
 * A result that is written to an array costs what writing it costs. By the package's own sessions 2.7 MB take 1.0 ms where this takes 0.3
 * (fresh memory, a copy, page faults), and a run on 20 small arrays 0.08 ms more.
 */
export function directOrt(native: Ort, libraries: readonly string[] = libraryNames): Promise<Ort | undefined> {
  if (libraries !== libraryNames) return find(native, libraries);
  const known = opened.get(native) ?? find(native, libraries);
  opened.set(native, known);
  return known;
}
