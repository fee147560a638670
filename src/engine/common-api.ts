// The part of ONNX Runtime's common API that the engine uses: every build of it, and sessions of our own, stand behind this.

import type { Env, InferenceSessionFactory, TensorConstructor } from "onnxruntime-common";

export interface Ort {
  readonly InferenceSession: InferenceSessionFactory;
  readonly Tensor: TensorConstructor;
  readonly env: Env;
}
