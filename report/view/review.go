package view

// reviewed is one thing that was done in a review.
type reviewed struct{}
