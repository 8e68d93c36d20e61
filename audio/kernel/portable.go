//go:build !cgo || !arm.7

package kernel

// vector is the set of the vector unit: there is none.
var vector *set

func fastest() *set { return &scalar }
