package xmltree

import "strings"

// String writes the element, and the text after it, as ElementTree does.
func (e *Element) String() string {
	var b strings.Builder
	e.write(&b)
	return b.String()
}

var (
	//nolint:gochecknoglobals // never changes
	textEscapes = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")
	//nolint:gochecknoglobals // never changes
	attrEscapes = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;",
		"\r", "&#13;", "\n", "&#10;", "\t", "&#09;")
)

func (e *Element) write(b *strings.Builder) {
	b.WriteString("<" + e.Tag)
	for _, a := range e.Attrs {
		b.WriteString(" " + a.Name + `="` + attrEscapes.Replace(a.Value) + `"`)
	}
	if e.Text == "" && len(e.Children) == 0 {
		b.WriteString(" />")
	} else {
		b.WriteString(">" + textEscapes.Replace(e.Text))
		for _, c := range e.Children {
			c.write(b)
		}
		b.WriteString("</" + e.Tag + ">")
	}
	b.WriteString(textEscapes.Replace(e.Tail))
}
