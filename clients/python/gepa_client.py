"""Makes a Python agent a system that gepa can optimize.

Copy this one file beside the agent; it needs Python 3.8 and nothing else. A
worker is some ten lines:

    import agent
    from gepa_client import serve

    def run(candidate, rollout):
        agent.PROMPTS.update(candidate)
        answer = agent.solve(rollout.inputs["question"])
        right = answer == rollout.labels["answer"]
        return float(right), f"The right answer is {rollout.labels['answer']!r}."

    serve(agent.PROMPTS, run)

``serve`` speaks gepa's line protocol (docs/formats/worker.md) on standard input
and output. Whatever the agent prints goes to standard error instead, and what it
raises becomes a failed rollout with the traceback as feedback.
"""

import json
import os
import sys
import threading
import time

PROTOCOL = 1

# What a reply may say beside "type" and "id".
REPLY_FIELDS = {
    "score", "output", "feedback", "objectives", "trace", "usage", "problem", "error", "fatal",
}


class WorldError(Exception):
    """Something failed that is not the agent's fault: a model out of reach, a
    full disk. Raise it (from the real error) and the rollout is tried again
    instead of being scored. ``fatal=True`` says that trying again cannot help.
    """

    def __init__(self, message, fatal=False):
        super().__init__(message)
        self.fatal = fatal


class Rollout:
    """One request: what to run on, and where to note what happened.

    ``inputs`` is what the agent may see. ``labels`` is for scoring; it is empty
    where gepa scores the output itself. ``id`` names the example, ``repeat``
    counts repeated rollouts from 0, and ``time_limit`` is the number of seconds
    that the reply may take, or None.
    """

    def __init__(self, request):
        example = request["example"]
        self.id = example.get("id", "")
        self.inputs = example.get("inputs") or {}
        self.labels = example.get("labels") or {}
        self.repeat = request.get("repeat", 0)
        self.time_limit = request.get("time_limit") or None
        self._steps = []
        self._usage = {}
        self._whole = []
        self._parts = {}

    def step(self, component, inputs=None, outputs=None, problem="", messages=None, reply=None):
        """Notes one call of a component: what went in, what came out, and the
        model call behind it. Reflection reads it, and gepa learns from it which
        components are used at all.
        """
        step = {"component": component, "inputs": inputs, "outputs": outputs}
        if problem:
            step["problem"] = str(problem)
        if messages is not None or reply is not None:
            step["exchanges"] = [{"messages": messages or [], "reply": "" if reply is None else str(reply)}]
        self._steps.append(step)

    def usage(self, calls=1, input_tokens=None, output_tokens=None, cost_usd=None):
        """Adds what model calls took. What is not known is left out: it is then
        counted as unknown, and not as nothing.
        """
        u = self._usage
        u["calls"] = u.get("calls", 0) + calls
        if input_tokens is None and output_tokens is None:
            u["unmeasured"] = u.get("unmeasured", 0) + calls
        if cost_usd is None:
            u["unpriced"] = u.get("unpriced", 0) + calls
        for name, n in (("input_tokens", input_tokens), ("output_tokens", output_tokens), ("cost_usd", cost_usd)):
            if n is not None:
                u[name] = u.get(name, 0) + n

    def feedback(self, text, component=None):
        """Adds words about what was right and wrong, as a whole or with one
        component.
        """
        if component is None:
            self._whole.append(str(text))
        else:
            self._parts.setdefault(component, []).append(str(text))

    def _reply(self, fields):
        """Puts together what run returned and what was noted."""
        reply = dict(fields)
        if self._steps and "trace" not in reply:
            reply["trace"] = self._steps
        if self._usage and "usage" not in reply:
            reply["usage"] = self._usage
        said = reply.get("feedback")
        if isinstance(said, dict):
            return reply
        whole = "\n".join(self._whole + ([str(said)] if said else []))
        parts = {name: "\n".join(texts) for name, texts in self._parts.items()}
        if whole or parts:
            reply["feedback"] = {"text": whole, "by_component": parts}
        return reply


def _fields(result):
    """Reads what run returned: a score, (score, feedback), a text, which is the
    output, or a dict with a reply's fields.
    """
    if isinstance(result, dict):
        unknown = sorted(str(name) for name in set(result) - REPLY_FIELDS)
        if unknown:
            raise TypeError(
                f"run returned a dict with {unknown}; it may have {sorted(REPLY_FIELDS)}. "
                'Return {"output": …} for what the agent answered.'
            )
        return result
    if isinstance(result, tuple) and len(result) == 2:
        return {"score": float(result[0]), "feedback": str(result[1])}
    if isinstance(result, str):
        return {"output": result}
    if isinstance(result, (bool, int, float)) or hasattr(result, "__float__"):
        return {"score": float(result)}
    raise TypeError(f"run returned {type(result).__name__}; want a score, (score, feedback), a text or a dict")


def _brief(error):
    """The problem in a line."""
    return " ".join(f"{type(error).__name__}: {error}".split())[:300]


def _trace_of(error):
    """The traceback without this file's own frames, and without addresses."""
    import traceback

    tb = error.__traceback__
    while tb is not None and tb.tb_frame.f_code.co_filename == __file__:
        tb = tb.tb_next
    return "".join(traceback.format_exception(type(error), error, tb))[-4000:]


def answer(request, run):
    """Runs one request and returns its reply, both as dicts. It is what serve
    does for a line, and a webhook can do for a body.
    """
    rollout = Rollout(request)
    try:
        result = run(dict(request["candidate"]), rollout)
        if hasattr(result, "__await__"):
            import asyncio  # it takes longer to load than all the rest

            result = asyncio.run(_wait(result))
        reply = rollout._reply(_fields(result))
    except WorldError as error:
        reply = {"error": str(error) or "the world failed", "fatal": error.fatal, "usage": rollout._usage}
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # sys.exit in an agent is its failure, too
        reply = rollout._reply({"problem": _brief(error), "feedback": _trace_of(error)})
    reply["type"], reply["id"] = "reply", request["id"]
    return reply


async def _wait(awaitable):
    return await awaitable


def _encode(message):
    return json.dumps(message, allow_nan=False, default=str)


def encode_reply(reply):
    """A reply as JSON; one that cannot be written becomes one that says so."""
    try:
        return _encode(reply)
    except (ValueError, TypeError, RecursionError) as error:
        problem = f"the reply cannot be written as JSON: {error} (a number must be finite)"
        return _encode({"type": "reply", "id": reply["id"], "problem": problem})


def hello(components, name="", concurrency=1, objectives=None):
    """The message that says what this worker is."""
    items = components.items() if hasattr(components, "items") else components
    message = {
        "type": "hello",
        "protocol": PROTOCOL,
        "name": name,
        "components": [{"name": n, "text": text} for n, text in items],
        "concurrency": concurrency,
    }
    if objectives:
        message["objectives"] = objectives
    return message


def serve(components, run, name="", concurrency=1, objectives=None):
    """Serves requests until standard input ends.

    ``components`` maps each component's name to its starting text, in order.
    ``run(candidate, rollout)`` runs the agent with the candidate's texts (a dict
    like components) and returns a score (higher is better, 1 is best), a pair
    (score, feedback), a text, which is an output that gepa's metric scores, or a
    dict with any of REPLY_FIELDS. It may be a coroutine function.

    ``concurrency`` is how many requests run at once, in threads; leave it at 1
    where the agent keeps its prompts in globals. gepa starts several workers.
    """
    # The protocol keeps the real standard input and output for itself; prints
    # go to standard error, also those of C code and of child processes.
    reading = os.fdopen(os.dup(0), "rb")
    writing = os.fdopen(os.dup(1), "wb")
    sys.stdout.flush()
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    lock = threading.Lock()

    def write(text):
        with lock:
            writing.write(text.encode("utf-8") + b"\n")
            writing.flush()

    def work(request):
        reply = encode_reply(answer(request, run))
        sys.stderr.flush()
        write(reply)

    write(_encode(hello(components, name, concurrency, objectives)))
    for line in reading:
        request = json.loads(line)
        if request.get("type") != "rollout":
            continue
        if concurrency > 1:
            threading.Thread(target=work, args=(request,), daemon=True).start()
        else:
            work(request)


def verify(secret, headers, body, max_age=300):
    """Reports whether a webhook's request was signed with the secret less than
    max_age seconds ago. ``headers`` is a mapping with get, ``body`` the bytes as
    they came.
    """
    import hashlib
    import hmac

    stamp = headers.get("Gepa-Timestamp") or ""
    try:
        if abs(time.time() - int(stamp)) > max_age:
            return False
    except ValueError:
        return False
    want = "v1=" + hmac.new(secret.encode(), stamp.encode() + b"." + body, hashlib.sha256).hexdigest()
    given = (headers.get("Gepa-Signature") or "").split(",")
    return any(hmac.compare_digest(want, one.strip()) for one in given)
