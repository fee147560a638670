"""Records a PyTorch training loop for `pathkernel import`; needs torch and numpy alone. README.md beside this file says how."""
import copy, inspect, json, pathlib, struct  # noqa: E401
import numpy as np
import torch

DTYPES = {torch.float64: "F64", torch.float32: "F32", torch.int64: "I64", torch.int32: "I32", torch.bool: "BOOL", torch.uint8: "U8"}

def save_safetensors(path, tensors):
    header, body = {}, bytearray()
    for name, t in tensors.items():
        data = t.detach().cpu().contiguous().numpy().tobytes()
        header[name] = {"dtype": DTYPES[t.dtype], "shape": list(t.shape), "data_offsets": [len(body), len(body) + len(data)]}
        body += data
    path.write_bytes(struct.pack("<Q", len(text := json.dumps(header).encode())) + text + body)

class Recorder:
    def __init__(self, folder, model, optimizer, loss, example, every=1, clipping={}, regularisers=()):
        assert not optimizer.state, "the recorder must be made before the optimizer's first step"
        self.folder, self.optimizer, self.every, self.rates, example = pathlib.Path(folder), optimizer, every, [], example.cpu()
        (self.folder / "checkpoints").mkdir(parents=True)
        self.batches, self.weights, self.options, self.clipping, self.regularisers = [], [], self.settings(), clipping, list(regularisers)
        self.loss = {"name": loss if isinstance(loss, str) else type(loss).__name__, "reduction": getattr(loss, "reduction", "mean")}
        trained = {id(p) for group in optimizer.param_groups for p in group["params"] if p.requires_grad}
        self.parameters = {name: p for name, p in model.named_parameters() if id(p) in trained}
        others = {name: t for name, t in [*model.named_parameters(), *model.named_buffers()] if name not in self.parameters}
        save_safetensors(self.folder / "buffers.safetensors", others)
        twin = copy.deepcopy(model).cpu()
        with torch.no_grad(), torch.random.fork_rng():
            np.savez(self.folder / "probe.npz", x=example.numpy(), y=twin(example).numpy())
            for t in twin.state_dict().values():  # the exporter stores tensors of equal values once, so none may be equal
                t.uniform_(0.5, 1.5) if t.is_floating_point() else None
        export = {"dynamo": False} if "dynamo" in inspect.signature(torch.onnx.export).parameters else {}
        export.update(dynamic_axes={"x": {0: "N"}, "y": {0: "N"}}, do_constant_folding=False, training=torch.onnx.TrainingMode.PRESERVE)
        path, names = str(self.folder / "model.onnx"), {"input_names": ["x"], "output_names": ["y"]}
        torch.onnx.export(twin, (example,), path, opset_version=17, **names, **export)

    def settings(self):
        groups = [{k: v for k, v in group.items() if k not in ("params", "initial_lr")} for group in self.optimizer.param_groups]
        assert all(group == groups[0] for group in groups), "all groups of parameters must have the same settings"
        self.rates.append(float(groups[0].pop("lr")))
        return groups[0]

    def step(self, indices, weights=()):  # before each optimizer.step()
        assert self.settings() == self.options, "of the optimizer's settings, only the learning rate may change"
        self.save_checkpoint() if len(self.batches) % self.every == 0 else None
        self.batches.append(torch.as_tensor(indices).cpu().numpy().reshape(-1))
        self.weights += torch.as_tensor(weights).double().reshape(-1).tolist()

    def save_checkpoint(self):
        state = {f"{n}@{key}": t for n, p in self.parameters.items() for key, t in self.optimizer.state[p].items() if torch.is_tensor(t)}
        save_safetensors(self.folder / "checkpoints" / f"{len(self.batches):08d}.safetensors", {**self.parameters, **state})

    def finish(self, **arrays):  # x_train, y_train and, for a test part, x_test, y_test
        self.save_checkpoint()
        np.savez(self.folder / "data.npz", **{name: torch.as_tensor(array).cpu().numpy() for name, array in arrays.items()})
        offsets = np.cumsum([0, *map(len, self.batches)])
        np.savez(self.folder / "batches.npz", indices=np.concatenate(self.batches), offsets=offsets, weights=self.weights)
        (self.folder / "optimizer.json").write_text(json.dumps({"name": type(self.optimizer).__name__, "options": self.options, "lr": self.rates[1:], "clipping": self.clipping}))
        (self.folder / "run.json").write_text(json.dumps({"schema": "pathkernel.import/1", "recorder": f"torch {torch.__version__}", "loss": self.loss, "regularisers": self.regularisers}))
