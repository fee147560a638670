// Finds ONNX Runtime: the native package where it is installed, else WebAssembly. Everything else speaks the common API.

import type { InferenceSession, InferenceSessionFactory } from "onnxruntime-common";
import { EngineError } from "../errors.ts";
import type { Ort } from "./common-api.ts";
import { directOrt } from "./direct-ort.ts";

/** What computes: processors, or a graphics card by way of WebGPU (float32 only). */
export type Provider = "cpu" | "webgpu";
export const providerNames: readonly Provider[] = ["cpu", "webgpu"];

export interface LoadedOrt {
  readonly ort: Ort;
  readonly name: "onnxruntime-node" | "onnxruntime-web";
  /** Whether results are written straight to arrays that are given for them, and nowhere else. */
  readonly writes?: boolean;
}

/** What a session's `run` may be given for its outputs: tensors that it writes to, or null for new ones. */
type Fetches = Readonly<Record<string, { readonly data: unknown } | null>>;

/**
 * The same runtime with sessions that write results into the tensors given for them.
 *
 * onnxruntime-web 1.30 gives such tensors back as they were: training by it stood still, with gradients of zero.
 */
export function writingOutputs(ort: Ort): Ort {
  const create = async (...given: Parameters<InferenceSessionFactory["create"]>): Promise<InferenceSession> => {
    const session = await ort.InferenceSession.create(...given);
    const run = session.run.bind(session);
    const filled = async (
      feeds: InferenceSession.FeedsType,
      fetches: Fetches,
    ): Promise<InferenceSession.ReturnType> => {
      const fresh = Object.fromEntries(Object.keys(fetches).map((name) => [name, null]));
      const results: Record<string, unknown> = { ...(await run(feeds, fresh)) };
      for (const [name, target] of Object.entries(fetches)) {
        if (!target) continue;
        (target.data as Float32Array).set((results[name] as { data: Float32Array }).data);
        results[name] = target;
      }
      return results as InferenceSession.ReturnType;
    };
    session.run = filled as InferenceSession["run"];
    return session;
  };
  return {
    InferenceSession: { create } as InferenceSessionFactory,
    Tensor: ort.Tensor,
    get env() {
      return ort.env;
    },
  };
}

/**
 * Loads ONNX Runtime; `warn` is told in one line when only the WebAssembly build is there.
 * EngineError when neither build can be loaded.
 */
export async function loadOrt(
  warn: (message: string) => void = () => {},
  provider: Provider = "cpu",
): Promise<LoadedOrt> {
  try {
    const native = (await import("onnxruntime-node")) as unknown as Ort;
    const direct = provider === "cpu" ? await directOrt(native) : undefined;
    if (direct) return { ort: direct, name: "onnxruntime-node", writes: true };
    return { ort: provider === "cpu" ? native : writingOutputs(native), name: "onnxruntime-node" };
  } catch {
    // In a browser there is no other, and WebGPU is as fast there.
    if (provider === "cpu")
      warn("native ONNX Runtime is not available here, using WebAssembly (slower): npm install onnxruntime-node");
  }
  try {
    const web = provider === "webgpu" ? import("onnxruntime-web/webgpu") : import("onnxruntime-web");
    return { ort: writingOutputs((await web) as unknown as Ort), name: "onnxruntime-web" };
  } catch (cause) {
    throw new EngineError("no engine could be loaded: onnxruntime-node or onnxruntime-web must be installed", {
      cause,
    });
  }
}
