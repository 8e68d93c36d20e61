package credentials

import (
	"context"
	"fmt"
	"sync"
	"time"

	"opendeskphone/firmware/phone"
)

// Desk takes credentials in: it opens them, has the person at the phone asked, and puts them into the vault.
type Desk struct {
	vault   *Vault
	control phone.Control
	post    func(phone.Event)
	changed func(aor string)

	mu       sync.Mutex
	last     phone.Ref
	asked    map[phone.Ref]chan phone.Verdict
	consents map[consent]time.Time
}

// consent is what was agreed to: this computer, this line.
type consent struct{ pairing, aor string }

// consentTime is how long an agreement covers what follows from it: the account first, then its credential.
const consentTime = 2 * time.Minute

// NewDesk makes the desk of a vault. changed is told the address of record whose credential is another now.
func NewDesk(v *Vault, control phone.Control, post func(phone.Event), changed func(aor string)) *Desk {
	return &Desk{vault: v, control: control, post: post, changed: changed,
		asked: map[phone.Ref]chan phone.Verdict{}, consents: map[consent]time.Time{}}
}

// Request is a credential that a computer hands over.
type Request struct {
	Pairing, From string // whose it is and how the computer is called
	AOR           string // of the line it is for
	Session       string // of the TPCP session
	Kind          Kind   // as the computer says, must be what is inside
	User          string // likewise
	Sealed        []byte
}

// Install takes a credential. Where the line had none, or one of another user, the person at the phone is asked.
// The error is one of this package, a phone.Refusal (another question stands), or of ctx.
func (d *Desk) Install(ctx context.Context, r Request) error {
	c, err := d.vault.unseal(r.Session, r.Sealed)
	if err != nil {
		return err
	}
	if c.Kind != r.Kind || c.User != r.User {
		return fmt.Errorf("%w: kind or user differ from what was said outside the seal", ErrCredential)
	}
	if old, ok := d.vault.For(r.AOR); !ok || old.User != c.User || old.Pairing != r.Pairing {
		if err := d.Consent(ctx, r.Pairing, r.From, r.AOR); err != nil {
			return err
		}
	}
	if err := d.vault.Put(Entry{Credential: c, AOR: r.AOR, From: r.From, Pairing: r.Pairing, Installed: time.Now().UTC()}); err != nil {
		return err
	}
	d.changed(r.AOR)
	return nil
}

// Clear forgets what a line signs in with.
func (d *Desk) Clear(aor string) error {
	was, err := d.vault.Clear(aor)
	if was {
		d.changed(aor)
	}
	return err
}

// ClearFrom forgets what a computer, now unpaired, has handed over.
func (d *Desk) ClearFrom(pairing string) error {
	was, err := d.vault.ClearFrom(pairing)
	for _, aor := range was {
		d.changed(aor)
	}
	return err
}

// Consent has the person at the phone asked whether a computer may sign the phone in as aor, unless he agreed to
// just that within the last consentTime.
func (d *Desk) Consent(ctx context.Context, pairing, from, aor string) error {
	key := consent{pairing, aor}
	d.mu.Lock()
	if at, ok := d.consents[key]; ok && time.Since(at) < consentTime {
		d.mu.Unlock()
		return nil
	}
	d.last++
	ref, answer := d.last, make(chan phone.Verdict, 1)
	d.asked[ref] = answer
	d.mu.Unlock()
	defer func() {
		d.mu.Lock()
		delete(d.asked, ref)
		d.mu.Unlock()
	}()
	if err := d.control.Do(ctx, "credentials", phone.Ask{Ref: ref, Kind: phone.SignInQuestion, From: from, Subject: aor}); err != nil {
		if ctx.Err() != nil { // it may have been asked all the same
			d.post(phone.QuestionDropped{Ref: ref})
		}
		return err
	}
	select {
	case <-ctx.Done():
		d.post(phone.QuestionDropped{Ref: ref})
		return ctx.Err()
	case v := <-answer:
		return d.settle(key, v)
	}
}

func (d *Desk) settle(key consent, v phone.Verdict) error {
	switch v {
	case phone.Agreed:
		d.mu.Lock()
		defer d.mu.Unlock()
		clear(d.consents) // one at a time: an agreement is about what is done now
		d.consents[key] = time.Now()
		return nil
	case phone.Unanswered:
		return ErrUnanswered
	}
	return ErrDeclined
}

// Answered takes the verdict of the person at the phone; it does not block.
func (d *Desk) Answered(e phone.QuestionAnswered) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if c := d.asked[e.Ref]; c != nil {
		c <- e.Verdict // capacity 1, one verdict a question
	}
}
