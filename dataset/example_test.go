package dataset_test

import (
	"fmt"
	"strings"

	"github.com/gepa-go/gepa/dataset"
)

// Examples are divided by shares, in proportion to a label.
func ExampleDivide() {
	const tickets = "id,text,team\n1,a,x\n2,b,x\n3,c,x\n4,d,x\n5,e,y\n6,f,y\n7,g,y\n8,h,y\n"
	examples, err := dataset.Read(strings.NewReader(tickets), "tickets.csv", dataset.Options{Labels: []string{"label=team"}})
	if err != nil {
		fmt.Println(err)
		return
	}
	sets, err := dataset.Divide(examples, dataset.Division{
		Parts:    []dataset.Part{{Name: "feedback"}, {Name: "validation", Size: dataset.Size{Share: 0.25}}},
		Seed:     1,
		Stratify: "label",
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, set := range sets {
		fmt.Println(set.Name, len(set.Examples), tally(set.Examples))
	}
	// Output:
	// feedback 6 map[x:3 y:3]
	// validation 2 map[x:1 y:1]
}
