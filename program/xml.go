package program

import "github.com/gepa-go/gepa"

// XMLFormat is DSPy's format in which every field is an XML element.
type XMLFormat struct{}

// Name returns "xml".
func (XMLFormat) Name() string { return "xml" }

// Messages implements [Format].
func (XMLFormat) Messages(sig Signature, demos []gepa.Fields, inputs gepa.Fields) ([]gepa.Message, error) {
	return render(chatWire{}, sig, demos, inputs)
}

// Parse implements [Format].
func (XMLFormat) Parse(sig Signature, reply string) (gepa.Fields, error) {
	return nil, &ParseError{Format: "xml", Reply: reply}
}
