package dataset

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
)

// A pair is HotpotQA's [title, value].
type pair[T any] struct {
	title string
	value T
}

// UnmarshalJSON reads a list of exactly two items.
func (p *pair[T]) UnmarshalJSON(data []byte) error {
	var items []json.RawMessage
	if err := json.Unmarshal(data, &items); err != nil {
		return err
	}
	if len(items) != 2 {
		return fmt.Errorf("a list of %d items where a pair is wanted", len(items))
	}
	if err := json.Unmarshal(items[0], &p.title); err != nil {
		return err
	}
	return json.Unmarshal(items[1], &p.value)
}

// reason says in words why JSON does not fit a type.
func reason(err error) string {
	var wrong *json.UnmarshalTypeError
	if !errors.As(err, &wrong) {
		return err.Error()
	}
	want := "another type"
	switch wrong.Type.Kind() {
	case reflect.String:
		want = "string"
	case reflect.Int:
		want = "whole number"
	case reflect.Slice:
		want = "list"
	}
	return fmt.Sprintf("%s where %s is wanted", wrong.Value, want)
}
