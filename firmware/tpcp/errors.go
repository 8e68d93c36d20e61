package tpcp

import (
	"context"
	"errors"
	"fmt"

	"opendeskphone/firmware/phone"
)

// Code is the code of an error.
type Code int

// The codes; those above -32000 are JSON-RPC's own.
const (
	CodeParse          Code = -32700
	CodeInvalidRequest Code = -32600
	CodeUnknownMethod  Code = -32601
	CodeBadParams      Code = -32602
	CodeInternal       Code = -32603

	CodeNotOpen            Code = 1001 // session.open comes first
	CodeRightMissing       Code = 1002
	CodeAttachRequired     Code = 1003 // the cable must be plugged in
	CodeNoSuchCall         Code = 1004
	CodeNoSuchLine         Code = 1005
	CodeBadState           Code = 1006
	CodeLineNotRegistered  Code = 1007
	CodeResource           Code = 1008 // no free call, leg or place
	CodeConflict           Code = 1009 // the call is not what the controller thinks
	CodeBusyOther          Code = 1010 // another request on it is pending
	CodeNotSupported       Code = 1011
	CodeInvalidDestination Code = 1012
	CodeEmergencyGuard     Code = 1013
	CodeLocked             Code = 1014
	CodeRateLimited        Code = 1015
	CodeUserDeclined       Code = 1016
	CodeTimeout            Code = 1017
	CodeSIPFailure         Code = 1018
	CodeMediaFailure       Code = 1019
	CodeTransferFailed     Code = 1020
	CodePolicy             Code = 1021
	CodeCredentialRejected Code = 1022
	CodeStorage            Code = 1023
)

var codeNames = map[Code]string{
	CodeParse: "parse", CodeInvalidRequest: "invalidRequest", CodeUnknownMethod: "unknownMethod", CodeBadParams: "badParams",
	CodeInternal: "internal", CodeNotOpen: "notOpen", CodeRightMissing: "rightMissing", CodeAttachRequired: "attachRequired",
	CodeNoSuchCall: "noSuchCall", CodeNoSuchLine: "noSuchLine", CodeBadState: "badState", CodeLineNotRegistered: "lineNotRegistered",
	CodeResource: "resource", CodeConflict: "conflict", CodeBusyOther: "busyOther", CodeNotSupported: "notSupported",
	CodeInvalidDestination: "invalidDestination", CodeEmergencyGuard: "emergencyGuard", CodeLocked: "locked",
	CodeRateLimited: "rateLimited", CodeUserDeclined: "userDeclined", CodeTimeout: "timeout", CodeSIPFailure: "sipFailure",
	CodeMediaFailure: "mediaFailure", CodeTransferFailed: "transferFailed", CodePolicy: "policy",
	CodeCredentialRejected: "credentialRejected", CodeStorage: "storage",
}

// String gives the code's name as it stands in Error.Data.Reason.
func (c Code) String() string {
	if s, ok := codeNames[c]; ok {
		return s
	}
	return fmt.Sprint(int(c))
}

// Error is the error of an answer.
type Error struct {
	Code    Code       `json:"code"`
	Message string     `json:"message"`
	Data    *ErrorData `json:"data,omitempty"`
}

// ErrorData says more of an error.
type ErrorData struct {
	Reason  string `json:"reason"`            // the code's name
	Detail  string `json:"detail,omitempty"`  // for a technician
	SIP     *SIP   `json:"sip,omitempty"`     // what the network said
	RetryMs int64  `json:"retryMs,omitempty"` // when to try again
	Rev     uint64 `json:"rev,omitempty"`     // CodeConflict: the call's revision now
}

// SIP is an answer of the SIP network.
type SIP struct {
	Code   int    `json:"code"`
	Reason string `json:"reason,omitempty"`
}

// Error gives the error in words.
func (e *Error) Error() string {
	if e.Data != nil && e.Data.Detail != "" && e.Data.Detail != e.Message {
		return fmt.Sprintf("%s: %s", e.Message, e.Data.Detail)
	}
	return e.Message
}

// Is makes errors.Is compare codes: errors.Is(err, &Error{Code: CodeBadState}).
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.Code == e.Code
}

// Refuse makes an error for whoever serves a part of the phone to controllers.
func Refuse(c Code, words string) error { return refuse(c, words) }

// CodeOf tells the code of a refusal from the phone; 0 if err is something else.
func CodeOf(err error) Code {
	var e *Error
	if errors.As(err, &e) {
		return e.Code
	}
	return 0
}

func refuse(c Code, words string) *Error {
	return &Error{Code: c, Message: words, Data: &ErrorData{Reason: c.String()}}
}

// refusals says which code stands for a refusal of the phone's core.
var refusals = [phone.RefusalCount]Code{
	phone.NoSuchCall: CodeNoSuchCall, phone.NoSuchLine: CodeNoSuchLine, phone.WrongState: CodeBadState,
	phone.LineDown: CodeLineNotRegistered, phone.TooMany: CodeResource, phone.Busy: CodeBusyOther,
	phone.WrongNumber: CodeInvalidDestination, phone.WrongValue: CodeBadParams,
	phone.Moving: CodeBusyOther, phone.ConfFull: CodeResource, phone.Locked: CodeLocked, phone.Stopped: CodeInternal,
	phone.Forbidden: CodeNotSupported, phone.Recorded: CodeBadState, phone.NoMailbox: CodeNotSupported,
}

// asError makes any error one to send: a Refusal by the table, an Error as it is, else an internal one
// whose story stays here.
func asError(err error) *Error {
	var e *Error
	var r phone.Refusal
	switch {
	case errors.As(err, &e):
		return e
	case errors.As(err, &r) && r < phone.RefusalCount && refusals[r] != 0:
		return refuse(refusals[r], r.Error())
	case errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded):
		return refuse(CodeTimeout, "it took too long")
	}
	return refuse(CodeInternal, "the phone could not do this")
}
