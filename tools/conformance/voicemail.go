package conformance

import (
	"errors"
	"slices"
)

// voicemail lists the messages of every line. They are not played: somebody may sit at the phone.
func (l *leg) voicemail() error {
	for _, at := range l.hello.Lines {
		if err := l.messagesOf(at.LineID); err != nil {
			return err
		}
	}
	return first(l.refused("voicemail.list", params{"lineId": "no-such-line"}, 1005), l.refused("voicemail.list", params{"lineId": 7}, -32602))
}

func (l *leg) messagesOf(line string) error {
	var out struct {
		LineID   string
		Messages []struct {
			MessageID, ReceivedAt string
			New, Urgent           *bool
		}
		Total int
		More  *bool
		Fault string
	}
	err := l.ask("voicemail.list", params{"lineId": line, "limit": 3}, &out)
	if e := new(refusal); errors.As(err, &e) && e.Code == 1011 {
		return nil
	}
	faults := []string{"", "unreachable", "untrusted", "wrongPassword", "noFolder"}
	err = first(err, need("lineId", out.LineID == line), need("messages and more", out.Messages != nil && out.More != nil),
		need("as many as were asked for", len(out.Messages) <= 3), need("total", out.Total >= len(out.Messages)), need("a fault that there is", slices.Contains(faults, out.Fault)))
	for _, m := range out.Messages {
		err = first(err, need("messageId", m.MessageID != "" && len(m.MessageID) <= 64), checkTime("receivedAt", m.ReceivedAt), need("new and urgent", m.New != nil && m.Urgent != nil))
	}
	return err
}
