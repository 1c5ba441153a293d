package sim

import "strings"

// hear reads one line of feedback and returns what it teaches. It looks for
// the words in which English complains; who wrote the feedback, it does not
// know.
func (reflector) hear(line string, checking bool) map[lesson]float64 {
	out := map[lesson]float64{}
	mentions := func(parts ...string) bool {
		for _, p := range parts {
			if strings.Contains(line, p) {
				return true
			}
		}
		return false
	}
	yesNo := mentions("yes or no", "yes/no", "yes and no", "bare word", "say yes", "polar")
	switch {
	case yesNo:
		out[learnYesNo] += 2
	case mentions("too long", "extra word", "surplus", "wordy", "wordier", "verbose", "padded", "trim", "nothing else", "cut down", "buried", "not concise", "shorter"):
		out[learnBrevity] += 2
	}
	if mentions("own wording", "is its own", "faithful", "differently", "word for word in no", "nowhere in", "no paragraph contain", "lacks", "paraphras", "outside knowledge", "not in the context", "hallucinat") {
		out[learnCopying] += 1.5
	}
	if mentions("incomplete", "missing word", "cut short", "in full", "full name", "dropped", "first name", "truncat", "partial", "partly") {
		out[learnWholeForms] += 2
	}
	if mentions("first hop", "halfway", "leads to", "intermediate", "chain", "second hop", "facts needed", "stopped") {
		out[learnChain] += 1
	}
	if mentions("both sides", "one of the two", "verdict", "comparison", "compared", "wrong way", "opposite") {
		out[learnBothSides] += 1.5
	}
	if mentions("sort of thing", "wrong entity", "something else than", "is not about", "is wrong", "type of answer", "kind of answer", "not what the question", "date or phrase is wanted") && !yesNo {
		out[learnSort] += 1
		out[learnChain] += 0.7
		out[learnBothSides] += 0.2
		if checking {
			out[learnTesting] += 0.8
		}
	}
	if mentions("unchecked", "waved through", "did not mend", "not corrected", "tested against", "was not verified") {
		out[learnTesting] += 2
	}
	if checking && mentions("spoiled", "rewrote", "worse", "left as it is") {
		out[learnRestraint] += 2
	}
	return out
}

// intentions are what a reflector writes that has nothing to say.
func intentions() []string {
	return []string{
		"Be careful and think about the question before you commit yourself.",
		"Aim for high quality.",
		"Work thoroughly and stay focused on the task.",
		"Take the time that is needed and avoid mistakes.",
	}
}

// advice returns the ways in which this reflector writes a lesson down.
func advice(l lesson, checking bool) []string {
	switch l {
	case learnBrevity:
		return []string{
			"Output nothing besides the name, date, number or phrase itself; no sentences around it.",
			"Do not wrap the result in a sentence and do not add any explanation to it.",
			"Leave out every word that is not needed: no commentary, no surrounding sentence.",
			"The answer must be the bare term on its own, without additional words.",
		}
	case learnCopying:
		return []string{
			"Copy the answer word by word from a paragraph of the context.",
			"Take over the wording of the passage exactly and do not paraphrase it.",
			"Quote the source text literally; never rely on outside knowledge.",
			"Use the exact words of the context for the answer.",
		}
	case learnWholeForms:
		return []string{
			"Always write the full name of a person, and keep complete dates and numbers with their units.",
			"Names must be given in full, first name included; dates are complete with day, month and year.",
			"Give a person's entire name rather than a surname, and whole dates instead of years where the text has them.",
			"Do not shorten names. Keep each date and each number complete.",
		}
	case learnYesNo:
		return []string{
			"If the question can be answered with yes or no, reply with that single word.",
			"For questions of the form \"Are both ...?\", the reply is either \"yes\" or \"no\".",
			"Questions that begin with a verb such as is, are or did get a plain yes or no.",
		}
	case learnChain:
		return []string{
			"Follow the chain: find the paragraph about the entity in the question, then go on to the second paragraph it points to.",
			"Do not stop at the first paragraph; the bridge entity found there leads to the one that holds the answer.",
			"Trace both hops, linking the intermediate entity to the final one.",
			"Connect the two supporting paragraphs through the entity that they share before you decide.",
		}
	case learnSort:
		return []string{
			"Make sure that the result is of the type that the question asks for: a person, a place, a year, a number or a title.",
			"Check what kind of thing is requested, for instance a year or a nationality, and respond with exactly that kind.",
			"The answer has to match what the question wants to know.",
		}
	case learnBothSides:
		return []string{
			"For a comparison, look up the relevant fact for each of the two entities and compare them.",
			"When two things are compared, find the value of each before choosing.",
			"In comparison questions contrast the dates, numbers or attributes of both sides.",
		}
	case learnTesting:
		if !checking {
			return []string{"Confirm that the answer is supported by the context before giving it."}
		}
		return []string{
			"Check that the candidate appears in the context and answers the question; if it is wrong, replace it.",
			"Test the candidate against the paragraphs, and correct it where they do not support it.",
			"Verify the candidate with the evidence in the context; a candidate that is unsupported must be replaced.",
		}
	default:
		return []string{
			"If the candidate is already right, hand it on without additional words.",
			"Keep a correct candidate exactly as it is; remove only surrounding words and put no sentence around it.",
		}
	}
}
