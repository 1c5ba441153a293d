package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
)

// A statement is one of the driver's own, which does not take part in
// database/sql's bookkeeping for each execution.
type statement struct{ driver.StmtExecContext }

// run executes the statement. A write is never interrupted, so there is no
// context.
func (s statement) run(values ...driver.Value) error {
	args := make([]driver.NamedValue, len(values))
	for i, v := range values {
		args[i] = driver.NamedValue{Ordinal: i + 1, Value: v}
	}
	_, err := s.ExecContext(context.Background(), args)
	return err
}

// statements are all that a writer runs again and again.
type statements struct {
	begin, commit, meta, insert statement
	all                         []driver.Stmt
}

// prepareStatements prepares them on the driver's connection, for a file of a
// format.
func prepareStatements(ctx context.Context, conn any, format int64) (statements, error) {
	insert := "INSERT INTO record (seq, kind, key, at, sum, data, size) VALUES (?, ?, ?, ?, ?, ?, ?)"
	if format == formatPlain {
		insert = "INSERT INTO record (seq, kind, key, at, sum, data) VALUES (?, ?, ?, ?, ?, ?)"
	}
	var s statements
	for text, into := range map[string]*statement{
		"BEGIN IMMEDIATE": &s.begin,
		"COMMIT":          &s.commit,
		"INSERT INTO meta (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value": &s.meta,
		insert: &s.insert,
	} {
		if err := s.prepare(ctx, conn, text, into); err != nil {
			return statements{}, errors.Join(err, s.close())
		}
	}
	return s, nil
}

func (s *statements) prepare(ctx context.Context, conn any, text string, into *statement) error {
	preparer, ok := conn.(driver.ConnPrepareContext)
	if !ok {
		return fmt.Errorf("the SQLite driver's %T prepares no statements", conn)
	}
	stmt, err := preparer.PrepareContext(ctx, text)
	if err != nil {
		return err
	}
	s.all = append(s.all, stmt)
	if into.StmtExecContext, ok = stmt.(driver.StmtExecContext); !ok {
		return fmt.Errorf("the SQLite driver's %T cannot be executed", stmt)
	}
	return nil
}

func (s *statements) close() error {
	var errs []error
	for _, stmt := range s.all {
		errs = append(errs, stmt.Close())
	}
	s.all = nil
	return errors.Join(errs...)
}

// An identity is the hash of a result's kind and key: long enough that no two
// results share one.
type identity [16]byte

func identityOf(kind, key string) identity {
	text := make([]byte, 0, 256)
	text = append(text, kind...)
	text = append(text, 0) // in neither of the two
	text = append(text, key...)
	sum := sha256.Sum256(text)
	return identity(sum[:len(identity{})])
}

// identities are those of all results of a journal, so that each is stored
// once. An index in the file would do the same at twice the cost of a result:
// keys are hashes, and every one would change a page somewhere else.
type identities map[identity]struct{}

// knownResults reads the identities of the results in a file.
func knownResults(ctx context.Context, db *sql.DB) (_ identities, err error) {
	rows, err := db.QueryContext(ctx, "SELECT kind, key FROM record WHERE key <> ''")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	known := identities{}
	for rows.Next() {
		var kind, key string
		if err := rows.Scan(&kind, &key); err != nil {
			return nil, err
		}
		known.add(identityOf(kind, key))
	}
	return known, rows.Err()
}

// add reports whether the identity is new.
func (k identities) add(id identity) bool {
	before := len(k)
	k[id] = struct{}{}
	return len(k) > before
}

// forget takes back what was added.
func (k identities) forget(ids []identity) {
	for _, id := range ids {
		delete(k, id)
	}
}
