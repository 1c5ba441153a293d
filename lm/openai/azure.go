package openai

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/gepa-go/gepa/lm/internal/wire"
)

const (
	azureName = "azure"
	// defaultAPIVersion is Azure's last dated version for general use; later
	// ones are previews, or need none.
	defaultAPIVersion = "2024-10-21"
)

// azure is what differs for models deployed on Azure: the key's header, and
// URLs that name the deployment and the version.
type azure struct {
	url *url.URL // nil if the base URL is of Azure's "v1" form, which is OpenAI's
}

func newAzure(c Config, e *wire.Endpoint) azure {
	if strings.HasSuffix(e.BaseURL, "/v1") {
		return azure{}
	}
	version := c.APIVersion
	if version == "" {
		version = wire.FirstSet(c.Getenv, []string{"AZURE_API_VERSION", "OPENAI_API_VERSION"})
	}
	if version == "" {
		version = defaultAPIVersion
	}
	base := e.BaseURL
	if !strings.Contains(base, "/openai/deployments/") {
		base += "/openai/deployments/" + url.PathEscape(e.Model)
	}
	u, err := url.Parse(base + "/chat/completions")
	if err != nil {
		return azure{} // cannot be: the base URL was parsed before
	}
	u.RawQuery = url.Values{"api-version": {version}}.Encode()
	return azure{url: u}
}

func (a azure) complete(r *http.Request, key string) {
	r.Header.Del("Authorization")
	r.Header.Set("Api-Key", key)
	if a.url != nil {
		r.URL = a.url
		r.Host = a.url.Host
	}
}
