// Package dataset reads examples and divides them: files of JSON lines or one
// JSON array, HotpotQA in the three forms in which it is published, splits
// drawn by seed, and the check that no example is in two splits.
//
// [Load] reads any file of JSON objects and maps their fields to inputs and
// labels; [HotpotQA] reads that data set. Both recognise the file format by
// its content. What they refuse they refuse with an [*Error] that names the
// file, the line, the example, the field and the remedy.
//
// The functions of this package keep no state and are safe for concurrent
// use. The examples they return share nothing with the file read.
package dataset
