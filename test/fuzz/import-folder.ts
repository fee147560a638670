// Fuzzed folders of loops that another program recorded: imported whole, into a run.

import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { encodeNpy } from "../../src/numeric/npy.ts";
import { encodeNpz } from "../../src/numeric/npz.ts";
import { encodeSafetensors } from "../../src/numeric/safetensors.ts";
import { type Tensor, tensor } from "../../src/numeric/tensor.ts";
import { importRun } from "../../src/train/import.node.ts";
import { writeLoopFolder } from "../helpers/loop-folder.ts";
import { optimizerChoice } from "../helpers/optimizer-choices.ts";
import { smallLoop } from "../helpers/recorded-loop.ts";
import { damaged } from "./bytes.ts";
import { type Chance, jsonText, oddValue, someSize } from "./chance.ts";
import { type Entry, type Family, type Input, writeInput } from "./input.ts";
import { damagedModel } from "./onnx-damage.ts";

async function makeOriginal(): Promise<ReadonlyMap<string, Uint8Array>> {
  const folder = mkdtempSync(join(tmpdir(), "pathkernel-fuzz-"));
  try {
    const loop = await smallLoop({ optimizer: optimizerChoice("adamw"), loss: "cross-entropy", hidden: [3], steps: 4 });
    await writeLoopFolder(folder, loop, { withState: true });
    const names = (readdirSync(folder, { recursive: true }) as string[]).sort();
    const files = names.filter((name) => statSync(join(folder, name)).isFile());
    return new Map(files.map((name) => [name, new Uint8Array(readFileSync(join(folder, name)))]));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

let original: Promise<ReadonlyMap<string, Uint8Array>> | undefined;

type Files = Map<string, Entry>;

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

/** An array of another size, type or content than what stands there. */
function someArray(chance: Chance): Tensor {
  const shape = Array.from({ length: chance.int(4) }, () => chance.pick([0, 1, 2, 3, 5, 12]));
  const size = shape.reduce((a, b) => a * b, 1);
  const numbers = Array.from({ length: size }, () => (chance.flip(0.8) ? chance.int(5) : someSize(chance)));
  const kind = chance.int(4);
  if (kind === 0) return tensor("float64", shape, Float64Array.from(numbers));
  if (kind === 1) return tensor("float32", shape, Float32Array.from(numbers));
  if (kind === 2) return tensor("int32", shape, Int32Array.from(numbers));
  return tensor(
    "int64",
    shape,
    BigInt64Array.from(numbers, (k) => BigInt.asIntN(64, BigInt(k))),
  );
}

function damageJson(files: Files, name: string, chance: Chance): void {
  const bytes = files.get(name);
  try {
    const value = JSON.parse(new TextDecoder().decode(bytes as Uint8Array));
    const owner =
      chance.flip(0.5) && value.options ? value.options : value.loss && chance.flip(0.5) ? value.loss : value;
    owner[chance.pick([...Object.keys(owner), "lr", "name", "reduction", "__proto__"])] = oddValue(chance);
    files.set(name, encode(jsonText(value)));
  } catch {
    files.set(name, encode("{"));
  }
}

function damage(files: Files, chance: Chance): string {
  const name = chance.pick([...files.keys()]);
  const entry = files.get(name);
  const kind = chance.int(7);
  if (name.endsWith(".json") || kind === 0) {
    const file = name.endsWith(".json") ? name : chance.pick(["run.json", "optimizer.json"]);
    damageJson(files, file, chance);
    return file;
  }
  if (kind === 1) {
    files.delete(name);
    return `${name} is gone`;
  }
  if (kind === 2) {
    files.set(
      chance.pick(["batches.npy", "indices.npy", "offsets.npy", "x.npy", "y.npy"]),
      encodeNpy(someArray(chance)),
    );
    return "another array";
  }
  if (kind === 3 && name.endsWith(".npz")) {
    const keys = ["x", "y", "indices", "offsets", "weights", "x_train", "y_train"].filter(() => chance.flip(0.5));
    files.set(name, encodeNpz(Object.fromEntries(keys.map((key) => [key, someArray(chance)]))));
    return `${name}: other arrays`;
  }
  if (kind === 4 && name.endsWith(".safetensors")) {
    const keys = ["layers.0.weight", "layers.0.bias", "a@exp_avg", "@", "__proto__"].filter(() => chance.flip(0.5));
    files.set(name, encodeSafetensors(Object.fromEntries(keys.map((key) => [key, someArray(chance)]))));
    return `${name}: other tensors`;
  }
  if (!(entry instanceof Uint8Array)) return "nothing";
  try {
    const model = name === "model.onnx" ? damagedModel(entry, chance) : undefined;
    files.set(name, model?.bytes ?? damaged(entry, chance, entry).bytes);
  } catch {
    files.set(name, damaged(entry, chance, entry).bytes);
  }
  return `${name}: damaged`;
}

async function make(chance: Chance): Promise<Input> {
  original ??= makeOriginal();
  const files: Files = new Map(await original);
  const notes = chance.several(2, () => damage(files, chance));
  return { note: notes.join("; "), files: new Map([...files].map(([name, entry]) => [`loop/${name}`, entry])) };
}

async function read(input: Input, folder: string): Promise<string | undefined> {
  writeInput(input, folder);
  const { run } = await importRun({ directory: join(folder, "loop"), out: join(folder, "a.pkrun"), threads: 1 });
  const { params } = await run.checkpoint(0);
  return params.every(Number.isFinite) ? undefined : "the first parameters are not finite";
}

export const importFolder: Family = { name: "import", make, read };
