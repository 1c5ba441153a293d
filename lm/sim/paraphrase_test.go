package sim

import (
	"math/rand/v2"
	"strings"
	"testing"
)

// paraphrases are hand-written ways of asking for each habit. None of them is
// a sentence that the reflector or the judge writes.
var paraphrases = map[Habit][]string{
	Bare: {
		"Give just the answer, without any extra words.",
		"Reply with the name, date or number only.",
		"Avoid full sentences; a bare phrase is what we want.",
		"Never explain yourself in the answer field.",
		"Return the minimal answer and no explanation.",
		"The final answer should not contain anything other than the requested phrase.",
		"Strip all surrounding words from your answer.",
		"No explanations, no preamble: only the entity.",
		"Respond with as few words as possible.",
		"Keep the final answer as short as you can, ideally one to five words.",
		"Don't write a complete sentence.",
		"Answers must be concise, with nothing added.",
	},
	Verbatim: {
		"Use the exact wording found in the passages.",
		"Copy the answer verbatim from the context.",
		"The answer must appear word for word in one of the paragraphs.",
		"Extract the answer directly from the text.",
		"Do not rephrase what the source says.",
		"Quote the span exactly as it is written in the document.",
		"Never make use of outside knowledge.",
		"Rely exclusively on the provided context, and do not guess.",
		"Reproduce the spelling used in the context.",
	},
	FullNames: {
		"If the answer is a person, give the full name.",
		"Write out people's complete names.",
		"Do not abbreviate names.",
		"Names should include both the first and the last name.",
		"Provide the entire name of any person or organisation.",
		"Never answer with a surname alone.",
		"For people, state the full name as the article gives it.",
	},
	PlainYesNo: {
		"For yes/no questions answer \"yes\" or \"no\".",
		"When the question is a polar one, say yes or no.",
		"If the question starts with Are, Is or Did, the answer is a simple yes or no.",
		"Answer boolean questions with a single yes or no.",
		"Yes-or-no questions get exactly one word, either yes or no.",
		"Use \"Yes\" or \"No\" where the question calls for it.",
	},
	BothHops: {
		"Follow the chain of facts across both paragraphs.",
		"Find the bridge entity first, then look up its own paragraph for the answer.",
		"Use the first paragraph to identify the intermediate entity and the second to answer the question.",
		"Reason in two steps: identify the entity the question describes, then follow it to the next article.",
		"Do not stop after the first hop.",
		"Combine the information of two documents before answering.",
		"Link the facts from both paragraphs.",
		"Resolve each hop in turn until you reach the final entity.",
		"Identify the bridge facts and connect them to the question.",
	},
	RightKind: {
		"Make sure the answer has the type that the question asks for.",
		"If the question asks for a year, give a year; if it asks for a city, give a city.",
		"Match the answer type to the question word: a person for who, a place for where.",
		"Pay attention to what kind of answer is expected.",
		"Determine whether the question wants a person, a place or a date.",
		"The answer should be of the same category as the thing requested.",
	},
	Comparing: {
		"For comparison questions, find the relevant value for each entity and compare them.",
		"When two entities are compared, check both before you decide.",
		"If the question asks which of two is older or larger, look up both values.",
		"Compare the two items on the property in question.",
		"In comparative questions, weigh the facts about each option.",
	},
	FullDates: {
		"Give dates in full.",
		"Keep the units of numbers.",
		"Dates should include the day, month and year when the text has them.",
		"Write complete dates, not just the year.",
		"Do not drop units from quantities.",
		"Report numbers with their units and dates in their complete form.",
	},
	Checking: {
		"Check the candidate against the context and correct it if it is wrong.",
		"Verify that the candidate is supported by the passages.",
		"If the candidate is not found in the context, replace it with the right answer.",
		"Confirm that the proposed answer appears in the text.",
		"Do not trust the candidate blindly; test it against the evidence.",
		"Reject candidates that the paragraphs do not support and find a better one.",
		"Double-check the candidate answer: does the context back it up?",
	},
	BriefReasons: {
		"Keep the rationale short.",
		"The rationale should be brief.",
		"Limit the reasoning to a few lines.",
		"Write a concise justification.",
		"The explanation must be two to four lines long.",
	},
}

// moreParaphrases were written after the reader had learnt the first list. It
// missed 11 of 54 at first and was then taught those, so they are no measure of
// how far it generalises.
var moreParaphrases = map[Habit][]string{
	Bare: {
		"The response should be a short phrase rather than a sentence.",
		"Output the entity itself and leave everything else out.",
		"Your answer must consist solely of the requested item.",
		"Omit any commentary or justification from the answer.",
		"Write only what was asked for, with no additional text.",
		"Please refrain from adding context around the answer.",
		"State the answer in its shortest form.",
		"Trim the answer down to its essential words.",
	},
	Verbatim: {
		"Take the answer straight from the passage, unchanged.",
		"Answers have to be literal excerpts of the supplied documents.",
		"Stick to the phrasing of the source.",
		"Preserve the original spelling and wording of the context.",
		"Base the answer only on the given paragraphs.",
		"Lift the span from the text exactly.",
		"Don't paraphrase; use the document's own words.",
	},
	FullNames: {
		"Always use a person's full name.",
		"When naming someone, include first and last name.",
		"Spell out names completely instead of shortening them.",
		"People must be identified by their complete name.",
	},
	PlainYesNo: {
		"If it is a yes/no question, the answer must be exactly yes or no.",
		"Respond to yes-no questions with just yes or no.",
		"Questions asking whether something holds should be answered with \"yes\" or \"no\" alone.",
	},
	BothHops: {
		"Trace the connection from the entity in the question through the bridging entity to the answer.",
		"Read the paragraph the question points to, find the entity it mentions, and then read that entity's paragraph.",
		"Work through each hop: the first document gives a clue, the second document gives the answer.",
		"Connect information across multiple paragraphs before you answer.",
		"Go beyond the first paragraph; the answer usually lies in a second one linked to it.",
		"Make sure both supporting facts are used.",
	},
	RightKind: {
		"The answer's type has to fit the question.",
		"Identify what is being asked (person, place, date) and answer with that.",
		"Give a year when a year is requested and a place when a place is requested.",
		"Ensure your answer corresponds to what the question asks.",
	},
	Comparing: {
		"When the question compares two things, evaluate each one separately and then decide.",
		"For comparisons, extract the relevant attribute of both entities first.",
		"To compare two people, find both birth dates.",
	},
	FullDates: {
		"Provide the complete date if one is given.",
		"Numbers must keep their units.",
		"Include day, month and year in dates.",
	},
	Checking: {
		"Make sure the candidate really appears in the passages before you accept it.",
		"Validate the proposed answer using evidence from the paragraphs, and fix any mistake.",
		"Compare the candidate with the context; when they disagree, change the candidate.",
		"If the evidence contradicts the candidate, output the correct answer instead.",
	},
}

func TestParaphrasesAreUnderstood(t *testing.T) {
	l := newLexicon()
	for h := range habits {
		for _, text := range append(append([]string(nil), paraphrases[h]...), moreParaphrases[h]...) {
			if g := l.follows(text); g[h] < 0.9 {
				t.Errorf("habit %d: %.2f for %q", h, g[h], text)
			}
		}
	}
}

// negations ask not to have a habit.
var negations = map[Habit][]string{
	Bare:       {"Do not give just the answer.", "Never keep the final answer short.", "Do not answer with the bare name only."},
	Verbatim:   {"Do not copy the answer from the context.", "Never use the exact wording of the passages.", "Avoid quoting the text verbatim."},
	FullNames:  {"Do not give the full name of a person.", "Never write out complete names."},
	PlainYesNo: {"Do not answer yes or no.", "Never reply with yes or no, even to yes/no questions."},
	BothHops:   {"Do not follow the chain across both paragraphs.", "Never link the facts from both paragraphs."},
	RightKind:  {"Do not match the answer type to the question.", "Never mind the type that the question asks for."},
	Comparing:  {"Do not compare the two items.", "Never compare the entities in comparison questions."},
	FullDates:  {"Do not give dates in full.", "Never keep the units of numbers."},
	Checking:   {"Do not check the candidate against the context.", "Never verify that the candidate is supported by the passages."},
}

// TestNegatedDemandsCountAsAbsent turns each demand into its opposite.
func TestNegatedDemandsCountAsAbsent(t *testing.T) {
	l := newLexicon()
	for habit, texts := range negations {
		for _, text := range texts {
			if g := l.follows(text); g[habit] > 0.1 {
				t.Errorf("habit %d: %.2f for the negated %q", habit, g[habit], text)
			}
		}
	}
}

func TestShuffledWordsAreNotUnderstood(t *testing.T) {
	l := newLexicon()
	var all []string
	for h := range habits {
		all = append(all, paraphrases[h][0], paraphrases[h][1])
	}
	for _, text := range []string{strings.Join(all, "\n"), strings.Join(all, " "), blogInstruction} {
		for seed := range uint64(20) {
			rng := rand.New(rand.NewPCG(seed, 1))
			ws := strings.Fields(text)
			rng.Shuffle(len(ws), func(i, j int) { ws[i], ws[j] = ws[j], ws[i] })
			g := l.follows(strings.Join(ws, " "))
			sum := 0.0
			for _, v := range g {
				sum += v
			}
			if sum > 0.6 {
				t.Errorf("seed %d: understood %.1f in shuffled words: %.120q", seed, g, strings.Join(ws, " "))
			}
		}
	}
}
