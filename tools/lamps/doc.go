// Package lamps has phones call each other through a Kamailio that tells who is in a call and which messages wait, and holds
// the keys of one phone against the truth: while calls come and go, when a call is picked up, parked or sent on, and over a
// restart of the server. Its tests hold what must be so; the bench writes the times down.
package lamps
