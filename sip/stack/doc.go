// Package stack carries SIP messages: it parses and checks what comes in,
// runs the transactions of RFC 3261 §17 (with the Accepted state of RFC 6026)
// and moves messages over UDP, TCP and TLS. It knows nothing of dialogs,
// registrations or calls; those are built on it in sip/dialog and sip/ua.
//
// It is the only package that imports sipgo. The message vocabulary (Request,
// Response, Uri, the typed headers) is sipgo's, re-exported by alias; parsing
// is sipgo's behind our own framing, limits and checks. Transactions and
// connections are ours, because sipgo starts a goroutine for every message and
// so loses their order (docs/adr/0001-sip-transactions.md).
//
// # One loop
//
//	socket readers --(parsed, checked, in order)--> loop --> Handler
//	Post(fn) ------------------------------------->  |
//	timers ---------------------------------------> |  --> sockets (never blocks:
//	                                                       streams have a writer each)
//
// Run owns one loop goroutine. Every Handler method, every callback given to
// Send, Resolve, After and ServerTx.OnCancel runs on it, one at a time, in the
// order in which the bytes arrived on their connection. Methods marked "on the
// loop" may be called only from there; Post brings work onto the loop from
// anywhere.
//
// # Sending
//
//	tx := s.Send(req, stack.Target{Transport: stack.UDP, Addr: addr}, func(res *stack.Response, err error) { ... })
//	s.Cancel(tx)                       // only INVITE
//	s.Write(ack, target)               // the ACK to a 2xx: no transaction
//
// Send sets the top Via, and Max-Forwards and Content-Length when missing; all
// other headers are the caller's. A callback is called for each provisional and
// final response, for each further 2xx of an INVITE during Accepted, and at most
// once with an error: ErrTimeout, a *TLSError, or one wrapping ErrTransport.
// After an error no response follows.
//
// Target.Conn names a connection to prefer (the flow a registration runs on,
// RFC 5626); Source.Target makes a Target from where a message came, and
// ClientTx.Flow tells which way a request went. Connections are reused by
// address and name, pinged when we opened them, and reported by Handler.Lost
// when they end; KeepFlow makes an unanswered ping end one, Probe asks for a
// sign of life now, and Bind does so by STUN where there is no connection. After
// Renew, which is told of a change of the network, new requests open new ones.
// A stream is opened to both address families of a server, and the first is
// taken (RFC 8305). A request over 1300 bytes goes by TCP although UDP was asked
// for, and by UDP after all when TCP is refused (§18.1.1). Drop ends a request
// that nobody waits for any more.
//
// Resolve finds the targets of a URI (RFC 3263), best first. Local is the
// address of ours to write into Contact and SDP for a target.
//
// # Receiving
//
// Handler.Request gets only requests which passed the checks of RFC 3261 §8.2
// and agree with the lists in Config.Rules: malformed ones are answered 400, an
// unknown scheme 416, a foreign Require 420, a method 405 or 501, a body type
// 415, Accept without SDP 406, a version 505, a merged request 482. A request
// from a Source which is not trusted (Trust) gets no answer at all. CANCEL is answered
// here (200 or 481) and reported through ServerTx.OnCancel of its INVITE; the
// ACK to a failure is absorbed; the ACK to a 2xx comes with tx == nil.
//
//	func (h *handler) Request(tx *stack.ServerTx, req *stack.Request, from stack.Source) {
//		tx.Respond(stack.Reply(req, 200, ""))
//	}
//
// After an INVITE's 2xx the user agent repeats Respond with it until the ACK
// comes (RFC 3261 §13.3.1.4); the transaction stays in Accepted for 64*T1 to
// absorb repeated INVITEs.
package stack
