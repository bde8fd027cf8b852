"""Tables of what compare.py measured, for people.

    report.py RESULT.json      print the tables of an earlier run again
"""

import json
import pathlib
import statistics
import sys

RIVALS = ("openvino", "openvino-latency")


def all_verified(case):
    return all(c.get("verified", True) for c in case["contenders"].values())


def print_accuracy(case):
    print(f"\n{case['texts']}: {case['rows']:,} texts, every row against sentence-transformers in fp32")
    for name, contender in case["contenders"].items():
        if "verified" in contender:
            verdict = "equal" if contender["verified"] else "DIFFERENT"
            print(f"  {name:22} max abs difference {contender['max_difference']:.2e}"
                  f"   min cosine {contender['min_cosine']:.9f}   {verdict}", flush=True)


def speed_ratios(case, name, rival):
    """How many times faster `name` was than `rival`, round by round."""
    contenders = case["contenders"]
    pairs = zip(contenders[rival]["runs"], contenders[name]["runs"])
    return [theirs["seconds"] / ours["seconds"] for theirs, ours in pairs]


def print_case(case, threads):
    peak = statistics.median(case["peak_gflops"])
    num_rounds = len(case["peak_gflops"])
    labels = [f"x {rival}" for rival in RIVALS]
    print(f"\n{case['texts']}: {case['rows']:,} texts, {case['tokens']:,} tokens, {threads} threads, "
          f"{num_rounds} rounds; machine peak {peak:.0f} GFLOP/s")
    print(f"  {'':22} {'rows/s':>8} {'slowest..fastest':>17} {'tokens/s':>9} {'of peak':>8} "
          f"{''.join(f'{label:>20}' for label in labels)} {'memory':>8} {'others':>7}  setting")
    for name, contender in case["contenders"].items():
        rates = [case["rows"] / run["seconds"] for run in contender["runs"]]
        tokens_per_second = case["tokens"] / contender["median_seconds"]
        setting = contender.get("setting", {})
        ratios = (statistics.median(speed_ratios(case, name, rival)) for rival in RIVALS)
        load = [run["load_seconds"] for run in contender["runs"] if "load_seconds" in run]
        note = f"model loaded in {statistics.median(load):.2f} s beside" if load else ""
        print(f"  {name:22} {case['rows'] / contender['median_seconds']:8.1f} {min(rates):8.1f}..{max(rates):<7.1f} "
              f"{tokens_per_second:9,.0f} {tokens_per_second * case['flop_per_token'] / peak / 1e9:8.1%} "
              f"{''.join(f'{ratio:19.2f}x' for ratio in ratios)} "
              f"{contender['peak_memory_bytes'] / 1e6:5.0f} MB "
              f"{statistics.median(run['disturbance'] for run in contender['runs']):7.0%}  "
              f"{note}{', '.join(f'{k} {v}' for k, v in setting.items())}")


def print_stages(case, threads, model):
    """Where our threads' time went, and how near to the peak the stages of known arithmetic came."""
    hidden, ffn, layers = (model[k] for k in ("hidden_size", "intermediate_size", "num_hidden_layers"))
    per_token = {"qkv": 6 * hidden * hidden, "attention_output": 2 * hidden * hidden,
                 "ffn_up": 2 * hidden * ffn, "ffn_down": 2 * hidden * ffn}
    flop = {stage: layers * f * case["tokens"] for stage, f in per_token.items()}
    flop["attention"] = layers * 4 * hidden * case["token_pairs"]
    thread_peak = statistics.median(case["peak_gflops"]) * 1e9 / threads
    runs = case["contenders"]["vecmill"]["runs"]
    stages = {name: statistics.median(run["stages"][name] for run in runs) for name in runs[0]["stages"]}
    print(f"\n{case['texts']}: vecmill's threads by stage")
    for name, seconds in stages.items():
        speed = f"{flop[name] / seconds / thread_peak:6.1%} of peak" if name in flop and seconds > 0 else ""
        print(f"  {name:22} {seconds:8.3f} s {seconds / sum(stages.values()):7.1%} of the time  {speed}")


def print_speed(result, path):
    for case in result["cases"]:
        print_case(case, result["threads"])
        print_stages(case, result["threads"], result["model"])
    print("\nrows/s and tokens/s: median of the rounds, padding not counted. of peak: linear layers alone, of the peak"
          "\nmeasured in the same run. x openvino: median over rounds; openvino-latency runs one batch at a time, as it does"
          f"\nwhere nobody tunes it. others: share of the machine used by other processes meanwhile. All of it: {path}")


if __name__ == "__main__":
    print_speed(json.loads(pathlib.Path(sys.argv[1]).read_text()), sys.argv[1])
