package sim

import (
	"fmt"
	"testing"
)

func TestPairs(t *testing.T) {
	for _, path := range []string{"/tmp/simcal/train.jsonl", "/tmp/wt/shared/data/hotpotqa_train.jsonl"} {
		xs := loadRaw(t, path)
		both, last := 0, 0
		for _, x := range xs {
			r := read(x.Question, x.items())
			have := map[string]bool{}
			for _, b := range r.best {
				have[r.d.paras[b].title] = true
			}
			ok := true
			for _, s := range x.Sup {
				ok = ok && have[plainTitle(fmt.Sprint(s[0]))]
			}
			if ok {
				both++
			}
			if have[plainTitle(fmt.Sprint(x.Sup[len(x.Sup)-1][0]))] {
				last++
			}
		}
		fmt.Println(path, both, last, len(xs))
	}
}
