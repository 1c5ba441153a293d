// Package serve shows runs over HTTP: a JSON API, one stream of events for each
// run, and the pages that use them. The API is specified in
// docs/formats/dashboard-api.md.
//
// A run is followed by its journal alone, so it makes no difference which
// process works on it, or whether one does. Whoever reads slowly, or not at
// all, is sent less, and costs neither memory nor others' time.
//
// Nothing is served to a page of another site, and nothing is changed for one:
// on a loopback address requests must name it, elsewhere they need a token, and
// requests that change something must come from the pages themselves.
package serve
