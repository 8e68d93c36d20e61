package lines

import (
	"bytes"
	"strconv"
	"strings"
)

// origin is the o= line of our session descriptions in a call (RFC 8866 §5.2): to the far side it is
// one session whose version grows, whoever's voice is in it.
type origin struct {
	name    string // user and session id
	version uint64
	where   string // network type, address type, address
	mixed   bool   // descriptions of others have been passed on under it
}

// stamp notes the origin of a description of ours, or makes its version the next one if others have
// been sent in between.
func (o *origin) stamp(body []byte) []byte {
	line, ok := originLine(body)
	f := strings.Fields(line)
	if !ok || len(f) != 6 {
		return body
	}
	if !o.mixed {
		o.name, o.where = f[0]+" "+f[1], strings.Join(f[3:], " ")
		o.version, _ = strconv.ParseUint(f[2], 10, 64)
		return body
	}
	return o.write(body, false)
}

// write gives a description our origin with the next version. Of a foreign one the directions are
// left out: they were between it and us.
func (o *origin) write(body []byte, foreign bool) []byte {
	o.version++
	var out bytes.Buffer
	for line := range strings.SplitSeq(string(body), "\n") {
		line = strings.TrimRight(line, "\r")
		switch {
		case line == "":
			continue
		case strings.HasPrefix(line, "o="):
			line = "o=" + o.name + " " + strconv.FormatUint(o.version, 10) + " " + o.where
		case foreign && (line == "a=sendrecv" || line == "a=sendonly" || line == "a=recvonly" || line == "a=inactive"):
			continue
		}
		out.WriteString(line + "\r\n")
	}
	return out.Bytes()
}

func originLine(body []byte) (string, bool) {
	for line := range strings.SplitSeq(string(body), "\n") {
		if rest, ok := strings.CutPrefix(strings.TrimRight(line, "\r"), "o="); ok {
			return rest, true
		}
	}
	return "", false
}

// out is a description of ours on its way to the far side of a call.
func (c *call) out(body []byte) []byte {
	if body == nil {
		return nil
	}
	return c.origin.stamp(body)
}

// wrap makes a description of somebody else one that can be sent in this call.
func (c *call) wrap(foreign []byte) []byte {
	c.origin.mixed = true
	return c.origin.write(foreign, true)
}
