// Shape rules of pools over the spatial axes of (N, C, ...spatial).

import { ShapeMismatchError, UnsupportedError } from "../../errors.ts";
import type { Attributes, ShapeRule, Value } from "../types.ts";
import { numberOf, spatialSizes, windowCounts, windowsOf } from "../windows.ts";

function pooledShape(x: Value, attributes: Attributes): Value["shape"] {
  const sizes = spatialSizes(x.shape);
  const kernel = attributes.kernel_shape;
  if (!Array.isArray(kernel) || kernel.length !== sizes.length) {
    throw new ShapeMismatchError(`kernel_shape must hold ${sizes.length} numbers, got ${kernel ?? "nothing"}`);
  }
  const windows = windowsOf(attributes, kernel as readonly number[]);
  if ([...windows.before, ...windows.after].some((amount, i) => amount >= kernel[i % kernel.length])) {
    throw new ShapeMismatchError(`pads must be smaller than the kernel [${kernel}], got [${attributes.pads}]`);
  }
  const counts = windowCounts(windows, sizes, numberOf(attributes, "ceil_mode", 0) === 1);
  return [...x.shape.slice(0, 2), ...counts];
}

/** Outputs: the maxima, and where each was found: an index into the whole input, flattened. */
const maxPool: ShapeRule = ({ inputs, attributes }) => {
  if (numberOf(attributes, "storage_order", 0) !== 0) {
    throw new UnsupportedError("MaxPool with column-major indices is not supported", {
      hint: "export with storage_order 0",
    });
  }
  const shape = pooledShape(inputs[0]!, attributes);
  return [
    { dtype: inputs[0]!.dtype, shape },
    { dtype: "int64", shape },
  ];
};

const averagePool: ShapeRule = ({ inputs, attributes }) => [
  { dtype: inputs[0]!.dtype, shape: pooledShape(inputs[0]!, attributes) },
];

const globalAveragePool: ShapeRule = ({ inputs }) => {
  const { dtype, shape } = inputs[0]!;
  return [{ dtype, shape: [...shape.slice(0, 2), ...spatialSizes(shape).map(() => 1)] }];
};

export const poolingShapes: Readonly<Record<string, ShapeRule>> = {
  MaxPool: maxPool,
  AveragePool: averagePool,
  GlobalAveragePool: globalAveragePool,
};
