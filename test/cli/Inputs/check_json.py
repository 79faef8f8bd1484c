"""Checks the reports that json.test makes: python3 check_json.py FOLDER"""
import json
import os
import sys


def load(name):
    with open(os.path.join(sys.argv[1], name)) as file:
        return json.load(file)


for report in (load("compile.json"), load("file.json")):
    assert report["nodes"] == 5 and report["launches"] > 0, report
    assert report["arena_bytes"] - report["bound_bytes"] == report["gap_bytes"], report
    assert report["object_bytes"] > 0 and report["source_bytes"] > 0 and report["stack_bytes"] >= 0, report
    assert len(report["passes"]) > 5, report

verify = load("verify.json")
assert (verify["passed"], verify["failed"], verify["not_run"]) == (1, 0, 0), verify
outputs = verify["models"][0]["sets"][0]["outputs"]
assert [output["name"] for output in outputs] == ["y", "s"], outputs
assert all(output["passed"] and 0 <= output["max_abs"] <= 1e-4 for output in outputs), outputs

info = load("info.json")
assert info["parameters"] == 8 * 16 + 16 and info["parameter_bytes"] == 4 * info["parameters"], info
assert info["blockers"] == [] and info["arena_bytes"] >= info["bound_bytes"], info
assert sorted(op["name"] for op in info["operators"]) == ["Add", "Gather", "MatMul", "ReduceMean", "Relu"], info
blocked = load("blocked.json")
assert not any(op["supported"] for op in blocked["operators"]) and blocked["blockers"], blocked

run = load("run.json")
assert [output["type"] for output in run["outputs"]] == ["float32[3, 16]", "float32[]"], run

bench = load("bench.json")
launches = bench["launches"]
assert bench["runs"] == 7 and bench["threads"] == 1 and not bench["evicted"] and bench["inputs"] == "made up", bench
assert [launch["index"] for launch in launches] == list(range(len(launches))) and launches, bench
assert all(0 <= launch["p50_seconds"] <= launch["p99_seconds"] for launch in launches + [bench]), bench
assert sum(launch["operations"] for launch in launches) == bench["operations"], bench
assert sum(launch["bytes"] for launch in launches) == bench["bytes"], bench
# At least the product of 3 gathered rows of 8 with weights of [8, 16], and these weights.
assert bench["operations"] >= 2 * 3 * 8 * 16 and bench["bytes"] >= 4 * 8 * 16, bench
assert bench["machine"]["read_gigabytes_per_second"] > 0 and bench["machine"]["multiply_add_gigaflops"] > 0, bench
