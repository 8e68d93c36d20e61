// Package handover sets up a phone and peers of other makes around an exchange, on a network of their
// own, and hands calls from one to the other: transfers of every kind, conferences, and calls that
// move to a program on a computer. Its tests prove that it works; the bench measures how long the far
// side hears nothing.
package handover
