// Package config turns what a user says (by flags, or in Go) into a run with
// everything wired: program, models, data, proposer, budget and the folder
// that keeps it.
//
//	run, err := config.Optimize{Program: "hotpotqa", …}.Build(ctx)
//	if err != nil { … } // errors.Is(err, gepa.ErrInvalid): the user's mistake
//	defer run.Close()
//	summary, err := run.Do(ctx)
//
// Nothing is written and no model is called before Do.
package config
