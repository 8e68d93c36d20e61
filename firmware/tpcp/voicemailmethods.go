package tpcp

import (
	"context"

	"opendeskphone/firmware/phone"
)

// Voicemail is the messages that servers keep of lines.
type Voicemail interface {
	// Messages reads the messages of a line anew, newest first, and may wait for the server. Fault says why they are those
	// that were known before; ok is false if no server gives out messages of the line.
	Messages(ctx context.Context, line phone.LineID) (list []VoiceMessage, fault string, ok bool)
	// HasMessage tells whether a message was there when its line was last read.
	HasMessage(id string) bool
}

type (
	// MessagesParams are those of voicemail.list.
	MessagesParams struct {
		LineID string `json:"lineId,omitempty"` // empty: the selected one, or else the first that has messages to give out
		Limit  int    `json:"limit,omitempty"`  // 1 to 100, default 50
		Skip   int    `json:"skip,omitempty"`
	}
	// MessagesResult is that of voicemail.list, newest first.
	MessagesResult struct {
		LineID   string         `json:"lineId"`
		Messages []VoiceMessage `json:"messages"`
		Total    int            `json:"total"`
		More     bool           `json:"more"`
		Fault    string         `json:"fault,omitempty"` // unreachable, untrusted, wrongPassword, noFolder: the list is an old one
	}
	// VoiceMessage is a voice message.
	VoiceMessage struct {
		MessageID  string `json:"messageId"`
		From       *Party `json:"from,omitempty"` // nil: nobody knows
		ReceivedAt Time   `json:"receivedAt"`
		DurationMs int64  `json:"durationMs,omitempty"` // 0: not known before it was played
		New        bool   `json:"new"`
		Urgent     bool   `json:"urgent"`
	}
	// MessageParams are those of voicemail.play.
	MessageParams struct {
		Act
		MessageID string `json:"messageId"`
	}
	// PauseParams are those of voicemail.pause.
	PauseParams struct {
		Act
		On bool `json:"on"`
	}
	// Playing is the voice message that is played at the phone.
	Playing struct {
		MessageID string `json:"messageId"`
		Paused    bool   `json:"paused"`
	}
)

// MessageOf shows a voice message of somebody to controllers.
func MessageOf(from phone.Peer, m VoiceMessage) VoiceMessage {
	m.From = party(from)
	return m
}

func voicemailList(r *request, p MessagesParams) (any, error) {
	st := r.server.control.State()
	lines := []phone.LineID{parseLine(p.LineID)}
	if p.LineID == "" {
		lines[0] = st.Selected
		for i := range st.Lines {
			lines = append(lines, phone.LineID(i))
		}
	}
	if p.LineID != "" && st.Line(lines[0]) == nil {
		return nil, phone.NoSuchLine
	}
	for _, line := range lines {
		all, fault, ok := r.server.services.Voicemail.Messages(r.ctx, line)
		if !ok {
			continue
		}
		if r.server.control.State().Lock.Kind != phone.Unlocked { // it was locked meanwhile
			return nil, phone.Locked
		}
		part, more, err := page(all, p.Skip, p.Limit)
		return MessagesResult{lineID(line), part, len(all), more, fault}, err
	}
	return nil, refuse(CodeNotSupported, "no server gives out the voice messages of the line")
}

func voicemailPlay(r *request, p MessageParams) (any, error) {
	if !r.server.services.Voicemail.HasMessage(p.MessageID) {
		return nil, refuse(CodeNoSuchCall, "there is no such voice message")
	}
	return r.askDevice(phone.PlayRecording{ID: p.MessageID})
}

func voicemailPause(r *request, p PauseParams) (any, error) {
	return r.askPlaying(phone.PausePlaying{On: p.On})
}

func voicemailStop(r *request) (any, error) { return r.askPlaying(phone.StopPlaying{}) }

// askPlaying gives a command about the voice message that is played; a recording is the business of the person at the phone.
func (r *request) askPlaying(c phone.Command) (any, error) {
	if r.server.control.State().Playing.Message() == "" {
		return nil, refuse(CodeBadState, "no voice message is played")
	}
	return r.askDevice(c)
}

// viewPlaying shows the voice message that is played; nil: none is.
func viewPlaying(p phone.Playing) *Playing {
	if p.Message() == "" {
		return nil
	}
	return &Playing{MessageID: p.Message(), Paused: p.Paused}
}
