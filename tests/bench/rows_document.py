"""Rows of the document: encoding and validation, against ajv where there is
Node."""
import os
import shutil
import subprocess
import tempfile

from common import BUILD, HERE, QUICK, ROOT, at_most, note, tool


def large_documents(folder, size):
    """Sections of the large generator, at step 0 and one step later."""
    paths = []
    for step in (0, 1):
        path = os.path.join(folder, f"{size}.{step}.json")
        with open(path, "w") as out:
            subprocess.run([tool("tests", "support", "large_main"), "large-" + size,
                            str(step), "0.01"],
                           stdout=out, check=True)
        paths.append(path)
    return paths


def row_document():
    size = "M" if QUICK else "L"
    with tempfile.TemporaryDirectory() as folder:
        paths = large_documents(folder, size)
        out = subprocess.run(
            [tool("tests", "bench", "bench_document"), *paths,
             "3" if QUICK else "15"], capture_output=True, text=True,
            check=True).stdout
        f = dict(line.split() for line in out.splitlines())
        f = {k: float(v) for k, v in f.items()}
        ajv = ajv_ms(folder, paths[1])
    note(f"document {size}: " + ", ".join(f"{k} {v:g}" for k, v in f.items()))
    at_most("validate_full", f["validate_ms"] / f["walk_ms"], 1.7, "x")
    if ajv is not None:
        note(f"validate: ajv {ajv:.2f} ms, systate {f['validate_ms']:.2f} ms")
        at_most("validate_ajv", f["validate_ms"] / ajv, 0.60, "x")
    at_most("validate_changed", f["validate_changed_ms"] / f["validate_ms"],
            0.1, "x")
    at_most("encode", f["encode_ms"] / f["dumps_whole_ms"], 0.2, "x")


def ajv_ms(folder, document):
    """Median of ajv on the same sections, or None where it is not to be had."""
    if not shutil.which("npm") or not shutil.which("node"):
        note("SKIP: validate_ajv: no Node here")
        return None
    modules = os.path.join(BUILD, "peers")
    os.makedirs(modules, exist_ok=True)
    if not os.path.isdir(os.path.join(modules, "node_modules", "ajv")):
        got = subprocess.run(
            ["npm", "install", "--prefix", modules, "--no-audit", "--no-fund",
             "--ignore-scripts", "ajv@8.20.0"], capture_output=True, text=True)
        if got.returncode != 0:
            note("SKIP: validate_ajv: npm could not install ajv")
            return None
    out = subprocess.run(
        ["node", os.path.join(HERE, "ajv.cjs"), modules,
         os.path.join(ROOT, "schemas", "system-state.schema.json"), document,
         "3" if QUICK else "15"], capture_output=True, text=True)
    if out.returncode != 0:
        raise RuntimeError("ajv: " + out.stderr)
    return float(out.stdout)
