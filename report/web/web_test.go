package web

import (
	"bytes"
	"compress/gzip"
	"io/fs"
	"regexp"
	"strings"
	"testing"
)

// most is how much script the pages may have, compressed.
const most = 60_000

func TestScriptIsSmall(t *testing.T) {
	total := 0
	err := fs.WalkDir(FS(), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(name, ".js") {
			return err
		}
		data, err := fs.ReadFile(FS(), name)
		if err != nil {
			return err
		}
		var out bytes.Buffer
		w, _ := gzip.NewWriterLevel(&out, gzip.BestCompression)
		if _, err := w.Write(data); err != nil {
			return err
		}
		if err := w.Close(); err != nil {
			return err
		}
		total += out.Len()
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("script: %d bytes compressed", total)
	if total == 0 || total > most {
		t.Errorf("the script has %d bytes compressed, want at most %d", total, most)
	}
}

// The policy that the pages are served under forbids what is written into the
// page itself, and all of other hosts.
func TestIndexIsFitForThePolicy(t *testing.T) {
	data, err := fs.ReadFile(FS(), "index.html")
	if err != nil {
		t.Fatal(err)
	}
	page := string(data)
	for _, forbidden := range []string{`<style`, ` style=`, ` onclick=`, ` onload=`, `<base`, `<form`, `<iframe`} {
		if strings.Contains(page, forbidden) {
			t.Errorf("index.html holds %q", forbidden)
		}
	}
	for _, m := range regexp.MustCompile(`(?s)<script([^>]*)>(.*?)</script>`).FindAllStringSubmatch(page, -1) {
		if !strings.Contains(m[1], `src="/assets/`) || strings.TrimSpace(m[2]) != "" {
			t.Errorf("a script that is no asset: %s", m[0])
		}
	}
	for _, m := range regexp.MustCompile(`(?:src|href)="([^"]*)"`).FindAllStringSubmatch(page, -1) {
		if !strings.HasPrefix(m[1], "/assets/") && !strings.HasPrefix(m[1], "data:") {
			t.Errorf("index.html asks for %s", m[1])
		}
		if name, ok := strings.CutPrefix(m[1], "/"); ok {
			if _, err := fs.Stat(FS(), name); err != nil {
				t.Errorf("index.html asks for %s, which is not there", m[1])
			}
		}
	}
}

func TestAssetsNameNoOtherHost(t *testing.T) {
	// Names of XML namespaces are no addresses that anybody asks for.
	namespace := regexp.MustCompile(`https?://www\.w3\.org/[\w/.]*`)
	address := regexp.MustCompile(`https?://[\w.-]+[^\s"'` + "`" + `)]*|["'(]//[\w-]+\.[\w.-]+`)
	err := fs.WalkDir(FS(), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := fs.ReadFile(FS(), name)
		if err != nil {
			return err
		}
		for _, found := range address.FindAllString(namespace.ReplaceAllString(string(data), ""), -1) {
			t.Errorf("%s names %s", name, found)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
