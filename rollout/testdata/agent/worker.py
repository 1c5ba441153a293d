import agent
from gepa_client import serve


def run(candidate, rollout):
    agent.PROMPTS.update(candidate)
    number, answer = agent.solve(rollout.inputs["message"])
    rollout.step("extract", rollout.inputs, {"number": number})
    rollout.step("format", {"number": number}, {"answer": answer})
    gold = rollout.labels
    rollout.feedback(f"want {gold['number']}, got {number}; {gold['hint']}", "extract")
    rollout.feedback(f"want {gold['answer']}, got {answer}; {gold['hint']}", "format")
    return (number == gold["number"]) * 0.5 + (answer[0] == "#") * 0.25 + (len(answer.strip("#")) == 6) * 0.25


serve(agent.PROMPTS, run, name="orders")
