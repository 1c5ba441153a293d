"""Makes a DSPy module a system that gepa can optimize, and loads the result back.

Copy this one file beside the program; it needs dspy and nothing else. A worker
is a few lines:

    import dspy
    from gepa_dspy import serve
    from my_program import program

    dspy.configure(lm=dspy.LM("openai/gpt-4o-mini"))
    serve(program)

The components are the instructions of ``program.named_predictors()``. Without a
metric here, gepa's own scores the prediction; ``serve(program, metric=f)`` takes
a DSPy metric, which may return a number or ``dspy.Prediction(score=…,
feedback=…)``. When the run is over:

    from gepa_dspy import save
    save(program, "runs/1/result.json", "optimized.json")

writes a state file for ``program.load("optimized.json")``.
"""

import inspect
import json
import os
import sys
import threading
import traceback

import dspy
from dspy.utils.callback import BaseCallback
from dspy.utils.usage_tracker import track_usage

PROTOCOL = 1

# Names of exceptions, ours and LiteLLM's, that are no fault of the program: the
# first may pass, the second will not.
TEMPORARY = {
    "LMRateLimitError", "LMServerError", "LMTimeoutError", "LMTransportError", "LMUnexpectedError",
    "RateLimitError", "APIConnectionError", "Timeout", "APITimeoutError", "ServiceUnavailableError",
    "InternalServerError", "APIError",
}
FATAL = {
    "LMAuthError", "LMBillingError", "LMConfigurationError", "LMUnsupportedModelError",
    "LMUnsupportedFeatureError", "AuthenticationError", "PermissionDeniedError", "NotFoundError",
}
# A prompt that is too long is the candidate's doing, whatever it derives from.
PROGRAM = {"AdapterParseError", "ContextWindowExceededError"}


def components(module):
    """The instructions of the module's predictors, by name."""
    return {name: predictor.signature.instructions for name, predictor in module.named_predictors()}


def with_texts(module, texts):
    """A copy of the module whose predictors have other instructions."""
    copy = module.deepcopy()
    predictors = dict(copy.named_predictors())
    unknown = sorted(set(texts) - set(predictors))
    if unknown:
        raise KeyError(f"the module has no predictors {unknown}; it has {sorted(predictors)}")
    for name, text in texts.items():
        predictors[name].signature = predictors[name].signature.with_instructions(text)
    return copy


def texts_of(result):
    """The winner's instructions by component: of gepa's result.json (or its
    path), or of a plain mapping.
    """
    if isinstance(result, (str, os.PathLike)):
        with open(result, encoding="utf-8") as file:
            result = json.load(file)
    if isinstance(result.get("components"), list):
        return {c["name"]: c["after"] for c in result["components"]}
    return dict(result)


def load(module, result):
    """A copy of the module with the instructions that a run found."""
    return with_texts(module, texts_of(result))


def save(module, result, path):
    """Writes the state of the optimized module, for ``module.load(path)``."""
    load(module, result).save(str(path))


class _Recorder(BaseCallback):
    """Notes the calls of a module's predictors."""

    def __init__(self, module):
        self.names = {id(predictor): name for name, predictor in module.named_predictors()}
        self.steps = []
        self.open = {}
        self.failed = None
        self.lock = threading.Lock()

    def on_module_start(self, call_id, instance, inputs):
        name = self.names.get(id(instance))
        if name is None:
            return
        step = {"component": name, "inputs": inputs.get("kwargs", {})}
        with self.lock:
            self.steps.append(step)
            self.open[call_id] = step

    def on_module_end(self, call_id, outputs, exception=None):
        with self.lock:
            step = self.open.pop(call_id, None)
        if step is None:
            return
        if exception is None:
            step["outputs"] = _fields(outputs)
            return
        step["problem"] = _brief(exception)
        reply = getattr(exception, "lm_response", None)
        if reply is not None:
            step["exchanges"] = [{"reply": str(reply)}]
        self.failed = (exception, step["component"])


def _fields(prediction):
    return prediction.toDict() if hasattr(prediction, "toDict") else prediction


def _brief(error):
    return " ".join(f"{type(error).__name__}: {error}".split())[:300]


def _world(error):
    """Whether an error is the world's, and if so whether it is fatal."""
    seen = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        names = {c.__name__ for c in type(error).__mro__}
        if names & PROGRAM:
            return None
        if names & FATAL:
            return {"fatal": True}
        if names & TEMPORARY:
            return {"fatal": False}
        error = error.__cause__
    return None


def _usage(tracker):
    """What the tracked calls took. DSPy does not say what they cost."""
    entries = [entry for of_model in tracker.usage_data.values() for entry in of_model]
    if not entries:
        return None
    count = lambda name: sum(entry.get(name) or 0 for entry in entries)
    return {
        "calls": len(entries),
        "input_tokens": count("prompt_tokens"),
        "output_tokens": count("completion_tokens"),
        "unpriced": len(entries),
    }


def _measure(metric, request, prediction, trace):
    """Calls a metric with as many arguments as it takes, the first two at
    least: (gold, pred, trace, pred_name, pred_trace).
    """
    example = request["example"]
    inputs = example.get("inputs") or {}
    gold = dspy.Example(**inputs, **(example.get("labels") or {})).with_inputs(*inputs)
    arguments = (gold, prediction, trace, None, None)
    parameters = inspect.signature(metric).parameters.values()
    if not any(p.kind == p.VAR_POSITIONAL for p in parameters):
        takes = sum(p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD) for p in parameters)
        arguments = arguments[: max(2, takes)]
    result = metric(*arguments)
    if isinstance(result, dict) or hasattr(result, "toDict"):
        result = _fields(result)
        return {"score": float(result["score"]), "feedback": str(result.get("feedback") or "")}
    return {"score": float(result)}


def answer(request, module, metric=None):
    """Runs one request and returns its reply, both as dicts."""
    program = with_texts(module, request["candidate"])
    recorder = _Recorder(program)
    settings = {"callbacks": list(dspy.settings.callbacks or []) + [recorder], "trace": []}
    lm, repeat = dspy.settings.lm, request.get("repeat", 0)
    if repeat and hasattr(lm, "copy"):
        settings["lm"] = lm.copy(rollout_id=repeat)  # past DSPy's cache
    with track_usage() as tracker, dspy.context(**settings):
        try:
            prediction = program(**(request["example"].get("inputs") or {}))
            reply = {"output": _fields(prediction)}
            if metric is not None:
                reply.update(_measure(metric, request, prediction, dspy.settings.trace))
        except Exception as error:
            world = _world(error)
            if world is not None:
                reply = {"error": _brief(error), **world}
            else:
                reply = _failure(error, recorder)
    if recorder.steps and "error" not in reply:
        reply["trace"] = recorder.steps
    usage = _usage(tracker)
    if usage:
        reply["usage"] = usage
    reply["type"], reply["id"] = "reply", request["id"]
    return reply


def _failure(error, recorder):
    """The reply for a program that failed: a predictor's own trouble goes to
    that predictor, everything else is about the whole.
    """
    problem = _brief(error)
    if recorder.failed is not None and recorder.failed[0] is error:
        return {"problem": problem, "feedback": {"text": problem, "by_component": {recorder.failed[1]: str(error)[:4000]}}}
    tb = error.__traceback__
    while tb is not None and tb.tb_frame.f_code.co_filename == __file__:
        tb = tb.tb_next
    return {"problem": problem, "feedback": "".join(traceback.format_exception(type(error), error, tb))[-4000:]}


def serve(module, metric=None, name="", concurrency=8, objectives=None):
    """Serves requests until standard input ends. ``concurrency`` is how many
    this worker runs at once, in threads; one worker is then enough.
    """
    # The protocol keeps the real standard input and output for itself; prints
    # go to standard error.
    reading, writing = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    sys.stdout.flush()
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    lock = threading.Lock()

    def write(message):
        try:
            text = json.dumps(message, allow_nan=False, default=str)
        except (ValueError, TypeError, RecursionError) as error:
            problem = f"the reply cannot be written as JSON: {error} (a number must be finite)"
            text = json.dumps({"type": "reply", "id": message.get("id"), "problem": problem})
        with lock:
            writing.write(text.encode("utf-8") + b"\n")
            writing.flush()

    def work(request):
        try:
            write(answer(request, module, metric))
        except BaseException as error:
            write({"type": "reply", "id": request["id"], "problem": _brief(error)})

    hello = {
        "type": "hello", "protocol": PROTOCOL, "name": name or type(module).__name__, "concurrency": concurrency,
        "components": [{"name": n, "text": text} for n, text in components(module).items()],
    }
    if objectives:
        hello["objectives"] = objectives
    write(hello)
    for line in reading:
        request = json.loads(line)
        if request.get("type") == "rollout":
            threading.Thread(target=work, args=(request,), daemon=True).start()
