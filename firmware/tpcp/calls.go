package tpcp

import "context"

// ask is Call with the result as a value.
func ask[R any](ctx context.Context, c *Client, method string, params any) (R, error) {
	var r R
	err := c.Call(ctx, method, params, &r)
	return r, err
}

// one is ask for the methods that give back a call.
func one(ctx context.Context, c *Client, method string, params any) (Call, error) {
	r, err := ask[CallResult](ctx, c, method, params)
	return r.Call, err
}

// Make calls somebody.
func (c *Client) Make(ctx context.Context, p MakeParams) (Call, error) {
	return one(ctx, c, "call.make", p)
}

// Answer takes a ringing call.
func (c *Client) Answer(ctx context.Context, p AnswerParams) (Call, error) {
	return one(ctx, c, "call.answer", p)
}

// Hangup ends a call.
func (c *Client) Hangup(ctx context.Context, p CallParams) (Call, error) {
	return one(ctx, c, "call.hangup", p)
}

// Hold holds a call.
func (c *Client) Hold(ctx context.Context, p HoldParams) (Call, error) {
	return one(ctx, c, "call.hold", p)
}

// Resume takes a held call back.
func (c *Client) Resume(ctx context.Context, p CallParams) (Call, error) {
	return one(ctx, c, "call.resume", p)
}

// Swap holds the active call and takes the held one back.
func (c *Client) Swap(ctx context.Context, p SwapParams) (Call, error) {
	return one(ctx, c, "call.swap", p)
}

// Consult holds a call and calls somebody about it.
func (c *Client) Consult(ctx context.Context, p ToParams) (Call, error) {
	return one(ctx, c, "call.consult", p)
}

// Transfer sends the far side to somebody else.
func (c *Client) Transfer(ctx context.Context, p ToParams) (Call, error) {
	return one(ctx, c, "call.transfer", p)
}

// CompleteTransfer joins the far sides of a call and of its consultation.
func (c *Client) CompleteTransfer(ctx context.Context, p CompleteParams) (Call, error) {
	return one(ctx, c, "call.completeTransfer", p)
}

// Conference joins calls.
func (c *Client) Conference(ctx context.Context, p ConferenceParams) (Call, error) {
	return one(ctx, c, "call.conference", p)
}

// AddParticipant has the server that holds a conference call somebody.
func (c *Client) AddParticipant(ctx context.Context, p ParticipantParams) (Call, error) {
	return one(ctx, c, "call.addParticipant", p)
}

// DropParticipant puts somebody out of a conference.
func (c *Client) DropParticipant(ctx context.Context, p ParticipantParams) (Call, error) {
	return one(ctx, c, "call.dropParticipant", p)
}

// MuteParticipant has the server that holds a conference let nobody hear somebody, or let all hear him.
func (c *Client) MuteParticipant(ctx context.Context, p MuteParticipantParams) (Call, error) {
	return one(ctx, c, "call.muteParticipant", p)
}

// Split takes a call out of its conference.
func (c *Client) Split(ctx context.Context, p CallParams) (Call, error) {
	return one(ctx, c, "call.split", p)
}

// MoveToPC hands a call to a SIP program on the computer.
func (c *Client) MoveToPC(ctx context.Context, p MoveParams) (Call, error) {
	return one(ctx, c, "call.moveToPC", p)
}

// PullFromPC takes a call back from it.
func (c *Client) PullFromPC(ctx context.Context, p PullParams) (Call, error) {
	return one(ctx, c, "call.pullFromPC", p)
}

// Note puts a note to a call's conversation in the log.
func (c *Client) Note(ctx context.Context, p NoteParams) error {
	return c.Call(ctx, "call.note", p, nil)
}

// Calls lists the calls.
func (c *Client) Calls(ctx context.Context) ([]Call, error) {
	r, err := ask[CallsResult](ctx, c, "call.list", nil)
	return r.Calls, err
}

// Lines lists the lines.
func (c *Client) Lines(ctx context.Context) ([]Line, error) {
	r, err := ask[LinesResult](ctx, c, "line.list", nil)
	return r.Lines, err
}

// Device tells of the phone.
func (c *Client) Device(ctx context.Context) (Device, error) {
	r, err := ask[DeviceResult](ctx, c, "device.get", nil)
	return r.Device, err
}

// SetVolume sets the volume of a terminal.
func (c *Client) SetVolume(ctx context.Context, p VolumeParams) (Device, error) {
	r, err := ask[DeviceResult](ctx, c, "device.volume.set", p)
	return r.Device, err
}

// Log lists calls that ended, newest first.
func (c *Client) Log(ctx context.Context, p LogParams) (LogResult, error) {
	return ask[LogResult](ctx, c, "log.list", p)
}

// Contacts lists the address book.
func (c *Client) Contacts(ctx context.Context, p ContactsParams) (ContactsResult, error) {
	return ask[ContactsResult](ctx, c, "contacts.list", p)
}

// PutContact adds or changes a contact and gives its ID.
func (c *Client) PutContact(ctx context.Context, p ContactParams) (string, error) {
	r, err := ask[ContactResult](ctx, c, "contacts.put", p)
	return r.ContactID, err
}

// Stats tells how calls sound.
func (c *Client) Stats(ctx context.Context, p StatsParams) ([]Stats, error) {
	r, err := ask[StatsResult](ctx, c, "diag.stats", p)
	return r.Calls, err
}

// HostState tells the phone that the computer's screen was locked or unlocked.
func (c *Client) HostState(ctx context.Context, p HostState) (LockState, error) {
	return ask[LockState](ctx, c, "lock.hostState", p)
}

// CredCapabilities asks what sign-in data the phone takes and what to seal them to.
func (c *Client) CredCapabilities(ctx context.Context) (CredCapabilities, error) {
	return ask[CredCapabilities](ctx, c, "cred.capabilities", nil)
}

// InstallCred hands sign-in data over; the person at the phone may be asked, a minute at most.
func (c *Client) InstallCred(ctx context.Context, p CredParams) (CredStatus, error) {
	return ask[CredStatus](ctx, c, "cred.install", p)
}

// Bootstrap makes or changes an account; the person at the phone may be asked.
func (c *Client) Bootstrap(ctx context.Context, p BootstrapParams) (Line, error) {
	return ask[Line](ctx, c, "line.bootstrap", p)
}

// Ping measures the way to the phone.
func (c *Client) Ping(ctx context.Context) error { return c.Call(ctx, "ping", nil, nil) }
