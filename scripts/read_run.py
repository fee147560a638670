"""Reads a run with numpy alone, verifies its hashes, prints what it holds as JSON: python3 read_run.py NAME.pkrun"""
import hashlib, json, os, struct, sys
import numpy as np

DTYPES = {"F32": "<f4", "F64": "<f8"}


def read(path, expected=None):
    with open(os.path.join(sys.argv[1], path), "rb") as file:
        data = file.read()
    assert expected is None or hashlib.sha256(data).hexdigest() == expected, path
    return data


def array(path):
    values, known = np.load(os.path.join(sys.argv[1], path)).ravel(), manifest["arrays"][path]
    values = values[: known["elements"]]
    assert hashlib.sha256(values.tobytes()).hexdigest() == known["sha256"], path
    return values


def safetensors(data):
    (length,) = struct.unpack("<Q", data[:8])
    header, body = json.loads(data[8 : 8 + length]), data[8 + length :]
    return {name: np.frombuffer(body[slice(*at["data_offsets"])], DTYPES[at["dtype"]]).reshape(at["shape"])
            for name, at in header.items() if name != "__metadata__"}


manifest = json.loads(read("manifest.json"))
read("model.onnx", manifest["model"]["sha256"])
files = [line.split() for line in read("checkpoints.sha256").decode().splitlines()]
checkpoints = {int(name[12:20]): safetensors(read(name, expected)) for expected, name in files}
indices, weights, ranges = (array(f"batches/{name}.npy") for name in ("indices", "weights", "ranges"))
keys = [int(key) for key in array("batches/keys.npy")] if "batches/keys.npy" in manifest["arrays"] else None
begin, end = ranges.reshape(-1, 2)[-1]
print(json.dumps({"steps": manifest["steps"], "loss": array("scalars/loss.npy")[-1], "checkpoints": sorted(checkpoints),
                  "norm": float(np.linalg.norm(checkpoints[max(checkpoints)]["params"].astype(float))),
                  "lastBatch": indices[begin:end].tolist(), "lastWeight": weights[end - 1], "lastKeys": keys and keys[begin:end]}))
