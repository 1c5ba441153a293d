"""An agent as one finds them: it knows nothing of gepa. It reads order numbers
out of messages. Its "model" is a small function that does what the prompt says,
if the prompt says it in words that it knows."""

import re
import subprocess
import time

PROMPTS = {
    "extract": "Find the order number in the message.",
    "format": "Write the order number for the customer.",
}


class ModelError(Exception):
    pass


calls = 0


def call_model(prompt, text):
    """Stands in for a language model, with its latency and its outages."""
    global calls
    calls += 1
    time.sleep(0.005)
    if "urgent" in text and calls % 3 == 0:
        raise ModelError("overloaded")
    words = set(re.findall(r"[a-z]+", prompt.lower()))
    if text.startswith("message: "):
        numbers = re.findall(r"[A-Za-z]*\d+", text)
        if not numbers:
            raise ValueError("the message has no number")
        number = numbers[-1 if "last" in words else 0]
        return re.sub(r"\D", "", number) if "digits" in words else number
    number = text.upper() if "upper" in words else text
    number = number.zfill(6) if "pad" in words else number
    return "#" + number if "hash" in words else number


def ask(prompt, text):
    """The agent's own retries."""
    for attempt in range(5):
        try:
            return call_model(prompt, text)
        except ModelError:
            print("model overloaded, attempt", attempt)
    raise ModelError("the model stayed overloaded")


def solve(message):
    print("solving", message, end=" ... ")
    if "spell" in message:
        # Somebody forgot to wait for it.
        subprocess.Popen(["sleep", "600"])
    number = ask(PROMPTS["extract"], "message: " + message)
    if "refund" in message and not number.isdigit():
        raise KeyError(number)
    return number, ask(PROMPTS["format"], number)
