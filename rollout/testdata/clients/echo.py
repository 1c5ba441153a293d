import os
import time

from gepa_client import WorldError, serve


def run(candidate, rollout):
    do = rollout.inputs.get("do", "")
    print("printed by mistake")
    os.write(1, b"written by mistake\n")
    if do == "fail":
        raise ValueError("no idea\nwhat to do")
    if do == "exit":
        raise SystemExit(4)
    if do == "down":
        rollout.usage(calls=2)
        raise WorldError("the model is down")
    if do == "refused":
        raise WorldError("the key is refused", fatal=True)
    if do == "slow":
        time.sleep(600)
    if do == "nan":
        return float("nan")
    if do == "text":
        return "only words"
    if do == "none":
        return None
    if do == "typo":
        return {"scores": 1}
    if do == "both":
        return True, "well done"
    rollout.step("a", {"q": rollout.inputs["q"]}, {"n": 3}, messages=[{"role": "user", "content": "?"}], reply="!")
    rollout.usage(input_tokens=5, output_tokens=1, cost_usd=0.25)
    rollout.usage(input_tokens=1)
    rollout.feedback("fine")
    rollout.feedback("shorter", "a")
    return {"score": 0.25, "output": {"echo": candidate["a"], "q": rollout.inputs["q"]}, "objectives": {"length": 3}}


async def run_async(candidate, rollout):
    return run(candidate, rollout)


if __name__ == "__main__":
    import sys

    concurrency = int(sys.argv[1])
    serve(
        {"a": "start of a", "b": "start of b"},
        run if concurrency == 1 else run_async,
        name="echo",
        concurrency=concurrency,
        objectives=[{"name": "length", "direction": "min", "max": 100}],
    )
