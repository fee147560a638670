// How many channels the engine's blocked convolutions take together, asked of the engine itself: 8 or 16 by processor, 1 for none.

import { DATA_TYPE, encodeModel } from "../graph/onnx/proto.ts";
import type { Ort } from "./common-api.ts";

const REAL = DATA_TYPE.float32;
const valueInfo = (name: string, shape: readonly number[]) => ({
  name,
  type: { tensorType: { elemType: REAL, shape: { dim: shape.map((dimValue) => ({ dimValue })) } } },
});

/** A graph that reorders four channels, which fills up one block. */
function probe(): Uint8Array {
  const domain = "com.microsoft.nchwc";
  return encodeModel({
    irVersion: 8,
    producerName: "pathkernel",
    opsetImport: [
      { domain: "", version: 18 },
      { domain, version: 1 },
    ],
    graph: {
      name: "probe",
      node: [{ opType: "ReorderInput", domain, input: ["x"], output: ["y"] }],
      initializer: [],
      input: [valueInfo("x", [1, 4, 1, 1])],
      output: [{ name: "y", type: { tensorType: { elemType: REAL } } }],
    },
  } as never);
}

const known = new WeakMap<Ort, Promise<number>>();

async function ask({ InferenceSession, Tensor }: Ort): Promise<number> {
  try {
    const session = await InferenceSession.create(probe(), { logSeverityLevel: 4 });
    const { y } = await session.run({ x: new Tensor("float32", new Float32Array(4), [1, 4, 1, 1]) });
    await session.release();
    return y.dims[1] > 1 ? y.dims[1] : 1;
  } catch {
    // An engine without these kernels refuses the graph.
    return 1;
  }
}

/** The block of this engine's convolutions; asked once. */
export function channelBlockOf(ort: Ort): Promise<number> {
  const answer = known.get(ort) ?? ask(ort);
  known.set(ort, answer);
  return answer;
}
