package main

import (
	"errors"

	"github.com/gepa-go/gepa/report/onepage"
)

func reportApp() (onepage.App, error) { return onepage.App{}, errors.New("the pages are not built") }
