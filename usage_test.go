package gepa_test

import (
	"reflect"
	"testing"

	"github.com/gepa-go/gepa"
)

// Add forgets no field: one that did would lose money.
func TestUsageAddsEveryField(t *testing.T) {
	var one, two gepa.Usage
	fill := func(u *gepa.Usage, n int64) {
		var set func(reflect.Value)
		set = func(v reflect.Value) {
			for _, f := range v.Fields() {
				if f.Kind() == reflect.Struct {
					set(f)
				} else {
					f.SetInt(n)
				}
			}
		}
		set(reflect.ValueOf(u).Elem())
	}
	fill(&one, 1)
	fill(&two, 2)
	if got := one.Add(one); got != two {
		t.Errorf("%+v and itself are %+v", one, got)
	}
}
