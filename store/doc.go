// Package store keeps journals on disk, in one SQLite file a run ([Create],
// [Open], [OpenReadOnly]). A journal in memory is [gepa.NewMemoryJournal].
//
// A journal on disk has one writer, held by a lock that the operating system
// releases when the process ends, however it ends; any number of readers may
// be beside it. What [Journal.Append] has acknowledged survives the death of
// the process and of the machine: the file is in write-ahead-logging mode and
// every commit is synced. Appends that wait at the same time share one commit,
// so that many workers with small records are not limited to one sync each.
//
// [OpenCache] keeps values by content address, for processes that share them.
//
// A journal's format is specified in docs/formats/journal.md. Package
// [github.com/gepa-go/gepa/store/storetest] holds the conformance suite that
// any implementation of [gepa.Journal] can run.
package store
