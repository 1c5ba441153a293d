"""An agent with two prompts. gepa runs it once for each example.

Its texts are files in GEPA_CANDIDATE_DIR, its example is the file GEPA_EXAMPLE.
The last line that it prints is its result. `model` stands in for a language
model, so that the template runs at once: put a call of yours in its place.
"""

import json
import os
import pathlib
import re


def model(prompt: str, question: str, draft: str = "") -> str:
    """Does what the prompt asks for, and nothing else."""
    if draft:
        return draft if "number alone" in prompt else f"I think that it is {draft}."
    a, b = (int(n) for n in re.findall(r"\d+", question))
    for word, result in (("plus", a + b), ("minus", a - b), ("times", a * b), ("larger", max(a, b))):
        if word in question and f'"{word}"' in prompt:
            return str(result)
    return "no idea"


def main() -> None:
    prompts = pathlib.Path(os.environ["GEPA_CANDIDATE_DIR"])
    example = json.loads(pathlib.Path(os.environ["GEPA_EXAMPLE"]).read_text())
    question, gold = example["inputs"]["question"], example["labels"]["answer"]

    draft = model((prompts / "solve").read_text(), question)
    answer = model((prompts / "answer").read_text(), question, draft)

    hints = {
        "plus": 'For "plus" add the two numbers.',
        "minus": 'For "minus" take the second number from the first.',
        "times": 'For "times" multiply the two numbers.',
        "larger": 'For "larger" give the larger number.',
    }
    feedback = {}
    if draft != gold:
        feedback["solve"] = f"The draft {draft!r} is wrong, {gold} is right.\n" + "".join(
            f"Hint: {hint}" for word, hint in hints.items() if word in question
        )
    if answer != draft:
        feedback["answer"] = "Nothing but the answer is wanted.\nHint: Write the number alone."
    score = 1.0 if answer == gold else 0.5 if draft == gold else 0.0
    print(json.dumps({
        "type": "reply",
        "score": score,
        "output": {"answer": answer},
        "feedback": {"text": f"The right answer is {gold}.", "by_component": feedback},
        "trace": [
            {"component": "solve", "inputs": {"question": question}, "outputs": {"draft": draft}},
            {"component": "answer", "inputs": {"draft": draft}, "outputs": {"answer": answer}},
        ],
    }))


main()
