package xmltree

import (
	"strings"
	"testing"
)

// The wanted errors are those of Python's ElementTree.
func TestParse(t *testing.T) {
	const ok = ""
	for text, want := range map[string]string{
		"<a>1</b>": "mismatched tag: line 1, column 17", "<a>": "mismatched tag: line 1, column 16",
		"a & b": "not well-formed (invalid token): line 1, column 14", "&foo;": "undefined entity: line 1, column 11",
		"<a x=1/>": "not well-formed (invalid token): line 1, column 16", "<a x='1' x='2'/>": "duplicate attribute: line 1, column 20",
		"< a>": "not well-formed (invalid token): line 1, column 12", "<a>1</a": "not well-formed (invalid token): line 1, column 18",
		"&#65;&#x41;": ok, "&#0;": "reference to invalid character number: line 1, column 11",
		"]]>": "not well-formed (invalid token): line 1, column 13", "<!-- c --><a/>": ok,
		"<!-- -- -->": "not well-formed (invalid token): line 1, column 18", "<![CDATA[x<y]]>": ok, "<?pi x?>": ok,
		"<?xml version='1.0'?>": "XML or text declaration not at start of entity: line 1, column 11",
		"<!DOCTYPE a>":          "not well-formed (invalid token): line 1, column 13", "\x01": "not well-formed (invalid token): line 1, column 11",
		"a<b": "not well-formed (invalid token): line 1, column 14", "<a:b/>": "unbound prefix: line 1, column 11",
		"<a xmlns:p='u'><p:b/></a>": ok, "<a xmlns:p='u'/><p:b/>": "unbound prefix: line 1, column 27", "<é>1</é>": ok, "<a\n>1</a\n>": ok,
		"<a>x</a>\n\n<b>5 < 6</b>": "not well-formed (invalid token): line 3, column 6", "x &amp y": "not well-formed (invalid token): line 1, column 17",
		"<a/ >": "not well-formed (invalid token): line 1, column 14", "<a><b></a></b>": "mismatched tag: line 1, column 19",
		"<a b></a>": "not well-formed (invalid token): line 1, column 15", "<a b='<'/>": "not well-formed (invalid token): line 1, column 17",
		"": ok, "<a>\r\nx</a>": ok, "</dspy_root><x>": "junk after document element: line 1, column 23",
		"</dspy_root>": "not well-formed (invalid token): line 1, column 24", "<": "not well-formed (invalid token): line 1, column 12",
		"<a ": "not well-formed (invalid token): line 1, column 14", "<a x=": "not well-formed (invalid token): line 1, column 16",
		"<a x='": "not well-formed (invalid token): line 1, column 17", "<!": "not well-formed (invalid token): line 1, column 13",
		"<!-": "not well-formed (invalid token): line 1, column 14", "<![": "not well-formed (invalid token): line 1, column 14",
		"日本 & x": "not well-formed (invalid token): line 1, column 15", "&": "not well-formed (invalid token): line 1, column 12",
		"&#x;": "not well-formed (invalid token): line 1, column 14", "&#xD800;": "reference to invalid character number: line 1, column 11",
		"<a x='1'y='2'/>": "not well-formed (invalid token): line 1, column 19", "<!--": "unclosed token: line 1, column 11",
		"<![CDATA[x": "unclosed CDATA section: line 1, column 33", "<?x": "not well-formed (invalid token): line 1, column 14",
		"<a:/>": "not well-formed (invalid token): line 1, column 14", "<a:b:c/>": "not well-formed (invalid token): line 1, column 15",
		"<:a/>": "not well-formed (invalid token): line 1, column 12", "<a b:='1'/>": "not well-formed (invalid token): line 1, column 16",
		strings.Repeat("<a>", 600): "elements are nested too deep: line 1, column 1508",
	} {
		root, err := Parse("<dspy_root>" + text + "</dspy_root>")
		switch {
		case err == nil && want != ok:
			t.Errorf("%q: read as %v, want %s", text, root, want)
		case err != nil && err.Error() != want:
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}

func TestString(t *testing.T) {
	const text = `<r a="1 &amp; &quot;2&quot;">x &lt; y<b>z</b> tail<c /></r>`
	root, err := Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	if got := root.String(); got != text {
		t.Errorf("got %s", got)
	}
	if root.Text != "x < y" || root.Children[0].Tail != " tail" {
		t.Errorf("%+v", root)
	}
	if v, ok := root.Attr("a"); !ok || v != `1 & "2"` {
		t.Error(v)
	}
	if root, err = Parse("<r a='x\ny\r\nz'>p<!-- c -->q<?i j?><![CDATA[<&]]>&apos;</r>"); err != nil || root.Text != "pq<&'" || root.Attrs[0].Value != "x y z" {
		t.Errorf("%+v %v", root, err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add("<a b='c'>d<e/>f</a>")
	f.Add("<r><![CDATA[x]]><!-- y --><?z?>&amp;&#65;</r>")
	f.Fuzz(func(t *testing.T, text string) {
		root, err := Parse(text)
		if err != nil {
			return
		}
		written := root.String()
		again, err := Parse(written)
		if err != nil || again.String() != written {
			t.Errorf("%q was written as %q: %v", text, written, err)
		}
	})
}
