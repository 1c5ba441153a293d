package rollout

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// The headers of a webhook's requests.
const (
	// HeaderTimestamp is when the request was sent, in seconds since 1970.
	HeaderTimestamp = "Gepa-Timestamp"
	// HeaderSignature is "v1=" and the hexadecimal HMAC-SHA256, under the
	// secret, of the timestamp, a dot and the body.
	HeaderSignature = "Gepa-Signature"
)

// signatureAge is how old a request may be, and how far ahead its clock.
const signatureAge = 5 * time.Minute

// signatureVersion begins a signature.
const signatureVersion = "v1="

func sign(secret, timestamp string, body []byte) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(timestamp))
	mac.Write([]byte{'.'})
	mac.Write(body)
	return signatureVersion + hex.EncodeToString(mac.Sum(nil))
}

// Verify reports whether a webhook's request comes from somebody who knows the
// secret, and was sent within five minutes of now. Header is the request's,
// body its body as received. The error says what is wrong, and is not for the
// sender's eyes.
func Verify(secret string, header http.Header, body []byte, now time.Time) error {
	timestamp := header.Get(HeaderTimestamp)
	seconds, err := strconv.ParseInt(timestamp, 10, 64)
	if err != nil {
		return fmt.Errorf("%s is %q, want seconds since 1970", HeaderTimestamp, timestamp)
	}
	if age := now.Sub(time.Unix(seconds, 0)); age > signatureAge || age < -signatureAge {
		return fmt.Errorf("the request was signed %v ago, want less than %v: it is old, or a clock is wrong", age.Round(time.Second), signatureAge)
	}
	want := sign(secret, timestamp, body)
	for got := range strings.SplitSeq(header.Get(HeaderSignature), ",") {
		if hmac.Equal([]byte(strings.TrimSpace(got)), []byte(want)) {
			return nil
		}
	}
	return errors.New("the signature does not fit the body and the secret")
}
