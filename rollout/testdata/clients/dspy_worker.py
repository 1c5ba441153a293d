"""A real DSPy program with a model that is a function of its prompt."""

import json
import sys
from types import SimpleNamespace

import dspy
from dspy.utils.exceptions import LMAuthError, LMRateLimitError

import gepa_dspy


class Function(dspy.BaseLM):
    def __init__(self):
        super().__init__("function", "chat", 0.0, 1000, cache=False)

    def forward(self, prompt=None, messages=None, **kwargs):
        system, user = messages[0]["content"], messages[-1]["content"]
        if "do=down" in user:
            raise LMRateLimitError("slow down")
        if "do=refused" in user:
            raise LMAuthError("no key")
        if "do=mumble" in user:
            text = "I would rather not say."
        elif "[[ ## reasoning ## ]]" in system:
            text = "[[ ## reasoning ## ]]\nwell\n\n[[ ## draft ## ]]\n" + ("good" if "carefully" in system else "bad")
        else:
            text = "[[ ## answer ## ]]\n" + ("good" if "draft ## ]]\ngood" in user and "briefly" in system else "bad")
        text += "\n\n[[ ## completed ## ]]"
        choice = SimpleNamespace(message=SimpleNamespace(content=text, tool_calls=None), finish_reason="stop")
        usage = {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10}
        return SimpleNamespace(choices=[choice], usage=usage, model="function")


class Program(dspy.Module):
    def __init__(self):
        super().__init__()
        self.think = dspy.ChainOfThought(dspy.Signature("question -> draft", "Think."))
        self.say = dspy.Predict(dspy.Signature("question, draft -> answer", "Say."))

    def forward(self, question):
        print("thinking about", question)
        if "do=raise" in question:
            raise ValueError("an odd question")
        return self.say(question=question, draft=self.think(question=question).draft)


def judged(gold, pred, trace=None, pred_name=None, pred_trace=None):
    assert len(trace) == 2, trace
    return dspy.Prediction(score=float(pred.answer == gold.answer), feedback=f"want {gold.answer}")


def main():
    dspy.configure(lm=Function(), adapter=dspy.ChatAdapter(use_json_adapter_fallback=False))
    program = Program()
    if sys.argv[1] == "save":
        gepa_dspy.save(program, sys.argv[2], sys.argv[3])
        again = Program()
        again.load(sys.argv[3])
        print(json.dumps(gepa_dspy.components(again)))
    else:
        gepa_dspy.serve(program, metric=judged if sys.argv[1] == "judged" else None)


main()
