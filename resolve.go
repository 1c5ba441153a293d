package gepa

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// ErrInvalid is wrapped by every error that the caller can mend: wrong
// options or data, a budget too small, a journal of another run.
var ErrInvalid = errors.New("invalid")

// invalid wraps an error so that it matches ErrInvalid without saying so.
type invalid struct{ error }

func (e invalid) Unwrap() []error { return []error{e.error, ErrInvalid} }

// Check reports everything that [Optimize] would refuse before it begins: wrong
// options or data, or a budget that cannot pay for one proposal. It looks at no
// journal, calls no model and changes nothing.
func Check(sys System, data Data, opts Options) error {
	_, _, err := resolve(sys, data, opts)
	return err
}

// dataRefs identify the examples of a run's data.
type dataRefs struct{ feedback, validation, test []ExampleRef }

func (d Data) refs() dataRefs { return dataRefs{refs(d.Feedback), refs(d.Validation), refs(d.Test)} }

// resolve checks everything that can be checked before a run and returns the
// options with their defaults filled in, and what identifies the data.
func resolve(sys System, data Data, opts Options) (Options, dataRefs, error) {
	var errs []error
	ids := data.refs()
	if err := opts.Validate(); err != nil {
		errs = append(errs, err)
	}
	if err := checkComponents(sys.Components(), opts.Start); err != nil {
		errs = append(errs, err)
	}
	if err := ids.validate(); err != nil {
		errs = append(errs, err)
	}
	if len(errs) > 0 {
		return opts, ids, invalid{errors.Join(errs...)}
	}
	opts = opts.withDefaults(sys)
	if err := opts.Budget.check(costOf(opts, len(data.Feedback), len(data.Validation))); err != nil {
		return opts, ids, invalid{err}
	}
	return opts, ids, nil
}

func checkComponents(components []Component, start Candidate) error {
	if len(components) == 0 {
		return errors.New("the system has no component: there is nothing to optimize")
	}
	seen := map[string]bool{}
	for i, c := range components {
		switch {
		case c.Name == "":
			return fmt.Errorf("component %d of the system has no name", i)
		case seen[c.Name]:
			return fmt.Errorf("the system has two components named %q", c.Name)
		}
		seen[c.Name] = true
	}
	if start == nil {
		return nil
	}
	for _, c := range components {
		if _, ok := start[c.Name]; !ok {
			return fmt.Errorf("the starting candidate has no text for component %q", c.Name)
		}
	}
	for _, name := range start.Names() {
		if !seen[name] {
			return fmt.Errorf("the starting candidate has a text for %q, which is no component of the system", name)
		}
	}
	return nil
}

// Validate reports what is wrong with the data: an empty set that a run needs,
// an example without an ID, an ID that occurs twice, or an example that occurs
// in two sets, by ID or by content.
func (d Data) Validate() error { return d.refs().validate() }

func (d dataRefs) validate() error {
	var errs []error
	if len(d.feedback) == 0 {
		errs = append(errs, errors.New("data: the feedback set is empty: there is nothing to learn from"))
	}
	if len(d.validation) == 0 {
		errs = append(errs, errors.New("data: the validation set is empty: candidates could not be told apart"))
	}
	type place struct {
		set string
		id  string
	}
	ids := map[string]place{}
	contents := map[string]place{}
	var clashes []string
	for _, set := range []struct {
		name     string
		examples []ExampleRef
	}{{"feedback", d.feedback}, {"validation", d.validation}, {"test", d.test}} {
		for i, ex := range set.examples {
			if ex.ID == "" {
				errs = append(errs, fmt.Errorf("data: example %d of the %s set has no ID", i, set.name))
				continue
			}
			here := place{set.name, ex.ID}
			if at, dup := ids[ex.ID]; dup {
				clashes = append(clashes, fmt.Sprintf("example %q is in the %s set and again in the %s set", ex.ID, at.set, set.name))
				continue
			}
			ids[ex.ID] = here
			hash := ex.Hash
			if at, dup := contents[hash]; dup && at.set != set.name {
				clashes = append(clashes, fmt.Sprintf("example %q of the %s set has the same content as %q of the %s set", ex.ID, set.name, at.id, at.set))
				continue
			}
			contents[hash] = here
		}
	}
	if n := len(clashes); n > 0 {
		const show = 3
		text := strings.Join(clashes[:min(n, show)], "; ")
		if n > show {
			text += fmt.Sprintf("; and %d more", n-show)
		}
		errs = append(errs, fmt.Errorf("data: the sets share examples, which would make every score a lie: %s", text))
	}
	return errors.Join(errs...)
}

// A ResumeError says that a journal holds a run that is not the one asked for.
type ResumeError struct {
	// Differences names what differs, with the journal's value and the one
	// asked for.
	Differences []string
	// Format is the event format of a journal that an earlier version made,
	// where that is the reason; 0 otherwise.
	Format int
}

func (e *ResumeError) Error() string {
	if e.Format != 0 {
		return fmt.Sprintf("the journal is of event format %d, made by an earlier version of gepa: "+
			"it can be shown and exported but not continued; begin a new run, or continue with that version", e.Format)
	}
	return "the journal holds another run; resuming it would change its meaning: " + strings.Join(e.Differences, "; ")
}

// sameRun compares a journal's run with the one asked for.
func sameRun(old, asked RunStarted) error {
	var diffs []string
	if old.Format != asked.Format {
		return invalid{&ResumeError{
			Differences: []string{fmt.Sprintf("format %d, now %d", old.Format, asked.Format)},
			Format:      old.Format,
		}}
	}
	diffs = append(diffs, diffComponents(old.Components, asked.Components)...)
	diffs = append(diffs, diffOptions(old.Options, asked.Options)...)
	for _, set := range []struct {
		name       string
		old, asked []ExampleRef
	}{
		{"feedback", old.Feedback, asked.Feedback},
		{"validation", old.Validation, asked.Validation},
		{"test", old.Test, asked.Test},
	} {
		if !slices.Equal(set.old, set.asked) {
			diffs = append(diffs, fmt.Sprintf("the %s set: %s", set.name, diffRefs(set.old, set.asked)))
		}
	}
	if len(diffs) > 0 {
		return invalid{&ResumeError{Differences: diffs}}
	}
	return nil
}

func diffComponents(old, asked []Component) []string {
	if slices.Equal(old, asked) {
		return nil
	}
	was, is := Seed(old), Seed(asked)
	if maps.Equal(was, is) {
		return []string{"the order of the components"}
	}
	var diffs []string
	for _, name := range slices.Sorted(maps.Keys(was.With(is))) {
		before, had := was[name]
		after, has := is[name]
		switch {
		case !has:
			diffs = append(diffs, fmt.Sprintf("component %q is gone", name))
		case !had:
			diffs = append(diffs, fmt.Sprintf("component %q is new", name))
		case before != after:
			diffs = append(diffs, fmt.Sprintf("component %q starts from another text", name))
		}
	}
	return diffs
}

func diffOptions(old, asked Options) []string {
	was, is := optionFields(old), optionFields(asked)
	names := was.Names()
	for _, name := range is.Names() {
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	var diffs []string
	for _, name := range names {
		before, _ := was.Get(name)
		after, _ := is.Get(name)
		if string(before) != string(after) {
			diffs = append(diffs, fmt.Sprintf("option %s was %s and is now %s", name, orNone(before), orNone(after)))
		}
	}
	return diffs
}

func orNone(raw []byte) string {
	if len(raw) == 0 {
		return "not set"
	}
	return string(raw)
}

func optionFields(o Options) Fields {
	var f Fields
	raw, err := EncodeValue(o)
	if err == nil {
		err = f.UnmarshalJSON(raw)
	}
	if err != nil {
		panic("gepa: encode options: " + err.Error())
	}
	return f
}

func diffRefs(old, asked []ExampleRef) string {
	if len(old) != len(asked) {
		return fmt.Sprintf("%d examples then, %d now", len(old), len(asked))
	}
	for i := range old {
		if old[i].ID != asked[i].ID {
			return fmt.Sprintf("example %d was %q and is now %q", i, old[i].ID, asked[i].ID)
		}
		if old[i].Hash != asked[i].Hash {
			return fmt.Sprintf("example %q has other content now", old[i].ID)
		}
	}
	return "equal"
}
