module github.com/gepa-go/gepa

go 1.26
