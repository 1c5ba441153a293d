package dataset_test

import (
	"errors"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/gepa-go/gepa/dataset"
)

func TestCheckDisjoint(t *testing.T) {
	renamed := numbered(3, 1)
	renamed[0].ID = "other"
	changed := numbered(50, 1)
	changed[0].ID = "2"
	tests := []struct {
		name string
		sets []dataset.Set
		want *dataset.OverlapError
		text string
	}{
		{"none", nil, nil, ""},
		{"disjoint", []dataset.Set{{"a", numbered(0, 5)}, {"b", numbered(5, 5)}, {"c", nil}}, nil, ""},
		{"within a set", []dataset.Set{{"a", append(numbered(0, 5), numbered(0, 5)...)}}, nil, ""},
		{
			"the same", []dataset.Set{{"train", numbered(0, 5)}, {"dev", numbered(0, 5)}},
			&dataset.OverlapError{First: "train", Second: "dev", FirstID: "0", SecondID: "0", SameID: true, SameContent: true, Count: 5},
			`train and dev overlap: example "0" of dev has the same id and content as example "0" of train, and so with 4 examples more: `,
		},
		{
			"by content", []dataset.Set{{"a", numbered(0, 5)}, {"b", renamed}},
			&dataset.OverlapError{First: "a", Second: "b", FirstID: "3", SecondID: "other", SameContent: true, Count: 1},
			`example "other" of b has the same content as example "3" of a: `,
		},
		{
			"by id", []dataset.Set{{"a", numbered(0, 5)}, {"b", changed}},
			&dataset.OverlapError{First: "a", Second: "b", FirstID: "2", SecondID: "2", SameID: true, Count: 1},
			`example "2" of b has the same id as example "2" of a: `,
		},
		{
			"later sets", []dataset.Set{{"a", numbered(0, 3)}, {"b", numbered(3, 3)}, {"c", numbered(5, 3)}, {"d", numbered(0, 1)}},
			&dataset.OverlapError{First: "b", Second: "c", FirstID: "5", SecondID: "5", SameID: true, SameContent: true, Count: 2},
			`and so with 1 example more: `,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := dataset.CheckDisjoint(tt.sets...)
			if tt.want == nil {
				if err != nil {
					t.Error(err)
				}
				return
			}
			var got *dataset.OverlapError
			if !errors.As(err, &got) {
				t.Fatalf("got %v", err)
			}
			if *got != *tt.want {
				t.Errorf("got  %+v\nwant %+v", *got, *tt.want)
			}
			if !strings.Contains(err.Error(), tt.text) {
				t.Errorf("text %q lacks %q", err, tt.text)
			}
		})
	}
}

func TestCheckDisjointProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n, from, m := rapid.IntRange(1, 20).Draw(t, "n"), rapid.IntRange(0, 25).Draw(t, "from"), rapid.IntRange(1, 20).Draw(t, "m")
		err := dataset.CheckDisjoint(dataset.Set{Name: "a", Examples: numbered(0, n)}, dataset.Set{Name: "b", Examples: numbered(from, m)})
		want := max(0, min(n, from+m)-from)
		var got *dataset.OverlapError
		if errors.As(err, &got) != (want > 0) || want > 0 && got.Count != want {
			t.Fatalf("%d shared, got %v", want, err)
		}
	})
}
