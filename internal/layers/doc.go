// Package layers holds the tests of the repository as a whole: which package
// may import which, and what no file may contain. There is nothing in it to
// import.
package layers
