package main

import (
	"errors"
	"fmt"
	"time"

	"opendeskphone/firmware/tpcp"
	"opendeskphone/tools/odp/pc"
	"opendeskphone/tools/odp/pc/dial"
)

type voicemailCmd struct {
	List  voicemailListCmd  `cmd:"" default:"withargs" help:"Show the voice messages of a line."`
	Play  voicemailPlayCmd  `cmd:"" help:"Play a voice message at the phone."`
	Pause voicemailPauseCmd `cmd:"" help:"Pause the message, or let it go on."`
	Stop  voicemailStopCmd  `cmd:"" help:"End the message."`
}

func (voicemailCmd) Help() string {
	return `Lists the voice messages that the server keeps of a line, and has the phone play them: at its loudspeaker, or at the headset or the handset if that is in use. The phone's screen shows the message meanwhile, and its keys steer it. A call that comes ends it, and so does locking the phone; a locked phone neither lists messages nor plays any. Played once, a message counts as heard.

Examples:
  odp voicemail                          what there is, the newest first; * is new, ! urgent
  odp voicemail play                     the newest that nobody has heard, or else the newest
  odp voicemail play voicemail:0:7:12    this one
  odp voicemail pause
  odp voicemail pause off
  odp voicemail stop

The messages come by IMAP, for which the phone's settings need "mailbox", "mailbox_user" and "mailbox_password" of the line.`
}

// aboutVoicemail makes a request and says what its refusal means for voice messages.
func (sh *shell) aboutVoicemail(method string, p params, out any) error {
	err := sh.request(method, p, out)
	var r *pc.Refusal
	if !errors.As(err, &r) {
		return err
	}
	said := *r
	switch tpcp.Code(r.Code) {
	case tpcp.CodeNoSuchCall:
		said.Words, said.Hint = "There is no such voice message.", "\"odp voicemail\" lists them."
	case tpcp.CodeBadState:
		said.Words = "No voice message is being played."
	case tpcp.CodeBusyOther:
		said.Words = "The phone is in a call, or plays the sound of this computer; try again when that is over."
	case tpcp.CodeNotSupported:
		said.Words, said.Hint = "No server gives the phone voice messages of this line.", "\"odp voicemail --help\" says what that needs."
	default:
		return err
	}
	return &said
}

// mailFaults say why a list is not the newest.
var mailFaults = map[string]string{
	"unreachable": "the mail server does not answer", "untrusted": "the mail server's certificate is not trusted",
	"wrongPassword": "the mail server refuses name or password", "noFolder": "the mail server has no such folder",
}

type voicemailListCmd struct {
	Line string `help:"Line whose messages are meant, by its ID, as l-2; else the one selected at the phone." placeholder:"LINE"`
}

// Run implements the command.
func (c *voicemailListCmd) Run(sh *shell) error {
	all, err := sh.voiceMessages(c.Line)
	if err != nil {
		return err
	}
	return sh.print(all, func() {
		for _, m := range all {
			fmt.Fprintln(sh.out, messageLine(m))
		}
		if len(all) == 0 {
			fmt.Fprintln(sh.out, "no voice messages")
		}
	})
}

// voiceMessages reads the whole list, and warns if it is an old one.
func (sh *shell) voiceMessages(line string) ([]tpcp.VoiceMessage, error) {
	if _, err := sh.ready(); err != nil {
		return nil, err
	}
	all := []tpcp.VoiceMessage{}
	for more := true; more; {
		var r tpcp.MessagesResult
		if err := sh.aboutVoicemail("voicemail.list", params{"lineId": line, "skip": len(all), "limit": 100}, &r); err != nil {
			return nil, err
		}
		if r.Fault != "" && len(all) == 0 {
			fmt.Fprintf(sh.err, "odp: this may not be all: %s\n", mailFaults[r.Fault])
		}
		all, more = append(all, r.Messages...), r.More && len(r.Messages) > 0
	}
	return all, nil
}

func messageLine(m tpcp.VoiceMessage) string {
	marks := []byte("  ")
	if m.New {
		marks[0] = '*'
	}
	if m.Urgent {
		marks[1] = '!'
	}
	lasts := "-:--"
	if d := time.Duration(m.DurationMs) * time.Millisecond; d > 0 {
		d = d.Round(time.Second)
		lasts = fmt.Sprintf("%d:%02d", int(d.Minutes()), int(d.Seconds())%60)
	}
	who, number := "unknown", ""
	if m.From != nil {
		who, number = m.From.Display, m.From.Number
		if number == "" {
			number = dial.Readable(m.From.URI)
		}
		if who == "" {
			who, number = number, ""
		}
	}
	return fmt.Sprintf("%s %s  %5s  %-28s %-20s %s", marks, m.ReceivedAt.Local().Format("2006-01-02 15:04"), lasts, who, number, m.MessageID)
}

type voicemailPlayCmd struct {
	ID   string `arg:"" optional:"" help:"Message to play, as the list names it; else the newest that nobody has heard, or else the newest."`
	Line string `help:"Line whose newest message is meant." placeholder:"LINE"`
}

// Run implements the command.
func (c *voicemailPlayCmd) Run(sh *shell) error {
	id := c.ID
	if id == "" {
		all, err := sh.voiceMessages(c.Line)
		if err != nil {
			return err
		}
		if len(all) == 0 {
			return &pc.Refusal{Kind: pc.Usage, Words: "There is no voice message to play."}
		}
		id = newest(all).MessageID
	} else if _, err := sh.ready(); err != nil {
		return err
	}
	return sh.plays("voicemail.play", params{"messageId": id})
}

// newest is the newest message that nobody has heard, or else the newest.
func newest(all []tpcp.VoiceMessage) tpcp.VoiceMessage {
	for _, m := range all {
		if m.New {
			return m
		}
	}
	return all[0]
}

// plays makes a request about what is played, and prints what is played then.
func (sh *shell) plays(method string, p params) error {
	var r tpcp.DeviceResult
	if err := sh.aboutVoicemail(method, p, &r); err != nil {
		return err
	}
	return sh.print(r.Device.Playing, func() {
		switch at := r.Device.Playing; {
		case at == nil:
			fmt.Fprintln(sh.out, "nothing is played")
		case at.Paused:
			fmt.Fprintln(sh.out, "paused:", at.MessageID)
		default:
			fmt.Fprintf(sh.out, "played at the phone (%s): %s\n", r.Device.Terminal, at.MessageID)
		}
	})
}

type voicemailPauseCmd struct {
	To string `arg:"" optional:"" enum:"on,off" default:"on" help:"on pauses, off goes on."`
}

// Run implements the command.
func (c *voicemailPauseCmd) Run(sh *shell) error {
	if _, err := sh.ready(); err != nil {
		return err
	}
	return sh.plays("voicemail.pause", params{"on": c.To == "on"})
}

type voicemailStopCmd struct{}

// Run implements the command.
func (voicemailStopCmd) Run(sh *shell) error {
	if _, err := sh.ready(); err != nil {
		return err
	}
	return sh.plays("voicemail.stop", nil)
}
