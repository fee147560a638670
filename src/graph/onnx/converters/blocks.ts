// Reads operators that move elements between channels and positions: DepthToSpace, SpaceToDepth.

import { InvalidModelError } from "../../../errors.ts";
import { fixedDim } from "../../dim.ts";
import { reshape, transpose } from "../../ops.ts";
import { type Converter, type ImportNode, inputOf, numberOf, stringOf } from "../import-node.ts";

function sizesOf(node: ImportNode): { block: number; channels: number; height: number; width: number } {
  const [, ...rest] = inputOf(node, 0).shape;
  const block = numberOf(node, "blocksize", 0);
  if (rest.length !== 3 || block < 1)
    throw new InvalidModelError(`the input must be (N, C, H, W) and blocksize positive, got [N,${rest}] and ${block}`);
  const [channels, height, width] = rest.map((dim) => fixedDim(dim, "an axis of an image"));
  return { block, channels, height, width };
}

/** Channels become block x block positions; mode DCR has the block before the channels, CRD (PyTorch's pixel shuffle) behind. */
const depthToSpace: Converter = (node) => {
  const { b } = node;
  const x = inputOf(node, 0);
  const { block, channels, height, width } = sizesOf(node);
  const depth = channels / (block * block);
  const first = stringOf(node, "mode", "DCR") === "DCR";
  const split = first ? [block, block, depth] : [depth, block, block];
  const apart = reshape(b, x, [x.shape[0], ...split, height, width]);
  const moved = transpose(b, apart, first ? [0, 3, 4, 1, 5, 2] : [0, 1, 4, 2, 5, 3]);
  return [reshape(b, moved, [x.shape[0], depth, height * block, width * block])];
};

const spaceToDepth: Converter = (node) => {
  const { b } = node;
  const x = inputOf(node, 0);
  const { block, channels, height, width } = sizesOf(node);
  const [rows, columns] = [height / block, width / block];
  const apart = reshape(b, x, [x.shape[0], channels, rows, block, columns, block]);
  const moved = transpose(b, apart, [0, 3, 5, 1, 2, 4]);
  return [reshape(b, moved, [x.shape[0], channels * block * block, rows, columns])];
};

export const blockConverters: Readonly<Record<string, Converter>> = {
  DepthToSpace: depthToSpace,
  SpaceToDepth: spaceToDepth,
};
