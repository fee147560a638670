"""Writes the oracle fixtures under fixtures/ with PyTorch (float64, fixed seeds): `python3 scripts/fixtures.py [FOLDER]`.

Tested with Python 3.11, torch 1.13.1, numpy 1.24, scipy 1.10 and scikit-learn 1.2 (Debian 12: python3-torch, python3-numpy, python3-sklearn). The same versions write the same
bytes again. Each fixture is NAME.npz (arrays, C order, float64 or int64) and NAME.json (what they are).

optimizers.json
    variants: [{name, optimizer, options, scheduled}]
        optimizer and options are createOptimizer's; scheduled: eta_s = options.lr * schedule[s], else eta_s = options.lr
    stream: {steps, recorded}      arrays stream.start (11), stream.gradients (50, 11), schedule (50),
                                   stream.NAME (recorded, 11): parameters after recorded[k] steps of the given gradients
    network: {layers, parameters, steps, batch, loss}
                                   tanh MLP 3-8-2 with mean cross-entropy, its state_dict flattened in the order of `parameters`
                                   [{name, shape}]; arrays network.x (24, 3), network.y (24), network.batches (50, 8),
                                   network.start (50), network.NAME.step5 and network.NAME.end (50)

steps.json
    variants: [{name, optimizer, options, clipping, regularisers}], network as in optimizers.json
        clipping: {norm} for clip_grad_norm_, {value} for clip_grad_value_, or {}; regularisers: added to the loss, as createRegulariser has them
        arrays x (24, 3), y (24), batches (50, 8), start (50), NAME.end (50): the parameters after 50 steps

models.json
    models: [{name, layers, parameters, loss, examples, queries, outputs, stepSize}]
        arrays, prefixed by NAME and a dot: params (p), x (N, ...), y (N) classes or (N, C) targets, queries (3, ...),
        output (N, C), loss (N), lossDerivative (N, C), jacobian (N, C, p), lossGradient (N, p),
        queryOutput (3, C) and queryJacobian (3, C, p) at params, nextParams (p), nextQueryOutput (3, C),
        contributions (3, N, C) = -stepSize/N J(query) lossGradient: the left rule of one plain step on all N examples
        `loss` is PyTorch's mean reduction: mse and binary-cross-entropy are means over N and C, so that the loss of one
        example is the mean over its C outputs, and nextParams = params - stepSize * gradient of the mean over examples

neighbours.json
    k, spearman and kendall of `tied` and `loose`, gini, effectiveContributors, participationRatio, inertia: by scikit-learn and scipy
        arrays points and features (40, 3) and (40, 4), queries and queryFeatures (5, ...), labels, queryLabels; METRIC.indices and
        METRIC.distances (5, 7), METRIC.purity (5), METRIC.all (5, 40) sorted; tied and loose (2, 60); contributions (50); blobs (90, 2)

sequences.json
    parameters, adam: {lr, steps}
        the language model of scripts/onnx_architectures.py (tied embeddings, one block), logits at each of T = 5 positions: (N, T, 7)
        arrays: x and y (3, 5) int64, y -100 where a position does not count; params (p) in the order of `parameters`; output (3, 5, 7);
        loss (3): of each example the mean over the positions that count; lossGradient (3, p), lossDerivative (3, 5, 7);
        kernel (3, 3, 35, 35) = J J'; trained (p): params after Adam's steps on the mean of the three losses

chords.json
    variants: [{name, optimizer, options}], chords, parameters
        tanh MLP 2-5-1, mean squared error, 12 steps of 3 among 7 examples; arrays x (7, 2), y (7, 1), queries (3, 2), batches (12, 3),
        start (p); NAME.end (p); NAME.displacements (7, p) and NAME.decay (p): what each example and the decay did to the parameters;
        NAME.chordK (3, 7) and NAME.chordK.decay (3): the same for the output, with the Jacobian averaged along chords of K steps

schedules.json
    variants: [{spec, stepSizes}], stepSize, steps
        spec is createSchedule's; stepSizes: key of the array (50) of step sizes of torch.optim.lr_scheduler, from stepSize on

diagnose.json
    spectrum, nullSpace, cka, alignment, separability, calinskiHarabasz, blocks: measures of the kernel features features^T, by numpy, scipy and
        scikit-learn; arrays labels (14) int64, features and later (14, 6), residual (14, 2), left_out (14, 3): scores of RidgeCV's best ridge left out

images.json
    cases: [{key, name, amount}]
        array image (12, 9) in [0, 1], and by key what scipy.ndimage makes of it; name and amount are those of transformImages

roc.json
    cases: [{name, auroc, variance, fpr95}]
        of scores NAME.inside (positives) and NAME.outside: scikit-learn's area and DeLong's variance of it, the least false positive rate at a true
        one of 0.95; roc_curve's NAME.false, NAME.true (points) and NAME.thresholds (points - 1, without the first)

losses.json
    cases: [{loss, outputs, targets, value, derivative}]
        loss is lossOf's; the others are keys: outputs (6, 4) or (6, 3, 4), targets (class indices, -100 where a position does not count, or
        numbers), value (6) of each example by itself, and its derivative in the outputs

dropout.json, dropout.onnx
    variants: [{name, optimizer, options}], ratios, parameters
        tanh MLP 3-6-5-2 with nn.Dropout behind both hidden layers, exported in training mode; 12 steps of 4 among 9 examples with masks drawn
        from keys; arrays x (9, 3), y (9), batches (12, 4), keys (12, 4) int64, start (p); evaluated (9, 2): outputs without dropout;
        first.output (4, 2): of the first batch with its masks; NAME.end (p), NAME.losses (12)

pictures.json
    ks, trustworthiness: scikit-learn's for each k of `picture` as one of `distances`
        arrays distances and picture (22, 22): Euclidean; labels (22); silhouettes (22)

sklearn.json
    gamma, ridge, epsilon, components, costs, missed: [{kernel, cost, svc, ovo, svr}]
        kernel machines of scikit-learn on two precomputed kernels, `rbf` exp(-gamma |x - x'|^2) and `tangent`, the trace of the tangent kernel of
        a tanh network 3-6-2 at params (its state_dict, flat); arrays x (48, 3), queries (9, 3), labels (48) of three classes, values (48, 2);
        prefixed by the kernel and a dot: kernel (48, 48), ofQueries (9, 48); eigenvalues (48) by scipy, descending;
        ridge.coefficients (48, 2), ridge.prediction (9, 2): (K + ridge) a = values; pca.eigenvalues (5), pca.points (48, 5), pca.queries (9, 5),
        signs such that the largest entry of each direction is positive; for each of the costs, C = cost / mean diagonal of K, stopping tolerance 1e-10:
        svc.cCOST (9): decision values of class 0 against the others; ovo.cCOST (9, 3) of all pairs (positive for the lower class), with
        .predicted (9); svr.cCOST (9) of the first value. The same with .exact: the solution in float64 with scikit-learn's free and bound points, which
        fulfils the conditions of optimality to 1e-11 (for the pairs positive for the higher class), svc.cCOST.coefficients (48) its s_i alpha_i.
        missed: by how much scikit-learn's decision values differ from those, since libsvm keeps K in float32

operators.json
    cases: [{name, op, attributes, inputs, outputs, cotangents, gradients}]
        attributes as in ONNX (opset 18; Gelu: 20); inputs in ONNX's order, each one of
            {"array": KEY}                        float64, in the npz
            {"int64": [...], "shape": [...]}      static integers: axes, shapes, indices
            {"bool": [...], "shape": [...]}       a condition
            null                                  an optional input that is absent
        outputs, cotangents: keys of arrays, one each for every output
        gradients: for every input the key of its gradient, sum of cotangent * d output, or null (an integer, or not asked)
"""

import os
import sys

import torch

# No __pycache__ beside the scripts.
sys.dont_write_bytecode = True

import fixtures_chords  # noqa: E402
import fixtures_diagnose  # noqa: E402
import fixtures_dropout  # noqa: E402
import fixtures_images  # noqa: E402
import fixtures_losses  # noqa: E402
import fixtures_models  # noqa: E402
import fixtures_neighbours  # noqa: E402
import fixtures_operators  # noqa: E402
import fixtures_optimizers  # noqa: E402
import fixtures_pictures  # noqa: E402
import fixtures_roc  # noqa: E402
import fixtures_schedules  # noqa: E402
import fixtures_sequences  # noqa: E402
import fixtures_sklearn  # noqa: E402
import fixtures_steps  # noqa: E402


def main() -> None:
    root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    folder = sys.argv[1] if len(sys.argv) > 1 else os.path.join(root, "fixtures")
    os.makedirs(folder, exist_ok=True)
    torch.set_default_dtype(torch.float64)
    # One thread: sums are in one order on every machine.
    torch.set_num_threads(1)
    modules = (
        fixtures_optimizers, fixtures_steps, fixtures_models, fixtures_operators, fixtures_sequences, fixtures_chords,
        fixtures_schedules, fixtures_losses, fixtures_dropout, fixtures_diagnose, fixtures_neighbours,
        fixtures_roc, fixtures_pictures, fixtures_sklearn, fixtures_images,
    )  # fmt: skip
    for module in modules:
        for path in module.write(folder):
            print(f"{os.path.getsize(path):8d} {os.path.relpath(path, root)}")


if __name__ == "__main__":
    main()
