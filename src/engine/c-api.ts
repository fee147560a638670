// The functions of ONNX Runtime's C API that sessions need, in the library that onnxruntime-node has loaded, called through koffi.

export type Koffi = typeof import("koffi");
export type Pointer = bigint;
/** What a function may be given: numbers, a text, a pointer, or memory whose address is passed. */
export type Argument = number | string | Pointer | ArrayBufferView | null;
type NativeCall = (...args: readonly Argument[]) => Pointer | null;

/** The table of this version is read: later libraries keep it as it is, and add functions behind it. */
const API_VERSION = 17;

const TYPES: Readonly<Record<string, string>> = { p: "void *", i: "int", n: "size_t", s: "const char *" };

/** Functions that give a status: their place in `OrtApi` (onnxruntime_c_api.h) and the kinds of their arguments. */
const FUNCTIONS = {
  createEnv: [3, "isp"],
  createSessionFromArray: [8, "ppnpp"],
  run: [9, "ppppnpnp"],
  createSessionOptions: [10, "p"],
  setLogSeverity: [22, "pi"],
  setOptimization: [23, "pi"],
  setIntraOpThreads: [24, "pi"],
  setInterOpThreads: [25, "pi"],
  inputCount: [30, "pp"],
  outputCount: [31, "pp"],
  inputName: [36, "pnpp"],
  outputName: [37, "pnpp"],
  createTensorWithData: [49, "ppnpnip"],
  tensorData: [51, "pp"],
  elementType: [60, "pp"],
  dimensionCount: [61, "pp"],
  dimensions: [62, "ppn"],
  typeAndShape: [65, "pp"],
  createCpuMemoryInfo: [69, "iip"],
  free: [76, "pp"],
  defaultAllocator: [78, "p"],
  addConfigEntry: [130, "pss"],
} as const satisfies Readonly<Record<string, readonly [number, string]>>;

/** Functions that give nothing and free what they are given. */
const RELEASES = {
  releaseStatus: 93,
  releaseSession: 95,
  releaseValue: 96,
  releaseTypeAndShape: 99,
  releaseSessionOptions: 100,
} as const;

const ERROR_MESSAGE = 2;

/** Memory of its own, which does not move, for pointers and sizes of 64 bits. */
export const words = (count: number): BigUint64Array => new BigUint64Array(new ArrayBuffer(8 * count));

type Checked = Readonly<Record<keyof typeof FUNCTIONS, (...args: readonly Argument[]) => void>>;
type Releases = Readonly<Record<keyof typeof RELEASES, (pointer: Pointer) => void>>;

/** The functions; each throws what a status says. */
export interface CApi extends Checked, Releases {
  readonly koffi: Koffi;
  /** "1.30.0". */
  readonly version: string;
}

/** The C API of a library by its name or path. Error where there is none, or one without that version of it. */
export function openCApi(koffi: Koffi, library: string): CApi {
  const { decode, proto, sizeof } = koffi;
  const base = koffi.load(library).func("OrtGetApiBase", "void *", [])() as Pointer;
  const size = sizeof("void *");
  const at = (table: Pointer, place: number, result: string, kinds: string): NativeCall => {
    const types = [...kinds].map((kind) => TYPES[kind]);
    return decode(decode(table, place * size, "void *"), proto(result, types)) as NativeCall;
  };
  const api = at(base, 0, "void *", "i")(API_VERSION);
  if (api === null) throw new Error(`${library} must have version ${API_VERSION} of the API`);
  const message = at(api, ERROR_MESSAGE, "const char *", "p") as unknown as (status: Pointer) => string;
  const release = (place: number) => at(api, place, "void", "p") as unknown as (pointer: Pointer) => void;
  const releases = Object.fromEntries(
    Object.entries(RELEASES).map(([name, place]) => [name, release(place)]),
  ) as unknown as Releases;
  const checked = ([place, kinds]: readonly [number, string]) => {
    const call = at(api, place, "void *", kinds);
    return (...args: readonly Argument[]): void => {
      const status = call(...args);
      if (status === null) return;
      const said = message(status);
      releases.releaseStatus(status);
      throw new Error(said);
    };
  };
  const functions = Object.fromEntries(
    Object.entries(FUNCTIONS).map(([name, own]) => [name, checked(own)]),
  ) as unknown as Checked;
  const version = at(base, 1, "const char *", "") as unknown as () => string;
  return { koffi, version: version(), ...releases, ...functions };
}
