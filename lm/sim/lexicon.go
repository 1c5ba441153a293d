package sim

import "strings"

// concept is a set of meanings that a word of an instruction can have, one bit
// each. Words of several meanings have several bits.
type concept uint64

const (
	cShort concept = 1 << iota
	cLong
	cAnswer
	cOnly
	cExtra
	cSentence
	cRespond
	cExact
	cContext
	cOutside
	cFull
	cPart
	cName
	cYes
	cNo
	cHop
	cLink
	cFollow
	cBoth
	cFirst
	cCompare
	cDifferent
	cKind
	cAsk
	cMatch
	cDate
	cNumber
	cUnit
	cCheck
	cRepair
	cWrong
	cCandidate
	cRationale
	cSupport
	cPlaceType
	cQuestion
	cReply
	cFew
	cWords
	cNothing
	cElse
	cSurname
	cFind
	cDoc
	cEach
	cValue
	cDay
	cMonth
	cAgainst
	cTrust
	cLines
	cLast
	cAdd
	cLeast
	cTerm
	cPossible
	cGiven
	cAlter
	cEverything
	cOmit
	cSame
	cIt
)

// lexicon maps the stem of an English word to its meanings.
type lexicon map[string]concept

func newLexicon() lexicon {
	l := lexicon{}
	l.add(cShort, "short shortest brief briefly concise concisely minimal terse compact succinct succinctly crisp tight few fewest bare lean snappy pithy small")
	l.add(cLong, "long longer verbose lengthy wordy elaborate detailed")
	l.add(cAnswer, "answer answers response reply output result span phrase value solution return final")
	l.add(cCandidate, "candidate proposal draft guess suggestion proposed drafted suggested")
	l.add(cOnly, "only just solely merely exclusively alone itself simply nothing strictly purely bare limit limited restrict restricted confine confined")
	l.add(cExtra, "extra additional surplus superfluous unnecessary explanation explanations explain explaining commentary filler padding preamble introduction surrounding embellishment remark remarks elaboration elaborate decoration around comment comments justification trailing leading redundant clutter fluff prefix context-setting else beyond adjectives descriptor descriptors qualifier qualifiers chatter prose")
	l.add(cSentence, "sentence sentences clause clauses paragraph-long prose narrative")
	l.add(cRespond, "answer respond reply write give return output state provide report produce phrase express present put word submit deliver use say supply wrap")
	l.add(cExact, "exact exactly verbatim literal literally copy copied copying quote quoted quotation extract extracted lift lifted reproduce transcribe identical precisely unchanged unaltered character-for-character word-for-word letter-for-letter spelled spelling spell faithfully")
	l.add(cContext, "context passage passages paragraph paragraphs text texts source sources document documents article articles material evidence snippet snippets reading")
	l.add(cOutside, "outside external prior memory background infer inferred inference invent invented guess guessing assume assumption assumptions paraphrase paraphrasing reword rewording rephrase rephrasing reformulate world")
	l.add(cFull, "full fully complete completely entire whole unabbreviated untruncated")
	l.add(cPart, "part partial surname abbreviate abbreviated abbreviation shorten shortened truncate truncated drop initials nickname fragment")
	l.add(cName, "name names named person people surname individual individuals human entity entities title titles who")
	l.add(cYes, "yes")
	l.add(cNo, "no")
	l.add(cHop, "hop hops bridge bridging intermediate multi-hop multihop two-hop connecting chain chains chained middle in-between steps")
	l.add(cLink, "link links linked linking connect connects connected connecting connection lead leads join joins tie ties mention mentions refer refers relate relates point points")
	l.add(cFollow, "follow follows trace track pursue walk move proceed continue go hop chase reach resolve combine jump reason work step navigate carry chain")
	l.add(cBoth, "both two second another next each several multiple every remaining end other final last further")
	l.add(cFirst, "first initial one single stop stopping halt settle")
	l.add(cCompare, "compare compares comparing comparison comparisons contrast comparative versus weigh")
	l.add(cDifferent, "entities items things subjects options sides values attribute attributes facts dates numbers figures either each both two pair property properties")
	l.add(cKind, "type types kind sort category class")
	l.add(cAsk, "ask asks asked asking request requests requested want wants wanted require requires required expect expects expected demand demands seek seeks sought call calls needs need")
	l.add(cMatch, "match matches matching fit fits agree agrees suit suits correspond corresponds satisfy satisfies conform appropriate consistent suited meet")
	l.add(cDate, "date dates year years day month months calendar")
	l.add(cNumber, "number numbers numeric quantity quantities figure figures count counts numeral numerals amount amounts digit digits")
	l.add(cUnit, "unit units measure measurement format formatted digits")
	l.add(cCheck, "check checks checked checking verify verifies verified verifying confirm confirms confirming validate validates validating ensure ensures cross-check double-check doublecheck recheck test tested testing examine inspect re-read reread review scrutinize scrutinise audit judge assess evaluate sure see")
	l.add(cRepair, "correct corrects correcting replace replaces replacing fix fixes fixing revise revises revising change amend overrule substitute substituted rejected corrected replaced swap override repair reject discard")
	l.add(cWrong, "wrong unsupported incorrect mistaken fails fail missing absent contradicted contradicts inaccurate unfounded error errors mismatch mistake otherwise disagrees disagree disagreement")
	l.add(cRationale, "rationale reasoning explanation justification thoughts thinking")
	l.add(cSupport, "against support supports supported supporting directly prove proves proof back backs backed ground grounded appear appears appearing occur occurs found present stated contain contains contained justify justified quote evidence exist exists confirm confirms")
	l.add(cPlaceType, "nationality city country place location town profession occupation genre state nation")
	l.add(cQuestion, "question questions query queries asked prompt")
	l.add(cReply, "answer answers response responses reply replies")
	l.add(cFew, "few fewest fewer minimal minimum handful single")
	l.add(cWords, "word words term terms token tokens")
	l.add(cNothing, "nothing anything")
	l.add(cElse, "else other besides beyond except but more than added extra further apart")
	l.add(cSurname, "surname surnames")
	l.add(cFind, "find look lookup locate identify get retrieve consult search determine read open take seek gather visit")
	l.add(cDoc, "paragraph paragraphs article articles passage passages document documents page pages text texts")
	l.add(cEach, "both each two either pair")
	l.add(cValue, "value values fact facts date dates number numbers entity entities item items option options side sides figure figures subject subjects thing things")
	l.add(cDay, "day days")
	l.add(cMonth, "month months")
	l.add(cAgainst, "against")
	l.add(cTrust, "trust believe rely accept assume adopt repeat blindly pass")
	l.add(cLines, "line lines")
	l.add(cLast, "last family second")
	l.add(cAdd, "add adding adds append appending insert attach")
	l.add(cLeast, "minimal minimum shortest bare barest briefest fewest least tersest essential indispensable")
	l.add(cTerm, "phrase phrases term terms item string entity expression")
	l.add(cPossible, "possible can")
	l.add(cGiven, "given first forename")
	l.add(cAlter, "change changes changed changing alter alters altered altering alteration alterations modify modified modifying modification adapt reword rewording rephrase rephrasing paraphrase paraphrasing")
	l.add(cEverything, "everything all")
	l.add(cIt, "it them")
	l.add(cSame, "same very own original actual")
	l.add(cOmit, "omit omitting drop dropping cut cutting leave leaving skip skipping lose losing shorten shortening abbreviate abbreviating truncate truncating clip trim trimming")
	l["needless"] |= cExtra // its stem means something else
	for _, w := range []string{"wording", "phrasing", "phraseology"} {
		l[w] |= cExact // the stems mean less
	}
	return l
}

func (l lexicon) add(c concept, list string) {
	for w := range strings.FieldsSeq(list) {
		l[w] |= c
		if s := stem(w); s != w && len(s) > 3 {
			l[s] |= c
		}
	}
}

func (l lexicon) meaning(low string) concept {
	c := l[low]
	if s := stem(low); len(s) > 3 {
		c |= l[s]
	}
	return c
}
