// Package ua is the user agent core: accounts with their registrations, and
// calls (the INVITE usage of RFC 3261 with its early dialogs) on top of
// sip/stack and sip/dialog. It knows SDP only as bytes: what to offer and
// answer is the business of its user (sip/offer).
//
// # Use
//
//	cfg := stack.Default()
//	cfg.Rules = ua.Rules()
//	u := ua.New(ua.Default(), stack.New(cfg, stack.System{}, log), handle, log)
//	u.AddAccount(1, ua.Account{AOR: "sip:alice@example.com", Password: "…"})
//	err := u.Run(ctx)            // registers, and un-registers within 2 s when ctx ends
//
// All methods may be called from any goroutine; they never block and never
// fail at once: what becomes of them arrives as an Event. Events come one at a
// time, in order, from the one goroutine of the stack; the Handler must not
// block, and may call any method.
//
// # An outgoing call
//
//	ref := u.Call(1, "sip:bob@example.com", offer)
//	  Progress{ref, Dialog: 1, Code: 180}              rings
//	  Progress{ref, Dialog: 2, Code: 183, SDP: …}      a second phone sends early media
//	  Accepted{ref, Dialog: 2, SDP: answer}            talk; all other phones were released
//	  Failed{ref, Code: 486, Text: "Busy Here"}        or not
//
// Each Dialog number is one early dialog of a forked call; the answer in one
// does not bind the others. Accepted always carries the answer, also when it
// came earlier in a reliable provisional response.
//
// # An incoming call
//
//	  Incoming{ref, Account: 1, From: …, SDP: offer}   SDP nil: the answer is to carry our offer
//	u.Ring(ref)                                        180
//	u.Early(ref, answer)                               or 183: sound before the answer
//	u.Accept(ref, answer)                              200
//	  Confirmed{ref}                                   their ACK is in (SDP: the answer to our offer)
//	u.Reject(ref, 486)                                 or 486
//	u.Deflect(ref, "sip:carol@…", why)                 or 302: call her instead
//	  Ended{ref, ByRemote: true, Elsewhere: true}      or the caller gave up
//
// # A call that stands
//
//	u.Hangup(ref)                 BYE, CANCEL or 603, whichever fits  → Ended{ref}
//	u.Offer(ref, sdp)             re-INVITE (hold, resume, move)      → OfferAnswered or OfferRefused
//	  ReOffer{ref, SDP: offer}    they change the session             → AnswerOffer or RefuseOffer
//	  OfferDue{ref}               make an offer now: glare is over (RFC 3261 §14.1), or the
//	                              session timer wants a refresh (RFC 4028)
//
// # Handing over
//
//	u.Refer(ref, "sip:carol@…")   REFER: they are to call Carol    → Referral{180}, Referral{200}
//	u.ReferTo(ref, other)         … in our place in another call   (Replaces)
//	  ReferAsked{refer, ref, …}   they ask the same of us          → Invite, TellReferrer or RefuseRefer
//	  Incoming{…, Replaces: ref}  somebody takes the place of a call: accept, and hang that up
//
// After Failed or Ended no event names the call again.
//
// # What stands alone
//
//	n := u.Note(1, Note{Method: stack.PUBLISH, To: "sip:collector@…", …})
//	  Noted{n, Code: 200}
//
// # Strangers
//
// Requests are taken only from where we registered: the addresses of the
// registrars and outbound proxies, and Config.Peers. Everybody else gets not a
// byte, unless Config.Strangers lets them.
package ua
