// Package onepage writes a run as one HTML file that shows the same pages as the
// dashboard. It opens from disk and asks nothing of any server: the
// application, its style and the run's data are in the file, and a content
// security policy allows nothing else.
package onepage
