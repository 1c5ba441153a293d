package parquet_test

import (
	"fmt"

	"github.com/gepa-go/gepa/dataset"
	"github.com/gepa-go/gepa/dataset/parquet"
)

// HotpotQA as Hugging Face serves it.
func Example() {
	examples, err := dataset.Load("testdata/hotpot.parquet", dataset.Options{
		Form:     dataset.FormHotpotQA,
		Decoders: []dataset.Decoder{parquet.Decoder{}},
		Where:    `level == "easy"`,
		Limit:    1,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(examples[0].ID, examples[0].Inputs.Text("question"), examples[0].Labels.Text("answer"))
	// Output: 5a03-2 How high is the tower of Kesh? (2) 40 m
}
