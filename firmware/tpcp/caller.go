package tpcp

import "opendeskphone/firmware/phone"

// The words of what a caller's number is worth.
const (
	VerifiedNone     = "none"     // nobody looked, or nobody could
	VerifiedNetwork  = "network"  // the phone's server says that the number is the caller's
	VerifiedPassport = "passport" // the phone has verified it itself (RFC 8224)
	VerifiedFailed   = "failed"   // what was to prove it does not
)

func verified(p phone.Proof) string {
	switch {
	case p.Verdict == phone.NotVerified:
		return VerifiedFailed
	case p.Verdict == phone.Verified && p.Here:
		return VerifiedPassport
	case p.Verdict == phone.Verified:
		return VerifiedNetwork
	}
	return VerifiedNone
}

var doubts = [phone.DoubtCount]string{
	phone.Unreadable: "unreadable", phone.OtherCaller: "otherCaller", phone.OtherCalled: "otherCalled", phone.Stale: "stale",
	phone.BadSignature: "badSignature", phone.UnknownAuthority: "unknownAuthority", phone.Expired: "certificateExpired", phone.NotEntitled: "notEntitled",
	phone.NoCertificate: "noCertificate", phone.ServerDoubts: "network",
}

// party shows who a call speaks of, nil for nobody.
func party(p phone.Peer) *Party {
	if p == (phone.Peer{}) {
		return nil
	}
	return &Party{URI: cut(p.URI), Display: cut(p.Name), Number: cut(p.Number)}
}
