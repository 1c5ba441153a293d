package web

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html/template"
	"io"
	"strings"
)

// DataID is the id of the element of a report that holds its data.
const DataID = "gepa-data"

// frame is the file of a report. Its three holes are filled with bytes that
// [WriteReport] has made safe in their place.
const frame = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta http-equiv="Content-Security-Policy" content="{{.Policy}}">
    <meta name="referrer" content="no-referrer">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <title>{{.Title}} · gepa</title>
    {{.Style}}
  </head>
  <body>
    <div id="app"></div>
    <noscript>This report is drawn by a script that is in the file. The same figures are printed by: gepa show RUN</noscript>
    {{.Data}}
    {{.Script}}
  </body>
</html>
`

// WriteReport writes the pages as one file of HTML that holds the data and
// needs neither a server nor a network: it opens from disk. Data is the JSON
// object that docs/formats/dashboard-api.md specifies for reports; the error
// says if it is no JSON. Title names the run, in any text.
//
// Whatever is in the data stays data: it cannot end the element that it is in,
// and the file's policy allows its own script and style, by their hashes, and
// no request at all.
func WriteReport(w io.Writer, title string, data []byte) error {
	if !json.Valid(data) {
		return fmt.Errorf("write report: the data is no valid JSON")
	}
	script, err := asset(".js")
	if err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	style, err := asset(".css")
	if err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	// Neither may end its own element, nor open a comment that hides its end.
	if s := strings.ToLower(script); strings.Contains(s, "</script") || strings.Contains(s, "<!--") {
		return fmt.Errorf("write report: the pages' script holds the end of a script element")
	}
	if strings.Contains(strings.ToLower(style), "</style") {
		return fmt.Errorf("write report: the pages' style holds the end of a style element")
	}
	// Escaped so, "<", ">" and "&" are the same characters to a reader of JSON
	// and nothing to a reader of HTML.
	var safe bytes.Buffer
	json.HTMLEscape(&safe, data)
	policy := fmt.Sprintf("default-src 'none'; script-src %s; style-src %s; img-src data:; base-uri 'none'; form-action 'none'",
		source(script), source(style))
	page, err := template.New("report").Parse(frame)
	if err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	return page.Execute(w, struct {
		Title, Policy       string
		Style, Data, Script template.HTML
	}{
		title, policy,
		template.HTML("<style>" + style + "</style>"),                                                       //nolint:gosec // our own, and checked above
		template.HTML(`<script type="application/json" id="` + DataID + `">` + safe.String() + "</script>"), //nolint:gosec // escaped above
		template.HTML(`<script type="module">` + script + "</script>"),                                      //nolint:gosec // our own, and checked above
	})
}

// source returns how a policy names a text: by its hash.
func source(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}
