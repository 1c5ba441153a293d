package config

import (
	"github.com/gepa-go/gepa/dataset"
	"github.com/gepa-go/gepa/dataset/parquet"
)

// Decoders returns the file formats that runs read beyond those of package
// dataset.
func Decoders() []dataset.Decoder { return []dataset.Decoder{parquet.Decoder{}} }
